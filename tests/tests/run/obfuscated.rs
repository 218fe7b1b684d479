//! Placeholders for addresses and domains: the same everywhere, resolved in requests, with a separate map.

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::{Done, Host, incomplete, left_in};
use tests::kubeconfig::Contexts;
use tests::server::{Answer, List, Running, Server};
use tests::{place, programs};

const CONFIG: i32 = 4;
const OUTPUT: i32 = 6;

const POD: &str = "web-10-0-128-5";
const NODE: &str = "ip-10-0-128-5.lab.example.com";
const LOG: &str = "/api/v1/namespaces/shop/pods/web-10-0-128-5/log";

/// What may be nowhere in an archive.
const ORIGINALS: [&str; 11] = [
    "10.0.128.5",
    "10-0-128-5",
    "192.0.2.7",
    "2001:db8::5",
    "2001:DB8::5",
    "fe80::aa",
    "0a:1b:2c:3d:4e:5f",
    "0A-1B-2C-3D-4E-5F",
    "lab.example.com",
    "LAB.EXAMPLE.COM",
    "127-0-0-1.lab",
];

fn server() -> Running {
    let pod = json!({
        "metadata": {"name": POD, "namespace": "shop", "uid": "1", "annotations": {"net/mac": "0a:1b:2c:3d:4e:5f"}},
        "spec": {"nodeName": NODE, "containers": [{"name": "main", "image": "registry.lab.example.com:5000/a:4.1", "env": []}]},
        "status": {
            "phase": "Running", "podIP": "10.0.128.5", "podIPs": [{"ip": "10.0.128.5"}, {"ip": "2001:db8::5"}], "hostIP": "192.0.2.7",
            "containerStatuses": [{
                "name": "main", "imageID": "a", "restartCount": 7, "ready": false,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": "2024-05-02T11:00:00Z"}},
            }],
        },
    });
    let node = json!({
        "metadata": {"name": NODE, "uid": "2"},
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.128.5"}, {"type": "Hostname", "address": "LAB.EXAMPLE.COM"}]},
    });
    let mut log = "dial 10.0.128.5:443 from fe80::aa%eth0 (0A-1B-2C-3D-4E-5F)\n".repeat(3000);
    log.push_str("api.lab.example.com has [2001:DB8::5]:6443, and 127.0.0.1 is left\n");
    Server::new()
        .list("/api/v1/pods", List::new("v1", "PodList", vec![pod]))
        .list("/api/v1/nodes", List::new("v1", "NodeList", vec![node.clone()]))
        .on(&format!("/api/v1/nodes/{NODE}"), Answer::json(&node))
        .on(LOG, Answer::bytes("text/plain", log))
        .start()
}

/// One that pipes nodes, and one that reads the logs of the pods that it lists.
fn host(place: &Path) -> Host {
    let nodes = Texts { version: "v1", resource: "nodes", ..Texts::default() };
    let records = ["resource list /v1/nodes * *"];
    let nodes = guest::write(place, "nodes", &guest::piping("all-nodes", &records, &nodes));
    Host::run_all([nodes, programs::guest("crash-logs"), programs::guest("pods")])
}

fn obfuscated(host: Host, output: &Path) -> Done {
    host.args(["--obfuscate", "ip,mac", "--obfuscate", "domain=lab.example.com"]).output(output).wait()
}

fn map_of(output: &Path) -> (Value, u32) {
    let mut path = output.as_os_str().to_owned();
    path.push(".obfuscation.json");
    let text = std::fs::read(&path).expect("a map");
    let mode = std::fs::metadata(&path).expect("a map").permissions().mode();
    (serde_json::from_slice(&text).expect("JSON"), mode & 0o777)
}

/// What stands for an original, whichever way it is written.
fn placeholder<'a>(map: &'a Value, original: &str) -> &'a str {
    let rows = map["originals"].as_array().expect("rows");
    let is_of = |row: &&Value| {
        row["original"] == original
            || row["alsoWritten"].as_array().is_some_and(|all| all.contains(&json!(original)))
    };
    rows.iter()
        .find(is_of)
        .and_then(|row| row["placeholder"].as_str())
        .unwrap_or_else(|| panic!("{original}: {map:#}"))
}

fn expect_no_originals(archive: &Archive) {
    for original in ORIGINALS {
        assert!(!archive.mentions(original), "{original} is in {:?}", archive.paths());
    }
}

