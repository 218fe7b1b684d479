//! Logs of pods, through the API server and a kubelet: each parameter, refusals with their messages, large and slow
//! logs, and the example that collects logs.
//!
//! The expected log is what a simple client gets for the same query, with the known secrets in its lines redacted.

use super::ask::Ask;
use super::{PASSWORD_MARKER, PODS_PATH, Ran, alone, host, run, shared};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tests::apiserver::Server;
use tests::host::Host;
use tests::kubeconfig::Kubeconfig;
use tests::programs;

/// The minute of a log's first line, as text and in seconds: each line is a minute after the one before.
const FIRST_MINUTE: &str = "2026-01-15T08:00:00.000000000Z ";
const FIRST_SECONDS: u64 = 1_768_464_000;

/// What the example takes if it is not told otherwise.
const READ_BYTES: usize = 1 << 20;
const TAIL_LINES: usize = 100;
const MAX_CONTAINERS: usize = 50;

/// A container that has logged something.
struct Place {
    namespace: String,
    pod: String,
    container: String,
}

impl Place {
    fn of(pod: &Value, container: &str) -> Place {
        let text = |name: &str| pod["metadata"][name].as_str().expect(name).to_owned();
        Place { namespace: text("namespace"), pod: text("name"), container: container.into() }
    }

    fn path(&self, query: &str) -> String {
        let Place { namespace, pod, container } = self;
        format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}{query}")
    }

    fn ask(&self, query: &str) -> Ask {
        let query = format!("container={}{query}", self.container);
        Ask::get("", "v1", "pods", &self.pod).namespace(&self.namespace).subresource("log", &query)
    }

    /// What a plain client gets, as it is.
    fn read(&self, server: &Server, query: &str) -> Vec<u8> {
        let path = self.path(query);
        let answer = server.admin().get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.body
    }
}

/// The pods in a state, in the order of the list.
fn pods(server: &Server, state: &str) -> Vec<Value> {
    server.items(&format!("{PODS_PATH}?labelSelector=wagather.test/state={state}"))
}

/// A crash-looping pod whose logs behave like that; with an empty name as they do usually.
fn crash_looping(server: &Server, behaviour: &str) -> Place {
    let annotation = |pod: &Value| pod["metadata"]["annotations"]["wagather.test/logs"].clone();
    let is_one = |pod: &Value| annotation(pod).as_str().unwrap_or_default() == behaviour;
    let pods = pods(server, "crash-loop");
    let pod = pods.iter().find(|pod| is_one(pod)).unwrap_or_else(|| panic!("no pod with {behaviour} logs"));
    Place::of(pod, "main")
}

/// The one JSON Web Token of a log.
fn token(log: &str) -> &str {
    let start = log.find("eyJ").expect("a token");
    log[start..].split('"').next().expect("an end")
}

/// A log as a gatherer may have it.
fn redacted(log: &[u8]) -> String {
    let log = String::from_utf8(log.to_vec()).expect("text");
    let log = if log.contains("eyJ") { log.replace(token(&log), "<redacted>") } else { log };
    log.replace(&format!("till:{PASSWORD_MARKER}"), "<redacted>")
}

fn ask(server: &Server, make: impl Fn(&Path) -> std::path::PathBuf) -> Ran {
    let place = tests::place();
    run(server, host(server, "token.yaml", [make(place.path())]))
}

/// What the host gives for a query, read by the guest and piped, which is the same.
fn both_ways(server: &Server, place: &Place, query: &str) -> String {
    let read = ask(server, |folder| place.ask(query).bytes(folder));
    let piped = ask(server, |folder| place.ask(query).piped(folder));
    let [read, piped] = [&read, &piped].map(|ran| {
        let gathered = ran.gathered().gatherer("ask");
        assert_eq!([&gathered["warnings"], &gathered["errors"]], [&json!([]), &json!([])], "{query}");
        String::from_utf8(ran.gathered().bytes("ask/result").to_vec()).expect("text")
    });
    assert_eq!(read, piped, "{query}");
    piped
}

