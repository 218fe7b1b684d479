//! kubectl, and a namespace to work in.

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tests::host::Host;
use tests::programs;

/// Nothing here takes so long: an image is there, a pod starts within seconds. A busy machine is slow, not broken.
const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(200);

/// What a command said.
pub(super) struct Said {
    pub(super) succeeded: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Calls kubectl with a standard input.
pub(super) fn kubectl_given(input: &str, words: &[&str]) -> Said {
    let begin = Instant::now();
    loop {
        let said = kubectl_once(input, words);
        // It gives up after ten seconds in which a busy API server took no connection. Nothing was asked then.
        if said.succeeded || !said.stderr.contains("TLS handshake timeout") || begin.elapsed() >= LIMIT {
            return said;
        }
    }
}

fn kubectl_once(input: &str, words: &[&str]) -> Said {
    assert!(std::env::var_os("WAGATHER_NODE").is_some(), "there is no node: run `make test-node`");
    let mut child = Command::new("kubectl")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kubectl reads");
    let output = child.wait_with_output().expect("kubectl");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { succeeded: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Calls kubectl, which must succeed.
pub(super) fn kubectl(words: &[&str]) -> String {
    let said = kubectl_given("", words);
    assert!(said.succeeded, "kubectl {words:?}: {}", said.stderr);
    said.stdout
}

/// What `kubectl get` has to say, as JSON.
pub(super) fn get(words: &[&str]) -> Value {
    let text = kubectl(&[&["get", "--output", "json"], words].concat());
    serde_json::from_str(&text).expect("JSON")
}

/// Waits until there is something; if it does not come, `context` says what there is instead.
pub(super) fn until<T>(what: &str, context: impl Fn() -> String, find: impl Fn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(begin.elapsed() < LIMIT, "not within {} s: {what}\n{}", LIMIT.as_secs(), context());
        std::thread::sleep(PAUSE);
    }
}

/// A namespace of the cluster, in which `restricted` is enforced. Its volumes are folders of the node. It goes away with the
/// value, and the volumes with the cell.
pub(super) struct Namespace {
    pub(super) name: &'static str,
}

impl Namespace {
    pub(super) fn new(name: &'static str) -> Namespace {
        kubectl(&["create", "namespace", name]);
        let levels = ["enforce", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}=restricted"));
        kubectl(&["label", "namespace", name, &levels[0], &levels[1]]);
        let namespace = Namespace { name };
        namespace.until_account();
        namespace
    }

    /// Waits for the default account: no pod is admitted before the controller has made it.
    pub(super) fn until_account(&self) {
        let account = || kubectl_given("", &["get", "serviceaccount", "default", "--namespace", self.name]);
        until("the default account", || account().stderr, || account().succeeded.then_some(()));
    }

    /// A namespace that `host-min deploy` makes.
    pub(super) fn of_deployment(name: &'static str) -> Namespace {
        Namespace { name }
    }

    /// Calls kubectl in this namespace; it must succeed.
    pub(super) fn kubectl(&self, words: &[&str]) -> String {
        kubectl(&[words, &["--namespace", self.name]].concat())
    }

    /// What `kubectl get` says of this namespace.
    pub(super) fn get(&self, words: &[&str]) -> Value {
        get(&[words, &["--namespace", self.name]].concat())
    }

    /// Applies objects. The API server has nothing to say against them, not as a warning either.
    pub(super) fn apply(&self, objects: &str) {
        let said = kubectl_given(objects, &["apply", "--namespace", self.name, "--filename", "-"]);
        assert!(said.succeeded && said.stderr.is_empty(), "{}\n{objects}", said.stderr);
    }

    /// A claim of a volume, and the folder of the node that the volume is.
    pub(super) fn claim(&self, claim: &str) -> PathBuf {
        let folder = self.volume(claim);
        self.apply(
            &json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "64Mi"}}},
            })
            .to_string(),
        );
        folder
    }

    /// A volume for a claim of that name. It is a local one, to which a pod's `fsGroup` applies as to a disk.
    pub(super) fn volume(&self, claim: &str) -> PathBuf {
        let folder = Path::new("/run/node/volumes").join(self.name).join(claim);
        std::fs::create_dir_all(&folder).expect("a folder");
        let node = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": ["node"]});
        self.apply(
            &json!({
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("{}-{claim}", self.name)},
                "spec": {
                    "capacity": {"storage": "64Gi"}, "accessModes": ["ReadWriteOnce", "ReadWriteMany"], "local": {"path": folder},
                    "claimRef": {"namespace": self.name, "name": claim},
                    "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}},
                },
            })
            .to_string(),
        );
        folder
    }

    /// What `host-min rbac` prints for the guests, with the namespace's name for the account too, since roles are the cluster's.
    pub(super) fn rights(&self, guests: &[&str]) -> Vec<Value> {
        let words = ["rbac", "--name", self.name, "--namespace", self.name];
        let host = Host::new(words).args(guests.iter().map(|guest| programs::guest(guest)));
        let text = host.wait().expect_success().stdout_text();
        text.split("---\n").map(|document| wagather_yaml::parse(document).expect("YAML").to_json()).collect()
    }

    /// The account of the guests, applied.
    pub(super) fn account(&self, guests: &[&str]) {
        self.rights(guests).iter().for_each(|object| self.apply(&object.to_string()));
    }

    /// The guests in the ConfigMap `modules`.
    pub(super) fn modules(&self, guests: &[&str]) {
        let files = guests.iter().map(|guest| format!("--from-file={}", programs::guest(guest).display()));
        let files: Vec<String> = files.collect();
        let words =
            [&["create", "configmap", "modules"][..], &files.iter().map(String::as_str).collect::<Vec<_>>()];
        self.kubectl(&words.concat());
    }

    /// Everything that is known about the pods of this namespace, for the message of a failed test.
    pub(super) fn described(&self) -> String {
        let of = |words: &[&str]| kubectl_given("", &[words, &["--namespace", self.name]].concat()).stdout;
        let described = of(&["describe", "jobs,pods"]);
        let events = of(&["get", "events", "--sort-by=.lastTimestamp"]);
        let logs = of(&[
            "logs",
            "--selector=wagather.test/one=of-ours",
            "--all-containers",
            "--prefix",
            "--tail=20",
        ]);
        format!("{described}\n{events}\n{logs}")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        kubectl_given("", &["delete", "namespace", self.name, "--wait=false"]);
    }
}
