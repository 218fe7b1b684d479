//! Interrupted runs: by a signal, also as the first process of a container, or killed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tests::archive::Archive;
use tests::host::{Call, Done, Host, incomplete, left_in};
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::processes::{children, descendants, mask_of, runs, send, until};
use tests::server::{Answer, Running, Server};
use tests::{guest, place, programs};

const SIGNALS: [(&str, i32); 3] = [("TERM", 143), ("INT", 130), ("HUP", 129)];

/// What a run may take that is asked to end, on a busy machine. In itself it takes a tenth of a second.
const SOON: Duration = Duration::from_secs(15);

/// A list of three items whose end never comes.
fn unending() -> Server {
    let list = objects::list_text(3);
    let end = list.len() - 5;
    let answer = Answer::bytes("application/json", list.into_bytes()[..end].to_vec());
    Server::new().on(CLUSTER_OPERATORS, answer.endless(b" ", Duration::from_millis(50)))
}

fn operators(server: &Running) -> Host {
    Host::run(programs::guest("cluster-operators")).server(&server.url()).timeout("60s")
}

/// Waits until the server was asked, sends a signal, and waits for the end.
fn interrupted(host: Host, server: &Running, signal: &str) -> (Done, Duration, Vec<u32>) {
    let started = host.call();
    until("the server was asked", || !server.seen().is_empty());
    until("there is a sandbox", || !descendants(started.id()).is_empty());
    let processes = descendants(started.id());
    // Some of the answer is read by then.
    std::thread::sleep(Duration::from_millis(200));
    end(started, signal, processes)
}