#[test]
fn each_parameter_chooses_its_part() {
    let server = shared();
    let place = crash_looping(&server, "");
    let whole = both_ways(&server, &place, "");
    assert_eq!(whole, redacted(&place.read(&server, "")));
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    assert!(lines.len() >= 60, "{} lines", lines.len());
    assert!(lines[lines.len() - 3].contains("token=\"<redacted>\""), "{:?}", lines[lines.len() - 3]);
    assert!(lines[lines.len() - 2].contains("postgres://<redacted>@db."), "{:?}", lines[lines.len() - 2]);
    let last = |count: usize| lines[lines.len() - count..].concat();
    // Halfway between two lines, so that it does not matter how long asking takes.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let seconds = now - (FIRST_SECONDS + 9 * 60 + 30);
    for (query, expected) in [
        ("&tailLines=5", last(5)),
        ("&tailLines=0", String::new()),
        ("&tailLines=1000", whole.clone()),
        ("&limitBytes=20", whole[..20].to_owned()),
        ("&tailLines=1&limitBytes=5", lines[lines.len() - 1][..5].to_owned()),
        ("&previous=true", whole.clone()),
        ("&previous=false", whole.clone()),
        ("&timestamps=false&tailLines=2", last(2)),
        ("&timestamps=true&limitBytes=40", format!("{FIRST_MINUTE}{}", &lines[0][..9])),
        ("&sinceTime=2026-01-15T08:50:00Z", lines[50..].concat()),
        ("&sinceTime=2026-01-15T08%3A50%3A00Z", lines[50..].concat()),
        // In a URL a plus is a space, if nobody says otherwise.
        ("&sinceTime=2026-01-15T10:50:00+02:00", lines[50..].concat()),
        ("&sinceTime=2026-01-15T08:50:00.5Z&tailLines=1000", lines[50..].concat()),
        ("&sinceTime=2100-01-01T00:00:00Z", String::new()),
        (&format!("&sinceSeconds={seconds}"), lines[10..].concat()),
        (&format!("&sinceSeconds={seconds}&tailLines=2&previous=true"), last(2)),
    ] {
        assert_eq!(both_ways(&server, &place, query), expected, "{query}");
    }
    let stamped = both_ways(&server, &place, "&timestamps=true");
    assert_eq!(stamped, redacted(&place.read(&server, "&timestamps=true")));
    let without: String = stamped.split_inclusive('\n').map(|line| &line[FIRST_MINUTE.len()..]).collect();
    assert_eq!(without, whole);
}

#[test]
fn another_container_has_another_log() {
    let server = shared();
    let both = |pod: &&Value| pod["spec"]["containers"].as_array().is_some_and(|all| all.len() > 1);
    let pods = pods(&server, "running");
    let pod = pods.iter().find(both).expect("a pod of two containers");
    let containers = pod["spec"]["containers"].as_array().expect("containers");
    let names = containers.iter().map(|container| container["name"].as_str().expect("a name"));
    let logs: Vec<String> = names.map(|name| both_ways(&server, &Place::of(pod, name), "")).collect();
    assert_ne!(logs[0], logs[1]);
    // Which one is the gatherer's to say.
    let (namespace, name) = (Place::of(pod, "").namespace, Place::of(pod, "").pod);
    let unnamed = Ask::get("", "v1", "pods", &name).namespace(&namespace).subresource("log", "tailLines=1");
    let said = format!("HTTP 400: a container name must be specified for pod {name}, choose one of: [");
    ask(&server, |folder| unnamed.piped(folder)).expect_failure(5, &said);
}

