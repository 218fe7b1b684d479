//! Archives that were gathered earlier, as a source.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::{Done, Host, incomplete};
use tests::layouts::{self, must_gather};
use tests::pipers::{self, demo};
use tests::server::{Answer, List, Server};
use tests::{place, programs, workspace};

/// What `everything` finds is what its source happens to have.
pub(super) fn examples() -> Vec<std::path::PathBuf> {
    let names = programs::examples();
    names.iter().filter(|name| *name != "everything").map(|name| programs::guest(name)).collect()
}

#[test]
fn gatherers_find_in_an_archive_what_they_find_in_the_cluster() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    Host::run_all(examples()).replay(demo()).output(path("replayed")).wait().expect_success();
    let replayed = Archive::read(path("replayed"));
    for (layout, make) in layouts::WHOLE {
        make(&path(layout));
        let done = Host::run_all(examples()).arg("--from").arg(path(layout)).output(path("found")).wait();
        done.expect_success();
        assert!(done.stderr.contains(&format!("warning: the source is the {layout} ")), "{}", done.stderr);
        let found = Archive::read(path("found"));
        assert_eq!(found.gathered(), replayed.gathered(), "{layout}");
        assert_eq!(found.report()["source"], format!("{layout}, partial"));
        std::fs::remove_dir_all(path("found")).expect("ours");
    }
}

#[test]
fn an_insights_archive_gives_what_it_has_and_tells_the_rest() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    layouts::insights(&path("insights"));
    // As the operator packs it.
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(path("insights")).arg("-czf").arg(path("insights.tar.gz")).arg(".");
    assert!(tar.status().expect("tar").success());
    Host::run_all(examples()).replay(demo()).output(path("replayed")).wait().expect_success();
    let replayed = Archive::read(path("replayed"));
    for source in ["insights", "insights.tar.gz"] {
        let done = Host::run_all(examples())
            .arg("--from")
            .arg(path(source))
            .arg("--overwrite")
            .output(path("found"))
            .wait();
        let done = done.expect_code(9);
        let found = Archive::read(path("found.incomplete"));
        let report = found.report();
        assert_eq!(report["source"], "Insights archive, partial", "{source}");
        // Events have no names there, so they are no objects.
        let mut gaps: Vec<&str> = report["gaps"].as_array().expect("gaps").iter().map(text_of).collect();
        gaps.sort_unstable();
        assert_eq!(gaps, ["deployments.apps were not gathered", "events were not gathered"], "{report:#}");
        for failed in ["events", "image-inventory"] {
            assert!(done.stderr.contains(&format!("the gatherer {failed} failed: list ")), "{}", done.stderr);
        }
        let is_there = |path: &&str| !path.starts_with("events/") && !path.starts_with("image-inventory/");
        let expected: Vec<_> = replayed.gathered().into_iter().filter(|(path, _)| is_there(path)).collect();
        assert!(found.gathered().into_iter().collect::<Vec<_>>() == expected, "{source}: {found:?}");
        assert!(expected.len() > 60, "{}", expected.len());
        std::fs::remove_dir_all(path("found.incomplete")).expect("ours");
    }
}

/// The reason of a gap, without the archive's name.
fn text_of(gap: &Value) -> &str {
    let reason = gap["reason"].as_str().expect("a reason");
    reason.rsplit(": ").next().expect("words")
}

/// A gatherer that asks for anything gets the objects that are there, and no list of what is not.
#[test]
fn everything_of_an_archive_is_what_it_has() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    for (layout, make) in
        layouts::WHOLE.into_iter().chain([("Insights archive", layouts::insights as layouts::Make)])
    {
        make(&path(layout));
        let run =
            Host::run(programs::guest("everything")).arg("--from").arg(path(layout)).output(path("found"));
        run.wait().expect_success();
        let found = Archive::read(path("found"));
        let resources = found.gatherer("everything")["resources"].as_array().expect("resources").clone();
        let mut counts: Vec<String> = resources
            .iter()
            .filter(|resource| resource["items"] != 0)
            .map(|resource| {
                format!("{} {}", resource["resource"].as_str().expect("a name"), resource["items"])
            })
            .collect();
        counts.sort_unstable();
        let mut expected = vec!["config.openshift.io/v1/clusteroperators 32", "v1/nodes 6", "v1/pods 60"];
        if layout != "Insights archive" {
            let others =
                ["daemonsets", "deployments", "statefulsets"].map(|name| format!("apps/v1/{name} 3"));
            expected.extend(["batch/v1/cronjobs 3", "batch/v1/jobs 3", "v1/events 23"]);
            let mut all: Vec<String> = expected.iter().map(ToString::to_string).chain(others).collect();
            all.sort_unstable();
            assert_eq!(counts, all, "{layout}");
        } else {
            assert_eq!(counts, expected, "{layout}");
        }
        assert_eq!(found.report()["source"], format!("{layout}, partial"));
        std::fs::remove_dir_all(path("found")).expect("ours");
    }
}

