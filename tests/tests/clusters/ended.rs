//! Processes that are killed during a run: the run's own, and those of its clusters.

use super::{archive, index, operators, silent};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::host::{Call, Host, left_in};
use tests::kubeconfig::Contexts;
use tests::objects;
use tests::processes::{children, descendants, runs, send, until};
use tests::server::Running;

const SIGKILL: i32 = 9;

/// A cluster that is well, and two that never answer.
struct Fleet {
    place: tempfile::TempDir,
    kubeconfig: PathBuf,
    _fine: Running,
    silent: Running,
}

impl Fleet {
    fn new() -> Fleet {
        let (place, fine, silent) = (tests::place(), objects::server().start(), silent().start());
        let kubeconfig = Contexts::new()
            .add("fine", &fine.url())
            .add("silent-1", &silent.url())
            .add("silent-2", &silent.url())
            .write(place.path().join("config"));
        Fleet { place, kubeconfig, _fine: fine, silent }
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join("fleet")
    }

    fn host(&self, timeout: &str) -> Host {
        operators(&self.kubeconfig).args(["--all-contexts"]).timeout(timeout).output(self.folder())
    }

    /// Waits until the one is done, and the others wait for an answer in their sandboxes.
    fn until_two_wait(&self, started: &Call) -> Vec<u32> {
        until("the cluster that is well is done", || self.folder().join("fine.tar.gz").exists());
        until("the others were asked", || self.silent.seen().len() == 2);
        until("a process and a sandbox for each of the two", || descendants(started.id()).len() == 4);
        descendants(started.id())
    }
}

fn tempfiles(folder: &Path) -> Vec<String> {
    left_in(folder).into_iter().filter(|name| name.starts_with('.')).collect()
}

#[test]
fn a_run_that_is_asked_to_end_keeps_what_it_has_and_leaves_no_process() {
    for (name, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let fleet = Fleet::new();
        let started = fleet.host("60s").call();
        let processes = fleet.until_two_wait(&started);
        assert_eq!(tempfiles(&fleet.folder()).len(), 2, "two archives are being written");
        send(name, started.id());
        let done = started.wait();
        done.expect_code(code);
        assert!(done.elapsed < Duration::from_secs(20));
        until("nothing of it runs", || !processes.iter().any(|id| runs(*id)));
        assert_eq!(
            left_in(&fleet.folder()),
            ["fine.tar.gz", "index.json", "silent-1.tar.gz.incomplete", "silent-2.tar.gz.incomplete"]
        );
        let (index, rows) = index(&fleet.folder());
        assert_eq!(index["exitCode"], 143, "what a cluster's process was sent: {index:#}");
        assert_eq!(archive(&fleet.folder(), &rows["fine"]).report()["complete"], true);
        for silent in ["silent-1", "silent-2"] {
            assert_eq!(
                (&rows[silent]["status"], &rows[silent]["exitCode"]),
                (&"incomplete".into(), &143.into())
            );
            let archive = archive(&fleet.folder(), &rows[silent]);
            assert_eq!(archive.report()["complete"], false);
        }
    }
}

#[test]
fn a_cluster_whose_turn_has_not_come_when_the_run_is_to_end_is_in_the_index() {
    let (place, silent) = (tests::place(), silent().start());
    let names = ["a", "b", "c"];
    let kubeconfig = names.iter().fold(Contexts::new(), |all, name| all.add(name, &silent.url()));
    let kubeconfig = kubeconfig.write(place.path().join("config"));
    let host = operators(&kubeconfig).args(["--all-contexts", "--parallel-clusters", "2"]);
    let folder = place.path().join("fleet");
    let started = host.output(&folder).call();
    until("two were asked", || silent.seen().len() == 2);
    send("TERM", started.id());
    started.wait().expect_code(143);
    assert_eq!(left_in(&folder), ["a.tar.gz.incomplete", "b.tar.gz.incomplete", "index.json"]);
    let (_, rows) = index(&folder);
    assert_eq!(rows["c"]["status"], "failed");
    assert_eq!(rows["c"]["failures"][0]["reason"], "SIGTERM ended the run before its turn");
}

