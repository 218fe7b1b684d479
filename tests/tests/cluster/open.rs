//! kubectl at an open archive and at the server that it was gathered from: both print the same.
//!
//! Ages differ, because those of an archive are relative to the gathering, so every length of time is the same one here. The host
//! redacts passwords, so the server's are redacted here. Secrets are not gathered.

use super::ask::Ask;
use super::{PASSWORD_MARKER, host, shared};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tests::apiserver::Server;
use tests::host::Host;
use tests::programs;

/// What is gathered: group, version, resource.
const GATHERED: &[(&str, &str, &str)] = &[
    ("", "v1", "configmaps"),
    ("", "v1", "events"),
    ("", "v1", "namespaces"),
    ("", "v1", "nodes"),
    ("", "v1", "pods"),
    ("", "v1", "limitranges"),
    ("", "v1", "replicationcontrollers"),
    ("", "v1", "resourcequotas"),
    ("", "v1", "serviceaccounts"),
    ("", "v1", "services"),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
    ("apiregistration.k8s.io", "v1", "apiservices"),
    ("apps", "v1", "daemonsets"),
    ("apps", "v1", "deployments"),
    ("apps", "v1", "replicasets"),
    ("apps", "v1", "statefulsets"),
    ("autoscaling", "v2", "horizontalpodautoscalers"),
    ("batch", "v1", "cronjobs"),
    ("batch", "v1", "jobs"),
    ("config.openshift.io", "v1", "clusteroperators"),
    ("coordination.k8s.io", "v1", "leases"),
    ("discovery.k8s.io", "v1", "endpointslices"),
    ("flowcontrol.apiserver.k8s.io", "v1", "flowschemas"),
    ("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations"),
    ("networking.k8s.io", "v1", "servicecidrs"),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "v1", "clusterroles"),
    ("rbac.authorization.k8s.io", "v1", "rolebindings"),
    ("rbac.authorization.k8s.io", "v1", "roles"),
    ("scheduling.k8s.io", "v1", "priorityclasses"),
];

/// The archive of all tests here, made once: objects by the host, and beside them the discovery documents and a log.
fn archive(server: &Server) -> &'static Path {
    static ARCHIVE: OnceLock<tempfile::TempDir> = OnceLock::new();
    ARCHIVE
        .get_or_init(|| {
            let place = tests::place();
            for (number, (group, version, plural)) in GATHERED.iter().enumerate() {
                let guest = Ask::list(group, version, plural).piped(place.path());
                let output = place.path().join(format!("part-{number}"));
                host(server, "token.yaml", [guest.clone()]).output(&output).wait().expect_success();
                std::fs::remove_file(guest).expect("ours");
            }
            for (path, name) in [("/api", "api.json"), ("/apis", "apis.json"), ("/version", "version.yaml")] {
                let accept =
                    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
                let answer = server.admin().send("GET", path, accept, None);
                assert_eq!(answer.status, 200, "{path}");
                std::fs::write(place.path().join(name), answer.body).expect("a file");
            }
            let (namespace, pod) = crashing(server);
            for (which, query) in [("current", ""), ("previous", "&previous=true")] {
                let path = format!(
                    "/api/v1/namespaces/{namespace}/pods/{pod}/log?container=main&timestamps=true{query}"
                );
                let answer = server.admin().get(&path);
                assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
                let folder = place.path().join(format!("namespaces/{namespace}/pods/{pod}/main/main/logs"));
                std::fs::create_dir_all(&folder).expect("a folder");
                std::fs::write(folder.join(format!("{which}.log")), answer.body).expect("a file");
            }
            place
        })
        .path()
}

/// A pod whose container `main` has a log and a previous one: its namespace and name. Some of the server's pods have broken logs.
fn crashing(server: &Server) -> (String, String) {
    let pods = server.items("/api/v1/pods?labelSelector=wagather.test/state=crash-loop");
    let names = pods.iter().map(|pod| {
        let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned();
        (text("/metadata/namespace"), text("/metadata/name"))
    });
    let has_logs = |(namespace, pod): &(String, String)| {
        let log = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?container=main&limitBytes=9");
        ["", "&previous=true"].iter().all(|more| server.admin().get(&format!("{log}{more}")).status == 200)
    };
    names.into_iter().find(has_logs).expect("one has logs")
}

