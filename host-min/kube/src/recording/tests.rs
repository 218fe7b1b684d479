//! What a source answers, recorded and replayed.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use wagather_archive::Existing;

use serde_json::Value;

use super::*;
use crate::{Accept, Call, Cause, NoAnswer, Response, Source};
use wagather_base::error::Class;
use wagather_json::redact::{Redactor, Rules};

const NOW_MILLIS: i64 = 1_700_000_000_123;

/// Answers each path with its answers in their order.
struct Fake(Mutex<HashMap<&'static str, Vec<Result<Canned, NoAnswer>>>>);

#[derive(Clone)]
struct Canned {
    status: u16,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    then: Option<ErrorKind>,
}

impl Canned {
    fn json(body: &str) -> Canned {
        Canned { status: 200, content_type: Some("application/json"), body: body.into(), then: None }
    }
}

/// Gives at most 7 bytes at a time.
struct Trickle(io::Cursor<Vec<u8>>, Option<ErrorKind>);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(7);
        match (self.0.read(&mut buffer[..len])?, self.1) {
            (0, Some(kind)) => Err(io::Error::new(kind, "it broke")),
            (len, _) => Ok(len),
        }
    }
}

impl Source for Fake {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        let mut all = self.0.lock().expect("no panic");
        let answers = all.get_mut(call.path_and_query.as_str()).expect("a known path");
        let Canned { status, content_type, body, then } = answers.remove(0)?;
        let content_type = content_type.map(str::to_owned);
        Ok(Response {
            status,
            content_type,
            retry_after: None,
            body: Box::new(Trickle(io::Cursor::new(body), then)),
        })
    }

    fn now_millis(&self) -> i64 {
        NOW_MILLIS
    }

    fn is_recording(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        "https://secret.example:6443".into()
    }
}

fn call(path_and_query: &str) -> Call {
    Call { path_and_query: path_and_query.into(), accept: Accept::Json, deadline: Instant::now() }
}

/// All that one can see of an answer.
type Seen = Result<(u16, Option<String>, Vec<u8>, Option<ErrorKind>), NoAnswer>;

fn see(source: &dyn Source, path: &str) -> Seen {
    let mut response = source.send(&call(path))?;
    let mut body = Vec::new();
    let error = response.body.read_to_end(&mut body).err().map(|error| error.kind());
    Ok((response.status, response.content_type, body, error))
}

fn exchanges() -> Vec<(&'static str, Result<Canned, NoAnswer>)> {
    let refused =
        NoAnswer { cause: Cause::Late, reason: "no answer in \"5 s\"".into(), advice: "wait".into() };
    let odd = Canned { content_type: None, body: (0..=255).collect(), ..Canned::json("") };
    let forbidden = Canned { status: 403, ..Canned::json("{\"kind\":\"Status\"}") };
    let cut = Canned { then: Some(ErrorKind::UnexpectedEof), ..Canned::json("{\"items\":[") };
    let slow = Canned { then: Some(ErrorKind::TimedOut), ..Canned::json("{") };
    vec![
        (
            "/api/v1/nodes?limit=500",
            Ok(Canned::json("{\"a\": \"é\\n\\u0000\",\n\t\"b\": \"\u{1}\u{7f}€😀\"}")),
        ),
        ("/api/v1/nodes?limit=500&continue=a%2Fb", Ok(Canned::json(&"[1234567890,\"x\"]".repeat(40_000)))),
        ("/apis/apps/v1/deployments", Ok(forbidden)),
        ("/odd", Ok(odd)),
        ("/empty", Ok(Canned::json(""))),
        ("/cut", Ok(cut)),
        ("/slow", Ok(slow)),
        ("/gone", Err(refused)),
        ("/twice", Ok(Canned::json("1"))),
        ("/twice", Ok(Canned::json("2"))),
    ]
}

fn fake() -> Arc<dyn Source> {
    let mut answers: HashMap<_, Vec<_>> = HashMap::new();
    for (path, answer) in exchanges() {
        answers.entry(path).or_default().push(answer);
    }
    Arc::new(Fake(Mutex::new(answers)))
}

