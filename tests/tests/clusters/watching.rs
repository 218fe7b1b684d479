//! The output for several clusters: on a terminal, at the end, and for programs.

use super::{index, operators, silent, slow};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::host::{Host, left_in};
use tests::kubeconfig::Contexts;
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::processes::{children, descendants, runs, send, until};
use tests::server::{Answer, Expiry, Running, Server};
use tests::{place, programs};

const LIST: &str = "list config.openshift.io/v1/clusteroperators";

/// A call at a terminal that obeys.
fn known(host: Host) -> Host {
    host.env("TERM", "xterm-256color")
}

/// A cluster that takes its time, one whose kubeconfig is wrong, and one that is well; one after the other.
struct Fleet {
    place: tempfile::TempDir,
    kubeconfig: PathBuf,
    _servers: [Running; 2],
}

impl Fleet {
    fn new(time: Duration) -> Fleet {
        let (place, slow, fine) = (place(), slow(time).start(), objects::server().start());
        let kubeconfig = Contexts::new()
            .add("slow", &slow.url())
            .add("nowhere", "ftp://nowhere")
            .add("fine", &fine.url())
            .write(place.path().join("config"));
        Fleet { place, kubeconfig, _servers: [slow, fine] }
    }

    fn host(&self) -> Host {
        let guests = ["hello", "cluster-operators"].map(programs::guest);
        let host = Host::run_all(guests).kubeconfig(&self.kubeconfig).current_folder(self.place.path());
        host.args(["--all-contexts", "--parallel-clusters", "1"])
    }
}

/// Several contexts of one server.
fn contexts(number: usize, server: &Running, folder: &Path) -> PathBuf {
    let all = (0..number).fold(Contexts::new(), |all, number| all.add(&format!("c{number}"), &server.url()));
    all.write(folder.join("config"))
}

/// The names of a process's threads.
fn threads(id: u32) -> BTreeSet<String> {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let name = |path: PathBuf| std::fs::read_to_string(path.join("comm")).unwrap_or_default();
    tasks.map(|task| name(task.path()).trim().to_owned()).collect()
}

#[test]
fn a_terminal_shows_how_far_the_clusters_are() {
    let fleet = Fleet::new(Duration::from_millis(1500));
    let mut terminal = known(fleet.host().args(["--output", "fleet"])).on_terminal(150, 30);
    let runs = |text: &str| text.contains("slow     cluster-operators  Running") && text.contains("/s");
    let first = terminal.wait_until("gatherer that runs", runs).text();
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!(lines.len(), 8, "a line that was logged, a header, two gatherers of each cluster:\n{first}");
    assert_eq!(lines[0], "slow/hello: info: hello from a gatherer");
    assert!(
        lines[1].starts_with("CONTEXT  GATHERER           STATUS     ITEMS  ITEMS/S  RECEIVED"),
        "{first}"
    );
    assert!(lines[2].starts_with("slow     hello              Complete       0"), "{first}");
    assert!(lines[3].contains("B/s") && lines[3].ends_with(LIST), "{first}");
    let waiting =
        ["nowhere  hello", "nowhere  cluster-operators", "fine     hello", "fine     cluster-operators"];
    for (line, row) in lines[4..].iter().zip(waiting) {
        assert!(
            line.starts_with(row) && line.contains("  Waiting        0"),
            "it waits for its turn:\n{first}"
        );
        assert!(line.ends_with(" 0"), "it has taken no time:\n{first}");
    }
    terminal.wait_until("next frame", |text| runs(text) && text != first);
    let done = terminal.wait();
    let screen = terminal.screen();
    let (text, is_below) = (screen.text(), screen.is_cursor_below_everything());
    assert_eq!(done.code(), 4, "{text}");
    assert!(done.stdout.is_empty() && is_below);
    let lines: Vec<&str> = text.lines().collect();
    let begins = [
        "slow/hello: info: hello from a gatherer",
        "slow: complete: 3 items, 1 request, ",
        "nowhere: failed: ",
        "fine/hello: info: hello from a gatherer",
        "fine: complete: 3 items, 1 request, ",
        "CONTEXT  GATHERER           STATUS    ITEMS  REQUESTS  RECEIVED  FILES  ARCHIVED  ",
        "slow     hello              Complete      0         0       0 B      0       0 B  ",
        "slow     cluster-operators  Complete      3         1  ",
        "nowhere  -                  Failed        -         -         -      -         -  ",
        "fine     hello              Complete      0         0       0 B      0       0 B  ",
        "fine     cluster-operators  Complete      3         1  ",
        "wrote fleet/index.json: 2 of 3 clusters complete",
        "error: nowhere: cannot ",
    ];
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line} is not {begin}:\n{text}");
    }
    assert!(lines.len() >= begins.len() && !text.contains("Waiting"), "the block is gone:\n{text}");
    assert!(terminal.written().contains("\x1b[31mFailed\x1b[0m"), "a colour");
}

