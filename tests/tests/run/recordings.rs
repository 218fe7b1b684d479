//! Recordings, and what they must never contain.

use serde_json::Value;
use std::path::Path;
use tests::archive::{Archive, contains};
use tests::certificates::Authority;
use tests::host::Host;
use tests::kubeconfig::Kubeconfig;
use tests::objects::{self, PODS};
use tests::server::{Answer, Server};
use tests::{guest, place, programs};

/// Runs all examples from a recording.
fn replay(recording: &Path, output: &Path) -> Vec<u8> {
    let all: Vec<_> = programs::examples().iter().map(|name| programs::guest(name)).collect();
    let done = Host::run_all(all).replay(recording).output(output).wait();
    done.expect_success();
    done.stdout
}

#[test]
fn a_recording_gives_the_same_archive_again_and_again() {
    let (place, server) = (place(), objects::server().start());
    let path = |name: &str| place.path().join(name);
    let all: Vec<_> = programs::examples().iter().map(|name| programs::guest(name)).collect();
    Host::run_all(&all)
        .server(&server.url())
        .output(path("live"))
        .record(path("run.har"))
        .wait()
        .expect_success();
    drop(server);
    let live = Archive::read(path("live"));

    replay(&path("run.har"), &path("one"));
    replay(&path("run.har"), &path("two"));
    let one = Archive::read(path("one"));
    assert_eq!(one.gathered(), live.gathered(), "a replay gathers what the run gathered");
    assert_eq!(one, Archive::read(path("two")), "two replays give the same bytes, the report's included");
    assert_eq!(one.report()["source"], "recording");

    replay(&path("run.har"), &path("one.tar.gz"));
    replay(&path("run.har"), &path("two.tar.gz"));
    let bytes = std::fs::read(path("one.tar.gz")).expect("an archive");
    assert_eq!(bytes, std::fs::read(path("two.tar.gz")).expect("an archive"), "byte for byte");
    assert_eq!(Archive::from_tar_gz(&bytes), one, "a folder and a .tar.gz hold the same");

    let stdout = replay(&path("run.har"), Path::new("-"));
    assert_eq!(stdout, bytes, "stdout is the same .tar.gz");
}

#[test]
fn a_recording_is_har() {
    let (place, server) = (place(), objects::server().start());
    let recording = place.path().join("run.har");
    let host = Host::run(programs::guest("cluster-operators"))
        .server(&server.url())
        .output(place.path().join("out"));
    host.record(&recording).wait().expect_success();
    let har: Value = serde_json::from_slice(&std::fs::read(&recording).expect("a recording")).expect("JSON");
    let log = &har["log"];
    assert_eq!(log["version"], "1.2");
    // What the specification of HAR 1.2 asks of a log and of an entry.
    assert!(log["creator"]["name"].is_string() && log["creator"]["version"].is_string(), "{log:#}");
    let entry = &log["entries"][0];
    assert!(entry["startedDateTime"].is_string() && entry["time"].is_number(), "{entry:#}");
    for (part, fields) in [
        (
            "request",
            &["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"]
                [..],
        ),
        (
            "response",
            &[
                "status",
                "statusText",
                "httpVersion",
                "cookies",
                "headers",
                "content",
                "redirectURL",
                "headersSize",
                "bodySize",
            ],
        ),
        ("timings", &["send", "wait", "receive"]),
    ] {
        for field in fields {
            assert!(!entry[part][field].is_null(), "{part}.{field} is missing: {entry:#}");
        }
    }
    assert_eq!(entry["request"]["method"], "GET");
    let content = &entry["response"]["content"];
    let text: Value = serde_json::from_str(content["text"].as_str().expect("a body")).expect("JSON");
    assert_eq!(text["items"].as_array().map(Vec::len), Some(3));
}

