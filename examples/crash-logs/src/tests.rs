extern crate std;

use super::*;
use std::format;
use std::string::String;
use std::vec::Vec;
use wagather::abi::Status as Code;
use wagather::fake::{Host, Run};

const PATH: &str = "/api/v1/pods";

fn container(name: &str, reason: &str) -> String {
    format!(
        r#"{{"name": "{name}", "restartCount": 7, "state": {{"waiting": {{"reason": "{reason}"}}}},
            "lastState": {{"terminated": {{"reason": "Error", "exitCode": 1}}}}}}"#
    )
}

fn pod(namespace: &str, name: &str, containers: &[String]) -> String {
    let containers = containers.join(",");
    format!(
        r#"{{"metadata": {{"name": "{name}", "namespace": "{namespace}", "uid": "6b2b61cd-6a6f-4b5a-8f3f-000000000000"}},
            "status": {{"containerStatuses": [{containers}]}}}}"#
    )
}

fn looping(namespace: &str, name: &str) -> String {
    pod(namespace, name, &[container("web", "CrashLoopBackOff")])
}

fn log_of(namespace: &str, name: &str, query: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods/{name}/log?{query}")
}

/// This many pods, with a log of the previous instance for each.
fn many(pods: usize, log: &[u8]) -> Host {
    let name = |number: usize| format!("web-{number:02}");
    let list: Vec<String> = (0..pods).map(|number| looping("shop", &name(number))).collect();
    let host = Host::new().list(PATH, &format!("[{}]", list.join(",")));
    (0..pods).fold(host, |host, number| host.body(&log_of("shop", &name(number), "previous=true"), log))
}

