//! The service as a process: its start, its figures, its end.

use crate::client::Client;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tests::processes;

/// A service that runs.
pub(crate) struct Service {
    child: Child,
    socket: PathBuf,
    said: Arc<Mutex<Said>>,
}

/// What it wrote to stderr.
#[derive(Default)]
struct Said {
    lines: u64,
    /// Lines about archives that could not be put into their places or removed: no disk is too full for that.
    misplaced: Vec<String>,
    last: std::collections::VecDeque<String>,
}

/// How much of that is shown if something is wrong.
const SHOWN_LINES: usize = 40;

/// Its figures at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// Physical memory of its process.
    pub(crate) rss_kib: u64,
    /// Physical memory of it and all that it started, shared pages counted once. 0 where this user may not know.
    pub(crate) pss_kib: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    /// It and all that it started.
    pub(crate) processes: usize,
}

impl Service {
    /// Starts a program with a configuration. A file that becomes too large is an error for it, and no signal.
    pub(crate) fn start(
        program: &Path,
        config: &Path,
        socket: &Path,
        clock: Option<(&Path, &Path)>,
    ) -> Service {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program).arg(config);
        command.arg("--listen").arg(format!("unix:{}", socket.display())).arg("--quiet");
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        if let Some((library, offset)) = clock {
            command.env("LD_PRELOAD", library).env("SOAK_CLOCK", offset);
        }
        let mut child = command.spawn().expect("sh");
        let said = Arc::new(Mutex::new(Said::default()));
        let stderr = child.stderr.take().expect("a pipe");
        let keeps = said.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut said = keeps.lock().unwrap_or_else(PoisonError::into_inner);
                said.lines += 1;
                if line.contains("cannot replace") || line.contains("cannot remove") {
                    said.misplaced.push(line.clone());
                }
                said.last.push_back(line);
                if said.last.len() > SHOWN_LINES {
                    said.last.pop_front();
                }
            }
        });
        Service { child, socket: socket.to_owned(), said }
    }

    /// Waits until it takes runs.
    pub(crate) fn wait_until_ready(&mut self) -> Result<(), String> {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(60) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the service ended: {status}"));
            }
            if Client::new(&self.socket).get("/readyz").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("the service is not ready after a minute".into())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said of archives that it could not put into their places or remove.
    pub(crate) fn misplaced(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).misplaced.clone()
    }

    /// Its last lines.
    pub(crate) fn last_lines(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let last: Vec<&str> = said.last.iter().map(String::as_str).collect();
        format!("{} lines on stderr, the last are:\n{}", said.lines, last.join("\n"))
    }

    /// Its figures.
    pub(crate) fn figures(&self) -> Figures {
        let (id, started) = (self.id(), processes::descendants(self.id()));
        let entries = |what: &str| std::fs::read_dir(format!("/proc/{id}/{what}")).map_or(0, Iterator::count);
        let all = std::iter::once(&id).chain(&started);
        let pss: Vec<u64> = all.map(|id| kib_of(*id, "smaps_rollup", "Pss:")).collect();
        Figures {
            rss_kib: kib_of(id, "status", "VmRSS:"),
            pss_kib: if pss.contains(&0) { 0 } else { pss.iter().sum() },
            descriptors: entries("fd"),
            threads: entries("task"),
            processes: 1 + started.len(),
        }
    }

    /// Its children that have ended and that it did not wait for.
    pub(crate) fn zombies(&self) -> usize {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let is_zombie = |entry: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
            Some(fields.next()? == "Z" && fields.next()?.parse() == Ok(self.id()))
        };
        entries.filter_map(is_zombie).filter(|is_zombie| *is_zombie).count()
    }

    /// No file that it writes may be larger than this, as on a disk that is full. `None` ends that.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let soft = bytes.map_or_else(|| "unlimited".into(), |bytes| bytes.to_string());
        let id = self.id().to_string();
        let done =
            Command::new("prlimit").args(["--pid", &id, &format!("--fsize={soft}:unlimited")]).status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "prlimit (util-linux) cannot limit the service's files"
        );
    }

    /// Asks it to end, and waits for that. Says what is left of what it started.
    pub(crate) fn end(mut self) -> Result<(ExitStatus, Vec<u32>), String> {
        let started = processes::descendants(self.id());
        processes::send("TERM", self.id());
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(60) {
            if let Ok(Some(status)) = self.child.try_wait() {
                std::thread::sleep(Duration::from_millis(100));
                return Ok((status, started.into_iter().filter(|id| processes::runs(*id)).collect()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("the service has not ended a minute after SIGTERM".into())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kib_of(id: u32, file: &str, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
