//! From what is to run to the objects that run it: pure functions, without files and terminals.

use super::file::{Content, File};
use super::template::Values;
use super::upload::{UPLOAD, Upload};
use std::fmt::Write as _;
use std::time::Duration;
use wagather_base::base64;
use wagather_base::limits::{MAX_ITEM_BYTES, MIN_HELD_BYTES};
use wagather_yaml::scalar;

/// What is to run in the cluster, and where.
#[derive(Debug)]
pub(super) struct Deployment {
    /// The name of all objects.
    pub(super) name: String,
    /// Their namespace.
    pub(super) namespace: String,
    /// Whether the namespace is made, too.
    pub(super) creates_namespace: bool,
    /// The account, its roles and their bindings, as YAML.
    pub(super) account: String,
    /// Whether the gatherers read anything from the API server.
    pub(super) needs_a_server: bool,
    /// When it runs.
    pub(super) when: When,
    /// How many pods share the namespaces, if several do.
    pub(super) shards: Option<u32>,
    /// The image of the host, and how it is pulled.
    pub(super) image: String,
    pub(super) pull_policy: Option<String>,
    pub(super) pull_secrets: Vec<String>,
    /// The files that the host reads, unless an image has the modules.
    pub(super) files: Vec<File>,
    /// The image with the modules, and the folder of each in it.
    pub(super) modules_image: Option<String>,
    /// Where the modules are in the pod.
    pub(super) modules: Vec<String>,
    /// The grant's place in the pod.
    pub(super) grant: Option<String>,
    /// Where the run writes its archives, as options of `run`.
    pub(super) outputs: Vec<String>,
    /// Other options of `run`, with the paths of the pod.
    pub(super) options: Vec<String>,
    /// How archives are uploaded, if they are.
    pub(super) upload: Option<Upload>,
    /// Where archives are kept.
    pub(super) archives: Archives,
    /// Whom the pod may talk to.
    pub(super) egress: Egress,
    /// What each gatherer may use, and how many run at the same time.
    pub(super) memory_bytes: u64,
    pub(super) time: Duration,
    pub(super) gatherers: u64,
    pub(super) parallel: u64,
    /// How long a finished Job is kept.
    pub(super) ttl: Duration,
    /// Whether the cluster chooses the user, as OpenShift does.
    pub(super) is_openshift: bool,
}

/// When gatherers run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Once, as soon as it is applied.
    Once,
    /// On a schedule, in a time zone if one is named.
    Schedule(String, Option<String>),
    /// Once on each node, also on those that join the cluster later.
    OnEachNode,
}

/// Where archives are kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Archives {
    /// In a claim that exists.
    Claim(String),
    /// In a claim that is made.
    NewClaim { storage: String, class: Option<String> },
    /// As long as the pod exists.
    InPod,
}

/// Whom the pod may talk to.
#[derive(Debug, Default)]
pub(super) struct Egress {
    /// The API server's addresses; any if none is known.
    pub(super) api_server: Vec<String>,
    /// The API server's ports.
    pub(super) api_server_ports: Vec<u16>,
    /// The addresses of the upload server; any if none is known.
    pub(super) upload: Vec<String>,
    /// Its ports; that of its URL if none is named.
    pub(super) upload_ports: Vec<u16>,
}

/// An object, or several that belong together.
#[derive(Debug)]
pub(super) struct Document {
    /// Its file in a folder for kustomize.
    pub(super) file: &'static str,
    /// Its YAML.
    pub(super) text: String,
}

/// Where the files of the ConfigMap are in the pod.
pub(super) const GATHERERS: &str = "/gatherers";
/// Where the grant is if an image has the modules.
pub(super) const GRANT: &str = "/grant";
/// Where archives are written.
pub(super) const ARCHIVES: &str = "/archives";
/// The parameter of gatherers for the name of the pod's node.
pub(super) const NODE_PARAM: &str = "node";
/// From where a pod knows it.
const NODE_NAME: &str = "- name: NODE_NAME\n  valueFrom:\n    fieldRef:\n      fieldPath: spec.nodeName\n";
/// How often a pod that failed is replaced.
const RETRIES: u64 = 3;
/// The user of the image.
const USER: u64 = 65532;
/// What the host needs besides its gatherers: its own memory, connections, and the archive's buffers.
const HOST_BYTES: u64 = 32 << 20;
/// What a gatherer needs besides its own memory: answers that it has not taken yet, and an item that is being read.
const HELD_BYTES: u64 = MIN_HELD_BYTES + MAX_ITEM_BYTES as u64;
/// What the host and a small gatherer use.
const SMALL_HOST_BYTES: u64 = 8 << 20;
const SMALL_GATHERER_BYTES: u64 = 4 << 20;
/// Time to pull images, start, and write the archive, beyond the gatherers' own.
const START_SECONDS: u64 = 120;