#[test]
fn more_clusters_than_lines_are_the_active_ones_and_a_sum_and_an_interrupt_leaves_what_there_was() {
    let (place, silent) = (place(), silent().start());
    let kubeconfig = contexts(20, &silent, place.path());
    let host =
        operators(&kubeconfig).args(["--all-contexts", "--parallel-clusters", "3", "--output", "fleet"]);
    let mut terminal = known(host.current_folder(place.path())).on_terminal(150, 30);
    let text = terminal.wait_until("sum", |text| text.contains("3 running")).text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 13, "a header, eleven gatherers and a sum:\n{text}");
    assert!(lines[12].trim_start().starts_with("all 20 ") && lines[12].ends_with("17 waiting"), "{text}");
    assert!(lines[1..4].iter().all(|line| line.contains("  Running  ")), "{text}");
    assert!(lines[4..12].iter().all(|line| line.contains("  Waiting  ")), "{text}");
    let stalled = |text: &str| text.matches("Stalled").count() == 3;
    let text = terminal.wait_until("clusters that are stalled", stalled).text();
    assert!(text.contains("no data for 5 s: list config.openshift"), "{text}");
    terminal.press("\x03");
    let done = terminal.wait();
    assert_eq!(done.code(), 130, "SIGINT, as the shell tells it");
    assert!(!terminal.written().contains("\x1b[?"), "no mode of the terminal was changed");
    assert_eq!(left_in(place.path()), ["config", "fleet"]);
    let left = left_in(&place.path().join("fleet"));
    assert_eq!(left.len(), 4, "the index, and what the three that ran had: {left:?}");
}

#[test]
fn a_cluster_whose_process_is_killed_is_seen_to_be_and_the_display_has_no_thread() {
    let (place, silent) = (place(), silent().start());
    let kubeconfig = contexts(3, &silent, place.path());
    let host =
        operators(&kubeconfig).args(["--all-contexts", "--parallel-clusters", "2", "--progress", "always"]);
    let started =
        host.output(place.path().join("fleet")).within(Duration::from_secs(60)).timeout("4s").call();
    until("two processes that tell how far they are", || {
        let all = children(started.id());
        all.len() == 2 && all.iter().all(|id| threads(*id).contains("progress"))
    });
    assert_eq!(threads(started.id()).len(), 1, "it forks again for the third");
    let victim = children(started.id())[0];
    send("KILL", victim);
    until("it is gone", || !runs(victim));
    let done = started.wait();
    let said: Vec<&str> = done.stderr.lines().filter(|line| line.contains(": running, ")).collect();
    for context in ["c0", "c1", "c2"] {
        let begin = format!("{context}/cluster-operators: running, 0 items, 1 request, ");
        let lines = said.iter().filter(|line| line.starts_with(&begin) && line.ends_with(LIST)).count();
        // One of the first two was killed before anything was said of it.
        assert!(lines <= 3 && (lines > 0 || context != "c2"), "{context}:\n{}", done.stderr);
    }
    assert!(!said.is_empty() && !done.stderr.contains('\x1b'), "{}", done.stderr);
    let (_, rows) = index(&place.path().join("fleet"));
    let failed: Vec<&String> =
        rows.iter().filter(|(_, row)| row["status"] == "failed").map(|(name, _)| name).collect();
    assert_eq!(failed.len(), 1);
    let row = done.stderr.lines().find(|line| line.starts_with(&format!("{}  ", failed[0])));
    assert!(row.is_some_and(|row| row.contains("  -                  Failed")), "{}", done.stderr);
}

#[test]
fn nothing_is_drawn_or_sent_where_it_is_not_wanted() {
    let fleet = Fleet::new(Duration::from_millis(700));
    for (name, words, term) in [
        ("never", &["--progress", "never"][..], "xterm"),
        ("dumb", &[], "dumb"),
        ("json", &["--log-format", "json"], "xterm"),
        ("quiet", &["--quiet", "--progress", "always"], "xterm"),
    ] {
        let host = fleet.host().args(words).output(fleet.place.path().join(name));
        let mut terminal = host.env("TERM", term).env("NO_COLOR", "1").on_terminal(100, 20);
        terminal.wait().expect_code(4);
        let written = terminal.written();
        assert!(!written.contains('\x1b') && !written.contains("Running"), "{name}: {written:?}");
        assert_eq!(written.contains("hello from a gatherer"), name != "quiet", "{name}: {written:?}");
        assert!(written.contains("nowhere: cannot "), "{name}: {written:?}");
    }
    // Nor if it is no terminal.
    let silent = silent().start();
    let kubeconfig = contexts(2, &silent, fleet.place.path());
    let host = operators(&kubeconfig).args(["--all-contexts"]).timeout("1500ms").env("TERM", "xterm");
    let started = host.output(fleet.place.path().join("elsewhere")).call();
    until("both were asked", || silent.seen().len() == 2);
    std::thread::sleep(Duration::from_millis(500));
    let all = descendants(started.id());
    assert!(
        all.len() == 4 && all.iter().all(|id| !threads(*id).contains("progress")),
        "nobody wants to know"
    );
    let done = started.wait();
    done.expect_code(5);
    assert!(!done.stderr.contains('\x1b') && !done.stderr.contains("unning"), "{}", done.stderr);
}