#[test]
fn originals_are_in_no_file_and_their_placeholders_are_the_same_in_all() {
    let (place, server) = (place(), server());
    let output = place.path().join("out.tar.gz");
    let done = obfuscated(host(place.path()).server(&server.url()).arg("-v=6"), &output);
    done.expect_success();
    let (archive, (map, mode)) = (Archive::read(&output), map_of(&output));
    assert_eq!(mode, 0o600);
    expect_no_originals(&archive);
    let (ip, domain) = (placeholder(&map, "10.0.128.5"), placeholder(&map, "lab.example.com"));
    assert_eq!(
        placeholder(&map, "10-0-128-5"),
        ip,
        "an address has one placeholder, with dots and with dashes"
    );
    let node = format!("cluster-scoped-resources/core/nodes/ip-{ip}.{domain}.json");
    let node = archive.json(&node);
    assert_eq!(node["metadata"]["name"], format!("ip-{ip}.{domain}"));
    assert_eq!(node["status"]["addresses"][0]["address"], ip);
    // The log was asked for by what the gatherer knew of its pod.
    let log =
        String::from_utf8_lossy(archive.bytes(&format!("crash-logs/shop/web-{ip}/main.log"))).into_owned();
    let (mac, v6) = (placeholder(&map, "0A-1B-2C-3D-4E-5F"), placeholder(&map, "fe80::aa"));
    assert!(log.contains(&format!("dial {ip}:443 from {v6}%eth0 ({mac})\n")), "{log}");
    let v6 = placeholder(&map, "2001:DB8::5");
    assert!(log.ends_with(&format!("api.{domain} has [{v6}]:6443, and 127.0.0.1 is left\n")), "{log}");
    assert!(server.seen().iter().any(|seen| seen.path == LOG), "{:?}", server.seen());
    let report = archive.report();
    let count = |kind: &str| report["obfuscation"][kind].as_u64().expect("a count");
    assert!(
        count("ipv4") >= 1 && count("ipv6") == 2 && count("mac") == 1 && count("domain") == 1,
        "{report:#}"
    );
    assert_eq!(count("ipv4") + 4, map["originals"].as_array().expect("rows").len() as u64);
    // What is told of the run has placeholders as well.
    for original in ORIGINALS {
        assert!(!done.stderr.contains(original), "{original} in {}", done.stderr);
    }
    assert!(done.stderr.contains("out.tar.gz.obfuscation.json"), "{}", done.stderr);
    assert!(
        !String::from_utf8_lossy(&std::fs::read(&output).expect("an archive")).contains("obfuscation.json")
    );
}

#[test]
fn a_recording_is_obfuscated_when_it_is_replayed() {
    let (place, server) = (place(), server());
    let at = |name: &str| place.path().join(name);
    host(place.path()).server(&server.url()).record(at("run.har")).output(at("live")).wait().expect_success();
    drop(server);
    obfuscated(host(place.path()).args(["--parallel", "1"]).replay(at("run.har")), &at("one"))
        .expect_success();
    obfuscated(host(place.path()).args(["--parallel", "1"]).replay(at("run.har")), &at("two"))
        .expect_success();
    let one = Archive::read(at("one"));
    expect_no_originals(&one);
    assert!(Archive::read(at("live")).mentions("10.0.128.5"), "without the option nothing is obfuscated");
    assert_eq!(one, Archive::read(at("two")), "one gatherer at a time, and the numbers are the same");
    assert_eq!(map_of(&at("one")).0, map_of(&at("two")).0);
    // The server is not in a recording.
    let done =
        host(place.path()).replay(at("run.har")).output(at("three")).args(["--obfuscate", "all"]).wait();
    done.expect_success();
    assert!(done.stderr.contains("--obfuscate domain=NAME"), "{}", done.stderr);
    let refused = host(place.path()).replay(at("run.har")).output("-").args(["--obfuscate", "ip"]).wait();
    refused.expect_code(CONFIG);
    assert!(refused.stderr.contains("--output"), "{}", refused.stderr);
}

