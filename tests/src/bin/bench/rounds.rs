//! Rounds of start-up: each runs every program once, so that what else the machine does hits all alike.

use crate::contender::{Contender, WORK, remove};
use crate::figures::{markdown, millis, quantile, row, sorted};
use crate::server::Server;
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
    for round in 0..UNCOUNTED + rounds {
        for (contender, samples) in contenders.iter().zip(&mut measured) {
            let sample = once(contender, server)?;
            if round >= UNCOUNTED {
                samples.push(sample);
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
    let ended = running.wait(contender.name)?;
    if !contender.is_floor && !remove(&output)? {
        return Err(format!("{} left no archive", contender.name));
    }
    Ok(Sample { first_byte: first_byte? - start, exit: ended - start })
}

/// The rounds as a table.
pub(crate) fn table(contenders: &[Contender], measured: &Measured) -> String {
    let mut rows =
        vec![row(&["program", "min", "median", "p90", "ratio", "of minima", "of each round", "to its exit"])];
    let floor =
        contenders.iter().zip(measured).find(|(contender, _)| contender.is_floor).map(|(_, samples)| samples);
    for (contender, samples) in contenders.iter().zip(measured) {
        let first_bytes = sorted(samples.iter().map(|sample| sample.first_byte.as_secs_f64()));
        let exits = sorted(samples.iter().map(|sample| sample.exit.as_secs_f64()));
        let [of_medians, of_minima, of_rounds] = floor.map_or([f64::NAN; 3], |floor| ratios(samples, floor));
        rows.push(vec![
            contender.name.to_owned(),
            millis(first_bytes[0]),
            millis(quantile(&first_bytes, 0.5)),
            millis(quantile(&first_bytes, 0.9)),
            format!("{of_medians:.2}"),
            format!("{of_minima:.2}"),
            format!("{of_rounds:.2}"),
            millis(quantile(&exits, 0.5)),
        ]);
    }
    markdown(&rows)
        + "\nRatios to the floor: of the medians, of the minima, and the median of the rounds' own. On a machine that does \
           other things as well, the last is the one that moves least.\n"
}

/// Of the medians, of the minima, and the median of the rounds' own.
fn ratios(samples: &[Sample], floor: &[Sample]) -> [f64; 3] {
    let seconds = |samples: &[Sample]| sorted(samples.iter().map(|sample| sample.first_byte.as_secs_f64()));
    let (ours, floors) = (seconds(samples), seconds(floor));
    let pairs = samples.iter().zip(floor);
    let of_rounds =
        sorted(pairs.map(|(one, floor)| one.first_byte.as_secs_f64() / floor.first_byte.as_secs_f64()));
    [quantile(&ours, 0.5) / quantile(&floors, 0.5), ours[0] / floors[0], quantile(&of_rounds, 0.5)]
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
