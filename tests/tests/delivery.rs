//! Archives on their way to a server: from the command line, with processes that are killed and disks that are full.
//!
//! Not here: what servers do wrong. `host-min/deliver` has a thousand such faults.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::archive::Archive;
use tests::certificates::Authority;
use tests::host::{Done, Host, left_in};
use tests::proxy::Proxy;
use tests::server::{Answer, Running, Seen, Server};
use tests::{objects, place, programs};

const DELIVERY: i32 = 10;

/// Takes files of these names below `/up/`.
fn taking(names: &[&str]) -> Running {
    let created = || Answer::bytes("text/plain", "").with_status(201);
    names.iter().fold(Server::new(), |server, name| server.on(&format!("/up/{name}"), created())).start()
}

/// A run of a small gatherer.
fn gather(server: &Running) -> Host {
    Host::run(programs::guest("cluster-operators")).server(&server.url())
}

/// What a server got by PUT.
fn put(server: &Running) -> Vec<Seen> {
    server.seen().into_iter().filter(|seen| seen.method == "PUT").collect()
}

/// The events of a delivery, of lines of JSON.
fn events(done: &Done) -> Vec<Value> {
    let lines = done.stderr.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["event"] == "delivery").collect()
}

/// The files in a spool, but for its locks.
fn spooled(folder: &Path) -> Vec<String> {
    left_in(folder).into_iter().filter(|name| !name.ends_with(".lock")).collect()
}

/// A port that nobody listens on.
const NOBODY: &str = "http://127.0.0.1:1/up/";

#[test]
fn an_archive_that_is_whole_is_uploaded_as_it_is() {
    let (place, cluster, server) = (place(), objects::server().start(), taking(&["out.tar.gz"]));
    let (output, fields) = (place.path().join("out.tar.gz"), place.path().join("fields"));
    fs::write(&fields, "Authorization: Bearer hunter2-hunter2\n").expect("a file");
    let url = format!("{}/up/?X-Signature=hunter3hunter3hunter3", server.url());
    let done = gather(&cluster)
        .output(&output)
        .args(["--upload", &url, "--log-format", "json", "--upload-headers"])
        .arg(&fields)
        .wait();
    done.expect_success();
    let requests = put(&server);
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.body, fs::read(&output).expect("an archive"));
    assert_eq!(request.parameter("X-Signature"), Some("hunter3hunter3hunter3"));
    assert_eq!(request.header("authorization"), Some("Bearer hunter2-hunter2"));
    assert_eq!(request.header("content-type"), Some("application/gzip"));
    assert_eq!(request.header("transfer-encoding"), None);
    let events = events(&done);
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let sum = Command::new("sha256sum").arg(&output).output().expect("sha256sum").stdout;
    let sum = String::from_utf8_lossy(&sum).split(' ').next().expect("a sum").to_owned();
    assert_eq!((&event["outcome"], &event["sha256"]), (&"delivered".into(), &sum.clone().into()));
    assert_eq!(event["url"], format!("{}/up/out.tar.gz", server.url()));
    assert_eq!(request.header("idempotency-key"), Some(&*format!("\"{sum}\"")));
    assert_eq!(left_in(place.path()), ["fields", "out.tar.gz", "out.tar.gz.delivered.json"]);
    let receipt = fs::read(place.path().join("out.tar.gz.delivered.json")).expect("a receipt");
    let receipt: Value = serde_json::from_slice(&receipt).expect("JSON");
    assert_eq!((&receipt["sha256"], &receipt["status"]), (&sum.into(), &201.into()));
    for secret in ["hunter2", "hunter3"] {
        assert!(!done.stderr.contains(secret) && !receipt.to_string().contains(secret), "{secret}");
    }
}

#[test]
fn what_a_server_refuses_is_kept_and_told_with_a_code_of_its_own() {
    let (place, cluster) = (place(), objects::server().start());
    let evil = "\u{1b}[2J<Code>AccessDenied</Code>\nerror: forged\u{202e}";
    let server =
        Server::new().on("/up/out.tar.gz", Answer::bytes("application/xml", evil).with_status(403)).start();
    let output = place.path().join("out.tar.gz");
    let url = format!("{}/up/out.tar.gz?X-Signature=hunter2hunter2hunter2", server.url());
    let done = gather(&cluster).output(&output).args(["--upload", &url]).wait();
    done.expect_code(DELIVERY);
    assert!(done.stderr.contains("error: cannot deliver out.tar.gz to http://127.0.0.1:"), "{}", done.stderr);
    assert!(done.stderr.contains("HTTP 403: \\u{1b}[2J<Code>AccessDenied</Code> error: forged\\u{202e}"));
    assert!(done.stderr.contains("'host-min deliver' sends it") && !done.stderr.contains("hunter2"));
    assert!(!done.stderr.contains(['\u{1b}', '\u{202e}']), "{}", done.stderr);
    assert_eq!(put(&server).len(), 1, "a refusal is final");
    assert_eq!(left_in(place.path()), ["out.tar.gz"]);
    // Later, without gathering: the URL is in a file now.
    let (server, file) = (taking(&["out.tar.gz"]), place.path().join("url"));
    fs::write(&file, format!("{}/up/out.tar.gz?X-Signature=hunter2hunter2hunter2\n", server.url()))
        .expect("a file");
    let mut from_file = std::ffi::OsString::from("@");
    from_file.push(&file);
    let later = Host::new(["deliver"]).arg(&output).arg("--upload").arg(from_file).wait();
    later.expect_success();
    assert!(later.stderr.starts_with("delivered out.tar.gz to ") && !later.stderr.contains("hunter2"));
    assert_eq!(put(&server)[0].body, fs::read(&output).expect("an archive"));
}

