//! Several clusters in one run: the folder's content, the independence of clusters, and that an interrupted run
//! leaves nothing behind.
//!
//! Elsewhere: runs of one cluster (`run/`), and the real API server (the tests of the feature `cluster`).

mod ended;
mod names;
mod plugins;
mod secrets;
mod typed;
mod watching;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tests::archive::Archive;
use tests::host::{Done, Host, left_in};
use tests::kubeconfig::Contexts;
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::programs;
use tests::server::{Answer, Server};

/// `host-min run cluster-operators.wasm` with a kubeconfig.
fn operators(kubeconfig: &Path) -> Host {
    Host::run(programs::guest("cluster-operators")).kubeconfig(kubeconfig)
}

/// The index, by the names of the contexts.
fn index(folder: &Path) -> (Value, BTreeMap<String, Value>) {
    let text = std::fs::read(folder.join("index.json")).expect("an index");
    let index: Value = serde_json::from_slice(&text).expect("JSON");
    let row = |row: &Value| (row["context"].as_str().expect("a context").to_owned(), row.clone());
    let rows = index["clusters"].as_array().expect("clusters").iter().map(row).collect();
    (index, rows)
}

/// The archive that a row names, which must be what the row says of it.
fn archive(folder: &Path, row: &Value) -> Archive {
    let facts = &row["archive"];
    let path = folder.join(facts["file"].as_str().expect("a file"));
    assert_eq!(facts["bytes"], path.metadata().expect("an archive").len());
    let sum = std::process::Command::new("sha256sum").arg(&path).output().expect("sha256sum");
    assert!(sum.stdout.starts_with(facts["sha256"].as_str().expect("a sum").as_bytes()), "{row:#}");
    Archive::read(path)
}

/// The lines that were said of a context.
fn said<'a>(done: &'a Done, context: &str) -> Vec<&'a str> {
    let of_it = |line: &&str| line.strip_prefix(context).is_some_and(|rest| rest.starts_with([':', '/']));
    done.stderr.lines().filter(of_it).collect()
}

/// A server that never answers.
fn silent() -> Server {
    Server::new().on(CLUSTER_OPERATORS, Answer::silence())
}

/// A server whose answer takes so long.
fn slow(time: Duration) -> Server {
    let list = objects::list_text(3);
    let answer = Answer::bytes("application/json", list.clone());
    Server::new().on(CLUSTER_OPERATORS, answer.drip(list.len() / 20, time / 20))
}

#[test]
fn four_clusters_that_fail_in_their_ways_harm_no_fifth() {
    let place = tests::place();
    let free_port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let forbidding = Server::new()
        .on(CLUSTER_OPERATORS, Answer::status(403, "Forbidden", "clusteroperators is forbidden"))
        .start();
    let garbage =
        Server::new().on(CLUSTER_OPERATORS, Answer::bytes("application/json", "\u{1b}[31m{]")).start();
    let (silent, fine) = (silent().start(), objects::server().start());
    let kubeconfig = Contexts::new()
        .add("fine", &fine.url())
        .add("closed", &format!("http://127.0.0.1:{free_port}"))
        .add("silent", &silent.url())
        .add("forbidding", &forbidding.url())
        .add("garbage", &garbage.url())
        .write(place.path().join("config"));
    let folder = place.path().join("fleet");
    let all = operators(&kubeconfig).args(["--all-contexts", "--timeout", "5s"]).output(&folder).wait();
    all.expect_code(5);
    assert!(all.elapsed < Duration::from_secs(30), "{:?}", all.elapsed);

    let (index, rows) = index(&folder);
    assert_eq!(index["format"], 1);
    assert_eq!(index["complete"], false);
    assert_eq!(index["exitCode"], 5);
    assert_eq!(index["parallelClusters"], 4);
    let names: Vec<_> =
        index["clusters"].as_array().expect("clusters").iter().map(|row| &row["context"]).collect();
    assert_eq!(names, ["fine", "closed", "silent", "forbidding", "garbage"], "the kubeconfig's order");
    for (context, reason) in [
        ("closed", "refused"),
        ("silent", "no response in time"),
        ("forbidding", "HTTP 403: clusteroperators is forbidden"),
        ("garbage", "JSON"),
    ] {
        let row = &rows[context];
        let code = Value::from(if context == "forbidding" { 9 } else { 5 });
        assert_eq!((&row["status"], &row["exitCode"]), (&"incomplete".into(), &code), "{row:#}");
        let failure = &row["failures"][0];
        assert_eq!((row["failures"].as_array().map(Vec::len), &failure["exitCode"]), (Some(1), &code));
        let told = failure["reason"].as_str().expect("a reason");
        assert!(told.contains(reason), "{context}: {told}");
        assert!(failure["attempt"].as_str().is_some_and(|text| text.contains("cluster-operators")));
        assert!(failure["advice"].is_string());
        assert_eq!(row["archive"]["file"], format!("{context}.tar.gz.incomplete"));
        let archive = archive(&folder, row);
        assert_eq!(archive.report()["complete"], false);
        assert_eq!(archive.gatherer("cluster-operators")["reason"], failure["reason"]);
        let line = all.stderr.lines().find(|line| line.starts_with(&format!("error: {context}: ")));
        assert!(line.is_some_and(|line| line.contains(told)), "{}", all.stderr);
        assert!(said(&all, context).iter().any(|line| line.contains(": incomplete: ")), "{}", all.stderr);
    }
    assert!(!all.stderr.contains('\u{1b}'), "a terminal is not played with");

    let row = &rows["fine"];
    assert_eq!((&row["status"], &row["exitCode"]), (&"complete".into(), &0.into()), "{row:#}");
    assert_eq!(row["server"], fine.url());
    assert_eq!(row["failures"], Value::Array(Vec::new()));
    assert!(row["durationMs"].as_f64().is_some_and(|millis| millis > 0.0), "{row:#}");
    assert!(
        row["started"].as_str() <= row["ended"].as_str()
            && index["started"].as_str() <= row["started"].as_str()
    );
    let archive = archive(&folder, row);
    let (sums, report) = (&row["gatherers"][0], archive.gatherer("cluster-operators"));
    assert_eq!(sums["complete"], true);
    for field in
        ["name", "version", "durationMs", "requests", "bytesReceived", "items", "entries", "bytesArchived"]
    {
        assert_eq!(sums[field], report[field], "{field}");
    }
    assert_eq!(sums["items"], 3);
    assert_eq!(archive.report()["source"], fine.url());
    assert_eq!(
        left_in(&folder),
        [
            "closed.tar.gz.incomplete",
            "fine.tar.gz",
            "forbidding.tar.gz.incomplete",
            "garbage.tar.gz.incomplete",
            "index.json",
            "silent.tar.gz.incomplete"
        ]
    );
}