#[test]
fn the_time_of_a_replay_is_the_recordings() {
    let place = place();
    let module = guest::module(
        "clock",
        &["path /version"],
        r#"(import "wagather_v1" "now" (func $now (result i64)))
        (import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
        (import "wagather_v1" "archive_write" (func $archive_write (param i32 i32 i32) (result i32)))
        (import "wagather_v1" "archive_close" (func $archive_close (param i32) (result i32)))
        (data (i32.const 0) "now")
        (func (export "gather") (result i32) (local $entry i32)
            (i64.store (i32.const 64) (call $now))
            (local.set $entry (call $archive_open (i32.const 0) (i32.const 3)))
            (drop (call $archive_write (local.get $entry) (i32.const 64) (i32.const 8)))
            (call $archive_close (local.get $entry)))"#,
    );
    let module = guest::write(place.path(), "clock", &module);
    let (server, path) = (Server::new().start(), |name: &str| place.path().join(name));
    Host::run(&module)
        .server(&server.url())
        .output(path("live"))
        .record(path("run.har"))
        .wait()
        .expect_success();
    std::thread::sleep(std::time::Duration::from_millis(20));
    Host::run(&module).replay(path("run.har")).output(path("again")).wait().expect_success();
    let (live, again) = (Archive::read(path("live")), Archive::read(path("again")));
    assert_eq!(live.bytes("clock/now"), again.bytes("clock/now"));
    assert_eq!(live.report()["time"], again.report()["time"]);
}

#[test]
fn credentials_are_sent_to_the_server_and_nowhere_else() {
    let (place, authority) = (place(), Authority::new("authority"));
    let canaries = [
        "canary-token-1f2e3d",
        "canary-user",
        "canary-password-4c5b6a",
        "Y2FuYXJ5LXVzZXI6Y2FuYXJ5LXBhc3N3b3JkLTRjNWI2YQ",
    ];
    let basic = format!("{{username: {}, password: {}}}", canaries[1], canaries[2]);
    for (name, user, header) in [
        ("token", format!("token: {}", canaries[0]), format!("Bearer {}", canaries[0])),
        ("basic", basic, format!("Basic {}==", canaries[3])),
    ] {
        let refusal = Answer::status(403, "Forbidden", "pods is forbidden");
        let server = objects::server().on(PODS, refusal).start_tls(&authority.server("127.0.0.1"));
        let user = if name == "basic" { user.trim_matches(['{', '}']).replace(", ", "\n    ") } else { user };
        let kubeconfig = Kubeconfig::new(&server.url())
            .authority(place.path(), &authority.pem())
            .user(user)
            .write(place.path());
        let path = |suffix: &str| place.path().join(format!("{name}{suffix}"));
        let all: Vec<_> = programs::examples().iter().map(|name| programs::guest(name)).collect();
        let done = Host::run_all(all).kubeconfig(kubeconfig).output(path("")).record(path(".har")).wait();
        done.expect_code(9);
        assert!(
            server.seen().iter().all(|seen| seen.header("authorization") == Some(&header)),
            "{:?}",
            server.seen()
        );
        let archive = Archive::read(tests::host::incomplete(&path("")));
        let recording = std::fs::read(path(".har")).expect("a recording");
        for canary in canaries {
            assert!(!done.stderr.contains(canary), "{canary} was said");
            assert!(!archive.mentions(canary), "{canary} is in the archive");
            assert!(!contains(&recording, canary.as_bytes()), "{canary} is in the recording");
        }
        assert!(!contains(&recording, b"uthorization"), "the header is in the recording");
    }
}

#[test]
fn what_a_browser_saved_is_replayed() {
    let place = place();
    let (recording, output) = (place.path().join("saved.har"), place.path().join("out"));
    // As browsers save what `kubectl proxy` and a dashboard showed: no limit, an offset without its colon, a plain body that is
    // called base64, and somebody else's host.
    let entry = |url: &str, content: &str| {
        format!(
            r#"{{"startedDateTime":"2025-01-01T02:00:00.000+0200","time":1.5,"request":{{"method":"GET","url":"{url}"}},"response":{{"status":200,"content":{content}}}}}"#
        )
    };
    let list =
        r#"{\"kind\":\"ClusterOperatorList\",\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"a\"}}]}"#;
    let content =
        format!(r#"{{"size":null,"mimeType":"application/json","encoding":"base64","text":"{list}"}}"#);
    let operators = "http://127.0.0.1:8001/apis/config.openshift.io/v1/clusteroperators";
    let entries = [entry(operators, &content), entry("https://fonts.example/a", r#"{"size":1.5}"#)];
    std::fs::write(&recording, format!(r#"{{"log":{{"entries":[{}]}}}}"#, entries.join(",")))
        .expect("a file");
    let done = Host::run(programs::guest("cluster-operators")).replay(&recording).output(&output).wait();
    done.expect_success();
    assert!(done.stderr.contains("responses of 2 hosts (127.0.0.1:8001, fonts.example)"), "{}", done.stderr);
    let archive = Archive::read(&output);
    assert!(archive.mentions("\"a\""));
    assert_eq!(archive.report()["time"], "2025-01-01T00:00:00.000Z");
}
