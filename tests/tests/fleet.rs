//! Many archives in one run: `--from` with a pattern, and lines of JSON.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tests::archive::Archive;
use tests::guest::judge;
use tests::host::{Done, Host, left_in};
use tests::processes::send;
use tests::server::{Answer, Server};
use tests::{place, programs, workspace};

const GUEST: &str = "degraded-operators";

/// Copies of an archive of the demo.
struct Fleet {
    place: tempfile::TempDir,
}

impl Fleet {
    fn new(count: usize) -> Fleet {
        let place = place();
        fs::create_dir(place.path().join("fleet")).expect("a folder");
        let fleet = Fleet { place };
        let first = fleet.archive(0);
        let guests = ["cluster-operators", "pods"].map(programs::guest);
        let recording = workspace::root().join("examples/demo.har");
        let demo = Host::new(["run"]).args(guests).arg("--replay").arg(recording).output(&first);
        demo.wait().expect_success();
        for number in 1..count {
            fs::hard_link(&first, fleet.archive(number)).expect("a link");
        }
        fleet
    }

    fn archive(&self, number: usize) -> PathBuf {
        self.at(&format!("fleet/{number:04}.tar.gz"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn pattern(&self) -> PathBuf {
        self.at("fleet/*.tar.gz")
    }

    fn run(&self, output: &Path) -> Host {
        Host::run(programs::guest(GUEST)).arg("--from").arg(self.pattern()).output(output)
    }
}

/// Every line, which must be whole.
fn lines(bytes: &[u8]) -> Vec<Value> {
    assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "the last line is cut");
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// How each archive ended, by the name of its file.
fn ends(lines: &[Value]) -> Vec<(String, String)> {
    let ends = lines.iter().filter(|line| line.get("status").is_some());
    let name = |line: &Value| {
        let path = Path::new(line["archive"].as_str().expect("a path"));
        path.file_name().expect("a name").to_string_lossy().into_owned()
    };
    let mut ends: Vec<_> =
        ends.map(|line| (name(line), line["status"].as_str().expect("a status").to_owned())).collect();
    ends.sort();
    ends
}

/// What a run on the first archive alone writes.
fn alone(fleet: &Fleet) -> Archive {
    let output = fleet.at("alone");
    let run = Host::run(programs::guest(GUEST)).arg("--from").arg(fleet.archive(0)).output(&output);
    run.wait().expect_success();
    Archive::read(output)
}

fn said(done: &Done, text: &str) {
    assert!(done.stderr.contains(text), "{}", done.stderr);
}

#[test]
fn each_archive_gives_what_a_run_of_its_own_gives() {
    let fleet = Fleet::new(5);
    let output = fleet.at("results.ndjson");
    let done = fleet.run(&output).wait();
    said(done.expect_success(), "5 of 5 archives complete");
    let lines = lines(&fs::read(&output).expect("results"));
    let alone = alone(&fleet);
    let entries: Vec<&Value> = lines.iter().filter(|line| line.get("entry").is_some()).collect();
    assert_eq!((entries.len(), lines.len()), (5, 10));
    for line in entries {
        assert_eq!((&line["gatherer"], &line["entry"]), (&GUEST.into(), &"findings.json".into()));
        assert_eq!(line["value"], alone.json(&format!("{GUEST}/findings.json")));
        assert_eq!(line["time"], alone.report()["time"]);
    }
    assert_eq!(left_in(fleet.place.path()), ["alone", "fleet", "results.ndjson"]);
    // It is not replaced by mistake, and it is replaced if that is asked for.
    fleet.run(&output).wait().expect_code(6);
    fleet.run(&output).args(["--overwrite"]).wait().expect_success();
    fs::write(&output, "{\"other\":1}\n").expect("a file of others");
    fleet.run(&output).args(["--overwrite"]).wait().expect_code(6);
}

/// The demo has degraded operators.
#[test]
fn findings_of_any_archive_decide_the_exit_code() {
    let fleet = Fleet::new(3);
    let run = |least: &str, guest: PathBuf, more: &[&Path]| {
        let output = fleet.at("results.ndjson");
        let run = Host::run(guest).arg("--from").arg(fleet.pattern()).args(more);
        let done = run.output(&output).args(["--overwrite", "--fail-on", least]).wait();
        assert_eq!(ends(&lines(&fs::read(&output).expect("results"))).len(), 3 + more.len() / 2);
        done
    };
    let done = run("error", programs::guest(GUEST), &[]);
    said(done.expect_code(11), "--fail-on error: gatherers found ");
    said(&done, "the lines with the entry findings.json have them");
    // Without findings there is nothing to fail on, whatever the archives have.
    run("warning", programs::guest("cluster-operators"), &[]).expect_success();
    // A failure comes before findings.
    let broken = fleet.at("broken.tar.gz");
    fs::write(&broken, "broken").expect("a file");
    run("error", programs::guest(GUEST), &[Path::new("--from"), &broken]).expect_code(4);
}

#[test]
fn a_file_of_findings_that_nobody_can_read_fails_a_fleet() {
    let fleet = Fleet::new(2);
    let guest = judge(fleet.place.path(), "bad", "[]");
    let output = fleet.at("results.ndjson");
    let run = Host::run(guest).arg("--from").arg(fleet.pattern()).output(&output);
    let done = run.args(["--fail-on", "error"]).wait();
    said(done.expect_code(7), "--fail-on error: ");
    said(&done, ".tar.gz: bad/findings.json is not in the form of findings");
}

#[test]
fn a_broken_archive_fails_alone() {
    let fleet = Fleet::new(3);
    let whole = fs::read(fleet.archive(0)).expect("an archive");
    for (name, bytes) in [
        ("broken", &b"broken"[..]),
        ("cut", &whole[..whole.len() / 2]),
        ("empty", b""),
        ("esc\u{1b}[2J", b"broken"),
    ] {
        fs::write(fleet.at(&format!("fleet/{name}.tar.gz")), bytes).expect("a file");
    }
    fs::create_dir(fleet.at("fleet/folder.tar.gz")).expect("a folder");
    std::os::unix::fs::symlink("nowhere", fleet.at("fleet/link.tar.gz")).expect("a link");
    let done = fleet.run(Path::new("-")).wait();
    done.expect_code(4);
    said(&done, "3 of 9 archives complete, 6 failed");
    assert!(!done.stderr.contains('\u{1b}'), "{}", done.stderr);
    let lines = lines(&done.stdout);
    let failed =
        ["broken", "cut", "empty", "esc\u{1b}[2J", "folder", "link"].map(|name| format!("{name}.tar.gz"));
    let failed = failed.into_iter().map(|name| (name, "failed".to_owned()));
    let complete = (0..3).map(|number| (format!("{number:04}.tar.gz"), "complete".to_owned()));
    assert_eq!(ends(&lines), complete.chain(failed).collect::<Vec<_>>());
    let reasons = lines.iter().filter(|line| line["status"] == "failed");
    assert!(reasons.map(|line| assert_ne!(line["reasons"][0], Value::Null)).count() == 6);
}

#[test]
fn an_archive_without_what_is_asked_for_has_gaps() {
    let fleet = Fleet::new(2);
    let done = Host::run(programs::guest("nodes")).arg("--from").arg(fleet.pattern()).output("-").wait();
    let lines = lines(&done.stdout);
    assert!(lines.iter().all(|line| line["status"] != "complete") && lines.len() >= 2, "{lines:?}");
    assert_ne!(done.code(), 0);
    said(&done, "0 of 2 archives complete");
    let reasons = lines.iter().filter_map(|line| line["reasons"].as_array()).flatten();
    assert!(reasons.filter(|reason| reason.as_str().is_some_and(|text| text.contains("nodes"))).count() >= 2);
}

#[test]
fn shards_together_have_every_archive_once() {
    let fleet = Fleet::new(20);
    let mut together = Vec::new();
    for index in 0..3 {
        let output = fleet.at(&format!("{index}.ndjson"));
        fleet.run(&output).args(["--shard", &format!("{index}/3")]).wait().expect_success();
        let part = ends(&lines(&fs::read(&output).expect("results")));
        assert!((1..20).contains(&part.len()), "{part:?}");
        together.extend(part);
    }
    together.sort();
    let expected: Vec<_> =
        (0..20).map(|number| (format!("{number:04}.tar.gz"), "complete".to_owned())).collect();
    assert_eq!(together, expected);
}

#[test]
fn lists_of_archives() {
    let fleet = Fleet::new(4);
    let list = fleet.at("list");
    let text = format!("{}\n\n{}\n", fleet.archive(1).display(), fleet.at("fleet/*3.tar.gz").display());
    fs::write(&list, text).expect("a list");
    let from = format!("@{}", list.display());
    let done = Host::run(programs::guest(GUEST))
        .args(["--from", &from, "--from"])
        .arg(fleet.archive(0))
        .output("-")
        .wait();
    let names: Vec<String> =
        ends(&lines(&done.expect_success().stdout)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0000.tar.gz", "0001.tar.gz", "0003.tar.gz"]);
    for (from, reason) in [
        (format!("{}/none-*", fleet.place.path().display()), "nothing matches the pattern"),
        ("@/nowhere/list".to_owned(), "No such file"),
    ] {
        let done = Host::run(programs::guest(GUEST)).args(["--from", &from]).output("-").wait();
        said(done.expect_code(4), reason);
    }
}

/// Enough for a while.
const MANY: usize = 1500;

fn until_it_writes(output: &Path) {
    let begin = Instant::now();
    let has_some = || {
        let folder = output.parent().expect("a folder");
        left_in(folder)
            .iter()
            .filter(|name| name.starts_with(".results"))
            .any(|name| fs::metadata(folder.join(name)).is_ok_and(|metadata| metadata.len() > 10_000))
    };
    while !has_some() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it wrote nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_signal_leaves_whole_lines_under_another_name_and_a_kill_leaves_none() {
    let fleet = Fleet::new(MANY);
    let output = fleet.at("results.ndjson");
    let started = fleet.run(&output).call();
    until_it_writes(&output);
    send("INT", started.id());
    let done = started.wait();
    said(done.expect_code(130), "SIGINT ended the run");
    assert!(!output.exists());
    let some = lines(&fs::read(fleet.at("results.ndjson.incomplete")).expect("the lines until then"));
    let ended = ends(&some);
    assert!((1..MANY).contains(&ended.len()), "{}", ended.len());
    // Every archive of which there are lines has all of them.
    assert_eq!(some.len(), 2 * ended.len());

    let mut started = fleet.run(&output).call();
    until_it_writes(&output);
    started.kill();
    started.wait();
    assert!(!output.exists());
    fs::remove_file(fleet.at("results.ndjson.incomplete")).expect("removed");
    let few = fleet.at("fleet/000*.tar.gz");
    let run = Host::run(programs::guest(GUEST)).arg("--from").arg(few).output(&output).wait();
    run.expect_success();
    assert_eq!(left_in(fleet.place.path()), ["fleet", "results.ndjson"], "what the killed run left is gone");
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let fleet = Fleet::new(MANY);
    let begin = Instant::now();
    let words = format!(
        "'{}' run '{}' --from '{}' --output - 2>'{}' | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}",
        programs::host_min().display(),
        programs::guest(GUEST).display(),
        fleet.pattern().display(),
        fleet.at("stderr").display()
    );
    let done = std::process::Command::new("bash").args(["-c", &words]).output().expect("bash");
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "0");
    let stderr = fs::read_to_string(fleet.at("stderr")).expect("text");
    assert!(!stderr.contains(&format!("{MANY} archives complete")), "{stderr}");
    assert!(begin.elapsed() < Duration::from_secs(120));
}

/// What nobody read may have what `--fail-on` asks for.
#[test]
fn archives_that_were_not_judged_have_not_passed() {
    let place = place();
    let fleet = Fleet::new(2);
    let guest = judge(place.path(), "good", r#"{"findings":[]}"#);
    let (reader, stdout) = std::io::pipe().expect("a pipe");
    drop(reader);
    let done = std::process::Command::new(programs::host_min())
        .args(["run", "--output", "-", "--fail-on", "error", "--parallel-clusters", "1", "--from"])
        .arg(fleet.pattern())
        .arg(guest)
        .stdout(stdout)
        .output()
        .expect("the host");
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(6), "{stderr}");
    assert!(
        stderr.contains("--fail-on error: stdout was closed before all archives were judged"),
        "{stderr}"
    );
}

#[test]
fn a_disk_that_is_full_is_told_and_leaves_nothing() {
    let fleet = Fleet::new(200);
    let words = format!(
        "trap '' XFSZ; ulimit -f 16; '{}' run '{}' --from '{}' --output '{}'",
        programs::host_min().display(),
        programs::guest(GUEST).display(),
        fleet.pattern().display(),
        fleet.at("results.ndjson").display()
    );
    let done = std::process::Command::new("bash").args(["-c", &words]).output().expect("bash");
    assert_eq!(done.status.code(), Some(6), "{done:?}");
    let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(stderr.contains("cannot write the results to"), "{stderr}");
    assert_eq!(left_in(fleet.place.path()), ["fleet"]);
}

#[test]
fn memory_does_not_grow_with_the_number_of_archives() {
    let peak = |count: usize| {
        let fleet = Fleet::new(count);
        let words = format!(
            "'{}' run '{}' --from '{}' --output - --parallel-clusters 2 >/dev/null 2>&1 & \
             peak=0; while [ -e /proc/$!/status ]; do now=$(awk '/VmHWM/ {{ print $2 }}' /proc/$!/status 2>/dev/null); \
             [ \"${{now:-0}}\" -gt $peak ] && peak=$now; sleep 0.01; done; wait $!; echo $peak",
            programs::host_min().display(),
            programs::guest(GUEST).display(),
            fleet.pattern().display()
        );
        let done = std::process::Command::new("bash").args(["-c", &words]).output().expect("bash");
        let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
        text.parse::<u64>().unwrap_or_else(|_| panic!("{done:?}"))
    };
    let (few, many) = (peak(50), peak(750));
    // A pattern's names are in memory: some hundred bytes each.
    assert!(many < few + 1024, "{few} KiB, and {many} KiB with 15 times as many archives");
}

#[test]
fn what_is_for_one_archive_is_refused() {
    let fleet = Fleet::new(1);
    for (option, reason) in [
        (&["--encrypt", "age1x"][..], "--encrypt cannot be used with many archives"),
        (&["--obfuscate", "ipv4"], "--obfuscate cannot be used with many archives"),
        (&["--upload", "http://127.0.0.1:1/"], "--upload cannot be used with many archives"),
        (&["--replay", "x"], "--replay cannot be used with --from"),
        (&["--server", "http://127.0.0.1:1"], "--from cannot be used with --server"),
    ] {
        said(fleet.run(&fleet.at("x.ndjson")).args(option).wait().expect_code(2), reason);
    }
    said(fleet.run(&fleet.at("x.tar.gz")).wait().expect_code(2), "it ends in .ndjson");
}

#[test]
fn archives_on_a_server() {
    let fleet = Fleet::new(1);
    let whole = fs::read(fleet.archive(0)).expect("an archive");
    let serves = |path: &str, answer: Answer| (path.to_owned(), answer);
    let gzip = |bytes: &[u8]| Answer::bytes("application/gzip", bytes);
    let server = [
        serves("/a.tar.gz", gzip(&whole)),
        serves("/b.tar.gz", gzip(&whole)),
        serves("/cut.tar.gz", gzip(&whole[..1000])),
        serves("/secret.tar.gz", Answer::bytes("text/plain", "who are you").with_status(403)),
    ];
    let server =
        server.into_iter().fold(Server::new(), |server, (path, answer)| server.on(&path, answer)).start();
    let (list, fields) = (fleet.at("list"), fleet.at("fields"));
    let names = [
        "a.tar.gz?X-Signature=hunter3hunter3hunter3",
        "b.tar.gz",
        "cut.tar.gz",
        "secret.tar.gz",
        "none.tar.gz",
    ];
    let urls = names.map(|name| format!("{}/{name}\n", server.url()));
    fs::write(&list, urls.concat()).expect("a list");
    fs::write(&fields, "Authorization: Bearer hunter2-hunter2\n").expect("a file");
    let run = Host::run(programs::guest(GUEST)).arg(format!("--from=@{}", list.display())).output("-");
    let done = run.arg("--upload-headers").arg(&fields).args(["--upload-timeout", "5s"]).wait();
    let lines = lines(&done.stdout);
    let ends = ends(&lines);
    let complete: Vec<&str> =
        ends.iter().filter(|(_, status)| status == "complete").map(|(name, _)| &**name).collect();
    assert_eq!(complete, ["a.tar.gz", "b.tar.gz"], "{}", done.stderr);
    assert_eq!(ends.len(), 5);
    said(&done, "2 of 5 archives complete, 3 failed");
    said(&done, "HTTP 403: who are you");
    let shown = format!("{}{}", done.stderr, String::from_utf8_lossy(&done.stdout));
    assert!(!shown.contains("hunter"), "{shown}");
    said(&done, "cut.tar.gz: it is damaged or incomplete");
    let seen = server.seen();
    // Two archives are fetched at a time, so that of the query may come after others.
    let queries: usize = seen.iter().map(|seen| seen.query.len()).sum();
    assert_eq!(queries, 1, "the query is sent as it was written");
    assert!(seen.iter().all(|seen| seen.headers.iter().any(|(_, value)| value == "Bearer hunter2-hunter2")));
    // One is enough to be a list of one.
    let one = Host::run(programs::guest(GUEST)).args(["--from", &format!("{}/b.tar.gz", server.url())]);
    one.output("-").wait().expect_success();
}
