//! Missing data is always reported: complete, with gaps, or incomplete, whatever the gatherer returns.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use tests::archive::Archive;
use tests::host::{Done, Host, incomplete};
use tests::hostile::Hostile;
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::server::{Answer, List, Running, Server};
use tests::{golden, place, programs};

const PODS: &str = "/api/v1/pods";

fn json_answer(body: impl Into<Vec<u8>>) -> Answer {
    Answer::bytes("application/json", body)
}

/// Runs a module, and reads its archive, which is under its own name or called incomplete.
fn run(module: &std::path::Path, server: &Running, options: &[&str]) -> (Done, Archive) {
    let place = place();
    let output = place.path().join("out");
    let done = Host::run(module).server(&server.url()).output(&output).args(options).timeout("20s").wait();
    let archive = if done.code() == 0 || done.code() == 8 { output.clone() } else { incomplete(&output) };
    assert!(archive.exists(), "no {}:\n{}", archive.display(), done.stderr);
    let archive = Archive::read(archive);
    assert_eq!(archive.report()["complete"], done.code() == 0, "{}", done.stderr);
    (done, archive)
}

/// One that looks at no status. Its mode: `p` pipes, `rr` rejects all that it reads, `all` pipes and then reads.
fn ignorant(server: &Running, mode: &str) -> (Done, Archive) {
    let place = place();
    let module = place.path().join("ignores-statuses.wasm");
    std::fs::write(&module, Hostile::read("ignores-statuses").module).expect("a module");
    run(&module, server, &["--param", &format!("mode={mode}")])
}

fn operators_of(answer: Answer) -> Running {
    Server::new().on(CLUSTER_OPERATORS, answer).start()
}

