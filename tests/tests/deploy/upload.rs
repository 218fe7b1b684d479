//! Archives that leave the pod: `--upload`, `--spool` and `--keep` of `host-min deploy`.

use super::{deploy, documents, grant, reader};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tests::certificates::Authority;
use tests::failing::written;
use tests::host::{Done, Host, left_in};
use tests::server::{Answer, Running, Server};
use tests::{golden, objects, place, programs};
use wagather_base::base64;

const FIELDS: &str = "# of the archive's owner\nAuthorization: Bearer hunter2-hunter2: 'x' # y\n";
const COMMON: [&str; 4] = ["reader.wasm", "--job", "--image", "x"];

/// The one object of a kind.
fn of_kind(objects: &[Value], kind: &str) -> Value {
    let mut found = objects.iter().filter(|object| object["kind"] == kind);
    let object = found.next().unwrap_or_else(|| panic!("no {kind}")).clone();
    assert!(found.next().is_none(), "two of {kind}");
    object
}

fn parsed(text: &str) -> Vec<Value> {
    documents(text).iter().map(wagather_yaml::Node::to_json).collect()
}

fn printed(folder: &Path, words: &[&str]) -> Vec<Value> {
    parsed(&deploy(folder, &[&COMMON[..], words].concat()).expect_success().stdout_text())
}

fn pod(objects: &[Value]) -> Value {
    of_kind(objects, "Job")["spec"]["template"]["spec"].clone()
}

/// The codes at which the Job fails although there is an archive.
fn final_codes(objects: &[Value]) -> Value {
    of_kind(objects, "Job")["spec"]["podFailurePolicy"]["rules"][2]["onExitCodes"]["values"].clone()
}

#[test]
fn the_objects() {
    let place = place();
    let folder = place.path();
    reader(folder);
    written(folder, "headers", FIELDS);
    let mut text = String::new();
    for words in [
        &[
            "--schedule",
            "@daily",
            "--upload",
            "https://archives.example.com/prod/",
            "--upload-headers",
            "headers",
            "--spool",
        ][..],
        &[
            "--indexed",
            "4",
            "--upload",
            "http://u:hunter3@10.0.0.9:8080/{name}",
            "--upload-cidr",
            "10.0.0.0/8",
            "--upload-port",
            "8443",
        ],
        &[
            "--job",
            "--openshift",
            "--upload",
            "https://archives.example.com/in",
            "--upload-form",
            "file=a/b",
            "--keep",
            "14",
            "--spool",
            "--upload-timeout",
            "1h",
        ],
    ] {
        let words = [&["reader.wasm", "--image", "x"], words].concat();
        let objects = deploy(folder, &words).expect_success().stdout_text();
        // What does not depend on these options is in deploy.txt.
        let depends = ["Secret", "PersistentVolumeClaim", "NetworkPolicy", "CronJob", "Job"];
        let shown = objects
            .split("---\n")
            .filter(|text| depends.iter().any(|kind| text.contains(&format!("\nkind: {kind}\n"))));
        text += &format!("# {}\n{}\n", words.join(" "), shown.collect::<Vec<_>>().join("---\n"));
    }
    golden::check("deploy-upload.txt", &text);
}