#[test]
fn what_was_not_gathered_is_a_gap() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    must_gather(&path("all"));
    for file in workspace::walk(&path("all"), &|_| true) {
        if file.contains("/previous.log") || file.contains("/batch/") {
            std::fs::remove_file(path("all").join(file)).expect("ours");
        }
    }
    let run = |guest: &str, output: &str| {
        Host::run(programs::guest(guest)).arg("--from").arg(path("all")).output(path(output)).wait()
    };
    // It goes on without the logs.
    let done = run("crash-logs", "logs");
    assert_eq!(done.status.code(), Some(8), "{}", done.stderr);
    let report = Archive::read(path("logs")).report();
    assert_eq!(report["complete"], false);
    assert_eq!(report["gaps"].as_array().map(Vec::len), Some(3), "{report:#}");
    let reason = report["gaps"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("the previous log of the container main of the pod "), "{reason}");
    // It does not go on without the jobs.
    let done = run("image-inventory", "images");
    assert!(done.stderr.contains("jobs.batch were not gathered"), "{}", done.stderr);
    assert_eq!(done.status.code(), Some(9), "{}", done.stderr);
    assert!(path("images.incomplete").is_dir() && !path("images").exists());
}

/// What a broken file has is missing of each list that it may be in, and of no other.
#[test]
fn a_broken_file_is_a_gap_of_its_list() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    must_gather(&path("all"));
    let files = workspace::walk(&path("all"), &|_| true);
    let broken = files.iter().find(|file| file.ends_with("/core/pods.yaml")).expect("pods of a namespace");
    std::fs::write(path("all").join(broken), "apiVersion: v1\nkind: PodList\nite").expect("a file");
    let run = |guest: &str| {
        Host::run(programs::guest(guest)).arg("--from").arg(path("all")).output(path(guest)).wait()
    };
    for guest in ["pods", "everything"] {
        let done = run(guest);
        assert_eq!(done.status.code(), Some(8), "{}", done.stderr);
        let report = Archive::read(path(guest)).report();
        let gaps = report["gaps"].as_array().expect("gaps");
        assert_eq!(gaps.len(), 1, "{report:#}");
        assert_eq!((&gaps[0]["resource"], &gaps[0]["gatherer"]), (&"v1/pods".into(), &guest.into()));
        let reason = gaps[0]["reason"].as_str().expect("a reason");
        assert!(reason.starts_with(&format!("{broken} cannot be used: ")), "{reason}");
    }
    run("nodes").expect_success();
}

#[test]
fn the_grant_holds_for_an_archive_as_for_a_cluster() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    must_gather(&path("all"));
    std::fs::write(
        path("grant.yaml"),
        "apiVersion: wagather/v1\nkind: Grant\nrules:\n  - verbs: [list]\n    apiGroups: ['']\n    resources: [pods]\n    namespaces: [team-meteo]\n",
    )
    .expect("a file");
    let done = Host::run(programs::guest("pods"))
        .args(["--grant"])
        .arg(path("grant.yaml"))
        .arg("--from")
        .arg(path("all"))
        .output(path("out"))
        .wait();
    done.expect_success();
    let report = Archive::read(path("out")).gatherer("pods");
    assert_eq!(report["items"], 6, "{report:#}");
}

