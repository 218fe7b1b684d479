//! `run --shard` and `merge`: what several shards gather is what one run does, with no request more than it takes.
//!
//! Which shard a namespace is in has its test beside the hash, and what is joined beside the joining. The same on a real API server is in
//! `cluster/shards.rs`.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tests::archive::Archive;
use tests::failing::written;
use tests::guest::{self, Texts};
use tests::host::{Done, Host};
use tests::server::{Answer, List, Running, Seen, Server};
use tests::{place, programs};

const NAMESPACES: &str = "/api/v1/namespaces";
const PODS: &str = "/api/v1/pods";
const NODES: &str = "/api/v1/nodes";

/// In the order of a list over all of them.
const NAMES: [&str; 6] = ["a", "default", "kube-system", "openshift-etcd", "shop-2", "shop"];

fn object(kind: &str, namespace: Option<&str>, name: &str) -> Value {
    let mut metadata = json!({"name": name});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": "v1", "kind": kind, "metadata": metadata})
}

fn pods() -> List {
    let pod = |number: usize| object("Pod", Some(NAMES[number / 4]), &format!("pod-{number}"));
    List::new("v1", "PodList", (0..4 * NAMES.len()).map(pod).collect())
}

fn nodes() -> List {
    List::new(
        "v1",
        "NodeList",
        (0..9).map(|number| object("Node", None, &format!("node-{number}"))).collect(),
    )
}

fn namespaces() -> List {
    List::new("v1", "NamespaceList", NAMES.iter().map(|name| object("Namespace", None, name)).collect())
}

/// As a real server, it has no list of nodes in a namespace.
fn server() -> Server {
    let not_found = || Answer::status(404, "NotFound", "the server could not find the requested resource");
    let server = Server::new().list(NAMESPACES, namespaces()).list(PODS, pods()).list(NODES, nodes());
    NAMES
        .iter()
        .fold(server, |server, name| server.on(&format!("/api/v1/namespaces/{name}/nodes"), not_found()))
}

/// A guest that pipes a list over all namespaces.
fn lister(folder: &Path, plural: &'static str) -> PathBuf {
    let texts = Texts { version: "v1", resource: plural, ..Texts::default() };
    // A gatherer cannot have the name of a folder of the archive.
    let name = format!("all-{plural}");
    guest::write(folder, &name, &guest::piping(&name, &[&format!("resource list /v1/{plural} * *")], &texts))
}

fn run(server: &Running, guests: &[PathBuf], output: &Path, words: &[&str]) -> Done {
    let host = Host::new(["run"]).args(guests).server(&server.url()).output(output);
    host.args(words).wait()
}

/// Gathers each shard, and gives their archives.
fn gather(server: &Running, guests: &[PathBuf], folder: &Path, count: usize, words: &[&str]) -> Vec<PathBuf> {
    (0..count)
        .map(|index| {
            let output = folder.join(format!("{index}-of-{count}.tar.gz"));
            let shard = format!("{index}/{count}");
            run(server, guests, &output, &[&["--shard", &shard][..], words].concat()).expect_success();
            output
        })
        .collect()
}

fn merge(archives: &[PathBuf], output: &Path, words: &[&str]) -> Done {
    Host::new(["merge"]).args(archives).output(output).args(words).wait()
}

