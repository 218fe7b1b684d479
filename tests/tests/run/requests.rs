//! The requests that reach the server, and the parts of its answers that reach the archive.

use serde_json::json;
use tests::archive::Archive;
use tests::host::Host;
use tests::kubeconfig::Kubeconfig;
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::server::{Answer, Expiry, Server};
use tests::{guest, place, programs};

#[test]
fn lists_of_many_pages_are_one_list() {
    let place = place();
    for (name, list) in [
        ("pages", objects::cluster_operators(7).pages_of(3)),
        ("expired", objects::cluster_operators(7).pages_of(3).expiring(Expiry::FreshToken)),
    ] {
        let server = Server::new().list(CLUSTER_OPERATORS, list).start();
        let output = place.path().join(name);
        let done =
            Host::run(programs::guest("cluster-operators")).server(&server.url()).output(&output).wait();
        done.expect_success();
        let archive = Archive::read(&output);
        assert_eq!(archive.gathered().len(), 7, "{name}: {:?}", archive.paths());
        let warned = archive.gatherer("cluster-operators")["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!(warned, usize::from(name == "expired"), "pages of different times are told");
        let inconsistent = &archive.gatherer("cluster-operators")["inconsistentLists"];
        assert_eq!(*inconsistent, if name == "expired" { json!(1) } else { json!(null) });
        let seen = server.seen();
        assert!(seen.iter().all(|seen| seen.parameter("resourceVersion").is_none()));
        // Never without a limit; what the items weigh decides which.
        assert!(seen.iter().all(|seen| seen.parameter("limit").is_some_and(|limit| limit != "0")));
        assert_eq!(seen[0].parameter("limit"), Some("500"));
        assert_eq!(seen[0].parameter("continue"), None);
        assert_eq!(seen[1].parameter("continue"), Some("from-3"));
    }
}

/// What breaks off or fails for now comes whole, and the report says how.
#[test]
fn what_fails_for_now_is_asked_for_again() {
    let place = place();
    let list = || objects::cluster_operators(7).pages_of(3);
    let cut = |bytes| Answer::bytes("application/json", "{\"items\": [ ]}").cut_after(bytes);
    let busy = Answer::status(429, "TooManyRequests", "Too many requests, please try again later.");
    for (name, list, why) in [
        ("a first page that is cut", list().page_is(1, cut(5)), "the response broke off (1)"),
        ("a second page that is cut", list().page_is(2, cut(13)), "the response broke off (1)"),
        ("a busy server", list().page_is(1, busy.clone()).page_is(3, busy), "the server was busy (2)"),
        (
            "a page of a proxy",
            list().page_is(2, Answer::page(503, "Sorry")),
            "the server was unavailable (1)",
        ),
    ] {
        let server = Server::new().list(CLUSTER_OPERATORS, list).start();
        let output = place.path().join(name);
        let recording = place.path().join(format!("{name}.har"));
        let run = || Host::run(programs::guest("cluster-operators"));
        run().server(&server.url()).record(&recording).output(&output).wait().expect_success();
        // A replay asks again as often.
        let again = place.path().join(format!("{name}, again"));
        run().replay(&recording).output(&again).wait().expect_success();
        for output in [output, again] {
            let archive = Archive::read(&output);
            assert_eq!(archive.gathered().len(), 7, "{name}: {:?}", archive.paths());
            let gathered = archive.gatherer("cluster-operators");
            let retries = gathered["retries"].as_u64().expect("retries");
            assert_eq!(gathered["requests"], 3 + retries, "{name}");
            let warning = gathered["warnings"][0].as_str().expect("a warning");
            assert!(warning.contains("retried: ") && warning.ends_with(why), "{name}: {warning}");
            assert_eq!(
                (gathered.get("inconsistentLists"), &gathered["errors"]),
                (None, &json!([])),
                "{name}"
            );
        }
    }
}

/// Gatherers beyond the limit wait, and have all of their time when it is their turn.
#[test]
fn so_many_gatherers_side_by_side() {
    let place = place();
    let server = Server::new()
        .list(CLUSTER_OPERATORS, objects::cluster_operators(3))
        .on("/api/v1/pods", Answer::silence())
        .start();
    let guests = [programs::guest("pods"), programs::guest("cluster-operators"), programs::guest("hello")];
    let host = |parallel: &str, output: &str| {
        let host = Host::run_all(guests.clone()).server(&server.url()).timeout("2500ms");
        host.args(["--parallel", parallel]).output(place.path().join(output))
    };
    // The first one takes all of its time and more than half of the others', and they are complete.
    for parallel in ["1", "2", "64"] {
        let done = host(parallel, parallel).wait();
        assert_eq!(done.code(), 5, "{}", done.stderr);
        let archive = Archive::read(place.path().join(format!("{parallel}.incomplete")));
        for (gatherer, status) in
            [("pods", "failed"), ("cluster-operators", "complete"), ("hello", "complete")]
        {
            assert_eq!(archive.gatherer(gatherer)["status"], status, "{gatherer}, {parallel} side by side");
        }
    }
}

#[test]
fn the_rate_holds_for_the_run() {
    let (place, server) =
        (place(), Server::new().list(CLUSTER_OPERATORS, objects::cluster_operators(30)).start());
    let output = place.path().join("out");
    let host = Host::run(programs::guest("cluster-operators")).server(&server.url()).output(&output);
    let begin = std::time::Instant::now();
    host.args(["--chunk-size", "3", "--qps", "5", "--burst", "2"]).wait().expect_success();
    // Ten requests, of which eight come at a fifth of a second.
    assert!(begin.elapsed().as_millis() >= 1_600, "{:?}", begin.elapsed());
    assert_eq!(server.seen().len(), 10);
    assert!(server.seen().iter().all(|seen| seen.parameter("limit") == Some("3")));
    let warnings = Archive::read(&output).report()["warnings"].to_string();
    assert!(warnings.contains("in total because of --qps 5 and --burst 2"), "{warnings}");
}

#[test]
fn an_empty_list_is_complete() {
    let (place, server) =
        (place(), Server::new().list(CLUSTER_OPERATORS, objects::cluster_operators(0)).start());
    let output = place.path().join("out");
    Host::run(programs::guest("cluster-operators"))
        .server(&server.url())
        .output(&output)
        .wait()
        .expect_success();
    assert_eq!(Archive::read(&output).paths(), ["audit.jsonl", "wagather.json"]);
}

/// A guest that lists pods of a namespace with selectors, a limit and a mask, and pipes them.
pub(crate) fn selective() -> Vec<u8> {
    guest::module(
        "selective",
        &["resource list /v1/pods * metadata(name,namespace,labels),status"],
        r#"(import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
        (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
        (data (i32.const 0) "\02\00\00\00" "\02\00\00\00"
            "\00\01\00\00" "\02\00\00\00" "\02\01\00\00" "\04\00\00\00" "\00\00\00\00" "\00\00\00\00" "\06\01\00\00" "\04\00\00\00"
            "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\0a\01\00\00" "\0f\00\00\00" "\19\01\00\00" "\14\00\00\00"
            "\2d\01\00\00" "\2f\00\00\00" "\00\00\00\00" "\00\00\00\00")
        (data (i32.const 256) "v1" "pods" "shop" "app in (a,b),!c" "status.phase=Running" "metadata(name,managedFields),spec,status(phase)" )
        (func (export "gather") (result i32) (local $piped i32)
            (local.set $piped (call $archive_pipe (call $rest_start (i32.const 0)) (i32.const 0) (i32.const 0)))
            (select (local.get $piped) (i32.const 0) (i32.ne (local.get $piped) (i32.const 2))))"#,
    )
}

#[test]
fn selectors_limits_and_masks() {
    let place = place();
    let server = Server::new().list("/api/v1/namespaces/shop/pods", objects::pods(5)).start();
    let module = guest::write(place.path(), "selective", &selective());
    let output = place.path().join("out");
    Host::run(module).server(&server.url()).output(&output).wait().expect_success();
    let seen = &server.seen()[0];
    assert_eq!(seen.parameter("labelSelector"), Some("app in (a,b),!c"));
    assert_eq!(seen.parameter("fieldSelector"), Some("status.phase=Running"));
    assert_eq!(seen.parameter("limit"), Some("2"));
    assert_eq!(server.seen().len(), 1, "a limit that one page fulfils needs no other page");
    let archive = Archive::read(&output);
    // What the mask and the manifest both have, and what a file needs to say what it is.
    assert_eq!(
        archive.json("namespaces/default/core/pods/pod-0.json"),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod-0", "namespace": "default"}, "status": {"phase": "Running"}})
    );
}

/// A guest that logs its parameter `greeting`, which is declared like that.
fn echo(folder: &std::path::Path, name: &str, records: &[&str]) -> std::path::PathBuf {
    let fields = r#"(import "wagather_v1" "param" (func $param (param i32 i32 i32 i32) (result i32)))
        (import "wagather_v1" "log" (func $log (param i32 i32 i32) (result i32)))
        (data (i32.const 0) "greeting")
        (func (export "gather") (result i32) (local $len i32)
            (local.set $len (call $param (i32.const 0) (i32.const 8) (i32.const 64) (i32.const 99)))
            (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
            (call $log (i32.const 1) (i32.const 64) (local.get $len)))"#;
    guest::write(folder, name, &guest::module(name, records, fields))
}

#[test]
fn parameters_reach_the_guest() {
    let place = place();
    let declared = ["param greeting What is said", "default greeting hello  there"];
    let module = echo(place.path(), "echo", &declared);
    let other = echo(place.path(), "other", &["param greeting What is said", "param other Something else"]);
    let run = |guests: &[&std::path::PathBuf], words: &[&str], output: &str| {
        Host::run_all(guests).args(words).output(place.path().join(output)).wait()
    };
    let both = ["--param", "other=x", "--param", "greeting=good day = ä"];
    let done = run(&[&module, &other], &both, "out");
    done.expect_success();
    for name in ["echo", "other"] {
        assert!(done.stderr.contains(&format!("{name}: info: good day = ä")), "{}", done.stderr);
    }
    // The host answers with the default.
    let done = run(&[&module], &[], "default");
    assert!(done.expect_success().stderr.contains("echo: info: hello  there"), "{}", done.stderr);
    let done = run(&[&other], &[], "absent");
    done.expect_code(7);
    assert!(done.stderr.contains("there is no such parameter"), "{}", done.stderr);
    // What is not declared is denied, whether it is given or not.
    let silent = echo(place.path(), "silent", &[]);
    let done = run(&[&silent, &module], &["--param", "greeting=x"], "silent");
    done.expect_code(7);
    assert!(
        done.stderr.contains("the manifest does not declare the parameter 'greeting'"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_parameter_that_nobody_takes_is_an_error_before_the_run() {
    let place = place();
    let module = echo(place.path(), "echo", &["param greeting What is said", "param namespaces Where"]);
    let silent = programs::guest("hello");
    for (guest, words, said) in [
        (&module, &["--param", "namespace=x"][..], "did you mean 'namespaces'?"),
        (&module, &["--param", "Greeting=x"], "did you mean 'greeting'?"),
        (&module, &["--param", "colour=x"], "these gatherers take greeting and namespaces"),
        (&module, &["--param", "greeting=x", "--param", "greeting=y"], "it is given twice"),
        (&silent, &["--param", "greeting=x"], "these gatherers take no parameters"),
    ] {
        for dry in [&[][..], &["--dry-run"]] {
            let output = place.path().join("out");
            let done = Host::run(guest).args(words).args(dry).output(&output).wait();
            done.expect_code(4);
            assert!(
                done.stderr.contains("no gatherer of this run has this parameter") || said.contains("twice")
            );
            assert!(done.stderr.contains(said), "{words:?}: {}", done.stderr);
            assert!(!output.exists());
        }
    }
}

#[test]
fn inspect_tells_the_parameters() {
    let place = place();
    let module = echo(
        place.path(),
        "echo",
        &["param greeting What is\u{202e} said", "default greeting hello", "param team Whose"],
    );
    let inspect = |words: &[&str]| {
        Host::new(["inspect"]).arg(&module).args(words).wait().expect_success().stdout_text()
    };
    let text = inspect(&[]);
    assert!(text.contains("\n  take --param greeting=…: What is\\u{202e} said (default: hello)\n"), "{text}");
    assert!(text.contains("\n  take --param team=…: Whose\n"), "{text}");
    let told: serde_json::Value = serde_json::from_str(&inspect(&["--json"])).expect("JSON");
    assert_eq!(
        told["params"],
        json!([
            {"name": "greeting", "help": "What is\u{202e} said", "default": "hello"},
            {"name": "team", "help": "Whose"},
        ])
    );
}

#[test]
fn a_kubeconfig_is_found_as_kubectl_finds_it() {
    let (place, server) = (place(), objects::server().start());
    let kubeconfig = Kubeconfig::new(&server.url()).write(place.path());
    let run = |name: &str| Host::run(programs::guest("cluster-operators")).output(place.path().join(name));
    run("a").env("KUBECONFIG", &kubeconfig).wait().expect_success();
    std::fs::create_dir(place.path().join(".kube")).expect("a folder");
    std::fs::rename(&kubeconfig, place.path().join(".kube/config")).expect("a kubeconfig");
    run("b").env("HOME", place.path()).wait().expect_success();
    let as_someone =
        run("c").env("HOME", place.path()).args(["--as", "someone", "--as-group", "a", "--as-group", "b"]);
    as_someone.wait().expect_success();
    let last = server.seen().pop().expect("a request");
    assert_eq!(last.header("impersonate-user"), Some("someone"));
    assert_eq!(last.headers.iter().filter(|(name, _)| name == "impersonate-group").count(), 2);
    assert_eq!(last.header("accept"), Some("application/json"));
}
