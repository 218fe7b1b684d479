//! Measures the speed of projection: `cargo run --profile dist -p tests --bin bench-projection -- [--csv] PAGE...`.
//!
//! Each argument is a page of a list from a real API server (`docs/projection.md` explains how to get some). The
//! result is the best of several rounds, in CPU time of this thread, because other load can only make a round slower.
//! A megabyte is 10^6 bytes from the server. `--csv` also prints the numbers as CSV, one line per mask.

use std::io::{Error, Result, Write};
use std::time::Duration;
use wagather_json::project::{ListReader, Node};
use wagather_json::redact::{Counts, Redactor, Rules};

const ROUNDS: usize = 20;

/// What is kept of a pod's bytes, about, and the mask. The last one keeps `managedFields` too, which no guest gets: a copy.
const MASKS: [(&str, Option<&str>); 6] = [
    ("nothing", Some("none")),
    ("2 %", Some("metadata(name,namespace),status(phase,containerStatuses(restartCount))")),
    ("5 %", Some("metadata(name,namespace,labels),status(phase,conditions(type))")),
    ("50 %", Some("metadata(name,namespace,labels),spec,status")),
    ("all but managedFields", Some("*")),
    ("everything", None),
];

fn main() -> Result<()> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    let with_csv = paths.iter().any(|path| path == "--csv");
    paths.retain(|path| path != "--csv");
    if paths.is_empty() {
        return Err(Error::other("bench-projection: no pages; docs/projection.md says how to get some"));
    }
    let pages: Vec<&'static [u8]> =
        paths.iter().map(|path| std::fs::read(path).map(|bytes| &*bytes.leak())).collect::<Result<_>>()?;
    let sent: usize = pages.iter().map(|page| page.len()).sum();
    let rate = |time: Duration| sent as f64 / 1e6 / time.as_secs_f64();
    let mut out = std::io::stdout().lock();
    let mut csv = String::from("mask,kept_percent,mb_per_s,mb_per_s_redacted,items,redacted\n");
    writeln!(out, "{:.1} MB; a copy with checksum: {:.0} MB/s\n", sent as f64 / 1e6, rate(copy(&pages)?))?;
    writeln!(out, "| mask keeps | of the bytes | MB/s | MB/s with redaction | redacted |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for (keeps, text) in MASKS {
        let mask = match text {
            Some(text) => Node::parse(text)
                .map_err(|_| Error::other(format!("no mask: {text}")))?
                .without(&["metadata", "managedFields"]),
            None => Node::Keep,
        };
        let plain = measure(&pages, &mask, None)?;
        let redacted = measure(&pages, &mask, Some(&Redactor::new(&Rules::default())))?;
        let kept = 100.0 * plain.kept as f64 / sent as f64;
        let (alone, together) = (rate(plain.time), rate(redacted.time));
        writeln!(
            out,
            "| {keeps} | {kept:.1} % | {alone:.0} | {together:.0} | {} |",
            redacted.counts.total()
        )?;
        csv.push_str(&format!(
            "{keeps},{kept:.1},{alone:.0},{together:.0},{},{}\n",
            plain.items,
            redacted.counts.total()
        ));
    }
    if with_csv {
        write!(out, "\n{csv}")?;
    }
    Ok(())
}

/// How long this thread had a processor (the first number of schedstat, in nanoseconds).
fn on_cpu() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split(' ').next().and_then(|number| number.parse().ok());
    nanos.map(Duration::from_nanos).ok_or_else(|| Error::other("no time in schedstat"))
}

struct Measured {
    items: usize,
    kept: usize,
    time: Duration,
    counts: Counts,
}

/// The best of the rounds.
fn measure(pages: &[&'static [u8]], mask: &Node, redactor: Option<&Redactor>) -> Result<Measured> {
    let mut best = Measured { items: 0, kept: 0, time: Duration::MAX, counts: Counts::default() };
    let mut item = Vec::new();
    for _ in 0..ROUNDS {
        let (mut items, mut kept, mut counts) = (0, 0, Counts::default());
        let begin = on_cpu()?;
        for page in pages {
            let mut reader = ListReader::new(Box::new(*page));
            while reader.next(mask, &mut item)?.is_some() {
                items += 1;
                kept += item.len();
                if let Some(redactor) = redactor {
                    redactor.object(&mut item, false, &mut counts);
                }
                std::hint::black_box(&item);
            }
        }
        let time = on_cpu()?.saturating_sub(begin).min(best.time);
        best = Measured { items, kept, time, counts };
    }
    Ok(best)
}

/// What no projection can be faster than: each page in pieces to a buffer, checked for UTF-8, and copied once more.
fn copy(pages: &[&'static [u8]]) -> Result<Duration> {
    const PIECE: usize = 64 << 10;
    let mut best = Duration::MAX;
    let (mut buffer, mut item) = (vec![0; PIECE], Vec::new());
    for _ in 0..ROUNDS {
        let begin = on_cpu()?;
        for piece in pages.iter().flat_map(|page| page.chunks(PIECE)) {
            buffer[..piece.len()].copy_from_slice(piece);
            item.clear();
            item.extend_from_slice(&buffer[..piece.len()]);
            // A character may lie in two pieces: that costs nothing, and is no error here.
            let _ = std::hint::black_box(std::str::from_utf8(&item).is_ok());
        }
        best = best.min(on_cpu()?.saturating_sub(begin));
    }
    Ok(best)
}
