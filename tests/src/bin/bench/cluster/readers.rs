//! Programs that read all pods: the host with two gatherers, and the programs that it is compared with.

use crate::Result;
use crate::contender::{HOST, WORK, module, remove};
use crate::usage::{self, Memory, Time};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tests::apiserver::Server;
use tests::archive::Archive;
use tests::guest::{self, Texts};

/// Where `make bench` builds `tests/contenders`.
const CONTENDERS: &str = "target/contenders/release";
/// What kube-rs asks for; the host's own pages are for those that are like it.
const LIMIT: &str = "500";

/// The readers' names in files and in tables.
pub(super) const NAMES: [(&str, &str); 7] = [
    ("throw-away", "throw-away reader"),
    ("throw-away-ahead", "throw-away reader, looking ahead"),
    ("host-pods", "`host-min run pods.wasm`"),
    ("host-pipe", "host-min, all piped to a folder"),
    ("host-pipe-tar", "host-min, all piped to a .tar.gz"),
    ("kube-rs", "kube-rs, typed"),
    ("kubectl", "`kubectl get pods -A -o json`"),
];

/// A program that reads all pods.
pub(super) struct Reader {
    /// Its name in files.
    pub(super) key: &'static str,
    /// Its name in tables.
    pub(super) name: &'static str,
    kind: Kind,
}

enum Kind {
    ThrowAway {
        ahead: bool,
    },
    /// The same for the requests of a file.
    ThrowAwayLists {
        ahead: bool,
    },
    Host {
        module: String,
        output: String,
        more: Vec<String>,
    },
    KubeRs,
    Kubectl(PathBuf),
}

/// A server, and how to log in.
pub(super) struct Place {
    pub(super) address: String,
    pub(super) ca: String,
    pub(super) token_file: String,
    pub(super) kubeconfig: PathBuf,
    /// How many items the host's pages ask for.
    pub(super) limits: Vec<u32>,
}

/// What a reader says that it did.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) requests: Option<u64>,
    pub(super) body_bytes: Option<u64>,
    pub(super) pods: Option<u64>,
    pub(super) crash_looping: Option<u64>,
}

impl Place {
    pub(super) fn new(server: &Server, port: u16, kubeconfig: PathBuf, limits: Vec<u32>) -> Result<Place> {
        let (ca, token_file) =
            (server.text("/ca").to_owned(), server.text("/users/admin/token_file").to_owned());
        Ok(Place { address: format!("127.0.0.1:{port}"), ca, token_file, kubeconfig, limits })
    }
}

/// All of them; kubectl only if there is one.
pub(super) fn all() -> Result<Vec<Reader>> {
    let piping = piping()?;
    let output = format!("{WORK}/gathered");
    let host =
        |module: &str, output: String| Kind::Host { module: module.to_owned(), output, more: Vec::new() };
    let kubectl = std::env::var_os("PATH").into_iter().flat_map(|path| {
        std::env::split_paths(&path).map(|folder| folder.join("kubectl")).collect::<Vec<_>>()
    });
    let kubectl = kubectl.into_iter().find(|path| path.is_file());
    let mut kinds = vec![
        Kind::ThrowAway { ahead: false },
        Kind::ThrowAway { ahead: true },
        host(&module("pods"), output.clone()),
        host(&piping, output.clone()),
        host(&piping, format!("{output}.tar.gz")),
        Kind::KubeRs,
    ];
    kinds.extend(kubectl.map(Kind::Kubectl));
    let readers = NAMES.into_iter().zip(kinds).map(|((key, name), kind)| Reader { key, name, kind });
    all_there(readers.collect())
}

/// Fails if a program is missing.
fn all_there(readers: Vec<Reader>) -> Result<Vec<Reader>> {
    for reader in &readers {
        for needed in reader.needs() {
            if !Path::new(&needed).is_file() {
                return Err(format!("{needed} is not there; 'make bench' builds it"));
            }
        }
    }
    Ok(readers)
}

