//! The program behind `make bench`. Its parts measure how soon a gatherer's first request is sent, how the host
//! compares with other clients on large clusters, and what calls cost. It prints Markdown tables to stdout, and
//! writes every round to `target/bench/*.csv`.
//!
//! ```text
//! bench [start] [cluster] [links] [everything] [calls] [projection] [fleet] [serve] [plot] [peers] [--write FOLDER]
//! ```
//!
//! | part | measures |
//! |---|---|
//! | `start` | process start to the first byte on a socket, also for modules of 1 KB to 10 MB; sizes; memory |
//! | `cluster` | thousands of pods from a real API server, compared with contenders |
//! | `links` | the same over slow links, with each kind of compression |
//! | `everything` | all resources of a real API server, compared with a reader that throws the same pages away |
//! | `calls` | a guest's calls, through the channel and in one process |
//! | `projection` | the output of the program `bench-projection`, if it is built beside this one |
//! | `fleet` | archives a second, each in a sandbox of its own |
//! | `serve` | a service: trigger to first byte, runs a second, replacements, memory at rest |
//! | `plot` | nothing: it draws the last rounds of `cluster` as `target/bench/cluster.svg` |
//! | `peers` | start-up compared with other engines, programs and clients; it has its own page, `measurements/peers.md` |
//!
//! Without arguments, it runs all parts except `peers`, whose programs take long to build. `--write docs` writes the
//! tables to `docs/measurements.md`, and the rounds and the drawing to `docs/measurements/`. Each part replaces its
//! previous output. Do not edit these files by hand.
//!
//! This is not a test: it never fails because something is slow. It fails if a measured program gives a wrong answer.
//! The programs that it runs must be built first; `make bench` builds them.
//!
//! | variable | meaning |
//! |---|---|
//! | `WAGATHER_BENCH_ROUNDS` | rounds of `start` and `serve`; default 300 |
//! | `WAGATHER_BENCH_CLUSTER_ROUNDS` | rounds of `cluster`, `links`, `everything` and `calls`; default 5 |
//! | `WAGATHER_BENCH_PODS` | numbers of pods to measure; default `5000,20000` |
//! | `WAGATHER_APISERVER_DIR` | the folder of a running `tests/apiserver`, for the part of `start` with TLS |
//! | `WAGATHER_BENCH_ARCHIVES` | archives of `fleet`; default 10000 |
//! | `WAGATHER_BENCH_PEERS` | slices of `peers` to measure; default `plain,tls,growth` |
//! | `WAGATHER_BENCH_PEERS_ROUNDS` | rounds of these slices; default 120 |

mod calls;
mod cluster;
mod contender;
mod document;
mod figures;
mod fleet;
mod growth;
mod guests;
mod live;
mod peers;
mod plot;
mod process;
mod projection;
mod rounds;
mod serve;
mod server;
mod sizes;
mod start;
mod turns;
mod usage;

use document::{Document, Section};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// What went wrong, for people.
type Result<T> = std::result::Result<T, String>;

/// Measures a part.
type Part = fn() -> Result<Section>;

/// What is measured only by name: what it compares takes long to build.
const ONLY_BY_NAME: &str = "peers";

const PARTS: [(&str, Part); 10] = [
    ("start", start::section),
    ("cluster", cluster::section),
    ("links", cluster::links),
    ("everything", cluster::everything),
    ("calls", calls::section),
    ("projection", projection::section),
    ("fleet", fleet::section),
    ("serve", serve::section),
    ("plot", plot::section),
    (ONLY_BY_NAME, peers::section),
];

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::set_current_dir(&root)
        .map_err(|error| format!("cannot work in {}: {error}", root.display()))?;
    let (parts, mut document) = typed(std::env::args().skip(1))?;
    print(&format!("{}\n", document::machine()))?;
    for part in parts {
        let section = part()?;
        if !section.text.is_empty() {
            print(&section.to_markdown())?;
        }
        if let Some(document) = &mut document {
            document.put(&section)?;
        }
    }
    Ok(())
}

/// The parts to measure, in the order of the table, and where to write.
fn typed(mut words: impl Iterator<Item = String>) -> Result<(Vec<Part>, Option<Document>)> {
    let names = PARTS.map(|(name, _)| name).join(", ");
    let (mut wanted, mut document) = (Vec::new(), None);
    while let Some(word) = words.next() {
        if word == "--write" {
            let folder = words.next().ok_or("--write needs a folder: --write docs")?;
            document = Some(Document::open(folder.into())?);
        } else if PARTS.iter().any(|(name, _)| *name == word) {
            wanted.push(word);
        } else {
            return Err(format!("there is no part '{word}'; there are {names}, and --write FOLDER"));
        }
    }
    let is_wanted = |name: &str| match wanted[..] {
        [] => name != ONLY_BY_NAME,
        _ => wanted.iter().any(|word| word == name),
    };
    Ok((PARTS.iter().filter(|(name, _)| is_wanted(name)).map(|(_, part)| *part).collect(), document))
}

/// A number from the environment, above 0.
fn number_of(variable: &str, default: usize) -> Result<usize> {
    let Ok(typed) = std::env::var(variable) else { return Ok(default) };
    let number = typed.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| format!("{variable} is '{typed}', which is not a number above 0"))
}

/// How many rounds of what takes seconds.
fn long_rounds() -> Result<usize> {
    number_of("WAGATHER_BENCH_CLUSTER_ROUNDS", 5)
}

/// A reader that went away is no error.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("cannot print: {error}")),
        _ => Ok(()),
    }
}

/// Says on stderr what goes on, since a part takes minutes.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}
