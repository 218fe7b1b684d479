//! `host-min serve` in bad company, for some hundred runs. `make soak` does the same for 100,000.
//!
//! The program `soak` says what it does and asserts; here it is called, with figures for a machine that has little time.

use std::process::Command;

#[test]
fn some_hundred_runs_in_bad_company() {
    let soak = Command::new(env!("CARGO_BIN_EXE_soak"))
        .args(["runs=400", "replacements=20", "parallel=4", "away=2"])
        .output()
        .expect("the soak");
    let said = format!("{}{}", String::from_utf8_lossy(&soak.stdout), String::from_utf8_lossy(&soak.stderr));
    assert!(soak.status.success(), "{said}");
    assert!(said.contains("soak: nothing was wrong"), "{said}");
    for what in ["the API server was away for 2 s", "the disk was full", "4 broken ones refused"] {
        assert!(said.contains(what), "'{what}' did not happen:\n{said}");
    }
}