/// Those that are compared over links: the host with each kind of compression, and the least that a client does, looking ahead.
pub(super) fn for_links() -> Result<Vec<Reader>> {
    let host = |word: &str| Kind::Host {
        module: module("pods"),
        output: format!("{WORK}/gathered"),
        more: vec!["--compression".to_owned(), word.to_owned()],
    };
    let readers = vec![
        Reader { key: "host-auto", name: "host-min, by default", kind: host("auto") },
        Reader { key: "host-gzip", name: "host-min --compression gzip", kind: host("gzip") },
        Reader { key: "host-none", name: "host-min --compression none", kind: host("none") },
        Reader {
            key: "throw-away-ahead",
            name: "throw-away reader, looking ahead",
            kind: Kind::ThrowAway { ahead: true },
        },
    ];
    all_there(readers)
}

/// Those that read all resources, and the host with pods alone, whose memory is compared.
pub(super) fn for_everything() -> Result<Vec<Reader>> {
    let output = format!("{WORK}/gathered");
    let host = |module: String, output: String| Kind::Host { module, output, more: Vec::new() };
    let everything = module("everything");
    let reader = |key, name, kind| Reader { key, name, kind };
    all_there(vec![
        reader("throw-away", "throw-away reader", Kind::ThrowAwayLists { ahead: false }),
        reader("throw-away-ahead", "throw-away reader, looking ahead", Kind::ThrowAwayLists { ahead: true }),
        reader("host-everything", "everything.wasm, to a folder", host(everything.clone(), output.clone())),
        reader(
            "host-everything-tar",
            "everything.wasm, to a .tar.gz",
            host(everything, format!("{output}.tar.gz")),
        ),
        reader(PODS_ALONE, "host-min, pods alone, to a folder", host(piping()?, output)),
    ])
}

/// The reader that reads less than the others.
const PODS_ALONE: &str = "host-pods-alone";

/// Writes the requests of the host for all resources, for the throw-away readers, from a recording. Gives their number.
pub(super) fn keep_requests_of_the_host(place: &Place) -> Result<usize> {
    let requests = recorded(&module("everything"), place)?;
    let mut asked: Vec<(String, Vec<String>)> = Vec::new();
    for (url, status) in &requests {
        if *status != 200 {
            return Err(format!("the server answers {url} with {status}: its time says nothing"));
        }
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let limit = query.split('&').find_map(|pair| pair.strip_prefix("limit="));
        match (asked.iter_mut().find(|(known, _)| known == path), limit) {
            (Some((_, limits)), Some(limit)) => limits.push(limit.to_owned()),
            (Some(_), None) => return Err(format!("{path} is asked for twice")),
            (None, limit) => asked.push((path.to_owned(), limit.map(str::to_owned).into_iter().collect())),
        }
    }
    let line = |(path, limits): &(String, Vec<String>)| match &limits[..] {
        [] => format!("{path} -\n"),
        limits => format!("{path} {}\n", limits.join(",")),
    };
    let lines: String = asked.iter().map(line).collect();
    std::fs::write(REQUESTS, lines).map_err(|error| format!("cannot write {REQUESTS}: {error}"))?;
    Ok(requests.len())
}

/// The path, the query and the status of each request of a gatherer.
fn recorded(module: &str, place: &Place) -> Result<Vec<(String, u64)>> {
    let recording = format!("{WORK}/requests.har");
    let output = format!("{WORK}/gathered");
    remove(&output)?;
    let mut words = host_words(module, place, &output);
    words.extend(["--record", &recording].map(str::to_owned));
    usage::time(&words)?;
    remove(&output)?;
    let text = std::fs::read(&recording).map_err(|error| format!("cannot read {recording}: {error}"))?;
    remove(&recording)?;
    let har: Value = serde_json::from_slice(&text).map_err(|error| format!("{recording}: {error}"))?;
    let entry = |entry: &Value| {
        let url = entry["request"]["url"].as_str()?;
        let path = url.split_once("://")?.1.split_once('/')?.1;
        Some((format!("/{path}"), entry["response"]["status"].as_u64()?))
    };
    let entries = har["log"]["entries"].as_array().and_then(|all| all.iter().map(entry).collect());
    entries.ok_or_else(|| format!("{recording} has no entries as they should be"))
}