#[test]
fn what_all_complete_clusters_say_and_leave() {
    let (place, one, other) = (tests::place(), objects::server().start(), objects::server().start());
    let kubeconfig = Contexts::new()
        .add("one", &one.url())
        .add("unused", "http://127.0.0.1:1")
        .add("other", &other.url())
        .write(place.path().join("config"));
    let host = || {
        Host::run_all(["hello", "cluster-operators"].map(programs::guest))
            .kubeconfig(&kubeconfig)
            .current_folder(place.path())
            .args(["--context", "other", "--context=one", "--parallel-clusters", "1"])
    };
    let done = host().wait();
    done.expect_success();
    let left = left_in(place.path());
    assert!(
        left.len() == 2 && left[1].starts_with("wagather-2") && left[1].ends_with('Z'),
        "the default: {left:?}"
    );
    let folder = place.path().join(&left[1]);
    assert_eq!(left_in(&folder), ["index.json", "one.tar.gz", "other.tar.gz"]);
    let (index, rows) = index(&folder);
    assert_eq!((&index["complete"], &index["exitCode"]), (&true.into(), &0.into()));
    assert_eq!(index["clusters"][0]["context"], "other", "the order in which they were named");
    for context in ["one", "other"] {
        let archive = archive(&folder, &rows[context]);
        assert_eq!(archive.report()["complete"], true);
        let lines = said(&done, context);
        assert_eq!(lines[0], format!("{context}/hello: info: hello from a gatherer"));
        assert!(lines[1].starts_with(&format!("{context}: complete: 3 items, 1 request, ")), "{lines:?}");
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
    let wrote = format!("wrote {}/index.json: 2 of 2 clusters complete", left[1]);
    assert_eq!(done.stderr.lines().last(), Some(&*wrote));

    // The folder must be a new one.
    let again = host().args(["--output", &left[1]]).wait();
    again.expect_code(6);
    assert!(
        again.stderr.contains(&format!("the archives to {}: it already exists", left[1])),
        "{}",
        again.stderr
    );
    let quiet = host().args(["--quiet", "--output", "again"]).wait();
    assert_eq!(quiet.expect_success().stderr, "");
    assert!(quiet.stdout.is_empty());
}

#[test]
fn the_first_failed_context_in_the_order_given_decides_the_exit_code() {
    let (place, fine) = (tests::place(), objects::server().start());
    let slowly_forbidding = Server::new()
        .on(CLUSTER_OPERATORS, Answer::page(503, "later").drip(4, Duration::from_millis(100)))
        .start();
    let kubeconfig = Contexts::new()
        .add("fine", &fine.url())
        .add("forbidding", &slowly_forbidding.url())
        .add("nowhere", "ftp://nowhere")
        .write(place.path().join("config"));
    for (contexts, code) in [(["fine", "forbidding", "nowhere"], 5), (["fine", "nowhere", "forbidding"], 4)] {
        let folder = place.path().join(code.to_string());
        let typed = contexts.iter().flat_map(|context| ["--context", context]);
        operators(&kubeconfig).args(typed).output(&folder).wait().expect_code(code);
        let (index, rows) = index(&folder);
        assert_eq!(index["exitCode"], code);
        // The configuration is wrong, so there was nothing to make an archive of.
        let row = &rows["nowhere"];
        assert_eq!(
            (&row["status"], &row["archive"], &row["server"]),
            (&"failed".into(), &Value::Null, &Value::Null)
        );
        assert_eq!(row["failures"][0]["exitCode"], 4);
        assert_eq!(rows["fine"]["status"], "complete");
    }
}

#[test]
fn no_more_clusters_at_once_than_was_said() {
    let (place, server) = (tests::place(), slow(Duration::from_millis(300)).start());
    let names: Vec<String> = (0..7).map(|number| format!("c{number}")).collect();
    let kubeconfig = names.iter().fold(Contexts::new(), |all, name| all.add(name, &server.url()));
    let kubeconfig = kubeconfig.write(place.path().join("config"));
    for most in [1, 3] {
        let folder = place.path().join(most.to_string());
        let most_at_once = most.to_string();
        let host = operators(&kubeconfig).args(["--all-contexts", "--parallel-clusters", &most_at_once]);
        host.output(&folder).wait().expect_success();
        let (_, rows) = index(&folder);
        let at_once = |time: &str| {
            let runs =
                |row: &&Value| row["started"].as_str() <= Some(time) && Some(time) < row["ended"].as_str();
            rows.values().filter(runs).count()
        };
        let starts: Vec<usize> =
            rows.values().map(|row| at_once(row["started"].as_str().expect("a time"))).collect();
        assert_eq!(starts.iter().max(), Some(&most), "{starts:?}");
    }
}
