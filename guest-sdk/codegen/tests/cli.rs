//! The program, as it is typed: fetch, generate, check.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A document of a real server, cut down to two resources.
const CORE: &str = include_str!("schemas/core-v1.json");

const DECLARATION: &str = "apiVersion: wagather/v1
kind: Gather
name: nodes
schemas: [schemas]
resources:
  nodes: metadata.name, status.{capacity, conditions[].{type, status}}
";

fn codegen(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codegen"));
    command.args(arguments).current_dir(folder).env_remove("KUBECONFIG").env("HOME", folder);
    command.output().expect("the program runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// What it prints, if it succeeds.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = codegen(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// What it prints, and as an error, if it fails with the code 1.
fn failed(folder: &Path, arguments: &[&str]) -> String {
    let output = codegen(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
    [text(&output.stdout), text(&output.stderr)].concat()
}

/// A gatherer with schemas of its own, and its module.
fn gatherer() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    fs::create_dir(folder.path().join("src")).expect("a folder");
    write("gather.yaml", DECLARATION);
    write("whole.json", CORE);
    let saved = done(folder.path(), &["fetch", "--schema", "whole.json"]);
    assert!(saved.starts_with("schemas/core-v1.json (") && saved.lines().count() == 1, "{saved}");
    assert_eq!(done(folder.path(), &["generate"]), "./src/resources.rs (written)\n");
    assert_eq!(done(folder.path(), &["generate"]), "./src/resources.rs (unchanged)\n");
    folder
}

#[test]
fn what_was_fetched_makes_the_same_module() {
    let folder = gatherer();
    let folder = folder.path();
    let cut = fs::metadata(folder.join("schemas/core-v1.json")).expect("it is there").len();
    assert!(cut < CORE.len() as u64 * 3 / 4, "{cut} bytes of {}", CORE.len());
    let module = fs::read_to_string(folder.join("src/resources.rs")).expect("it is there");
    assert!(module.contains("//! core-v1.json (Kubernetes 1.36)."), "{module}");
    let whole = done(folder, &["generate", "--schema", "whole.json", "--print"]);
    assert_eq!(whole.replace("whole.json", "core-v1.json"), module);
    // As it came.
    done(folder, &["fetch", "--all", "--schema", "whole.json", "--output", "all"]);
    assert_eq!(fs::read_to_string(folder.join("all/whole.json")).expect("it is there"), CORE);
}

#[test]
fn a_module_that_is_up_to_date_is_said_to_be() {
    let folder = gatherer();
    let folder = folder.path();
    assert_eq!(done(folder, &["check"]), "gather.yaml: ./src/resources.rs is up to date\n");
    assert_eq!(
        done(folder, &["check", "--schema", "whole.json"]),
        "gather.yaml: ./src/resources.rs is up to date\ngather.yaml: no difference in what it reads\n"
    );
    // Changed by hand, of another declaration, gone.
    let module = folder.join("src/resources.rs");
    let known = fs::read_to_string(&module).expect("it is there");
    fs::write(&module, known.replace("pub(crate) struct Node<", "pub(crate) struct Nodes<")).expect("a file");
    let told = failed(folder, &["check"]);
    assert!(
        told.contains("./src/resources.rs is stale, from line ")
            && told.contains("\n  - pub(crate) struct Nodes<'a> {\n")
    );
    assert!(
        told.contains("\n  + pub(crate) struct Node<'a> {\n")
            && told.ends_with("run 'codegen generate gather.yaml'\n"),
        "{told}"
    );
    fs::remove_file(&module).expect("it is there");
    let told = failed(folder, &["check"]);
    assert_eq!(told, "error: ./src/resources.rs: it does not exist: run 'codegen generate gather.yaml'\n");
}

#[test]
fn what_breaks_a_gatherer_is_an_error() {
    let folder = gatherer();
    let folder = folder.path();
    // The kubelet's version of a node is not read, its conditions are.
    let harmless = CORE.replace("\"kubeletVersion\"", "\"kubeletRelease\"");
    fs::write(folder.join("other.json"), harmless).expect("a file");
    assert!(done(folder, &["check", "--schema", "other.json"]).ends_with("no difference in what it reads\n"));
    fs::write(folder.join("other.json"), CORE.replace("\"conditions\": {", "\"condition\": {"))
        .expect("a file");
    let told = failed(folder, &["check", "--schema", "other.json"]);
    let what = "nodes.status.conditions: the field was removed; is it 'condition' now?";
    assert!(
        told.contains(&format!("gather.yaml: error: {what} (the gatherer reads nothing there)\n")),
        "{told}"
    );
    let json = failed(folder, &["check", "--schema", "other.json", "--json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let change = &json["declarations"][0]["changes"][0];
    assert_eq!(
        (&change["path"], &change["effect"]),
        (&"nodes.status.conditions".into(), &"readsNothing".into())
    );
    assert_eq!((&change["breaks"], &json["declarations"][0]["stale"]), (&true.into(), &Value::Null));
}

#[test]
fn several_are_checked_each_for_itself() {
    let (one, other) = (gatherer(), gatherer());
    let of = |folder: &TempDir| folder.path().display().to_string();
    let all = [&of(&one), "nowhere/gather.yaml", &of(&other)];
    fs::write(other.path().join("src/resources.rs"), "").expect("a file");
    let told = failed(one.path(), &[&["check"][..], &all].concat());
    assert!(told.contains(&format!("{}/src/resources.rs is up to date\n", of(&one))), "{told}");
    assert!(told.contains("error: nowhere/gather.yaml: cannot be read: "), "{told}");
    assert!(told.contains(&format!("{}/src/resources.rs is stale, from line 1:\n", of(&other))), "{told}");
    let json = failed(one.path(), &[&["check", "--json"][..], &all].concat());
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let breaks: Vec<&Value> =
        json["declarations"].as_array().into_iter().flatten().map(|one| &one["breaks"]).collect();
    assert_eq!(breaks, [&Value::Bool(false), &Value::Bool(true), &Value::Bool(true)]);
    assert_eq!(
        json["declarations"][1]["error"].as_str().map(|why| why.starts_with("nowhere/gather.yaml: ")),
        Some(true)
    );
}

#[test]
fn sources_that_cannot_be_used_are_told() {
    let folder = gatherer();
    let folder = folder.path();
    fs::write(folder.join("alone.yaml"), DECLARATION.replace("schemas: [schemas]\n", "")).expect("a file");
    fs::write(folder.join("broken.json"), &CORE[..1000]).expect("a file");
    let mut cases = vec![
        (
            &["generate", "alone.yaml"][..],
            "alone.yaml: no schema is given: give --schema PATH or --cluster, or write",
        ),
        (&["check", "alone.yaml"], "alone.yaml: no schema is given"),
        (&["fetch", "alone.yaml"], "alone.yaml: no source is given: use --cluster or --schema PATH"),
        (&["check", "--schema", "broken.json"], "broken.json:44:11: not JSON: EOF while parsing"),
        (&["fetch", "--schema", "src"], "src: the folder has no .json, .yaml or .yml file"),
    ];
    if cfg!(feature = "cluster") {
        cases.extend([
            // A port that is never listened to.
            (
                &["check", "--cluster", "--server", "http://127.0.0.1:1"][..],
                "http://127.0.0.1:1: cannot read /openapi/v3: cannot connect to 127.0.0.1:1: ",
            ),
            (&["fetch", "--cluster", "--kubeconfig", "none"], "cannot read the kubeconfig none: "),
            (
                &["generate", "--cluster", "--context", "none"],
                "cannot use the context \"none\": there is no kubeconfig",
            ),
        ]);
    }
    for (arguments, why) in cases {
        let told = failed(folder, arguments);
        assert!(told.starts_with("error: ") && told.contains(why), "{arguments:?}: {told}");
    }
    for arguments in [&["check", "--kubeconfig", "x"][..], &["fetch", "--cluster", "--schema", "x"]] {
        assert_eq!(codegen(folder, arguments).status.code(), Some(2), "{arguments:?}");
    }
}
