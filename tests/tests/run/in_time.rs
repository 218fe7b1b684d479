//! `--timeout` applies from the start: also while the host connects or runs a plugin.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;
use tests::host::{Done, Host};
use tests::kubeconfig::Kubeconfig;
use tests::processes::{runs, until};
use tests::{objects, place, programs};

/// Beyond the gatherer's second: what a busy machine may take to start and to write.
const MOST: Duration = Duration::from_secs(12);

/// A listener whose connections the kernel takes, and nobody reads.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

fn run(kubeconfig: &Kubeconfig, more: &[&str]) -> Done {
    let place = place();
    let host = Host::run(programs::guest("cluster-operators")).kubeconfig(kubeconfig.write(place.path()));
    let done = host.output(place.path().join("out")).args(["--timeout", "1s"]).args(more).wait();
    assert!(done.elapsed < MOST, "{:?}: {}", done.elapsed, done.stderr);
    assert_ne!(done.code(), 0);
    done
}

#[test]
fn a_server_that_does_not_begin_with_tls() {
    let (_listener, address) = silent();
    let kubeconfig = Kubeconfig::new(&format!("https://{address}")).cluster("insecure-skip-tls-verify: true");
    for more in [&[][..], &["--connect-timeout", "60s"], &["--check-access"]] {
        let done = run(&kubeconfig, more);
        assert!(done.stderr.contains(&format!("cannot connect to {address}")), "{}", done.stderr);
        assert!(done.stderr.contains("--timeout"), "{}", done.stderr);
    }
}

#[test]
fn proxies_that_say_nothing() {
    for kind in ["http", "socks5"] {
        let (_listener, address) = silent();
        let kubeconfig = Kubeconfig::new("https://api.example.test:6443")
            .cluster(format!("proxy-url: {kind}://{address}"));
        let done = run(&kubeconfig, &["--connect-timeout", "60s"]);
        assert!(done.stderr.contains(&address), "{}", done.stderr);
    }
}

fn plugin(server: &str, folder: &Path, script: &str) -> Kubeconfig {
    let path = folder.join("plugin");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a plugin");
    let exec = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [{}]}}",
        path.display()
    );
    Kubeconfig::new(server).cluster("insecure-skip-tls-verify: true").user(exec)
}

/// The process whose number is in a file.
fn process(file: &Path) -> u32 {
    std::fs::read_to_string(file).expect("a number").trim().parse().expect("a number")
}

#[test]
fn a_plugin_that_hangs_ends_with_what_it_started() {
    let place = place();
    let left = place.path().join("left");
    let script = format!("sleep 300 & echo $! > {}; wait", left.display());
    let (_listener, address) = silent();
    let done = run(&plugin(&format!("https://{address}"), place.path(), &script), &[]);
    assert!(done.stderr.contains("did not finish in time, and was killed"), "{}", done.stderr);
    until("what it started is gone", || !runs(process(&left)));
}

#[test]
fn what_a_plugin_leaves_at_its_output_is_not_waited_for() {
    let place = place();
    let left = place.path().join("left");
    let script = format!(
        r#"sleep 300 & echo $! > {}
        echo '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"t"}}}}'"#,
        left.display()
    );
    let authority = tests::certificates::Authority::new("the authority");
    let server = objects::server().start_tls(&authority.server("127.0.0.1"));
    let kubeconfig = plugin(&server.url(), place.path(), &script);
    let host = Host::run(programs::guest("cluster-operators")).kubeconfig(kubeconfig.write(place.path()));
    let done = host.output(place.path().join("out")).wait();
    done.expect_success();
    assert!(done.elapsed < MOST, "{:?}", done.elapsed);
    until("what it left is gone", || !runs(process(&left)));
}

#[test]
fn a_plugin_that_nobody_waits_for_any_more_ends_with_the_run() {
    let place = place();
    let started = place.path().join("started");
    let script = format!("echo $$ > {}; exec sleep 300", started.display());
    let (_listener, address) = silent();
    // It traps once the plugin runs, and asks for nothing.
    let fields = r#"(import "wagather_v1" "now" (func $now (result i64)))
        (func (export "gather") (result i32) (local $until i64)
            (local.set $until (i64.add (call $now) (i64.const 500)))
            (loop $wait (br_if $wait (i64.lt_s (call $now) (local.get $until)))) (unreachable))"#;
    let module = tests::guest::module("impatient", &["path /version"], fields);
    let module = tests::guest::write(place.path(), "impatient", &module);
    let kubeconfig = plugin(&format!("https://{address}"), place.path(), &script).write(place.path());
    Host::run(module).kubeconfig(kubeconfig).output(place.path().join("out")).wait().expect_code(7);
    until("the plugin is gone", || !runs(process(&started)));
}

#[test]
fn files_without_an_end_and_pipes_in_which_nothing_comes() {
    let place = place();
    let pipe = place.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let hole = place.path().join("hole");
    std::fs::File::create(&hole).and_then(|file| file.set_len(1 << 40)).expect("a hole");
    let guest = programs::guest("cluster-operators");
    for option in ["--replay", "--kubeconfig", "--grant"] {
        for file in [Path::new("/dev/zero"), &pipe, &hole] {
            let host = Host::run(&guest).output(place.path().join("out")).arg(option).arg(file);
            let done = host.timeout("1s").wait();
            assert_eq!(done.code(), 4, "{option} {}: {}", file.display(), done.stderr);
            assert!(done.elapsed < MOST, "{option} {}: {:?}", file.display(), done.elapsed);
            assert!(done.stderr.contains(&file.display().to_string()), "{}", done.stderr);
            let why = ["larger than", "it is not JSON", "--timeout"];
            assert!(why.iter().any(|why| done.stderr.contains(why)), "{}", done.stderr);
        }
    }
    for file in [Path::new("/dev/zero"), &pipe, &hole] {
        let done = Host::run(file).output(place.path().join("out")).timeout("1s").wait();
        assert_eq!(done.code(), 3, "{}: {}", file.display(), done.stderr);
        assert!(done.elapsed < MOST, "{}: {:?}", file.display(), done.elapsed);
    }
    // A shell's <(…) is a pipe, and a kubeconfig like any other.
    let server = objects::server().start();
    let script = format!(
        "exec \"$0\" \"$@\" run {} --kubeconfig <(echo '{{\"current-context\": \"a\", \"contexts\": [{{\"name\": \"a\", \"context\": {{\"cluster\": \"a\"}}}}],
            \"clusters\": [{{\"name\": \"a\", \"cluster\": {{\"server\": \"{}\"}}}}]}}') --output {}",
        guest.display(), server.url(), place.path().join("out").display()
    );
    let mut bash = std::process::Command::new("bash");
    bash.arg("-c").arg(script);
    Host::through(bash, [""; 0]).wait().expect_success();
}