/// A cluster with pods in one namespace, and with nothing else.
fn almost_nothing() -> Server {
    let pod = |name: &str| json!({"metadata": {"name": name, "namespace": "shop"}});
    let pods = |items| List::new("v1", "PodList", items);
    let none = |api_version, kind| List::new(api_version, kind, Vec::new());
    Server::new()
        .list(
            "/api/v1/namespaces",
            List::new("v1", "NamespaceList", vec![json!({"metadata": {"name": "shop"}})]),
        )
        .list("/api/v1/pods", pods(vec![pod("till"), pod("web")]))
        .list("/api/v1/namespaces/shop/pods", pods(vec![pod("till"), pod("web")]))
        .on("/api/v1/namespaces/shop/pods/gone", Answer::status(404, "NotFound", "pods \"gone\" not found"))
        .list("/api/v1/nodes", none("v1", "NodeList"))
        .list("/api/v1/services", none("v1", "ServiceList"))
        .list("/api/v1/namespaces/shop/services", none("v1", "ServiceList"))
        .list("/apis/apps/v1/deployments", none("apps/v1", "DeploymentList"))
        .list("/apis/apps/v1/namespaces/shop/deployments", none("apps/v1", "DeploymentList"))
}

/// Its lists. Whether one of them is empty, an archive has to know.
const LISTS: [(&str, &str); 4] = [("", "nodes"), ("", "pods"), ("", "services"), ("apps", "deployments")];

/// A gatherer that pipes a pod.
fn pod(folder: &Path, namespace: &'static str, name: &'static str) -> PathBuf {
    let texts = Texts { version: "v1", resource: "pods", namespace, name, ..Texts::default() };
    guest::write(
        folder,
        &format!("pod-{name}"),
        &guest::piping("pod", &["resource get /v1/pods * *"], &texts),
    )
}

/// What a report says of the resources of each gatherer.
fn resources(archive: &Archive) -> Vec<Value> {
    let report = archive.report();
    let of = |gatherer: &Value| json!([gatherer["name"], gatherer["status"], gatherer["resources"]]);
    report["gatherers"].as_array().expect("gatherers").iter().map(of).collect()
}

fn run_from(source: &Path, guests: &[PathBuf], output: &Path, words: &[&str]) -> Done {
    let host = Host::run_all(guests).arg("--from").arg(source).args(words);
    host.arg("--overwrite").output(output).wait()
}

#[test]
fn a_list_that_was_empty_is_empty_and_what_it_lacks_is_not_found() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let server = almost_nothing().start();
    let guests = pipers::of_lists(place.path(), &LISTS);
    let (till, gone) = (pod(place.path(), "shop", "till"), pod(place.path(), "shop", "gone"));
    let not_found = "HTTP 404: pods \"gone\" not found";
    let live = Host::run(&gone).server(&server.url()).output(path("nothing")).wait();
    assert!(live.stderr.contains(not_found), "{}", live.stderr);
    for output in ["own", "own.tar.gz", "must-gather", "must-gather.tar.gz", "insights"] {
        let layout = output.split('.').next().expect("a name").replace("own", "wagather");
        let host = Host::run_all(&guests).server(&server.url()).args(["--layout", &layout]);
        host.output(path(output)).wait().expect_success();
        let live_run = Archive::read(path(output));
        let again = |layout: &str| {
            run_from(&path(output), &guests, &path("again"), &["--layout", layout]).expect_success();
            Archive::read(path("again"))
        };
        let found = again(&layout);
        assert_eq!(found.report()["complete"], true, "{output}");
        assert_eq!(resources(&found), resources(&live_run), "{output}");
        let objects = |archive: &Archive| -> Vec<(String, Vec<u8>)> {
            let gathered = archive.gathered();
            let is_of_run =
                |path: &&str| ["timestamp", "version", "insights-operator/gathers.json"].contains(path);
            let objects =
                gathered.into_iter().filter(|(path, _)| !is_of_run(path) && !path.starts_with("aggregated"));
            objects.map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
        };
        assert_eq!(objects(&found), objects(&live_run), "{output}");
        run_from(&path(output), std::slice::from_ref(&till), &path("till"), &[]).expect_success();
        let from = run_from(&path(output), std::slice::from_ref(&gone), &path("nothing"), &[]);
        assert!(from.code() == live.code() && from.stderr.contains(not_found), "{output}: {}", from.stderr);
        let report = Archive::read(incomplete(&path("nothing"))).report();
        assert_eq!(report["gaps"], Value::Null, "{output}: what does not exist is not missing");
        // Whatever it is called, the list of any resource has it, too.
        run_from(&path(output), &[programs::guest("everything")], &path("everything"), &[]).expect_success();
        let mut told: Vec<String> = Archive::read(path("everything")).gatherer("everything")["resources"]
            .as_array()
            .expect("resources")
            .iter()
            .map(|known| {
                format!("{} {} {}", known["resource"], known["status"], known["items"]).replace('"', "")
            })
            .collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                "apps/v1/deployments complete 0",
                "v1/nodes complete 0",
                "v1/pods complete 2",
                "v1/services complete 0"
            ],
            "{output}"
        );
    }
}

