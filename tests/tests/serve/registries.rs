//! Modules in a registry, whose tags move.

use super::api::configured;
use super::reload::changing;
use super::replace::{digest, serves, version};
use super::{LONG, complete, config, start, until};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tests::place;
use tests::registry::{Login, Registry, Response};
use wagather_serve::Config;
use wagather_serve::config::Entry;

/// A configuration that asks for a tag all the time.
fn polling(place: &Path, registry: &Registry) -> Config {
    let reference = registry.reference("idle:stable");
    let mut config = config(place, Path::new(&reference), "http://127.0.0.1:9");
    config.registry.plain_http = true;
    config.poll = Duration::from_millis(50);
    config
}

#[test]
fn a_tag_that_moves_replaces_its_module() {
    let (place, registry) = (place(), Registry::start());
    let first = registry.module("idle:stable", &version(0));
    let service = start(polling(place.path(), &registry));
    serves(&service, &version(0));
    let served = || service.gatherer("idle").expect("a gatherer");
    // The reference that is served has the digest of the manifest, and not only a tag.
    assert!(served().module.ends_with(first["digest"].as_str().expect("a digest")), "{}", served().module);
    let second = registry.module("idle:stable", &version(1));
    serves(&service, &version(1));
    assert!(served().module.ends_with(second["digest"].as_str().expect("a digest")), "{}", served().module);
    // A broken one is refused, and tried no more until the tag moves.
    registry.module("idle:stable", b"no module");
    until("the refusal is told", || !service.readiness().healthy);
    assert_eq!(complete(&service, "idle").digest, digest(&version(1)));
    assert!(served().last_replacement.is_some_and(|last| !last.accepted));
    // Rollback is the old tag.
    registry.module("idle:stable", &version(0));
    serves(&service, &version(0));
    assert!(service.readiness().healthy, "{:?}", service.readiness());
}

#[test]
fn a_registry_that_is_away_leaves_what_is_served() {
    let place = place();
    let is_away = Arc::new(AtomicBool::new(false));
    let away = is_away.clone();
    let registry = Registry::with(Login::Nobody, move |_| {
        away.load(Ordering::SeqCst).then(|| Response::new(503, "not now"))
    });
    registry.module("idle:stable", &version(0));
    let service = start(polling(place.path(), &registry));
    serves(&service, &version(0));
    is_away.store(true, Ordering::SeqCst);
    until("the problem is told", || !service.readiness().healthy);
    assert_eq!(complete(&service, "idle").digest, digest(&version(0)));
    registry.module("idle:stable", &version(1));
    is_away.store(false, Ordering::SeqCst);
    serves(&service, &version(1));
    assert!(service.readiness().healthy);
}

/// While a registry takes its time, files are replaced, the configuration is read again, and runs are started.
#[test]
fn a_slow_registry_holds_up_nothing_else() {
    let place = place();
    let (is_slow, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (slow, count) = (is_slow.clone(), asked.clone());
    let registry = Registry::with(Login::Nobody, move |_| {
        if slow.load(Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        let begin = Instant::now();
        while slow.load(Ordering::SeqCst) && begin.elapsed() < 3 * LONG {
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    });
    registry.module("idle:stable", &version(0));
    let mut config = polling(place.path(), &registry);
    let file = place.path().join("local.wasm");
    let local = |number: u32| {
        let body =
            format!("(func (export \"gather\") (result i32) (drop (i32.const {number})) (i32.const 0))");
        tests::guest::module("local", &[], &body)
    };
    std::fs::write(&file, local(0)).expect("a file");
    config.gatherers.push(Entry::new(PathBuf::from(&file)));
    let service = start(config);
    is_slow.store(true, Ordering::SeqCst);
    until("the registry is asked", || asked.load(Ordering::SeqCst) > 0);
    std::fs::write(&file, local(1)).expect("a file");
    let wanted = digest(&local(1));
    until("the file is replaced", || service.gatherer("local").is_some_and(|now| now.digest == wanted));
    service.reload().unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(complete(&service, "idle").digest, digest(&version(0)));
    assert!(is_slow.load(Ordering::SeqCst) && asked.load(Ordering::SeqCst) > 0);
    registry.module("idle:stable", &version(1));
    is_slow.store(false, Ordering::SeqCst);
    serves(&service, &version(1));
}

/// While a registry takes its time, the configuration says that another one is to be asked. What the first one gives then is not served.
#[test]
fn an_answer_of_a_registry_is_for_the_configuration_that_asked() {
    let place = place();
    let slow = |is_slow: &Arc<AtomicBool>, asked: &Arc<AtomicUsize>| {
        let (is_slow, asked) = (is_slow.clone(), asked.clone());
        Registry::with(Login::Nobody, move |_| {
            if is_slow.load(Ordering::SeqCst) {
                asked.fetch_add(1, Ordering::SeqCst);
            }
            let begin = Instant::now();
            while is_slow.load(Ordering::SeqCst) && begin.elapsed() < 3 * LONG {
                std::thread::sleep(Duration::from_millis(5));
            }
            None
        })
    };
    let [is_slow, other_is_slow] = [false, true].map(|is_slow| Arc::new(AtomicBool::new(is_slow)));
    let [asked, other_asked] = [(), ()].map(|()| Arc::new(AtomicUsize::new(0)));
    let (registry, other) = (slow(&is_slow, &asked), slow(&other_is_slow, &other_asked));
    registry.module("idle:stable", &version(0));
    let (service, next) = changing(polling(place.path(), &registry));
    serves(&service, &version(0));
    is_slow.store(true, Ordering::SeqCst);
    registry.module("idle:stable", &version(1));
    until("the registry is asked", || asked.load(Ordering::SeqCst) > 0);
    let before = digest(&version(0));
    let lines = format!("registry: {{mirrors: ['{}={}']}}", registry.host(), other.host());
    let mirrored =
        Config::read(&configured(place.path(), &lines)).unwrap_or_else(|failure| panic!("{failure}"));
    next.lock().expect("no panic").registry.mirrors = mirrored.registry.mirrors;
    service.reload().unwrap_or_else(|failure| panic!("{failure}"));
    other.module("idle:stable", &version(2));
    is_slow.store(false, Ordering::SeqCst);
    // Whoever asks the second one has looked at what the first one gave.
    until("the other registry is asked", || other_asked.load(Ordering::SeqCst) > 0);
    assert_eq!(service.gatherer("idle").expect("a gatherer").digest, before);
    other_is_slow.store(false, Ordering::SeqCst);
    serves(&service, &version(2));
    assert!(service.readiness().healthy, "{:?}", service.readiness());
}