#[test]
fn a_token_in_a_log_reaches_nobody() {
    let server = shared();
    let place = crash_looping(&server, "");
    let secret = String::from_utf8(place.read(&server, "")).expect("text");
    let [header, payload, signature] = token(&secret).split('.').collect::<Vec<_>>()[..] else {
        panic!("no token of three parts: {}", token(&secret))
    };
    assert!(secret.contains(PASSWORD_MARKER));
    let folder = tests::place();
    let recording = folder.path().join("recording.har");
    let runs = [
        host(&server, "token.yaml", [place.ask("").bytes(folder.path())]).record(&recording),
        host(&server, "token.yaml", [place.ask("").piped(folder.path())]),
        host(&server, "token.yaml", [programs::guest("crash-logs")]),
    ];
    for host in runs {
        let ran = run(&server, host);
        // That the password is in none of it, `run` has seen.
        for part in [header, payload, signature] {
            assert!(!ran.gathered().mentions(part), "{:?}", ran.gathered().paths());
            assert!(!ran.done.stderr.contains(part));
        }
        let report = &ran.gathered().report()["gatherers"][0]["redacted"];
        assert!(report["tokens"].as_u64() >= Some(1), "{report}");
        assert!(report["urlCredentials"].as_u64() >= Some(1), "{report}");
    }
    let recording = std::fs::read(&recording).expect("a recording");
    for part in [header, payload, signature, PASSWORD_MARKER] {
        assert!(!tests::archive::contains(&recording, part.as_bytes()), "the recording has {part}");
    }
}