#[test]
fn a_second_signal_ends_a_run_whose_clusters_do_not_end() {
    let fleet = Fleet::new();
    let started = fleet.host("60s").call();
    let processes = fleet.until_two_wait(&started);
    // One that is stopped keeps nothing.
    for cluster in children(started.id()) {
        send("STOP", cluster);
    }
    send("TERM", started.id());
    // Of two that wait, the kernel delivers the one with the lower number first.
    until("the first has arrived", || !has_pending_signal(started.id()));
    send("INT", started.id());
    let done = started.wait();
    done.expect_code(143);
    until("nothing of it runs", || !processes.iter().any(|id| runs(*id)));
    assert_eq!(tempfiles(&fleet.folder()), Vec::<String>::new());
    assert_eq!(left_in(&fleet.folder()), ["fine.tar.gz", "index.json"]);
}

/// Whether a signal that was sent to a process has not been delivered yet.
fn has_pending_signal(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    pending.is_some_and(|mask| mask.trim().bytes().any(|digit| digit != b'0'))
}

#[test]
fn a_run_that_is_killed_takes_its_processes_with_it() {
    let fleet = Fleet::new();
    let started = fleet.host("60s").call();
    let processes = fleet.until_two_wait(&started);
    send("KILL", started.id());
    assert_eq!(started.wait().status.signal(), Some(SIGKILL));
    until("nothing of it runs", || !processes.iter().any(|id| runs(*id)));
    let left: Vec<String> =
        left_in(&fleet.folder()).into_iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(left, ["fine.tar.gz"]);
}

#[test]
fn a_cluster_whose_process_is_killed_is_reported_and_harms_no_other() {
    let fleet = Fleet::new();
    let started = fleet.host("3s").call();
    let processes = fleet.until_two_wait(&started);
    let victim = children(started.id())[0];
    let sandbox = children(victim);
    send("KILL", victim);
    let done = started.wait();
    done.expect_code(done.code());
    until("its sandbox goes with it", || !sandbox.iter().any(|id| runs(*id)));
    until("nothing of it runs", || !processes.iter().any(|id| runs(*id)));
    let (index, rows) = index(&fleet.folder());
    let (killed, late): (Vec<_>, Vec<_>) =
        ["silent-1", "silent-2"].iter().map(|name| &rows[*name]).partition(|row| row["status"] == "failed");
    assert_eq!((killed.len(), late.len()), (1, 1), "{index:#}");
    assert_eq!(killed[0]["archive"], serde_json::Value::Null);
    let failure = &killed[0]["failures"][0];
    assert_eq!(failure["reason"], "its process was killed by signal 9");
    assert!(
        failure["advice"].as_str().is_some_and(|text| text.contains("--parallel-clusters")),
        "{failure:#}"
    );
    assert!(done.stderr.contains("cannot gather from the cluster: its process was killed by signal 9"));
    assert_eq!((&killed[0]["exitCode"], &failure["exitCode"]), (&1.into(), &1.into()));
    assert_eq!(late[0]["status"], "incomplete");
    archive(&fleet.folder(), late[0]);
    archive(&fleet.folder(), &rows["fine"]);
    assert_eq!(tempfiles(&fleet.folder()), Vec::<String>::new(), "what the killed process left is gone");
    let first = rows["silent-1"]["exitCode"].as_i64();
    assert_eq!((index["exitCode"].as_i64(), Some(i64::from(done.code()))), (first, first));
}

#[test]
fn a_cluster_whose_process_hangs_is_ended_after_its_time() {
    let fleet = Fleet::new();
    let started = fleet.host("3s").within(Duration::from_secs(90)).call();
    fleet.until_two_wait(&started);
    let victim = children(started.id())[0];
    send("STOP", victim);
    let done = started.wait();
    assert!(!runs(victim));
    let (index, rows) = index(&fleet.folder());
    let failed: Vec<_> = rows.values().filter(|row| row["status"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{index:#}");
    let failure = &failed[0]["failures"][0];
    assert_eq!(failure["reason"], "its process did not exit within 33 s, and was killed");
    assert!(done.elapsed >= Duration::from_secs(33) && done.elapsed < Duration::from_secs(60));
    assert_eq!(rows["fine"]["status"], "complete");
    assert_eq!(tempfiles(&fleet.folder()), Vec::<String>::new());
}
