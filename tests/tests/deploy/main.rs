//! `host-min deploy` without a cluster: what it prints, what it writes for kustomize, and what it refuses.
//!
//! Whether a real API server takes the objects, and whether the account is enough, is in `cluster/deploy.rs`; what the page says is
//! in `docs.rs`.

mod upload;

use std::path::Path;
use tests::failing::written;
use tests::host::{Done, Host, left_in};
use tests::{golden, guest, place, programs};
use wagather_yaml::{self as yaml, Node, Value};

/// Returns without a request.
const NOTHING: &str = "(func (export \"gather\") (result i32) (i32.const 0))";

/// A guest that reads two things, with a parameter.
fn reader(folder: &Path) {
    let records = [
        "resource list /v1/pods * metadata(name)",
        "resource get /v1/configmaps shop *",
        "param since How far back",
    ];
    guest::write(folder, "reader", &guest::module("reader", &records, NOTHING));
}

fn grant(folder: &Path) {
    let text = "apiVersion: wagather/v1\nkind: Grant\nrules:\n  # What the shop runs.\n  - verbs: [get, list]\n    apiGroups: ['']\n    \
                resources: [pods, configmaps]\n    namespaces: [shop]\nbudgets: { memory: 2Mi, time: 30s }\n";
    written(folder, "grant.yaml", text);
}

fn deploy(folder: &Path, words: &[&str]) -> Done {
    Host::new(["deploy"]).args(words).current_folder(folder).wait()
}

fn documents(text: &str) -> Vec<Node> {
    text.split("\n---\n")
        .map(|text| yaml::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}")))
        .collect()
}

#[test]
fn an_encrypted_archive_has_a_name_that_says_so() {
    const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let place = place();
    reader(place.path());
    for (more, output) in [
        (&[][..], Some("--output=/archives/$(POD_NAME).tar.gz.age")),
        (&["--keep", "3"], Some("--output=/archives/{pod}.tar.gz.age")),
        (&["--upload", "https://archives.example.com/", "--spool"], None),
    ] {
        let words = [&["reader.wasm", "--job", "--image", "x", "--encrypt", RECIPIENT], more].concat();
        let text = deploy(place.path(), &words).expect_success().stdout_text();
        assert!(text.contains(&format!("- \"--encrypt={RECIPIENT}\"\n")), "{text}");
        let named = text.lines().find_map(|line| Some(line.split_once("--output=")?.1.trim_end_matches('"')));
        assert_eq!(named.map(|name| format!("--output={name}")).as_deref(), output, "{text}");
    }
    let done = deploy(place.path(), &["reader.wasm", "--job", "--image", "x", "--encrypt", "age1x"]);
    assert!(done.stderr.contains("for --encrypt"), "{}", done.stderr);
}

#[test]
fn the_objects() {
    let place = place();
    let folder = place.path();
    reader(folder);
    grant(folder);
    let mut text = String::new();
    for words in [
        &["reader.wasm", "--schedule", "0 * * * *", "--image", "wagather/host-min:0.1.0"][..],
        &["reader.wasm", "--indexed", "16", "--image", "x", "--storage-class", "shared"],
        &[
            "reader.wasm",
            "--grant",
            "grant.yaml",
            "--job",
            "--image",
            "mirror/host-min@sha256:abc",
            "-n",
            "support",
            "--image-pull-policy",
            "Always",
            "--image-pull-secret",
            "mirror",
            "--volume-claim",
            "archives",
            "--ttl",
            "1h",
            "--modules-image",
            "mirror/gatherers:1",
            "--openshift",
            "--api-server-cidr",
            "10.0.0.1",
            "--api-server-cidr",
            "fd00::/64",
            "--api-server-port",
            "16443",
            "--param",
            "since=$(date) \"x\": y",
            "--memory",
            "1Mi",
            "--parallel",
            "1",
        ],
    ] {
        let done = deploy(folder, words);
        text += &format!("# {}\n{}\n", words.join(" "), done.expect_success().stdout_text());
        assert!(!text.contains("{{"), "{text}");
        documents(&done.stdout_text());
    }
    golden::check("deploy.txt", &text);
}

/// A guest that reads what is of one node.
fn of_a_node(folder: &Path) {
    let records = ["resource list /v1/pods * metadata(name)", "param node Whose pods"];
    guest::write(folder, "node-pods", &guest::module("node-pods", &records, NOTHING));
}

