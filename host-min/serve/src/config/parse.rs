//! From the text of a configuration to a [`Config`]: the schema, key by key.

use super::{Concurrency, Config, Delivery, Entry, Input, Outputs};
use crate::schedule::{Cron, CronError, Schedule};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wagather_base::limits::{MAX_MEMORY_BYTES, MIN_MEMORY_BYTES};
use wagather_deliver::{Destination, Form, Pace, Template, Transport, Url};
use wagather_kube::cluster;
use wagather_policy::quantity;
use wagather_registry::Mirror;
use wagather_yaml::{self as yaml, Map, Mistakes, Node, shown};

const API_VERSION: &str = "wagather/v1";
const KIND: &str = "Service";

/// The most runs at once that make sense on one machine.
const MAX_PARALLEL: usize = 256;

/// Shorter intervals are rather one run that takes long.
const MIN_PERIOD: Duration = Duration::from_secs(1);

/// The longest time that anything may take or wait.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// How long a delivery may take, as for `host-min deliver`.
const DELIVERY_TIME: Duration = Duration::from_secs(300);

/// What may wait in a spool, as for `host-min deliver`.
const SPOOL_BYTES: u64 = 500 << 20;

/// Keys that people write, and what to write instead.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("modules", "gatherers"),
    ("archives", "output"),
    ("source", "cluster"),
    ("rules", "write the rules into a grant file, and name it with 'grant'"),
];

/// The same for a gatherer.
const OTHER_WORDS_OF_GATHERERS: &[(&str, &str)] = &[
    ("file", "module"),
    ("path", "module"),
    ("image", "module"),
    ("parameters", "params"),
    ("args", "params"),
    ("name", "omit it: a gatherer's name is in its module"),
];

/// A duration that can be added to any time. A longer one would be a mistake, or never.
fn bounded(text: &str) -> Result<Duration, String> {
    match quantity::duration(text) {
        Ok(duration) if duration > LONGEST => Err(format!("at most {} h", LONGEST.as_secs() / 3600)),
        other => other.map_err(|error| error.to_string()),
    }
}

/// Reads a configuration, or every mistake in it. Paths are relative to `folder`.
pub(super) fn config(text: &str, folder: &Path) -> Result<Config, Vec<yaml::Error>> {
    let root = yaml::parse(text).map_err(|error| vec![error])?;
    if root.is_null() {
        let begins = format!("begins with 'apiVersion: {API_VERSION}' and 'kind: {KIND}'");
        return Err(vec![root.error(format!("the file is empty; a configuration {begins}"))]);
    }
    let mut reader = Reader { folder, mistakes: Mistakes::default() };
    let config = reader.whole(&root);
    match (config, reader.mistakes.all()) {
        (Some(config), mistakes) if mistakes.is_empty() => Ok(config),
        (_, mistakes) => Err(mistakes),
    }
}

/// Reads values, and remembers what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) folder: &'a Path,
    pub(super) mistakes: Mistakes,
}

