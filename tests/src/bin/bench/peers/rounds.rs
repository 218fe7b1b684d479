//! Timed rounds, each of which runs every contender once, so other load affects all of them equally; and untimed runs
//! before them, which check each answer.

use super::contenders::{OURS, OUTPUT, PLACE, Run, Task};
use super::server::{OPERATORS, Server};
use crate::contender::{quiet, remove};
use crate::turns::Turns;
use crate::{Result, process, tell, usage};
use serde_json::Value;
use std::fs::File;
use std::path::Path;
use std::time::Duration;
use tests::archive::Archive;

/// Rounds that are run first and not counted: files and caches get warm.
const UNCOUNTED: usize = 3;
/// What takes longer than this is not run in each round.
const LONG: Duration = Duration::from_millis(15);

/// What a contender took in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) round: usize,
    pub(super) first_byte: Duration,
    pub(super) exit: Duration,
}

/// What a contender takes besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) peak_rss_kib: u64,
    pub(super) disk_bytes: u64,
}

/// Runs each contender with its memory looked at, and fails if an answer is wrong.
pub(super) fn looks(runs: &[Run], server: &Server) -> Result<Vec<Look>> {
    let look = |run: &Run| {
        let output = output(run);
        let mut peak_rss_kib = 0;
        for _ in 0..3 {
            remove(&output)?;
            server.forget();
            let (memory, printed, _) = usage::memory(&words(run, &output))?;
            if run.prints {
                std::fs::write(&output, printed)
                    .map_err(|error| format!("cannot write {output}: {error}"))?;
            }
            check(run, &output)?;
            peak_rss_kib = peak_rss_kib.max(memory.peak_rss_kib);
        }
        Ok(Look { peak_rss_kib, disk_bytes: run.files.iter().map(|file| bytes_of(file)).sum() })
    };
    runs.iter().map(look).collect()
}

/// Runs the rounds.
pub(super) fn run(runs: &[Run], server: &Server, rounds: usize) -> Result<Vec<Vec<Sample>>> {
    let mut warm = vec![Duration::MAX; runs.len()];
    for round in 0..UNCOUNTED {
        for (run, warm) in runs.iter().zip(&mut warm) {
            *warm = once(run, server, round)?.exit.min(*warm);
        }
    }
    // So often that each takes about as long over all rounds, but at least in every tenth. The host is in all of them.
    let every = runs.iter().zip(&warm).map(|(run, warm)| match run.name {
        OURS => 1,
        _ => ((warm.as_micros() / LONG.as_micros() + 1) as usize).min(10).min(rounds),
    });
    let every: Vec<usize> = every.collect();
    let (mut measured, mut turns) = (vec![Vec::new(); runs.len()], Turns::new(runs.len()));
    for round in 0..rounds {
        if round % 20 == 0 {
            tell(&format!("peers, round {} of {rounds}", round + 1));
        }
        for index in turns.next() {
            if (round + index).is_multiple_of(every[index]) {
                measured[index].push(once(&runs[index], server, round)?);
            }
        }
    }
    Ok(measured)
}

/// One run of one contender.
pub(super) fn once(run: &Run, server: &Server, round: usize) -> Result<Sample> {
    let output = output(run);
    remove(&output)?;
    server.forget();
    let said = format!("{PLACE}/said");
    let create = |path: &str| File::create(path).map_err(|error| format!("cannot create {path}: {error}"));
    let words = words(run, &output);
    let mut command = quiet(&words[0]);
    command.args(&words[1..]).stderr(create(&said)?);
    if run.prints {
        command.stdout(create(&output)?);
    }
    let running = process::start(command)?;
    let start = running.start;
    let ended = running.wait(run.name).map_err(|why| {
        format!("{why}: {}\n{}", words.join(" "), std::fs::read_to_string(&said).unwrap_or_default())
    })?;
    let first_byte = server.first_byte()?;
    if !Path::new(&output).is_file() {
        return Err(format!("{} left nothing", run.name));
    }
    Ok(Sample { round, first_byte: first_byte - start, exit: ended - start })
}

/// One run whose answer is looked at.
pub(super) fn checked(run: &Run, server: &Server) -> Result<Sample> {
    let sample = once(run, server, 0)?;
    check(run, &output(run))?;
    Ok(sample)
}

fn output(run: &Run) -> String {
    format!("{PLACE}/gathered{}", if run.is_archive { ".tar.gz" } else { "" })
}

fn words(run: &Run, output: &str) -> Vec<String> {
    run.words.iter().map(|word| if word == OUTPUT { output.to_owned() } else { word.clone() }).collect()
}

/// A wrong answer is not worth its time.
fn check(run: &Run, output: &str) -> Result<()> {
    let decodes = matches!(run.task, Task::Typed | Task::Decode);
    let (found, wanted) = if run.is_archive {
        let archive = Archive::read(output);
        if decodes {
            let entry = archive.paths().into_iter().find(|path| path.ends_with("findings.json"));
            (entry.map_or(0, |path| findings(&archive.json(path))), degraded())
        } else {
            let items = archive.paths().into_iter().filter(|path| path.contains("/clusteroperators/"));
            (items.count(), OPERATORS)
        }
    } else {
        let text =
            std::fs::read_to_string(output).map_err(|error| format!("cannot read {output}: {error}"))?;
        if decodes {
            let found = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", run.name))?;
            (findings(&found), degraded())
        } else {
            (text.matches(r#""kind":"ClusterOperator","#).count(), OPERATORS)
        }
    };
    if found == wanted {
        return Ok(());
    }
    Err(format!("{}, {}, has {found} objects where {wanted} are right", run.name, run.task.letter()))
}

fn findings(found: &Value) -> usize {
    // The peers write a plain list.
    let found = found.as_array().or(found["findings"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let is_degraded = |finding: &&Value| finding["problem"] == "degraded" || finding["code"] == "Degraded";
    found.iter().filter(is_degraded).count()
}

/// How many operators of the server's list are degraded.
fn degraded() -> usize {
    (0..OPERATORS).filter(|number| number % 3 == 1).count()
}

/// Of a file, or of all files in a folder.
fn bytes_of(path: &Path) -> u64 {
    if let Ok(entries) = std::fs::read_dir(path) {
        return entries.flatten().map(|entry| bytes_of(&entry.path())).sum();
    }
    std::fs::metadata(path).map_or(0, |data| data.len())
}
