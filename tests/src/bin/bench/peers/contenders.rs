//! The contenders: the name of each one, how to run it, and which files it needs.
//!
//! To add one, add a row to [`plain`] or [`tls`], and its build to `.ci/contenders`. The page names a missing
//! contender, with the reason.

use super::server::PATH;
use crate::contender::{HOST, module};
use crate::{Result, contender};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `.ci/contenders` puts programs, and why some are not there.
const PROGRAMS: &str = "target/contenders";
/// Where the bench keeps what it makes for contenders.
pub(super) const PLACE: &str = "target/bench/peers";

/// What a gatherer does, and a native program in its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Nothing of it: the floors.
    Nothing,
    /// The list into the archive, as it is.
    Pipe,
    /// The operators in trouble; a gatherer's items are decoded by its host.
    Typed,
    /// The same; a gatherer decodes its items itself.
    Decode,
}

impl Task {
    /// Its letter in tables and files.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Task::Nothing => "-",
            Task::Pipe => "a",
            Task::Typed => "b",
            Task::Decode => "c",
        }
    }

    /// The gatherer that does it.
    fn guest(self) -> String {
        match self {
            Task::Pipe | Task::Nothing => module("cluster-operators"),
            Task::Typed => module("degraded-operators"),
            Task::Decode => format!("{PROGRAMS}/guests/decoding-operators.wasm"),
        }
    }

    /// The same for a native program.
    fn word(self) -> &'static str {
        if self == Task::Pipe { "pipe" } else { "decode" }
    }
}

/// The tasks of gatherers.
pub(super) const TASKS: [Task; 3] = [Task::Pipe, Task::Typed, Task::Decode];

/// A contender with a task.
#[derive(Clone)]
pub(super) struct Run {
    /// The contender, as tables name it.
    pub(super) name: &'static str,
    pub(super) task: Task,
    /// Program and arguments; the place of the output is [`OUTPUT`].
    pub(super) words: Vec<String>,
    /// Whether the output is what the program prints.
    pub(super) prints: bool,
    /// Whether the output is an archive of the host.
    pub(super) is_archive: bool,
    /// Whether its first run leaves something for the others.
    pub(super) caches: bool,
    /// What must be on the disk for it.
    pub(super) files: Vec<PathBuf>,
}

/// Stands for the place of the output among the words of a run.
pub(super) const OUTPUT: &str = "{output}";

/// What cannot be measured, and why.
pub(super) type Missing = Vec<(String, String)>;

/// The floor that all of plain HTTP is compared with.
pub(super) const FLOOR: &str = "static C with musl (the floor)";
/// What all of TLS is compared with.
pub(super) const TLS_FLOOR: &str = "static Rust with rustls";
/// The host.
pub(super) const OURS: &str = "host-min";
/// The host's engine alone.
pub(super) const BARE: &str = "wasm3";

/// How an engine takes a module.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it is.
    Wasm,
    /// With a folder in which the engine keeps what it made of the module.
    Cached,
    /// Compiled ahead of time by this program, called with these words, and to a file that ends so.
    Compiled(&'static str, &'static [&'static str], &'static str),
}

/// Another engine, without a sandbox.
struct Engine {
    name: &'static str,
    program: &'static str,
    /// Words before those that all have.
    words: &'static [&'static str],
    form: Form,
    /// Whether it does the typed imports, which are a library in Rust.
    is_rust: bool,
}

const CWASM: Form = Form::Compiled("bare-wasmtime-cranelift", &["--compile", "native"], "cwasm");
const PULLEY: Form = Form::Compiled("bare-wasmtime-cranelift", &["--compile", "pulley"], "pulley");
const WASMER: Form = Form::Compiled("bare-wasmer-compiler", &["--compile"], "wasmer");

const ENGINES: [Engine; 9] = [
    Engine { name: BARE, program: "bare-wasm3", words: &[], form: Form::Wasm, is_rust: true },
    Engine { name: "wasmi eager", program: "bare-wasmi", words: &["eager"], form: Form::Wasm, is_rust: true },
    Engine { name: "wasmi lazy", program: "bare-wasmi", words: &["lazy"], form: Form::Wasm, is_rust: true },
    Engine { name: "Wasmtime AOT", program: "bare-wasmtime-aot", words: &[], form: CWASM, is_rust: true },
    Engine {
        name: "Wasmtime Pulley",
        program: "bare-wasmtime-pulley",
        words: &[],
        form: PULLEY,
        is_rust: true,
    },
    Engine {
        name: "Wasmtime Cranelift",
        program: "bare-wasmtime-cranelift",
        words: &[],
        form: Form::Wasm,
        is_rust: true,
    },
    Engine { name: "Wasmer AOT", program: "bare-wasmer-aot", words: &[], form: WASMER, is_rust: true },
    Engine { name: "wazero cached", program: "bare-wazero", words: &[], form: Form::Cached, is_rust: false },
    Engine { name: "wazero", program: "bare-wazero", words: &["-"], form: Form::Wasm, is_rust: false },
];

