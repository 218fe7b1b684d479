//! The output of a run: on a terminal, and for programs.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use tests::guest::{self, Texts};
use tests::host::{Done, Host};
use tests::kubeconfig::Contexts;
use tests::registry::Registry;
use tests::server::{Answer, Expiry, List, Running, Server};
use tests::{objects, place, programs, workspace};

/// A server that takes so many milliseconds for the list of cluster operators.
fn slow(millis: u64) -> Running {
    let text = objects::list_text(60);
    let (pieces, pause) = (millis / 20, Duration::from_millis(20));
    let answer = Answer::bytes("application/json", &*text).drip(text.len() / pieces as usize + 1, pause);
    Server::new().on(objects::CLUSTER_OPERATORS, answer).start()
}

fn stuck() -> Running {
    Server::new().on(objects::CLUSTER_OPERATORS, Answer::silence()).start()
}

fn operators(server: &Running) -> Host {
    Host::run(programs::guest("cluster-operators")).server(&server.url())
}

/// A call at a terminal that obeys.
fn known(host: Host) -> Host {
    host.env("TERM", "xterm-256color")
}

const LIST: &str = "list config.openshift.io/v1/clusteroperators";

#[test]
fn a_terminal_shows_how_far_a_run_is() {
    let server = slow(1500);
    let both = [programs::guest("hello"), programs::guest("cluster-operators")];
    let mut terminal = known(Host::run_all(both)).server(&server.url()).on_terminal(150, 30);
    let runs = |text: &str| text.contains("cluster-operators  Running") && text.contains("/s");
    let first = terminal.wait_until("gatherer that runs", runs).text();
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!(lines.len(), 4, "a line that was logged, a header, two gatherers:\n{first}");
    assert_eq!(lines[0], "hello: info: hello from a gatherer");
    assert!(lines[1].starts_with("GATHERER           STATUS     ITEMS  ITEMS/S  RECEIVED"), "{first}");
    assert!(lines[2].starts_with("hello              Complete       0"), "{first}");
    assert!(lines[3].contains("kB/s") && lines[3].ends_with(LIST), "{first}");
    terminal.wait_until("next frame", |text| runs(text) && text != first);
    let done = terminal.wait();
    let screen = terminal.screen();
    let (text, is_below) = (screen.text(), screen.is_cursor_below_everything());
    assert_eq!(done.code(), 0, "{text}");
    assert!(done.stdout.is_empty() && is_below);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "the block is gone:\n{text}");
    let header = "GATHERER           STATUS    ITEMS  REQUESTS  RECEIVED  FILES  ARCHIVED";
    assert!(lines[1].starts_with(header) && lines[1].ends_with("TIME"), "{text}");
    assert!(lines[2].starts_with("hello              Complete      0         0       0 B      0"), "{text}");
    assert!(lines[3].starts_with("cluster-operators  Complete     60         1"), "{text}");
    assert!(lines[4].starts_with("wrote wagather-127.0.0.1-2") && lines[4].ends_with("Z.tar.gz"), "{text}");
}

#[test]
fn a_run_that_is_over_at_once_is_not_shown() {
    let server = objects::server().start();
    // A busy machine may take long for any of them.
    let quick = (0..20).find_map(|_| {
        let mut terminal = known(operators(&server)).on_terminal(120, 30);
        let done = terminal.wait();
        done.expect_success();
        (done.elapsed < Duration::from_millis(250)).then(|| terminal.written())
    });
    let written = quick.expect("a run that is over in 250 ms");
    assert!(written.contains("Complete") && !written.contains('\x1b'), "{written:?}");
}

