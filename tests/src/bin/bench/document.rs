//! Writes the results as documents: a section of Markdown for each part, and files with every round.

use crate::Result;
use crate::contender::WORK;
use std::path::PathBuf;
use std::process::Command;

/// A part that was measured, or why it was not.
pub(crate) struct Section {
    /// The part.
    pub(crate) name: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// Its tables and what is to be said of them.
    pub(crate) text: String,
    /// The files of `target/bench` that belong to it; none if it was not measured.
    pub(crate) files: Vec<String>,
}

impl Section {
    /// As a section of a document.
    pub(crate) fn to_markdown(&self) -> String {
        format!("## {}\n\n{}\n", self.title, self.text)
    }
}

/// `measurements.md` in a folder, and the files beside it.
pub(crate) struct Document {
    folder: PathBuf,
    text: String,
}

const NAME: &str = "measurements";

const BEGINNING: &str = "\
# Measurements

Made by `make bench BENCH='--write docs'`, and not to be edited: the next run overwrites it. Each section is from one run on one machine, which it
names. Compare figures only within a section. Absolute figures depend on the machine; ratios depend on it less. Every round is in [`measurements/`](measurements).
[`tests/src/bin/bench`](../tests/src/bin/bench/main.rs) describes each part.

";

impl Document {
    /// What there is, or the beginning of a new one.
    pub(crate) fn open(folder: PathBuf) -> Result<Document> {
        let path = folder.join(NAME).with_extension("md");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BEGINNING.to_owned(),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        Ok(Document { folder, text })
    }

    /// Puts a section in the place of what the part wrote before, or at the end, and its files beside the document. What was not
    /// measured changes nothing.
    pub(crate) fn put(&mut self, section: &Section) -> Result<()> {
        if section.files.is_empty() {
            return Ok(());
        }
        let beside = self.folder.join(NAME);
        std::fs::create_dir_all(&beside)
            .map_err(|error| format!("cannot make {}: {error}", beside.display()))?;
        for file in &section.files {
            let (from, to) = (format!("{WORK}/{file}"), beside.join(file));
            std::fs::copy(&from, &to)
                .map_err(|error| format!("cannot copy {from} to {}: {error}", to.display()))?;
        }
        if section.text.is_empty() {
            return Ok(());
        }
        let marks = [format!("<!-- {} -->\n", section.name), format!("<!-- /{} -->\n", section.name)];
        // Where the rounds are for this run; beside the document is where they are for its readers.
        let text = section.text.replace(&format!("{WORK}/"), &format!("{NAME}/"));
        let section = format!("{}## {}\n\n{}\n{text}{}", marks[0], section.title, machine(), marks[1]);
        let place = self.text.find(&marks[0]).zip(self.text.find(&marks[1]));
        match place {
            Some((from, to)) => self.text.replace_range(from..to + marks[1].len(), &section),
            None => self.text.push_str(&section),
        }
        let path = self.folder.join(NAME).with_extension("md");
        std::fs::write(&path, &self.text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

/// Writes a file of rounds to `target/bench`, and gives its name back.
pub(crate) fn save(name: &str, text: &str) -> Result<String> {
    std::fs::create_dir_all(WORK).map_err(|error| format!("cannot make {WORK}: {error}"))?;
    let path = format!("{WORK}/{name}");
    std::fs::write(&path, text).map_err(|error| format!("cannot write {path}: {error}"))?;
    Ok(name.to_owned())
}

/// What the figures are of: the machine, without its name, and the commit.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown processor".into());
    let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let memory = memory.trim_end_matches(" kB").parse::<f64>().map_or(0.0, |kib| kib / f64::from(1 << 20));
    let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    let git = Command::new("git").args(["describe", "--always", "--dirty", "--exclude=*"]).output();
    let commit = git.ok().filter(|git| git.status.success()).map(|git| git.stdout).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "Commit {}, {cores} cores of {processor}, {memory:.0} GiB, Linux {}, load average {load}.\n",
        String::from_utf8_lossy(&commit).trim(),
        read("/proc/sys/kernel/osrelease").trim(),
    )
}