impl Deployment {
    /// All objects, in the order in which they are to be applied.
    pub(super) fn documents(&self) -> Vec<Document> {
        let values = self.values();
        let mut documents = Vec::new();
        let mut add = |file, text| documents.push(Document { file, text });
        if self.creates_namespace {
            add("namespace.yaml", values.fill(include_str!("templates/namespace.yaml")));
        }
        add("account.yaml", self.account.clone());
        if !self.files.is_empty() {
            add(FILES, values.fill(include_str!("templates/files.yaml")));
        }
        if self.has_secret() {
            add(SECRET, values.fill(include_str!("templates/secret.yaml")));
        }
        if let Archives::NewClaim { .. } = self.archives {
            add("claim.yaml", values.fill(include_str!("templates/claim.yaml")));
        }
        add("network-policy.yaml", values.fill(include_str!("templates/network-policy.yaml")));
        match self.when {
            When::Once => add("job.yaml", values.fill(include_str!("templates/job.yaml"))),
            When::Schedule(..) => add("cron-job.yaml", values.fill(include_str!("templates/cron-job.yaml"))),
            When::OnEachNode => {
                add("daemon-set.yaml", values.fill(include_str!("templates/daemon-set.yaml")));
            }
        }
        documents
    }

    /// The kustomization over these files.
    pub(super) fn kustomization(&self, documents: &[Document]) -> String {
        let mut values = Values::default();
        let files = documents.iter().filter(|document| !document.is_of_files());
        values.block("resources", files.map(|document| format!("- {}\n", document.file)).collect());
        if !self.files.is_empty() {
            let mut generator = Values::default();
            generator.text("name", &*self.name);
            generator.text("namespace", &*self.namespace);
            generator.text("version", env!("CARGO_PKG_VERSION"));
            generator.filled("labels", include_str!("templates/labels.yaml"));
            let names = self.files.iter().map(|file| format!("- {}\n", scalar(&file.name)));
            generator.block("files", names.collect());
            values.filled_by(&generator, "generator", GENERATOR);
        }
        values.fill(include_str!("templates/kustomization.yaml"))
    }

