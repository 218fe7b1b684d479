//! A run as a container has it: a root that is read-only, no `/tmp`, no home, a user that nobody knows, and one folder to write to.
//!
//! The mount namespace takes the right to make it: root, as in CI, or user namespaces for everybody. The user that nobody knows takes root. That the first process of a container heeds SIGTERM is in
//! `run/ended.rs`, what the service account of a pod is in `cluster/in_cluster.rs`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use tests::archive::Archive;
use tests::host::{Done, Host, left_in};
use tests::objects::{self, PODS};
use tests::server::Answer;
use tests::{place, programs};

/// The folder of the volume within the mount namespace.
const VOLUME: &str = "/mnt";

/// As OpenShift chooses them: in no file of users.
const USER: u32 = 1_000_650_000;

/// The volume, an empty `/tmp` that nobody may write to, and a root that is read-only.
const LAY_OUT: &str = r#"mount --bind "$FILES" /mnt && mount -t tmpfs -o ro tmpfs /tmp && mount -o remount,bind,ro / &&
    unset FILES HOME && exec "$@""#;

/// Becomes that user.
const BECOME: [&str; 5] = ["setpriv", "--reuid=1000650000", "--regid=0", "--clear-groups", "--no-new-privs"];

/// Whether these tests may become any user.
fn is_root() -> bool {
    fs::metadata("/proc/self").expect("this process").uid() == 0
}

/// Runs the host so, with `files` as the volume.
fn in_pod(files: &Path, words: &[&str], guest: &str) -> Done {
    fs::set_permissions(files, fs::Permissions::from_mode(0o770)).expect("a mode");
    let mut command = Command::new("unshare");
    if is_root() {
        chown(files, Some(0), Some(0)).expect("root");
        command.args(["--mount", "sh", "-c", LAY_OUT, "pod"]).args(BECOME);
    } else {
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", LAY_OUT, "pod"]);
    }
    let host = Host::through(command, ["run"]).arg(programs::guest(guest)).args(words);
    host.env("FILES", files).env("TMPDIR", "/tmp").env("KUBERNETES_SERVICE_HOST", "127.0.0.1").wait()
}

/// A file as the kubelet makes it for the termination message.
fn termination_log(files: &Path) {
    let path = files.join("termination-log");
    fs::write(&path, "").expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("a mode");
}

#[test]
fn a_volume_is_all_that_a_run_needs() {
    // Enough that an archive does not stay in memory.
    let server =
        objects::server().list(objects::CLUSTER_OPERATORS, objects::incompressible(40, 20_000)).start();
    let url = server.url();
    for (name, form) in [("out.tar.gz", "a file"), ("out", "a folder")] {
        let place = place();
        termination_log(place.path());
        let output = format!("{VOLUME}/{name}");
        let words = ["--server", &url, "--output", &output, "--termination-log", "/mnt/termination-log"];
        let done = in_pod(place.path(), &words, "cluster-operators");
        done.expect_success();
        assert_eq!(left_in(place.path()), [name, "termination-log"], "{form}");
        let archive = Archive::read(place.path().join(name));
        assert_eq!(archive.gatherer("cluster-operators")["items"], 40, "{form}");
        let owner = fs::metadata(place.path().join(name)).expect("an archive").uid();
        assert!(owner == USER || !is_root(), "{owner}");
        let message = fs::read_to_string(place.path().join("termination-log")).expect("a message");
        assert_eq!(message, "everything was gathered");
    }
}

#[test]
fn what_fails_is_the_message_of_the_container() {
    let place = place();
    termination_log(place.path());
    let refused = Answer::status(403, "Forbidden", "pods is forbidden: no role");
    let server = objects::server().on(PODS, refused).start();
    let url = server.url();
    let words = ["--server", &url, "--output", "/mnt/out", "--termination-log", "/mnt/termination-log"];
    let done = in_pod(place.path(), &words, "pods");
    done.expect_code(9);
    let message = fs::read_to_string(place.path().join("termination-log")).expect("a message");
    assert!(
        message.contains("HTTP 403: pods is forbidden: no role") && message.lines().count() == 1,
        "{message}"
    );
}

/// There is no file unless the kubelet made one, and no run fails because of that.
#[test]
fn no_message_is_no_failure() {
    let place = place();
    let server = objects::server().start();
    let url = server.url();
    for (number, more) in [&[][..], &["--termination-log", "/mnt/missing"]].into_iter().enumerate() {
        let output = format!("/mnt/{number}");
        let words = [&["--server", &*url, "--output", &output], more].concat();
        in_pod(place.path(), &words, "pods").expect_success();
    }
    assert_eq!(left_in(place.path()), ["0", "1"]);
}

/// The archive goes through, byte for byte, to whoever reads the log of the pod.
#[test]
fn an_archive_on_the_standard_output_needs_no_volume() {
    let (place, server) = (place(), objects::server().start());
    let url = server.url();
    let done = in_pod(place.path(), &["--server", &url, "--output", "-"], "pods");
    done.expect_success();
    assert_eq!(Archive::from_tar_gz(&done.stdout).gatherer("pods")["items"], 5);
    assert!(left_in(place.path()).is_empty());
}
