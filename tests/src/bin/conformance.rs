//! Runs the conformance kit on a guest: `conformance GUEST.wasm [TASK…]`. See tests/conformance/README.md.
//!
//! With `BLESS=1`, the guest's results become the expected ones.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use tests::conformance::{Outcome, difference, expectation, run, tasks, transcript};
use wagather_printable::Page;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(guest) = words.next().map(PathBuf::from) else {
        eprintln!("error: a module is missing: conformance GUEST.wasm [TASK...]");
        return ExitCode::from(2);
    };
    let known: Vec<String> = tasks().into_iter().map(|(name, _)| name).collect();
    let mut wanted: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(word) = wanted.iter().find(|word| !known.contains(word)) {
        eprintln!("error: there is no task '{}'; there are {}", word.escape_debug(), known.join(", "));
        return ExitCode::from(2);
    }
    if wanted.is_empty() {
        wanted.clone_from(&known);
    }
    let is_to_bless = std::env::var_os("BLESS").is_some();
    let mut failed = 0;
    let mut page = Page::new();
    for task in &wanted {
        match run(&guest, task) {
            Outcome::Passed => page.line(format_args!("{task:<14} ok")),
            Outcome::Without => page.line(format_args!("{task:<14} -, without WASI")),
            Outcome::Failed { .. } if is_to_bless => {
                std::fs::write(expectation(task), transcript(&guest, task)).expect("a file");
                page.line(format_args!("{task:<14} written"));
            }
            Outcome::Failed { found, expected } => {
                failed += 1;
                page.line(format_args!("{task:<14} FAILED"));
                for line in difference(&found, &expected).lines() {
                    page.line(format_args!("    {line}"));
                }
            }
        }
    }
    page.line(format_args!("{} of {} tasks as expected", wanted.len() - failed, wanted.len()));
    let is_told = std::io::stdout().write_all(page.as_str().as_bytes()).is_ok();
    if failed == 0 && is_told { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