#[test]
fn archives_wait_in_the_spool_while_the_server_is_away() {
    let (place, cluster) = (place(), objects::server().start());
    let spool = place.path().join("spool");
    let run = |pod: &str, url: &str| {
        gather(&cluster)
            .env("POD_NAME", pod)
            .arg("--spool")
            .arg(&spool)
            .args(["--upload", url, "--upload-timeout", "500ms", "--log-format", "json"])
            .wait()
    };
    for pod in ["first", "second"] {
        let done = run(pod, NOBODY);
        done.expect_code(DELIVERY);
        assert!(done.stderr.contains("the next run sends them"), "{}", done.stderr);
    }
    let waiting = spooled(&spool);
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    assert!(waiting[0].starts_with("wagather-127.0.0.1-first-"), "{waiting:?}");
    for name in &waiting {
        assert!(Archive::read(spool.join(name)).report()["complete"].as_bool().expect("a report"));
    }
    let bodies: Vec<Vec<u8>> =
        waiting.iter().map(|name| fs::read(spool.join(name)).expect("an archive")).collect();
    // The server is back: the oldest first, without gathering.
    let server = taking(&[&*waiting[0], &*waiting[1]]);
    let url = format!("{}/up/", server.url());
    let done = Host::new(["deliver", "--upload", &url, "--spool"]).arg(&spool).wait();
    done.expect_success();
    let sent: Vec<Vec<u8>> = put(&server).into_iter().map(|seen| seen.body).collect();
    assert_eq!(sent, bodies);
    assert_eq!(spooled(&spool), ["delivered.jsonl"]);
    // With nothing there, there is nothing to do.
    Host::new(["deliver", "--upload", &url, "--spool"]).arg(&spool).wait().expect_success();
    assert_eq!(put(&server).len(), 2);
}

#[test]
fn an_incomplete_archive_is_not_uploaded_and_what_waits_is() {
    let (place, cluster) = (place(), objects::server().start());
    let spool = place.path().join("spool");
    let stored = gather(&cluster).arg("--spool").arg(&spool).wait();
    stored.expect_success();
    let waiting = spooled(&spool);
    let server = taking(&[&*waiting[0]]);
    let broken = Server::new().on(objects::CLUSTER_OPERATORS, Answer::status(500, "Oh", "no")).start();
    let done = gather(&broken)
        .arg("--spool")
        .arg(&spool)
        .args(["--upload", &format!("{}/up/", server.url())])
        .wait();
    assert!(![0, DELIVERY].contains(&done.code()), "the run's own failure decides: {}", done.stderr);
    assert_eq!(put(&server).len(), 1);
    let left = spooled(&spool);
    assert!(left.len() == 2 && left[1].ends_with(".tar.gz.incomplete"), "{left:?}");
}

#[test]
fn what_is_wrong_is_said_before_anything_is_gathered() {
    let (place, cluster) = (place(), objects::server().start());
    let missing = place.path().join("missing");
    let missing = missing.to_str().expect("text");
    for (words, code, said) in [
        (&["--upload", NOBODY, "--upload-headers", missing][..], 4, "missing: No such file"),
        (&["--upload", NOBODY, "--upload-ca", missing], 4, "missing: No such file"),
        (&["--upload", "https://u:hunter2/@h/"], 2, "invalid value for --upload: it has an @"),
        (&["--upload", "http://h/x?sig=hunter2", "--spool", missing], 4, "it is the same for all archives"),
        (&["--upload", NOBODY, "--spool", "/dev/null/spool"], 6, "cannot use the spool /dev/null/spool"),
        (&["--upload-form", "file"], 2, "--upload-form needs --upload"),
    ] {
        let done = gather(&cluster).output(place.path().join("out.tar.gz")).args(words).wait();
        done.expect_code(code);
        assert!(done.stderr.contains(said) && !done.stderr.contains("hunter2"), "{words:?}: {}", done.stderr);
    }
    assert_eq!(cluster.seen().len(), 0);
    Host::new(["deliver", "x.tgz"]).wait().expect_code(2);
    Host::new(["deliver", "--upload", NOBODY]).wait().expect_code(2);
}

