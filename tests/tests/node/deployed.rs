//! What `host-min deploy` prints, applied: from nothing to archives on a volume, once, on a schedule, and as the page says it.

use super::IMAGE;
use super::cell::{Namespace, kubectl_given, until};
use super::job::{ended, name};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tests::archive::Archive;
use tests::host::{Host, left_in};
use tests::{place, programs, workspace};

const GUESTS: [&str; 3] = ["image-inventory", "nodes", "pods"];

/// What `host-min deploy` prints for the guests.
fn printed(namespace: &Namespace, words: &[&str]) -> String {
    let always =
        ["--name", namespace.name, "--namespace", namespace.name, "--create-namespace", "--image", IMAGE];
    let host = Host::new(["deploy"]).args(GUESTS.map(programs::guest)).args(always).args(words);
    host.wait().expect_success().stdout_text()
}

/// Applies as the page has it. Nobody has anything to say against it, not as a warning either.
fn apply(words: &[&str], objects: &str) {
    let said = kubectl_given(objects, &[&["apply", "--server-side"], words].concat());
    assert!(said.succeeded && said.stderr.is_empty(), "{}\n{objects}", said.stderr);
}

/// Holds an archive of the guests against what is known of the cluster.
fn expect_right(archive: &Archive) {
    let report = archive.report();
    assert_eq!(
        (&report["complete"], &report["source"]),
        (&json!(true), &json!("https://10.96.0.1:443")),
        "{report:#}"
    );
    assert_eq!(archive.gatherer("nodes")["items"], 1);
    // The pod itself, whose phase the API server may learn later.
    let found = archive.json("pods/totals.json");
    assert!(found["pods"].as_u64() >= Some(1), "{found:#}");
    assert!(archive.mentions(IMAGE));
}

/// From nothing, the namespace included, to a whole archive.
#[test]
fn a_job_has_its_archive_within_seconds() {
    let namespace = Namespace::of_deployment("deployed-once");
    let archives = namespace.volume(&format!("{}-archives", namespace.name));
    let objects = printed(&namespace, &["--job", "--require-sandbox"]);
    let begin = Instant::now();
    apply(&["--filename", "-"], &objects);
    let is_whole = || left_in(&archives).into_iter().find(|file| file.ends_with(".tar.gz"));
    let file = until("an archive", || namespace.described(), is_whole);
    let took = begin.elapsed();
    // For people: how long it takes is no matter of right or wrong on a busy machine.
    eprintln!("from apply to the archive: {:.1} s", took.as_secs_f64());
    assert!(took < Duration::from_secs(90), "{took:?}");
    let ended = ended(&namespace, namespace.name);
    let [pod] = &ended.expect_complete().pods[..] else { panic!("{:#?}", ended.pods) };
    assert_eq!(file, format!("{}.tar.gz", name(pod)));
    expect_right(&Archive::read(archives.join(file)));
}

#[test]
fn a_schedule_fires() {
    let namespace = Namespace::of_deployment("deployed-schedule");
    let archives = namespace.volume(&format!("{}-archives", namespace.name));
    apply(&["--filename", "-"], &printed(&namespace, &["--schedule", "* * * * *"]));
    // The beginning of the next minute is the first time.
    let job = until(
        "a Job of the schedule",
        || namespace.described(),
        || namespace.get(&["jobs"])["items"].as_array().expect("items").first().cloned(),
    );
    assert_eq!(job["metadata"]["ownerReferences"][0]["kind"], "CronJob", "{job:#}");
    let ended = ended(&namespace, name(&job));
    expect_right(&Archive::read(archives.join(format!("{}.tar.gz", name(&ended.expect_complete().pods[0])))));
}

#[test]
fn kustomize_applies_the_same() {
    let namespace = Namespace::of_deployment("deployed-base");
    let archives = namespace.volume(&format!("{}-archives", namespace.name));
    let place = place();
    let base = place.path().join("base");
    printed(&namespace, &["--job", "--kustomize", base.to_str().expect("UTF-8")]);
    apply(&["--kustomize", base.to_str().expect("UTF-8")], "");
    let ended = ended(&namespace, namespace.name);
    expect_right(&Archive::read(archives.join(format!("{}.tar.gz", name(&ended.expect_complete().pods[0])))));
}

/// The commands of docs/in-cluster.md as they are, but for the image's name and the folder of the guests.
#[test]
fn the_page_can_be_followed() {
    let page = workspace::read("docs/in-cluster.md");
    let block = |language: &str, with: &str| -> String {
        let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(language));
        blocks
            .filter(|block| block.contains(with))
            .map(str::to_owned)
            .next()
            .unwrap_or_else(|| panic!("no {with}"))
    };
    let namespace = Namespace::of_deployment("wagather");
    let archives = namespace.volume("wagather-archives");
    let place = place();
    let guests = programs::guest("pods");
    std::fs::create_dir(place.path().join("target")).expect("a folder");
    symlink(guests.parent().expect("a folder"), place.path().join("target/guests")).expect("a link");
    symlink(programs::host_min(), place.path().join("host-min")).expect("a link");
    std::fs::write(place.path().join("grant.yaml"), block("yaml\n", "kind: Grant")).expect("a grant");
    let deploy = block("sh\n", "kubectl apply").replace("registry.example.com/host-min:0.1.0", IMAGE);
    run(place.path(), &deploy);
    let now = page.split('`').find(|text| text.starts_with("kubectl create job")).expect("how to run it now");
    run(place.path(), now);
    let ended = ended(&namespace, "wagather-now");
    let archive = Archive::read(archives.join(format!("{}.tar.gz", name(&ended.expect_complete().pods[0]))));
    assert_eq!(archive.report()["complete"], true);
    assert!(archive.json("pods/totals.json")["pods"].as_u64() >= Some(1));
}

/// What is typed into a shell; it must succeed and say nothing on its standard error.
fn run(folder: &Path, line: &str) {
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("PATH"));
    let output = Command::new("bash")
        .args(["-o", "pipefail", "-ec", line])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{line}: {said}");
}