/// A program of `.ci/contenders`, or why it is not there.
fn program(name: &str) -> std::result::Result<String, String> {
    let path = match name {
        "operators-kube-rs" => format!("{PROGRAMS}/release/{name}"),
        _ => format!("{PROGRAMS}/{name}"),
    };
    let why = std::fs::read_to_string(format!("{PROGRAMS}/missing/{name}"));
    match why {
        Ok(why) => Err(format!("it could not be built: {}", why.trim())),
        Err(_) if Path::new(&path).is_file() => Ok(path),
        Err(_) => Err(format!("{path} is not there; 'make bench BENCH=peers' builds it")),
    }
}

/// A program of this machine, as the file that runs in the end: not a script that looks for it.
fn installed(name: &str, asks: &[&str]) -> std::result::Result<String, String> {
    let missing = || format!("{name} is not installed on this machine");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    let found = found.ok_or_else(missing)?;
    let said = if asks.is_empty() {
        found.display().to_string()
    } else {
        let said = Command::new(&found).args(asks).output().map_err(|error| format!("{name}: {error}"))?;
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    };
    let path = Path::new(&said).canonicalize().map_err(|error| format!("{name} at '{said}': {error}"))?;
    Ok(path.display().to_string())
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn native(name: &'static str, task: Task, words: Vec<String>) -> Run {
    let files = vec![PathBuf::from(&words[0])];
    Run { name, task, words, prints: false, is_archive: false, caches: false, files }
}

fn host(task: Task, more: &[&str]) -> Run {
    host_with(&task.guest(), task, more)
}

fn host_with(module: &str, task: Task, more: &[&str]) -> Run {
    let words = [&[HOST, "run", "--quiet", module], more, &["--output", OUTPUT]].concat();
    let files = vec![HOST.into(), module.into()];
    Run { is_archive: true, files, ..native(OURS, task, strings(&words)) }
}

/// The name of a module's file without its ending.
fn stem(module: &str) -> String {
    Path::new(module).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// What an engine runs of a module, made if it is not there or older than the module or the compiler.
fn form_of(engine: &Engine, module: &str) -> std::result::Result<String, String> {
    let Form::Compiled(compiler, words, ending) = engine.form else { return Ok(module.to_owned()) };
    let compiler = program(compiler)?;
    let compiled = format!("{PLACE}/{}.{ending}", stem(module));
    let age = |path: &str| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    if age(&compiled) < age(module) || age(&compiled) < age(&compiler) {
        crate::tell(&format!("{} compiles {module}", engine.name));
        let ended = Command::new(&compiler).args(words).args([module, &compiled]).output();
        let ended = ended.map_err(|error| format!("cannot run {compiler}: {error}"))?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            return Err(format!("{compiler} cannot compile {module}: {}", said.trim()));
        }
    }
    Ok(compiled)
}

fn engine_run(engine: &Engine, module: &str, task: Task, port: &str) -> std::result::Result<Run, String> {
    let program = program(engine.program)?;
    let given = form_of(engine, module)?;
    let cache = format!("{PLACE}/wazero-{}", stem(module));
    let cached: &[&str] = if engine.form == Form::Cached { &[&cache] } else { &[] };
    let words = [&[&*program], engine.words, cached, &[&given, port, OUTPUT]].concat();
    let files = [&program, &given].into_iter().map(String::as_str).chain(cached.iter().copied());
    let files = files.map(PathBuf::from).collect();
    let caches = engine.form == Form::Cached;
    Ok(Run { files, caches, ..native(engine.name, task, strings(&words)) })
}

/// All that run over plain HTTP.
pub(super) fn plain(port: u16, kubeconfig: &str) -> Result<(Vec<Run>, Missing)> {
    let port = port.to_string();
    let server = format!("http://127.0.0.1:{port}");
    let url = format!("{server}{PATH}");
    let mut found = Found::default();
    for (name, compiler) in [(FLOOR, "musl-gcc"), ("static C with glibc", "cc")] {
        let floor = contender::compiled_by(compiler, "first-byte")?;
        found.runs.push(native(name, Task::Nothing, strings(&[&floor, &port, OUTPUT])));
    }
    for task in TASKS {
        found.there(&task.guest(), || Ok(host(task, &["--server", &server])));
        let modules = ENGINES.iter().filter(|engine| engine.is_rust || task != Task::Typed);
        for engine in modules {
            found.put(engine.name, engine_run(engine, &task.guest(), task, &port));
        }
    }
    // A native program has one way of decoding: it stands beside the gatherers whose host decodes.
    for task in [Task::Pipe, Task::Typed] {
        let word = task.word();
        let of = |name: &'static str, program: std::result::Result<String, String>, words: &[&str]| {
            let words = program.map(|program| [vec![program], strings(words)].concat());
            (name, words.map(|words| native(name, task, words)))
        };
        let script = |name: &str| format!("tests/contenders/scripts/operators.{name}");
        let (mjs, py) = (script("mjs"), script("py"));
        let address = format!("127.0.0.1:{port}");
        for (name, run) in [
            of("static Rust with ureq and serde", program("native-ureq"), &[word, &url, OUTPUT]),
            of("client-go", program("client-go"), &[word, kubeconfig, OUTPUT]),
            of("kube-rs", program("operators-kube-rs"), &[word, kubeconfig, OUTPUT]),
            of("Node.js", installed("node", &["-p", "process.execPath"]), &[&mjs, word, &url, OUTPUT]),
            of(
                "Python",
                installed("python3", &["-c", "import sys; print(sys.executable)"]),
                &[&py, word, &address, PATH, OUTPUT],
            ),
        ] {
            found.put(name, run);
        }
    }
    found.put("curl", curl(&[&url]));
    found.put("kubectl", kubectl(kubeconfig));
    found.missing.push((
        "wazero in b".into(),
        "the decoder of typed items is a library in Rust, and wazero's host is in Go".into(),
    ));
    Ok(found.done())
}