#[test]
fn a_server_that_is_silent_is_seen_to_be_and_an_interrupt_leaves_a_sane_terminal() {
    let server = stuck();
    let mut terminal = known(operators(&server)).on_terminal(150, 30);
    terminal.wait_until("gatherer that waits", |text| text.contains("cluster-operators  Running"));
    let text = terminal.wait_until("gatherer that is stalled", |text| text.contains("Stalled")).text();
    assert!(text.contains("no data for 5 s: list config.openshift"), "{text}");
    assert!(terminal.written().contains("\x1b[33mStalled\x1b[0m"), "a colour");
    terminal.press("\x03");
    let done = terminal.wait();
    assert_eq!(done.code(), 130, "SIGINT, as the shell tells it");
    let written = terminal.written();
    assert!(!written.contains("\x1b[?"), "no mode of the terminal was changed: {written:?}");
    assert!(written.contains("\n\x1b[J^C"), "between two frames: {written:?}");
    let text = terminal.screen().text();
    assert!(!text.contains("Stalled") && text.contains("SIGINT ended the run"), "the block is gone:\n{text}");
}

#[test]
fn a_terminal_that_is_narrow_or_changes_is_not_wrapped() {
    let server = slow(4000);
    let mut terminal = known(operators(&server)).on_terminal(44, 12);
    let narrow = terminal.wait_until("gatherer that runs", |text| text.contains("Running"));
    assert_eq!(narrow.text().lines().count(), 2, "a header and a line:\n{}", narrow.text());
    terminal.resize(200, 12);
    terminal.wait_until("wide line", |text| text.contains("REQUESTS") && text.contains(LIST));
    terminal.resize(30, 12);
    // What was on its way when the size changed may stand above.
    terminal.wait_until("narrow line", |text| {
        let mut newest = text.lines().rev();
        newest.next().is_some_and(|line| line == "cluster-operators  Running")
            && newest.next().is_some_and(|line| line == "GATHERER           STATUS")
    });
    terminal.wait().expect_success();
}

#[test]
fn more_gatherers_than_lines_are_the_active_ones_and_a_sum() {
    let (place, server) = (place(), slow(1500));
    let texts = Texts {
        group: "config.openshift.io",
        version: "v1",
        resource: "clusteroperators",
        ..Texts::default()
    };
    let record = "resource list config.openshift.io/v1/clusteroperators * *";
    let guests: Vec<PathBuf> = (0..20)
        .map(|number| {
            let name = format!("number-{number}");
            guest::write(place.path(), &name, &guest::piping(&name, &[record], &texts))
        })
        .collect();
    let mut terminal = known(Host::run_all(&guests)).server(&server.url()).on_terminal(100, 10);
    let sum = |text: &str| text.contains("all 20 ") && text.contains("kB/s");
    let text = terminal.wait_until("sum", sum).text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 9, "all but the cursor's line:\n{text}");
    assert!(lines[0].starts_with("GATHERER") && lines[8].starts_with("all 20 "), "{text}");
    assert!(lines[1..8].iter().all(|line| line.starts_with("number-")), "{text}");
    terminal.wait().expect_success();
    let text = terminal.screen().text();
    assert_eq!(text.lines().filter(|line| line.contains("Complete")).count(), 20, "{text}");
    assert!(!text.contains("all 20"), "{text}");
}

#[test]
fn what_a_gatherer_logs_cannot_disturb_the_terminal() {
    let (place, server) = (place(), slow(1200));
    let evil = guest::module(
        "evil",
        &[],
        r#"(import "wagather_v1" "log" (func $log (param i32 i32 i32) (result i32)))
        (data (i32.const 0) "\1b[2J\1b]0;mine\07\0d\1b[99A\n\9b1mGATHERER \e2\80\ae!")
        (func (export "gather") (result i32) 
            (drop (call $log (i32.const 1) (i32.const 0) (i32.const 36))) (i32.const 0))"#,
    );
    let guests = [guest::write(place.path(), "evil", &evil), programs::guest("cluster-operators")];
    let mut terminal = known(Host::run_all(guests)).server(&server.url()).on_terminal(100, 20);
    let text = terminal.wait_until("block", |text| text.contains("cluster-operators  Running")).text();
    let said: Vec<&str> = text.lines().filter(|line| line.starts_with("evil: ")).collect();
    assert_eq!(said.len(), 1, "one line:\n{text}");
    assert!(said[0].contains("\u{fffd}[2J\u{fffd}]0;mine\u{fffd}\u{fffd}\u{fffd}[99A"), "{text}");
    assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("GATHERER ")), "{text}");
    terminal.wait().expect_success();
    let written = terminal.written();
    for bad in ["\x1b[2J", "\x1b]", "\x07", "\x1b[99A", "\u{9b}", "\u{202e}"] {
        assert!(!written.contains(bad), "{bad:?} in {written:?}");
    }
}