/// What a command did.
#[derive(Debug, PartialEq)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs kubectl at both, in one call each, and compares what it says.
fn same(server: &Server, commands: &[&[&str]]) -> Vec<Said> {
    let place = tests::place();
    let words = |command: &[&str]| -> Vec<String> { command.iter().map(|word| (*word).to_owned()).collect() };
    let script = place.path().join("commands");
    // A command is a line of words that a shell reads.
    let quoted = |word: &String| format!("'{}'", word.replace('\'', r"'\''"));
    let mut lines = String::new();
    for (number, command) in commands.iter().enumerate() {
        let words: Vec<String> = words(command).iter().map(quoted).collect();
        let kubectl = programs::kubectl();
        lines += &format!(
            "'{}' {} >\"$1/{number}.out\" 2>\"$1/{number}.err\"; echo $? >\"$1/{number}.code\"\n",
            kubectl.display(),
            words.join(" ")
        );
    }
    std::fs::write(&script, lines).expect("a script");
    let run = |at: &str, mut command: Command| -> Vec<Said> {
        let folder = place.path().join(at);
        std::fs::create_dir_all(&folder).expect("a folder");
        let done = command
            .args([Path::new("sh"), &script, &folder])
            .env("HOME", &folder)
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        assert!(done.status.success(), "{at}: {}", String::from_utf8_lossy(&done.stderr));
        (0..commands.len()).map(|number| said(&folder, number)).collect()
    };
    let mut at_server = Command::new("env");
    at_server.env("KUBECONFIG", server.kubeconfig("token.yaml"));
    let mut at_archive = Command::new(programs::host_min_view());
    at_archive.arg("open").arg(archive(server)).args(["--exec", "--"]);
    let (expected, found) = (run("server", at_server), run("archive", at_archive));
    // The first difference, errors before all.
    for (command, (expected, found)) in commands.iter().zip(expected.iter().zip(&found)) {
        assert_eq!(found.stderr, expected.stderr, "kubectl {command:?}");
        let lines = expected.stdout.lines().zip(found.stdout.lines());
        for (number, (expected, found)) in lines.enumerate() {
            assert_eq!(found, expected, "line {number} of kubectl {command:?}");
        }
        assert_eq!(found, expected, "kubectl {command:?}");
    }
    found
}

fn said(folder: &Path, number: usize) -> Said {
    let read = |what: &str| std::fs::read_to_string(folder.join(format!("{number}.{what}"))).expect("text");
    Said {
        code: read("code").trim().parse().ok(),
        stdout: comparable(&read("out")),
        stderr: comparable(&read("err")),
    }
}

