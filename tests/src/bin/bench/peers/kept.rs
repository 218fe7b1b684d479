//! Stores the results in a CSV file for each slice: every round, each contender's memory and disk space, and what
//! could not be measured.

use super::contenders::Missing;
use super::rounds::{Look, Sample};
use super::{Row, SLICES};
use crate::Result;
use crate::contender::WORK;
use std::time::Duration;

/// What a slice found.
pub(super) struct Kept {
    /// The machine, the commit and the load when it was measured.
    pub(super) made: String,
    pub(super) rows: Vec<Row>,
    pub(super) missing: Missing,
}

/// The file of a slice, below `target/bench`.
pub(super) fn file(slice: &str) -> String {
    format!("peers-{slice}.csv")
}

/// Writes a file.
pub(super) fn write(path: &str, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| format!("cannot write {path}: {error}"))
}

const HEAD: &str = "contender,what,peak_rss_kib,disk_bytes,round,first_byte_us,exit_us";

impl Kept {
    pub(super) fn save(&self, slice: &str) -> Result<()> {
        write(&format!("{WORK}/{}", file(slice)), &self.to_csv())
    }

    /// Of all slices that were measured, by the slice's name.
    pub(super) fn all() -> Result<Vec<(&'static str, Kept)>> {
        let mut all = Vec::new();
        for slice in SLICES {
            let path = format!("{WORK}/{}", file(slice));
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let kept = Kept::of_csv(&text).ok_or_else(|| format!("{path} is not as the bench writes it"))?;
            all.push((slice, kept));
        }
        Ok(all)
    }

    /// Lines that begin with `#` are what is no round.
    pub(super) fn to_csv(&self) -> String {
        let mut text = format!("# {}\n", self.made);
        for (name, why) in &self.missing {
            let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
            text += &format!("# missing: {name}: {why}\n");
        }
        text += &format!("{HEAD}\n");
        for Row { contender, what, look, samples } in &self.rows {
            let [rss, disk] = look.map_or(["-".into(), "-".into()], |look| {
                [look.peak_rss_kib, look.disk_bytes].map(|n| n.to_string())
            });
            for Sample { round, first_byte, exit } in samples {
                let (first_byte, exit) = (first_byte.as_nanos() as f64 / 1e3, exit.as_nanos() as f64 / 1e3);
                text += &format!("{contender},{what},{rss},{disk},{round},{first_byte:.1},{exit:.1}\n");
            }
        }
        text
    }

    pub(super) fn of_csv(text: &str) -> Option<Kept> {
        let mut lines = text.lines();
        let mut kept = Kept {
            made: lines.next()?.strip_prefix("# ")?.to_owned(),
            rows: Vec::new(),
            missing: Vec::new(),
        };
        let mut line = lines.next()?;
        while let Some(missing) = line.strip_prefix("# missing: ") {
            let (name, why) = missing.split_once(": ")?;
            kept.missing.push((name.to_owned(), why.to_owned()));
            line = lines.next()?;
        }
        if line != HEAD {
            return None;
        }
        for line in lines {
            let [contender, what, rss, disk, round, first_byte, exit] =
                <[&str; 7]>::try_from(line.split(',').collect::<Vec<_>>()).ok()?;
            let time =
                |cell: &str| Some(Duration::from_nanos((cell.parse::<f64>().ok()? * 1e3).round() as u64));
            let sample =
                Sample { round: round.parse().ok()?, first_byte: time(first_byte)?, exit: time(exit)? };
            let look = match (rss, disk) {
                ("-", "-") => None,
                _ => Some(Look { peak_rss_kib: rss.parse().ok()?, disk_bytes: disk.parse().ok()? }),
            };
            match kept.rows.last_mut() {
                Some(row) if row.contender == contender && row.what == what => row.samples.push(sample),
                _ => kept.rows.push(Row {
                    contender: contender.to_owned(),
                    what: what.to_owned(),
                    look,
                    samples: vec![sample],
                }),
            }
        }
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let sample = |round, micros| Sample {
            round,
            first_byte: Duration::from_micros(micros),
            exit: Duration::from_nanos(micros * 2_000 + 500),
        };
        let row = |contender: &str, what: &str, look, samples| Row {
            contender: contender.into(),
            what: what.into(),
            look,
            samples,
        };
        let kept = Kept {
            made: "Commit abc, 2 cores".into(),
            rows: vec![
                row(
                    "one",
                    "a",
                    Some(Look { peak_rss_kib: 7, disk_bytes: 8 }),
                    vec![sample(0, 10), sample(3, 11)],
                ),
                row("one", "b", None, vec![sample(0, 12)]),
            ],
            missing: vec![("other".into(), "a compiler:\nis missing".into())],
        };
        let text = kept.to_csv();
        let read = Kept::of_csv(&text).expect("its own file");
        assert_eq!(read.to_csv(), text);
        assert_eq!(
            (read.made.as_str(), read.missing[0].1.as_str()),
            ("Commit abc, 2 cores", "a compiler: is missing")
        );
        assert_eq!(read.rows[0].samples, kept.rows[0].samples);
        assert_eq!((read.rows[0].look, read.rows[1].look), (kept.rows[0].look, None));
        assert!(Kept::of_csv(&text.replace(",11.0,", ",eleven,")).is_none());
    }
}
