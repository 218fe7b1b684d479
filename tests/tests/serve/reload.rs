//! Another configuration: it takes over in one step, or not at all.

use super::{ENDLESS, LONG, NOTHING, complete, config, options, start, until, write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tests::{guest, objects, place, programs};
use wagather_serve::config::Entry;
use wagather_serve::status::NotAccepted;
use wagather_serve::{Config, Service};

/// A service, and the configuration that it reads next.
pub(super) fn changing(config: Config) -> (Service, Arc<Mutex<Config>>) {
    let next = Arc::new(Mutex::new(config.clone()));
    let shared = next.clone();
    let mut options = options();
    options.read_again = Some(Arc::new(move || Ok(shared.lock().expect("a lock").clone())));
    (Service::start(config, options).unwrap_or_else(|failure| panic!("{failure}")), next)
}

/// A grant that admits one module, or any.
fn grant(folder: &Path, name: &str, pins: &[&str]) -> std::path::PathBuf {
    let file = folder.join(name);
    let pins: String = pins.iter().map(|pin| format!("- sha256: {pin}\n")).collect();
    let modules = if pins.is_empty() { String::new() } else { format!("modules:\n{pins}") };
    std::fs::write(&file, format!("apiVersion: wagather/v1\nkind: Grant\nrules: []\n{modules}"))
        .expect("a file");
    file
}

#[test]
fn a_configuration_whose_grant_cannot_be_read_is_refused_as_a_whole() {
    let place = place();
    let module = write(place.path(), "idle", NOTHING);
    let first = config(place.path(), &module, "http://127.0.0.1:9");
    let (service, next) = changing(first.clone());
    for name in ["missing.yaml", "wrong.yaml"] {
        std::fs::write(place.path().join("wrong.yaml"), "kind: Grand").expect("a file");
        let mut changed = first.clone();
        changed.output.folder = place.path().join("elsewhere");
        changed.grant = Some(place.path().join(name));
        *next.lock().expect("a lock") = changed;
        let refused = service.reload().expect_err("a mistake");
        assert!(refused.to_string().contains(name), "{refused}");
        let problems = service.readiness().problems;
        assert!(problems.len() == 1 && problems[0].contains(name), "{problems:?}");
        complete(&service, "idle");
        assert!(!place.path().join("elsewhere").exists(), "half of the configuration has taken over");
    }
    *next.lock().expect("a lock") = first;
    service.reload().unwrap_or_else(|failure| panic!("{failure}"));
    assert!(service.readiness().healthy, "{:?}", service.readiness());
    assert_eq!(service.metrics().reloads_refused, 2);
}

/// While the new configuration tries something else, the old grant is in force no more.
#[test]
fn the_grants_of_a_configuration_take_over_with_it() {
    let place = place();
    let is_held = Arc::new(AtomicBool::new(false));
    let held = is_held.clone();
    let server = objects::server().instead(move |_, answer| {
        let begin = Instant::now();
        while held.load(Ordering::SeqCst) && begin.elapsed() < 3 * LONG {
            std::thread::sleep(Duration::from_millis(5));
        }
        answer
    });
    let server = server.start();
    let slow = place.path().join("slow.wasm");
    std::fs::copy(programs::guest("cluster-operators"), &slow).expect("a guest");
    let idle = write(place.path(), "idle", NOTHING);
    let pin = super::replace::digest(&std::fs::read(&idle).expect("a module"));
    let mut first = config(place.path(), &slow, &server.url());
    first.gatherers[0].dry_run = true;
    first.gatherers[0].request_timeout = 2 * LONG;
    first.gatherers.push(Entry::new(idle));
    first.gatherers[1].grant = Some(grant(place.path(), "first.yaml", &[&pin]));
    let (service, next) = changing(first.clone());
    complete(&service, "idle");
    // Another setting of the one is tried, and the other one's grant does not admit it any more.
    let mut changed = first;
    changed.gatherers[0].timeout = 4 * LONG;
    changed.gatherers[1].grant = Some(grant(place.path(), "second.yaml", &["0".repeat(64).as_str()]));
    *next.lock().expect("a lock") = changed;
    is_held.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let reload = scope.spawn(|| service.reload());
        until("what the new grant does not admit is served no more", || service.gatherer("idle").is_none());
        assert!(!reload.is_finished(), "the dry run waits for the server");
        let unknown = service.trigger("idle", Vec::new());
        assert!(matches!(unknown, Err(NotAccepted::UnknownGatherer(_))), "{unknown:?}");
        is_held.store(false, Ordering::SeqCst);
        reload.join().expect("no panic").unwrap_or_else(|failure| panic!("{failure}"));
    });
}

