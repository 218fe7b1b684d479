//! Places in the host.

use super::{EVIL, Place, check, evil_line};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tests::guest::{self, Texts};
use tests::kubeconfig::Contexts;
use tests::server::{Answer, List, Server};
use tests::{place, programs};

const ALL: &str = "apiVersion: wagather/v1\nkind: Grant\nrules: [{verbs: [get, list], apiGroups: ['*'], resources: ['*']}]\n";

fn quoted(text: &str) -> String {
    text.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}

fn text(path: &Path) -> String {
    path.to_str().expect("a text").to_owned()
}

/// Modules, and what `inspect`, `rbac` and a dry run tell of them.
#[test]
fn modules_and_what_is_beside_them() {
    let place = place();
    let folder = place.path();
    let evil = quoted(EVIL);
    let write = |name: &str, module: Vec<u8>| text(&guest::write(folder, name, &module));
    let with = |manifest: &str, fields: &str| {
        let module = guest::from_wat(&format!("(module {fields} (memory (export \"memory\") 1))"));
        guest::with_manifest(module, manifest.as_bytes())
    };
    let gather = "(func (export \"gather\") (result i32) (i32.const 0))";
    let first = "gatherer 1 odd 0\n";
    let line = evil_line();
    let modules = [
        ("import-module", with(first, &format!("(import \"{evil}\" \"x\" (func)) {gather}"))),
        ("import-name", with(first, &format!("(import \"wagather_v1\" \"{evil}\" (func)) {gather}"))),
        ("manifest-name", with(&format!("gatherer 1 {line} 0\n"), gather)),
        ("manifest-version", with(&format!("gatherer 1 odd {line}\n"), gather)),
        ("manifest-record", with(&format!("{first}{line} x\n"), gather)),
        ("manifest-resource", with(&format!("{first}resource list /v1/{line} * *\n"), gather)),
        ("manifest-verb", with(&format!("{first}resource {line} /v1/pods * *\n"), gather)),
        ("manifest-namespace", with(&format!("{first}resource list /v1/pods {line} *\n"), gather)),
        ("manifest-mask", with(&format!("{first}resource list /v1/pods * metadata({line})\n"), gather)),
        ("manifest-path", with(&format!("{first}path /{line}\n"), gather)),
    ];
    let mut places = Vec::new();
    for (name, module) in modules {
        let file = write(name, module);
        for words in [
            &["inspect", &file][..],
            &["inspect", "--json", &file],
            &["rbac", &file],
            &["run", "--dry-run", &file],
            &["run", &file, "--server", "http://127.0.0.1:1", "--output", "out"],
        ] {
            let place = Place::new(format!("{name}: {}", words[..2].join(" ")), words);
            // Of a manifest it is said in which line the mistake is, and how it should be.
            places.push(if name.starts_with("import") { place } else { place.may_be_shown() });
        }
        let words =
            ["run", &file, "--server", "http://127.0.0.1:1", "--output", "out", "--log-format", "json"];
        let place = Place::new(format!("{name}: as JSON"), words).said_as_json();
        places.push(if name.starts_with("import") { place } else { place.may_be_shown() });
    }

    // A module that is fine, with names and a signature that are not.
    let odd = folder.join(format!("{EVIL}.wasm"));
    fs::write(&odd, with(first, gather)).expect("a module");
    let signature = |comment: &str| {
        let (key, zeros) = (format!("RWQA{}AAA=", "A".repeat(92)), format!("{}AA==", "A".repeat(84)));
        format!("untrusted comment: x\n{key}\ntrusted comment: {comment}\n{zeros}\n")
    };
    fs::write(folder.join("signed.wasm"), with(first, gather)).expect("a module");
    fs::write(folder.join("signed.wasm.minisig"), signature(&line)).expect("a signature");
    let odd = text(&odd);
    let operators = text(&programs::guest("cluster-operators"));
    let missing = format!("{EVIL}-missing");
    let odd_grant = folder.join(format!("{EVIL}.yaml"));
    fs::write(&odd_grant, ALL).expect("a grant");
    let odd_grant = text(&odd_grant);
    let pinned = folder.join("pinned.yaml");
    fs::write(&pinned, format!("{ALL}modules: [{{sha256: '{}', name: x}}]\n", "0".repeat(64)))
        .expect("a grant");
    let pinned = text(&pinned);
    for (name, words) in [
        ("trusted comment", &["inspect", "signed.wasm"][..]),
        ("module's file that is missing", &["inspect", &missing]),
        ("module's file that is not admitted, run", &["run", "--grant", &pinned, &odd]),
        ("module's file, dry run", &["run", "--dry-run", &odd]),
        ("two modules of one name", &["run", "--dry-run", &odd, &odd]),
        ("grant's file, inspect", &["inspect", "--grant", &odd_grant, "signed.wasm"]),
        ("grant's file, dry run", &["run", "--dry-run", "--grant", &odd_grant, "signed.wasm"]),
        ("grant's file that is missing", &["inspect", "--grant", &missing, "signed.wasm"]),
        ("recording's file that is missing", &["run", &operators, "--replay", &missing]),
        ("kubeconfig's file that is missing", &["run", &operators, "--kubeconfig", &missing]),
        ("output, dry run", &["run", "--dry-run", &operators, "--output", &missing]),
        ("recording, dry run", &["run", "--dry-run", &operators, "--record", &missing]),
        ("server, dry run", &["run", "--dry-run", &operators, "--server", &missing]),
        (
            "output that is there",
            &["run", &operators, "--server", "http://127.0.0.1:1", "--output", &odd_grant],
        ),
        (
            "output in a file",
            &["run", &operators, "--server", "http://127.0.0.1:1", "--output", &format!("{odd_grant}/x")],
        ),
        (
            "audit that is there",
            &["run", &operators, "--server", "http://127.0.0.1:1", "--audit", &odd_grant],
        ),
        (
            "recording that is there",
            &["run", &operators, "--server", "http://127.0.0.1:1", "--output", "o1", "--record", &odd_grant],
        ),
        (
            "output that is written",
            &["run", &operators, "--server", "http://127.0.0.1:1", "--output", &format!("{EVIL}-out")],
        ),
        (
            "recording that is written",
            &[
                "run",
                &operators,
                "--server",
                "http://127.0.0.1:1",
                "--output",
                "o2",
                "--record",
                &format!("{EVIL}.har"),
            ],
        ),
        ("command", &[EVIL]),
        ("option", &["run", &format!("--{EVIL}")]),
        ("option's value", &["run", &operators, "--timeout", EVIL]),
        ("operand", &["inspect", "x", EVIL]),
        ("account's name", &["rbac", &operators, "--name", EVIL]),
        ("account's namespace", &["rbac", &operators, "--namespace", EVIL]),
        ("server", &["run", &operators, "--server", EVIL]),
        ("context", &["run", &operators, "--kubeconfig", "/dev/null", "--context", EVIL]),
        ("parameter", &["run", &operators, "--param", EVIL]),
    ] {
        places.push(Place::new(name, words));
    }
    for (name, words) in [
        ("trusted comment", &["inspect", "--json", "signed.wasm"][..]),
        ("grant's file", &["inspect", "--json", "--grant", &odd_grant, "signed.wasm"]),
        ("module's file that is not admitted", &["inspect", "--json", "--grant", &pinned, &odd]),
    ] {
        places.push(Place::new(format!("{name} as JSON"), words).printed_as_json().may_be_shown());
    }
    for (name, rest) in [
        ("key", format!("{}: 1", json!(EVIL))),
        ("verb", format!("rules: [{{verbs: [{}], apiGroups: [''], resources: [pods]}}]", json!(EVIL))),
        (
            "field",
            format!(
                "rules: [{{verbs: [get], apiGroups: [''], resources: [pods], without: [{}]}}]",
                json!(EVIL)
            ),
        ),
        (
            "namespace",
            format!(
                "rules: [{{verbs: [get], apiGroups: [''], resources: [pods], namespaces: [{}]}}]",
                json!(EVIL)
            ),
        ),
        ("budget", format!("budgets: {{time: {}}}", json!(EVIL))),
        ("sha256", format!("modules: [{{sha256: {}}}]", json!(EVIL))),
        ("API version", format!("apiVersion: {}", json!(EVIL))),
    ] {
        let file = folder.join(format!("bad-{name}.yaml"));
        let head = if rest.starts_with("apiVersion") { "" } else { "apiVersion: wagather/v1\n" };
        fs::write(&file, format!("{head}kind: Grant\n{rest}\n")).expect("a grant");
        places
            .push(Place::new(format!("grant: {name}"), ["inspect", "--grant", &text(&file), "signed.wasm"]));
    }
    check(&programs::host_min(), folder, &places);
}