#[test]
fn refusals_are_in_the_words_of_who_refused() {
    let server = shared();
    // The node that is not ready has no kubelet that answers.
    let one = |state: &str, is_silent: bool| {
        let pods = pods(&server, state);
        let is_one = |pod: &&Value| (pod["spec"]["nodeName"] == "edge-node-004") == is_silent;
        Place::of(pods.iter().find(is_one).unwrap_or_else(|| panic!("no pod that is {state}")), "main")
    };
    let place = |state: &str| one(state, false);
    for (place, query, said) in [
        // The API server's own.
        (place("unschedulable"), "-not", "HTTP 400: container main-not is not valid for pod "),
        // The kubelet's.
        (place("running"), "&previous=true", r#"HTTP 400: previous terminated container "main" in pod ""#),
        (crash_looping(&server, "no-previous"), "&previous=true", "HTTP 400: previous terminated container"),
        (place("image-pull-back-off"), "", "is waiting to start: trying and failing to pull image"),
        (place("evicted"), "", "is not available"),
        (
            crash_looping(&server, "broken"),
            "",
            "HTTP 500: Internal error occurred: the disk with the log of main",
        ),
        // The API server's, about the kubelet.
        (one("running", true), "", "connection refused"),
    ] {
        let ran = ask(&server, |folder| place.ask(query).piped(folder));
        ran.expect_failure(5, said).expect_failure(5, &format!("get /v1/pods/log in {}: ", place.namespace));
        // A guest that reads bytes gets the server's words itself, and that is no failure.
        let ran = ask(&server, |folder| place.ask(query).bytes(folder));
        let status = ran.gathered().json("ask/result");
        assert_eq!((&status["kind"], &status["status"]), (&json!("Status"), &json!("Failure")));
    }
    let absent = Place { namespace: "team-meteo".into(), pod: "absent".into(), container: "main".into() };
    ask(&server, |folder| absent.ask("").piped(folder))
        .expect_failure(5, r#"HTTP 404: pods "absent" not found"#);
    // A pod that is on no node has said nothing.
    assert_eq!(both_ways(&server, &place("unschedulable"), ""), "");
    // And what the host refuses, nobody is asked for.
    for (query, said) in [
        ("&follow=true", "a log parameter other than container, limitBytes"),
        ("&tailLines=many", "the log's tailLines is not a number"),
        ("&previous=1", "the log's previous is not true or false"),
        ("&sinceTime=yesterday", "the log's sinceTime is not an RFC 3339 timestamp"),
        ("&container=other", "the log's container is given twice"),
    ] {
        let ran = ask(&server, |folder| place("running").ask(query).piped(folder));
        ran.expect_failure(7, said);
        assert_eq!(ran.archive.expect("an archive").gatherer("ask")["requests"], 0, "{query}");
    }
}

/// The most physical memory that the broker has while it pipes or passes on a log, as Linux counts it (`VmHWM`, proc(5)). That
/// only grows, so the last look is the one that counts.
fn peak_kib(server: &Server, guest: &Path) -> (u64, Vec<u8>) {
    const LOOK: &str = r#""$@" & while grep VmHWM: /proc/$!/status >"$PEAK.new"; do mv "$PEAK.new" "$PEAK"; sleep 0.02; done; wait $!"#;
    let folder = tests::place();
    let (peak, output) = (folder.path().join("peak"), folder.path().join("out"));
    let mut shell = Command::new("sh");
    shell.args(["-c", LOOK, "sh"]);
    let host = Host::through(shell, ["run"]).arg(guest).kubeconfig(server.kubeconfig("token.yaml"));
    host.env("PEAK", &peak).output(&output).within(Duration::from_secs(120)).wait().expect_success();
    let line = std::fs::read_to_string(&peak).expect("a look at the broker");
    let kib = line.split_whitespace().nth(1).and_then(|number| number.parse().ok());
    (
        kib.unwrap_or_else(|| panic!("no number: {line}")),
        std::fs::read(output.join("ask/result")).expect("a log"),
    )
}

#[test]
fn a_large_log_takes_no_more_memory_than_a_small_one() {
    const LARGE: usize = 60_000_000;
    let server = shared();
    let (place, folder) = (crash_looping(&server, "large"), tests::place());
    let small = |make: &dyn Fn(&Ask) -> std::path::PathBuf| {
        peak_kib(&server, &make(&place.ask("&limitBytes=300000"))).0
    };
    let expected = place.read(&server, &format!("&limitBytes={LARGE}"));
    assert_eq!(expected.len(), LARGE);
    for make in
        [&(|ask: &Ask| ask.piped(folder.path())) as &dyn Fn(&Ask) -> _, &|ask| ask.bytes(folder.path())]
    {
        let (peak, log) = peak_kib(&server, &make(&place.ask(&format!("&limitBytes={LARGE}"))));
        // The secrets are in the last lines, which this limit leaves out.
        assert!(log == expected, "{} bytes differ from what a plain client got", log.len());
        let usual = small(make);
        assert!(peak < usual + 4096, "{peak} KiB for {LARGE} bytes, {usual} KiB for a few");
    }
}

#[test]
fn a_log_that_is_larger_than_an_entry_is_refused_as_that() {
    let server = shared();
    let place = crash_looping(&server, "large");
    let ran = ask(&server, |folder| place.ask("").piped(folder));
    ran.expect_failure(5, "result: larger than the limit for an entry");
    let archive = ran.archive.expect("an archive");
    assert!(archive.gathered().is_empty(), "{:?}", archive.paths());
}

/// Each of these logs takes above a second, one after the other above ten.
#[test]
fn slow_logs_are_waited_for_together() {
    const CONTAINERS: usize = 8;
    let server = alone();
    let names: Vec<String> = (0..CONTAINERS).map(|number| format!("slow-{number}")).collect();
    let statuses: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({"name": name, "image": "a", "imageID": "", "ready": false, "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"containerID": "cri-o://a", "exitCode": 2, "reason": "Error"}}})
        })
        .collect();
    let containers: Vec<Value> = names.iter().map(|name| json!({"name": name, "image": "a"})).collect();
    let collection = "/api/v1/namespaces/batch-reports/pods";
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a-slow-one", "annotations": {"wagather.test/logs": "slow"}},
        "spec": {"nodeName": "edge-node-000", "automountServiceAccountToken": false, "containers": containers},
    });
    server.admin().create(collection, &pod);
    let path = format!("{collection}/a-slow-one");
    let mut stored = server.get(&path);
    stored["status"] = json!({"phase": "Running", "containerStatuses": statuses});
    let answer = server.admin().send("PUT", &format!("{path}/status"), "application/json", Some(&stored));
    let ran = run(
        &server,
        host(&server, "token.yaml", [programs::guest("crash-logs")])
            .args(["--param", &format!("max-containers={CONTAINERS}")]),
    );
    server.admin().delete(&path);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let index = ran.gathered().json("crash-logs/index.json");
    assert_eq!((&index["logs"], &index["containers"][0]["pod"]), (&json!(CONTAINERS), &json!("a-slow-one")));
    let millis = ran.gathered().gatherer("crash-logs")["durationMs"].as_f64().expect("a time");
    assert!((1_400.0..8_000.0).contains(&millis), "{millis} ms");
}

