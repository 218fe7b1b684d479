//! Measures start-up by module size, in the host and in the bare engine.

use crate::contender::{Contender, Kind, WORK};
use crate::figures::{grouped, markdown, millis, quantile, row, sorted};
use crate::server::Server;
use crate::{Result, guests, rounds};

/// About as many bytes as each module has.
const SIZES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The table, and the rounds it was made from.
pub(crate) fn table(server: &Server, all_rounds: usize) -> Result<(String, String)> {
    let mut contenders = Vec::new();
    let mut bytes = Vec::new();
    for size in SIZES {
        let module = guests::of_size(size);
        let path = format!("{WORK}/of-{size}-bytes.wasm");
        std::fs::create_dir_all(WORK).map_err(|error| format!("cannot make {WORK}: {error}"))?;
        std::fs::write(&path, &module).map_err(|error| format!("cannot write {path}: {error}"))?;
        bytes.push(module.len() as u64);
        contenders.push(Contender::of_module(Kind::Host, path.clone(), server.port())?);
        contenders.push(Contender::of_module(Kind::Bare, path, server.port())?);
    }
    let measured = rounds::run(&contenders, server, all_rounds.div_ceil(5))?;
    let mut rows =
        vec![row(&["module, bytes", "first byte: min", "median", "bare wasm3: min", "median", "ratio"])];
    for (bytes, pair) in bytes.into_iter().zip(measured.chunks(2)) {
        let [host, bare] = [0, 1].map(|index| sorted(rounds::first_bytes(&pair[index])));
        rows.push(vec![
            grouped(bytes),
            millis(host[0]),
            millis(quantile(&host, 0.5)),
            millis(bare[0]),
            millis(quantile(&bare, 0.5)),
            format!("{:.2}", rounds::ratio(&pair[0], &pair[1])),
        ]);
    }
    Ok((markdown(&rows), rounds::csv(&contenders, &measured)))
}