#[test]
fn a_part_of_a_list_says_nothing_of_the_rest() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let server = almost_nothing().start();
    let guests = pipers::of_lists(place.path(), &LISTS);
    let services = &guests[2..3];
    let gone = pod(place.path(), "shop", "gone");
    let of_some = |name: &str, namespace: &str, labels: &'static str| {
        let records = ["pods", "services"].map(|plural| format!("resource list /v1/{plural} {namespace} *"));
        let records = [&*records[0], &*records[1]];
        ["pods", "services"].map(|resource| {
            let texts = Texts { version: "v1", resource, labels, ..Texts::default() };
            let name = format!("{name}-{resource}");
            guest::write(place.path(), &name, &guest::piping(&name, &records, &texts))
        })
    };
    let [selecting, declaring] = [of_some("selecting", "*", "a=b"), of_some("declaring", "s*", "")];
    let (pods, all) = (declaring.to_vec(), guests.clone());
    for (what, guests, words) in [
        ("selector", &all, &["--selector", "a=b"][..]),
        ("labels", &selecting.to_vec(), &[]),
        ("patterns", &pods, &[]),
    ] {
        for output in [what.to_owned(), format!("{what}.tar.gz")] {
            let host = Host::run_all(guests).server(&server.url()).args(words);
            host.output(path(&output)).wait().expect_success();
            let done = run_from(&path(&output), services, &path("again"), &[]);
            assert!(done.stderr.contains("services were not gathered"), "{output}: {}", done.stderr);
            let done = run_from(&path(&output), std::slice::from_ref(&gone), &path("again"), &[]);
            assert!(done.stderr.contains("pods shop/gone was not gathered"), "{output}: {}", done.stderr);
        }
    }
    // In one namespace, it is all that there is.
    Host::run_all(&guests)
        .server(&server.url())
        .args(["-n", "shop"])
        .output(path("shop"))
        .wait()
        .expect_success();
    run_from(&path("shop"), services, &path("again"), &["-n", "shop"]).expect_success();
    for words in [&["-n", "bank"][..], &[]] {
        let done = run_from(&path("shop"), services, &path("again"), words);
        assert!(done.stderr.contains("services were not gathered"), "{words:?}: {}", done.stderr);
    }
    let other = pod(place.path(), "bank", "other");
    for (guest, message) in
        [(&gone, "HTTP 404: pods \"gone\" not found"), (&other, "pods bank/other was not gathered")]
    {
        let done = run_from(&path("shop"), std::slice::from_ref(guest), &path("again"), &[]);
        assert!(done.stderr.contains(message), "{}", done.stderr);
    }
}

/// A gatherer writes what it likes below its folder.
#[test]
fn a_gatherer_cannot_say_what_is_whole() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    let server = almost_nothing().start();
    let pods = &pipers::of_lists(place.path(), &LISTS)[1..3];
    Host::run(&pods[0]).server(&server.url()).output(path("out")).wait().expect_success();
    let line = |call: &str| {
        json!({"gatherer": "piper-1", "call": call, "what": "list /v1/services", "handle": 64, "result": "ok"}).to_string() + "\n"
    };
    std::fs::create_dir_all(path("out/piper-1")).expect("a folder");
    std::fs::write(path("out/piper-1/audit.jsonl"), line("rest_start") + &line("archive_pipe"))
        .expect("a file");
    std::fs::copy(path("out/wagather.json"), path("out/piper-1/wagather.json")).expect("a file");
    let done = run_from(&path("out"), &pods[1..], &path("again"), &[]);
    assert!(done.stderr.contains("services were not gathered"), "{}", done.stderr);
    // The host's own audit would say so.
    std::fs::copy(path("out/piper-1/audit.jsonl"), path("out/audit.jsonl")).expect("a file");
    run_from(&path("out"), &pods[1..], &path("again"), &[]).expect_success();
}