#[test]
fn shards_in_the_layout_of_a_must_gather_are_one_must_gather() {
    let place = place();
    let folder = place.path();
    let guests = ["pods", "nodes", "namespaces"].map(|plural| lister(folder, plural));
    let server = server().start();
    let layout = ["--layout", "must-gather"];
    run(&server, &guests, &folder.join("whole"), &layout).expect_success();
    let archives = gather(&server, &guests, folder, 3, &layout);
    merge(&archives, &folder.join("merged"), &[]).expect_success();
    let [whole, merged] = ["whole", "merged"].map(|name| Archive::read(folder.join(name)));
    assert_eq!(merged.report()["layout"], "must-gather");
    assert_eq!(merged.paths(), whole.paths());
    for (path, content) in files(&whole).iter().filter(|(path, _)| path != "timestamp") {
        assert!(merged.bytes(path) == content, "{path}");
    }
    let times: Vec<String> = archives
        .iter()
        .flat_map(|path| {
            let text = String::from_utf8_lossy(Archive::read(path).bytes("timestamp")).into_owned();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let (begin, end) = (times.iter().min().expect("times"), times.iter().max().expect("times"));
    assert_eq!(String::from_utf8_lossy(merged.bytes("timestamp")), format!("{begin}\n{end}\n"));
    // Another shard of the same run has another layout.
    let other = folder.join("other");
    run(&server, &guests, &other, &["--shard", "2/3"]).expect_success();
    let done = merge(&[archives[0].clone(), archives[1].clone(), other], &folder.join("mixed"), &[]);
    assert!(done.expect_code(4).stderr.contains("its --layout differs"), "{}", done.stderr);
}

/// The gathered files.
fn files(archive: &Archive) -> Vec<(String, Vec<u8>)> {
    let own = ["wagather.json", "audit.jsonl"];
    let paths = archive.paths().into_iter().filter(|path| !own.contains(path));
    paths.map(|path| (path.to_owned(), archive.bytes(path).to_vec())).collect()
}

fn lists(seen: &[Seen], plural: &str) -> Vec<String> {
    let lists = seen.iter().map(|seen| &seen.path).filter(|path| path.ends_with(&format!("/{plural}")));
    lists.cloned().collect()
}

#[test]
fn shards_merged_are_one_run() {
    let place = place();
    let folder = place.path();
    let guests = ["pods", "nodes", "namespaces"].map(|plural| lister(folder, plural));
    let whole = folder.join("whole");
    let server_of_one = server().start();
    run(&server_of_one, &guests, &whole, &[]).expect_success();
    let whole = Archive::read(&whole);
    assert_eq!(files(&whole).len(), 4 * NAMES.len() + 9 + NAMES.len());
    for count in [1, 2, 4, 16] {
        let server = server().start();
        let archives = gather(&server, &guests, folder, count, &[]);
        // No shard reads another one's pods, and one reads the nodes.
        let seen = server.seen();
        let mut pods = lists(&seen, "pods");
        pods.retain(|path| path != "/api/v1/namespaces/default/pods");
        pods.sort();
        let own = NAMES.iter().filter(|name| **name != "default");
        let mut expected: Vec<String> = own.map(|name| format!("/api/v1/namespaces/{name}/pods")).collect();
        expected.sort();
        assert_eq!(pods, expected, "{count}");
        let whole_nodes =
            seen.iter().filter(|seen| seen.path == NODES && seen.parameter("limit") != Some("1"));
        assert_eq!(whole_nodes.count(), 1, "{count}");
        assert!(lists(&seen, "pods").iter().all(|path| path != PODS), "{count}");
        // An object is in one archive, and says in which.
        let mut paths = BTreeSet::new();
        for (index, path) in archives.iter().enumerate() {
            let archive = Archive::read(path);
            assert_eq!(archive.report()["narrowedTo"]["shard"], json!({"index": index, "count": count}));
            assert_eq!(archive.report()["complete"], true);
            for (file, _) in files(&archive) {
                assert!(paths.insert(file.clone()), "{file} is in two shards of {count}");
            }
        }
        for name in ["merged", "merged.tar.gz"] {
            let output = folder.join(format!("{count}-{name}"));
            let done = merge(&archives, &output, &[]);
            assert!(!done.expect_success().stderr.contains("warning"), "{}", done.stderr);
            let merged = Archive::read(&output);
            assert!(files(&merged) == files(&whole), "{count}: {:?}", merged.paths());
            let report = merged.report();
            assert_eq!((&report["complete"], report.get("narrowedTo")), (&json!(true), None));
            assert_eq!(report["merged"]["count"], count);
            for (gathered, of_one) in ["all-pods", "all-nodes", "all-namespaces"]
                .map(|name| (merged.gatherer(name), whole.gatherer(name)))
            {
                for key in ["items", "entries", "bytesArchived", "module", "status"] {
                    assert_eq!(gathered[key], of_one[key], "{key} of {count}");
                }
            }
            // It can be replaced, because it is an archive of this program.
            assert!(merge(&archives, &output, &[]).expect_code(6).stderr.contains("already exists"));
            merge(&archives, &output, &["--overwrite"]).expect_success();
        }
    }
}

/// What the account may not list, or the grant names, changes the requests and not the files.
#[test]
fn shards_need_no_right_to_list_namespaces() {
    let place = place();
    let folder = place.path();
    let guests = [lister(folder, "pods"), lister(folder, "nodes")];
    let whole = folder.join("whole");
    run(&server().start(), &guests, &whole, &[]).expect_success();
    let forbidden =
        || server().on(NAMESPACES, Answer::status(403, "Forbidden", "namespaces is forbidden")).start();
    let server = forbidden();
    let archives = gather(&server, &guests, folder, 4, &[]);
    assert_eq!(lists(&server.seen(), "pods"), [PODS; 4], "each shard reads the whole list");
    for archive in &archives {
        let warnings = Archive::read(archive).report()["warnings"].clone();
        assert!(
            warnings[0].as_str().expect("a warning").contains("may not list namespaces (HTTP 403)"),
            "{warnings}"
        );
    }
    let merged = folder.join("merged");
    merge(&archives, &merged, &[]).expect_success();
    assert!(files(&Archive::read(&merged)) == files(&Archive::read(&whole)));

    // A grant that names each namespace says enough.
    let grant = written(
        folder,
        "grant.yaml",
        "apiVersion: wagather/v1\nkind: Grant\nrules:\n- {verbs: [list], apiGroups: [''], resources: [pods], namespaces: [shop, a, kube-system]}\n",
    );
    let grant = ["--grant", grant.to_str().expect("a path")];
    let pods = [guests[0].clone()];
    let granted = folder.join("granted");
    run(&forbidden(), &pods, &granted, &grant).expect_success();
    let server = forbidden();
    let folder_of_grant = folder.join("of-grant");
    std::fs::create_dir(&folder_of_grant).expect("a folder");
    let archives = gather(&server, &pods, &folder_of_grant, 4, &grant);
    assert!(lists(&server.seen(), "pods").iter().all(|path| path != PODS));
    let merged = folder.join("merged-grant");
    merge(&archives, &merged, &[]).expect_success();
    assert!(files(&Archive::read(&merged)) == files(&Archive::read(&granted)));
    assert_eq!(files(&Archive::read(&merged)).len(), 12);
}

#[test]
fn a_shard_is_recorded_and_replayed() {
    let place = place();
    let folder = place.path();
    let guests = [lister(folder, "pods"), lister(folder, "nodes")];
    let server = server().start();
    for (index, shard) in ["0/4", "1/4", "2/4", "3/4"].into_iter().enumerate() {
        let [recording, live, again, of_whole] =
            ["har", "live", "again", "of-whole"].map(|name| folder.join(format!("{index}.{name}")));
        let host = |output: &Path| Host::new(["run", "--shard", shard]).args(&guests).output(output);
        host(&live).server(&server.url()).record(&recording).wait().expect_success();
        host(&again).replay(&recording).wait().expect_success();
        // A recording of everything has the shard in it.
        let whole = folder.join("whole.har");
        if index == 0 {
            let host = Host::new(["run"]).args(&guests).output(folder.join("whole"));
            host.server(&server.url()).record(&whole).wait().expect_success();
        }
        host(&of_whole).replay(&whole).wait().expect_success();
        let live = files(&Archive::read(&live));
        assert!(live == files(&Archive::read(&again)) && live == files(&Archive::read(&of_whole)), "{shard}");
    }
}

#[test]
fn totals_are_kept_for_each_shard_and_told() {
    let place = place();
    let folder = place.path();
    let server = tests::objects::server()
        .list(
            NAMESPACES,
            List::new(
                "v1",
                "NamespaceList",
                ["default", "shop"].iter().map(|name| object("Namespace", None, name)).collect(),
            ),
        )
        .start();
    // One of two namespaces is in each of two shards.
    let archives = gather(&server, &[programs::guest("pods")], folder, 2, &[]);
    let output = folder.join("merged");
    let done = merge(&archives, &output, &[]);
    done.expect_success();
    let told =
        "pods/totals.json differs between shards and cannot be joined; each is kept below shards/INDEX";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let merged = Archive::read(&output);
    assert_eq!(merged.report()["merged"]["apart"], json!(["pods/totals.json"]));
    for (index, archive) in archives.iter().enumerate() {
        let own = Archive::read(archive);
        let kept = merged.bytes(&format!("shards/{index}/pods/totals.json"));
        assert_eq!(kept, own.bytes("pods/totals.json"));
    }
    let pods: Vec<u64> = [0, 1]
        .map(|index| {
            merged.json(&format!("shards/{index}/pods/totals.json"))["pods"].as_u64().expect("a number")
        })
        .into();
    assert_eq!(pods.iter().sum::<u64>(), 5);
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let place = place();
    let folder = place.path();
    let guests = [lister(folder, "pods")];
    let server_one = server().start();
    let archives = gather(&server_one, &guests, folder, 2, &[]);
    let [zero, one] = &archives[..] else { panic!("two") };
    let other = |name: &str, server: &Running, guests: &[PathBuf], words: &[&str]| {
        let output = folder.join(name);
        run(server, guests, &output, words).expect_success();
        output
    };
    let whole = other("whole", &server_one, &guests, &[]);
    let of_three = other("of-three", &server_one, &guests, &["--shard", "1/3"]);
    let other_server = other("other-server", &server().start(), &guests, &["--shard", "1/2"]);
    let selected = other("selected", &server_one, &guests, &["--shard", "1/2", "-l", "a=b"]);
    let obfuscated = other("obfuscated", &server_one, &guests, &["--shard", "1/2", "--obfuscate", "ip"]);
    let more = other("more", &server_one, &[guests[0].clone(), lister(folder, "nodes")], &["--shard", "1/2"]);
    let cut = folder.join("cut.tar.gz");
    let bytes = std::fs::read(one).expect("bytes");
    std::fs::write(&cut, &bytes[..bytes.len() - 9]).expect("a file");
    let text = written(folder, "text.tar.gz", "no archive");
    let output = folder.join("merged.tar.gz");
    for (with, said) in [
        (&whole, "it is not of a shard"),
        (&of_three, "its number of shards differs"),
        (&other_server, "its API server differs"),
        (&selected, "its --selector differs"),
        (&obfuscated, "it is obfuscated"),
        (&more, "list of gatherers, or the sha256 of a module"),
        (zero, "it is of shard 0, as "),
        (&cut, "cannot merge"),
        (&text, "cannot merge"),
        (&folder.join("missing"), "cannot merge"),
    ] {
        let done = merge(&[zero.clone(), with.clone()], &output, &["--allow-incomplete"]);
        done.expect_code(4);
        assert!(done.stderr.contains(said), "{}: {}", with.display(), done.stderr);
        assert!(!output.exists());
    }
    let done = merge(&archives[..1], &output, &[]);
    assert!(done.expect_code(4).stderr.contains("of 2 shards, these are missing: 1"), "{}", done.stderr);
    let done = merge(&archives[..1], &output, &["--allow-incomplete"]);
    assert!(done.expect_code(8).stderr.contains("these are missing: 1"), "{}", done.stderr);
    let report = Archive::read(&output).report().clone();
    assert_eq!((&report["complete"], &report["merged"]["missing"]), (&json!(false), &json!([1])));
}

/// A shard in which a gatherer failed is refused, unless that is meant.
#[test]
fn a_shard_that_failed_is_incomplete() {
    let place = place();
    let folder = place.path();
    let guests = [lister(folder, "pods")];
    // Of two shards, shop is in the second.
    let broken = Answer::bytes("application/json", "{\"items\": [").cut_after(5);
    let server = server().on("/api/v1/namespaces/shop/pods", broken).start();
    let [zero, one] = ["zero", "one"].map(|name| folder.join(name));
    run(&server, &guests, &zero, &["--shard", "0/2"]).expect_success();
    run(&server, &guests, &one, &["--shard", "1/2", "--timeout", "3s"]).expect_code(5);
    let archives = [zero, tests::host::incomplete(&one)];
    let merged = folder.join("merged");
    let done = merge(&archives, &merged, &[]);
    assert!(done.expect_code(4).stderr.contains("a gatherer failed, so it is incomplete"), "{}", done.stderr);
    merge(&archives, &merged, &["--allow-incomplete"]).expect_code(8);
    let report = Archive::read(&merged).report().clone();
    assert_eq!((&report["complete"], &report["gatherers"][0]["status"]), (&json!(false), &json!("failed")));
    assert_eq!(report["merged"]["shards"][1]["complete"], false);
}

#[test]
fn what_is_typed_is_checked() {
    let run = |words: &[&str]| Host::new(["run", "a.wasm"]).args(words).wait();
    for (words, said) in [
        (&["--shard", "4/4"][..], "the index counts from 0"),
        (&["--shard", "1"], "expected INDEX/COUNT"),
        (&["--shard", "0/2", "--namespace", "a"], "--shard cannot be used with --namespace"),
    ] {
        let done = run(words);
        assert!(done.expect_code(2).stderr.contains(said), "{}", done.stderr);
    }
    let done = Host::new(["merge", "a"]).wait();
    assert!(
        done.expect_code(2).stderr.contains("--output <DIR|FILE.tar.gz|-> is missing"),
        "{}",
        done.stderr
    );
}
