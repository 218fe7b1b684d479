//! What a sandbox's process cannot do, proved by trying: code in place of the engine, in a sandbox that the host's
//! own code made, tries to escape, with a separate process for each attempt. The same attempts outside a sandbox show
//! that they could succeed.
//!
//! If the kernel lacks a mechanism, the run reports it, and `--require-sandbox` refuses to run. These tests need a
//! kernel with all mechanisms (Linux 5.13 with landlock enabled), and fail with a message on others. Elsewhere:
//! guests that stay within WebAssembly (`hostile.rs`).

use host_min::{Class, ClusterOptions, Input, Isolation, Output, Plan, Silent, run};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tests::archive::Archive;
use tests::canary::canary;
use tests::host::{Host, left_in};
use tests::{objects, place, programs};
use wagather_sandbox::in_force::Mechanism;

const ESCAPE: &str = env!("CARGO_BIN_EXE_escape");
const WITHOUT: &str = env!("CARGO_BIN_EXE_without");
const EVERY: &str =
    "in force: descriptors noNewPrivileges seccomp landlock rlimits parentDeath environment\n";
const BY_SIGSYS: &str = "ended: by signal 31\n";
const BY_ITSELF: &str = "ended: by itself\n";

/// The number of an error, as an attempt says it.
const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EINVAL: i32 = 22;
const EMFILE: i32 = 24;

/// Tries to get out of a sandbox, and answers with what the program says of it.
fn escape(isolation: &str, attempt: &str) -> String {
    escape_with(Command::new(ESCAPE), isolation, attempt, "-")
}

fn escape_with(mut command: Command, isolation: &str, attempt: &str, word: &str) -> String {
    command.args([isolation, attempt, word]).env("CANARY", canary());
    let output = command.output().expect("the program that tries");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{isolation} {attempt} {:?}:\n{said}", output.status.signal());
    String::from_utf8(output.stdout).expect("text")
}

/// The same on a kernel that seems to lack something.
fn without(mechanisms: &str, isolation: &str, attempt: &str, word: &str) -> String {
    let mut command = Command::new(WITHOUT);
    command.args([mechanisms, ESCAPE]);
    escape_with(command, isolation, attempt, word)
}

/// How an attempt ends outside of a sandbox.
#[derive(PartialEq)]
enum Outside {
    /// It succeeds wherever it may be tried.
    Succeeds,
    /// It succeeds, or this machine refuses it to this user; it is answered in any case.
    IsAnswered,
    /// It succeeds, and there is nobody left to tell.
    Replaces,
}
use Outside::{IsAnswered, Replaces, Succeeds};

/// Attempts that end a sandbox.
const REFUSED: &[(&str, Outside)] = &[
    ("open", Succeeds),
    ("open-environ", Succeeds),
    ("open-memory", Succeeds),
    ("mkdir", Succeeds),
    ("connect", Succeeds),
    ("fork", Succeeds),
    ("thread", Succeeds),
    ("exec", Replaces),
    ("ptrace", IsAnswered),
    ("kill", Succeeds),
    ("tgkill", Succeeds),
    ("read-broker", IsAnswered),
    ("map-executable", Succeeds),
    ("make-executable", Succeeds),
    ("io-uring", IsAnswered),
    ("bpf", IsAnswered),
    ("userfaultfd", IsAnswered),
    ("memfd", Succeeds),
    ("duplicate", Succeeds),
    ("send-descriptor", Succeeds),
    ("receive-descriptor", IsAnswered),
    ("unlimit", Succeeds),
    ("dumpable", Succeeds),
    ("unshare", Succeeds),
    ("getppid", Succeeds),
    ("advise", Succeeds),
    #[cfg(target_arch = "x86_64")]
    ("x32", IsAnswered),
    #[cfg(target_arch = "x86_64")]
    ("int80", IsAnswered),
];

/// Attempts that have a test of their own.
const CLOSER_LOOK: &[&str] = &[
    "descriptors",
    "environment",
    "memory",
    "exhaust-memory",
    "abort-without-memory",
    "panic",
    "overflow-stack",
    "spin",
    "nothing",
];

#[test]
fn every_attempt_is_made() {
    let output = Command::new(ESCAPE).arg("list").output().expect("a list");
    let listed = String::from_utf8(output.stdout).expect("text");
    let mut made: Vec<&str> =
        REFUSED.iter().map(|(name, _)| *name).chain(CLOSER_LOOK.iter().copied()).collect();
    let mut listed: Vec<&str> = listed.lines().collect();
    made.sort_unstable();
    listed.sort_unstable();
    assert_eq!(made, listed, "this file (left) and the program (right) differ");
}