/// What the example should write, worked out from a plain reading.
fn expected_index(server: &Server, left: &mut BTreeMap<String, String>) -> Value {
    let mut containers = Vec::new();
    let mut crash_looping = 0;
    for pod in server.items(PODS_PATH) {
        let statuses =
            ["initContainerStatuses", "containerStatuses"].map(|kind| pod["status"][kind].as_array());
        for status in statuses.into_iter().flatten().flatten() {
            if status["state"]["waiting"]["reason"] != "CrashLoopBackOff" {
                continue;
            }
            crash_looping += 1;
            if crash_looping > MAX_CONTAINERS {
                continue;
            }
            let place = Place::of(&pod, status["name"].as_str().expect("a name"));
            // With the example's bound, which no log reaches: a kubelet that cannot be had is told with the query.
            let query = format!("&limitBytes={READ_BYTES}&tailLines={TAIL_LINES}");
            let mut answer = server.admin().get(&place.path(&format!("{query}&previous=true")));
            let mut log = "previous";
            if answer.status == 400 {
                answer = server.admin().get(&place.path(&query));
                log = "current";
            }
            let last = &status["lastState"]["terminated"];
            let mut container = json!({
                "namespace": place.namespace, "pod": place.pod, "container": place.container,
                "restarts": status["restartCount"], "lastReason": last["reason"], "lastExitCode": last["exitCode"],
                "log": "none", "file": "", "bytes": 0, "truncated": false, "status": answer.status, "why": "",
            });
            if answer.status == 200 {
                let file = format!("{}/{}/{}.log", place.namespace, place.pod, place.container);
                let text = redacted(&answer.body);
                container["log"] = json!(log);
                container["bytes"] = json!(text.len());
                container["file"] = json!(file);
                left.insert(format!("crash-logs/{file}"), text);
            } else {
                container["why"] = answer.json()["message"].clone();
            }
            containers.push(container);
        }
    }
    json!({
        "crashLooping": crash_looping,
        "notListed": crash_looping - containers.len(),
        "logs": left.len(),
        "bytes": left.values().map(String::len).sum::<usize>(),
        "containers": containers,
    })
}

#[test]
fn the_example_collects_what_a_plain_reading_finds() {
    let server = shared();
    let (place, guest) = (tests::place(), programs::guest("crash-logs"));
    let recording = place.path().join("logs.har");
    let ran = run(&server, host(&server, "token.yaml", [&guest].map(Into::into)).record(&recording));
    let mut logs = BTreeMap::new();
    let index = expected_index(&server, &mut logs);
    assert_eq!(ran.gathered().json("crash-logs/index.json"), index);
    // All that can become of a log is among them.
    let outcomes = index["containers"].as_array().expect("containers");
    for (log, status) in [("previous", 200), ("current", 200), ("none", 400), ("none", 500)] {
        let is_it = |one: &&Value| one["log"] == log && one["status"] == status;
        assert!(outcomes.iter().any(|one| is_it(&one)), "no container with {log} {status}");
    }
    assert!(index["notListed"].as_u64() > Some(0));
    let mut files = ran.gathered().gathered();
    files.remove("crash-logs/index.json");
    let expected: BTreeMap<&str, &[u8]> =
        logs.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    assert!(files == expected, "{:?} are not {:?}", files.keys(), expected.keys());
    let gathered = ran.gathered().gatherer("crash-logs");
    assert_eq!([&gathered["warnings"], &gathered["errors"]], [&json!([]), &json!([])]);
    // Without the cluster it is the same again.
    let again = run(&server, Host::run(&guest).replay(&recording));
    assert_eq!(again.gathered().gathered(), ran.gathered().gathered());
}

