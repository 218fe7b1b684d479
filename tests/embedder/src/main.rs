//! A program that embeds the host: it runs one gatherer on a recording, and is its own sandbox helper.
//!
//! `embedder GUEST.wasm RECORDING.har FOLDER`

use host_min::{Failure, Input, Isolation, Output, Plan, Silent, run};
use std::process::ExitCode;

fn gather(guest: &str, recording: &str, folder: &str) -> Result<(bool, u64), Failure> {
    let isolation = Isolation::Helper {
        program: std::env::current_exe().unwrap_or_else(|_| "embedder".into()),
        args: vec!["sandbox".into()],
    };
    let mut plan = Plan::new(Input::Recording(recording.into()), Output::Folder(folder.into()), isolation);
    plan.add_file(guest)?;
    let outcome = run(&plan, &Silent)?;
    Ok((outcome.report.complete, outcome.report.gatherers[0].entries))
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        // Started by the host: this process holds the guest, and nothing else.
        ["sandbox"] => host_min::run_helper(),
        [guest, recording, folder] => match gather(guest, recording, folder) {
            Ok((complete, files)) => {
                println!("complete: {complete}, files: {files}");
                if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(failure) => {
                eprintln!("embedder: {failure}");
                ExitCode::from(failure.class.exit_code())
            }
        },
        _ => {
            eprintln!("embedder: give a GUEST.wasm, a RECORDING.har and a new FOLDER");
            ExitCode::from(2)
        }
    }
}