/// A container of a DaemonSet must not exit: whatever the archive lacks, another run would gather the same.
#[test]
fn a_run_that_stays_has_its_archive_and_ends_by_a_signal() {
    let whole = objects::server().start();
    let odd =
        format!("{{\"metadata\":{{\"name\":\"odd\"}},\"spec\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let list = format!("{{\"metadata\":{{}},\"items\":[{odd}]}}");
    let gaps = Server::new().on(CLUSTER_OPERATORS, Answer::bytes("application/json", list)).start();
    for server in [&whole, &gaps] {
        let place = place();
        let started = operators(server).output(place.path().join("out")).arg("--stay").call();
        until("there is an archive", || left_in(place.path()) == ["out"]);
        std::thread::sleep(Duration::from_millis(300));
        assert!(runs(started.id()), "it stays");
        let (done, took, _) = end(started, "TERM", vec![]);
        done.expect_code(143);
        assert!(took < SOON, "{took:?}");
        assert_eq!(left_in(place.path()), ["out"]);
    }
    // What another run may do better ends it.
    let refusing = objects::server().on(CLUSTER_OPERATORS, Answer::status(403, "Forbidden", "no")).start();
    let place = place();
    operators(&refusing).output(place.path().join("out")).arg("--stay").wait().expect_code(9);
}

/// As the kernel does when the machine or the container has no memory left.
#[test]
fn a_killed_sandbox_is_told_with_what_helps() {
    let (place, server) = (place(), Server::new().start());
    let busy = guest::module(
        "busy",
        &[],
        r#"(func (export "gather") (result i32) (loop $ever (br $ever)) (i32.const 0))"#,
    );
    let file = guest::write(place.path(), "busy", &busy);
    let started = Host::run(file).server(&server.url()).output(place.path().join("out")).call();
    until("there is a sandbox", || descendants(started.id()).len() == 1);
    let [sandbox] = descendants(started.id())[..] else { panic!("not one sandbox") };
    send("KILL", sandbox);
    let done = started.wait();
    done.expect_code(7);
    for said in
        ["killed by signal 9, as the kernel does when memory runs out", "lower --memory or --parallel"]
    {
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
    assert_eq!(left_in(place.path()), ["busy.wasm", "out.incomplete"]);
}

/// The broker reads then, and nothing comes from the channel that it could notice.
#[test]
fn a_sandbox_that_is_killed_while_an_answer_is_read_is_noticed_at_once() {
    // Bytes that never end, without a pause and with one; and none at all.
    let bytes = |pause| {
        unending()
            .on(CLUSTER_OPERATORS, Answer::bytes("application/json", "{\"items\": [").endless(b" ", pause))
    };
    let silence = Server::new().on(CLUSTER_OPERATORS, Answer::silence());
    for server in [bytes(Duration::ZERO), bytes(Duration::from_millis(50)), silence] {
        let (place, server) = (place(), server.start());
        let host = Host::run(programs::guest("cluster-operators"))
            .server(&server.url())
            .timeout("10m")
            .args(["--request-timeout", "10m", "--first-byte-timeout", "0"]);
        let started = host.output(place.path().join("out")).call();
        until("the server was asked", || !server.seen().is_empty());
        std::thread::sleep(Duration::from_millis(200));
        let [sandbox] = descendants(started.id())[..] else { panic!("not one sandbox") };
        let begin = Instant::now();
        send("KILL", sandbox);
        let done = started.wait();
        let took = begin.elapsed();
        assert!(took < SOON, "{took:?}");
        done.expect_code(7);
        assert!(done.stderr.contains("killed by signal 9"), "{}", done.stderr);
    }
}

fn end(started: Call, signal: &str, processes: Vec<u32>) -> (Done, Duration, Vec<u32>) {
    let begin = Instant::now();
    send(signal, started.id());
    let done = started.wait();
    (done, begin.elapsed(), processes)
}

#[test]
fn what_was_gathered_by_then_is_kept_as_incomplete() {
    for (signal, code) in SIGNALS {
        for name in ["out", "out.tar.gz"] {
            let (place, server) = (place(), unending().start());
            let output = place.path().join(name);
            let (done, took, processes) = interrupted(operators(&server).output(&output), &server, signal);
            done.expect_code(code);
            assert!(took < SOON, "{took:?}");
            until("nothing of it runs", || !processes.iter().any(|id| runs(*id)));
            assert_eq!(left_in(place.path()), [format!("{name}.incomplete")]);
            let archive = Archive::read(incomplete(&output));
            let report = archive.report();
            assert_eq!(report["complete"], false);
            let said = format!("SIG{signal} ended the run");
            assert_eq!(report["gatherers"][0]["reason"], *said);
            assert!(report["warnings"][0].as_str().is_some_and(|text| text.starts_with(&said)), "{report:#}");
            let gathered = archive.paths().iter().filter(|path| path.contains("/operator-")).count();
            assert_eq!(gathered, 3, "those that were whole: {:?}", archive.paths());
            assert!(done.stderr.contains(&said), "{}", done.stderr);
        }
    }
}

#[test]
fn nothing_of_an_incomplete_archive_goes_to_the_standard_output() {
    let server = unending().start();
    let (done, took, _) = interrupted(operators(&server).output("-"), &server, "TERM");
    done.expect_code(143);
    assert!(done.stdout.is_empty() && took < SOON, "{took:?}");
}

#[test]
fn a_recording_of_what_was_answered_by_then_is_incomplete_too() {
    let (place, server) = (place(), objects::server().on("/api/v1/pods", Answer::silence()).start());
    let recording = place.path().join("run.har");
    let guests = [programs::guest("cluster-operators"), programs::guest("pods")];
    let host =
        Host::run_all(guests).server(&server.url()).output(place.path().join("out")).record(&recording);
    let started = host.call();
    until("both were asked", || server.seen().len() >= 2);
    std::thread::sleep(Duration::from_millis(300));
    end(started, "TERM", vec![]).0.expect_code(143);
    assert_eq!(left_in(place.path()), ["out.incomplete", "run.har.incomplete"]);
    let again = place.path().join("again");
    Host::run(programs::guest("cluster-operators"))
        .replay(incomplete(&recording))
        .output(&again)
        .wait()
        .expect_success();
}

#[test]
fn a_guest_that_computes_is_ended_too() {
    for guests in [1, 3] {
        let place = place();
        let names = ["one", "two", "three"];
        let modules: Vec<_> = names[..guests]
            .iter()
            .map(|name| {
                let module = guest::module(
                    name,
                    &[],
                    r#"(func (export "gather") (result i32) (loop $l (br $l)) (i32.const 0))"#,
                );
                guest::write(place.path(), name, &module)
            })
            .collect();
        let started = Host::run_all(modules).output(place.path().join("out.tar.gz")).timeout("60s").call();
        until("there are sandboxes", || children(started.id()).len() == guests);
        until("the guests run", || {
            children(started.id()).into_iter().all(|sandbox| mask_of(sandbox, "Seccomp") == 2)
        });
        let processes = descendants(started.id());
        let (done, took, processes) = end(started, "INT", processes);
        done.expect_code(130);
        assert!(took < SOON, "{took:?}");
        until("nothing of it runs", || !processes.iter().any(|id| runs(*id)));
        assert!(left_in(place.path()).iter().all(|name| !name.ends_with(".partial")));
    }
}

/// `unshare`, in a namespace of processes whose first one is what it is given. Without root it takes a namespace of users as well.
/// `None` in a container, which may make neither.
fn unshare() -> Option<Command> {
    for more in [&[][..], &["--user", "--map-root-user"]] {
        let mut unshare = Command::new("unshare");
        unshare.args(more).args(["--pid", "--fork", "--kill-child"]);
        let mut tried = Command::new("unshare");
        tried.args(unshare.get_args()).arg("true");
        let tried = tried.output().expect("unshare(1)");
        if tried.status.success() {
            return Some(unshare);
        }
        let said = String::from_utf8_lossy(&tried.stderr).into_owned();
        let refused = ["Operation not permitted", "Permission denied", "No space left"];
        assert!(refused.iter().any(|word| said.contains(word)), "unshare(1) fails in another way: {said}");
    }
    None
}

/// The first process of a namespace ends by the signals that it handles, and by no others: their action does nothing there.
fn handles(id: u32, signal: &str) -> bool {
    let number = match signal {
        "HUP" => 1,
        "INT" => 2,
        _ => 15,
    };
    mask_of(id, "SigCgt") & (1 << (number - 1)) != 0
}

#[test]
fn the_first_process_of_a_container_ends_as_well() {
    for (signal, code) in SIGNALS {
        let (place, server) = (place(), unending().start());
        let output = place.path().join("out.tar.gz");
        let words = ["run".into(), programs::guest("cluster-operators")];
        let unshare = unshare();
        let is_first = unshare.is_some();
        let host = match unshare {
            Some(unshare) => Host::through(unshare, words),
            None => Host::run(programs::guest("cluster-operators")),
        };
        let started = host.server(&server.url()).timeout("60s").output(&output).call();
        until("the server was asked", || !server.seen().is_empty());
        let first = if is_first { children(started.id()) } else { vec![started.id()] };
        assert_eq!(first.len(), 1);
        assert!(handles(first[0], signal), "{signal} would not end the first process of a container");
        std::thread::sleep(Duration::from_millis(200));
        let begin = Instant::now();
        send(signal, first[0]);
        started.wait().expect_code(code);
        assert!(begin.elapsed() < SOON);
        assert_eq!(left_in(place.path()), ["out.tar.gz.incomplete"]);
    }
}

#[test]
fn before_anything_is_written_the_end_comes_at_once() {
    let place = place();
    let pipe = place.path().join("kubeconfig");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let host = Host::run(programs::guest("cluster-operators")).kubeconfig(&pipe).timeout("60s");
    let started = host.output(place.path().join("out.tar.gz")).call();
    until("there is a sandbox", || !children(started.id()).is_empty());
    let processes = descendants(started.id());
    let (done, took, processes) = end(started, "TERM", processes);
    done.expect_code(143);
    assert!(took < SOON, "{took:?}");
    until("nothing of it runs", || !processes.iter().any(|id| runs(*id)));
    assert_eq!(left_in(place.path()), ["kubeconfig"]);
}

#[test]
fn what_a_killed_run_left_goes_with_the_next_one() {
    for name in ["out", "out.tar.gz"] {
        let (place, server) = (place(), unending().start());
        let output = place.path().join(name);
        let (done, ..) = interrupted(operators(&server).output(&output), &server, "KILL");
        assert!(done.status.code().is_none());
        let left = left_in(place.path());
        assert!(left.len() == 1 && left[0].starts_with(&format!(".{name}.")), "{left:?}");
        // One that goes on keeps its own.
        let other = operators(&server).output(&output).call();
        let partials = |place: &Path| {
            left_in(place).into_iter().filter(|name| name.ends_with(".partial")).collect::<Vec<_>>()
        };
        until("the other one writes, and what was left is gone", || {
            partials(place.path()).len() == 1 && partials(place.path()) != left
        });
        let of_the_other = partials(place.path());
        Host::run(programs::guest("hello")).output(&output).wait().expect_success();
        assert_eq!(partials(place.path()), of_the_other);
        send("KILL", other.id());
        other.wait();
    }
}

/// An archive has its name when it is on the disk, and not before.
#[test]
fn what_cannot_be_synced_gets_no_name() {
    let (place, server) = (place(), objects::server().start());
    let output = place.path().join("out.tar.gz");
    let mut wrapper = Command::new(env!("CARGO_BIN_EXE_without"));
    wrapper.arg("fsync");
    let guest = programs::guest("cluster-operators");
    let done =
        Host::through(wrapper, [Path::new("run"), &guest]).server(&server.url()).output(&output).wait();
    assert_eq!(done.code(), 6, "{}", done.stderr);
    assert!(done.stderr.contains("cannot write the archive"), "{}", done.stderr);
    assert_eq!(left_in(place.path()), Vec::<String>::new());
}
