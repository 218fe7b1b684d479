//! Archives in the layouts of other programs.

use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::Host;
use tests::server::{Answer, List};
use tests::{odd, pipers, place, programs, workspace};

fn examples() -> Vec<PathBuf> {
    programs::examples_that_name().iter().map(|name| programs::guest(name)).collect()
}

#[test]
fn gatherers_find_in_an_archive_of_each_layout_what_they_find_in_the_cluster() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    Host::run_all(examples()).replay(pipers::demo()).output(path("replayed")).wait().expect_success();
    let replayed = Archive::read(path("replayed"));
    for layout in ["must-gather", "insights"] {
        for output in [layout.to_owned(), format!("{layout}.tar.gz")] {
            Host::run_all(pipers::of_demo(&path("pipers")))
                .args(["--layout", layout])
                .replay(pipers::demo())
                .output(path(&output))
                .wait()
                .expect_success();
            assert_eq!(Archive::read(path(&output)).report()["layout"], layout);
            let done =
                Host::run_all(examples()).arg("--from").arg(path(&output)).output(path("found")).wait();
            done.expect_success();
            let found = Archive::read(path("found"));
            assert!(found.gathered() == replayed.gathered(), "{output}: {found:?}, not {replayed:?}");
            std::fs::remove_dir_all(path("found")).expect("ours");
        }
        let [folder, tar] =
            [layout.to_owned(), format!("{layout}.tar.gz")].map(|name| Archive::read(path(&name)));
        assert!(folder == tar, "a folder has the same files");
    }
}

#[test]
fn odd_text_and_odd_names_are_where_readers_find_them() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let server = odd::server().start();
    let guests = pipers::of_lists(place.path(), &odd::LISTS);
    let run = |output: &str, words: &[&str]| {
        Host::run_all(&guests).server(&server.url()).args(words).output(path(output)).wait().expect_success();
        Archive::read(path(output))
    };
    let own = run("own", &[]);
    let theirs = run("theirs", &["--layout", "must-gather"]);
    let object = "namespaces/shop/core/events/e.4";
    assert!(own.bytes(&format!("{object}.json")).windows(2).any(|pair| pair == [0xc2, 0x85]));
    let yaml = String::from_utf8_lossy(theirs.bytes(&format!("{object}.yaml"))).into_owned();
    assert!(yaml.contains(r"\u007f\u0080\u0085\u009f\ufeff\uffffé漢🦀"), "{yaml}");
    assert_eq!(theirs.json(&format!("{object}.yaml")), own.json(&format!("{object}.json")));
    // Lists have all of a kind, by name.
    let names = |list: &str| {
        let list = theirs.json(list);
        let names = list["items"].as_array().expect("items").iter();
        let names: Vec<String> =
            names.map(|item| item["metadata"]["name"].as_str().expect("a name").to_owned()).collect();
        (list["kind"].as_str().expect("a kind").to_owned(), names)
    };
    let roles = "cluster-scoped-resources/rbac.authorization.k8s.io/clusterroles";
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&format!("{roles}.yaml")), ("ClusterRoleList".into(), owned(&["admin", "system:node"])));
    assert!(theirs.paths().contains(&&*format!("{roles}/system%3Anode.yaml")));
    let events = owned(&["e.0", "e.1", "e.2", "e.3", "e.4"]);
    assert_eq!(names("namespaces/shop/core/events.yaml"), ("EventList".into(), events));
    assert_eq!(names("cluster-scoped-resources/core/nodes.yaml"), ("List".into(), Vec::new()));
    // And back: the objects are those of the server, and there are no nodes, which is not the same as "not gathered".
    let done = Host::run_all(&guests).arg("--from").arg(path("theirs")).output(path("back")).wait();
    done.expect_success();
    assert!(Archive::read(path("back")).gathered() == own.gathered(), "{:?}", Archive::read(path("back")));
}

/// The empty lists of an archive: those that have no items.
fn empty_lists(archive: &Archive) -> Vec<String> {
    let lists = archive.paths().into_iter().filter(|path| path.ends_with(".yaml"));
    let is_empty = |path: &&str| archive.json(path)["items"].as_array().is_some_and(Vec::is_empty);
    lists.filter(|path| !path.starts_with("aggregated")).filter(is_empty).map(str::to_owned).collect()
}

