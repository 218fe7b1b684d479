//! What `make bench` measures, all from one run: how soon a gatherer's first request is on the wire, how large the
//! programs are, and how much memory they take. A Markdown table, and `target/bench.csv` with every round.
//!
//! Not a test: nothing here fails because it was slow. What it needs is built before it: `make guests host`.
//!
//! | variable | is |
//! |---|---|
//! | `WAGATHER_BENCH_ROUNDS` | how many rounds; 300 without it |
//! | `WAGATHER_APISERVER_DIR` | the folder of a running `tests/apiserver`, for the part with TLS |

mod contender;
mod live;
mod process;
mod rounds;
mod server;
mod sizes;

use contender::Contender;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// What went wrong, for people.
type Result<T> = std::result::Result<T, String>;

const DEFAULT_ROUNDS: usize = 300;

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
    let rounds = match std::env::var("WAGATHER_BENCH_ROUNDS") {
        Ok(typed) => typed.parse().ok().filter(|&rounds| rounds > 0),
        Err(_) => Some(DEFAULT_ROUNDS),
    };
    let rounds = rounds.ok_or("WAGATHER_BENCH_ROUNDS is not a number of rounds")?;

    let server = server::Server::start()?;
    let contenders = [
        Contender::gatherer("cluster-operators", server.port())?,
        Contender::gatherer("degraded-operators", server.port())?,
        Contender::floor(server.port())?,
    ];
    let measured = rounds::run(&contenders, &server, rounds)?;

    let csv = "target/bench.csv";
    std::fs::write(csv, rounds::csv(&contenders, &measured))
        .map_err(|error| format!("cannot write {csv}: {error}"))?;

    print(&format!("Process start to the first byte on a plain socket, {rounds} rounds, interleaved:\n\n"))?;
    print(&rounds::table(&contenders, &measured))?;
    print(&format!("\nSizes:\n\n{}", sizes::table()?))?;
    print(&format!("\nPeak of physical memory:\n\n{}", sizes::memory(&contenders)?))?;
    print(&format!("\nTLS, to a real API server:\n\n{}", live::table(rounds)?))?;
    print(&format!("\nEvery round is in {csv}.\n"))
}

/// A reader that went away is no error.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("cannot print: {error}")),
        _ => Ok(()),
    }
}

/// A table of Markdown, its columns padded so that it can be read as it is.
fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0).max(3)).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            text += &format!("| {cell:width$} ");
        }
        text += "|\n";
        if index == 0 {
            for width in &widths {
                text += &format!("|{}", "-".repeat(width + 2));
            }
            text += "|\n";
        }
    }
    text
}

/// A row of cells.
fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}