#[test]
fn refusals_and_gaps_are_told_with_placeholders() {
    let place = place();
    let server = Server::new()
        .list("/api/v1/pods", List::new("v1", "PodList", Vec::new()))
        .on(
            &format!("/api/v1/nodes/{NODE}"),
            Answer::status(403, "Forbidden", "nodes \"ip-10-0-128-5.lab.example.com\" is forbidden"),
        )
        .start();
    let request = Texts { version: "v1", resource: "nodes", name: NODE, ..Texts::default() };
    let asks = guest::piping("one-node", &["resource get /v1/nodes * *"], &request);
    let asks = guest::write(place.path(), "one", &asks);
    let output = place.path().join("out");
    let done = obfuscated(Host::run(&asks).server(&server.url()), &output);
    assert_eq!(done.code(), 9, "{}", done.stderr);
    let archive = Archive::read(incomplete(&output));
    expect_no_originals(&archive);
    let (map, _) = map_of(&incomplete(&output));
    let (ip, domain) = (placeholder(&map, "10-0-128-5"), placeholder(&map, "lab.example.com"));
    let name = format!("ip-{ip}.{domain}");
    assert!(done.stderr.contains(&name) && !done.stderr.contains("10-0-128-5"), "{}", done.stderr);
    assert!(archive.report()["gatherers"][0]["reason"].as_str().is_some_and(|reason| reason.contains(&name)));
    assert!(
        archive.audit().iter().any(|line| line["what"].as_str().is_some_and(|what| what.contains(&name)))
    );
}

#[test]
fn a_placeholder_gives_no_right_to_what_it_stands_for() {
    let (place, server) = (place(), server());
    // The first address that this run has a placeholder for is the parameter's: the guest only guesses it.
    let grant = place.path().join("grant.yaml");
    std::fs::write(&grant, "apiVersion: wagather/v1\nkind: Grant\nrules:\n- {verbs: [get], apiGroups: [''], resources: [nodes], resourceNames: [other]}\n")
        .expect("a grant");
    let request = Texts {
        version: "v1",
        resource: "nodes",
        name: "ip-x-ipv4-0000000001-x.x-domain-0000000001-x",
        ..Texts::default()
    };
    let records = [
        "resource get /v1/nodes * *",
        "param about What it is about",
        "default about ip-10-0-128-5.lab.example.com",
    ];
    let asks = guest::write(place.path(), "one", &guest::piping("one-node", &records, &request));
    let output = place.path().join("out");
    let run = |more: &[&str]| {
        let host = Host::run(&asks).server(&server.url()).arg("--overwrite").args(more);
        obfuscated(host, &output)
    };
    run(&[]).expect_success();
    assert!(server.seen().iter().any(|seen| seen.path.ends_with(NODE)), "it is turned back");
    let asked = server.seen().len();
    let refused = run(&["--grant", grant.to_str().expect("a path")]);
    assert_ne!(refused.code(), 0, "{}", refused.stderr);
    assert_eq!(server.seen().len(), asked, "it is judged as what it stands for");
}

#[test]
fn maps_are_replaced_as_archives_are() {
    let (place, server) = (place(), server());
    let output = place.path().join("out.tar.gz");
    let map = place.path().join("out.tar.gz.obfuscation.json");
    let run = |more: &[&str]| obfuscated(host(place.path()).server(&server.url()).args(more), &output);
    std::fs::write(&map, "mine").expect("a file");
    for more in [&[][..], &["--overwrite"]] {
        let refused = run(more);
        refused.expect_code(OUTPUT);
        assert!(refused.stderr.contains("out.tar.gz.obfuscation.json"), "{}", refused.stderr);
    }
    assert_eq!(std::fs::read_to_string(&map).expect("a file"), "mine");
    assert!(!output.exists(), "nothing was gathered");
    std::fs::remove_file(&map).expect("removed");
    run(&[]).expect_success();
    run(&[]).expect_code(OUTPUT);
    run(&["--overwrite"]).expect_success();
    assert_eq!(map_of(&output).0["wagatherObfuscation"], 1);
    let refused = run(&["--overwrite", "--record", "x.har"]);
    refused.expect_code(CONFIG);
    assert!(refused.stderr.contains("--record"), "{}", refused.stderr);
    assert_eq!(left_in(place.path()).iter().filter(|name| name.contains("obfuscation")).count(), 1);
}

#[test]
fn several_clusters_have_a_map_each() {
    let (place, server) = (place(), server());
    let kubeconfig = place.path().join("config");
    Contexts::new().add("a", &server.url()).add("b", &server.url()).write(&kubeconfig);
    let fleet = place.path().join("fleet");
    let host = host(place.path()).kubeconfig(&kubeconfig).arg("--all-contexts");
    obfuscated(host, &fleet).expect_success();
    for name in ["a.tar.gz", "b.tar.gz"] {
        expect_no_originals(&Archive::read(fleet.join(name)));
        let (map, mode) = map_of(&fleet.join(name));
        assert_eq!((placeholder(&map, "10.0.128.5"), mode), (placeholder(&map, "10-0-128-5"), 0o600));
    }
}
