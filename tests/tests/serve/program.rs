//! The program: its command line, its signals, its lines.

use super::api::{Serving, ask, configured};
use super::{ENDLESS, NOTHING, write};
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use tests::host::Host;
use tests::kubeconfig::Kubeconfig;
use tests::{place, programs};

fn serve() -> Host {
    Host::of(Command::new(programs::host_min_serve()))
}

#[test]
fn a_configuration_is_checked_and_its_mistakes_have_places() {
    let place = place();
    write(place.path(), "idle", NOTHING);
    let file = place.path().join("serve.yaml");
    let text = "apiVersion: wagather/v1\nkind: Service\ncluster: {server: 'http://127.0.0.1:9'}\ngatherers:\n- module: idle.wasm\n";
    std::fs::write(&file, text).expect("a file");
    // With the name of the command, as host-min starts it, and without.
    serve().arg("serve").arg("--check").arg(&file).wait().expect_success();
    let done = serve().arg("--check").arg(&file).wait();
    done.expect_success();
    assert_eq!(done.stderr, "can serve idle\n");
    std::fs::write(&file, text.replace("- module", "- modul")).expect("a file");
    let done = serve().arg("--check").arg(&file).wait();
    assert_eq!(done.status.code(), Some(4), "{}", done.stderr);
    assert!(done.stderr.contains("serve.yaml:5:3: unknown key 'modul'"), "{}", done.stderr);
    // Nothing runs, and a module that cannot be used is a mistake beside one that can.
    let at_start = text.replace("idle.wasm", "idle.wasm\n  atStart: true");
    std::fs::write(&file, &at_start).expect("a file");
    serve().arg("--check").arg(&file).wait().expect_success();
    assert!(!place.path().join("archives").exists(), "a run");
    std::fs::write(&file, format!("{at_start}- module: other.wasm\n")).expect("a file");
    let done = serve().arg("--check").arg(&file).wait();
    assert_eq!(done.status.code(), Some(3), "{}", done.stderr);
    assert!(done.stderr.contains("cannot serve everything"), "{}", done.stderr);
    assert_eq!(done.stderr.matches("other.wasm").count(), 1, "{}", done.stderr);
    let wrong = serve().arg("--cheque").wait();
    assert_eq!(wrong.status.code(), Some(2), "{}", wrong.stderr);
    let help = serve().arg("--help").wait();
    let help = help.expect_success().stdout_text();
    assert!(help.contains("Usage: host-min serve [OPTIONS] <CONFIG>"), "{help}");
}

/// A service that is killed with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn sigterm_ends_an_idle_service() {
    let place = place();
    let modules = place.path().join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    write(&modules, "idle", NOTHING);
    write(&modules, "endless", ENDLESS);
    let mut command = Command::new(programs::host_min_serve());
    command.arg(&modules).args(["--log-format", "json"]).current_dir(place.path());
    command.env_clear().env("HOME", place.path()).stderr(Stdio::piped());
    command.env("KUBECONFIG", Kubeconfig::new("http://127.0.0.1:9").write(place.path()));
    let mut served = Served(command.spawn().expect("the service"));
    let mut lines = BufReader::new(served.0.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let first = lines.next().expect("a line");
    let line: serde_json::Value = serde_json::from_str(&first).expect(&first);
    assert_eq!((&line["event"], &line["message"]), (&"started".into(), &"serves endless, idle".into()));
    // People read it, too.
    let second = lines.next().expect("a line");
    assert!(second.contains("the API is at unix:archives/api.sock"), "{second}");
    tests::processes::send("TERM", served.0.id());
    let rest: Vec<String> = lines.collect();
    assert!(rest.last().is_some_and(|line| line.contains("\"ended\"")), "{rest:?}");
    assert!(served.0.wait().expect("an end").success());
}

/// `Type=notify-reload`: SIGHUP is answered by the begin of a reload, with the time of the clock that systemd compares, and by its end.
#[test]
fn sighup_reads_the_configuration_again_and_the_service_manager_is_told() {
    let place = place();
    let file = configured(place.path(), "");
    let told = place.path().join("notify");
    let manager = UnixDatagram::bind(&told).expect("a socket");
    manager.set_read_timeout(Some(super::LONG)).expect("a time limit");
    let hears = || {
        let mut buffer = [0; 500];
        let len = manager.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..len]).into_owned()
    };
    let mut command = Command::new(programs::host_min_serve());
    command.arg(&file).env("NOTIFY_SOCKET", &told);
    let (served, _) = Serving::start(&mut command);
    assert_eq!(hears(), "READY=1\nSTATUS=serves idle\n");
    let socket = place.path().join("archives/api.sock");
    let text = std::fs::read_to_string(&file).expect("a file");
    // First as it is, which nobody would notice. Whoever watches the file may read the others, too.
    for (kind, accepted, refused) in [("Service", 1, 0), ("Servant", 1, 1), ("Service", 2, 1)] {
        if refused > 0 {
            std::fs::write(&file, text.replace("kind: Service", &format!("kind: {kind}"))).expect("a file");
        }
        let before = wagather_base::time::monotonic_micros();
        tests::processes::send("HUP", served.id());
        let begin = hears();
        let micros = begin.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&begin).trim_end();
        assert!(micros.parse::<u64>().expect(&begin) >= before, "{begin}");
        assert_eq!(hears(), "READY=1\nSTATUS=serves idle\n");
        let (_, metrics) = ask(&socket, "GET /metrics HTTP/1.1", "");
        let metrics = String::from_utf8_lossy(&metrics).into_owned();
        let count = |outcome: &str| -> u64 {
            let name = format!("wagather_reloads_total{{outcome=\"{outcome}\"}} ");
            metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).expect("a count")
        };
        assert!(count("accepted") >= accepted && count("refused") >= refused, "{metrics}");
        assert!(refused > 0 || count("accepted") == 1, "{metrics}");
    }
    served.end();
    assert_eq!(hears(), "STOPPING=1\n");
}
