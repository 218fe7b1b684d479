//! Replacements while the service runs: every way in which a file is replaced, what is refused, and that no run mixes two versions.

use super::{LONG, NOTHING, complete, config, failing, start, until, write};
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};
use tests::archive::Archive;
use tests::registry::Registry;
use tests::{guest, objects, place, programs};
use wagather_serve::status::{GathererStatus, RunState};
use wagather_serve::{Config, Service};

/// A version of the gatherer `idle`: each number makes another module.
pub(super) fn version(number: u32) -> Vec<u8> {
    with(number, &[])
}

fn with(number: u32, records: &[&str]) -> Vec<u8> {
    let body = format!("(func (export \"gather\") (result i32) (drop (i32.const {number})) (i32.const 0))");
    guest::module("idle", records, &body)
}

/// As the report has it.
pub(super) fn digest(module: &[u8]) -> String {
    wagather_run::report::ModuleFacts::of(module).sha256
}

fn served(service: &Service) -> GathererStatus {
    service.gatherer("idle").expect("a gatherer")
}

pub(super) fn serves(service: &Service, module: &[u8]) {
    let digest = digest(module);
    until("the new version is served", || service.gatherer("idle").is_some_and(|now| now.digest == digest));
    let run = complete(service, "idle");
    assert_eq!(run.digest, digest);
    let report = Archive::read(run.archive.expect("an archive")).json("wagather.json");
    assert_eq!(report["gatherers"][0]["module"]["sha256"], digest.as_str());
}

/// A folder with version 0, and its service.
fn folder(place: &Path, change: impl FnOnce(&mut Config)) -> (std::path::PathBuf, Service) {
    let modules = place.join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    std::fs::write(modules.join("idle.wasm"), version(0)).expect("a file");
    let mut config = config(place, &modules, "http://127.0.0.1:9");
    change(&mut config);
    let service = start(config);
    serves(&service, &version(0));
    (modules, service)
}

#[test]
fn a_file_is_replaced_by_writing_moving_linking_and_removing() {
    let place = place();
    let (modules, service) = folder(place.path(), |_| ());
    let file = modules.join("idle.wasm");
    std::fs::write(&file, version(1)).expect("a file");
    serves(&service, &version(1));
    std::fs::write(modules.join(".idle.wasm.new"), version(2)).expect("a file");
    std::fs::rename(modules.join(".idle.wasm.new"), &file).expect("a file");
    serves(&service, &version(2));
    std::fs::write(place.path().join("elsewhere"), version(3)).expect("a file");
    std::fs::remove_file(&file).expect("a file");
    symlink("../elsewhere", &file).expect("a link");
    serves(&service, &version(3));
    // Behind the link, in another folder.
    std::fs::write(place.path().join("elsewhere"), version(4)).expect("a file");
    serves(&service, &version(4));
    // Rollback is the old file.
    std::fs::write(place.path().join("elsewhere"), version(3)).expect("a file");
    serves(&service, &version(3));
    std::fs::remove_file(&file).expect("a file");
    until("a gatherer without a module is gone", || service.gatherer("idle").is_none());
    std::fs::write(&file, version(5)).expect("a file");
    serves(&service, &version(5));
}

#[test]
fn a_config_map_is_replaced_as_a_whole() {
    let place = place();
    let volume = place.path().join("volume");
    std::fs::create_dir_all(volume.join("..1")).expect("a folder");
    std::fs::write(volume.join("..1/idle.wasm"), version(0)).expect("a file");
    symlink("..1", volume.join("..data")).expect("a link");
    symlink("..data/idle.wasm", volume.join("idle.wasm")).expect("a link");
    let service = start(config(place.path(), &volume, "http://127.0.0.1:9"));
    serves(&service, &version(0));
    // As the kubelet does it: a new folder, and a link that is renamed over the old one.
    std::fs::create_dir(volume.join("..2")).expect("a folder");
    std::fs::write(volume.join("..2/idle.wasm"), version(1)).expect("a file");
    symlink("..2", volume.join("..data_tmp")).expect("a link");
    std::fs::rename(volume.join("..data_tmp"), volume.join("..data")).expect("a link");
    std::fs::remove_dir_all(volume.join("..1")).expect("a folder");
    serves(&service, &version(1));
}