#[test]
fn old_archives_go() {
    let (place, cluster) = (place(), objects::server().start());
    let template = place.path().join("w-{pod}.tar.gz");
    for pod in ["a", "b", "c"] {
        gather(&cluster).env("POD_NAME", pod).output(&template).args(["--keep", "2"]).wait().expect_success();
    }
    assert_eq!(left_in(place.path()), ["w-b.tar.gz", "w-c.tar.gz"]);
}

/// Archives of their own content each.
fn archives(folder: &Path, count: usize) -> Vec<PathBuf> {
    let cluster =
        Server::new().list(objects::CLUSTER_OPERATORS, objects::incompressible(8, 16 << 10)).start();
    (0..count)
        .map(|number| {
            let path = folder.join(format!("w-{number}.tar.gz"));
            let guest = programs::guest("cluster-operators");
            // The report's times differ.
            Host::run(guest).server(&cluster.url()).output(&path).wait().expect_success();
            path
        })
        .collect()
}

/// Killed at any moment: between the link and the lock, while it sends, between the answer and the removal.
#[test]
fn a_host_that_is_killed_loses_nothing_and_sends_nothing_else() {
    const ARCHIVES: usize = 12;
    const KILLS: usize = 40;
    /// A call is killed at one of these moments. The processor's speed does not matter.
    const MOMENTS: usize = 16;
    let place = place();
    let paths = archives(place.path(), ARCHIVES);
    let names: Vec<String> = (0..ARCHIVES).map(|number| format!("w-{number}.tar.gz")).collect();
    let server = taking(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let spool = place.path().join("spool");
    let deliver = |files: &[PathBuf]| {
        let url = format!("{}/up/", server.url());
        Host::new(["deliver"]).args(files).arg("--spool").arg(&spool).args(["--upload", &url])
    };
    // The first archive shows how long a call takes that nobody kills. Each that ends too early shows that it takes less.
    let mut whole = deliver(&paths[..1]).wait().expect_success().elapsed;
    let (mut killed, mut calls) = (0, 0);
    while killed < KILLS {
        calls += 1;
        assert!(calls <= 20 * KILLS, "only {killed} of {calls} calls were killed in time");
        // Each archive is put once, by a process that may not live long enough for it.
        let files = paths.get(calls..=calls).unwrap_or_default();
        let mut call = deliver(files).call();
        std::thread::sleep(whole * (calls * 7 % MOMENTS) as u32 / MOMENTS as u32);
        call.kill();
        if call.wait().status.code().is_none() {
            killed += 1;
        } else {
            whole = whole * 7 / 8;
        }
        // What is in the spool is whole, whenever the process ended.
        for name in spooled(&spool).into_iter().filter(|name| name.ends_with(".tar.gz")) {
            let here = fs::read(spool.join(&name)).expect("an archive");
            assert_eq!(here, fs::read(place.path().join(&name)).expect("an archive"), "{name}");
        }
    }
    // Those that did not live long enough to put theirs are called once more.
    let delivered = |name: &String| put(&server).iter().any(|seen| seen.path == format!("/up/{name}"));
    let in_spool = spooled(&spool);
    let missing: Vec<PathBuf> = names
        .iter()
        .filter(|name| !delivered(name) && !in_spool.contains(name))
        .map(|name| place.path().join(name))
        .collect();
    deliver(&missing).wait().expect_success();
    assert_eq!(spooled(&spool), ["delivered.jsonl"], "nothing waits, and nothing hidden is left");
    let requests = put(&server);
    for (name, path) in names.iter().zip(&paths) {
        let bodies: BTreeSet<&[u8]> = requests
            .iter()
            .filter(|seen| seen.path == format!("/up/{name}"))
            .map(|seen| seen.body.as_slice())
            .collect();
        assert_eq!(bodies.into_iter().collect::<Vec<_>>(), [fs::read(path).expect("an archive")], "{name}");
    }
    assert!(requests.iter().all(|seen| names.iter().any(|name| seen.path == format!("/up/{name}"))));
}

/// Through a proxy of the environment: the proxy connects (CONNECT), and what goes through is TLS with the server itself.
#[test]
fn a_proxy_of_the_environment_connects_to_an_https_server() {
    let place = place();
    let [path] = &archives(place.path(), 1)[..] else { panic!("not one archive") };
    let authority = Authority::new("uploads");
    fs::write(place.path().join("ca.pem"), authority.pem()).expect("a file");
    let created = Answer::bytes("text/plain", "").with_status(201);
    let server =
        Server::new().on("/up/w-0.tar.gz", created).start_tls(&authority.server("archives.example.com"));
    let proxy = Proxy::http("Basic dXNlcjpodW50ZXIy", server.port());
    let deliver = |host: &str, login: &str, no_proxy: &str| {
        let url = format!("https://{host}/up/");
        let words = ["--upload", &url, "--upload-timeout", "2s", "--upload-ca"];
        let host = Host::new(["deliver"]).arg(path).args(words).arg(place.path().join("ca.pem"));
        host.env("HTTPS_PROXY", proxy.url(login)).env("NO_PROXY", no_proxy).wait()
    };
    deliver("archives.example.com", "user:hunter2", "10.0.0.0/8,example.org").expect_success();
    let requests = put(&server);
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.body, fs::read(path).expect("an archive"));
    assert_eq!(
        (request.header("host"), request.header("proxy-authorization")),
        (Some("archives.example.com"), None)
    );
    let asked = || proxy.asked().into_iter().map(|asked| asked.target).collect::<Vec<_>>();
    assert_eq!(asked(), ["archives.example.com:443"]);

    // A name or a network that is exempt is not asked for at the proxy, and nobody else has this name or this address.
    for (host, no_proxy) in [
        ("archives.example.com", "example.com"),
        ("127.8.8.8", ""),
        ("100.64.7.1", "100.64.0.0/10"),
        ("[fd77::1]", "fd77::/16"),
    ] {
        deliver(host, "user:hunter2", no_proxy).expect_code(DELIVERY);
        assert_eq!(asked().len(), 1, "{host}");
    }
    deliver("100.64.7.1", "user:hunter2", "100.128.0.0/10").expect_code(DELIVERY);
    assert_eq!(asked()[1..], ["100.64.7.1:443"], "the certificate is of another host");

    let refused = deliver("archives.example.com", "user:hunter3", "");
    refused.expect_code(DELIVERY);
    assert!(refused.stderr.contains("407") && !refused.stderr.contains("hunter3"), "{}", refused.stderr);
    assert_eq!(put(&server).len(), 1);
}