/// Kubeconfigs, exec plugins and contexts.
#[test]
fn kubeconfigs() {
    let place = place();
    let folder = place.path();
    let hello = text(&programs::guest("cluster-operators"));
    let plugin = |answer: &str| {
        let file = folder.join(format!("plugin-{}", fs::read_dir(folder).expect("a folder").count()));
        fs::write(&file, answer).expect("a file");
        json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/cat", "args": [file], "interactiveMode": "Never",
        }})
    };
    let server = json!({"server": "https://127.0.0.1:1"});
    let mut places = Vec::new();
    for (name, cluster, user) in [
        ("exec apiVersion", server.clone(), json!({"exec": {"apiVersion": EVIL, "command": "x", "interactiveMode": "Never"}})),
        ("exec command", server.clone(), json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": EVIL, "interactiveMode": "Never"}})),
        ("exec install hint", server.clone(), json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "not-there", "installHint": EVIL, "interactiveMode": "Never"}})),
        ("exec interactive mode", server.clone(), json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "x", "interactiveMode": EVIL}})),
        ("exec answer's kind", server.clone(), plugin(&json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": EVIL, "status": {"token": "t"}}).to_string())),
        ("exec answer's apiVersion", server.clone(), plugin(&json!({"apiVersion": EVIL, "kind": "ExecCredential", "status": {"token": "t"}}).to_string())),
        ("exec answer's time", server.clone(), plugin(&json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t", "expirationTimestamp": EVIL}}).to_string())),
        ("auth provider", server.clone(), json!({"auth-provider": {"name": EVIL}})),
        ("token file", server.clone(), json!({"tokenFile": format!("/{EVIL}")})),
        ("client certificate", server.clone(), json!({"client-certificate": format!("/{EVIL}"), "client-key": "/x"})),
        ("server", json!({"server": EVIL}), json!({})),
        ("server's host", json!({"server": format!("https://{EVIL}:1")}), json!({})),
        ("proxy", json!({"server": "https://127.0.0.1:1", "proxy-url": EVIL}), json!({})),
        ("authority", json!({"server": "https://127.0.0.1:1", "certificate-authority": format!("/{EVIL}")}), json!({})),
        ("TLS name", json!({"server": "https://127.0.0.1:1", "tls-server-name": EVIL}), json!({})),
    ] {
        let file = Contexts::new().add_with("odd", cluster, user).write(folder.join(format!("{name}.yaml")));
        let words = ["run", &hello, "--kubeconfig", &text(&file), "--context", "odd", "--output", "out"];
        // Of some, only what they should be is said.
        let is_left_out = ["exec interactive mode", "exec answer's kind", "proxy"].contains(&name);
        let push = |places: &mut Vec<Place>, place: Place| {
            places.push(if is_left_out { place.may_be_shown() } else { place });
        };
        push(&mut places, Place::new(name, words));
        let as_json = words.iter().copied().chain(["--log-format", "json"]);
        push(&mut places, Place::new(format!("{name} as JSON"), as_json).said_as_json());
        let several = ["run", &hello, "--kubeconfig", &text(&file), "--all-contexts", "--output", &format!("{name}-all")];
        push(&mut places, Place::new(format!("{name}, of several"), several));
    }
    let all = Contexts::new()
        .add(EVIL, "http://127.0.0.1:1")
        .add("b", "http://127.0.0.1:1")
        .write(folder.join("all.yaml"));
    let all = text(&all);
    for (name, more) in [
        ("context", &["--all-contexts", "--output", "all-1"][..]),
        ("context, progress", &["--all-contexts", "--output", "all-2", "--progress", "always"]),
        ("context, dry run", &["--all-contexts", "--output", "all-3", "--dry-run"]),
        ("one context", &["--context", EVIL, "--output", "all-4"]),
        ("context that is not there", &["--context", "prod", "--output", "all-5"]),
        ("context twice", &["--context", EVIL, "--context", EVIL, "--output", "all-6"]),
        ("folder", &["--all-contexts", "--output", &format!("{EVIL}-all")]),
    ] {
        let words: Vec<&str> = ["run", &hello, "--kubeconfig", &all].iter().chain(more).copied().collect();
        // One context is not told from the run.
        let is_told = name != "one context";
        let place = Place::new(name, &words);
        places.push(if is_told { place } else { place.may_be_shown() });
        if is_told && !more.contains(&"--dry-run") && name != "context twice" {
            let more = more.iter().map(|word| {
                if word.starts_with("all-") { format!("json-{word}") } else { (*word).to_owned() }
            });
            let words: Vec<String> = words[..4].iter().map(|word| (*word).to_owned()).chain(more).collect();
            let words = words.into_iter().chain(["--log-format".into(), "json".into()]);
            places.push(Place::new(format!("{name} as JSON"), words).said_as_json());
        }
    }
    // What a plugin says reaches a person through the host if there are several clusters.
    let talking = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "/usr/bin/printf", "interactiveMode": "Never",
        "args": ["%s", EVIL],
    }});
    let talking = Contexts::new().add_with("odd", server, talking).write(folder.join("talking.yaml"));
    let words = ["run", &hello, "--kubeconfig", &text(&talking), "--all-contexts", "--output", "talking"];
    places.push(Place::new("exec answer that is none", words).left_out());
    fs::write(folder.join("shouting.sh"), format!("printf '%s' '{EVIL}' >&2; exit 1\n")).expect("a script");
    let shouting = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "interactiveMode": "Never",
        "args": [folder.join("shouting.sh")],
    }});
    let shouting = Contexts::new()
        .add_with("odd", json!({"server": "https://127.0.0.1:1"}), shouting)
        .write(folder.join("shouting.yaml"));
    let words = ["run", &hello, "--kubeconfig", &text(&shouting), "--all-contexts", "--output", "shouting"];
    places.push(Place::new("exec plugin's standard error", words));
    let words = words
        .iter()
        .map(|word| word.replace("shouting", "shouting2").replace("shouting2.yaml", "shouting.yaml"));
    places.push(
        Place::new(
            "exec plugin's standard error as JSON",
            words.chain(["--log-format".into(), "json".into()]),
        )
        .said_as_json(),
    );
    check(&programs::host_min(), folder, &places);
}

