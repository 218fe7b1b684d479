//! Modules in registries: pushed, pulled, pinned and signed; with credentials, authorities and mirrors; from registries that do wrong.

#[cfg(feature = "cluster")]
mod crane;
#[cfg(feature = "cluster")]
mod debian;
mod hostile;
mod login;

use minisign::KeyPair;
use serde_json::json;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use tests::archive::Archive;
use tests::certificates::Authority;
use tests::host::Host;
use tests::registry::{INDEX, Login, MANIFEST, MODULE as OF_WASM, Registry, digest};
use tests::{objects, place, programs};

const MODULE: i32 = 3;
const CONFIG: i32 = 4;
const CLUSTER: i32 = 5;
const OUTPUT: i32 = 6;
const REFUSED: i32 = 9;

fn guest() -> Vec<u8> {
    fs::read(programs::guest("cluster-operators")).expect("a guest")
}

/// A copy of a guest with a signature beside it, and the key's public half.
fn signed(folder: &Path) -> (PathBuf, String) {
    let keys = KeyPair::generate_unencrypted_keypair().expect("keys");
    let path = folder.join("guest.wasm");
    fs::write(&path, guest()).expect("a copy");
    let signature = minisign::sign(Some(&keys.pk), &keys.sk, Cursor::new(guest()), Some("reviewed"), None);
    fs::write(folder.join("guest.wasm.minisig"), signature.expect("a signature").into_string())
        .expect("a file");
    (path, keys.pk.to_base64())
}

fn inspect(reference: &str) -> Host {
    Host::new(["inspect", reference])
}

#[test]
fn what_was_pushed_runs_under_its_pin_and_its_signature() {
    let (place, registry, cluster) = (place(), Registry::start(), objects::server().start());
    let (path, key) = signed(place.path());
    let tag = registry.reference("team/operators:1.0");
    let pushed = Host::new(["push"]).arg(&path).arg(&tag).wait();
    let pinned = pushed.expect_success().stdout_text().trim_end().to_owned();
    assert!(pinned.starts_with(&format!("{tag}@sha256:")), "{pinned}");
    let before = registry.seen().len();
    let again = Host::new(["push"]).arg(&path).arg(&tag).wait();
    assert_eq!(
        again.expect_success().stdout_text().trim_end(),
        pinned,
        "a push that is repeated changes nothing"
    );
    let uploads = registry.seen().split_off(before).iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(uploads, 0, "what the registry has is not uploaded again");

    let grant = place.path().join("grant.yaml");
    let sum = digest(&guest()).replace("sha256:", "");
    fs::write(
        &grant,
        format!(
            "apiVersion: wagather/v1\nkind: Grant\nrules: [{{verbs: [get, list], apiGroups: ['*'], resources: ['*']}}]\nmodules: [{{sha256: {sum}}}]\nsigners: [{key}]\n"
        ),
    )
    .expect("a grant");
    let run = |reference: &str, name: &str| {
        let output = place.path().join(name);
        let done =
            Host::run(reference).server(&cluster.url()).output(&output).arg("--grant").arg(&grant).wait();
        (done, output)
    };
    for (reference, name) in [(&tag, "by-tag"), (&pinned, "by-digest")] {
        let (done, output) = run(reference, name);
        done.expect_success();
        assert!(done.stderr.contains(&format!("pulled {pinned}")), "{}", done.stderr);
        let gatherer = Archive::read(&output).gatherer("cluster-operators");
        assert_eq!(gatherer["module"]["reference"], pinned);
        assert_eq!(gatherer["module"]["sha256"], sum);
    }
    // The same module without its signature, and another one with that signature.
    fs::remove_file(place.path().join("guest.wasm.minisig")).expect("a file");
    let unsigned = registry.reference("team/operators:unsigned");
    Host::new(["push"]).arg(&path).arg(&unsigned).wait().expect_success();
    let (done, _) = run(&unsigned, "unsigned");
    done.expect_code(MODULE);
    assert!(done.stderr.contains("its artifact has no signature"), "{}", done.stderr);
    registry.module("team/operators:other", &fs::read(programs::guest("hello")).expect("a guest"));
    run(&registry.reference("team/operators:other"), "other").0.expect_code(MODULE);
}

