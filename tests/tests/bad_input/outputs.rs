//! Outputs that cannot be written: existing, forbidden, on a full disk.

use super::{OUTPUT, cluster_operators};
use std::path::Path;
use std::process::Command;
use tests::failing::{Failing, written};
use tests::host::{Host, left_in};
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::server::Server;
use tests::{place, programs};

#[test]
fn outputs() {
    let (mut failing, place) = (Failing::new("bad-outputs.txt"), place());
    let server = objects::server().start();
    let folder = place.path();
    written(folder, "file", "precious");
    std::fs::create_dir(folder.join("folder")).expect("a folder");
    std::fs::write(folder.join("there.tar.gz"), "precious").expect("a file");
    std::os::unix::fs::symlink("nowhere", folder.join("link")).expect("a link");
    let before = left_in(folder);
    let mut case = |name: &str, words: &[&str]| {
        let host =
            cluster_operators().current_folder(folder).server(&server.url()).arg("--quiet").args(words);
        failing.tell(name, OUTPUT, &host.wait(), "nothing", &[]);
        assert_eq!(left_in(folder), before, "{name} left something");
        assert_eq!(std::fs::read(folder.join("file")).expect("still there"), b"precious");
    };
    case("a file that exists", &["--output", "there.tar.gz"]);
    case("a folder that exists", &["--output", "folder"]);
    case("a link to nowhere", &["--output", "link"]);
    case("a folder below a file", &["--output", "file/out"]);
    case("no name", &["--output", "/"]);
    case("a name that is too long", &["--output", &"x".repeat(300)]);
    case("a recording that exists", &["--output", "new", "--record", "file"]);
    case("an archive over what others made", &["--output", "there.tar.gz", "--overwrite"]);
    case("a recording over what others made", &["--output", "new", "--record", "file", "--overwrite"]);
    assert_eq!(server.seen().len(), 0, "the server was asked for what cannot be kept");
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full is on every Linux");
    let done =
        cluster_operators().server(&server.url()).args(["--quiet", "--output", "-"]).stdout(full).wait();
    failing.tell("a standard output that is full", OUTPUT, &done, "nothing", &[]);
    failing.check();
}

/// A shell's script before the host starts, in a mount namespace of its own; `$DIR` is the folder for the output. What is
/// in it afterwards goes to stdout.
fn in_a_mount(folder: &Path, options: &str, words: &[&str]) -> Host {
    let script = format!(
        "mount -t tmpfs -o {options} tmpfs \"$DIR\" || exit 99; cd \"$DIR\"; \"$0\" \"$@\"; code=$?; ls -A; exit $code"
    );
    let mut wrapper = Command::new("unshare");
    wrapper.args(["--map-root-user", "--mount", "sh", "-c", &script]);
    Host::through(wrapper, words).env("DIR", folder)
}

fn can_mount() -> bool {
    let place = place();
    let mut wrapper = Command::new("unshare");
    let script = format!("mount -t tmpfs tmpfs '{}'", place.path().display());
    wrapper.args(["--map-root-user", "--mount", "sh", "-c", &script]);
    wrapper.output().is_ok_and(|output| output.status.success())
}

/// A server whose answer is larger than the disks of these tests, and does not compress to nothing.
fn large() -> tests::server::Running {
    Server::new().list(CLUSTER_OPERATORS, objects::incompressible(64, 8 << 10)).start()
}

fn run_words<'a>(guest: &'a str, url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["run", guest, "--server", url, "--quiet"], more].concat()
}

/// Runs whose output, or whose recording, gets no more room. The wrapper is what takes the room away; what it finds in the
/// folder afterwards goes to stdout.
fn without_room(golden: &'static str, wrapped: impl Fn(&Path, &[&str]) -> Host) {
    let (mut failing, place, server) = (Failing::new(golden), place(), large());
    let elsewhere = tests::place();
    let small = elsewhere.path().join("small.tar.gz").display().to_string();
    for (name, guest, more) in [
        ("a folder", "cluster-operators", &["--output", "out"][..]),
        ("a file", "cluster-operators", &["--output", "out.tar.gz"]),
        // What this one writes itself would fit; what the server sent does not.
        ("a recording", "degraded-operators", &["--output", &small, "--record", "out.har"]),
    ] {
        let (guest, url) = (programs::guest(guest).display().to_string(), server.url());
        let done = wrapped(place.path(), &run_words(&guest, &url, more)).wait();
        assert_eq!(done.stdout_text(), "", "{name}: something is left");
        assert_eq!(left_in(elsewhere.path()), [""; 0], "an archive without its recording");
        failing.tell(name, OUTPUT, &done, "nothing", &[]);
    }
    failing.check();
}

#[test]
fn full_disks() {
    if can_mount() {
        without_room("full-disks.txt", |folder, words| in_a_mount(folder, "size=64k", words));
    } else {
        eprintln!("no disk can be mounted here; the next test takes the room away in another way");
    }
}

/// A limit for files (`ulimit -f`), which is met as an error because its signal is ignored.
#[test]
fn files_that_may_not_grow() {
    without_room("file-limits.txt", |folder, words| {
        let mut wrapper = Command::new("sh");
        wrapper.args([
            "-c",
            "trap '' XFSZ; ulimit -f 8 && cd \"$DIR\" && \"$0\" \"$@\"; code=$?; ls -A; exit $code",
        ]);
        Host::through(wrapper, words).env("DIR", folder)
    });
}

/// A command before others for which a folder's permissions hold: for root they do not, unless it is without a capability.
fn bound_by_permissions() -> Command {
    let mut wrapper = Command::new("env");
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if is_root {
        wrapper.args(["setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"]);
    }
    wrapper
}

#[test]
fn folders_that_may_not_be_written() {
    let (mut failing, place, server) = (Failing::new("read-only.txt"), place(), objects::server().start());
    let (guest, url) = (programs::guest("cluster-operators").display().to_string(), server.url());
    let words = run_words(&guest, &url, &["--output", "out"]);
    let host = if can_mount() {
        in_a_mount(place.path(), "ro", &words)
    } else {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o555))
            .expect("our own folder");
        let mut wrapper = bound_by_permissions();
        wrapper.args(["sh", "-c", "cd \"$DIR\" && ! touch probe 2>/dev/null || exit 99; \"$0\" \"$@\""]);
        Host::through(wrapper, &words).env("DIR", place.path())
    };
    let done = host.wait();
    assert_eq!(done.stdout_text(), "");
    // The reason is the system's word, and differs between the two ways.
    let said = done.stderr.replace("Permission denied (os error 13)", "Read-only file system (os error 30)");
    failing.tell("a folder", OUTPUT, &tests::host::Done { stderr: said, ..done }, "nothing", &[]);
    failing.check();
}