/// A recording of these exchanges.
fn recording_of(exchanges: Vec<(&'static str, Result<Canned, NoAnswer>)>) -> Recording {
    let mut answers: HashMap<_, Vec<_>> = HashMap::new();
    let paths: Vec<&str> = exchanges.iter().map(|(path, _)| *path).collect();
    for (path, answer) in exchanges {
        answers.entry(path).or_default().push(answer);
    }
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("r.har");
    let source = Arc::new(Fake(Mutex::new(answers)));
    let recorder = Recorder::new(source, &path, Existing::Keep, redactor()).expect("free");
    paths.iter().for_each(|path| _ = see(&recorder, path));
    recorder.finish(false).expect("finished");
    Recording::open(&path).expect("a recording")
}

fn record(scratch: &Path) -> (PathBuf, Vec<Seen>) {
    let path = scratch.join("r.har");
    let recorder = Recorder::new(fake(), &path, Existing::Keep, redactor()).expect("free");
    let seen = exchanges().iter().map(|(path, _)| see(&recorder, path)).collect();
    assert!(!path.exists());
    assert_eq!(recorder.finish(false).as_deref(), Ok(path.as_path()));
    assert_eq!(recorder.finish(false).expect_err("once").class, Class::Internal);
    assert_eq!(std::fs::read_dir(scratch).expect("a folder").count(), 1);
    (path, seen)
}

fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new(&Rules::default()))
}

#[test]
fn a_replay_answers_as_the_source_did() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (path, recorded) = record(scratch.path());
    let source = fake();
    let direct: Vec<_> = exchanges().iter().map(|(path, _)| see(&*source, path)).collect();
    assert_eq!(recorded, direct);
    let recording = Recording::open(&path).expect("a recording");
    let replayed: Vec<_> = exchanges().iter().map(|(path, _)| see(&recording, path)).collect();
    assert_eq!(replayed, direct);
    assert_eq!(see(&recording, "/twice"), direct[9], "the last one stays");
    assert_eq!(recording.now_millis(), NOW_MILLIS);
    assert!(recording.is_recording());
    assert_eq!(recording.describe(), "recording");
}

#[test]
fn a_recording_of_a_replay_is_the_same_recording() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (path, _) = record(scratch.path());
    let copy = scratch.path().join("copy.har");
    let recorder = Recorder::new(
        Arc::new(Recording::open(&path).expect("a recording")),
        &copy,
        Existing::Keep,
        redactor(),
    )
    .expect("free");
    // The last requests end first; the order is that of the requests.
    let open: Vec<_> = exchanges().iter().map(|(path, _)| recorder.send(&call(path))).collect();
    for response in open.into_iter().rev().flatten() {
        let mut body = response.body;
        let _ = body.read_to_end(&mut Vec::new());
    }
    recorder.finish(false).expect("finished");
    let load = |path: &Path| {
        let mut har: Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
        for entry in har["log"]["entries"].as_array_mut().expect("entries") {
            for field in ["startedDateTime", "time", "timings"] {
                entry[field] = Value::Null;
            }
        }
        har
    };
    assert_eq!(load(&path), load(&copy));
}

#[test]
fn it_has_what_har_requires_and_nothing_that_identifies_the_server() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (path, _) = record(scratch.path());
    let text = std::fs::read_to_string(path).expect("a file");
    assert!(!text.contains("secret.example"));
    let har: Value = serde_json::from_str(&text).expect("JSON");
    let log = &har["log"];
    assert_eq!(log["version"], "1.2");
    assert!(log["creator"]["name"].is_string() && log["creator"]["version"].is_string());
    let page = &log["pages"][0];
    assert!(page["title"].is_string() && page["pageTimings"].is_object());
    for entry in log["entries"].as_array().expect("entries") {
        assert_eq!(entry["pageref"], page["id"]);
        humantime::parse_rfc3339(entry["startedDateTime"].as_str().expect("a time")).expect("a time");
        let (request, response) = (&entry["request"], &entry["response"]);
        for text in ["method", "url", "httpVersion"] {
            assert!(request[text].is_string(), "{text}");
        }
        for text in ["statusText", "httpVersion", "redirectURL"] {
            assert!(response[text].is_string(), "{text}");
        }
        for message in [request, response] {
            assert!(message["cookies"].is_array() && message["headers"].is_array());
            assert!(message["headersSize"].is_i64() && message["bodySize"].is_i64());
        }
        for pair in request["queryString"].as_array().expect("pairs") {
            assert!(pair["name"].is_string() && pair["value"].is_string());
        }
        assert!(response["status"].is_u64() && entry["cache"].is_object());
        let content = &response["content"];
        assert!(content["size"].is_u64() && content["mimeType"].is_string() && content["text"].is_string());
        let timing = |name: &str| entry["timings"][name].as_u64().expect("milliseconds");
        assert_eq!(entry["time"], timing("send") + timing("wait") + timing("receive"));
    }
}