/// All that run over TLS.
pub(super) fn tls(port: u16, ca: &str, token: &str, kubeconfig: &str) -> (Vec<Run>, Missing) {
    let port = port.to_string();
    let url = format!("https://127.0.0.1:{port}{PATH}");
    let mut found = Found::default();
    let words = |program: String, words: &[&str]| [vec![program], strings(words)].concat();
    let rustls = program("native-rustls").map(|path| words(path, &[&port, ca, token, PATH, OUTPUT]));
    found.put(TLS_FLOOR, rustls.map(|words| native(TLS_FLOOR, Task::Nothing, words)));
    for task in TASKS {
        found.there(&task.guest(), || Ok(host(task, &["--kubeconfig", kubeconfig])));
    }
    for task in [Task::Pipe, Task::Typed] {
        for (name, built) in [("client-go", "client-go"), ("kube-rs", "operators-kube-rs")] {
            let path = program(built).map(|path| words(path, &[task.word(), kubeconfig, OUTPUT]));
            found.put(name, path.map(|words| native(name, task, words)));
        }
    }
    let bearer = std::fs::read_to_string(token).unwrap_or_default();
    let header = format!("Authorization: Bearer {bearer}");
    found.put("curl", curl(&["--cacert", ca, "--header", &header, &url]));
    found.put("kubectl", kubectl(kubeconfig));
    found.done()
}

fn curl(more: &[&str]) -> std::result::Result<Run, String> {
    let program = installed("curl", &[])?;
    let words = [&[&*program, "--silent", "--fail", "--output", OUTPUT], more].concat();
    Ok(native("curl", Task::Pipe, strings(&words)))
}

/// `get --raw` asks for nothing but the list.
fn kubectl(kubeconfig: &str) -> std::result::Result<Run, String> {
    let program = installed("kubectl", &[])?;
    let cache = format!("--cache-dir={PLACE}/kubectl-cache");
    let words = [&program, "--kubeconfig", kubeconfig, &cache, "get", "--raw", PATH];
    Ok(Run { prints: true, ..native("kubectl", Task::Pipe, strings(&words)) })
}

/// The host and every engine with one module, which does what `cluster-operators` does.
pub(super) fn with_module(module: &str, port: u16) -> (Vec<Run>, Missing) {
    let port = port.to_string();
    let server = format!("http://127.0.0.1:{port}");
    let mut found = Found::default();
    found.there(module, || Ok(host_with(module, Task::Pipe, &["--server", &server])));
    for engine in &ENGINES {
        found.put(engine.name, engine_run(engine, module, Task::Pipe, &port));
    }
    found.done()
}

/// What was found, and what was not.
#[derive(Default)]
struct Found {
    runs: Vec<Run>,
    missing: Missing,
}

impl Found {
    fn put(&mut self, name: &str, run: std::result::Result<Run, String>) {
        match run {
            Ok(run) => self.runs.push(run),
            Err(why) if self.missing.iter().any(|(known, _)| known == name) => drop(why),
            Err(why) => self.missing.push((name.to_owned(), why)),
        }
    }

    /// What runs by the host, if the module and the host are there.
    fn there(&mut self, module: &str, run: impl FnOnce() -> std::result::Result<Run, String>) {
        let missing = [HOST, module].into_iter().find(|file| !Path::new(file).is_file());
        let run = missing.map_or_else(run, |file| Err(format!("{file} is not there")));
        self.put(OURS, run);
    }

    fn done(self) -> (Vec<Run>, Missing) {
        (self.runs, self.missing)
    }
}