/// A disk without room, or files that may not grow: the spool has the archive whole or not at all.
#[test]
fn a_full_disk_keeps_what_is_there() {
    let place = place();
    let paths = archives(place.path(), 2);
    let server = taking(&["w-0.tar.gz", "w-1.tar.gz"]);
    let url = format!("{}/up/", server.url());
    // A folder of another file system, so that an archive is copied; else a limit for what a run writes itself.
    let spool = tests::place();
    let folder = spool.path().display().to_string();
    let script = "mount -t tmpfs -o size=160k tmpfs \"$DIR\" || exit 99; \"$0\" \"$@\"; code=$?; find \"$DIR\" -name '*.tar.gz' -o -name '*.partial'; exit $code";
    let mut wrapper = Command::new("unshare");
    wrapper.args(["--map-root-user", "--mount", "sh", "-c", script]);
    let words = ["deliver", paths[0].to_str().expect("text"), "--spool", &folder, "--upload", &url];
    let done = Host::through(wrapper, words).env("DIR", &folder).wait();
    if done.status.code() == Some(1) && done.stderr.contains("unshare") || done.status.code() == Some(99) {
        eprintln!("no disk can be mounted here; the limit below takes the room away");
    } else {
        assert!(fs::metadata(&paths[0]).expect("an archive").len() > 100 << 10, "too small for this test");
        done.expect_success();
        assert_eq!((put(&server).len(), done.stdout_text()), (1, String::new()));
    }
    // What a run writes into the spool: nothing is left of it, and what waits there stays.
    let cluster =
        Server::new().list(objects::CLUSTER_OPERATORS, objects::incompressible(64, 8 << 10)).start();
    let stored = Host::new(["deliver"]).arg(&paths[1]).arg("--spool").arg(&folder).args(["--upload", NOBODY]);
    stored.args(["--upload-timeout", "100ms"]).wait().expect_code(DELIVERY);
    let mut wrapper = Command::new("sh");
    wrapper.args(["-c", "trap '' XFSZ; ulimit -f 8 && \"$0\" \"$@\""]);
    let guest = programs::guest("cluster-operators").display().to_string();
    let words = ["run", &guest, "--server", &cluster.url(), "--spool", &folder, "--upload", NOBODY];
    let done = Host::through(wrapper, words).args(["--upload-timeout", "100ms"]).wait();
    done.expect_code(6);
    assert_eq!(spooled(spool.path()), ["w-1.tar.gz"]);
    assert_eq!(
        fs::read(spool.path().join("w-1.tar.gz")).expect("an archive"),
        fs::read(&paths[1]).expect("an archive")
    );
}