#[test]
fn a_list_of_any_resource_tells_which_of_them_have_no_objects() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let none = |version: &'static str, kind: &'static str| List::new(version, kind, Vec::new());
    let server = odd::server()
        .list("/apis/apps/v1/deployments", none("apps/v1", "DeploymentList"))
        .list("/apis/batch/v1/jobs", none("batch/v1", "JobList"))
        .instead(|seen, answer| match seen.path.contains("/jobs") {
            true => Answer::status(403, "Forbidden", "not for you"),
            false => answer,
        })
        .start();
    let run = |output: &str, words: &[&str]| {
        let host = Host::run(programs::guest("everything")).server(&server.url()).args(words);
        host.args(["--layout", "must-gather"]).output(path(output)).wait()
    };
    run("all", &[]).expect_code(8);
    let archive = Archive::read(path("all"));
    let scope = "cluster-scoped-resources";
    assert_eq!(
        empty_lists(&archive),
        [format!("{scope}/apps/deployments.yaml"), format!("{scope}/core/nodes.yaml")]
    );
    // And back: there are none of these, and of the refused ones nobody knows.
    let lists = [("", "nodes"), ("apps", "deployments"), ("batch", "jobs")];
    let guests = pipers::of_lists(place.path(), &lists);
    let back = |guest: usize| {
        Host::run(&guests[guest])
            .arg("--from")
            .arg(path("all"))
            .arg("--overwrite")
            .output(path("back"))
            .wait()
            .code()
    };
    assert_eq!([0, 1, 2].map(back), [0, 0, 9]);
    // A selection says nothing of what there is.
    run("some", &["--selector", "a=b"]);
    assert_eq!(empty_lists(&Archive::read(path("some"))), [""; 0]);
}

#[test]
fn each_namespace_that_is_asked_for_tells_whether_it_has_none() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let event = json!({"metadata": {"name": "e", "namespace": "shop"}});
    let list = |items| List::new("v1", "EventList", items);
    let server = tests::server::Server::new()
        .list("/api/v1/namespaces/bank/events", list(Vec::new()))
        .list("/api/v1/namespaces/mill/events", list(Vec::new()))
        .list("/api/v1/namespaces/shop/events", list(vec![event]))
        .start();
    std::fs::write(
        path("grant.yaml"),
        "apiVersion: wagather/v1\nkind: Grant\nrules:\n  - verbs: [list]\n    apiGroups: ['']\n    resources: [events]\n    namespaces: [bank, mill, shop]\n",
    )
    .expect("a file");
    let guests = pipers::of_lists(place.path(), &[("", "events")]);
    let host = Host::run_all(&guests).server(&server.url()).arg("--grant").arg(path("grant.yaml"));
    host.args(["--layout", "must-gather"]).output(path("out")).wait().expect_success();
    let archive = Archive::read(path("out"));
    assert_eq!(
        empty_lists(&archive),
        ["bank", "mill"].map(|name| format!("namespaces/{name}/core/events.yaml"))
    );
}

#[test]
fn what_is_narrowed_is_not_told_to_be_empty() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let server = odd::server().start();
    let guests = pipers::of_lists(place.path(), &odd::LISTS);
    std::fs::write(
        path("grant.yaml"),
        "apiVersion: wagather/v1\nkind: Grant\nrules:\n  - verbs: [list]\n    apiGroups: ['*']\n    resources: ['*']\n    resourceNames: [nothing]\n",
    )
    .expect("a file");
    let grant = path("grant.yaml");
    for words in [["--selector", "a=b"], ["--grant", grant.to_str().expect("text")]] {
        let done = Host::run_all(&guests)
            .server(&server.url())
            .args(words)
            .args(["--layout", "must-gather", "--overwrite"])
            .output(path("out"))
            .wait();
        done.expect_success();
        let paths = Archive::read(path("out"));
        let lists = paths.paths().into_iter().filter(|path| path.ends_with("nodes.yaml"));
        assert_eq!(lists.count(), 0, "{words:?}: {:?}", paths.paths());
    }
}