#[test]
fn nothing_is_drawn_where_it_is_not_wanted() {
    let server = slow(700);
    for (name, words, term) in [
        ("never", &["--progress", "never"][..], "xterm"),
        ("quiet", &["--quiet", "--progress", "always"], "xterm"),
        ("dumb", &[], "dumb"),
        ("json", &["--log-format", "json"], "xterm"),
    ] {
        let mut terminal =
            operators(&server).args(words).env("TERM", term).env("NO_COLOR", "1").on_terminal(100, 20);
        terminal.wait().expect_success();
        let written = terminal.written();
        assert!(!written.contains('\x1b') && !written.contains("Running"), "{name}: {written:?}");
        assert_eq!(written.is_empty(), name == "quiet", "{name}: {written:?}");
    }
    // Without colours there is a block all the same.
    let stuck = stuck();
    let host = known(operators(&stuck)).env("NO_COLOR", "1").args(["--timeout", "6s"]);
    let mut terminal = host.on_terminal(100, 20);
    terminal.wait_until("stalled gatherer", |text| text.contains("Stalled"));
    terminal.wait().expect_code(5);
    assert!(terminal.written().contains("\x1b[J") && !terminal.written().contains("\x1b[3"));
    // Nor if it is no terminal.
    let done = operators(&server).env("TERM", "xterm").wait();
    let said = done.expect_success().stderr.clone();
    assert!(!said.contains('\x1b') && !said.contains("Running"), "{said}");
    assert!(said.starts_with("GATHERER           STATUS    ITEMS"), "{said}");
}

#[test]
fn elsewhere_progress_is_lines() {
    let server = slow(4500);
    let done = operators(&server).args(["--progress", "always"]).wait();
    let said = done.expect_success().stderr.clone();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(": running, ")).collect();
    let most = done.elapsed.as_secs() / 2;
    assert!((2..=most).contains(&(lines.len() as u64)), "every two seconds in {:?}:\n{said}", done.elapsed);
    for line in lines {
        assert!(line.starts_with("cluster-operators: running, ") && line.ends_with(LIST), "{line}");
        assert!(line.contains(" kB received, ") && line.contains("/s, "), "{line}");
    }
    assert!(!said.contains('\x1b'), "{said:?}");
}

/// The lines of a run, as objects.
fn objects_of(done: &Done) -> Vec<Value> {
    let parsed = done.stderr.lines().map(|line| {
        serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error} in the line {line}\n{}", done.stderr))
    });
    parsed.collect()
}

/// The members of each event, with their types, as the documentation has them.
fn documented() -> BTreeMap<String, BTreeMap<String, String>> {
    let text = workspace::read("docs/output.md");
    let sections = text.split("\n### ").skip(1).map(|section| {
        let name = section.lines().next().unwrap_or_default().trim_matches('`').to_owned();
        let rows = section.lines().filter_map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let member = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
            Some((member.to_owned(), cells.next()?.to_owned()))
        });
        (name, rows.collect())
    });
    sections.collect()
}