#[test]
fn what_was_sent_again_and_what_is_odd_is_in_the_table_the_events_and_the_index() {
    let place = place();
    let busy = Answer::status(429, "TooManyRequests", "Too many requests, please try again later.");
    let odd =
        || objects::cluster_operators(7).pages_of(3).page_is(1, busy.clone()).expiring(Expiry::FreshToken);
    let fine = objects::server().start();
    let run = |words: &[&str], folder: &str| {
        let odd = Server::new().list(CLUSTER_OPERATORS, odd()).start();
        let kubeconfig = Contexts::new().add("odd", &odd.url()).add("fine", &fine.url());
        let kubeconfig = kubeconfig.write(place.path().join("config"));
        let host = operators(&kubeconfig).args(["--all-contexts"]).args(words);
        let done = host.output(place.path().join(folder)).wait();
        done.expect_success();
        let (_, rows) = index(&place.path().join(folder));
        (done, rows)
    };
    let (done, rows) = run(&[], "text");
    let sums = &rows["odd"]["gatherers"][0];
    assert_eq!((&sums["retries"], &sums["inconsistentLists"]), (&json!(1), &json!(1)), "{sums:#}");
    let fine_sums = &rows["fine"]["gatherers"][0];
    for name in ["retries", "inconsistentLists", "duplicatesDropped"] {
        assert_eq!(fine_sums.get(name), None, "as in wagather.json");
    }
    let report = super::archive(&place.path().join("text"), &rows["odd"]);
    let report = report.gatherer("cluster-operators");
    for name in ["requests", "retries", "inconsistentLists", "duplicatesDropped", "durationMs"] {
        assert_eq!(sums[name], report[name], "{name}");
    }
    let lines: Vec<&str> = done.stderr.lines().collect();
    let table = lines.iter().position(|line| line.starts_with("CONTEXT  GATHERER")).expect("a table");
    assert!(lines[table].contains("  REQUESTS  RETRIES  RECEIVED  "), "{}", done.stderr);
    let requests = &sums["requests"];
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        cells(lines[table + 1])[..6],
        ["odd", "cluster-operators", "Complete", "7", &*requests.to_string(), "1"].map(str::to_owned)
    );
    assert_eq!(cells(lines[table + 2])[..6], ["fine", "cluster-operators", "Complete", "3", "1", "0"]);
    assert!(
        lines[..table].iter().any(|line| line.contains(&format!(" {requests} requests (1 sent again), "))),
        "{}",
        done.stderr
    );
    // What is odd comes after the table, and before the last line.
    let odd: Vec<&&str> =
        lines.iter().filter(|line| line.starts_with("odd/cluster-operators: warning: ")).collect();
    assert_eq!(odd.len(), report["warnings"].as_array().map_or(0, Vec::len), "{}", done.stderr);
    assert!(
        !odd.is_empty() && lines[table + 3].starts_with("odd/cluster-operators: warning: "),
        "{}",
        done.stderr
    );
    assert_eq!(
        lines.last().copied(),
        Some(&*format!("wrote {}/text/index.json: 2 of 2 clusters complete", place.path().display()))
    );

    let (done, _) = run(&["--log-format", "json"], "json");
    let events: Vec<Value> =
        done.stderr.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let summary = |context: &str| {
        let is_it = |event: &&Value| event["event"] == "summary" && event["context"] == context;
        events.iter().find(is_it).unwrap_or_else(|| panic!("no summary of {context} in\n{}", done.stderr))
    };
    assert_eq!((&summary("odd")["retries"], &summary("odd")["inconsistentLists"]), (&json!(1), &json!(1)));
    assert_eq!(summary("fine").get("retries"), None);
    assert_eq!(
        (&summary("fine")["items"], &summary("fine")["gatherer"]),
        (&json!(3), &json!("cluster-operators"))
    );
    let warned = |event: &&Value| event["event"] == "warning" && event["context"] == "odd";
    assert!(events.iter().filter(warned).all(|event| event["gatherer"] == "cluster-operators"));
    assert_eq!(events.iter().filter(warned).count(), odd.len());
}
