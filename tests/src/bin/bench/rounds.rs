//! Rounds of start-up, each of which runs every program once, so other load affects all of them equally.

use crate::contender::{Contender, Kind, WORK, remove};
use crate::figures::{markdown, millis, quantile, row, sorted};
use crate::server::Server;
use crate::turns::Turns;
use crate::{Result, process};
use std::time::Duration;

/// Rounds that are run first and not counted: files and caches get warm.
const UNCOUNTED: usize = 5;

/// What one program took in one round.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    first_byte: Duration,
    exit: Duration,
}

/// The samples of each program, in the order of the programs.
pub(crate) type Measured = Vec<Vec<Sample>>;

/// Runs the rounds.
pub(crate) fn run(contenders: &[Contender], server: &Server, rounds: usize) -> Result<Measured> {
    let mut measured = vec![Vec::with_capacity(rounds); contenders.len()];
    let mut turns = Turns::new(contenders.len());
    for round in 0..UNCOUNTED + rounds {
        for index in turns.next() {
            let sample = once(&contenders[index], server)?;
            if round >= UNCOUNTED {
                measured[index].push(sample);
            }
        }
    }
    Ok(measured)
}

fn once(contender: &Contender, server: &Server) -> Result<Sample> {
    let output = format!("{WORK}/gathered.tar.gz");
    remove(&output)?;
    server.forget();
    let running = process::start(contender.command(&output))?;
    let start = running.start;
    let first_byte = server.first_byte();
    let ended = running.wait(&contender.name)?;
    if matches!(contender.kind, Kind::Host | Kind::Bare) && !remove(&output)? {
        return Err(format!("{} left nothing", contender.name));
    }
    Ok(Sample { first_byte: first_byte? - start, exit: ended - start })
}

/// The rounds as a table.
pub(crate) fn table(contenders: &[Contender], measured: &Measured) -> String {
    let mut rows = vec![row(&[
        "program",
        "min",
        "median",
        "p90",
        "ratio",
        "of minima",
        "of each round",
        "to its exit",
        "ratio",
    ])];
    let floor = contenders.iter().zip(measured).find(|(contender, _)| contender.kind == Kind::Floor);
    let floor = floor.map(|(_, samples)| samples);
    for (contender, samples) in contenders.iter().zip(measured) {
        let first_bytes = sorted(samples.iter().map(|sample| sample.first_byte.as_secs_f64()));
        let exits = sorted(samples.iter().map(|sample| sample.exit.as_secs_f64()));
        let of =
            |time: fn(&Sample) -> Duration| floor.map_or([f64::NAN; 3], |floor| ratios(samples, floor, time));
        let ([of_medians, of_minima, of_rounds], [_, _, of_exits]) =
            (of(|sample| sample.first_byte), of(|sample| sample.exit));
        rows.push(vec![
            contender.name.clone(),
            millis(first_bytes[0]),
            millis(quantile(&first_bytes, 0.5)),
            millis(quantile(&first_bytes, 0.9)),
            format!("{of_medians:.2}"),
            format!("{of_minima:.2}"),
            format!("{of_rounds:.2}"),
            millis(quantile(&exits, 0.5)),
            format!("{of_exits:.2}"),
        ]);
    }
    markdown(&rows)
        + "\nThe ratios are to the floor, which is static C with musl: of the medians, of the minima, and the median of the ratios of all rounds. On a \
           busy machine, the last one is the most stable; for the exit, the table has only this one.\n"
        + &beside_bare(contenders, measured)
}

/// Each module in the host beside the same in the bare engine.
fn beside_bare(contenders: &[Contender], measured: &Measured) -> String {
    let of = |name: &str| {
        let index = contenders.iter().position(|contender| contender.name == name)?;
        Some(&measured[index])
    };
    let mut rows = vec![row(&["module", "first byte", "exit"])];
    for (contender, samples) in contenders.iter().zip(measured) {
        let Some(bare) = of(&format!("{}, bare wasm3", contender.name)) else { continue };
        let first_byte = ratios(samples, bare, |sample| sample.first_byte)[2];
        let exit = ratios(samples, bare, |sample| sample.exit)[2];
        rows.push(vec![contender.name.clone(), format!("{first_byte:.2}"), format!("{exit:.2}")]);
    }
    format!(
        "\nThe host with its sandbox, compared with the same module in the same engine without a sandbox (`tests/contenders/bare`: no validation, no \
         separate process, no projection, no redaction, one file). Each ratio is the median of the ratios of all rounds:\n\n{}",
        markdown(&rows)
    )
}

/// Of the medians, of the minima, and the median of the rounds' own.
fn ratios(samples: &[Sample], floor: &[Sample], time: fn(&Sample) -> Duration) -> [f64; 3] {
    let seconds = |samples: &[Sample]| sorted(samples.iter().map(|sample| time(sample).as_secs_f64()));
    let (ours, floors) = (seconds(samples), seconds(floor));
    let pairs = samples.iter().zip(floor);
    let of_rounds = sorted(pairs.map(|(one, floor)| time(one).as_secs_f64() / time(floor).as_secs_f64()));
    [quantile(&ours, 0.5) / quantile(&floors, 0.5), ours[0] / floors[0], quantile(&of_rounds, 0.5)]
}

/// The seconds to the first byte.
pub(crate) fn first_bytes(samples: &[Sample]) -> impl Iterator<Item = f64> {
    samples.iter().map(|sample| sample.first_byte.as_secs_f64())
}

/// The median of each round's own ratio of the first bytes.
pub(crate) fn ratio(samples: &[Sample], others: &[Sample]) -> f64 {
    ratios(samples, others, |sample| sample.first_byte)[2]
}

/// The rounds one by one, in microseconds.
pub(crate) fn csv(contenders: &[Contender], measured: &Measured) -> String {
    let mut text = "round,program,first_byte_us,exit_us\n".to_owned();
    for (contender, samples) in contenders.iter().zip(measured) {
        for (round, sample) in samples.iter().enumerate() {
            text += &format!(
                "{round},{},{},{}\n",
                contender.name,
                sample.first_byte.as_micros(),
                sample.exit.as_micros()
            );
        }
    }
    text
}