#[test]
fn a_log_has_one_place_and_a_second_part_of_it_stays_with_its_gatherer() {
    let place = place();
    let texts = pipers::log("team-meteo", "resolver-26384f52a9-dh5d7");
    let record = ["resource get /v1/pods/log * *"];
    // Two gatherers pipe the same log: the second one's is moved below its own folder.
    let guests: Vec<PathBuf> = ["first", "second"]
        .map(|name| guest::write(place.path(), name, &guest::piping(name, &record, &texts)))
        .into();
    let output = place.path().join("out.tar.gz");
    Host::run_all(&guests)
        .replay(pipers::demo())
        .args(["--layout", "must-gather"])
        .output(&output)
        .wait()
        .expect_success();
    let archive = Archive::read(&output);
    let log = "namespaces/team-meteo/pods/resolver-26384f52a9-dh5d7/main/main/logs/previous.log";
    assert_eq!(archive.bytes(log), archive.bytes(&format!("second/{log}")));
}

#[test]
fn a_gatherer_cannot_have_the_name_of_a_file_of_the_layout() {
    let place = place();
    let texts = Texts { version: "v1", resource: "pods", ..Texts::default() };
    let piping = guest::piping("timestamp", &["resource list /v1/pods * *"], &texts);
    let guest = guest::write(place.path(), "timestamp", &piping);
    let output = place.path().join("out");
    let run = |layout: &str| {
        Host::run(&guest).replay(pipers::demo()).args(["--layout", layout]).output(&output).wait()
    };
    let done = run("must-gather");
    let expected = "error: cannot archive what 'timestamp' gathers: the layout must-gather has a file or a folder of that name";
    assert!(done.expect_code(4).stderr.contains(expected), "{}", done.stderr);
    assert!(!output.exists());
    run("insights").expect_success();
}

#[test]
fn a_must_gather_says_which_resources_the_server_has() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let api = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": []});
    let server = odd::server()
        .on("/api", Answer::json(&api))
        .on("/apis", Answer::json(&json!({"kind": "APIGroupList", "groups": []})))
        .on("/version", Answer::json(&json!({"gitVersion": "v1.36.0"})))
        .start();
    let guests = pipers::of_lists(place.path(), &odd::LISTS);
    let run = |layout: &str| {
        let host = Host::run_all(&guests).server(&server.url()).args(["--layout", layout]);
        host.output(path(layout)).wait().expect_success();
        Archive::read(path(layout))
    };
    run("insights");
    let is_document = |path: &str| ["/api", "/apis", "/version"].contains(&path);
    assert_eq!(
        server.seen().iter().filter(|seen| is_document(&seen.path)).count(),
        0,
        "only where readers use it"
    );
    let archive = run("must-gather");
    assert_eq!(archive.json("aggregated-discovery-api.yaml"), api);
    assert_eq!(archive.json("version.yaml")["gitVersion"], "v1.36.0");
    // A server without aggregated discovery.
    assert!(!archive.paths().contains(&"aggregated-discovery-apis.yaml"));
    let warnings = archive.report()["warnings"].to_string();
    assert!(warnings.contains("aggregated-discovery-apis.yaml is not in the archive"), "{warnings}");
    assert_eq!(server.seen().iter().filter(|seen| is_document(&seen.path)).count(), 3);
}

#[test]
fn the_script_of_a_must_gather_image_does_what_its_page_says() {
    let place = place();
    let page = workspace::read("docs/layouts.md");
    let script = page.split("```bash\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a script");
    let must_gather = place.path().join("must-gather");
    std::fs::create_dir(&must_gather).expect("a folder");
    let gatherers = place.path().join("gatherers");
    pipers::of_demo(&gatherers);
    let run = |replay: &std::path::Path| {
        let words = format!("{}/*.wasm --replay {}", gatherers.display(), replay.display());
        let script = script
            .replace("/must-gather/", &format!("{}/", must_gather.display()))
            .replace("/gatherers/*.wasm", &words)
            .replace("host-min", programs::host_min().to_str().expect("text"));
        Command::new("bash").arg("-c").arg(script).status().expect("bash")
    };
    // A recording that is none: nothing is there, and the script fails as the host does.
    assert_eq!(run(&workspace::root().join("README.md")).code(), Some(4));
    assert_eq!(std::fs::read_dir(&must_gather).expect("a folder").count(), 0);
    assert!(run(&pipers::demo()).success());
    let archive = Archive::read(&must_gather);
    assert_eq!(archive.report()["layout"], "must-gather");
    for path in ["timestamp", "version", "namespaces/team-meteo/core/pods.yaml"] {
        assert!(archive.paths().contains(&path), "{:?}", archive.paths());
    }
}
