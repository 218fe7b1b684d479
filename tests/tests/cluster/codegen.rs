//! Types from a real API server's schemas: the same as from the saved schemas, and a clear error if the server has no
//! schema.

use super::shared;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::{place, programs, workspace};

/// The gatherers with types that are made, which are held against a server that has their resources.
const GATHERERS: &[&str] =
    &["crash-logs", "degraded-operators", "events", "image-inventory", "nodes", "pods"];

fn codegen(words: &[&str], paths: &[&Path]) -> Output {
    Command::new(programs::codegen()).args(words).args(paths).output().expect("codegen")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A module without its comments: the saved schemas have no descriptions.
fn code(module: &str) -> String {
    module.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn example(name: &str) -> PathBuf {
    workspace::root().join("examples").join(name)
}

#[test]
fn the_examples_are_of_what_the_server_has() {
    let server = shared();
    let kubeconfig = server.kubeconfig("token.yaml");
    for name in GATHERERS {
        let words = ["generate", "--print", "--cluster", "--kubeconfig"];
        let made = codegen(&words, &[&kubeconfig, &example(name)]);
        assert!(made.status.success(), "{name}: {}", text(&made.stderr));
        let made = text(&made.stdout);
        assert!(made.contains("//! /openapi/v3/ap"), "{name} does not say what it is of:\n{made}");
        let kept = workspace::read(&format!("examples/{name}/src/resources.rs"));
        assert_eq!(code(&made), code(&kept), "{name}");

        let checked = codegen(&["check", "--cluster", "--kubeconfig"], &[&kubeconfig, &example(name)]);
        let said = text(&checked.stdout);
        assert!(checked.status.success(), "{name}: {said}{}", text(&checked.stderr));
        assert!(!said.contains("error"), "{name}: {said}");
    }
}

#[test]
fn what_was_fetched_is_enough_without_the_server() {
    let server = shared();
    let place = place();
    let saved = place.path().join("schemas");
    let words = ["fetch", "--no-descriptions", "--cluster", "--kubeconfig"];
    let pods = example("pods");
    let fetched = codegen(&words, &[&server.kubeconfig("token.yaml"), &pods, Path::new("--output"), &saved]);
    assert!(fetched.status.success(), "{}", text(&fetched.stderr));
    let made = codegen(&["generate", "--print", "--schema"], &[&saved, &pods]);
    assert_eq!(
        text(&made.stdout),
        workspace::read("examples/pods/src/resources.rs"),
        "{}",
        text(&made.stderr)
    );
}

#[test]
fn who_may_not_read_schemas_is_told_what_is_missing() {
    let server = shared();
    let words = ["generate", "--print", "--cluster", "--kubeconfig"];
    let refused = codegen(&words, &[&server.kubeconfig("anonymous.yaml"), &example("pods")]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    let said = text(&refused.stderr);
    assert!(said.contains("/openapi/v3") && (said.contains("403") || said.contains("401")), "{said}");
}