/// Whether the service has the other grant, or the gatherer itself.
#[test]
fn what_another_grant_allows_is_told() {
    let place = place();
    let reader = guest::module("reader", &["resource list /v1/pods * *"], NOTHING);
    guest::write(place.path(), "reader", &reader);
    let module = place.path().join("reader.wasm");
    let mut next_config = config(place.path(), &module, "http://127.0.0.1:9");
    let (narrow, wide) = (grant(place.path(), "narrow.yaml", &[]), place.path().join("wide.yaml"));
    let rules = "rules:\n- {verbs: [list], apiGroups: [''], resources: [pods]}\n";
    std::fs::write(&wide, format!("apiVersion: wagather/v1\nkind: Grant\n{rules}")).expect("a file");
    next_config.grant = Some(narrow.clone());
    let (service, next) = changing(next_config.clone());
    let mut reload = |own: Option<&Path>, of_all: &Path| {
        (next_config.gatherers[0].grant, next_config.grant) =
            (own.map(Path::to_owned), Some(of_all.to_owned()));
        *next.lock().expect("a lock") = next_config.clone();
        service.reload().unwrap_or_else(|failure| panic!("{failure}"));
        let last = service.gatherer("reader").expect("a gatherer").last_replacement.expect("a replacement");
        assert!(last.accepted, "{last:?}");
        last.new_rights
    };
    assert_eq!(reload(None, &wide), ["list v1/pods"]);
    assert!(reload(None, &narrow).is_empty());
    assert_eq!(reload(Some(&wide), &narrow), ["list v1/pods"]);
}

#[test]
fn what_a_configuration_does_not_name_any_more_is_gone_with_its_problems() {
    let place = place();
    let [idle, other] = ["idle", "other"].map(|name| write(place.path(), name, NOTHING));
    let mut first = config(place.path(), &idle, "http://127.0.0.1:9");
    first.gatherers.push(Entry::new(other));
    first.gatherers.push(Entry::new(place.path().join("missing.wasm")));
    let (service, next) = changing(first.clone());
    assert_eq!((service.gatherers().len(), service.readiness().problems.len()), (2, 1));
    first.gatherers.truncate(1);
    *next.lock().expect("a lock") = first;
    service.reload().unwrap_or_else(|failure| panic!("{failure}"));
    let names: Vec<String> = service.gatherers().into_iter().map(|gatherer| gatherer.name).collect();
    assert_eq!(names, ["idle"]);
    assert!(service.readiness().healthy, "{:?}", service.readiness());
}

#[test]
fn a_gatherer_that_comes_back_has_the_run_that_goes_on() {
    let place = place();
    let modules = place.path().join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    write(&modules, "idle", NOTHING);
    let file = write(&modules, "endless", ENDLESS);
    let module = std::fs::read(&file).expect("a module");
    let mut config = config(place.path(), &modules, "http://127.0.0.1:9");
    config.grace = Duration::from_millis(100);
    let service = start(config);
    let run = service.trigger("endless", Vec::new()).expect("a run");
    std::fs::remove_file(&file).expect("a file");
    until("it is gone", || service.gatherer("endless").is_none());
    std::fs::write(&file, module).expect("a file");
    until("it is back", || service.gatherer("endless").is_some());
    let second = service.trigger("endless", Vec::new());
    assert!(matches!(&second, Err(NotAccepted::Active(active)) if *active == run), "{second:?}");
    assert_eq!(service.gatherer("endless").expect("a gatherer").active, std::slice::from_ref(&run));
    service.shutdown();
    assert_eq!(service.gatherer("endless").expect("a gatherer").last_run, Some(run));
}

#[test]
fn the_metrics_of_many_gatherers_that_are_gone_are_forgotten() {
    const AT_ONCE: usize = 50;
    let place = place();
    let modules = place.path().join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    write(&modules, "idle", NOTHING);
    let service = start(config(place.path(), &modules, "http://127.0.0.1:9"));
    for round in 0..3 {
        for number in 0..AT_ONCE {
            let name = format!("g-{round}-{number}");
            guest::write(&modules, &name, &guest::module(&name, &[], NOTHING));
        }
        until("all are served", || service.gatherers().len() == AT_ONCE + 1);
        for number in 0..AT_ONCE {
            std::fs::remove_file(modules.join(format!("g-{round}-{number}.wasm"))).expect("a file");
        }
        until("all are gone", || service.gatherers().len() == 1);
        let metrics = service.metrics().gatherers;
        let newest = format!("g-{round}-{}", AT_ONCE - 1);
        assert!(metrics.iter().any(|metrics| metrics.gatherer == newest), "the newest ones stay");
        assert!(metrics.len() <= 101, "{} of them", metrics.len());
    }
}