#[test]
fn a_bad_module_is_refused_and_the_old_one_goes_on() {
    let place = place();
    let (modules, service) = folder(place.path(), |_| ());
    let file = modules.join("idle.wasm");
    let trap = guest::with_manifest(guest::from_wat("(module)"), b"gatherer 1 idle 0\n");
    for (number, (bad, reason)) in [
        (b"no module".to_vec(), "not a WebAssembly module"),
        (version(9)[..60].to_vec(), "idle.wasm"),
        (trap, "gather"),
        (guest::module("other", &[], NOTHING), "'other'"),
    ]
    .into_iter()
    .enumerate()
    {
        std::fs::write(&file, &bad).expect("a file");
        until("the refusal is told", || !service.readiness().healthy);
        let now = served(&service);
        let refusal = now.last_replacement.expect("a replacement");
        assert!(!refusal.accepted, "{refusal:?}");
        assert!(refusal.refusal.as_ref().expect("a reason").contains(reason), "{refusal:?}");
        assert_eq!(complete(&service, "idle").digest, digest(&version(0)));
        assert_eq!(service.metrics().gatherers[0].refused, number as u64 + 1);
        assert!(service.readiness().ready, "the old version goes on");
        // The old file is no replacement, and nothing is wrong any more.
        std::fs::write(&file, version(0)).expect("a file");
        until("the problem is solved", || service.readiness().healthy);
        assert_eq!(served(&service).digest, digest(&version(0)));
    }
}

#[test]
fn more_rights_need_a_word() {
    let place = place();
    let more = with(1, &["resource list /v1/pods * *"]);
    let (modules, service) = folder(place.path(), |_| ());
    std::fs::write(modules.join("idle.wasm"), &more).expect("a file");
    until("the refusal is told", || !service.readiness().healthy);
    let refusal = served(&service).last_replacement.and_then(|last| last.refusal).expect("a refusal");
    assert!(refusal.contains("it may do more than the version that is served: list v1/pods"), "{refusal}");
    // A gatherer that is not served yet could do nothing before.
    write(&modules, "new", NOTHING);
    until("a gatherer without rights is served", || service.gatherer("new").is_some());
    let reader = guest::module("reader", &["resource list /v1/pods * *"], NOTHING);
    guest::write(&modules, "reader", &reader);
    until("both refusals are told", || service.readiness().problems.len() == 2);
    assert!(service.gatherer("reader").is_none());
    // The configuration's word.
    let other = tests::place();
    let (modules, service) = folder(other.path(), |config| config.gatherers[0].allow_more = true);
    std::fs::write(modules.join("idle.wasm"), &more).expect("a file");
    serves(&service, &more);
    let last = served(&service).last_replacement.expect("a replacement");
    assert_eq!((last.accepted, last.new_rights), (true, vec!["list v1/pods".to_owned()]));
}

