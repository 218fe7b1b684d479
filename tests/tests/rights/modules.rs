//! Pins and signatures: which modules may run. Before that is decided, nothing starts and no request is sent.

use crate::grant;
use minisign::KeyPair;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use tests::failing::Failing;
use tests::host::Host;
use tests::{objects, place, programs};

const MODULE: i32 = 3;

fn copy(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}.wasm"));
    std::fs::copy(programs::guest(name), &path).expect("a copy");
    path
}

fn signature(keys: &KeyPair, module: &[u8]) -> String {
    minisign::sign(Some(&keys.pk), &keys.sk, Cursor::new(module), Some("reviewed for test"), None)
        .expect("a signature")
        .into_string()
}

fn sha256(path: &Path) -> String {
    let sum = std::process::Command::new("sha256sum").arg(path).output().expect("sha256sum");
    String::from_utf8_lossy(&sum.stdout).split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn only_admitted_modules_run() {
    let (mut failing, place) = (Failing::new("bad-signatures.txt"), place());
    let folder = place.path();
    let server = objects::server().start();
    let (ours, theirs) = (
        KeyPair::generate_unencrypted_keypair().expect("keys"),
        KeyPair::generate_unencrypted_keypair().expect("keys"),
    );
    let module = copy(folder, "cluster-operators");
    let bytes = std::fs::read(&module).expect("a guest");
    let host = || {
        Host::run("cluster-operators.wasm")
            .current_folder(folder)
            .server(&server.url())
            .args(["--grant", "grant.yaml"])
    };
    let all = "rules: [{verbs: [get, list], apiGroups: ['*'], resources: ['*']}]\n";
    let signers = format!("{all}signers: [{}]\n", ours.pk.to_base64());
    let sign = |text: Option<&str>| match text {
        Some(text) => std::fs::write(folder.join("cluster-operators.wasm.minisig"), text).expect("a file"),
        None => drop(std::fs::remove_file(folder.join("cluster-operators.wasm.minisig"))),
    };
    let good = signature(&ours, &bytes);

    grant(folder, &signers);
    sign(None);
    failing.case("no signature", MODULE, host());
    sign(Some(&signature(&theirs, &bytes)));
    failing.case("another key", MODULE, host());
    sign(Some(&signature(&ours, b"another module")));
    failing.case("the signature of another module", MODULE, host());
    sign(Some(&good.replace("reviewed for test", "reviewed for production")));
    failing.case("another trusted comment", MODULE, host());
    sign(Some(good.lines().take(2).collect::<Vec<_>>().join("\n").as_str()));
    failing.case("a signature that is cut short", MODULE, host());
    sign(Some("reviewed\nby\nthe\nteam\n"));
    failing.case("no signature of minisign's", MODULE, host());
    sign(Some(&"x".repeat(40_000)));
    failing.case("a file that is too large", MODULE, host());
    grant(folder, &format!("{all}modules: [{{sha256: {}, name: an older one}}]\n", "0".repeat(64)));
    sign(None);
    // The digest is that of the build, and not what this is about.
    let sum = sha256(&module);
    let done = host().output(folder.join("out")).wait();
    failing.tell("another module than the pinned one", MODULE, &done, "nothing", &[(&sum, "SHA256")]);
    assert!(!folder.join("out").exists());
    assert_eq!(server.seen(), [], "a module that may not run asked for something");
    failing.check();

    for (name, body, signed) in [
        ("signed", signers.clone(), true),
        ("pinned", format!("{all}modules: [{{sha256: {sum}}}]\n"), false),
        ("both", format!("{signers}modules: [{{sha256: {}}}, {{sha256: {sum}}}]\n", "0".repeat(64)), true),
    ] {
        grant(folder, &body);
        sign(signed.then_some(&*good));
        host().output(folder.join(name)).wait().expect_success();
    }
    assert_eq!(server.seen().len(), 3);
    // Each of two that both hold alone is not enough.
    sign(None);
    host().output(folder.join("unsigned")).wait().expect_code(MODULE);
}

/// One that is not admitted keeps the others from running, too.
#[test]
fn all_or_none_run() {
    let place = place();
    let server = objects::server().start();
    let (hello, operators) = (programs::guest("hello"), programs::guest("cluster-operators"));
    let body = format!(
        "rules: [{{verbs: [list], apiGroups: ['*'], resources: ['*']}}]\nmodules: [{{sha256: {}}}]\n",
        sha256(&operators)
    );
    let file = grant(place.path(), &body);
    let run = |guests: &[&PathBuf]| {
        Host::run_all(guests)
            .server(&server.url())
            .arg("--grant")
            .arg(&file)
            .output(place.path().join("out"))
            .wait()
    };
    let done = run(&[&operators, &hello]);
    done.expect_code(MODULE);
    assert!(done.stderr.contains("hello.wasm may not run"), "{}", done.stderr);
    assert!(server.seen().is_empty() && !place.path().join("out").exists());
    run(&[&operators]).expect_success();
}
