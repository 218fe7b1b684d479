//! The conformance kit of `tests/conformance/`: runs a guest's tasks on the kit's recording, and returns the results.
//!
//! A guest is any module that implements the tasks of the kit's README. `expected/TASK.txt` has the expected result
//! of each task: the host's exit code, the report, the log lines and the files of the archive.

use crate::archive::Archive;
use crate::host::Host;
use crate::{programs, workspace};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the kit is.
pub const FOLDER: &str = "tests/conformance";

/// The task that only guests with WASI do.
pub const WASI: &str = "wasi";

/// The gatherer's name, in each guest's manifest.
const NAME: &str = "conformance";

/// How a task went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As expected.
    Passed,
    /// It is none of this guest's: it does not import WASI.
    Without,
    /// What was left, and what should have been.
    Failed {
        /// What there was.
        found: String,
        /// What the kit has.
        expected: String,
    },
}

/// The tasks, in the order of the README's table, each with its definition.
pub fn tasks() -> Vec<(String, String)> {
    let readme = workspace::read(&format!("{FOLDER}/README.md"));
    let rows = readme.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        // The first table names files.
        if name.contains(|letter: char| !letter.is_ascii_lowercase() && letter != '-') {
            return None;
        }
        Some((name.to_owned(), rest.trim_end_matches(" |").to_owned()))
    });
    rows.collect()
}

/// Where a task's expectation is.
pub fn expectation(task: &str) -> PathBuf {
    workspace::root().join(FOLDER).join("expected").join(task).with_extension("txt")
}

/// Has a guest do a task, and compares.
pub fn run(guest: &Path, task: &str) -> Outcome {
    if task == WASI && !crate::archive::contains(&read(guest), b"wasi_snapshot_preview1") {
        return Outcome::Without;
    }
    let found = transcript(guest, task);
    let expected = std::fs::read_to_string(expectation(task)).unwrap_or_default();
    if found == expected { Outcome::Passed } else { Outcome::Failed { found, expected } }
}

fn read(guest: &Path) -> Vec<u8> {
    std::fs::read(guest).unwrap_or_else(|error| panic!("cannot read {}: {error}", guest.display()))
}

/// What a task leaves, as text.
pub fn transcript(guest: &Path, task: &str) -> String {
    let place = crate::place();
    let output = place.path().join("out");
    // The program itself: the environment's names are none of a recording's.
    let mut command = Command::new(programs::host_min());
    command.args(["run", "--param", &format!("task={task}"), "--param", "given=a longer value"]);
    let host = Host::of(command).arg(std::path::absolute(guest).expect("a path")).output(&output);
    let recording = workspace::root().join(FOLDER).join("recording.har");
    let done = host.replay(recording).wait();
    let mut out = format!("exit {}\n", done.status.code().unwrap_or(-1));
    let incomplete = place.path().join("out.incomplete");
    let archive = [output, incomplete].into_iter().find(|path| path.exists());
    let Some(archive) = archive.map(Archive::read) else {
        // Nothing ran: the host says why.
        return out + &done.stderr;
    };
    let _ = writeln!(out, "report: {}", archive.gatherer(NAME)["status"].as_str().unwrap_or_default());
    // The gatherer's own lines come before the table of what there was.
    let lines = done.stderr.lines().take_while(|line| !line.starts_with("GATHERER "));
    for line in lines.filter_map(|line| line.strip_prefix("conformance: ")) {
        let _ = writeln!(out, "log: {line}");
    }
    for (path, bytes) in archive.gathered() {
        let _ = write!(out, "file: {path}\n{}", String::from_utf8_lossy(bytes));
        if bytes.last().is_some_and(|last| *last != b'\n') {
            out.push('\n');
        }
    }
    out
}

/// The first line in which two texts differ, for people.
pub fn difference(found: &str, expected: &str) -> String {
    let mut expected_lines = expected.lines();
    let mut number = 0;
    for line in found.lines() {
        number += 1;
        match expected_lines.next() {
            Some(wanted) if wanted == line => {}
            Some(wanted) => {
                return format!("line {number} is\n      {line}\n    but should be\n      {wanted}");
            }
            None => return format!("line {number} is too much:\n      {line}"),
        }
    }
    match expected_lines.next() {
        Some(wanted) => format!("after {number} lines this is missing:\n      {wanted}"),
        None => "the ends of the last lines differ".to_owned(),
    }
}