#[test]
fn what_a_sandbox_has_not_ends_it() {
    let (place, listener) = (place(), std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = listener.local_addr().expect("an address").to_string();
    let folder = place.path().join("made");
    for (attempt, outside) in REFUSED {
        let word = match *attempt {
            "connect" => &address,
            "mkdir" => folder.to_str().expect("text"),
            _ => "-",
        };
        for isolation in ["fork", "helper"] {
            let ended = escape_with(Command::new(ESCAPE), isolation, attempt, word);
            assert_eq!(ended, format!("{EVERY}{BY_SIGSYS}"), "{attempt} in a {isolation}");
        }
        assert!(!folder.exists());
        let ended = escape_with(Command::new(ESCAPE), "in-process", attempt, word);
        let expected = match outside {
            Succeeds => format!("in force: \nsaid: did it\n{BY_ITSELF}"),
            Replaces => String::new(),
            IsAnswered => {
                assert!(
                    ended.contains("said: did it") || ended.contains("said: refused: "),
                    "{attempt}:\n{ended}"
                );
                continue;
            }
        };
        assert_eq!(ended, expected, "{attempt} outside of a sandbox");
        let _ = std::fs::remove_dir(&folder);
    }
}

#[test]
fn no_descriptor_is_inherited_but_the_channel() {
    for isolation in ["fork", "helper"] {
        let ended = escape(isolation, "descriptors");
        assert_eq!(ended, format!("{EVERY}said: 1 descriptors are open\n{BY_ITSELF}"), "{isolation}");
        // The way of kernels before 5.9.
        assert_eq!(without("close_range", isolation, "descriptors", "-"), ended, "one by one, {isolation}");
    }
    let outside = escape("in-process", "descriptors");
    let open = outside.split("said: ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
    // Three standard ones, two ends of a channel, three that the program opened to be found, and what this test inherited itself.
    assert!(open.is_some_and(|open| open >= 8), "{outside}");
}

#[test]
fn the_environment_is_gone_from_the_memory() {
    for isolation in ["fork", "helper"] {
        let ended = escape(isolation, "memory");
        assert_eq!(
            ended,
            format!("{EVERY}said: the canary is in memory 0 times\n{BY_ITSELF}"),
            "{isolation}"
        );
        let ended = escape(isolation, "environment");
        assert_eq!(ended, format!("{EVERY}said: 0 variables, 0 arguments\n{BY_ITSELF}"), "{isolation}");
    }
    let outside = escape("in-process", "memory");
    assert_eq!(outside, format!("in force: \nsaid: the canary is in memory 1 times\n{BY_ITSELF}"));
    let outside = escape("in-process", "environment");
    assert!(!outside.contains(" 0 variables") && outside.contains("4 arguments"), "{outside}");
}

#[test]
fn a_sandbox_that_fails_by_itself_ends_as_what_it_is() {
    for isolation in ["fork", "helper"] {
        let ended = escape(isolation, "exhaust-memory");
        let mebibytes =
            ended.split("after ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
        assert!(mebibytes.is_some_and(|mebibytes| mebibytes < 260), "{isolation}:\n{ended}");
        assert!(ended.ends_with(BY_ITSELF), "{isolation}:\n{ended}");
        for attempt in ["abort-without-memory", "panic"] {
            let ended = escape(isolation, attempt);
            assert_eq!(ended, format!("{EVERY}ended: by signal 6\n"), "{attempt} in a {isolation}");
        }
        let ended = escape(isolation, "overflow-stack");
        assert!(ended.ends_with("signal 6\n") || ended.ends_with("signal 11\n"), "{isolation}:\n{ended}");
        assert_eq!(escape(isolation, "nothing"), format!("{EVERY}said: did it\n{BY_ITSELF}"));
    }
}

/// Nobody stops it here: the broker's deadline is not in this test.
#[test]
fn time_on_the_processor_is_bounded() {
    for isolation in ["fork", "helper"] {
        // A second for the job, and the one that it is rounded up by.
        let ended = escape_with(Command::new(ESCAPE), isolation, "spin", "1");
        assert_eq!(ended, format!("{EVERY}ended: by signal 24\n"), "{isolation}");
    }
}

/// The child of a process, if it has one that lives.
fn child_of(parent: u32) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    processes.into_iter().find(|process| parent_of(*process) == Some(parent))
}

/// The parent of a process that lives.
fn parent_of(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it is in parentheses, and may have any characters.
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    fields.next().filter(|state| *state != "Z" && *state != "X")?;
    fields.next()?.parse().ok()
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        match look() {
            Some(found) => return found,
            None if begin.elapsed() > Duration::from_secs(10) => panic!("{what} did not come"),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// It computes on and never looks at its channel, for a minute if nobody ends it.
#[test]
fn a_sandbox_dies_with_its_broker() {
    for isolation in ["fork", "helper"] {
        let mut broker = Command::new(ESCAPE);
        let mut broker =
            broker.args([isolation, "spin", "60"]).stdout(Stdio::null()).spawn().expect("a broker");
        let sandbox = wait_for("a sandbox", || child_of(broker.id()));
        // Seccomp comes last, so it is whole once it has that.
        wait_for("a filter", || {
            let status = std::fs::read_to_string(format!("/proc/{sandbox}/status")).ok()?;
            status.contains("Seccomp:\t2").then_some(())
        });
        assert_eq!(parent_of(sandbox), Some(broker.id()), "it lives as long as its broker does");
        broker.kill().expect("a broker that lives");
        broker.wait().expect("a child");
        wait_for("the sandbox's end", || parent_of(sandbox).is_none().then_some(()));
    }
}

/// Where there is no filter, the other mechanisms still refuse most of it, each with its own error.
#[test]
fn without_a_filter_the_others_hold() {
    let (place, listener) = (place(), std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = listener.local_addr().expect("an address").to_string();
    let folder = place.path().join("made");
    for (attempt, word, refused) in [
        ("open", "-", EMFILE),
        ("memfd", "-", EMFILE),
        ("duplicate", "-", EINVAL),
        ("connect", &*address, EMFILE),
        ("mkdir", folder.to_str().expect("text"), EACCES),
        ("exec", "-", EACCES),
        ("kill", "-", EPERM),
        ("ptrace", "-", EPERM),
        ("read-broker", "-", EPERM),
    ] {
        for isolation in ["fork", "helper"] {
            let ended = without("seccomp", isolation, attempt, word);
            let in_force = EVERY.replace(" seccomp", "");
            assert_eq!(
                ended,
                format!("{in_force}said: refused: {refused}\n{BY_ITSELF}"),
                "{attempt} in a {isolation}"
            );
        }
    }
    assert!(!folder.exists());
}

fn names(missing: &[&str]) -> (Vec<String>, Vec<String>) {
    let all = Mechanism::ALL.map(|mechanism| mechanism.name().to_owned());
    all.into_iter().partition(|name| !missing.contains(&&**name))
}

fn sandbox_of(archive: &Path, gatherer: &str) -> (String, Vec<String>, Vec<String>) {
    let part = Archive::read(archive).gatherer(gatherer)["sandbox"].clone();
    let list = |field: &str| {
        let names = part[field].as_array().expect("a list").iter();
        names.map(|name| name.as_str().expect("a name").to_owned()).collect()
    };
    (part["isolation"].as_str().expect("a word").into(), list("inForce"), list("missing"))
}

#[test]
fn the_report_says_what_was_in_force() {
    let (place, server) = (place(), objects::server().start());
    let path = |name: &str| place.path().join(name);
    let guest = programs::guest("cluster-operators");
    Host::run(&guest)
        .server(&server.url())
        .arg("--require-sandbox")
        .output(path("whole"))
        .wait()
        .expect_success();
    let (in_force, missing) = names(&[]);
    assert_eq!(sandbox_of(&path("whole"), "cluster-operators"), ("fork".into(), in_force, missing));

    for lacking in ["landlock", "seccomp"] {
        let mut wrapper = Command::new(WITHOUT);
        wrapper.arg(lacking);
        let words = [Path::new("run"), &guest];
        let done = Host::through(wrapper, words).server(&server.url()).output(path(lacking)).wait();
        done.expect_success();
        let (in_force, missing) = names(&[lacking]);
        assert_eq!(sandbox_of(&path(lacking), "cluster-operators"), ("fork".into(), in_force, missing));
    }
}

#[test]
fn what_is_required_and_missing_is_refused() {
    let (place, server) = (place(), objects::server().start());
    let guest = programs::guest("cluster-operators");
    for lacking in ["landlock", "seccomp", "landlock,seccomp"] {
        let mut wrapper = Command::new(WITHOUT);
        wrapper.arg(lacking);
        let done = Host::through(wrapper, [Path::new("run"), &guest])
            .server(&server.url())
            .arg("--require-sandbox")
            .output(place.path().join("out"))
            .wait();
        done.expect_code(4);
        for mechanism in lacking.split(',') {
            assert!(
                done.stderr.contains(&format!("{mechanism} is not active: the kernel")),
                "{}",
                done.stderr
            );
        }
        assert!(
            done.stderr
                .starts_with("error: cannot run the gatherer cluster-operators in a complete sandbox: ")
                && done.stderr.contains("or omit --require-sandbox"),
            "{}",
            done.stderr
        );
        assert!(left_in(place.path()).is_empty(), "a run that was refused leaves nothing");
    }
    assert_eq!(server.seen(), [], "nothing was asked for a gatherer that was refused");
}

fn plan(url: &str, output: &Path, isolation: Isolation) -> Plan {
    let from = Input::Cluster(Box::new(ClusterOptions { server: Some(url.into()), ..Default::default() }));
    let mut plan = Plan::new(from, Output::Folder(output.into()), isolation);
    plan.timeout = Duration::from_secs(20);
    plan.add_file(programs::guest("cluster-operators")).expect("a module");
    plan
}

#[test]
fn a_library_reports_and_requires_alike() {
    let (place, server) = (place(), objects::server().start());
    let path = |name: &str| place.path().join(name);
    let helper = Isolation::Helper { program: programs::host_min(), args: vec!["sandbox".into()] };
    let mut helped = plan(&server.url(), &path("helped"), helper);
    helped.require_sandbox = true;
    assert!(run(&helped, &Silent).expect("a run").report.complete);
    let (in_force, missing) = names(&[]);
    assert_eq!(sandbox_of(&path("helped"), "cluster-operators"), ("helper".into(), in_force, missing));

    let mut open = plan(&server.url(), &path("open"), Isolation::InProcess);
    assert!(run(&open, &Silent).expect("a run").report.complete);
    let (missing, in_force) = names(&[]);
    assert_eq!(sandbox_of(&path("open"), "cluster-operators"), ("inProcess".into(), in_force, missing));
    open.require_sandbox = true;
    open.output = Output::Folder(path("refused"));
    let failure = run(&open, &Silent).expect_err("nothing is in force");
    assert_eq!(failure.class, Class::Config);
    assert!(failure.reason.contains("seccomp is not active; landlock is not active"), "{failure}");
    assert!(!path("refused").exists());
}

/// A helper that sends these frames, and what the run says of it.
fn run_with_frames(url: &str, output: &Path, frames: &[&[u8]]) -> Result<(), String> {
    let mut script = "printf '".to_owned();
    for frame in frames {
        let bytes = [&(frame.len() as u32).to_le_bytes()[..], frame].concat();
        script.extend(bytes.iter().map(|byte| format!("\\{byte:03o}")));
    }
    script += "' >&0; sleep 1";
    let isolation = Isolation::Helper { program: "/bin/sh".into(), args: vec!["-c".into(), script] };
    let outcome = run(&plan(url, output, isolation), &Silent).expect("a run");
    outcome.failures.first().map_or(Ok(()), |failure| Err(failure.reason.clone()))
}

#[test]
fn a_sandbox_says_once_and_first_what_keeps_it_in() {
    const READY: &[u8] = &[254, 0x7f];
    const NOTHING_IN_FORCE: &[u8] = &[254, 0];
    const UNKNOWN: &[u8] = &[254, 0x80];
    const RETURNED: &[u8] = &[255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (place, server) = (place(), objects::server().start());
    let path = |name: &str| place.path().join(name);
    let wrong = Err("its sandbox sent an invalid frame; the guest may have escaped the engine".into());
    assert_eq!(run_with_frames(&server.url(), &path("a"), &[READY, RETURNED]), Ok(()));
    assert_eq!(run_with_frames(&server.url(), &path("b"), &[NOTHING_IN_FORCE, RETURNED]), Ok(()));
    assert_eq!(sandbox_of(&path("b"), "cluster-operators").1, Vec::<String>::new());
    assert_eq!(run_with_frames(&server.url(), &path("c"), &[RETURNED]), wrong);
    assert_eq!(run_with_frames(&server.url(), &path("d"), &[READY, READY, RETURNED]), wrong);
    assert_eq!(run_with_frames(&server.url(), &path("e"), &[READY, NOTHING_IN_FORCE, RETURNED]), wrong);
    assert_eq!(run_with_frames(&server.url(), &path("f"), &[UNKNOWN, RETURNED]), wrong);
}

/// What a sandbox ends by is told in words that are true of it.
#[test]
fn an_escape_is_told_as_one() {
    let (place, server) = (place(), objects::server().start());
    for (attempt, words) in [
        ("open", "it tried a system call the sandbox forbids; the guest may have escaped the engine"),
        ("panic", "its sandbox aborted (signal 6)"),
    ] {
        let output = place.path().join(attempt);
        let args = vec!["helper-attempt".into(), attempt.into()];
        let isolation = Isolation::Helper { program: ESCAPE.into(), args };
        let outcome = run(&plan(&server.url(), &output, isolation), &Silent).expect("a run");
        let failure = &outcome.failures[0];
        assert_eq!(failure.class, Class::Gatherer);
        assert!(failure.reason.contains(words), "{attempt}: {}", failure.reason);
    }
}
