//! Measures the speed of obfuscation: `cargo run --release -p tests --bin bench-obfuscation -- FILE...`.
//!
//! Each argument is a text, such as a page of a list. It is processed as one object and as a stream. The result is
//! the best of several rounds, in CPU time of this thread, including a copy of the text. A megabyte is 10^6 bytes of
//! text.

use std::io::{Error, Read, Result, Write};
use std::sync::Arc;
use std::time::Duration;
use wagather_json::obfuscate::{Kinds, Obfuscator};
use wagather_json::redact::{Redactor, Rules};

const ROUNDS: usize = 20;

fn main() -> Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.is_empty() {
        return Err(Error::other("bench-obfuscation: no files"));
    }
    let mut kinds = Kinds::default();
    kinds.add("ip,mac,domain=example.com,domain=cluster.invalid").map_err(Error::other)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "| file | MB | MB/s | MB/s of a log, redacted | redacted and obfuscated | originals |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for path in paths {
        let text = std::fs::read(&path)?;
        let rate = |time: Duration| text.len() as f64 / 1e6 / time.as_secs_f64();
        let obfuscator = Arc::new(Obfuscator::new(&kinds));
        let replaced = best(|| {
            let mut text = text.clone();
            obfuscator.bytes(&mut text);
            std::hint::black_box(&text);
        })?;
        let stream = |obfuscator| {
            let redactor = Arc::new(Redactor::new(&Rules::default()).obfuscating(obfuscator));
            best(|| {
                let mut body = redactor.body(Box::new(std::io::Cursor::new(text.clone())));
                let mut whole = Vec::new();
                let _ = body.read_to_end(&mut whole);
                std::hint::black_box(&whole);
            })
        };
        let (redacted, both) = (stream(None)?, stream(Some(obfuscator.clone()))?);
        let originals: u64 = obfuscator.counts().named().map(|(_, count)| count).sum();
        writeln!(
            out,
            "| {path} | {:.1} | {:.0} | {:.0} | {:.0} | {originals} |",
            text.len() as f64 / 1e6,
            rate(replaced),
            rate(redacted),
            rate(both)
        )?;
    }
    Ok(())
}

/// The best of the rounds, in time that this thread had a processor (the first number of schedstat, in nanoseconds).
fn best(mut work: impl FnMut()) -> Result<Duration> {
    let on_cpu = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
        let nanos = text.split(' ').next().and_then(|number| number.parse().ok());
        nanos.map(Duration::from_nanos).ok_or_else(|| Error::other("no time in schedstat"))
    };
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let begin = on_cpu()?;
        work();
        best = best.min(on_cpu()?.saturating_sub(begin));
    }
    Ok(best)
}