impl Reader<'_> {
    fn whole(&mut self, root: &Node) -> Option<Config> {
        let map = self.mistakes.map(
            root,
            "a configuration",
            &["apiVersion", "kind", "gatherers"],
            &[
                "cluster",
                "recording",
                "grant",
                "output",
                "parallel",
                "requireSandbox",
                "grace",
                "registry",
                "api",
                "preparedMemory",
                "poll",
                "deliver",
                "leaderElection",
            ],
            OTHER_WORDS,
        )?;
        for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
            if let Some(node) = map.get(key) {
                self.mistakes.text(node, key, |text| match text == expected {
                    true => Ok(()),
                    false => Err(format!("the {key} of a configuration is {expected}")),
                });
            }
        }
        let mut config = Config::new(Vec::new());
        if let Some(node) = map.get("gatherers") {
            let items = self.mistakes.items(node, "gatherers", Some("nothing would run"));
            config.gatherers = items.iter().filter_map(|item| self.entry(item)).collect();
        }
        if let (Some(recording), Some(_)) = (map.get("recording"), map.get("cluster")) {
            self.mistakes
                .tell(recording.place, "responses come from a cluster or from a recording, not both");
        }
        if let Some(node) = map.get("cluster") {
            config.input = Input::Cluster(Box::new(self.cluster(node).unwrap_or_default()));
        }
        if let Some(path) = self.path(&map, "recording") {
            config.input = Input::Recording(path);
        }
        config.grant = self.path(&map, "grant");
        config.output.folder = self.folder.join(&config.output.folder);
        if let Some(node) = map.get("output") {
            self.output(node, &mut config.output);
        }
        config.delivery = map.get("deliver").and_then(|node| self.delivery(node));
        if let Some(parallel) = self.number(&map, "parallel", 1, MAX_PARALLEL) {
            config.parallel = parallel;
        }
        config.require_sandbox = self.flag(&map, "requireSandbox");
        self.duration(&map, "grace", &mut config.grace);
        self.duration(&map, "poll", &mut config.poll);
        if let Some(node) = map.get("preparedMemory") {
            let bytes = self.mistakes.text(node, "preparedMemory", quantity::size);
            config.prepared_bytes = bytes.unwrap_or(config.prepared_bytes);
        }
        if let Some(node) = map.get("registry") {
            config.registry = self.registry(node).unwrap_or_default();
        }
        if let Some(node) = map.get("api") {
            config.api = self.api(node).unwrap_or_default();
        }
        if let Some(node) = map.get("leaderElection") {
            config.leader_election = self.leader_election(node);
            let has_cluster = config.leader_election.as_ref().is_none_or(|own| own.cluster.is_some());
            if matches!(config.input, Input::Recording(_)) && !has_cluster {
                let text = "a recording has no Lease; name the cluster of the Lease with 'cluster' here";
                self.mistakes.tell(node.place, text);
            }
        }
        Some(config)
    }

    fn entry(&mut self, node: &Node) -> Option<Entry> {
        let map = self.mistakes.map(
            node,
            "a gatherer",
            &["module"],
            &[
                "grant",
                "params",
                "timeout",
                "requestTimeout",
                "memory",
                "concurrencyPolicy",
                "schedule",
                "atStart",
                "allowMore",
                "dryRun",
            ],
            OTHER_WORDS_OF_GATHERERS,
        )?;
        let mut entry = Entry::new(self.module(&map)?);
        entry.grant = self.path(&map, "grant");
        if let Some(node) = map.get("params") {
            entry.params = self.params(node);
        }
        self.duration(&map, "timeout", &mut entry.timeout);
        self.duration(&map, "requestTimeout", &mut entry.request_timeout);
        if let Some(node) = map.get("memory") {
            let memory = self.mistakes.text(node, "memory", |text| {
                let bytes = quantity::size(text).map_err(|error| error.to_string())?;
                match (MIN_MEMORY_BYTES..=MAX_MEMORY_BYTES).contains(&bytes) {
                    true => Ok(bytes),
                    false => Err("expected 64Ki to 4194240Ki".to_owned()),
                }
            });
            entry.memory_bytes = memory.unwrap_or(entry.memory_bytes);
        }
        if let Some(node) = map.get("concurrencyPolicy") {
            let read = |text: &str| match text {
                "Forbid" => Ok(Concurrency::Forbid),
                "Allow" => Ok(Concurrency::Allow),
                "Replace" => Ok(Concurrency::Replace),
                _ => Err("expected Forbid, Allow or Replace"),
            };
            entry.concurrency = self.mistakes.text(node, "concurrencyPolicy", read).unwrap_or_default();
        }
        if let Some(node) = map.get("schedule") {
            self.schedule(node, &mut entry);
        }
        entry.at_start = self.flag(&map, "atStart");
        entry.allow_more = self.flag(&map, "allowMore");
        entry.dry_run = self.flag(&map, "dryRun");
        Some(entry)
    }

    fn schedule(&mut self, node: &Node, entry: &mut Entry) {
        let keys = ["every", "jitter", "cron", "timeZone", "startingDeadline"];
        let others = [("interval", "every"), ("timezone", "timeZone"), ("zone", "timeZone")];
        let Some(map) = self.mistakes.map(node, "schedule", &[], &keys, &others) else { return };
        match (map.get("every"), map.get("cron")) {
            (Some(every), None) => {
                if let Some(other) = map.get("timeZone").or(map.get("startingDeadline")) {
                    self.mistakes.tell(other.place, "this is for 'cron'; an interval does without");
                }
                let period = self.mistakes.text(every, "every", |text| match bounded(text) {
                    Ok(period) if period < MIN_PERIOD => Err(format!("at least {} s", MIN_PERIOD.as_secs())),
                    other => other,
                });
                let mut jitter = period.unwrap_or_default() / 10;
                if let Some(node) = map.get("jitter") {
                    let typed = self.mistakes.text(node, "jitter", |text| match text {
                        "0" | "0s" => Ok(Duration::ZERO),
                        _ => quantity::duration(text),
                    });
                    jitter = typed.unwrap_or(jitter);
                    if period.is_some_and(|period| jitter > period) {
                        self.mistakes.tell(node.place, "the jitter is longer than the interval");
                    }
                }
                entry.schedule = period.map(|period| Schedule::Every { period, jitter });
            }
            (None, Some(cron)) => {
                if let Some(jitter) = map.get("jitter") {
                    self.mistakes.tell(jitter.place, "this is for 'every'; a cron expression does without");
                }
                let zone = self.text(&map, "timeZone");
                if let Some(Err(CronError::Zone(name))) =
                    zone.as_ref().map(|zone| Cron::parse("@daily", Some(zone)))
                    && let Some(node) = map.get("timeZone")
                {
                    self.mistakes.tell(node.place, CronError::Zone(shown(&name)).to_string());
                    return;
                }
                let read = |text: &str| Cron::parse(text, zone.as_deref());
                entry.schedule = self.mistakes.text(cron, "cron", read).map(Schedule::Cron);
                let mut deadline = Duration::ZERO;
                self.duration(&map, "startingDeadline", &mut deadline);
                entry.starting_deadline = Some(deadline).filter(|deadline| !deadline.is_zero());
            }
            (Some(_), Some(both)) => {
                self.mistakes.tell(both.place, "a schedule has 'every' or 'cron', not both")
            }
            (None, None) => self.mistakes.tell(node.place, "a schedule has 'every' or 'cron'"),
        }
    }

    fn module(&mut self, map: &Map<'_>) -> Option<PathBuf> {
        let node = map.get("module")?;
        self.mistakes.text(node, "module", |text| match text {
            "" | "-" => Err("expected a file, a folder, or a reference such as oci://registry/name:tag"),
            _ if text.starts_with(wagather_registry::SCHEME) => Ok(PathBuf::from(text)),
            _ => Ok(self.folder.join(text)),
        })
    }

    fn params(&mut self, node: &Node) -> Vec<(String, String)> {
        match node.expect_map("params") {
            Ok(entries) => entries
                .iter()
                .filter_map(|(key, value)| {
                    let name = key.text().unwrap_or_default();
                    let value = self.mistakes.text(value, name, |text| Ok::<_, String>(text.to_owned()))?;
                    Some((name.to_owned(), value))
                })
                .collect(),
            Err(error) => {
                self.mistakes.tell(error.place, error.message);
                Vec::new()
            }
        }
    }

    fn output(&mut self, node: &Node, output: &mut Outputs) {
        let Some(map) = self.mistakes.map(
            node,
            "output",
            &["folder"],
            &["keep", "keepSize", "keepAge"],
            &[("path", "folder")],
        ) else {
            return;
        };
        if let Some(folder) = self.path(&map, "folder") {
            output.folder = folder;
        }
        if let Some(keep) = self.number(&map, "keep", 1, 1_000_000) {
            output.keep = keep;
        }
        if let Some(node) = map.get("keepSize") {
            output.keep_bytes = self.mistakes.text(node, "keepSize", quantity::size);
        }
        if let Some(node) = map.get("keepAge") {
            output.keep_age = self.mistakes.text(node, "keepAge", quantity::duration);
        }
    }

    fn delivery(&mut self, node: &Node) -> Option<Delivery> {
        const KEYS: &[&str] = &[
            "url",
            "urlFile",
            "form",
            "headersFile",
            "certificateAuthority",
            "timeout",
            "spool",
            "spoolSize",
        ];
        let others = [("headers", "write the headers into a file, and name it with 'headersFile'")];
        let map = self.mistakes.map(node, "deliver", &[], KEYS, &others)?;
        let url = match (map.get("url"), self.path(&map, "urlFile")) {
            (Some(url), None) => Url::Typed(self.mistakes.text(url, "url", Template::parse)?),
            (None, Some(file)) => Url::File(file),
            _ => {
                self.mistakes.tell(node.place, "deliver has 'url' or 'urlFile', and not both");
                return None;
            }
        };
        let form = map.get("form").map(|node| self.mistakes.text(node, "form", Form::parse));
        let mut timeout = DELIVERY_TIME;
        self.duration(&map, "timeout", &mut timeout);
        let bytes = map.get("spoolSize").map(|node| self.mistakes.text(node, "spoolSize", quantity::size));
        let spool = self.path(&map, "spool").map(|folder| (folder, bytes.flatten().unwrap_or(SPOOL_BYTES)));
        let certificate_authority = self.path(&map, "certificateAuthority");
        let to = Destination {
            url,
            form: form.flatten(),
            fields: self.path(&map, "headersFile"),
            timeout,
            pace: Pace::default(),
            transport: Transport { certificate_authority, ..Transport::default() },
        };
        Some(Delivery { to, spool })
    }

    pub(super) fn cluster(&mut self, node: &Node) -> Option<cluster::Options> {
        const KEYS: &[&str] = &[
            "kubeconfig",
            "context",
            "server",
            "user",
            "tokenFile",
            "certificateAuthority",
            "insecureSkipTLSVerify",
            "tlsServerName",
            "proxyURL",
            "as",
            "asGroups",
            "asUID",
        ];
        let secret = "write the token into a file, and name it with 'tokenFile'";
        let map = self.mistakes.map(node, "cluster", &[], KEYS, &[("token", secret)])?;
        let as_groups = map.get("asGroups").map_or_else(Vec::new, |node| {
            self.mistakes.texts(node, "asGroups", "omit the key", |text| Ok::<_, String>(text.to_owned()))
        });
        Some(cluster::Options {
            kubeconfig: self.path(&map, "kubeconfig"),
            context: self.text(&map, "context"),
            server: self.text(&map, "server"),
            user: self.text(&map, "user"),
            token_file: self.path(&map, "tokenFile"),
            certificate_authority: self.path(&map, "certificateAuthority"),
            insecure_skip_tls_verify: self.flag(&map, "insecureSkipTLSVerify"),
            tls_server_name: self.text(&map, "tlsServerName"),
            proxy_url: self.text(&map, "proxyURL"),
            as_user: self.text(&map, "as"),
            as_groups,
            as_uid: self.text(&map, "asUID"),
            ..cluster::Options::default()
        })
    }

    fn registry(&mut self, node: &Node) -> Option<wagather_registry::Options> {
        let keys = ["certificateAuthority", "plainHTTP", "mirrors"];
        let map = self.mistakes.map(node, "registry", &[], &keys, &[("mirror", "mirrors")])?;
        let mirrors = map
            .get("mirrors")
            .map(|node| self.mistakes.texts(node, "mirrors", "omit the key", Mirror::parse));
        Some(wagather_registry::Options {
            certificate_authority: self.path(&map, "certificateAuthority"),
            plain_http: self.flag(&map, "plainHTTP"),
            mirrors: mirrors.unwrap_or_default(),
        })
    }

    fn text(&mut self, map: &Map<'_>, key: &str) -> Option<String> {
        self.mistakes.text(map.get(key)?, key, |text| Ok::<_, String>(text.to_owned()))
    }

    pub(super) fn path(&mut self, map: &Map<'_>, key: &str) -> Option<PathBuf> {
        let text = self.text(map, key)?;
        Some(self.folder.join(text))
    }

    pub(super) fn duration(&mut self, map: &Map<'_>, key: &str, into: &mut Duration) {
        let Some(node) = map.get(key) else { return };
        if let Some(duration) = self.mistakes.text(node, key, bounded) {
            *into = duration;
        }
    }

    fn number(&mut self, map: &Map<'_>, key: &str, least: usize, most: usize) -> Option<usize> {
        self.mistakes.text(map.get(key)?, key, |text| {
            let number = text.parse().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| format!("expected a number from {least} to {most}"))
        })
    }

    fn flag(&mut self, map: &Map<'_>, key: &str) -> bool {
        let Some(node) = map.get(key) else { return false };
        node.expect_bool(key).unwrap_or_else(|error| {
            self.mistakes.tell(error.place, error.message);
            false
        })
    }
}