    /// The words with which the host is called.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec!["run".to_owned()];
        words.extend(self.modules.iter().map(|module| literal(module)));
        words.extend(self.grant.iter().map(|grant| literal(&format!("--grant={grant}"))));
        words.extend_from_slice(&self.outputs);
        if let Some(shards) = self.shards {
            words.push(format!("--shard=$(JOB_COMPLETION_INDEX)/{shards}"));
        }
        if self.when == When::OnEachNode {
            words.extend([format!("--param={NODE_PARAM}=$(NODE_NAME)"), "--stay".into()]);
        }
        words.push("--log-format=json".into());
        words.extend(self.options.iter().map(|option| literal(option)));
        words
    }

    fn values(&self) -> Values {
        let mut values = Values::default();
        values.text("name", &*self.name);
        values.text("namespace", &*self.namespace);
        values.text("version", env!("CARGO_PKG_VERSION"));
        values.filled("labels", include_str!("templates/labels.yaml"));
        values.filled("metadata", include_str!("templates/metadata.yaml"));
        values.block("data", data(&self.files));
        self.add_claim(&mut values);
        values.text("secret", self.secret());
        values.block("secrets", self.upload.as_ref().map(Upload::data).unwrap_or_default());
        values.block("egress", self.egress());
        self.add_pod(&mut values);
        self.add_job(&mut values);
        values
    }

    fn add_claim(&self, values: &mut Values) {
        if let Some(claim) = self.claim() {
            values.text("claim", claim);
        }
        // A volume that several nodes mount, if several pods write into it.
        let several = self.shards.is_some() || self.when == When::OnEachNode;
        let mode = if several { "ReadWriteMany" } else { "ReadWriteOnce" };
        values.text("access-mode", mode);
        if let Archives::NewClaim { storage, class } = &self.archives {
            values.text("storage", &**storage);
            if let Some(class) = class {
                values.text("storage-class", &**class);
            }
        }
    }

    fn claim(&self) -> Option<String> {
        match &self.archives {
            Archives::Claim(name) => Some(name.clone()),
            Archives::NewClaim { .. } => Some(format!("{}-archives", self.name)),
            Archives::InPod => None,
        }
    }

    fn secret(&self) -> String {
        format!("{}-upload", self.name)
    }

    fn has_secret(&self) -> bool {
        self.upload.as_ref().is_some_and(|upload| !upload.secrets().is_empty())
    }

    fn egress(&self) -> String {
        let Egress { api_server, api_server_ports, upload, upload_ports } = &self.egress;
        let mut rules = String::new();
        if self.needs_a_server {
            rules += "# The API server.\n";
            rule(&mut rules, api_server, api_server_ports.iter().map(|port| ("TCP", *port)));
        }
        if let Some(Upload { to, .. }) = &self.upload {
            let of_url = [to.port()];
            let ports = if upload_ports.is_empty() { &of_url[..] } else { upload_ports };
            rules += "# The server of --upload.\n";
            rule(&mut rules, upload, ports.iter().map(|port| ("TCP", *port)));
            if to.has_name() {
                // OpenShift's servers listen on another port behind that of their Service.
                let ports = if self.is_openshift { &[53, 5353][..] } else { &[53] };
                rules += "# The look-up of its name.\n";
                rule(&mut rules, &[], ports.iter().flat_map(|port| [("UDP", *port), ("TCP", *port)]));
            }
        }
        match &*rules {
            "" => "egress: []\n".into(),
            rules => rules.lines().fold("egress:\n".into(), |all, line| all + "  " + line + "\n"),
        }
    }

    fn add_pod(&self, values: &mut Values) {
        values.text("image", &*self.image);
        if self.when == When::OnEachNode {
            values.block("tolerations", "tolerations:\n  - operator: Exists\n".into());
            values.block("node-name", NODE_NAME.into());
        }
        // The pods of a DaemonSet can have no other policy.
        let restarts = if self.when == When::OnEachNode { "Always" } else { "Never" };
        values.block("restart-policy", format!("restartPolicy: {restarts}\n"));
        if let Some(policy) = &self.pull_policy {
            values.text("pull-policy", &**policy);
        }
        if !self.pull_secrets.is_empty() {
            let names = self.pull_secrets.iter().map(|name| format!("  - name: {}\n", scalar(name)));
            values.block("pull-secrets", format!("imagePullSecrets:\n{}", names.collect::<String>()));
        }
        if !self.is_openshift {
            values.number("user", USER);
        }
        let words = self.words();
        values.block("args", words.iter().map(|word| format!("- {}\n", scalar(word))).collect());
        let running = self.parallel.min(self.gatherers);
        values.text("memory-request", mebibytes(SMALL_HOST_BYTES + running * SMALL_GATHERER_BYTES));
        values.text("memory-limit", mebibytes(HOST_BYTES + running * (self.memory_bytes + HELD_BYTES)));
        let (mut mounts, mut volumes) = (String::new(), String::new());
        let mut add = |name: &str, path: &str, is_read_only: bool, source: String| {
            let read_only = if is_read_only { "  readOnly: true\n" } else { "" };
            _ = write!(mounts, "- name: {name}\n  mountPath: {path}\n{read_only}");
            _ = write!(volumes, "- name: {name}\n{source}");
        };
        let files = format!("  configMap:\n    name: {}\n", scalar(&self.name));
        match &self.modules_image {
            None => add("gatherers", GATHERERS, true, files),
            Some(image) => {
                let source =
                    format!("  image:\n    reference: {}\n    pullPolicy: IfNotPresent\n", scalar(image));
                add("gatherers", GATHERERS, true, source);
                if !self.files.is_empty() {
                    add("grant", GRANT, true, files);
                }
            }
        }
        if self.has_secret() {
            let secret = format!("  secret:\n    secretName: {}\n", scalar(&self.secret()));
            add("upload", UPLOAD, true, secret);
        }
        let archives = match self.claim() {
            Some(claim) => format!("  persistentVolumeClaim:\n    claimName: {}\n", scalar(&claim)),
            None => "  emptyDir: {}\n".into(),
        };
        add("archives", ARCHIVES, false, archives);
        values.block("mounts", mounts);
        values.block("volumes", volumes);
        values.filled("pod", include_str!("templates/pod.yaml"));
    }

    fn add_job(&self, values: &mut Values) {
        match self.shards {
            None => {
                values.number("retries", RETRIES);
                values.text("on-gaps", "FailJob");
            }
            Some(shards) => {
                values.text("completion-mode", "Indexed");
                values.number("shards", shards.into());
                values.number("retries-per-index", RETRIES);
                values.text("on-gaps", "FailIndex");
            }
        }
        let (why_final, codes) = match self.archives {
            Archives::InPod => (
                "The archive is delivered. It lacks what the cluster does not have. A retry gathers the same.\n",
                "[8]\n",
            ),
            _ => (
                "The archive is written. It lacks what the cluster does not have, or was not delivered. A retry gathers again.\n",
                "[8, 10]\n",
            ),
        };
        values.block("why-final", why_final.into());
        values.block("final", codes.into());
        let rounds = self.gatherers.div_ceil(self.parallel.max(1));
        let upload = self.upload.as_ref().map_or(0, |upload| upload.timeout.as_secs());
        let more = START_SECONDS.saturating_add(upload);
        let once = self.time.as_secs().saturating_mul(rounds).saturating_add(more);
        values.number("deadline", once.saturating_mul(1 + RETRIES));
        values.number("ttl", self.ttl.as_secs());
        if let When::Schedule(schedule, zone) = &self.when {
            values.text("schedule", &**schedule);
            if let Some(zone) = zone {
                values.text("time-zone", &**zone);
            }
        }
        values.filled("job-spec", include_str!("templates/job-spec.yaml"));
    }
}

