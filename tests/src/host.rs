//! One call of the host's command line, and its result.
//!
//! A call's environment contains nothing that could lead it to a cluster or through a proxy. A call has a time limit:
//! a program that hangs fails its test with its output up to then.

use crate::programs;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What no call needs, on a busy machine either.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What is typed.
pub struct Host {
    pub(crate) command: Command,
    time_limit: Duration,
    // An empty home, so that no kubeconfig of the machine is found.
    home: tempfile::TempDir,
}

/// A call that is going on.
pub struct Call {
    child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    name: String,
    begin: Instant,
    time_limit: Duration,
    _home: tempfile::TempDir,
}

/// What came of it.
pub struct Done {
    /// How the process ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What it said.
    pub stderr: String,
    /// How long it took.
    pub elapsed: Duration,
}

impl Host {
    /// A call with these words.
    pub fn new<I: IntoIterator<Item: AsRef<OsStr>>>(words: I) -> Host {
        let mut words_of_host = host();
        let mut command = Command::new(words_of_host.remove(0));
        command.args(words_of_host);
        Host::of(command).args(words)
    }

    /// A call of the program with both engines, with these words.
    pub fn full<I: IntoIterator<Item: AsRef<OsStr>>>(words: I) -> Host {
        Host::of(Command::new(programs::host_min_full())).args(words)
    }

    /// A call through another command, such as a shell that sets limits and then executes its arguments.
    pub fn through<I: IntoIterator<Item: AsRef<OsStr>>>(mut wrapper: Command, words: I) -> Host {
        wrapper.args(host());
        Host::of(wrapper).args(words)
    }

    /// A call of another program, such as one that embeds the host.
    pub fn of(mut command: Command) -> Host {
        let home = crate::place();
        command.env_clear().env("HOME", home.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.current_dir(home.path());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        if let Some(folder) = std::env::var_os("TMPDIR") {
            command.env("TMPDIR", folder);
        }
        Host { command, time_limit: TIME_LIMIT, home }
    }

    /// `host-min run GUEST`, with the engine of `$WAGATHER_ENGINE` if that is set.
    pub fn run(guest: impl AsRef<Path>) -> Host {
        Host::run_all([guest])
    }

    /// `host-min run GUEST…`
    pub fn run_all<I: IntoIterator<Item: AsRef<Path>>>(guests: I) -> Host {
        let host = guests.into_iter().fold(Host::new(["run"]), |host, guest| host.arg(guest.as_ref()));
        match std::env::var_os("WAGATHER_ENGINE") {
            Some(engine) => host.arg("--engine").arg(engine),
            None => host,
        }
    }

    /// One more word.
    pub fn arg(mut self, word: impl AsRef<OsStr>) -> Host {
        self.command.arg(word);
        self
    }

    /// More words.
    pub fn args<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, words: I) -> Host {
        self.command.args(words);
        self
    }

    /// `--server URL`
    pub fn server(self, url: &str) -> Host {
        self.arg("--server").arg(url)
    }

    /// `--kubeconfig FILE`
    pub fn kubeconfig(self, file: impl AsRef<Path>) -> Host {
        self.arg("--kubeconfig").arg(file.as_ref())
    }

    /// `--output DIR|FILE.tar.gz|-`
    pub fn output(self, output: impl AsRef<OsStr>) -> Host {
        self.arg("--output").arg(output)
    }

    /// `--record FILE`
    pub fn record(self, file: impl AsRef<Path>) -> Host {
        self.arg("--record").arg(file.as_ref())
    }

    /// `--replay FILE`
    pub fn replay(self, file: impl AsRef<Path>) -> Host {
        self.arg("--replay").arg(file.as_ref())
    }

    /// `--timeout DURATION`
    pub fn timeout(self, duration: &str) -> Host {
        self.arg("--timeout").arg(duration)
    }

    /// A variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Host {
        self.command.env(name, value);
        self
    }

    /// The folder that it is called in; otherwise an empty one.
    pub fn current_folder(mut self, folder: impl AsRef<Path>) -> Host {
        self.command.current_dir(folder);
        self
    }

    /// Where its standard input comes from; otherwise there is none.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Host {
        self.command.stdin(stdin);
        self
    }

    /// Where its standard output goes; otherwise it is captured.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Host {
        self.command.stdout(stdout);
        self
    }

    /// Another time limit than the usual one.
    pub fn within(mut self, time_limit: Duration) -> Host {
        self.time_limit = time_limit;
        self
    }

    /// Calls, and waits for the end.
    pub fn wait(self) -> Done {
        self.call().wait()
    }

    /// Calls.
    pub fn call(mut self) -> Call {
        let (name, begin) = (format!("{:?}", self.command), Instant::now());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
        let Host { time_limit, home: _home, .. } = self;
        Call { child, stdout, stderr, name, begin, time_limit, _home }
    }
}

/// The words that call the host. What a shell starts in the background ignores the interrupt, and hands that down to whatever it
/// starts; but a test that interrupts the host is to reach it.
fn host() -> Vec<OsString> {
    const INTERRUPT: u64 = 1 << (2 - 1);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let host = programs::host_min().into();
    if ignored & INTERRUPT == 0 {
        vec![host]
    } else {
        vec!["env".into(), "--default-signal=INT,HUP,TERM".into(), host]
    }
}

impl Call {
    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the process, unless it has ended.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of this process");
    }

    /// Waits for the end.
    pub fn wait(mut self) -> Done {
        let status = wait_at_most(&mut self.child, self.begin, self.time_limit);
        let killed = status.is_none();
        let status = status.unwrap_or_else(|| {
            let _ = self.child.kill();
            self.child.wait().expect("a child that was killed")
        });
        let done = Done {
            status,
            stdout: self.stdout.join().expect("a reader"),
            stderr: String::from_utf8_lossy(&self.stderr.join().expect("a reader")).into_owned(),
            elapsed: self.begin.elapsed(),
        };
        let Call { name, time_limit, .. } = self;
        assert!(!killed, "{name} did not end within {time_limit:?}; it said:\n{}", done.stderr);
        done
    }
}

fn drain(from: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            let _ = from.read_to_end(&mut bytes);
        }
        bytes
    })
}

fn wait_at_most(child: &mut Child, begin: Instant, limit: Duration) -> Option<ExitStatus> {
    loop {
        match child.try_wait().expect("a child of this process") {
            Some(status) => return Some(status),
            None if begin.elapsed() > limit => return None,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

impl Done {
    /// The exit code; a process that was ended by a signal, or that panicked, fails the test.
    pub fn code(&self) -> i32 {
        assert!(!self.stderr.contains("panicked"), "it panicked:\n{}", self.stderr);
        match self.status.code() {
            Some(code) => code,
            None => panic!("it was ended by signal {:?}:\n{}", self.status.signal(), self.stderr),
        }
    }

    /// Fails unless it succeeded.
    pub fn expect_success(&self) -> &Done {
        assert_eq!(self.code(), 0, "it failed:\n{}", self.stderr);
        self
    }

    /// Fails unless it ended with this code.
    pub fn expect_code(&self, code: i32) -> &Done {
        assert_eq!(self.code(), code, "another exit code than expected:\n{}", self.stderr);
        self
    }

    /// The standard output as text.
    pub fn stdout_text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("text on stdout")
    }
}

/// What a run left in a folder, hidden names included.
pub fn left_in(folder: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Where an archive lies that is not complete.
pub fn incomplete(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".incomplete");
    name.into()
}
