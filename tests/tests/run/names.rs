//! The archive's name, what it replaces, and the modules that an argument refers to.
//!
//! Elsewhere: invalid names (`bad_input/outputs.rs`), and conflicts between runs (the archive's own tests).

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use tests::host::{Host, left_in};
use tests::kubeconfig::Contexts;
use tests::{objects, place, programs};

const OUTPUT: i32 = 6;

fn hello(folder: &Path) -> Host {
    Host::run(programs::guest("hello")).current_folder(folder).arg("--quiet")
}

#[test]
fn runs_in_one_folder_have_archives_of_their_own() {
    let place = place();
    for runs in 1..=3 {
        hello(place.path()).wait().expect_success();
        assert_eq!(left_in(place.path()).len(), runs, "a run took another's name");
    }
}

#[test]
fn the_default_name_has_the_context() {
    let (place, server) = (place(), objects::server().start());
    let kubeconfig = place.path().join("config");
    Contexts::new().add("team/prod:a", &server.url()).write(&kubeconfig);
    let run = || {
        let host = Host::run(programs::guest("cluster-operators")).current_folder(place.path());
        host.arg("--quiet").arg("--kubeconfig").arg(&kubeconfig).args(["--context", "team/prod:a"])
    };
    run().wait().expect_success();
    let is_named = |name: &str| name.starts_with("wagather-team-prod-a-2") && name.ends_with("Z.tar.gz");
    assert!(left_in(place.path()).iter().any(|name| is_named(name)), "{:?}", left_in(place.path()));
    run().env("POD_NAME", "gather-1").args(["--output", "out/{pod}/{context}"]).wait().expect_success();
    assert!(place.path().join("out/gather-1/team-prod-a/wagather.json").is_file());
}

#[test]
fn missing_folders_are_made_for_their_owner() {
    let place = place();
    hello(place.path()).args(["--output", "a/b/c.tar.gz"]).wait().expect_success();
    let mode = |name: &str| place.path().join(name).metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!((mode("a"), mode("a/b"), mode("a/b/c.tar.gz")), (0o700, 0o700, 0o600));
    let dry = hello(place.path()).args(["--dry-run", "--output", "d/e"]).wait();
    dry.expect_success();
    assert!(!place.path().join("d").exists(), "a dry run made something");
}

#[test]
fn an_archive_is_replaced_if_that_is_said_and_nothing_else_is() {
    let place = place();
    let at = |name: &str| place.path().join(name);
    for name in ["archive.tar.gz", "archive"] {
        let run = |more: &[&str]| hello(place.path()).args(["--output", name]).args(more).wait();
        run(&[]).expect_success();
        let refused = run(&[]);
        refused.expect_code(OUTPUT);
        assert!(refused.stderr.contains("--overwrite"), "{}", refused.stderr);
        for option in ["--overwrite", "--force"] {
            // Held open, so that its number is not given to the new one.
            let old = std::fs::File::open(at(name)).expect("an archive");
            run(&[option]).expect_success();
            let new = at(name).metadata().expect("an archive");
            assert_ne!(new.ino(), old.metadata().expect("the old one").ino(), "it is still the old one");
        }
    }
    assert_eq!(left_in(place.path()), ["archive", "archive.tar.gz"], "something else is left");
    std::fs::write(at("precious"), "").expect("a file");
    std::fs::create_dir(at("folder")).expect("a folder");
    symlink("archive", at("link")).expect("a link");
    for name in ["precious", "folder", "link"] {
        let refused = hello(place.path()).args(["--output", name, "--overwrite"]).wait();
        refused.expect_code(OUTPUT);
        assert!(refused.stderr.contains("host-min did not write"), "{}", refused.stderr);
    }
    assert_eq!(left_in(place.path()).len(), 5);
}

#[test]
fn a_run_that_fails_leaves_the_older_archive() {
    let (place, server) = (place(), objects::server().start());
    let run = |url: &str| {
        let host = Host::run(programs::guest("cluster-operators")).current_folder(place.path());
        host.server(url).args(["--quiet", "--output", "out.tar.gz", "--overwrite", "--timeout", "20s"]).wait()
    };
    run(&server.url()).expect_success();
    let before = std::fs::read(place.path().join("out.tar.gz")).expect("an archive");
    assert_ne!(run("http://127.0.0.1:1").code(), 0);
    assert_eq!(std::fs::read(place.path().join("out.tar.gz")).expect("still there"), before);
}

#[test]
fn a_folder_stands_for_the_modules_in_it() {
    let place = place();
    let modules = place.path().join("modules");
    // As a ConfigMap's volume looks in a pod.
    std::fs::create_dir_all(modules.join("..data")).expect("a folder");
    for name in ["hello", "cluster-operators"] {
        let file = format!("{name}.wasm");
        std::fs::copy(programs::guest(name), modules.join("..data").join(&file)).expect("a copy");
        symlink(Path::new("..data").join(&file), modules.join(&file)).expect("a link");
    }
    let server = objects::server().start();
    let out = place.path().join("out");
    Host::run(&modules).server(&server.url()).arg("--quiet").output(&out).wait().expect_success();
    let report = std::fs::read_to_string(out.join("wagather.json")).expect("a report");
    assert!(report.contains("\"cluster-operators\"") && report.contains("\"hello\""), "{report}");
    let roles = Host::new(["rbac"]).arg(&modules).wait();
    assert!(roles.expect_success().stdout_text().contains("clusteroperators"));
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    let refused = Host::run(&empty).output(place.path().join("none")).wait();
    refused.expect_code(3);
    assert!(refused.stderr.contains("no file that ends in .wasm"), "{}", refused.stderr);
}

#[test]
fn a_module_may_come_on_the_standard_input() {
    let place = place();
    let module = || std::fs::File::open(programs::guest("hello")).expect("a module");
    let out = place.path().join("out");
    Host::run("-").arg("--quiet").output(&out).stdin(module()).wait().expect_success();
    assert!(out.join("wagather.json").is_file());
    let inspected = Host::new(["inspect", "-"]).stdin(module()).wait();
    assert!(inspected.expect_success().stdout_text().starts_with("hello "));
    let refused = Host::run("-").output(place.path().join("none")).stdin(std::process::Stdio::null()).wait();
    refused.expect_code(3);
    assert!(refused.stderr.contains("stdin"), "{}", refused.stderr);
}