impl Document {
    /// Whether it is the ConfigMap, which kustomize makes itself.
    pub(super) fn is_of_files(&self) -> bool {
        self.file == FILES
    }
}

/// The file of the ConfigMap, which kustomize makes itself.
const FILES: &str = "files.yaml";
/// The file of the Secret.
pub(super) const SECRET: &str = "secret.yaml";

/// What kustomize makes the ConfigMap of. Its name gets a hash, so that a change of a module changes the Job.
const GENERATOR: &str = "\
configMapGenerator:
  - name: {{name}}
    namespace: {{namespace}}
    files:
      {{files}}
    options:
      labels:
        {{labels}}
";

/// The files as a ConfigMap has them.
fn data(files: &[File]) -> String {
    let (mut texts, mut bytes) = (String::new(), String::new());
    for File { name, content } in files {
        let name = scalar(name);
        _ = match content {
            Content::Text(text) if is_literal(text) => {
                let lines = text
                    .lines()
                    .map(|line| if line.is_empty() { "\n".into() } else { format!("    {line}\n") });
                write!(texts, "  {name}: |\n{}", lines.collect::<String>())
            }
            Content::Text(text) => writeln!(texts, "  {name}: {}", scalar(text)),
            Content::Bytes(content) => writeln!(bytes, "  {name}: {}", base64::encode(content)),
        };
    }
    let section = |name, lines: String| if lines.is_empty() { lines } else { format!("{name}:\n{lines}") };
    section("data", texts) + &section("binaryData", bytes)
}

/// Whether a text comes back whole from a block of YAML: lines that end in a line feed, of which the first that is not empty is not indented.
fn is_literal(text: &str) -> bool {
    let first = text.lines().find(|line| !line.is_empty());
    text.chars().all(|c| c == '\n' || (wagather_printable::is_printable(c) && c != '\u{feff}'))
        && first.is_some_and(|first| !first.starts_with(' '))
        && text.ends_with('\n')
        && !text.ends_with("\n\n")
}

/// A rule of a network policy: to these addresses, or to any, on these ports.
/// A word of a container's `args` that the kubelet passes on as it is: of `$(NAME)` it makes the value of a variable, and of `$$` a `$`.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#entrypoint>.
fn literal(word: &str) -> String {
    word.replace('$', "$$")
}

