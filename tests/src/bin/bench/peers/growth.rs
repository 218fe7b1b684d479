//! The slice `growth`: start-up with modules of 1 KB to 10 MB.

use super::contenders::{self, PLACE};
use super::server::Server;
use super::{Measured, Row, modules, rounds};
use crate::contender::module;
use crate::turns::Turns;
use crate::{Result, tell};
use std::time::Duration;

/// About how large the modules are.
const BYTES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// The gatherers whose functions fill the modules.
const OTHERS: [&str; 7] =
    ["hello", "degraded-operators", "pods", "events", "nodes", "image-inventory", "crash-logs"];
/// For so long each contender runs with each module, but at least once and not more often than this.
const TIME: Duration = Duration::from_millis(600);
const MOST_ROUNDS: usize = 15;

/// Measures.
pub(super) fn measure() -> Result<Measured> {
    let server = Server::start(false)?;
    let read = |name: &str| {
        let path = module(name);
        std::fs::read(&path)
            .map_err(|error| format!("cannot read {path}, which 'make guests' builds: {error}"))
    };
    let base = read("cluster-operators")?;
    let others = OTHERS.iter().map(|name| read(name)).collect::<Result<Vec<_>>>()?;
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for bytes in BYTES {
        let path = format!("{PLACE}/grown-{bytes}.wasm");
        let module = modules::grown(&base, &others, bytes)?;
        // What compilers made of it stays good as long as it is the same.
        if std::fs::read(&path).ok().as_deref() != Some(&module) {
            std::fs::write(&path, &module).map_err(|error| format!("cannot write {path}: {error}"))?;
            let _ = std::fs::remove_dir_all(format!("{PLACE}/wazero-grown-{bytes}"));
        }
        let (runs, not_there) = contenders::with_module(&path, server.port);
        missing = not_there;
        let mut samples = Vec::new();
        for run in &runs {
            tell(&format!("peers, {} bytes, {}", module.len(), run.name));
            let first = rounds::checked(run, &server)?;
            samples.push(vec![if run.caches { rounds::once(run, &server, 0)? } else { first }]);
        }
        let often = |sample: &rounds::Sample| {
            (TIME.as_micros() / sample.exit.as_micros().max(1)).min(MOST_ROUNDS as u128) as usize
        };
        let often: Vec<usize> = samples.iter().map(|samples| often(&samples[0])).collect();
        let mut turns = Turns::new(runs.len());
        for round in 1..=MOST_ROUNDS {
            for index in turns.next() {
                if round <= often[index] {
                    samples[index].push(rounds::once(&runs[index], &server, round)?);
                }
            }
        }
        for (run, mut samples) in runs.iter().zip(samples) {
            // The first one warms files and caches.
            if samples.len() > 1 {
                samples.remove(0);
            }
            let what = module.len().to_string();
            rows.push(Row { contender: run.name.to_owned(), what, look: None, samples });
        }
    }
    Ok((rows, missing))
}
