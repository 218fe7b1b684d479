//! What `make bench` measures, each part from one run: how soon a gatherer's first request is on the wire, how the host does on large
//! clusters beside other clients, and what calls cost. Markdown tables on stdout, and every round in
//! `target/bench/*.csv`.
//!
//! ```text
//! bench [start] [cluster] [links] [calls] [projection] [plot] [peers] [--write FOLDER]
//! ```
//!
//! | part | measures |
//! |---|---|
//! | `start` | process start to the first byte on a socket, for modules of 1 KB to 10 MB too; sizes; memory |
//! | `cluster` | thousands of pods from a real API server, beside contenders |
//! | `links` | the same over slow links, with each kind of compression |
//! | `calls` | a guest's calls, through the channel and in one process |
//! | `projection` | what the program `bench-projection` prints, if it is built beside this one |
//! | `plot` | nothing: it draws the last rounds of `cluster` as `target/bench/cluster.svg` |
//! | `peers` | the start beside other engines, programs and clients; a page of its own, `measurements/peers.md` |
//!
//! Without parts, all but `peers`, whose programs take long to build. `--write docs` puts the tables into `docs/measurements.md` and the rounds and the drawing into
//! `docs/measurements/`, each part in the place of what it wrote before; nobody writes there by hand.
//!
//! Not a test: nothing here fails because it was slow. It fails if what it measures gives a wrong answer. What it needs is built before
//! it; `make bench` does.
//!
//! | variable | is |
//! |---|---|
//! | `WAGATHER_BENCH_ROUNDS` | how many rounds of `start`; 300 without it |
//! | `WAGATHER_BENCH_CLUSTER_ROUNDS` | how many rounds of `cluster` and `calls`; 5 without it |
//! | `WAGATHER_BENCH_PODS` | how many pods, one after the other; `5000,20000` without it |
//! | `WAGATHER_APISERVER_DIR` | the folder of a running `tests/apiserver`, for the part of `start` with TLS |
//! | `WAGATHER_BENCH_PEERS` | which slices of `peers` are measured; `plain,tls,growth` without it |
//! | `WAGATHER_BENCH_PEERS_ROUNDS` | how many rounds of them; 120 without it |

mod calls;
mod cluster;
mod contender;
mod document;
mod figures;
mod growth;
mod guests;
mod live;
mod peers;
mod plot;
mod process;
mod projection;
mod rounds;
mod server;
mod sizes;
mod start;
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

const PARTS: [(&str, Part); 7] = [
    ("start", start::section),
    ("cluster", cluster::section),
    ("links", cluster::links),
    ("calls", calls::section),
    ("projection", projection::section),
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
