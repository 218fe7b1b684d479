//! A sidecar: it gathers again and again, each time with the module that is there then, and keeps the latest archive.
//!
//! `sidecar GUEST.wasm ARCHIVE SECONDS`

use host_min::{Existing, Failure, Input, Isolation, Output, Plan, Silent, run, run_helper};

fn gather(guest: &str, archive: &str) -> Result<(), Failure> {
    let program = std::env::current_exe().unwrap_or_else(|_| "sidecar".into());
    let isolation = Isolation::Helper { program, args: vec!["sandbox".into()] };
    // The pod's account, or the kubeconfig.
    let mut plan = Plan::new(Input::Cluster(Box::default()), Output::parse(archive), isolation);
    plan.existing = Existing::Replace;
    plan.add_file(guest)?;
    let outcome = run(&plan, &Silent)?;
    outcome.failures.iter().for_each(|failure| eprintln!("sidecar: {failure}"));
    println!("complete: {}", outcome.report.complete);
    Ok(())
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sandbox"] => run_helper(),
        [guest, archive, seconds] => loop {
            if let Err(failure) = gather(guest, archive) {
                eprintln!("sidecar: {failure}");
            }
            std::thread::sleep(std::time::Duration::from_secs(seconds.parse().unwrap_or(600)));
        },
        _ => eprintln!("sidecar: give a GUEST.wasm, an ARCHIVE and SECONDS"),
    }
}