#[test]
fn json_lines_are_as_documented() {
    let (place, server, stuck) = (place(), slow(3000), stuck());
    let json = |host: Host| host.args(["--log-format", "json"]);
    let all = ["hello", "cluster-operators"].map(programs::guest);
    let recording = place.path().join("a.har");
    let watched = json(Host::run_all(&all).server(&server.url())).args(["--progress", "always"]);
    let watched = watched.record(&recording).output("-").wait();
    watched.expect_success();
    assert!(watched.stdout.starts_with(b"\x1f\x8b"), "stdout is the archive's alone");
    let stalled = json(operators(&stuck)).args(["--progress", "always", "--timeout", "7500ms"]).wait();
    stalled.expect_code(5);
    let refused = json(Host::run_all(["cluster-operators", "pods"].map(programs::guest)));
    let refused = refused.server(&Server::new().start().url()).wait();
    refused.expect_code(5);
    let replayed = json(Host::run(programs::guest("hello"))).replay(&recording).wait();
    replayed.expect_success();
    let unusable = json(Host::run(programs::guest("pods"))).kubeconfig("not-there").arg("--quiet").wait();
    unusable.expect_code(4);
    // A list that is asked for again, changes, and brings an item twice; and a cluster that there is nothing of.
    let busy = Answer::status(429, "TooManyRequests", "Too many requests, please try again later.");
    let items = [0, 1, 2, 2, 3, 4, 5].map(objects::cluster_operator).into();
    let odd = List::new("config.openshift.io/v1", "ClusterOperatorList", items).pages_of(3);
    let odd = odd.page_is(1, busy).expiring(Expiry::FreshToken);
    let odd = Server::new().list(objects::CLUSTER_OPERATORS, odd).start();
    let contexts = Contexts::new().add("odd", &odd.url()).add("nowhere", "ftp://nowhere");
    let fleet = json(Host::run(programs::guest("cluster-operators"))).arg("--all-contexts");
    let fleet = fleet.kubeconfig(contexts.write(place.path().join("config"))).wait();
    fleet.expect_code(4);
    // A file with two mistakes.
    let grant = place.path().join("grant.yaml");
    std::fs::write(&grant, "apiVersion: wagather/v1\nkind: Grant\nrulez: []\nbudget: {}\n").expect("a file");
    let mistaken = json(Host::run(programs::guest("cluster-operators"))).arg("--grant").arg(grant).wait();
    mistaken.expect_code(4);

    // A grant that withholds some items, and hides a field of the others.
    let narrow = place.path().join("narrow.yaml");
    let rule = "verbs: [list], apiGroups: [config.openshift.io], resources: [clusteroperators], resourceNames: ['operator-1*'], without: [status.versions]";
    std::fs::write(&narrow, format!("apiVersion: wagather/v1\nkind: Grant\nrules: [{{{rule}}}]\n"))
        .expect("a file");
    let full = objects::server().start();
    let narrowed =
        json(Host::run(programs::guest("cluster-operators"))).server(&full.url()).arg("--grant").arg(narrow);
    let narrowed = narrowed.output(place.path().join("narrowed")).wait();
    narrowed.expect_success();

    // Placeholders, and a map of them.
    let obfuscated = json(Host::run(programs::guest("cluster-operators"))).server(&full.url());
    let obfuscated = obfuscated
        .args(["--obfuscate", "all,domain=example.com"])
        .output(place.path().join("obfuscated"))
        .wait();
    obfuscated.expect_success();

    // A module from a registry.
    let registry = Registry::start();
    registry.module("hello:1", &std::fs::read(programs::guest("hello")).expect("a guest"));
    let pulled = json(Host::run(registry.reference("hello:1"))).replay(&recording);
    let pulled = pulled.output(place.path().join("pulled")).wait();
    pulled.expect_success();

    // A server that takes an archive, one that does not want it, and one that is not there for long.
    let delivered = |name: &str, status: u16, more: &[&str]| {
        let answer = Answer::bytes("text/plain", "").with_status(status);
        let archives = Server::new().on(&format!("/{name}"), answer).start();
        json(Host::run(programs::guest("hello")))
            .server(&full.url())
            .output(place.path().join(name))
            .args(["--upload", &archives.url(), "--upload-timeout", "3s"])
            .args(more)
            .wait()
    };
    let spool = place.path().join("spool");
    let taken = delivered("taken.tar.gz", 201, &[]);
    taken.expect_success();
    let unwanted = delivered("unwanted.tar.gz", 413, &["--spool", spool.to_str().expect("text")]);
    unwanted.expect_code(10);
    let away = delivered("away.tar.gz", 503, &[]);
    away.expect_code(10);

    // What is wrong in a cluster.
    let demo = workspace::root().join("examples/demo.har");
    let judged = json(Host::run_all(["degraded-operators", "pods"].map(programs::guest))).replay(&demo);
    let judged = judged.output(place.path().join("judged.tar.gz")).wait();
    judged.expect_success();

    // Many archives, one of which is none.
    let list = place.path().join("list");
    std::fs::write(&list, format!("{0}/judged.tar.gz\n{0}/list\n", place.path().display())).expect("a file");
    let many = json(Host::run(programs::guest("hello"))).arg(format!("--from=@{}", list.display()));
    let many = many.output(place.path().join("results.ndjson")).wait();
    many.expect_code(4);

    let documented = documented();
    let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let narrowing = [&mistaken, &narrowed, &obfuscated, &judged, &many];
    let delivery = [&taken, &unwanted, &pulled, &away];
    let all = [&watched, &stalled, &refused, &replayed, &unusable, &fleet].into_iter();
    for done in all.chain(narrowing).chain(delivery) {
        for object in objects_of(done) {
            let event = object["event"].as_str().expect("an event").to_owned();
            let members = documented.get(&event).unwrap_or_else(|| panic!("{event} is not documented"));
            for (name, value) in object.as_object().expect("an object") {
                let known = documented["every line"].get(name).or_else(|| members.get(name));
                let kind = match value {
                    Value::String(_) => "string",
                    Value::Number(_) => "number",
                    Value::Bool(_) => "boolean",
                    Value::Array(texts) if texts.iter().all(Value::is_string) => "array",
                    Value::Object(numbers) if numbers.values().all(Value::is_number) => "object",
                    other => panic!("{name} of {event} is {other}"),
                };
                assert_eq!(known.map(String::as_str), Some(kind), "{name} of {event}: {object}");
                said.entry(event.clone()).or_default().insert(name.clone());
            }
            let time = object["time"].as_str().expect("a time");
            assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
        }
    }
    // Warnings and errors have no member of their own, and need a run that is odd.
    for (event, members) in documented.iter().filter(|(event, _)| *event != "every line") {
        let said = said.get(event).cloned().unwrap_or_default();
        assert!(
            members.keys().all(|member| said.contains(member)),
            "not every member of {event} was seen: {said:?}"
        );
    }

    let last = |done: &Done| objects_of(done).pop().expect("a line");
    let failure = last(&refused);
    assert_eq!((&failure["event"], &failure["class"]), (&"failure".into(), &"cluster".into()));
    assert_eq!(failure["exitCode"], refused.code());
    assert_eq!(failure["attempt"], "the gatherer cluster-operators failed");
    assert!(failure["reason"].as_str().is_some_and(|reason| reason.contains("HTTP 404")), "{failure}");
    assert_eq!(last(&unusable)["class"], "config");
    assert_eq!(objects_of(&unusable).len(), 1, "--quiet leaves the failure alone");
    let summaries: Vec<Value> =
        objects_of(&watched).into_iter().filter(|object| object["event"] == "summary").collect();
    assert_eq!(summaries.len(), 2);
    assert_eq!((&summaries[1]["items"], &summaries[1]["status"]), (&60.into(), &"complete".into()));
    assert!(
        objects_of(&watched).iter().any(|object| object["event"] == "log" && object["gatherer"] == "hello")
    );
    let silent =
        objects_of(&stalled).into_iter().rfind(|object| object["event"] == "progress").expect("progress");
    assert!(silent["stalledMs"].as_u64() >= Some(5000) && silent["awaitsServer"] == true, "{silent}");
}