#[test]
fn a_grant_holds_as_soon_as_it_is_there() {
    let place = place();
    let grant = place.path().join("grant.yaml");
    let text = |more: &str| format!("apiVersion: wagather/v1\nkind: Grant\nrules: []\n{more}");
    let pin = |module: &[u8]| text(&format!("modules:\n- sha256: {}\n", digest(module)));
    std::fs::write(&grant, pin(&version(0))).expect("a file");
    let (modules, service) = folder(place.path(), |config| config.grant = Some(grant.clone()));
    std::fs::write(modules.join("idle.wasm"), version(1)).expect("a file");
    until("what is not pinned is refused", || !service.readiness().healthy);
    assert_eq!(served(&service).digest, digest(&version(0)));
    // A grant that cannot be read is refused, and the old one holds.
    std::fs::write(&grant, "kind: Grand").expect("a file");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(complete(&service, "idle").digest, digest(&version(0)));
    // The pin moves: the new module takes over. The old one may not run any more.
    std::fs::write(&grant, pin(&version(1))).expect("a file");
    serves(&service, &version(1));
    // The owner takes the pin away, and nothing else is there.
    std::fs::write(&grant, pin(&version(2))).expect("a file");
    until("what the grant does not admit is served no more", || service.gatherer("idle").is_none());
    std::fs::write(&grant, text("")).expect("a file");
    until("and again", || service.gatherer("idle").is_some());
    // A grant holds also while the module is refused.
    std::fs::write(modules.join("idle.wasm"), "broken").expect("a file");
    until("the refusal is told", || !service.readiness().healthy);
    std::fs::write(&grant, pin(&version(2))).expect("a file");
    until("the old module is not admitted", || service.gatherer("idle").is_none());
}

#[test]
fn a_grant_holds_while_the_module_cannot_be_read() {
    let place = place();
    let grant = place.path().join("grant.yaml");
    let pin = |module: &[u8]| {
        let pin = digest(module);
        format!("apiVersion: wagather/v1\nkind: Grant\nrules: []\nmodules:\n- sha256: {pin}\n")
    };
    for takes_folder in [false, true] {
        let place = tests::place();
        std::fs::write(&grant, pin(&version(0))).expect("a file");
        let (modules, service) = folder(place.path(), |config| config.grant = Some(grant.clone()));
        if takes_folder {
            std::fs::rename(&modules, place.path().join("elsewhere")).expect("a folder");
        } else {
            std::fs::remove_file(modules.join("idle.wasm")).expect("a file");
            symlink("nowhere", modules.join("idle.wasm")).expect("a link");
        }
        until("the problem is told", || !service.readiness().healthy);
        assert_eq!(complete(&service, "idle").digest, digest(&version(0)));
        std::fs::write(&grant, pin(&version(1))).expect("a file");
        until("what the grant does not admit is served no more", || service.gatherer("idle").is_none());
    }
}

/// Its files are not read when another file changes.
#[test]
fn a_grant_holds_for_a_module_in_a_registry() {
    let place = place();
    let (grant, registry) = (place.path().join("grant.yaml"), Registry::start());
    registry.module("idle:1", &version(0));
    let pin = |module: &[u8]| {
        let pin = digest(module);
        format!("apiVersion: wagather/v1\nkind: Grant\nrules: []\nmodules:\n- sha256: {pin}\n")
    };
    std::fs::write(&grant, pin(&version(0))).expect("a file");
    let reference = registry.reference("idle:1");
    let mut config = config(place.path(), Path::new(&reference), "http://127.0.0.1:9");
    config.registry.plain_http = true;
    config.grant = Some(grant.clone());
    let service = start(config);
    serves(&service, &version(0));
    std::fs::write(&grant, pin(&version(1))).expect("a file");
    until("what the grant does not admit is served no more", || service.gatherer("idle").is_none());
}

