//! The resource usage of a process tree, as `tests/floor/measure.c` prints it.

use crate::Result;
use crate::contender::{WORK, compiled, quiet};
use std::fs::File;
use std::process::Stdio;
use std::sync::OnceLock;

/// What a run took.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    /// From its start to its end.
    pub(crate) wall_us: u64,
    /// On processors, in the program and in the children that it waited for.
    pub(crate) user_us: u64,
    /// In the kernel for them.
    pub(crate) system_us: u64,
}

impl Time {
    /// All of the processors' time, in seconds.
    pub(crate) fn cpu(self) -> f64 {
        (self.user_us + self.system_us) as f64 / 1e6
    }

    /// Seconds.
    pub(crate) fn wall(self) -> f64 {
        self.wall_us as f64 / 1e6
    }
}

/// The most memory that a run had.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    /// The peaks of its processes, added up.
    pub(crate) peak_rss_kib: u64,
    /// The most that all of them had at once, what they share counted once; sampled.
    pub(crate) peak_pss_kib: u64,
}

/// A run whose time is taken; what it prints is thrown away.
pub(crate) fn time(words: &[String]) -> Result<Time> {
    let [wall_us, user_us, system_us] = measure("time", words, Stdio::null(), Stdio::null())?;
    Ok(Time { wall_us, user_us, system_us })
}

/// A run whose memory is looked at, what it prints, and what it says. It is a little slower.
pub(crate) fn memory(words: &[String]) -> Result<(Memory, String, String)> {
    let paths = ["printed", "said"].map(|name| format!("{WORK}/{name}"));
    let create = |path: &String| File::create(path).map_err(|error| format!("cannot create {path}: {error}"));
    let [printed, said] = [create(&paths[0])?, create(&paths[1])?];
    let [peak_rss_kib, peak_pss_kib] = measure("memory", words, printed.into(), said.into())?;
    let read = |path: &String| {
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {path} again: {error}"))
    };
    Ok((Memory { peak_rss_kib, peak_pss_kib }, read(&paths[0])?, read(&paths[1])?))
}

fn measure<const N: usize>(what: &str, words: &[String], stdout: Stdio, stderr: Stdio) -> Result<[u64; N]> {
    let result = format!("{WORK}/measured");
    static PROGRAM: OnceLock<Result<String>> = OnceLock::new();
    let mut command = quiet(PROGRAM.get_or_init(|| compiled("measure")).as_deref().map_err(Clone::clone)?);
    command.args([what, &result]).args(words).stdout(stdout).stderr(stderr);
    let ended = command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if !ended.success() {
        return Err(format!("{} ended badly: {ended}", words.join(" ")));
    }
    let text = std::fs::read_to_string(&result).map_err(|error| format!("cannot read {result}: {error}"))?;
    let numbers: Option<Vec<u64>> = text.split_whitespace().map(|number| number.parse().ok()).collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or_else(|| format!("{result} has not {N} numbers but '{text}'"))
}
