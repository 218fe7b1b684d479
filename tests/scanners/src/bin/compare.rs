//! Prints a table with the speed of each library: `compare PAGE...`. It is the best of several rounds, in CPU time of
//! this thread.

use std::time::Duration;
use wagather_scanners::{Node, WAYS};

const ROUNDS: usize = 20;
const MASKS: [&str; 3] = ["none", "metadata(name,namespace,labels),status(phase,conditions(type))", "*"];

fn main() -> std::io::Result<()> {
    let mut pages: Vec<&'static [u8]> = Vec::new();
    for path in std::env::args().skip(1) {
        pages.push(std::fs::read(path)?.leak());
    }
    let sent: usize = pages.iter().map(|page| page.len()).sum();
    println!("| {:.1} MB | MB/s keeping nothing | 5 % | everything |", sent as f64 / 1e6);
    println!("|---|---|---|---|");
    let mut expected = Vec::new();
    for (name, way) in WAYS {
        let mut row = format!("| {name} ");
        for (index, text) in MASKS.iter().enumerate() {
            let mask = Node::parse(text).map_err(|_| std::io::Error::other("no mask"))?;
            let (mut best, mut kept, mut out) = (Duration::MAX, 0, Vec::new());
            for _ in 0..ROUNDS {
                let begin = on_cpu()?;
                kept = pages.iter().map(|page| way(page, &mask, &mut out)).sum();
                best = best.min(on_cpu()?.saturating_sub(begin));
            }
            if expected.len() == index {
                expected.push(kept);
            }
            assert!(kept == expected[index] || kept == 0, "{name} keeps {kept} bytes with {text}");
            row.push_str(&format!("| {:.0} ", sent as f64 / 1e6 / best.as_secs_f64()));
        }
        println!("{row}|");
    }
    Ok(())
}

/// How long this thread had a processor (the first number of schedstat, in nanoseconds).
fn on_cpu() -> std::io::Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split(' ').next().and_then(|number| number.parse().ok());
    nanos.map(Duration::from_nanos).ok_or_else(|| std::io::Error::other("no time in schedstat"))
}