#[test]
fn a_pod_on_each_node() {
    let place = place();
    let folder = place.path();
    reader(folder);
    of_a_node(folder);
    let mut text = String::new();
    for words in [
        &["node-pods.wasm", "--daemon-set", "--image", "x", "--storage-class", "shared"][..],
        &["node-pods.wasm", "--daemon-set", "--image", "x", "--upload", "https://archives.example.com/prod/"],
    ] {
        let objects = deploy(folder, words).expect_success().stdout_text();
        documents(&objects);
        // What does not depend on it is in deploy.txt.
        let depends = ["PersistentVolumeClaim", "DaemonSet"];
        let shown = objects
            .split("---\n")
            .filter(|text| depends.iter().any(|kind| text.contains(&format!("\nkind: {kind}\n"))));
        text += &format!("# {}\n{}\n", words.join(" "), shown.collect::<Vec<_>>().join("---\n"));
    }
    golden::check("deploy-daemon-set.txt", &text);

    // Each pod would gather the same.
    let refused = deploy(folder, &["reader.wasm", "node-pods.wasm", "--daemon-set", "--image", "x"]);
    refused.expect_code(4);
    assert!(refused.stderr.contains("reader has no parameter 'node'"), "{}", refused.stderr);
    let twice = deploy(folder, &["node-pods.wasm", "--daemon-set", "--image", "x", "--param", "node=a"]);
    assert!(twice.expect_code(2).stderr.contains("'node'"), "{}", twice.stderr);
}

#[test]
fn the_same_words_give_the_same_bytes() {
    let guests: Vec<_> = programs::examples_that_name().iter().map(|name| programs::guest(name)).collect();
    let print = || {
        let host = Host::new(["deploy", "--job", "--image", "x"]).args(&guests);
        host.wait().expect_success().stdout_text()
    };
    assert_eq!(print(), print());
}

/// Names that others choose are texts of the objects, and nothing else.
#[test]
fn no_text_becomes_yaml() {
    let place = place();
    let folder = place.path();
    reader(folder);
    let evil = "a\nkind: Secret\n---\nkind: Pod # {{name}}\u{2028}x: y\u{85}\u{1b}[2J\t\\\" ' *a &b !c %d @e `f $(HOME) $$ $x";
    let grant = format!(
        "apiVersion: wagather/v1\nkind: Grant\nrules:\n- verbs: [list]\n  apiGroups: ['']\n  resources: [pods]\n# {}\n---\n",
        evil.replace('\n', " ")
    );
    written(folder, "grant.yaml", grant.trim_end_matches("---\n"));
    let since = format!("since={evil}");
    let done = deploy(
        folder,
        &["reader.wasm", "--grant", "grant.yaml", "--job", "--image", "a#b", "--param", &since],
    );
    let text = done.expect_success().stdout_text();
    assert!(text.chars().all(|c| c == '\n' || wagather_printable::is_printable(c)), "{text:?}");
    let objects = documents(&text);
    let kinds: Vec<_> = objects.iter().filter_map(|object| object.get("kind")?.text()).collect();
    assert_eq!(
        kinds,
        [
            "Namespace",
            "ServiceAccount",
            "ClusterRole",
            "ClusterRoleBinding",
            "ConfigMap",
            "PersistentVolumeClaim",
            "NetworkPolicy",
            "Job"
        ]
    );
    let job = objects.last().expect("a Job").to_json();
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "a#b");
    let words = container["args"].as_array().expect("a list");
    // The kubelet replaces $(NAME), and makes $ of $$.
    assert_eq!(words.last().expect("a word"), &format!("--param=since={}", evil.replace('$', "$$")));
    // The grant comes back byte for byte.
    let read = std::fs::read_to_string(folder.join("grant.yaml")).expect("a grant");
    assert_eq!(objects[4].to_json()["data"]["grant.yaml"], read);
}

#[test]
fn a_base_for_kustomize() {
    let place = place();
    let folder = place.path();
    reader(folder);
    grant(folder);
    let words = ["reader.wasm", "--grant", "grant.yaml", "--schedule", "@daily", "--image", "x"];
    let with = |more: &[&str]| deploy(folder, &[&words[..], more].concat());
    let done = with(&["--kustomize", "base"]);
    assert_eq!(done.expect_success().stdout_text(), "");
    let base = folder.join("base");
    let objects = ["account.yaml", "claim.yaml", "cron-job.yaml", "namespace.yaml", "network-policy.yaml"];
    let mut expected = [&objects[..], &["grant.yaml", "kustomization.yaml", "reader.wasm"]].concat();
    expected.sort_unstable();
    assert_eq!(left_in(&base), expected);
    let read = |name: &str| std::fs::read_to_string(base.join(name)).expect("a file");
    golden::check("deploy-kustomization.txt", &read("kustomization.yaml"));
    for name in ["reader.wasm", "grant.yaml"] {
        let bytes = |path: &Path| std::fs::read(path).expect("a file");
        assert_eq!(bytes(&base.join(name)), bytes(&folder.join(name)), "{name} as it is");
    }
    // Together the files are what is printed, but for the ConfigMap.
    let printed = with(&[]).expect_success().stdout_text();
    let mut left = printed.clone();
    for name in objects {
        let text = read(name);
        assert!(left.contains(&text), "{name}");
        left = left.replace(&text, "");
    }
    let left: Vec<_> = left.split("---\n").filter(|text| !text.is_empty()).collect();
    assert!(left.len() == 1 && left[0].contains("kind: ConfigMap"), "{left:?}");

    // Nothing is overwritten, and nothing is added.
    let before = read("cron-job.yaml");
    let refused = with(&["--kustomize", "base", "--memory", "1Mi"]);
    refused.expect_code(6);
    assert!(refused.stderr.contains("cannot write base: File exists"), "{}", refused.stderr);
    assert_eq!(
        (read("cron-job.yaml"), left_in(&base)),
        (before, expected.iter().map(ToString::to_string).collect())
    );
}

