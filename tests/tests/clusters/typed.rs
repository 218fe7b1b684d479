//! What is refused before anything starts, and the output of a dry run.

use super::operators;
use tests::failing::Failing;
use tests::host::{Host, left_in};
use tests::kubeconfig::Contexts;
use tests::{golden, place, programs};

fn contexts() -> Contexts {
    Contexts::new()
        .add("prod-eu", "http://127.0.0.1:1")
        .add("prod-us", "http://127.0.0.1:1/")
        .add("staging", "http://127.0.0.1:1")
        .add("Dev/1", "ftp://nowhere")
}

#[test]
fn what_cannot_be_is_said_and_nothing_is_made() {
    let (mut failing, place) = (Failing::new("bad-clusters.txt"), place());
    let folder = place.path();
    contexts().write(folder.join("config"));
    Contexts::new().write(folder.join("none"));
    let host = |kubeconfig: &str| operators(kubeconfig.as_ref()).current_folder(folder);
    let two = ["--context", "prod-eu", "--context", "prd-us"];
    failing.case("a context that does not exist", 4, host("config").args(two));
    failing.case("no contexts at all", 4, host("none").args(["--all-contexts"]));
    failing.case("a kubeconfig that is missing", 4, host("not-there").args(["--all-contexts"]));
    failing.case("a kubeconfig that is no file", 4, host("/dev/null").args(["--all-contexts"]));
    let hello = || Host::run(programs::guest("hello"));
    failing.case("no kubeconfig", 4, hello().args(["--all-contexts"]));
    failing.case(
        "a module that is none",
        3,
        Host::run(folder.join("config")).kubeconfig(folder.join("config")).args(["--all-contexts"]),
    );
    failing.check();
    assert_eq!(left_in(folder), ["config", "none"]);
}

#[test]
fn command_lines() {
    let mut text = String::new();
    for words in [
        &["--all-contexts", "--context", "a"][..],
        &["--context", "a", "--context", "b", "--context", "a"],
        &["--all-contexts", "--server", "http://127.0.0.1"],
        &["--all-contexts", "--record", "x.har"],
        &["--all-contexts", "--audit", "x.jsonl"],
        &["--all-contexts", "--replay", "x.har"],
        &["--context", "a", "--context", "b", "--output", "x.tar.gz"],
        &["--all-contexts", "--output", "-"],
        &["--all-contexts", "--parallel-clusters", "0"],
    ] {
        let done = Host::new(["run", "x.wasm"]).args(words).wait();
        assert_eq!(done.code(), 2, "{words:?}");
        text += &format!("# {}\n{}\n", words.join(" "), done.stderr.lines().next().unwrap_or_default());
    }
    golden::check("bad-clusters-lines.txt", &text);
}

#[test]
fn a_dry_run_tells_which_clusters_and_which_files() {
    let place = place();
    let kubeconfig = contexts().write(place.path().join("config"));
    let done = Host::run(programs::guest("cluster-operators"))
        .kubeconfig(&kubeconfig)
        .current_folder(place.path())
        .args(["--all-contexts", "--dry-run"])
        .wait();
    let text = done.expect_success().stdout_text();
    let answers: Vec<&str> = text.lines().filter(|line| line.starts_with("answers ")).collect();
    assert_eq!(
        answers,
        [
            "answers  http://127.0.0.1:1, of the context \"prod-eu\", into wagather-{time}/prod-eu.tar.gz",
            "answers  http://127.0.0.1:1, of the context \"prod-us\", into wagather-{time}/prod-us.tar.gz",
            "answers  http://127.0.0.1:1, of the context \"staging\", into wagather-{time}/staging.tar.gz",
            "answers  unknown server, of the context \"Dev/1\", into wagather-{time}/Dev_1~1e3f7ed2.tar.gz",
        ],
        "{text}"
    );
    assert!(text.contains("output   the folder wagather-{time}\n"), "{text}");
    assert_eq!(left_in(place.path()), ["config"]);
}