#[test]
fn a_body_that_was_not_read_to_its_end_is_not_replayed_as_whole() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("r.har");
    let recorder = Recorder::new(fake(), &path, Existing::Keep, redactor()).expect("free");
    let mut response = recorder.send(&call("/api/v1/nodes?limit=500")).expect("an answer");
    response.body.read_exact(&mut [0; 7]).expect("bytes");
    drop(response);
    recorder.finish(false).expect("finished");
    let recording = Recording::open(&path).expect("a recording");
    let mut body = recording.send(&call("/api/v1/nodes?limit=500")).expect("an answer").body;
    let mut read = Vec::new();
    let error = body.read_to_end(&mut read).expect_err("cut");
    assert_eq!(read, b"{\"a\": \"");
    assert!(error.to_string().contains("only the first 7 bytes"), "{error}");
}

/// Answers everything without an end.
struct Endless;

impl Source for Endless {
    fn send(&self, _: &Call) -> Result<Response, NoAnswer> {
        let body = Box::new(io::repeat(b'x'));
        Ok(Response { status: 200, content_type: Some("text/plain".into()), retry_after: None, body })
    }
    fn now_millis(&self) -> i64 {
        NOW_MILLIS
    }
    fn is_recording(&self) -> bool {
        false
    }
    fn describe(&self) -> String {
        "endless".into()
    }
}

#[test]
fn a_recording_has_bounds_and_says_what_it_leaves_out() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("r.har");
    let bounds = recorder::Bounds { body_bytes: 1_000, all_bytes: 4_500 };
    let recorder =
        Recorder::within(bounds, Arc::new(Endless), &path, Existing::Keep, redactor()).expect("free");
    assert_eq!(recorder.left_out(), None);
    for number in 0..30 {
        let mut body = recorder.send(&call(&format!("/version?n={number}"))).expect("an answer").body;
        for _ in 0..50 {
            body.read_exact(&mut [0; 100]).expect("whoever asked has all of it");
        }
    }
    assert!(recorder.left_out().is_some_and(|text| text.starts_with("30 responses are truncated")));
    recorder.finish(false).expect("finished");
    assert!(std::fs::metadata(&path).expect("a recording").len() < 5_000);
    let recording = Recording::open(&path).expect("a recording");
    let mut read = Vec::new();
    let mut body = recording.send(&call("/version?n=0")).expect("an answer").body;
    let error = body.read_to_end(&mut read).expect_err("cut");
    assert_eq!(read, [b'x'; 1_000]);
    assert!(error.to_string().contains("has only the first 1000 bytes of this response"), "{error}");
}

#[test]
fn what_is_not_recorded_is_named_with_what_is_near() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (path, _) = record(scratch.path());
    let recording = Recording::open(&path).expect("a recording");
    let refusal = |path: &str| recording.send(&call(path)).err().expect("a refusal");
    let same = refusal("/api/v1/nodes?labelSelector=a");
    assert!(
        same.reason.contains("no response to /api/v1/nodes?labelSelector=a; for the same resource it has 2"),
        "{same:?}"
    );
    assert!(same.reason.contains("/api/v1/nodes?limit=500"), "{same:?}");
    assert!(same.advice.contains("--chunk-size"), "{same:?}");
    let page = refusal("/api/v1/nodes?limit=500&continue=other");
    assert!(
        page.advice.contains("in the middle of this list") && page.advice.contains("--chunk-size=0"),
        "{page:?}"
    );
    let other = refusal("/api/v1/pods");
    assert!(
        other.reason.contains("it has none for /api/v1/pods, and 9 for other paths, nearest /api/v1/nodes"),
        "{other:?}"
    );
    assert!(other.reason.ends_with(", …") && other.advice.contains("--record"), "{other:?}");
    assert!(refusal(&format!("/{}", "é".repeat(5000))).reason.len() < 1000);
}