/// One that comes back would be a new one, which may not have rights without somebody's word.
#[test]
fn a_module_that_is_away_for_a_moment_is_not_gone() {
    let reader = with(0, &["resource list /v1/pods * *"]);
    let changed = with(1, &["resource list /v1/pods * *"]);
    let start = |place: &Path| {
        let modules = place.join("modules");
        std::fs::create_dir(&modules).expect("a folder");
        std::fs::write(modules.join("idle.wasm"), &reader).expect("a file");
        let service = start(config(place, &modules, "http://127.0.0.1:9"));
        (modules, service)
    };
    // The folder, for as long as it likes.
    let place = place();
    let (modules, service) = start(place.path());
    std::fs::rename(&modules, place.path().join("elsewhere")).expect("a folder");
    until("the problem is told", || !service.readiness().healthy);
    assert_eq!(served(&service).digest, digest(&reader));
    std::fs::rename(place.path().join("elsewhere"), &modules).expect("a folder");
    until("the problem is solved", || service.readiness().healthy);
    assert_eq!(served(&service).digest, digest(&reader));
    // The file, as a program does it that removes it and writes it anew. On a busy machine, that may take too long.
    let begin = Instant::now();
    loop {
        assert!(begin.elapsed() < LONG, "no attempt was fast enough");
        let place = tests::place();
        let (modules, service) = start(place.path());
        let begin = Instant::now();
        std::fs::remove_file(modules.join("idle.wasm")).expect("a file");
        std::thread::sleep(Duration::from_millis(40));
        std::fs::write(modules.join("idle.wasm"), &changed).expect("a file");
        if begin.elapsed() < Duration::from_millis(90) {
            until("the new version is served", || served(&service).digest == digest(&changed));
            break;
        }
    }
}

#[test]
fn a_dry_run_that_fails_is_a_refusal() {
    let place = place();
    let (modules, service) = folder(place.path(), |config| config.gatherers[0].dry_run = true);
    let fails = guest::module("idle", &[], &failing(5));
    std::fs::write(modules.join("idle.wasm"), fails).expect("a file");
    until("the refusal is told", || !service.readiness().healthy);
    assert!(service.readiness().problems[0].contains("dry run"), "{:?}", service.readiness());
    std::fs::write(modules.join("idle.wasm"), version(1)).expect("a file");
    serves(&service, &version(1));
    // It leaves nothing, and is no run.
    let archives = tests::host::left_in(&place.path().join("archives/idle"));
    assert!(archives.iter().all(|name| !name.contains("dry")), "{archives:?}");
}

#[test]
fn under_load_no_run_is_lost_and_none_mixes_two_versions() {
    let (place, server) = (place(), objects::server().start());
    let modules = place.path().join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    let real = std::fs::read(programs::guest("cluster-operators")).expect("a guest");
    let versions: Vec<Vec<u8>> = (1..20).map(|bytes| guest::padded(real.clone(), bytes)).collect();
    let known: BTreeSet<String> = versions.iter().map(|module| digest(module)).collect();
    let file = modules.join("m.wasm");
    std::fs::write(&file, &versions[0]).expect("a file");
    let mut config = config(place.path(), &modules, &server.url());
    config.output.keep = 1000;
    let service = start(config);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let runs = std::thread::scope(|scope| {
        let replacing = scope.spawn(|| {
            for module in &versions {
                std::fs::write(modules.join(".next"), module).expect("a file");
                std::fs::rename(modules.join(".next"), &file).expect("a file");
                let digest = digest(module);
                until("it is served", || {
                    service.gatherer("cluster-operators").expect("one").digest == digest
                });
                std::fs::write(modules.join(".next"), "broken").expect("a file");
                std::fs::rename(modules.join(".next"), &file).expect("a file");
            }
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let mut runs = Vec::new();
        while !stop.load(std::sync::atomic::Ordering::SeqCst) {
            runs.push(complete(&service, "cluster-operators"));
        }
        replacing.join().expect("replacements");
        runs
    });
    let mut seen = BTreeSet::new();
    for run in &runs {
        assert!(known.contains(&run.digest) && run.state == RunState::Complete, "{run:?}");
        let archive = Archive::read(run.archive.as_ref().expect("an archive"));
        assert_eq!(archive.json("wagather.json")["gatherers"][0]["module"]["sha256"], run.digest.as_str());
        seen.insert(run.digest.clone());
    }
    assert!(seen.len() > 1, "{} runs of one version", runs.len());
    assert_eq!(service.metrics().gatherers[0].complete, runs.len() as u64);
}