/// What the index says of the containers, without who they are.
fn outcomes(run: &Run) -> Vec<&str> {
    let containers = run.entry("index.json").split(r#""lastExitCode":1,"#).skip(1);
    containers.map(|text| text.split('}').next().unwrap_or_default()).collect()
}

#[test]
fn the_previous_instance_first_and_else_the_current_one() {
    let pods = format!(
        "[{},{},{}]",
        r#"{"metadata": {"name": "job", "namespace": "batch"}, "status": {"initContainerStatuses":
            [{"name": "wait", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
            "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}]}}"#,
        pod("shop", "web-1", &[container("web", "CrashLoopBackOff"), container("proxy", "ImagePullBackOff")]),
        pod("shop", "well", &[String::from(r#"{"name": "web", "state": {"running": {}}}"#)]),
    );
    let run = Host::new()
        .list(PATH, &pods)
        .status(&log_of("batch", "job", "container=wait&previous=true"), 400)
        .body(&log_of("batch", "job", "container=wait"), b"waits\n")
        .body(&log_of("shop", "web-1", "container=web&previous=true"), b"one\ntwo\n")
        .short_reads(3)
        .run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("index.json"),
        concat!(
            r#"{"crashLooping":2,"notListed":0,"logs":2,"bytes":14,"containers":["#,
            r#"{"namespace":"batch","pod":"job","container":"wait","restarts":2,"lastReason":"","lastExitCode":0,"log":"current","#,
            r#""file":"batch/job/wait.log","bytes":6,"truncated":false,"status":200,"why":""},"#,
            r#"{"namespace":"shop","pod":"web-1","container":"web","restarts":7,"lastReason":"Error","lastExitCode":1,"log":"previous","#,
            r#""file":"shop/web-1/web.log","bytes":8,"truncated":false,"status":200,"why":""}]}"#
        )
    );
    assert_eq!(run.entry("batch/job/wait.log"), "waits\n");
    assert_eq!(run.entry("shop/web-1/web.log"), "one\ntwo\n");
    assert_eq!(run.entries.len(), 3);
    assert_eq!(run.logs[0].text, "2 logs of 2 containers that crash-loop");
    let queries: Vec<&str> = run.requests.iter().map(|request| request.query.as_str()).collect();
    assert_eq!(
        queries,
        [
            "",
            "container=wait&limitBytes=1048576&tailLines=100&previous=true",
            "container=web&limitBytes=1048576&tailLines=100&previous=true",
            "container=wait&limitBytes=1048576&tailLines=100",
        ]
    );
    assert_eq!(run.in_flight, 0);
}

/// The kubelet has seen the crash, and has not delayed the restart yet.
#[test]
fn a_young_crash_loop_whose_last_instance_is_the_current_one() {
    let down = |name: &str, restarts: u32, exit_code: u8| {
        format!(
            r#"{{"name": "{name}", "restartCount": {restarts}, "state": {{"terminated": {{"reason": "OOMKilled", "exitCode": {exit_code}}}}},
                "lastState": {{"terminated": {{"reason": "Error", "exitCode": 1}}}}}}"#
        )
    };
    // The first crash of `once` is no loop, and `done` ended well after a restart.
    let pod = pod("shop", "web-1", &[down("once", 0, 137), down("web", 1, 137), down("done", 2, 0)]);
    let run = Host::new()
        .list(PATH, &format!("[{pod}]"))
        .body(&log_of("shop", "web-1", "container=web&previous=true"), b"the crash before\n")
        .body(&log_of("shop", "web-1", "container=web"), b"the last crash\n")
        .run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("index.json"),
        concat!(
            r#"{"crashLooping":1,"notListed":0,"logs":1,"bytes":15,"containers":["#,
            r#"{"namespace":"shop","pod":"web-1","container":"web","restarts":1,"lastReason":"OOMKilled","lastExitCode":137,"#,
            r#""log":"current","file":"shop/web-1/web.log","bytes":15,"truncated":false,"status":200,"why":""}]}"#
        )
    );
    assert_eq!(run.entry("shop/web-1/web.log"), "the last crash\n");
    assert_eq!(run.requests.len(), 2);
}

#[test]
fn why_there_is_no_log() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let pods: Vec<String> = names.iter().map(|name| looping("shop", name)).collect();
    let path = |name: &str| log_of("shop", name, "");
    let run = Host::new()
        .list(PATH, &format!("[{}]", pods.join(",")))
        .status(&path("a"), 403)
        .status(&path("b"), 400)
        .deny(&path("c"))
        .fail(&path("d"), Code::UNREACHABLE)
        .body(&path("e"), b"one\ntwo\n")
        .break_after(5, Code::TIMED_OUT)
        // The host does not know f.
        .run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        outcomes(&run),
        [
            r#""log":"none","file":"","bytes":0,"truncated":false,"status":403,"why":"the fake host says 403""#,
            r#""log":"none","file":"","bytes":0,"truncated":false,"status":400,"why":"the fake host says 400""#,
            r#""log":"none","file":"","bytes":0,"truncated":false,"status":-1,"why":"""#,
            r#""log":"none","file":"","bytes":0,"truncated":false,"status":-8,"why":"""#,
            // The part before the break is kept.
            r#""log":"previous","file":"shop/e/web.log","bytes":5,"truncated":true,"status":-14,"why":"""#,
            r#""log":"none","file":"","bytes":0,"truncated":false,"status":404,"why":"""#,
        ]
    );
    assert_eq!(run.entry("shop/e/web.log"), "one\nt");
    // An answer that is not a Kubernetes object has no reason, but its status is reported.
    let run = Host::new().list(PATH, &format!("[{}]", pods[0])).body(&path("a"), b"").run(gather);
    assert_eq!(
        outcomes(&run),
        [r#""log":"previous","file":"shop/a/web.log","bytes":0,"truncated":false,"status":200,"why":"""#]
    );
    assert_eq!(run.entry("shop/a/web.log"), "");
}

#[test]
fn the_end_is_what_is_kept() {
    let log = b"first\nsecond\nthird\n";
    for (most, kept, truncated) in [
        // The limit is sixteen times 1 byte, and the log has its `i` there.
        ("1", "i", true),
        ("2", "d\n", true),
        ("6", "third\n", true),
        ("7", "\nthird\n", true),
        ("18", "irst\nsecond\nthird\n", true),
        ("19", "first\nsecond\nthird\n", false),
        ("20", "first\nsecond\nthird\n", false),
    ] {
        for reads in [1, 2, 3, 5, 100] {
            let run = many(1, log).param("max-bytes", most).short_reads(reads).run(gather);
            assert_eq!(run.result, Ok(()));
            assert_eq!(run.entry("shop/web-00/web.log"), kept, "{most} in reads of {reads}");
            let expected = format!(r#""bytes":{},"truncated":{truncated},"status":200"#, kept.len());
            assert!(outcomes(&run)[0].contains(&expected), "{most}: {:?}", outcomes(&run));
        }
    }
    // A log that the node truncated ends within a line.
    let run = many(1, b"first\nsec").run(gather);
    assert!(outcomes(&run)[0].contains(r#""bytes":9,"truncated":true"#), "{:?}", outcomes(&run));
    // Larger than twice the kept bytes, and than one write to the archive.
    let large = b"0123456789abcdef\n".repeat(20_000);
    let run = many(1, &large).param("max-bytes", "150000").param("tail-lines", "20000").run(gather);
    assert_eq!(run.entry("shop/web-00/web.log").as_bytes(), &large[large.len() - 150_000..]);
}

#[test]
fn bounds_leave_out_and_say_so() {
    let run = many(20, b"0123456789\n").param("max-containers", "12").param("tail-lines", "3").run(gather);
    let index = run.entry("index.json");
    assert!(index.starts_with(r#"{"crashLooping":20,"notListed":8,"logs":12,"bytes":132,"#), "{index}");
    assert_eq!((outcomes(&run).len(), run.entries.len(), run.requests.len()), (12, 13, 13));
    assert!(run.requests[1].query.contains("tailLines=3&"), "{:?}", run.requests[1]);

    let run = many(20, b"0123456789\n").param("max-total-bytes", "30").run(gather);
    let index = run.entry("index.json");
    assert!(index.starts_with(r#"{"crashLooping":20,"notListed":0,"logs":3,"bytes":30,"#), "{index}");
    assert_eq!(run.entry("shop/web-02/web.log"), "3456789\n");
    let left_out = r#""log":"none","file":"","bytes":0,"truncated":false,"status":0,"why":"max-total-bytes are used up""#;
    assert_eq!(outcomes(&run)[3..], [left_out; 17]);
    // After the bytes are used up, no further requests are sent.
    assert_eq!((run.requests.len(), run.in_flight), (1 + AHEAD + 2, 0));
}

#[test]
fn several_logs_are_on_their_way_at_once() {
    // With the bytes of one log, only the logs requested before it was read are requested.
    let run = many(20, b"x\n").param("max-total-bytes", "2").run(gather);
    assert_eq!(run.requests.len(), 1 + AHEAD);
}

#[test]
fn a_name_that_is_too_long_for_an_entry() {
    let long = "a".repeat(200);
    let run = Host::new()
        .list(PATH, &format!("[{}]", looping("shop", &long)))
        .body(&log_of("shop", &long, ""), b"x\n")
        .run(gather);
    assert_eq!(run.entry("shop/6b2b61cd-6a6f-4b5a-8f3f-000000000000/web.log"), "x\n");
    assert!(
        run.entry("index.json").contains(r#""file":"shop/6b2b61cd-6a6f-4b5a-8f3f-000000000000/web.log""#)
    );
}

#[test]
fn parameters_are_numbers() {
    for bad in ["", "many", "-1", "1k", "4294967296", "12345678901"] {
        let run = many(1, b"x\n").param("tail-lines", bad).run(gather);
        assert_eq!(run.result, Err(Error::own(1)), "{bad}");
        assert_eq!(run.logs[0].text, "the parameter tail-lines is not a number");
        assert!(run.entries.is_empty() && run.requests.is_empty());
    }
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = Host::new().list(PATH, "[]").run(gather);
    let statuses = "name,restartCount,state(waiting(reason),terminated(reason,exitCode)),lastState(terminated(reason,exitCode))";
    assert_eq!(
        run.requests[0].mask,
        format!(
            "metadata(name,namespace,uid),status(initContainerStatuses({statuses}),containerStatuses({statuses}))"
        )
    );
    assert_eq!(
        run.entry("index.json"),
        r#"{"crashLooping":0,"notListed":0,"logs":0,"bytes":0,"containers":[]}"#
    );
}

#[test]
fn half_a_list_is_no_index_and_no_log() {
    let run = Host::new()
        .list(PATH, &format!("[{}]", looping("shop", "a")))
        .break_after(1, Code::TIMED_OUT)
        .body(&log_of("shop", "a", ""), b"x\n")
        .run(gather);
    assert_eq!(run.result, Err(Error::new(Code::TIMED_OUT)));
    assert!(run.entries.is_empty());
}
