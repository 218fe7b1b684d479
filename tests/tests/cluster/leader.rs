//! Replicas of the service on a real API server: they agree on a leader by a Lease, with an account that may write that Lease and nothing else. The
//! objects are those of `docs/serve.md`.

use super::shared;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tests::apiserver::{Client, Server};
use tests::kubeconfig::Kubeconfig;
use tests::{place, processes, programs, workspace};
use wagather_yaml as yaml;

const NAMESPACE: &str = "monitoring";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/monitoring/leases/gatherers";
/// The others wait for 4 s, on a busy machine longer.
const TAKE_OVER: Duration = Duration::from_secs(60);

/// Applies what the page says, and gives a client of the account.
fn account(server: &Server) -> Client {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    server.admin().create("/api/v1/namespaces", &namespace);
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "gatherers"}});
    server.admin().create(&format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts"), &account);
    let page = workspace::read("docs/serve.md");
    let block =
        page.split("```yaml\n").find(|block| block.contains("kind: RoleBinding")).expect("the objects");
    let objects = block.split("```").next().expect("a block");
    for text in objects.split("---\n") {
        let object = yaml::parse(text).expect("YAML").to_json();
        let group = object["apiVersion"].as_str().expect("a version");
        let plural = object["kind"].as_str().expect("a kind").to_lowercase() + "s";
        server.admin().create(&format!("/apis/{group}/namespaces/{NAMESPACE}/{plural}"), &object);
    }
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/gatherers/token");
    let answer = server.admin().send("POST", &path, "application/json", Some(&request));
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    server.admin().with_token(answer.json()["status"]["token"].as_str().expect("a token"))
}

/// A replica that is killed with the test.
struct Replica {
    process: Child,
    socket: PathBuf,
    identity: String,
}

impl Replica {
    fn start(config: &Path, folder: &Path) -> Replica {
        let mut command = Command::new(programs::host_min_serve());
        command.arg(config).arg("--output").arg(folder).args(["--log-format", "json"]);
        let mut process = command.stderr(Stdio::piped()).spawn().expect("the service");
        let mut lines = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        // The rest is read, so that it can be written.
        std::thread::spawn(move || lines.lines().map_while(Result::ok).for_each(drop));
        let mut replica = Replica { process, socket: folder.join("api.sock"), identity: String::new() };
        let begin = Instant::now();
        while replica.identity.is_empty() {
            assert!(begin.elapsed() < TAKE_OVER, "{line}");
            let status = replica.get("/v1/status");
            replica.identity = status["leaderElection"]["identity"].as_str().unwrap_or_default().to_owned();
        }
        replica
    }

    fn ask(&self, words: &[&str]) -> (u16, Value) {
        let output = Command::new("curl")
            .args(["--silent", "--max-time", "60", "--write-out", "\n%{http_code}", "--unix-socket"])
            .arg(&self.socket)
            .args(words)
            .output()
            .expect("curl");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').unwrap_or_default();
        (status.parse().unwrap_or(0), serde_json::from_str(body).unwrap_or_default())
    }

    fn get(&self, path: &str) -> Value {
        self.ask(&[&format!("http://localhost{path}")]).1
    }

    fn leads(&self) -> bool {
        self.get("/v1/status")["leaderElection"]["leads"] == true
    }

    fn run(&self) -> (u16, Value) {
        let body = r#"{"gatherer": "cluster-operators", "waitSeconds": 50}"#;
        self.ask(&["http://localhost/v1/runs", "--header", "Content-Type: application/json", "--data", body])
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < TAKE_OVER, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_replica_takes_over_when_the_leader_is_killed() {
    let server = shared();
    let client = account(&server);
    let place = place();
    let leads = Kubeconfig::new(server.url())
        .cluster(format!("certificate-authority: {}", server.text("/ca")))
        .user(format!("token: {}", client.token()))
        .write(place.path());
    let config = place.path().join("service.yaml");
    let text = format!(
        "apiVersion: wagather/v1\nkind: Service\ncluster: {{kubeconfig: '{}'}}\ngatherers: [{{module: '{}'}}]\n\
         leaderElection: {{lease: {NAMESPACE}/gatherers, leaseDuration: 4s, renewDeadline: 3s, retryPeriod: 500ms, cluster: {{kubeconfig: '{}'}}}}\n",
        server.kubeconfig("token.yaml").display(),
        programs::guest("cluster-operators").display(),
        leads.display(),
    );
    std::fs::write(&config, text).expect("a file");
    let one = Replica::start(&config, &place.path().join("one"));
    until("the first one leads", || one.leads());
    let two = Replica::start(&config, &place.path().join("two"));
    let holder = || server.get(LEASE)["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned();
    until("the second one knows who leads", || two.get("/v1/status")["leaderElection"]["leader"].is_string());
    let (status, run) = one.run();
    assert_eq!((status, &run["state"]), (200, &"complete".into()), "{run}");
    let (status, refused) = two.run();
    assert_eq!((status, &refused["leader"]), (503, &one.identity.as_str().into()), "{refused}");
    assert_eq!(holder(), one.identity);
    let spec = server.get(LEASE)["spec"].clone();
    assert_eq!(spec["leaseDurationSeconds"], 4);
    for key in ["acquireTime", "renewTime"] {
        let time = spec[key].as_str().expect(key);
        assert_eq!(time.len(), "2026-01-02T03:04:05.678901Z".len(), "{key}: {time}");
    }
    let transitions = spec["leaseTransitions"].as_i64().expect("a number");
    // Without a word.
    processes::send("KILL", one.process.id());
    until("the second one leads", || two.leads());
    assert_eq!(holder(), two.identity);
    assert_eq!(server.get(LEASE)["spec"]["leaseTransitions"], transitions + 1);
    let (status, run) = two.run();
    assert_eq!((status, &run["state"]), (200, &"complete".into()), "{run}");
    // With one: a third replica need not wait for the end of the Lease.
    let three = Replica::start(&config, &place.path().join("three"));
    processes::send("TERM", two.process.id());
    until("the third one leads", || three.leads());
    assert_eq!(holder(), three.identity);
    // The account can do that, and nothing else.
    let path = |name: &str| format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases{name}");
    let lease =
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "other"}});
    for (method, path, body) in [
        ("POST", path(""), Some(&lease)),
        ("PUT", path("/other"), Some(&lease)),
        ("GET", path(""), None),
        ("GET", path("/other"), None),
        ("DELETE", path("/gatherers"), None),
        ("GET", "/apis/config.openshift.io/v1/clusteroperators".to_owned(), None),
        ("GET", "/api/v1/pods".to_owned(), None),
    ] {
        let answer = client.send(method, &path, "application/json", body);
        assert_eq!(answer.status, 403, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
    }
}
