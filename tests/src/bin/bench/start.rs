//! The part `start`: from process start to the first byte of the first request, sizes, and memory.

use crate::contender::{Contender, WORK};
use crate::document::{Section, save};
use crate::{Result, growth, live, number_of, rounds, server, sizes};

const DEFAULT_ROUNDS: usize = 300;

/// Measures.
pub(crate) fn section() -> Result<Section> {
    let rounds = number_of("WAGATHER_BENCH_ROUNDS", DEFAULT_ROUNDS)?;
    let server = server::Server::start()?;
    let mut contenders = vec![
        Contender::gatherer("cluster-operators", server.port())?,
        Contender::gatherer("degraded-operators", server.port())?,
        Contender::bare("cluster-operators, bare wasm3", "cluster-operators", server.port())?,
        Contender::bare("degraded-operators, bare wasm3", "degraded-operators", server.port())?,
    ];
    contenders.extend(Contender::floors(server.port())?);
    contenders.iter().try_for_each(Contender::write_anew)?;
    let measured = rounds::run(&contenders, &server, rounds)?;
    let csv = save("start.csv", &rounds::csv(&contenders, &measured))?;
    let (grown, grown_rounds) = growth::table(&server, rounds)?;
    let grown_csv = save("start-growth.csv", &grown_rounds)?;
    let text = format!(
        "Process start to the first byte on a plain socket, {rounds} rounds, interleaved:\n\n{}\n\
         The same for larger modules, each of which calls a hundredth of its functions before its request:\n\n{grown}\n\
         Sizes:\n\n{}\n\
         Peak of physical memory:\n\n{}\nTLS, to a real API server:\n\n{}\nEvery round is in {WORK}/{csv} and {WORK}/{grown_csv}.\n",
        rounds::table(&contenders, &measured),
        sizes::table()?,
        sizes::memory(&contenders)?,
        live::table(rounds)?,
    );
    Ok(Section { name: "start", title: "Start-up", text, files: vec![csv, grown_csv] })
}