/// A recording of answers, each with a URL, the header Accept, and its content as JSON.
fn of_entries(entries: &[(&str, &str, &str)]) -> Recording {
    let entries: Vec<String> = entries
        .iter()
        .map(|(url, accept, content)| {
            format!(
                r#"{{"startedDateTime":"2024-05-01T14:00:00+0200","request":{{"method":"GET","url":"{url}","headers":[{{"name":"accept","value":"{accept}"}}]}},"response":{{"status":200,"content":{{"mimeType":"application/json",{content}}}}}}}"#
            )
        })
        .collect();
    let text = format!(r#"{{"log":{{"entries":[{}]}}}}"#, entries.join(","));
    Recording::of("r.har".into(), text.into_bytes()).expect("a recording")
}

fn body_of(recording: &Recording, path: &str) -> String {
    String::from_utf8(see(recording, path).expect(path).2).expect("text")
}

#[test]
fn a_list_that_another_tool_fetched_is_answered_whatever_its_limit() {
    let token = r#""size":null,"text":"whole""#;
    let recording = of_entries(&[
        ("https://h:6443/api/v1/pods", "*/*", token),
        ("https://h:6443/api/v1/nodes?limit=250", "*/*", r#""size":5.0,"text":"first""#),
        ("https://h:6443/api/v1/nodes?continue=t&limit=250", "*/*", r#""text":"second""#),
        ("https://h:6443/api/v1/events?limit=1", "*/*", r#""text":"one""#),
        ("https://h:6443/api/v1/events?labelSelector=a%20in%20(b)&limit=9", "*/*", r#""text":"labelled""#),
    ]);
    for (path, expected) in [
        ("/api/v1/pods?limit=500", "whole"),
        ("/api/v1/nodes?limit=500", "first"),
        ("/api/v1/nodes?limit=812&continue=t", "second"),
        ("/api/v1/events?limit=500", "one"),
        ("/api/v1/events?limit=500&labelSelector=a%20in%20%28b%29", "labelled"),
    ] {
        assert_eq!(body_of(&recording, path), expected, "{path}");
    }
    assert_eq!(recording.warnings(), [] as [&str; 0]);
    assert_eq!(recording.now_millis(), 1_714_564_800_000);
}

/// As browsers write them: an answer that the browser had already, and one that it no longer waited for.
#[test]
fn what_a_browser_did_not_wait_for_is_no_answer() {
    let recording_of = |url: &str, answers: &[&str]| {
        let entry = |response: &&str| {
            format!(r#"{{"request":{{"method":"GET","url":"{url}"}},"response":{response}}}"#)
        };
        let entries: Vec<String> = answers.iter().map(entry).collect();
        let text = format!(r#"{{"log":{{"entries":[{}]}}}}"#, entries.join(","));
        Recording::of("r.har".into(), text.into_bytes()).expect("a recording")
    };
    let recording = |answers: &[&str]| recording_of("https://h/api/kubernetes/api/v1/pods", answers);
    const OK: &str = r#"{"status":200,"content":{"text":"{}"}}"#;
    const HAD: &str = r#"{"status":304,"content":{"size":0,"text":""}}"#;
    const UNKNOWN: &str = r#"{"status":401,"content":{"text":"{\"kind\":\"Status\"}"}}"#;
    const ABORTED: &str = r#"{"status":0,"content":{},"_error":"net::ERR_ABORTED"}"#;
    for answers in [
        &[HAD, OK][..],
        &[ABORTED, OK],
        &[HAD, ABORTED, OK],
        &[UNKNOWN, OK, UNKNOWN],
        &[OK, HAD],
        &[r#"{"status":304,"content":{"text":"{}"}}"#],
    ] {
        let recording = recording(answers);
        for _ in 0..2 {
            assert_eq!(body_of(&recording, "/api/v1/pods"), "{}", "{answers:?}");
        }
    }
    assert_eq!(see(&recording(&[HAD]), "/api/v1/pods").expect("an answer").0, 304);
    assert_eq!(see(&recording(&[UNKNOWN]), "/api/v1/pods").expect("an answer").0, 401);
    assert_eq!(
        see(&recording(&[ABORTED]), "/api/v1/pods").expect_err("no answer").reason,
        "net::ERR_ABORTED"
    );
    // What we recorded as no answer is replayed as that.
    let ours = r#"{"status":0,"content":{},"_error":"no route","_cause":"final"}"#;
    assert_eq!(see(&recording(&[ours, OK]), "/api/v1/pods").expect_err("no answer").reason, "no route");
    let ours = recording_of(&format!("{ORIGIN}/api/v1/pods"), &[HAD, OK]);
    assert_eq!(see(&ours, "/api/v1/pods").expect("an answer").0, 304);
    assert_eq!(see(&ours, "/api/v1/pods").expect("an answer").0, 200);
}

#[test]
fn a_table_is_no_list_of_objects() {
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let recording = of_entries(&[("https://h/api/v1/pods?limit=500", accept, r#""text":"{}""#)]);
    let refusal = see(&recording, "/api/v1/pods?limit=500").expect_err("a table");
    assert!(
        refusal.reason.contains("'kubectl get' prints") && refusal.advice.contains("-o json"),
        "{refusal:?}"
    );
}

#[test]
fn answers_of_several_hosts_are_told() {
    let entry = |url| (url, "*/*", r#""text":"x""#);
    let recording = of_entries(&[
        entry("https://me:hunter2@prod:6443/api/v1/pods"),
        entry("https://test:6443/api/v1/pods"),
        entry("https://prod:6443/api/v1/nodes"),
        entry("https://a/"),
        entry("https://b/"),
    ]);
    let [warning] = recording.warnings() else { panic!("{:?}", recording.warnings()) };
    assert!(warning.contains("responses of 4 hosts (prod:6443, test:6443, a, …)"), "{warning}");
    assert!(!warning.contains("hunter2"));
}

#[test]
fn bodies_that_are_still_compressed_are_read() {
    use flate2::{Compression, write::GzEncoder};
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    io::Write::write_all(&mut encoder, br#"{"items":[]}"#).expect("memory");
    let gzip = encoder.finish().expect("memory");
    let content =
        |bytes: &[u8]| format!(r#""encoding":"base64","text":"{}""#, wagather_base::base64::encode(bytes));
    let (whole, cut) = (content(&gzip), content(&gzip[..gzip.len() - 9]));
    let recording = of_entries(&[
        ("https://h/whole", "*/*", &whole),
        ("https://h/cut", "*/*", &cut),
        ("https://h/plain", "*/*", r#""encoding":"base64","text":"{\"a\":1}""#),
    ]);
    assert_eq!(body_of(&recording, "/whole"), r#"{"items":[]}"#);
    assert_eq!(see(&recording, "/cut").expect("a head").3, Some(ErrorKind::UnexpectedEof));
    assert_eq!(body_of(&recording, "/plain"), r#"{"a":1}"#);
}

#[test]
fn a_file_that_is_no_recording_is_refused() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("r.har");
    for (content, reason) in [
        (b"{\"log\":\n  7}".as_slice(), "r.har:2:3: invalid type"),
        (b"{\n\"\xFF\"".as_slice(), "r.har:2:2: the file is not UTF-8"),
        (b"".as_slice(), "r.har:1:0: EOF"),
    ] {
        std::fs::write(&path, content).expect("a file");
        let failure = Recording::open(&path).err().expect("refused");
        assert_eq!(failure.class, Class::Config);
        assert!(failure.reason.contains(reason), "{failure}");
        assert!(!failure.advice.is_empty());
    }
    assert!(Recording::open(&scratch.path().join("none.har")).is_err());
    assert!(
        Recorder::new(fake(), &path, Existing::Keep, redactor())
            .err()
            .expect("taken")
            .reason
            .contains("exists")
    );
}

#[test]
fn damaged_bodies_are_told_when_they_are_asked_for() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("r.har");
    let entry = |content: &str| {
        format!(
            "{{\"startedDateTime\":\"2024-05-01T12:00:00Z\",\"request\":{{\"method\":\"GET\",\"url\":\"/a\"}},\
             \"response\":{{\"status\":200,\"content\":{{\"mimeType\":\"\",{content}}}}}}}"
        )
    };
    let entries = [
        entry(r#""size":4"#),
        entry(r#""text":7"#),
        entry(r#""text":"@","encoding":"base64""#),
        entry(r#""text":"\ud800""#),
        entry(r#""text":"AAE","encoding":"base64""#),
        entry(r#""size":0"#),
    ];
    let text = format!("\u{feff}{{\"log\":{{\"entries\":[{}]}}}}", entries.join(",\n"));
    std::fs::write(&path, text).expect("a file");
    let recording = Recording::open(&path).expect("a recording");
    for reason in ["without its body", ":2:", ":3:", ":4:"] {
        let refusal = see(&recording, "/a").expect_err("damaged");
        assert!(refusal.reason.contains(reason), "{refusal:?}");
    }
    assert_eq!(see(&recording, "/a"), Ok((200, None, vec![0, 1], None)));
    assert_eq!(see(&recording, "/a"), Ok((200, None, vec![], None)));
}

#[test]
fn a_failure_to_write_is_told_at_the_end() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("folder");
    std::fs::create_dir(&folder).expect("a folder");
    let recorder = Recorder::new(fake(), &folder.join("r.har"), Existing::Keep, redactor()).expect("free");
    std::fs::remove_dir_all(&folder).expect("removed");
    // More than is held in memory; the guest gets it all the same.
    let seen = see(&recorder, "/api/v1/nodes?limit=500&continue=a%2Fb").expect("an answer");
    assert_eq!((seen.2.len(), seen.3), (16 * 40_000, None));
    assert_eq!(recorder.finish(false).expect_err("no folder").class, Class::Output);
}

#[test]
fn discovery_has_the_lists_of_a_recording_that_has_none() {
    let list = |kind: &str, items: &str| Canned::json(&format!(r#"{{"kind":"{kind}","items":[{items}]}}"#));
    let pod = r#"{"metadata":{"name":"a","namespace":"shop"}}"#;
    let refused = Canned { status: 403, ..Canned::json("{\"kind\":\"Status\"}") };
    let exchanges = [
        ("/api/v1/pods?limit=500", list("PodList", pod)),
        ("/api/v1/pods?limit=500&continue=x", list("PodList", pod)),
        ("/api/v1/events?limit=500&fieldSelector=type%3DWarning", list("EventList", "")),
        ("/api/v1/nodes?limit=500", list("NodeList", r#"{"metadata":{"name":"n"}}"#)),
        ("/api/v1/namespaces/shop/services?limit=500", list("ServiceList", "")),
        ("/api/v1/endpoints?limit=500", refused),
        ("/apis/apps/v1/deployments?limit=500", list("DeploymentList", "")),
        ("/version", Canned::json("{}")),
    ];
    let recorded = recording_of(exchanges.into_iter().map(|(path, canned)| (path, Ok(canned))).collect());
    let found = |path: &str| -> Vec<String> {
        let (status, _, body, _) = see(&recorded, path).expect(path);
        assert_eq!(status, 200);
        let document: Value = serde_json::from_slice(&body).expect("JSON");
        let groups = document["items"].as_array().expect("groups").iter();
        let resources = groups.map(|group| &group["versions"][0]["resources"][0]);
        resources
            .map(|known| {
                format!("{} {} {}", known["resource"], known["responseKind"]["kind"], known["scope"])
            })
            .collect()
    };
    assert_eq!(found("/api"), [r#""nodes" "Node" "Cluster""#, r#""pods" "Pod" "Namespaced""#]);
    assert_eq!(found("/apis"), [r#""deployments" "Deployment" "Cluster""#]);
    assert!(see(&recorded, "/apis/apps/v1").is_err());
    // What was recorded is what the server said.
    let said = recording_of(vec![("/api", Ok(Canned::json("{\"kind\":\"APIVersions\"}")))]);
    assert_eq!(see(&said, "/api").expect("recorded").2, b"{\"kind\":\"APIVersions\"}");
}