/// Where the requests of the host are kept.
const REQUESTS: &str = "target/bench/requests";

/// A gatherer like `cluster-operators`, for pods.
fn piping() -> Result<String> {
    let texts = Texts { version: "v1", resource: "pods", ..Texts::default() };
    let module = guest::piping("pipe-pods", &["resource list /v1/pods * *"], &texts);
    std::fs::create_dir_all(WORK).map_err(|error| format!("cannot make {WORK}: {error}"))?;
    let path = format!("{WORK}/pipe-pods.wasm");
    std::fs::write(&path, module).map_err(|error| format!("cannot write {path}: {error}"))?;
    Ok(path)
}

/// How many items each page of the host asks for, from a recording.
pub(super) fn limits_of_the_host(place: &Place) -> Result<Vec<u32>> {
    const URL: &str = r#","url":""#;
    let recording = format!("{WORK}/pages.har");
    let output = format!("{WORK}/gathered");
    remove(&output)?;
    let mut words = host_words(&module("pods"), place, &output);
    words.extend(["--record", &recording].map(str::to_owned));
    usage::time(&words)?;
    remove(&output)?;
    let text = std::fs::read_to_string(&recording);
    let text = text.map_err(|error| format!("cannot read {recording}: {error}"))?;
    remove(&recording)?;
    // In a body, which is a text in JSON, no quotation mark stands without a backslash.
    let limits = text.split(URL).skip(1).map(|url| {
        let (_, limit) = url.split_once("limit=")?;
        limit.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    });
    let limits: Option<Vec<u32>> = limits.collect();
    limits.filter(|limits| !limits.is_empty()).ok_or_else(|| "the host's recording has no pages".into())
}

fn host_words(module: &str, place: &Place, output: &str) -> Vec<String> {
    let kubeconfig = place.kubeconfig.display().to_string();
    [HOST, "run", "--quiet", module, "--kubeconfig", &kubeconfig, "--output", output]
        .map(str::to_owned)
        .to_vec()
}

impl Reader {
    /// What the others are compared with.
    pub(super) fn is_floor(&self) -> bool {
        matches!(self.kind, Kind::ThrowAway { ahead: false } | Kind::ThrowAwayLists { ahead: false })
    }

    /// Whether what it counts are pods.
    pub(super) fn reads_pods(&self) -> bool {
        !self.key.starts_with("host-everything")
    }

    /// Whether it reads less than the others.
    pub(super) fn is_apart(&self) -> bool {
        self.key == PODS_ALONE
    }

    pub(super) fn is_kubectl(&self) -> bool {
        matches!(self.kind, Kind::Kubectl(_))
    }

    fn needs(&self) -> Vec<String> {
        match &self.kind {
            Kind::ThrowAway { .. } | Kind::ThrowAwayLists { .. } => vec![format!("{CONTENDERS}/throw-away")],
            Kind::Host { module, .. } => vec![HOST.to_owned(), module.clone()],
            Kind::KubeRs => vec![format!("{CONTENDERS}/kube-rs")],
            Kind::Kubectl(_) => Vec::new(),
        }
    }