/// Text without lengths of time, without passwords, and with one blank between words: columns are as wide as their ages.
fn comparable(text: &str) -> String {
    let words = |line: &str| -> String {
        let words = line.split_whitespace().map(|word| {
            let core = word.trim_matches(['(', ')', ',']);
            if is_length_of_time(core) { word.replace(core, "TIME") } else { word.to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    // A rule below a heading is as wide as the heading.
    let text = text.replace(PASSWORD_MARKER, "<redacted>");
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

/// `5m`, `3d4h`, `119s`
fn is_length_of_time(word: &str) -> bool {
    let units = word.chars().filter(|character| "smhdy".contains(*character)).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_first_digit = word.starts_with(|first: char| first.is_ascii_digit());
    is_first_digit
        && (1..=2).contains(&units)
        && units + digits == word.len()
        && !word.ends_with(|last: char| last.is_ascii_digit())
}

#[test]
fn tables_are_those_of_the_server() {
    let server = shared();
    let said = same(
        &server,
        &[
            &["get", "pods", "-A", "-o", "wide"],
            &["get", "pods", "-A", "-o", "wide", "--chunk-size=100", "--show-labels"],
            &["get", "nodes", "-o", "wide"],
            &["get", "ns"],
            &["get", "events", "-A", "-o", "wide"],
            &["get", "events", "-A", "--sort-by", ".lastTimestamp"],
            &["get", "events.v1.events.k8s.io", "-A", "-o", "wide"],
            &["get", "events.v1.events.k8s.io", "-A", "-o", "json"],
            &["get", "deployments,statefulsets,daemonsets,jobs,cronjobs", "-A", "-o", "wide"],
            &["get", "services,endpointslices", "-A", "-o", "wide"],
            &["get", "configmaps,serviceaccounts", "-A"],
            &["get", "clusteroperators"],
            &["get", "co", "-o", "wide"],
            &["get", "crd,apiservices"],
            &["get", "clusterroles,clusterrolebindings", "-o", "wide"],
            &["get", "roles,rolebindings", "-A", "-o", "wide"],
            &["get", "priorityclasses,servicecidrs", "-o", "wide"],
            &["get", "prioritylevelconfigurations"],
        ],
    );
    // Not the same because both are empty.
    let empty: Vec<usize> =
        (0..said.len()).filter(|number| said[*number].stdout.lines().count() < 2).collect();
    assert_eq!(empty, [] as [usize; 0], "{said:?}");
}

#[test]
fn selectors_and_orders_are_those_of_the_server() {
    let server = shared();
    same(
        &server,
        &[
            &["get", "pods", "-A", "-l", "wagather.test/state=crash-loop"],
            &[
                "get",
                "pods",
                "-A",
                "-l",
                "wagather.test/state in (evicted, oom-killed),wagather.test/state!=evicted",
            ],
            &["get", "pods", "-A", "--field-selector", "status.phase!=Running"],
            &["get", "pods", "-A", "--field-selector", "spec.nodeName=edge-node-001,status.phase=Running"],
            &[
                "get",
                "pods",
                "-A",
                "--field-selector",
                "spec.hostNetwork=false,metadata.namespace=team-meteo",
            ],
            &["get", "nodes", "--field-selector", "spec.unschedulable=true"],
            &["get", "events", "-A", "--field-selector", "type=Warning,involvedObject.kind=Pod"],
            &["get", "events.v1.events.k8s.io", "-A", "--field-selector", "type=Warning,regarding.kind=Pod"],
            &["get", "events.v1.events.k8s.io", "-A", "--field-selector", "involvedObject.kind=Pod"],
            &["get", "pods", "-A", "--sort-by", ".status.startTime"],
            &["get", "pods", "-A", "--sort-by", ".spec.nodeName", "-o", "wide"],
            &["get", "pods", "-n", "team-meteo", "-o", "name"],
            &["get", "co", "-o", "jsonpath={.items[*].metadata.name}"],
            &["get", "pods", "-A", "-o", "custom-columns=N:.metadata.name,P:.status.phase"],
            &["get", "nodes", "-o", "yaml"],
            &["get", "co", "dns", "-o", "json"],
        ],
    );
}

#[test]
fn errors_are_those_of_the_server() {
    let server = shared();
    same(
        &server,
        &[
            &["get", "pod", "absent", "-n", "team-meteo"],
            &["get", "node", "absent", "absent-too"],
            &["get", "co", "absent"],
            &["get", "absents"],
            &["get", "absents.example.com", "-A"],
            &["get", "pods", "-A", "--field-selector", "spec.absent=x"],
            &["get", "pods", "-n", "team-meteo", "-l", "wagather.test/state=absent"],
            &["describe", "pod", "absent", "-n", "team-meteo"],
            &["logs", "absent", "-n", "team-meteo"],
            &["get", "--raw", "/api/v1/absents"],
        ],
    );
}

#[test]
fn descriptions_are_those_of_the_server() {
    let server = shared();
    let (namespace, pod) = crashing(&server);
    same(
        &server,
        &[
            &["describe", "pod", &pod, "-n", &namespace],
            &["describe", "pods", "-n", "team-meteo"],
            &["describe", "nodes"],
            &["describe", "deployments", "-A"],
            &["describe", "co", "metrics"],
            &["describe", "ns", "default"],
            &["describe", "svc", "kubernetes"],
        ],
    );
}

#[test]
fn logs_are_those_of_the_server() {
    let server = shared();
    let (namespace, pod) = crashing(&server);
    let logs = |more: &[&'static str]| -> Vec<String> {
        ["logs", &pod, "-n", &namespace, "-c", "main"]
            .into_iter()
            .chain(more.iter().copied())
            .map(String::from)
            .collect()
    };
    let commands: Vec<Vec<String>> = [
        &[][..],
        &["--previous"],
        &["--tail=7"],
        &["--tail=7", "--timestamps"],
        &["--previous", "--since-time=2026-01-15T08:30:00Z"],
        &["--limit-bytes=100"],
        &["--follow"],
    ]
    .into_iter()
    .map(logs)
    .collect();
    let commands: Vec<Vec<&str>> =
        commands.iter().map(|words| words.iter().map(String::as_str).collect()).collect();
    let commands: Vec<&[&str]> = commands.iter().map(Vec::as_slice).collect();
    let said = same(&server, &commands);
    assert!(said[0].stdout.lines().count() >= 60, "{:?}", said[0]);
}

/// The status of a pod says that there is no log. A kubelet says it in these words, and so does the archive.
#[test]
fn reasons_for_no_log_are_those_of_the_server() {
    let server = shared();
    let said_by_server = |selector: &str, query: &str, words: &str| {
        let pods = server.items(&format!("/api/v1/pods?labelSelector=wagather.test/state={selector}"));
        let names = pods.iter().map(|pod| {
            ["namespace", "name"].map(|field| pod["metadata"][field].as_str().expect("a text").to_owned())
        });
        let has_no_log = |[namespace, pod]: &[String; 2]| {
            let log = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?container=main{query}");
            let answer = server.admin().get(&log);
            answer.status == 400 && String::from_utf8_lossy(&answer.body).contains(words)
        };
        names.into_iter().find(has_no_log).unwrap_or_else(|| panic!("a kubelet says {words:?}"))
    };
    let [of_pulling, pulling] = said_by_server("image-pull-back-off", "", "failing to pull image");
    let [of_running, running] = said_by_server("running", "&previous=true", "not found");
    same(
        &server,
        &[
            &["logs", &pulling, "-n", &of_pulling, "-c", "main"],
            &["logs", &running, "-n", &of_running, "-c", "main", "--previous"],
        ],
    );
}

#[test]
fn discovery_is_that_of_the_server() {
    let server = shared();
    same(
        &server,
        &[
            &["api-resources", "--sort-by=name"],
            &["api-resources", "--api-group=apps", "--no-headers"],
            &["api-versions"],
            &["get", "all", "-n", "team-meteo"],
            &["version", "-o", "json", "--client=false"],
            &["explain", "clusteroperators.status.conditions", "--recursive"],
            &["auth", "can-i", "list", "pods", "-A"],
            &["auth", "can-i", "get", "pods/web", "-n", "team-meteo", "--subresource=log"],
            &["auth", "can-i", "watch", "nodes"],
            &["auth", "can-i", "list", "events.events.k8s.io"],
            &["get", "--raw", "/version/"],
            &["get", "--raw", "/healthz/"],
            &["get", "--raw", "/openapi/v3/"],
        ],
    );
}

/// kubectl says why, where the server has an answer that an archive cannot have.
#[test]
fn what_was_not_gathered_is_said() {
    let server = shared();
    for (words, code, stdout, stderr) in [
        (&["get", "secrets", "-A"][..], 1, "", "(Forbidden): secrets were not gathered;"),
        (&["auth", "can-i", "list", "secrets"], 1, "no - secrets were not gathered;", ""),
        (&["auth", "can-i", "delete", "pods"], 1, "no - an archive can only be read", ""),
        (&["auth", "can-i", "--list"], 0, "clusteroperators.config.openshift.io", ""),
        (
            &["get", "nodes", "edge-node-001", "--subresource=proxy"],
            1,
            "",
            "\"proxy\" of nodes \"edge-node-001\" was not gathered",
        ),
        (&["explain", "pods.spec"], 0, "the archive has no description of its fields", ""),
    ] {
        let done = Host::of(Command::new(programs::host_min_view()))
            .arg("open")
            .arg(archive(&server))
            .args(["--exec", "--"])
            .arg(programs::kubectl())
            .args(words)
            .wait();
        assert_eq!(done.code(), code, "{words:?}: {}", done.stderr);
        assert!(done.stdout_text().contains(stdout), "{words:?}: {}", done.stdout_text());
        assert!(done.stderr.contains(stderr), "{words:?}: {}", done.stderr);
        assert!(!done.stdout_text().contains("secrets  "), "{words:?}: {}", done.stdout_text());
    }
}

#[test]
fn nothing_is_changed() {
    let server = shared();
    let place = tests::place();
    let list = place.path().join("list.json");
    let node = serde_json::json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "edge-node-001", "labels": {"a": "b"}}});
    std::fs::write(
        &list,
        serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [node]}).to_string(),
    )
    .expect("a file");
    let list = list.to_str().expect("UTF-8");
    for words in [
        &["label", "node", "edge-node-001", "a=b"][..],
        // What `kubectl get` printed, and somebody edited.
        &["apply", "-f", list],
        &["apply", "--server-side", "-f", list],
        &["diff", "-f", list],
    ] {
        let done = Host::of(Command::new(programs::host_min_view()))
            .arg("open")
            .arg(archive(&server))
            .args(["--exec", "--"])
            .arg(programs::kubectl())
            .args(words)
            .wait();
        assert_ne!(done.code(), 0, "{words:?}");
        assert!(
            done.stderr.contains("this server shows an archive, which nothing can change"),
            "{words:?}: {}",
            done.stderr
        );
    }
}
