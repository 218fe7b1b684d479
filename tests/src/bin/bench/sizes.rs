//! Bytes on disk and bytes in memory.

use crate::Result;
use crate::contender::{Contender, HOST, Kind, WORK, compiled, quiet, remove};
use crate::figures::{grouped, markdown, row};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs whose memory is looked at; the largest counts.
const MEMORY_ROUNDS: usize = 5;

/// The sizes of the guests and of the host.
pub(crate) fn table() -> Result<String> {
    let folder = "target/guests";
    let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot read {folder}: {error}"))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    files.push(HOST.into());
    let mut rows = vec![row(&["file", "bytes"])];
    for file in files {
        let bytes = std::fs::metadata(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?
            .len();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        rows.push(vec![name, grouped(bytes)]);
    }
    Ok(markdown(&rows))
}

/// The most memory that each of a run's two processes takes.
pub(crate) fn memory(contenders: &[Contender]) -> Result<String> {
    let launcher = compiled("peak-memory")?;
    let output = format!("{WORK}/gathered");
    let mut rows = vec![row(&["gatherer", "broker", "sandbox"])];
    for contender in contenders {
        let (mut broker, mut sandbox) = (0, 0);
        for _ in 0..MEMORY_ROUNDS {
            remove(&output)?;
            broker = broker.max(peak(&launcher, &contender.command(&output), &contender.name)?);
            if contender.kind == Kind::Host {
                sandbox = sandbox.max(sandbox_peak(&Path::new(&output).join("wagather.json"))?);
                remove(&output)?;
            }
        }
        let sandbox = if contender.kind == Kind::Host { kib(sandbox) } else { "-".to_owned() };
        rows.push(vec![contender.name.clone(), kib(broker), sandbox]);
    }
    Ok(markdown(&rows))
}

fn peak(launcher: &str, command: &Command, what: &str) -> Result<u64> {
    let mut launched = quiet(launcher);
    launched.arg(command.get_program()).args(command.get_args()).stdout(Stdio::piped());
    let ended = launched.output().map_err(|error| format!("cannot run {launcher}: {error}"))?;
    let kib = String::from_utf8_lossy(&ended.stdout).trim().parse::<u64>();
    match kib {
        Ok(kib) if ended.status.success() => Ok(kib << 10),
        _ => Err(format!("{what} ended badly: {}", String::from_utf8_lossy(&ended.stderr))),
    }
}

/// From the report, which has it from the system.
fn sandbox_peak(report: &Path) -> Result<u64> {
    let failed = |why: String| format!("cannot use {}: {why}", report.display());
    let text = std::fs::read(report).map_err(|error| failed(error.to_string()))?;
    let report: Value = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    let peak = &report["gatherers"][0]["peakRssBytes"];
    peak.as_u64().ok_or_else(|| failed("it has no peakRssBytes".into()))
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", grouped(bytes >> 10))
}