#[test]
fn the_example_keeps_within_its_bounds() {
    let server = shared();
    let bounded = |params: &[&str]| {
        let params = params.iter().flat_map(|param| ["--param", *param]);
        let ran = run(&server, host(&server, "token.yaml", [programs::guest("crash-logs")]).args(params));
        let index = ran.gathered().json("crash-logs/index.json");
        (ran, index)
    };
    let (ran, index) = bounded(&["max-containers=3", "tail-lines=2", "max-bytes=100"]);
    let [containers, all] = [&index["containers"], &index["crashLooping"]];
    assert_eq!(containers.as_array().map(Vec::len), Some(3));
    assert_eq!(index["notListed"].as_u64(), all.as_u64().map(|all| all - 3));
    let taken = containers.as_array().expect("containers").iter().filter(|one| one["log"] != "none");
    let taken: Vec<&Value> = taken.collect();
    assert!(!taken.is_empty(), "{containers:#}");
    for container in taken {
        assert_eq!(
            (&container["bytes"], &container["truncated"]),
            (&json!(100), &json!(true)),
            "{container}"
        );
        let file = format!("crash-logs/{}", container["file"].as_str().expect("a file"));
        let log = String::from_utf8_lossy(ran.gathered().bytes(&file));
        assert!(log.ends_with("gives up after 3 tries – Ende\"\n"), "{log}");
    }
    let (ran, index) = bounded(&["max-total-bytes=20000", "max-containers=20"]);
    assert_eq!(index["bytes"], 20_000);
    let left_out = index["containers"].as_array().expect("containers").iter();
    let left_out = left_out.filter(|one| one["why"] == "max-total-bytes are used up").count();
    assert!(left_out >= 10, "{index:#}");
    let asked = ran.gathered().gatherer("crash-logs")["requests"].as_u64().expect("a number");
    assert!(asked < 20, "{asked} requests");
    let ran = run(
        &server,
        host(&server, "token.yaml", [programs::guest("crash-logs")]).args(["--param", "max-bytes=1k"]),
    );
    ran.expect_failure(7, "the parameter max-bytes is not a number");
}

/// The service account may list pods, and read no logs.
#[test]
fn without_the_right_to_logs_the_index_says_so() {
    let server = shared();
    let place = tests::place();
    Kubeconfig::new(server.url())
        .cluster(format!("certificate-authority: {}", server.text("/ca")))
        .user(format!("token: {}", server.text("/service_account/token")))
        .write(place.path());
    let host = Host::run(programs::guest("crash-logs")).kubeconfig(place.path().join("kubeconfig"));
    let ran = run(&server, host.args(["--param", "max-containers=9"]));
    let index = ran.gathered().json("crash-logs/index.json");
    assert_eq!((&index["logs"], &index["bytes"]), (&json!(0), &json!(0)));
    let containers = index["containers"].as_array().expect("containers");
    assert_eq!(containers.len(), 9);
    for container in containers {
        assert_eq!((&container["log"], &container["status"]), (&json!("none"), &json!(403)));
        let why = container["why"].as_str().expect("a reason");
        assert!(why.contains("cannot get resource \"pods/log\""), "{why}");
    }
    // Where the grant says no, the API server is not asked.
    let grant = place.path().join("grant.yaml");
    let rules = "rules: [{verbs: [list], apiGroups: [''], resources: [pods]}]";
    std::fs::write(&grant, format!("apiVersion: wagather/v1\nkind: Grant\n{rules}\n")).expect("a grant");
    let host = self::host(&server, "token.yaml", [programs::guest("crash-logs")]);
    let ran = run(&server, host.arg("--grant").arg(&grant).args(["--param", "max-containers=2"]));
    let archive = ran.archive.as_ref().expect("an archive");
    let statuses = archive.json("crash-logs/index.json")["containers"].take();
    let statuses: Vec<&Value> =
        statuses.as_array().expect("containers").iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [&json!(-1), &json!(-1)]);
    assert_eq!(archive.gatherer("crash-logs")["requests"], 3, "the pages of the list");
}