#[test]
fn odd_objects_are_skipped_and_named() {
    let item =
        |name: &str, more: &str| format!(r#"{{"metadata":{{"name":"{name}","namespace":"shop"}}{more}}}"#);
    let deep = |levels: usize| format!(r#","spec":{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "not UTF-8",
            [item("odd", r#","status":{"phase":"Run"#).trim_end_matches('}').as_bytes(), b"\xff\"}}"]
                .concat(),
        ),
        ("a lone surrogate", item("odd", r#","status":{"phase":"a\ud800b"}"#).into()),
        ("the other half alone", item("odd", r#","status":{"phase":"\udc00"}"#).into()),
        ("two halves in the wrong order", item("odd", r#","status":{"phase":"\udc00\ud800"}"#).into()),
        ("200 levels deep", item("odd", &deep(200)).into()),
        ("12,000 levels deep", item("odd", &deep(12_000)).into()),
        ("too large", item("odd", &format!(r#","spec":{{"text":"{}"}}"#, "x".repeat(9 << 20))).into()),
        ("a huge name", item(&"x".repeat(9 << 20), "").into()),
        (
            "a key that is too long",
            item("odd", &format!(r#","spec":{{"k":1}},"{}":1"#, "k".repeat(2_000))).into(),
        ),
        ("no name", br#"{"metadata":{"namespace":"shop"}}"#.to_vec()),
        ("no metadata", b"{}".to_vec()),
        ("a path for a name", br#"{"metadata":{"name":"../../x","namespace":"shop"}}"#.to_vec()),
        ("a path for a namespace", br#"{"metadata":{"name":"x","namespace":".."}}"#.to_vec()),
        ("no object", b"7".to_vec()),
        ("null", b"null".to_vec()),
    ];
    let mut text = String::new();
    for (name, odd) in cases {
        let good = |name: &str| item(name, "").into_bytes();
        let items = [good("a"), odd, good("z")].join(&b","[..]);
        let body = [&br#"{"kind":"ClusterOperatorList","items":["#[..], &items, b"]}"].concat();
        let (done, archive) =
            run(&programs::guest("cluster-operators"), &operators_of(json_answer(body)), &[]);
        done.expect_code(8);
        let folder = "namespaces/shop/config.openshift.io/clusteroperators";
        for kept in ["a", "z"] {
            assert!(
                archive.paths().contains(&&*format!("{folder}/{kept}.json")),
                "{name}: {:?}",
                archive.paths()
            );
        }
        let report = archive.report();
        let [gap] = &report["gaps"].as_array().expect("gaps")[..] else { panic!("{name}: {report:#}") };
        let part = archive.gatherer("cluster-operators");
        assert_eq!((&part["status"], &part["gaps"], &part["items"]), (&json!("gaps"), &json!(1), &json!(2)));
        let resource = json!({"resource": "config.openshift.io/v1/clusteroperators", "complete": false, "status": "gaps", "items": 2, "requests": 1, "gaps": 1});
        assert_eq!(part["resources"], json!([resource]), "{name}");
        let line = done.stderr.lines().find(|line| line.contains("skipped")).expect("a line of it");
        let _ = write!(text, "# {name}\n{line}\n{gap:#}\n\n");
    }
    golden::check("odd-objects.txt", &text);
}

#[test]
fn what_does_not_fit_a_gatherers_type_is_skipped_and_named() {
    for (guest, restarts, why) in [
        ("pods", json!(true), "true where the gatherer expects a number or a string"),
        (
            "crash-logs",
            json!(1.5),
            "the number 1.5 where the gatherer expects a whole number from -2147483648 to 2147483647",
        ),
    ] {
        let mut pods: Vec<Value> = (0..3).map(pod).collect();
        pods[1]["status"]["containerStatuses"] =
            json!([{"name": "main", "restartCount": restarts, "state": {}}]);
        let server = Server::new().list(PODS, List::new("v1", "PodList", pods)).start();
        let (done, archive) = run(&programs::guest(guest), &server, &[]);
        done.expect_code(8);
        let report = archive.report();
        let gap = &report["gaps"][0];
        assert_eq!(
            (&gap["object"], &gap["field"], &gap["reason"], &gap["asked"]),
            (
                &json!("shop/pod-1"),
                &json!("status.containerStatuses[0].restartCount"),
                &json!(why),
                &json!("list /v1/pods"),
            ),
            "{report:#}"
        );
        if guest == "pods" {
            assert_eq!(archive.json("pods/totals.json")["pods"], 2, "the others are there");
        }
        for word in ["shop/pod-1", "restartCount", why, "gaps"] {
            assert!(done.stderr.contains(word), "{word} is not in:\n{}", done.stderr);
        }
    }
}

#[test]
fn a_flood_of_odd_objects_is_counted_and_told_in_a_few_lines() {
    let items = vec!["{}"; 5_000].join(",");
    let server = operators_of(json_answer(format!(r#"{{"kind":"ClusterOperatorList","items":[{items}]}}"#)));
    let (done, archive) = run(&programs::guest("cluster-operators"), &server, &[]);
    done.expect_code(8);
    let report = archive.report();
    assert_eq!(report["gaps"].as_array().map(Vec::len), Some(100));
    assert_eq!((&report["gapsNotNamed"], &report["gatherers"][0]["gaps"]), (&json!(4_900), &json!(5_000)));
    assert!(
        done.stderr.contains("4995 more objects skipped") && done.stderr.lines().count() < 16,
        "{}",
        done.stderr
    );
}

#[test]
fn a_list_that_failed_is_incomplete_whatever_its_gatherer_returns() {
    let pod = |name: &str| format!(r#"{{"metadata":{{"name":"{name}","namespace":"shop"}}}}"#);
    let two =
        format!(r#"{{"kind":"PodList","metadata":{{"continue":"x"}},"items":[{},{}"#, pod("a"), pod("b"));
    let busy = |code| Answer::status(code, "X", "as the test says");
    let cases: [(&str, &dyn Fn() -> Server, i32); 12] = [
        ("it breaks off", &|| Server::new().on(PODS, json_answer(&*two).cut_after(two.len() - 1)), 5),
        ("its JSON ends", &|| Server::new().on(PODS, json_answer(&*two)), 5),
        ("its second page is refused", &|| Server::new().list(PODS, pods().page_is(2, busy(403))), 9),
        ("its second page is not there", &|| Server::new().list(PODS, pods().page_is(2, busy(404))), 5),
        ("401", &|| Server::new().on(PODS, busy(401)), 9),
        ("429", &|| Server::new().on(PODS, busy(429)), 5),
        ("500", &|| Server::new().on(PODS, busy(500)), 5),
        ("503", &|| Server::new().on(PODS, busy(503)), 5),
        ("a redirect", &|| Server::new().on(PODS, Answer::redirect("https://x/")), 5),
        ("a page", &|| Server::new().on(PODS, Answer::page(200, "Sign in")), 5),
        ("403", &|| Server::new().on(PODS, busy(403)), 8),
        ("404", &|| Server::new().on(PODS, busy(404)), 0),
    ];
    for (name, server, code) in cases {
        for mode in ["p", "rr"] {
            let server = server().start();
            let (done, archive) = ignorant(&server, mode);
            assert_eq!(done.code(), code, "{name}, {mode}:\n{}", done.stderr);
            let part = archive.gatherer("ignores-statuses");
            let status = ["complete", "failed", "gaps"]
                [usize::from(code == 5 || code == 9) + 2 * usize::from(code == 8)];
            assert!(part["status"] == status || mode == "rr", "{name}: {part:#}");
            let pods = &part["resources"][0];
            assert_eq!(
                (&pods["resource"], &pods["complete"]),
                (&json!("v1/pods"), &json!(code == 0)),
                "{name}"
            );
            assert_eq!(pods["absent"].as_bool(), (code == 0).then_some(true), "{name}");
            let reason = part["reason"].as_str().unwrap_or_default();
            assert_eq!(
                reason.contains("the gatherer continued and returned 0"),
                code == 5 || code == 9,
                "{name}: {part:#}"
            );
        }
    }
}

fn pod(number: usize) -> Value {
    json!({"metadata": {"name": format!("pod-{number}"), "namespace": "shop"}, "status": {"phase": "Running"}})
}

fn pods() -> List {
    List::new("v1", "PodList", (0..5).map(pod).collect()).pages_of(2)
}

#[test]
fn what_is_asked_for_again_and_comes_whole_is_made_good() {
    // As often as the host itself asks again, and then no more.
    let server =
        Server::new().list(PODS, pods().page_is(1, Answer::status(401, "Unauthorized", "not yet"))).start();
    let (done, archive) = ignorant(&server, "all");
    done.expect_success();
    let part = archive.gatherer("ignores-statuses");
    assert_eq!(
        part["resources"],
        json!([{"resource": "v1/pods", "complete": true, "status": "complete", "items": 5, "requests": 4}])
    );
    assert!(part["errors"][0].as_str().is_some_and(|error| error.contains("HTTP 401")), "{part:#}");
}

#[test]
fn what_a_gatherer_rejects_is_a_gap() {
    let server = Server::new().list(PODS, pods()).start();
    let (done, archive) = ignorant(&server, "rr");
    done.expect_code(8);
    let report = archive.report();
    let gaps = report["gaps"].as_array().expect("gaps");
    assert_eq!(gaps.len(), 5);
    assert_eq!(
        (&gaps[0]["object"], &gaps[0]["reason"]),
        (&json!("shop/pod-0"), &json!("it does not match the gatherer's type"))
    );
    assert_eq!(gaps[0]["byte"], Value::Null, "a byte that the item has not");
}

#[test]
fn lists_are_read_as_kubectl_reads_them() {
    for empty in [
        r#"{"kind":"ClusterOperatorList","apiVersion":"config.openshift.io/v1","metadata":{"resourceVersion":"529"}}"#,
        r#"{"kind":"ClusterOperatorList","items":null}"#,
    ] {
        let (done, archive) =
            run(&programs::guest("cluster-operators"), &operators_of(json_answer(empty)), &[]);
        done.expect_success();
        assert_eq!(archive.gatherer("cluster-operators")["items"], 0);
    }
    let again = Answer::status(500, "ServerTimeout", "could not be completed, try again").retry_after("0");
    let server =
        Server::new().list(CLUSTER_OPERATORS, objects::cluster_operators(3).page_is(1, again)).start();
    let (done, archive) = run(&programs::guest("cluster-operators"), &server, &[]);
    done.expect_success();
    let part = archive.gatherer("cluster-operators");
    assert_eq!((&part["items"], &part["retries"]), (&json!(3), &json!(1)));
}

#[test]
fn a_list_that_comes_round_is_ended_at_once() {
    let same =
        r#"{"kind":"ClusterOperatorList","metadata":{"resourceVersion":"7","continue":"same"},"items":[]}"#;
    let server = operators_of(json_answer(same));
    let began = Instant::now();
    let (done, _) = run(&programs::guest("cluster-operators"), &server, &[]);
    done.expect_code(5);
    assert!(
        began.elapsed() < Duration::from_secs(10) && server.seen().len() == 2,
        "{} requests",
        server.seen().len()
    );
    assert!(done.stderr.contains("continue token"), "{}", done.stderr);
}