#[test]
fn all_commands_read_modules_from_registries() {
    let (place, registry) = (place(), Registry::start());
    let (path, _) = signed(place.path());
    let tag = registry.reference("a:1");
    Host::new(["push"]).arg(&path).arg(&tag).wait().expect_success();
    let sum = digest(&guest()).replace("sha256:", "");
    let text = inspect(&tag).wait().expect_success().stdout_text();
    assert!(text.contains(&sum) && text.contains(&format!("reference  {tag}@sha256:")), "{text}");
    assert!(text.contains("its comment: reviewed"), "{text}");
    for command in [&["rbac"][..], &["deploy", "--job", "--image", "host-min:1"]] {
        let of =
            |guest: &std::ffi::OsStr| Host::new(command).arg(guest).wait().expect_success().stdout_text();
        assert_eq!(of(tag.as_ref()), of(path.as_ref()), "{command:?}");
    }
    let manifest = place.path().join("manifest.txt");
    fs::write(&manifest, "gatherer 1 another 0.1.0\n").expect("a file");
    let write = || Host::new(["manifest"]).arg(&manifest).arg(&tag);
    let done = write().wait();
    done.expect_code(OUTPUT);
    assert!(done.stderr.contains("it came from a registry"), "{}", done.stderr);
    write().arg("--output").arg(place.path().join("new.wasm")).wait().expect_success();

    // A copy has the same digest, because the same bytes were pushed.
    let other = Registry::start();
    let copy = other.reference("copies/a:1");
    let (first, second) = (Host::new(["push", &tag, &copy]).wait(), inspect(&copy).arg("--json").wait());
    let digest_of = |text: &str| text.trim_end().rsplit_once('@').map(|(_, digest)| digest.to_owned());
    let pushed = Host::new(["push"]).arg(&path).arg(&tag).wait().stdout_text();
    assert_eq!(digest_of(&first.expect_success().stdout_text()), digest_of(&pushed));
    assert!(second.expect_success().stdout_text().contains("trustedComment"));
}

#[test]
fn a_run_without_a_registry_reads_nothing_of_it() {
    let (place, cluster) = (place(), objects::server().start());
    // Would be an error, if it were read.
    fs::write(place.path().join("config.json"), "{").expect("a file");
    Host::run(programs::guest("cluster-operators"))
        .server(&cluster.url())
        .env("DOCKER_CONFIG", place.path())
        .args(["--registry-ca", "/nowhere", "--registry-mirror", "a=b"])
        .output(place.path().join("out"))
        .wait()
        .expect_success();
}

#[test]
fn indexes_and_layers_of_other_tools_are_read() {
    let registry = Registry::start();
    let module = guest();
    let one = registry.module("a:single", &module);
    registry.manifest(INDEX, "a:index", &json!({"schemaVersion": 2, "manifests": [one]}));
    // As oras names a file that has no media type of its own.
    let mut layer = registry.blob("application/vnd.oci.image.layer.v1.tar", &module);
    layer["annotations"] = json!({"org.opencontainers.image.title": "a.wasm"});
    registry.manifest(MANIFEST, "a:oras", &json!({"schemaVersion": 2, "layers": [layer]}));
    let layers = json!([registry.blob("application/wasm", &module)]);
    registry.manifest(MANIFEST, "a:cncf", &json!({"schemaVersion": 2, "layers": layers}));
    for tag in ["single", "index", "oras", "cncf"] {
        inspect(&registry.reference(&format!("a:{tag}"))).wait().expect_success();
    }
    for (tag, manifest, why) in [
        (
            "text",
            json!({"layers": [registry.blob("text/plain", b"")]}),
            "no layer with a module, only: text/plain",
        ),
        (
            "two",
            json!({"layers": [registry.blob(OF_WASM, &module), registry.blob(OF_WASM, b"b")]}),
            "2 layers with modules",
        ),
        ("empty", json!({"manifests": []}), "an index of 0 manifests"),
    ] {
        registry.manifest(MANIFEST, &format!("a:{tag}"), &manifest);
        let done = inspect(&registry.reference(&format!("a:{tag}"))).wait();
        done.expect_code(MODULE);
        assert!(done.stderr.contains(why), "{}", done.stderr);
    }
}

