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

/// The page has the program of `sidecar.rs`, whose code has 30 lines.
#[test]
fn the_documented_sidecar_is_the_program() {
    let program = workspace::read("tests/embedder/src/bin/sidecar.rs");
    let (_, code) = program.split_once("\n\nuse ").expect("a program");
    let page = workspace::read("docs/embedding.md");
    assert!(
        page.contains(&format!("```rust,no_run\nuse {code}```")),
        "docs/embedding.md has another sidecar"
    );
    let lines = code.lines().filter(|line| !line.is_empty() && !line.trim_start().starts_with("//")).count();
    assert!((20..=30).contains(&lines), "{lines} lines");
}

/// A sidecar goes on: what is there at the next run counts, also after a module that is none.
fn goes_on(program: &Path) {
    let (place, server) = (place(), tests::objects::server().start());
    let at = |name: &str| place.path().join(name);
    let config = tests::kubeconfig::Kubeconfig::new(&server.url()).write(place.path());
    std::fs::copy(programs::guest("hello"), at("guest.wasm")).expect("a copy");
    let mut sidecar = Command::new(program)
        .args([at("guest.wasm"), at("latest"), "1".into()])
        .env_clear()
        .env("KUBECONFIG", &config)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the sidecar");
    let wait_for = |what: &str, is_there: &dyn Fn() -> bool| {
        let begin = std::time::Instant::now();
        while !is_there() {
            assert!(begin.elapsed() < std::time::Duration::from_secs(60), "{what}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    };
    let has = |text: &str| {
        std::fs::read_to_string(at("latest/wagather.json")).is_ok_and(|report| report.contains(text))
    };
    wait_for("no archive of the first module", &|| has("\"name\": \"hello\""));
    std::fs::write(at("guest.wasm"), "no module").expect("a file");
    let mut said = std::io::BufReader::new(sidecar.stderr.take().expect("a pipe"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).expect("a line");
    assert!(line.contains("guest.wasm cannot be used"), "{line}");
    assert!(has("\"name\": \"hello\""), "the archive of the last good module stays");
    std::fs::copy(programs::guest("cluster-operators"), at("guest.wasm.new")).expect("a copy");
    std::fs::rename(at("guest.wasm.new"), at("guest.wasm")).expect("a new name");
    wait_for("no archive of the second module", &|| has("\"name\": \"cluster-operators\""));
    sidecar.kill().expect("a running sidecar");
    sidecar.wait().expect("its end");
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
    goes_on(&program.with_file_name("sidecar"));
}

#[test]
fn a_workspace_of_somebody_else_embeds_the_host_with_wasm3() {
    works_with("wasm3");
}

#[test]
fn a_workspace_of_somebody_else_embeds_the_host_with_wasmi() {
    works_with("wasmi");
}
