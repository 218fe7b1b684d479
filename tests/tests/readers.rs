//! Other programs read archives in their layouts: must-gather-explorer, insights-core, PyYAML, libyaml, and Go's `sigs.k8s.io/yaml`.
//! DuckDB reads the lines of a fleet, and findings in the forms of others are what these forms allow.
//!
//! `make test-readers` installs them into `target/readers`.
#![cfg(feature = "readers")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::archive::Archive;
use tests::host::Host;
use tests::{odd, pipers, place, programs, workspace};

fn installed(program: &str) -> PathBuf {
    let path = workspace::root().join("target/readers").join(program);
    assert!(path.is_file(), "{} is missing: run make test-readers", path.display());
    path
}

fn ours(file: &str) -> PathBuf {
    workspace::root().join("tests/readers").join(file)
}

/// The demo in a layout, as a folder.
fn demo(folder: &Path, layout: &str) -> PathBuf {
    let output = folder.join(layout);
    let host = Host::run_all(pipers::of_demo(&folder.join("pipers"))).replay(pipers::demo());
    host.args(["--layout", layout]).output(&output).wait().expect_success();
    output
}

/// A must-gather with text and names that readers misread.
fn odd_must_gather(folder: &Path) -> PathBuf {
    let (output, server) = (folder.join("odd"), odd::server().start());
    let host = Host::run_all(pipers::of_lists(folder, &odd::LISTS)).server(&server.url());
    host.args(["--layout", "must-gather"]).output(&output).wait().expect_success();
    output
}

fn text(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    stdout.into_owned()
}

#[test]
fn parsers_of_yaml_read_the_json_that_it_is() {
    let place = place();
    for archive in [demo(place.path(), "must-gather"), odd_must_gather(place.path())] {
        let files = Archive::read(&archive).paths().iter().filter(|path| path.ends_with(".yaml")).count();
        let python =
            Command::new(installed("python/bin/python")).arg(ours("yaml_is_json.py")).arg(&archive).output();
        assert_eq!(text(&python.expect("Python")), format!("{files} files\n"));
        let go = Command::new(installed("read")).arg(&archive).output();
        assert_eq!(text(&go.expect("the reader in Go")), format!("{files} files\n"));
    }
}

/// The folder that must-gather-explorer must be started in, because it looks for its own files there.
fn site_packages() -> PathBuf {
    let libraries = installed("python/pyvenv.cfg").with_file_name("lib");
    let mut versions =
        std::fs::read_dir(libraries).expect("libraries").map(|entry| entry.expect("a version").path());
    versions.next().expect("a version").join("site-packages")
}

/// What must-gather-explorer prints for its commands.
fn explored(archive: &Path, commands: &[&str]) -> String {
    let mut explorer = Command::new(installed("python/bin/must-gather-explorer"))
        .arg("-p")
        .arg(archive)
        .current_dir(site_packages())
        .env("COLUMNS", "300")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("must-gather-explorer");
    let input = format!("{}\nexit\n", commands.join("\n"));
    explorer.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("read");
    text(&explorer.wait_with_output().expect("an end"))
}

#[test]
fn must_gather_explorer_gets_every_kind() {
    let place = place();
    let archive = demo(place.path(), "must-gather");
    let kinds = [
        "pods",
        "nodes",
        "clusteroperators",
        "events",
        "deployments",
        "statefulsets",
        "daemonsets",
        "jobs",
        "cronjobs",
    ];
    let found = explored(&archive, &kinds.map(|kind| format!("get {kind}")).each_ref().map(String::as_str));
    let names: Vec<String> = Archive::read(&archive)
        .paths()
        .iter()
        .filter(|path| path.ends_with(".yaml"))
        .filter_map(|path| Some(Archive::read(&archive).json(path)["metadata"]["name"].as_str()?.to_owned()))
        .collect();
    assert_eq!(names.len(), 60 + 6 + 32 + 23 + 5 * 3);
    for name in names {
        assert!(
            found.lines().any(|line| line.split_whitespace().any(|word| word == name)),
            "{name}: {found}"
        );
    }
    let found = explored(&odd_must_gather(place.path()), &["get clusterroles", "get events -n shop"]);
    for name in ["system:node", "admin", "e.0", "e.4"] {
        assert!(found.contains(name), "{name}: {found}");
    }
}