    fn words(&self, place: &Place) -> Vec<String> {
        let kubeconfig = place.kubeconfig.display().to_string();
        match &self.kind {
            Kind::ThrowAway { ahead } | Kind::ThrowAwayLists { ahead } => {
                let program = format!("{CONTENDERS}/throw-away");
                let mut words =
                    vec![program, place.address.clone(), place.ca.clone(), place.token_file.clone()];
                words.push(match &self.kind {
                    Kind::ThrowAwayLists { .. } => format!("@{REQUESTS}"),
                    _ => place.limits.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
                });
                words.extend(ahead.then(|| "ahead".to_owned()));
                words
            }
            Kind::Host { module, output, more } => [host_words(module, place, output), more.clone()].concat(),
            Kind::KubeRs => {
                [&format!("{CONTENDERS}/kube-rs"), &*kubeconfig, LIMIT].map(str::to_owned).to_vec()
            }
            Kind::Kubectl(program) => {
                let program = program.display().to_string();
                let cache = format!("--cache-dir={WORK}/kubectl-cache");
                [&program, "--kubeconfig", &kubeconfig, &cache, "get", "pods", "-A", "-o", "json"]
                    .map(str::to_owned)
                    .to_vec()
            }
        }
    }

    /// A run whose time is taken.
    pub(super) fn timed(&self, place: &Place) -> Result<Time> {
        self.clear()?;
        let time = usage::time(&self.words(place))?;
        self.clear()?;
        Ok(time)
    }

    /// A run whose memory is looked at, and what it says that it did.
    pub(super) fn looked_at(&self, place: &Place) -> Result<(Memory, Seen)> {
        self.clear()?;
        let mut words = self.words(place);
        words.extend(self.is_kubectl().then(|| "-v=6".to_owned()));
        let (memory, printed, said) = usage::memory(&words)?;
        let seen = match &self.kind {
            Kind::Host { output, .. } => seen_by_the_host(output),
            Kind::Kubectl(_) => {
                let requests = said.lines().filter(|line| line.contains("GET https://")).count();
                let pods = printed.matches("\n            \"kind\": \"Pod\"").count();
                Seen { requests: Some(requests as u64), pods: Some(pods as u64), ..Seen::default() }
            }
            Kind::ThrowAway { .. } | Kind::ThrowAwayLists { .. } | Kind::KubeRs => {
                let said: Value = serde_json::from_str(&printed)
                    .map_err(|error| format!("{} prints no JSON: {error}", self.name))?;
                let number = |name: &str| said[name].as_u64();
                Seen {
                    requests: number("requests"),
                    body_bytes: number("bytes"),
                    pods: number("pods"),
                    crash_looping: number("crashLooping"),
                }
            }
        };
        self.clear()?;
        Ok((memory, seen))
    }

    fn clear(&self) -> Result<()> {
        if let Kind::Host { output, .. } = &self.kind {
            put_away(output)?;
        }
        Ok(())
    }
}

/// What runs left, until the last one has ended.
const LEFT: &str = "target/bench/left";

/// Moves what a run left out of the way. It is not removed yet: without a journal, ext4 passes over each inode that was
/// removed in the last half minute, so a run that makes 5,000 files took 4 s of the processor for those of the run before.
fn put_away(output: &str) -> Result<()> {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    if !Path::new(output).exists() {
        return Ok(());
    }
    let to = format!("{LEFT}/{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
    let moved = std::fs::create_dir_all(LEFT).and_then(|()| std::fs::rename(output, &to));
    moved.map_err(|error| format!("cannot move {output} to {to}: {error}"))
}

/// Removes what the runs left.
pub(super) fn remove_left() -> Result<()> {
    remove(LEFT).map(drop)
}

fn seen_by_the_host(output: &str) -> Seen {
    let archive = Archive::read(output);
    let part = &archive.report()["gatherers"][0];
    let number = |name: &str| part[name].as_u64();
    let found = "pods/totals.json";
    let crash_looping =
        archive.paths().contains(&found).then(|| archive.json(found)["crashLooping"].as_u64());
    Seen {
        requests: number("requests"),
        body_bytes: number("bytesReceived"),
        pods: number("items"),
        crash_looping: crash_looping.flatten(),
    }
}
