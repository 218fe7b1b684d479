//! Runs that must fail, as one golden text: the messages, the exit code and the remaining files.

use crate::archive::Archive;
use crate::host::{Done, Host, incomplete, left_in};
use crate::{golden, programs};
use std::fmt::Write as _;
use std::path::Path;

/// The failures of one golden file.
pub struct Failing {
    golden: &'static str,
    text: String,
}

impl Failing {
    /// Failures that are kept in that golden file.
    pub fn new(golden: &'static str) -> Failing {
        Failing { golden, text: String::new() }
    }

    /// A run that must end with that code. It gets an output of its own, and must leave nothing but what is told apart from
    /// an archive by its name and by its report.
    pub fn case(&mut self, name: &str, code: i32, host: Host) {
        let place = crate::place();
        let output = place.path().join("out");
        let done = host.output(&output).arg("--quiet").wait();
        let left = left_in(place.path());
        let left = match &left[..] {
            [] => "nothing".to_owned(),
            [only] if *only == "out.incomplete" => {
                reports_why(&Archive::read(incomplete(&output)), &done);
                "out.incomplete".to_owned()
            }
            other => panic!("{name}: {other:?} is left, which may look like an archive"),
        };
        self.tell(name, code, &done, &left, &[(&place.path().display().to_string(), "DIR")]);
    }

    /// A call of any kind that must end with that code; what it left is for the test to say.
    pub fn tell(&mut self, name: &str, code: i32, done: &Done, left: &str, names: &[(&str, &str)]) {
        assert_eq!(done.code(), code, "{name}:\n{}", done.stderr);
        let messages = done.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(messages, 1, "{name}: not one clear message but:\n{}", done.stderr);
        let top = crate::workspace::root().display().to_string();
        let host = programs::host_min().display().to_string();
        let names: Vec<(&str, &str)> =
            names.iter().copied().chain([(host.as_str(), "HOST"), (&top, "TOP")]).collect();
        let said = golden::normalise(&done.stderr, &names);
        let _ = write!(self.text, "# {name}\n{said}exit code {code}, left: {left}\n\n");
    }

    /// Compares all of it.
    pub fn check(self) {
        golden::check(self.golden, &self.text);
    }
}

/// What is incomplete says so, and why, in the words that were said.
fn reports_why(archive: &Archive, done: &Done) {
    let report = archive.report();
    assert_eq!(report["complete"], false, "{report:#}");
    let gatherers = report["gatherers"].as_array().expect("gatherers");
    let failed: Vec<_> = gatherers.iter().filter(|part| part["status"] == "failed").collect();
    assert!(!failed.is_empty(), "no gatherer failed: {report:#}");
    for part in failed {
        let reason = part["reason"].as_str().unwrap_or_default();
        assert!(
            !reason.is_empty() && done.stderr.contains(reason),
            "'{reason}' was not said:\n{}",
            done.stderr
        );
    }
}

/// Writes a file for a case.
pub fn written(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    path
}
