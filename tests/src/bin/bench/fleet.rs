//! The part `fleet`: how many archives a second a gatherer reads, each in a sandbox of its own.
//!
//! The archives are copies of one of the demo, as links to one file: what is measured is the host, not the disk.

use crate::contender::WORK;
use crate::document::{Section, save};
use crate::{Result, number_of, tell, usage};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tests::pipers;

/// How many archives.
const ARCHIVES: usize = 10_000;
const ROUNDS: usize = 3;
const HOST: &str = "target/dist/host-min";

struct Row {
    what: String,
    archives_per_second: Vec<f64>,
    cpu_ms: f64,
    memory: usage::Memory,
}

/// Measures.
pub(crate) fn section() -> Result<Section> {
    let count = number_of("WAGATHER_BENCH_ARCHIVES", ARCHIVES)?;
    let folder = PathBuf::from(WORK).join("fleet");
    let tenth = folder.with_extension("tenth");
    let bytes = archives(&folder, count)?;
    archives(&tenth, count.div_ceil(10))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut rows = Vec::new();
    for guest in ["degraded-operators", "cluster-operators", "pods"] {
        // One row with all of them says whether their number matters.
        let (folder, count) =
            if guest == "degraded-operators" { (&folder, count) } else { (&tenth, count.div_ceil(10)) };
        rows.push(row(guest, folder, count, Some(1))?);
        if cores > 1 {
            rows.push(row(guest, folder, count, None)?);
        }
    }
    let mut text = format!(
        "Archives of the demo, {bytes} bytes each, on a disk cache. A sandbox of its own for each; medians of {ROUNDS} rounds. \
         Memory is the peak of all processes together (PSS), from a run of its own:\n\n\
         | gatherer | archives | cores | archives a second | processor time for one | peak memory |\n|---|---|---|---|---|---|\n"
    );
    let mut csv = "gatherer,archives,cores,archives_per_second\n".to_owned();
    for Row { what, mut archives_per_second, cpu_ms, memory } in rows {
        for rate in &archives_per_second {
            let _ = writeln!(csv, "{},{rate:.1}", what.replace(" | ", ","));
        }
        archives_per_second.sort_by(f64::total_cmp);
        let median = archives_per_second[archives_per_second.len() / 2];
        let _ = writeln!(
            text,
            "| {what} | {median:.0} | {cpu_ms:.2} ms | {:.1} MB |",
            memory.peak_pss_kib as f64 * 1024.0 / 1e6
        );
    }
    let file = save("fleet.csv", &csv)?;
    let _ = writeln!(text, "\nEvery round is in {WORK}/{file}.");
    Ok(Section { name: "fleet", title: "A fleet's archives", text, files: vec![file] })
}

fn row(guest: &str, folder: &Path, count: usize, cores: Option<usize>) -> Result<Row> {
    let shown = cores.map_or("all".to_owned(), |cores| cores.to_string());
    tell(&format!("fleet, {guest}, cores: {shown}"));
    let mut words: Vec<String> = Vec::new();
    if cores.is_some() {
        words.extend(["taskset", "-c", "0"].map(str::to_owned));
    }
    words.extend([HOST, "run", &format!("target/guests/{guest}.wasm"), "--from"].map(str::to_owned));
    words.extend([format!("{}/*.tar.gz", folder.display()), "--output".into(), "-".into(), "--quiet".into()]);
    if let Some(cores) = cores {
        words.push(format!("--parallel-clusters={cores}"));
    }
    let (memory, printed, _) = usage::memory(&words)?;
    let complete = printed.lines().filter(|line| line.contains("\"status\":\"complete\"")).count();
    if complete != count {
        return Err(format!("{complete} of {count} archives are complete"));
    }
    let (mut rates, mut cpu_ms) = (Vec::new(), f64::MAX);
    for _ in 0..ROUNDS {
        let time = usage::time(&words)?;
        rates.push(count as f64 / time.wall());
        cpu_ms = cpu_ms.min(time.cpu() * 1e3 / count as f64);
    }
    Ok(Row { what: format!("{guest} | {count} | {shown}"), archives_per_second: rates, cpu_ms, memory })
}

/// Makes the archives. Gives the size of one.
fn archives(folder: &Path, count: usize) -> Result<u64> {
    let failed = |error: std::io::Error| format!("cannot make archives in {}: {error}", folder.display());
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let first = folder.join("00000.tar.gz");
    // All objects and logs of the demo: what is read is what a gatherer asks for, and all of it is indexed.
    let guests = pipers::of_demo(&folder.with_extension("guests"));
    let mut host = std::process::Command::new(HOST);
    host.arg("run").args(guests).args(["--replay", "examples/demo.har", "--quiet", "--output"]).arg(&first);
    let ended = host.status().map_err(failed)?;
    if !ended.success() {
        return Err(format!("cannot gather from the demo: {ended}"));
    }
    for number in 1..count {
        std::fs::hard_link(&first, folder.join(format!("{number:05}.tar.gz"))).map_err(failed)?;
    }
    Ok(first.metadata().map_err(failed)?.len())
}