#[test]
fn what_cannot_run_is_not_deployed() {
    let place = place();
    let folder = place.path();
    reader(folder);
    grant(folder);
    written(
        folder,
        "pinned.yaml",
        &format!(
            "apiVersion: wagather/v1\nkind: Grant\nrules: []\nmodules: [{{sha256: {}}}]\n",
            "0".repeat(64)
        ),
    );
    // One byte more than fits beside the grant.
    let module = std::fs::read(folder.join("reader.wasm")).expect("a module");
    let padded = guest::padded(module.clone(), (1 << 20) + 1);
    std::fs::write(folder.join("large.wasm"), padded).expect("a file");
    let common = ["--job", "--image", "x"];
    for (words, code, said) in [
        (&["missing.wasm"][..], 3, "cannot read the module missing.wasm"),
        (&["grant.yaml"], 3, "cannot be used"),
        (&["reader.wasm", "reader.wasm"], 3, "the same name, 'reader'"),
        (&["reader.wasm", "--param", "until=1"], 4, "no gatherer of this run has this parameter"),
        (&["reader.wasm", "--grant", "missing.yaml"], 4, "missing.yaml"),
        (&["reader.wasm", "--grant", "pinned.yaml"], 3, "the grant admits only"),
        (&["reader.wasm", "--memory", "1"], 4, "cannot set the memory limit"),
        (&["large.wasm"], 4, "put the modules into an image, and name it with --modules-image"),
        (&["reader.wasm", "--timeout", "0"], 2, "--timeout"),
        (&["reader.wasm", "--output", "x"], 2, "it is an option of 'host-min run'"),
    ] {
        let done = deploy(folder, &[words, &common].concat());
        done.expect_code(code);
        assert!(done.stderr.contains(said) && done.stdout.is_empty(), "{words:?}: {}", done.stderr);
    }
    // With an image for the modules, their size does not matter; they have the names of their files.
    let done = deploy(folder, &["large.wasm", "--modules-image", "y", "--job", "--image", "x"]);
    assert!(done.expect_success().stdout_text().contains("- /gatherers/large.wasm\n"));
    // Above what kubectl keeps in an annotation, it says what to do.
    std::fs::write(folder.join("large.wasm"), guest::padded(module.clone(), 300 << 10)).expect("a file");
    let done = deploy(folder, &[&["large.wasm"], &common[..]].concat());
    assert!(done.expect_success().stderr.contains("add --server-side"), "{}", done.stderr);
}

/// The words of the container are those of a run, whatever is deployed.
#[test]
fn the_words_in_the_pod_run() {
    let (place, server) = (place(), tests::objects::server().start());
    let folder = place.path();
    let text = Host::new(["deploy", "--job", "--image", "x", "--memory", "8Mi", "--require-sandbox=no"])
        .arg(programs::guest("pods"))
        .wait();
    text.expect_code(2);
    let text =
        Host::new(["deploy", "--job", "--image", "x", "--memory", "8Mi", "-l", "app!=x", "--qps", "9"])
            .arg(programs::guest("pods"))
            .wait()
            .expect_success()
            .stdout_text();
    let objects = documents(&text);
    let of = |kind: &str| {
        let found = objects.iter().find(|object| object.get("kind").and_then(Node::text) == Some(kind));
        found.expect(kind).to_json()
    };
    let files = of("ConfigMap");
    for (name, content) in files["binaryData"].as_object().expect("files") {
        let bytes = wagather_base::base64::decode(content.as_str().expect("a text")).expect("base64");
        std::fs::write(folder.join(name), bytes).expect("a file");
    }
    let job = of("Job");
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let words = container["args"].as_array().expect("a list").iter().map(|word| {
        let word = word.as_str().expect("a text");
        let word = word.replace("/gatherers", &folder.display().to_string());
        word.replace("/archives", &folder.display().to_string()).replace("$(POD_NAME)", "wagather-x7")
    });
    Host::new(words).server(&server.url()).wait().expect_success();
    let archive = tests::archive::Archive::read(folder.join("wagather-x7.tar.gz"));
    assert_eq!(archive.report()["complete"], true);
    // A list of documents has no value that is no document.
    assert!(objects.iter().all(|object| matches!(object.value, Value::Map(_))));
}