#[test]
fn a_mirror_is_asked_instead() {
    let (place, registry) = (place(), Registry::start());
    registry.module("copies/team/a:1", &guest());
    let mirror = format!("registry.example.com/team={}/copies/team", registry.host());
    let mirrored = |reference: &str| inspect(reference).args(["--registry-mirror", &mirror]).wait();
    let text = mirrored("oci://registry.example.com/team/a:1").expect_success().stdout_text();
    assert!(text.contains("reference  oci://registry.example.com/team/a:1@sha256:"), "{text}");
    let done = mirrored(&registry.reference("team/a:1"));
    done.expect_code(MODULE);
    assert!(
        done.stderr.contains("404") && done.stderr.contains("there is nothing of that name"),
        "{}",
        done.stderr
    );
    let wrong = inspect("oci://a/b:1").args(["--registry-mirror", "a"]).wait();
    wrong.expect_code(2);
    for reference in ["oci://a", "oci://a/b", "oci://a/B:1", "oci://u:hunter2@a/b:1", "oci://a/b:1@sha256:00"]
    {
        let done = Host::run(reference).output(place.path().join("out")).wait();
        done.expect_code(MODULE);
    }
}

#[test]
fn a_registry_with_tls_is_verified() {
    let (place, authority) = (place(), Authority::new("ours"));
    let file = place.path().join("ca.pem");
    fs::write(&file, authority.pem()).expect("a file");
    let registry = Registry::with_tls(&authority.server("127.0.0.1"), Login::Nobody, |_| None);
    registry.module("a:1", &guest());
    let tag = registry.reference("a:1");
    inspect(&tag).arg("--registry-ca").arg(&file).wait().expect_success();
    let another = place.path().join("another.pem");
    fs::write(&another, Authority::new("another").pem()).expect("a file");
    let done = inspect(&tag).arg("--registry-ca").arg(&another).wait();
    done.expect_code(MODULE);
    assert!(done.stderr.contains("--registry-ca") && !done.stderr.contains("--upload-ca"), "{}", done.stderr);
    inspect(&tag).args(["--registry-ca", "/nowhere"]).wait().expect_code(CONFIG);
    // Elsewhere than on this machine, the system's authorities count.
    let text = format!("a.example.com={}", registry.host());
    let by_mirror = inspect("oci://a.example.com/a:1").args(["--registry-mirror", &text]);
    by_mirror.arg("--registry-ca").arg(&file).wait().expect_success();
}

#[test]
fn a_registry_that_is_away_is_worth_another_try() {
    let place = place();
    let run = |reference: &str| Host::run(reference).output(place.path().join("out")).wait();
    let done = run("oci://127.0.0.1:1/a:1");
    done.expect_code(CLUSTER);
    assert!(done.stderr.contains("cannot pull oci://127.0.0.1:1/a:1: cannot connect"), "{}", done.stderr);
    let unwell = Registry::with(Login::Nobody, |_| Some(tests::registry::Response::new(503, "later")));
    let done = run(&unwell.reference("a:1"));
    done.expect_code(CLUSTER);
    assert!(done.stderr.contains("answers 503: later"), "{}", done.stderr);
    assert_eq!(unwell.seen().len(), 3);
    let pushed = Host::new(["push"]).arg(programs::guest("hello")).arg("oci://127.0.0.1:1/a:1").wait();
    pushed.expect_code(CLUSTER);
}
