//! Embedding the host from another workspace, as in `tests/embedder`. It is outside this workspace, so this
//! workspace's patches and feature unification do not affect it.
//!
//! The test builds it with either engine, and runs a gatherer on the recording of `make demo`. Elsewhere: the
//! library's behaviour (`embed.rs`).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::{place, programs, workspace};

/// Builds the embedder with these words, in a folder of its own for each engine. `CC` is what the environment says.
fn build(engine: &str) -> PathBuf {
    let target = workspace::root().join("target/embedder").join(engine);
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let of_this_build = name.to_string_lossy().starts_with("CARGO") && name != "CARGO_HOME";
        if of_this_build || name == "RUSTFLAGS" {
            cargo.env_remove(name);
        }
    }
    cargo.args(["build", "--quiet", "--locked", "--no-default-features", "--features", engine]);
    cargo.arg("--manifest-path").arg(workspace::root().join("tests/embedder/Cargo.toml"));
    let output = cargo.env("CARGO_TARGET_DIR", &target).output().expect("cargo");
    assert!(output.status.success(), "{engine}: {}", String::from_utf8_lossy(&output.stderr));
    target.join("debug/embedder")
}

fn gather(program: &Path, guest: &Path, folder: &Path) -> Output {
    let recording = workspace::root().join("examples/demo.har");
    let mut command = Command::new(program);
    command.arg(guest).arg(recording).arg(folder).env_clear();
    command.output().expect("the embedder")
}

fn works_with(engine: &str) {
    let (program, place) = (build(engine), place());
    let folder = place.path().join("gathered");
    let gathered = gather(&program, &programs::guest("cluster-operators"), &folder);
    let said = String::from_utf8_lossy(&gathered.stderr);
    assert!(gathered.status.success(), "{engine}: {said}");
    assert_eq!(gathered.stdout, b"complete: true, files: 32\n", "{engine}: {said}");
    assert!(folder.join("cluster-scoped-resources/config.openshift.io/clusteroperators").is_dir());
    // A run that fails says so: the folder is there already.
    let again = gather(&program, &programs::guest("cluster-operators"), &folder);
    assert_eq!(again.status.code(), Some(6), "{engine}: {}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn a_workspace_of_somebody_else_embeds_the_host_with_wasm3() {
    works_with("wasm3");
}

#[test]
fn a_workspace_of_somebody_else_embeds_the_host_with_wasmi() {
    works_with("wasmi");
}