fn rule(rules: &mut String, to: &[String], ports: impl Iterator<Item = (&'static str, u16)>) {
    let mut mark = '-';
    if !to.is_empty() {
        rules.push_str("- to:\n");
        for cidr in to {
            _ = write!(rules, "    - ipBlock:\n        cidr: {}\n", scalar(cidr));
        }
        mark = ' ';
    }
    _ = writeln!(rules, "{mark} ports:");
    for (protocol, port) in ports {
        _ = write!(rules, "    - protocol: {protocol}\n      port: {port}\n");
    }
}

/// A size in whole mebibytes, rounded up.
fn mebibytes(bytes: u64) -> String {
    format!("{}Mi", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A deployment that uses every placeholder; `shards` and `retries` exclude each other.
    fn full(shards: Option<u32>) -> Deployment {
        Deployment {
            name: "a".into(),
            namespace: "b".into(),
            creates_namespace: true,
            account: "kind: ServiceAccount\n".into(),
            needs_a_server: true,
            when: When::Schedule("@daily".into(), Some("UTC".into())),
            shards,
            image: "i".into(),
            pull_policy: Some("Always".into()),
            pull_secrets: vec!["s".into()],
            files: vec![File { name: "g".into(), content: Content::Bytes(b"x".into()) }],
            modules_image: None,
            modules: vec!["/gatherers/g.wasm".into()],
            grant: Some("/gatherers/grant.yaml".into()),
            outputs: vec!["--output=/archives/x.tar.gz".into()],
            options: Vec::new(),
            upload: None,
            archives: Archives::NewClaim { storage: "1Gi".into(), class: Some("c".into()) },
            egress: Egress {
                api_server: vec!["10.0.0.1/32".into()],
                api_server_ports: vec![443],
                ..Egress::default()
            },
            memory_bytes: 1 << 20,
            time: Duration::from_secs(60),
            gatherers: 5,
            parallel: 2,
            ttl: Duration::from_secs(60),
            is_openshift: false,
        }
    }

    #[test]
    fn every_placeholder_has_a_value() {
        let on_nodes = Deployment { when: When::OnEachNode, ..full(None) };
        let known = [full(None), full(Some(4)), on_nodes].map(|deployment| deployment.values());
        for template in [
            include_str!("templates/namespace.yaml"),
            include_str!("templates/metadata.yaml"),
            include_str!("templates/labels.yaml"),
            include_str!("templates/files.yaml"),
            include_str!("templates/secret.yaml"),
            include_str!("templates/claim.yaml"),
            include_str!("templates/network-policy.yaml"),
            include_str!("templates/cron-job.yaml"),
            include_str!("templates/job.yaml"),
            include_str!("templates/job-spec.yaml"),
            include_str!("templates/daemon-set.yaml"),
            include_str!("templates/pod.yaml"),
        ] {
            for name in template.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
                assert!(known.iter().any(|values| values.has(name)), "{name}");
            }
        }
    }

    #[test]
    fn memory_and_time_are_for_the_gatherers_that_run_at_once() {
        let values = full(None).values();
        let spec = values.fill("{{job-spec}}\n");
        // Two of five at the same time, each with 1 MiB of its own and 24 MiB of answers; three rounds of a minute, four times.
        assert!(spec.contains("memory: \"82Mi\""), "{spec}");
        assert!(
            spec.contains(&format!("activeDeadlineSeconds: {}\n", 4 * (3 * 60 + START_SECONDS))),
            "{spec}"
        );
    }

    #[test]
    fn texts_come_back_whole_from_the_config_map() {
        for text in [
            "a: b\n",
            "a: b\n\n  c\n",
            "a: b",
            " a: b\n",
            "\n\na\n",
            "\n  a\nb\n",
            "a\n\n",
            "a\r\n",
            "\t- a\n",
            "",
            "\n",
            "a \nb: {{name}}\n---\n# c\n",
            "\u{feff}a\n",
            "a\u{2028}b\n",
            "a\n   \nb\n",
        ] {
            let files = [File { name: "x.y".into(), content: Content::Text(text.into()) }];
            let yaml = wagather_yaml::parse(&data(&files)).expect("YAML").to_json();
            assert_eq!(yaml["data"]["x.y"], text, "{text:?}");
        }
    }
}