#[test]
fn a_claim_is_made_if_archives_are_to_stay_or_wait() {
    let place = place();
    let folder = place.path();
    reader(folder);
    for (words, outputs, claim) in [
        (&[][..], &["--output=/archives/$(POD_NAME).tar.gz"][..], false),
        (&["--spool"], &["--spool=/archives/spool"], true),
        (&["--keep", "14"], &["--output=/archives/{pod}.tar.gz"], true),
        (
            &["--keep", "1Gi", "--spool"],
            &["--output=/archives/{pod}.tar.gz", "--spool=/archives/spool"],
            true,
        ),
        (&["--storage", "2Gi"], &["--output=/archives/$(POD_NAME).tar.gz"], true),
    ] {
        let objects = printed(folder, &[&["--upload", "https://h/"], words].concat());
        let pod = pod(&objects);
        let args: Vec<_> = pod["containers"][0]["args"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let of = |name: &str| args.iter().filter(|arg| arg.starts_with(name)).copied().collect::<Vec<_>>();
        assert_eq!([of("--output="), of("--spool=")].concat(), outputs, "{words:?}");
        assert_eq!(
            objects.iter().any(|object| object["kind"] == "PersistentVolumeClaim"),
            claim,
            "{words:?}"
        );
        let volume = pod["volumes"].as_array().expect("a list").last().expect("a volume");
        // What is in the pod alone is gathered again; what is on a volume is not.
        let (key, codes) =
            if claim { ("persistentVolumeClaim", json!([8, 10])) } else { ("emptyDir", json!([8])) };
        assert!(volume["name"] == "archives" && !volume[key].is_null(), "{words:?}: {volume}");
        assert_eq!(final_codes(&objects), codes, "{words:?}");
    }
    let objects = printed(folder, &["--upload", "https://h/", "--volume-claim", "mine"]);
    assert_eq!(pod(&objects)["volumes"][1]["persistentVolumeClaim"]["claimName"], "mine");
    assert!(objects.iter().all(|object| object["kind"] != "PersistentVolumeClaim"));
}

/// Secrets are in the Secret, in files that only their owner reads, and nowhere else.
#[test]
fn credentials_are_in_the_secret_alone() {
    let place = place();
    let folder = place.path();
    reader(folder);
    written(folder, "headers", FIELDS);
    let url = "https://u:hunter3@h:8443/a'\":*&!%@`/{name}?sig=hunter4&x={sha256}";
    written(folder, "url", &format!("  {url}\nhunter5\n"));
    let secrets = [FIELDS, "hunter2", "hunter3", "hunter4", "hunter5"];
    let clean = |text: &str| {
        for secret in secrets {
            let encoded = base64::encode(secret.as_bytes());
            assert!(
                !text.contains(secret) && !text.contains(encoded.trim_end_matches('=')),
                "{secret}: {text}"
            );
        }
    };
    for typed in [url, "@url"] {
        let words = ["--spool", "--upload", typed, "--upload-headers", "headers"];
        let done = deploy(folder, &[&COMMON[..], &words].concat());
        let text = done.expect_success().stdout_text();
        clean(&done.stderr);
        let (of_secret, others): (Vec<_>, Vec<_>) =
            text.split("---\n").partition(|text| text.contains("\nkind: Secret\n"));
        others.iter().for_each(|text| clean(text));
        let objects = parsed(&text);
        let secret = of_kind(&objects, "Secret");
        let decoded = |key: &str| {
            String::from_utf8(base64::decode(secret["data"][key].as_str().expect(key)).expect("base64"))
                .expect("UTF-8")
        };
        assert_eq!((decoded("headers"), decoded("url")), (FIELDS.to_owned(), format!("{url}\n")));
        assert_eq!(secret["data"].as_object().expect("data").len(), 2);
        let args = &pod(&objects)["containers"][0]["args"];
        for arg in ["--upload=@/upload/url", "--upload-headers=/upload/headers"] {
            assert!(args.as_array().expect("a list").contains(&arg.into()), "{args}");
        }

        let base = folder.join(if typed == url { "typed" } else { "read" });
        let words = [&COMMON[..], &words, &["--kustomize", base.to_str().expect("UTF-8")]].concat();
        assert_eq!(deploy(folder, &words).expect_success().stdout_text(), "");
        for name in left_in(&base) {
            let (path, is_secret) = (base.join(&name), name == "secret.yaml");
            let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
            assert_eq!(mode == 0o600, is_secret, "{name} has the mode {mode:o}");
            match is_secret {
                true => assert_eq!(fs::read_to_string(path).expect("a file"), of_secret[0]),
                false => clean(&String::from_utf8_lossy(&fs::read(path).expect("a file"))),
            }
        }
        assert!(
            fs::read_to_string(base.join("kustomization.yaml"))
                .expect("a file")
                .contains("  - secret.yaml\n")
        );
    }
    // Without any, there is no Secret; what stands in the URL is a text of the words.
    let url = "https://h/a'\":*&!%@`{name}";
    let objects = printed(folder, &["--upload", url]);
    assert!(objects.iter().all(|object| object["kind"] != "Secret"));
    let words = pod(&objects)["containers"][0]["args"].clone();
    assert_eq!(words.as_array().expect("a list").last().expect("a word"), &format!("--upload={url}"));
}

#[test]
fn what_cannot_be_delivered_is_not_deployed() {
    let place = place();
    let folder = place.path();
    reader(folder);
    grant(folder);
    written(folder, "fields", "Authorization hunter2\n");
    written(folder, "url", "hunter2\n");
    written(folder, "large", &format!("A: {}\n", "x".repeat(1 << 20)));
    let to = ["--upload", "https://h/"];
    for (words, code, said) in [
        (&["--upload", "ftp://h/"][..], 2, "invalid value for --upload"),
        (&["--upload", "@missing"], 4, "missing"),
        (&["--upload", "@url"], 4, "cannot use the URL in url: "),
        (&["--upload", "https://h/a", "--spool"], 4, "put {name} or {sha256} into the URL"),
        (&[&to[..], &["--upload-headers", "fields"]].concat(), 4, "fields:1: expected NAME: VALUE"),
        (&[&to[..], &["--upload-headers", "missing"]].concat(), 4, "cannot read missing"),
        (&[&to[..], &["--upload-headers", "large"]].concat(), 4, "a Secret holds 1048576"),
        (&[&to[..], &["--upload-ca", "grant.yaml"]].concat(), 4, "grant.yaml has no certificate in PEM"),
        (&[&to[..], &["--upload-timeout", "0"]].concat(), 2, "--upload-timeout"),
        (&["--upload-headers", "fields"], 2, "--upload-headers needs --upload"),
        (&["--spool-size", "1Mi"], 2, "--spool-size needs --spool"),
        (&["--upload-cidr", "10.0.0.0/8"], 2, "--upload-cidr needs --upload"),
        (&["--upload-port", "1"], 2, "--upload-port needs --upload"),
        (&["--keep", "3", "--indexed", "2"], 2, "--keep cannot be used with --indexed"),
    ] {
        let done = deploy(folder, &[&COMMON[..], words].concat());
        done.expect_code(code);
        assert!(done.stderr.contains(said) && done.stdout.is_empty(), "{words:?}: {}", done.stderr);
        assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
    }
    // One archive may have one URL; those of several pods may not.
    let fixed = ["--upload", "https://h/a"];
    deploy(folder, &[&COMMON[..], &fixed].concat()).expect_success();
    deploy(folder, &[&COMMON[..], &fixed, &["--indexed", "2"]].concat()).expect_code(4);
    // Others on the network can read what has no TLS.
    let done = deploy(folder, &[&COMMON[..], &["--upload", "http://h/"]].concat());
    assert!(done.expect_success().stderr.contains("http://h/ has no TLS"), "{}", done.stderr);
}

/// The folders of a pod, on this machine.
struct Pods {
    folder: PathBuf,
    words: Vec<String>,
}

impl Pods {
    fn of(folder: &Path, objects: &[Value]) -> Pods {
        for (kind, key, below) in [
            ("ConfigMap", "data", "gatherers"),
            ("ConfigMap", "binaryData", "gatherers"),
            ("Secret", "data", "upload"),
        ] {
            fs::create_dir_all(folder.join(below)).expect("a folder");
            for (name, content) in of_kind(objects, kind)[key].as_object().expect("files") {
                let content = content.as_str().expect("a text");
                let bytes = if (kind, key) == ("ConfigMap", "data") {
                    content.into()
                } else {
                    base64::decode(content).expect("base64")
                };
                fs::write(folder.join(below).join(name), bytes).expect("a file");
            }
        }
        fs::create_dir(folder.join("archives")).expect("a folder");
        let args = pod(objects)["containers"][0]["args"].clone();
        let words = args.as_array().expect("a list").iter().map(|word| {
            let word = word.as_str().expect("a text").to_owned();
            ["/gatherers/", "/upload/", "/archives/"].iter().fold(word, |word, below| {
                word.replace(&format!("={below}"), &format!("={}{below}", folder.display()))
                    .replace(&format!("@{below}"), &format!("@{}{below}", folder.display()))
            })
        });
        let module = |word: String| {
            if word.starts_with("/gatherers/") { format!("{}{word}", folder.display()) } else { word }
        };
        Pods { folder: folder.into(), words: words.map(module).collect() }
    }

    fn run(&self, pod: &str, cluster: &Running) -> Done {
        Host::new(&self.words).env("POD_NAME", pod).server(&cluster.url()).wait()
    }

    fn spooled(&self) -> Vec<String> {
        left_in(&self.folder.join("archives/spool"))
            .into_iter()
            .filter(|name| name.ends_with(".tar.gz"))
            .collect()
    }
}

/// What a pod could not deliver waits on the volume, and the next one delivers both, without gathering the first again.
#[test]
fn the_next_pod_delivers_what_waits() {
    let (place, cluster, authority) = (place(), objects::server().start(), Authority::new("of uploads"));
    let folder = place.path();
    let server = Server::new()
        .on("/expired", Answer::page(403, "expired"))
        .on("/in", Answer::bytes("text/plain", "").with_status(201))
        .start_tls(&authority.server("127.0.0.1"));
    written(folder, "headers", "X-Owner: hunter2-hunter2\n");
    written(folder, "ca.crt", &authority.pem());
    let url =
        |path: &str| format!("{}/{path}?name={{name}}&signature=hunter3-hunter3-hunter3\n", server.url());
    written(folder, "url", &url("expired"));
    let words = ["--job", "--image", "x", "--spool", "--upload", "@url"];
    let text = Host::new(["deploy"])
        .arg(programs::guest("cluster-operators"))
        .args(words)
        .args(["--upload-headers", "headers", "--upload-ca", "ca.crt"])
        .current_folder(folder)
        .wait()
        .expect_success()
        .stdout_text();
    let objects = parsed(&text);
    assert_eq!(of_kind(&objects, "ConfigMap")["data"]["upload-ca.crt"], authority.pem());
    // The server has an address, so no name is looked up.
    let rules = of_kind(&objects, "NetworkPolicy")["spec"]["egress"].clone();
    assert_eq!(rules[1], json!({"ports": [{"protocol": "TCP", "port": server.port()}]}));
    assert_eq!(rules.as_array().expect("a list").len(), 2);

    let pods = Pods::of(folder, &objects);
    let first = pods.run("first", &cluster);
    first.expect_code(10);
    assert!(final_codes(&objects).as_array().expect("a list").contains(&10.into()));
    let waiting = pods.spooled();
    assert!(waiting.len() == 1 && waiting[0].contains("-first-"), "{waiting:?}");
    // The Secret gets another URL, as the kubelet writes it.
    fs::write(folder.join("upload/url"), url("in")).expect("a file");
    let second = pods.run("second", &cluster);
    second.expect_success();
    assert!(pods.spooled().is_empty());
    let taken: Vec<_> =
        server.seen().into_iter().filter(|seen| seen.parameter("signature").is_some()).collect();
    let names: Vec<_> =
        taken.iter().map(|seen| (&*seen.path, seen.parameter("name").expect("a name"))).collect();
    let [("/expired", refused), ("/in", first_name), ("/in", second_name)] = names[..] else {
        panic!("{names:?}")
    };
    assert!(refused == first_name && *first_name == waiting[0], "{names:?}");
    assert!(second_name.contains("-second-"), "{names:?}");
    for seen in taken {
        assert_eq!((&*seen.method, seen.header("x-owner")), ("PUT", Some("hunter2-hunter2")));
    }
    for done in [first, second] {
        assert!(!done.stderr.contains("hunter"), "{}", done.stderr);
    }
}