/// Servers, recordings, and guests that talk.
#[test]
fn answers_and_guests() {
    let place = place();
    let folder = place.path();
    let operators = text(&programs::guest("cluster-operators"));
    let degraded = text(&programs::guest("degraded-operators"));
    let path = tests::objects::CLUSTER_OPERATORS;
    let object = |name: &str| json!({"metadata": {"name": name, "resourceVersion": EVIL, "uid": EVIL}, "status": EVIL});
    let mut places = Vec::new();
    let mut servers = Vec::new();
    for (number, (name, answer, is_shown)) in [
        ("403", Answer::status(403, EVIL, EVIL), true),
        ("401", Answer::status(401, EVIL, EVIL), true),
        ("500", Answer::status(500, EVIL, EVIL), true),
        ("404", Answer::status(404, EVIL, EVIL), true),
        ("403 in plain text", Answer::bytes("text/plain", EVIL).with_status(403), false),
        ("a page", Answer::page(403, EVIL), false),
        ("200 that is no JSON", Answer::bytes("text/html", EVIL), false),
        ("a list that is a Status", Answer::status(200, EVIL, EVIL), false),
        ("another kind", Answer::json(&json!({"kind": EVIL, "apiVersion": EVIL, "items": EVIL})), false),
        ("odd names", Answer::json(&json!({"kind": "ClusterOperatorList", "apiVersion": "config.openshift.io/v1", "metadata": {"resourceVersion": "1"}, "items": [object(EVIL), object("..")]})), false),
        ("odd token", Answer::json(&json!({"kind": "ClusterOperatorList", "apiVersion": "config.openshift.io/v1", "metadata": {"continue": EVIL}, "items": []})), false),
        ("a key twice", Answer::bytes("application/json", format!("{{\"items\":[{{{0}:1,{0}:2}}]}}", json!(EVIL))), false),
    ]
    .into_iter()
    .enumerate()
    {
        let server = Server::new().on(path, answer).start();
        let url = server.url();
        servers.push(server);
        for (guest, module) in [("piping", &operators), ("decoding", &degraded)] {
            for (format, more) in [("", &[][..]), (" as JSON", &["--log-format", "json"][..])] {
                let output = format!("answers-{number}-{guest}{}", more.len());
                let words = ["run", module, "--server", &url, "--timeout", "5s", "--output", &output, "--chunk-size", "500"];
                let mut place = Place::new(format!("{name}, {guest}{format}"), words.iter().chain(more));
                // What is not shown may be shown one day; it must be printable then as well.
                if !is_shown {
                    place = place.may_be_shown();
                }
                places.push(if more.is_empty() { place } else { place.said_as_json() });
            }
        }
    }

    // Guests: log lines, names of entries, requests.
    let talking = |name: &str, import: &str, call: &str| {
        guest::module(
            name,
            &["resource get,list /v1/pods * *"],
            &format!(
                "(import \"wagather_v1\" {import}) (data (i32.const 64) \"{}\") (func (export \"gather\") (result i32) {call} (i32.const 0))",
                quoted(EVIL)
            ),
        )
    };
    let len = EVIL.len();
    let log = "\"log\" (func $log (param i32 i32 i32) (result i32))";
    let open = "\"archive_open\" (func $open (param i32 i32) (result i32))";
    let server = Server::new().list("/api/v1/pods", List::new("v1", "Pod", vec![])).start();
    for (name, module, is_shown) in [
        (
            "log",
            talking(
                "log",
                log,
                &format!("(drop (call $log (i32.const 1) (i32.const 64) (i32.const {len})))"),
            ),
            true,
        ),
        (
            "entry",
            talking("entry", open, &format!("(drop (call $open (i32.const 64) (i32.const {len})))")),
            true,
        ),
        (
            "resource",
            guest::piping(
                "resource",
                &["resource list /v1/pods * *"],
                &Texts { version: "v1", resource: EVIL, ..Texts::default() },
            ),
            false,
        ),
        (
            "selector",
            guest::piping(
                "selector",
                &["resource list /v1/pods * *"],
                &Texts { version: "v1", resource: "pods", labels: EVIL, ..Texts::default() },
            ),
            false,
        ),
        (
            "mask",
            guest::piping(
                "mask",
                &["resource list /v1/pods * *"],
                &Texts { version: "v1", resource: "pods", mask: EVIL, ..Texts::default() },
            ),
            false,
        ),
        (
            "object",
            guest::piping(
                "object",
                &["resource get /v1/pods * *"],
                &Texts { version: "v1", resource: "pods", namespace: EVIL, name: EVIL, ..Texts::default() },
            ),
            false,
        ),
    ] {
        let file = text(&guest::write(folder, name, &module));
        for (format, more) in
            [("", &["--progress", "always"][..]), (" as JSON", &["--log-format", "json"][..])]
        {
            let output = format!("guest-{name}{format}");
            let words = ["run", &file, "--server", &server.url(), "--output", &output];
            let mut place = Place::new(format!("guest's {name}{format}"), words.iter().chain(more));
            if !is_shown {
                place = place.may_be_shown();
            }
            places.push(if format.is_empty() { place } else { place.said_as_json() });
        }
    }

    // Recordings.
    let entry = |change: &dyn Fn(&mut Value)| {
        let mut entry = json!({
            "startedDateTime": "2024-05-02T11:00:00Z",
            "request": {"method": "GET", "url": format!("https://api{path}?limit=500")},
            "response": {"status": 200, "content": {"mimeType": "application/json", "text": "{}"}},
        });
        change(&mut entry);
        json!({"log": {"version": "1.2", "entries": [entry]}}).to_string()
    };
    let recordings: [(&str, String, bool); 10] = [
        ("time", entry(&|entry| entry["startedDateTime"] = EVIL.into()), false),
        ("method", entry(&|entry| entry["request"]["method"] = EVIL.into()), false),
        ("URL", entry(&|entry| entry["request"]["url"] = EVIL.into()), false),
        ("path", entry(&|entry| entry["request"]["url"] = format!("https://api/{EVIL}").into()), false),
        ("status", entry(&|entry| entry["response"]["status"] = EVIL.into()), true),
        ("encoding", entry(&|entry| entry["response"]["content"]["encoding"] = EVIL.into()), false),
        ("type", entry(&|entry| entry["response"]["content"]["mimeType"] = EVIL.into()), false),
        ("text", entry(&|entry| entry["response"]["content"]["text"] = EVIL.into()), false),
        ("version", json!({"log": {"version": EVIL, "entries": EVIL}}).to_string(), false),
        (
            "key",
            format!("{{\"log\": {{\"entries\": [{{{}: 1, \"request\": {}}}]}}}}", json!(EVIL), json!(EVIL)),
            true,
        ),
    ];
    for (name, recording, is_shown) in recordings {
        let file = folder.join(format!("{name}.har"));
        fs::write(&file, recording).expect("a recording");
        for (format, more) in [("", &[][..]), (" as JSON", &["--log-format", "json"][..])] {
            let output = format!("har-{name}{format}");
            let words = ["run", &operators, "--replay", &text(&file), "--output", &output];
            let mut place = Place::new(format!("recording's {name}{format}"), words.iter().chain(more));
            if !is_shown {
                place = place.may_be_shown();
            }
            places.push(if format.is_empty() { place } else { place.said_as_json() });
        }
    }
    check(&programs::host_min(), folder, &places);
}

/// The block that is drawn again in place, in which contexts are shown.
#[test]
fn rows_on_a_terminal() {
    let place = place();
    let server = Server::new().on(tests::objects::CLUSTER_OPERATORS, Answer::silence()).start();
    let contexts = Contexts::new().add(EVIL, &server.url()).add("b", &server.url());
    let config: PathBuf = contexts.write(place.path().join("config"));
    let mut terminal = tests::host::Host::run(programs::guest("cluster-operators"))
        .kubeconfig(config)
        .arg("--all-contexts")
        .timeout("2s")
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .output(place.path().join("all"))
        .on_terminal(160, 40);
    terminal.wait();
    let written = terminal.written();
    assert!(written.contains("forged") && written.contains("\u{1b}[K"), "no block was drawn: {written:?}");
    // What the block itself needs; a terminal puts a carriage return before each line feed.
    let mut rest = written.replace("\u{1b}[K", "").replace("\u{1b}[J", "").replace('\r', "");
    for lines in 1..40 {
        rest = rest.replace(&format!("\u{1b}[{lines}A"), "");
    }
    assert_eq!(super::judge(rest.as_bytes(), false), Ok(()));
}