#[test]
fn insights_core_finds_the_objects_with_a_plugin() {
    let place = place();
    for layout in ["must-gather", "insights"] {
        let output = Command::new(installed("python/bin/insights"))
            .args(["run", "--no-load-default", "-p", "plugin", "-f", "json"])
            .arg(demo(place.path(), layout))
            .env("PYTHONPATH", workspace::root().join("tests/readers"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output();
        let text = text(&output.expect("insights-core"));
        let found: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let details = &found["info"][0]["details"];
        for (what, number) in [("pods", 60), ("nodes", 6), ("operators", 32), ("events", 23)] {
            assert_eq!(details[what], number, "{layout}: {found:#}");
        }
    }
}

/// An archive of the demo by the examples that judge, and how many findings of each severity they have.
fn judged(output: &Path) -> [u64; 3] {
    let guests = ["degraded-operators", "pods", "nodes"].map(programs::guest);
    Host::run_all(guests).replay(pipers::demo()).output(output).wait().expect_success();
    let archive = Archive::read(output);
    let gatherers = archive.report()["gatherers"].as_array().expect("gatherers").clone();
    assert!(gatherers.iter().all(|gatherer| gatherer["findings"].is_object()), "all of them judge");
    ["error", "warning", "info"].map(|severity| {
        gatherers.iter().map(|gatherer| gatherer["findings"][severity].as_u64().unwrap_or_default()).sum()
    })
}

/// What a script of ours says.
fn said(script: &str, words: &[&Path]) -> String {
    text(
        &Command::new(installed("python/bin/python")).arg(ours(script)).args(words).output().expect("Python"),
    )
}

/// Writes findings in the form of others.
fn reported(archive: &Path, format: &str) -> PathBuf {
    let view =
        Command::new(programs::host_min_view()).args(["report", "--format", format]).arg(archive).output();
    let file = archive.with_extension(format);
    std::fs::write(&file, text(&view.expect("the program"))).expect("a file");
    file
}

#[test]
fn findings_as_sarif_are_what_the_schema_allows() {
    let place = place();
    let archive = place.path().join("demo");
    let [errors, warnings, infos] = judged(&archive);
    let file = reported(&archive, "sarif");
    let schema = installed("sarif-2.1.0-rtm.5.json");
    let all = errors + warnings + infos;
    assert!(errors > 0 && warnings > 0, "{errors} and {warnings}");
    assert_eq!(said("sarif.py", &[&schema, &file]), format!("3 runs, {all} results\n"));
    // The schema refuses something at all.
    let broken = std::fs::read_to_string(&file).expect("text").replace("\"level\"", "\"levels\"");
    std::fs::write(&file, broken).expect("a file");
    let refused =
        Command::new(installed("python/bin/python")).arg(ours("sarif.py")).args([&schema, &file]).output();
    assert!(!refused.expect("Python").status.success());
}

#[test]
fn findings_as_junit_are_read_by_its_parsers() {
    let place = place();
    let archive = place.path().join("demo");
    let [errors, warnings, _] = judged(&archive);
    let file = reported(&archive, "junit");
    let said = said("junit.py", &[&file]);
    let numbers = |line: &str| -> Vec<u64> {
        line.split(' ').skip(1).map(|number| number.parse().expect("a number")).collect()
    };
    let suites: Vec<Vec<u64>> = said.lines().map(numbers).collect();
    assert_eq!(suites.len(), 3, "{said}");
    let sum = |column: usize| suites.iter().map(|suite| suite[column]).sum::<u64>();
    assert_eq!((sum(1), sum(2), sum(3)), (errors, 0, warnings), "{said}");
    // What readers would not take is refused at all.
    let text = std::fs::read_to_string(&file).expect("text");
    for (from, to) in [(" hostname=\"localhost\"", ""), ("<system-err/>", ""), (" id=\"1\"", " id=\"7\"")] {
        std::fs::write(&file, text.replace(from, to)).expect("a file");
        let refused = Command::new(installed("python/bin/python")).arg(ours("junit.py")).arg(&file).output();
        assert!(text.contains(from) && !refused.expect("Python").status.success(), "{from}");
    }
}

#[test]
fn duckdb_reads_the_lines_of_a_fleet() {
    const ARCHIVES: u64 = 3;
    let place = place();
    let path = |name: &str| place.path().join(name);
    let recording = pipers::demo();
    let lists = ["cluster-operators", "pods"].map(programs::guest);
    Host::run_all(lists).replay(recording).output(path("0.tar.gz")).wait().expect_success();
    for number in 1..ARCHIVES {
        std::fs::copy(path("0.tar.gz"), path(&format!("{number}.tar.gz"))).expect("a copy");
    }
    let results = path("results.ndjson");
    let guest = programs::guest("degraded-operators");
    let run = Host::run(&guest).arg("--from").arg(path("*.tar.gz")).output(&results);
    run.wait().expect_success();
    // What one archive has, by the host's own count.
    let alone = path("alone");
    Host::run(&guest).arg("--from").arg(path("0.tar.gz")).output(&alone).wait().expect_success();
    let counts = Archive::read(&alone).report()["gatherers"][0]["findings"].clone();
    let mut expected = format!("complete {ARCHIVES} {ARCHIVES}\n");
    for severity in ["error", "info", "warning"] {
        if let Some(count @ 1..) = counts[severity].as_u64() {
            expected += &format!("{severity} {} {ARCHIVES}\n", count * ARCHIVES);
        }
    }
    assert!(expected.lines().count() > 1, "the demo has findings: {counts}");
    assert_eq!(said("fleet.py", &[&results]), expected);
}
