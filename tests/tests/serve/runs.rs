//! Runs on demand: their results, archives and limits.

use super::{ENDLESS, LONG, NOTHING, complete, config, failing, ran, start, write};
use std::sync::mpsc::channel;
use std::time::Duration;
use tests::archive::Archive;
use tests::{objects, place, programs};
use wagather_serve::config::{Concurrency, Entry};
use wagather_serve::status::{NotAccepted, RunState};

#[test]
fn a_run_gathers_what_the_command_line_gathers() {
    let (place, server) = (place(), objects::server().start());
    let module = programs::guest("cluster-operators");
    let service = start(config(place.path(), &module, &server.url()));
    let known = service.gatherer("cluster-operators").expect("a gatherer");
    let (first, second) = (complete(&service, "cluster-operators"), complete(&service, "cluster-operators"));
    assert_eq!((&first.digest, &second.digest), (&known.digest, &known.digest));
    let summary = first.summary.expect("a summary");
    assert!(summary.items == 3 && summary.entries == 3 && summary.requests == 1, "{summary:?}");
    let folder = place.path().join("archives/cluster-operators");
    assert_eq!(first.archive, Some(folder.join(format!("cluster-operators-{}.tar.gz", first.id))));
    for archive in [first.archive.expect("an archive"), folder.join("latest.tar.gz")] {
        let archive = Archive::read(&archive);
        let report = archive.json("wagather.json");
        assert_eq!(report["gatherers"][0]["module"]["sha256"], known.digest.as_str());
        assert!(!archive.gathered().is_empty());
    }
    let after = service.gatherer("cluster-operators").expect("a gatherer");
    assert_eq!((after.last_run, after.last_state), (Some(second.id), Some(RunState::Complete)));
    assert!(after.last_success.is_some() && after.active.is_empty());
    let metrics = service.metrics();
    assert_eq!((metrics.gatherers[0].complete, metrics.gatherers[0].sums.items), (2, 6));
    assert_eq!(metrics.gatherers[0].durations.count(), 2);
    service.shutdown();
    assert!(matches!(service.trigger("cluster-operators", Vec::new()), Err(NotAccepted::Ending)));
}

#[test]
fn a_gatherer_that_fails_leaves_an_incomplete_archive_and_the_latest_as_it_was() {
    let place = place();
    let modules = place.path().join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    write(&modules, "bad", &failing(3));
    let service = start(config(place.path(), &modules, "http://127.0.0.1:9"));
    let run = ran(&service, "bad");
    assert_eq!((run.state, run.exit_code), (RunState::Failed, Some(7)), "{run:?}");
    assert!(run.reason.expect("a reason").contains("3"));
    let archive = run.archive.expect("an archive");
    assert!(archive.to_string_lossy().ends_with(".tar.gz.incomplete") && archive.exists());
    assert!(!place.path().join("archives/bad/latest.tar.gz").exists());
    assert_eq!(service.metrics().gatherers[0].failed, 1);
}

#[test]
fn old_archives_go_and_the_newest_stay() {
    let place = place();
    let module = write(place.path(), "idle", NOTHING);
    let mut config = config(place.path(), &module, "http://127.0.0.1:9");
    config.output.keep = 2;
    let service = start(config);
    let runs: Vec<_> = (0..4).map(|_| complete(&service, "idle")).collect();
    let kept: Vec<bool> = runs.iter().map(|run| run.archive.as_ref().expect("an archive").exists()).collect();
    assert_eq!(kept, [false, false, true, true]);
    let latest = Archive::read(place.path().join("archives/idle/latest.tar.gz"));
    assert_eq!(latest.json("wagather.json")["complete"], true);
}

#[test]
fn what_cannot_run_is_refused() {
    let place = place();
    let modules = place.path().join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    write(&modules, "idle", NOTHING);
    std::fs::write(modules.join("broken.wasm"), "no module").expect("a file");
    let service = start(config(place.path(), &modules, "http://127.0.0.1:9"));
    // The broken one needs attention, and the other is served.
    let readiness = service.readiness();
    assert!(readiness.ready && !readiness.healthy, "{readiness:?}");
    assert!(readiness.problems[0].contains("broken.wasm"), "{readiness:?}");
    complete(&service, "idle");
    let unknown = service.trigger("other", Vec::new()).expect_err("no such gatherer");
    assert!(matches!(&unknown, NotAccepted::UnknownGatherer(name) if name == "other"), "{unknown}");
    let params = service.trigger("idle", vec![("since".into(), "1h".into())]).expect_err("no such parameter");
    assert!(matches!(&params, NotAccepted::Params(_)) && params.to_string().contains("since"), "{params}");
    std::fs::remove_file(modules.join("idle.wasm")).expect("a file");
    let failure = wagather_serve::Service::start(
        config(place.path(), &modules, "http://127.0.0.1:9"),
        super::options(),
    );
    assert!(failure.is_err_and(|failure| failure.to_string().contains("broken.wasm")));
}

#[test]
fn a_second_run_is_refused_or_beside_the_first_or_instead_of_it() {
    let place = place();
    let module = write(place.path(), "endless", ENDLESS);
    for concurrency in [Concurrency::Forbid, Concurrency::Allow, Concurrency::Replace] {
        let mut config = config(place.path(), &module, "http://127.0.0.1:9");
        let mut entry = Entry::new(module.clone());
        entry.concurrency = concurrency;
        config.gatherers = vec![entry];
        let service = start(config);
        let first = service.trigger("endless", Vec::new()).expect("a run");
        let second = service.trigger("endless", Vec::new());
        let state = |id| service.run(id).expect("a run").state;
        match (concurrency, second) {
            (Concurrency::Forbid, Err(NotAccepted::Active(active))) => assert_eq!(active, first),
            (Concurrency::Allow, Ok(second)) => {
                assert!(!state(&first).has_ended() && !state(&second).has_ended());
            }
            (Concurrency::Replace, Ok(second)) => {
                let old = service.wait(&first, LONG).expect("a run");
                assert_eq!(old.state, RunState::Stopped, "{old:?}");
                assert!(!state(&second).has_ended());
            }
            (_, other) => panic!("{concurrency:?}: {other:?}"),
        }
    }
}

#[test]
fn whoever_asked_is_called_at_the_end_of_a_run() {
    let place = place();
    let module = write(place.path(), "idle", NOTHING);
    let service = start(config(place.path(), &module, "http://127.0.0.1:9"));
    let id = service.trigger("idle", Vec::new()).expect("a run");
    let (sender, ended) = channel();
    let sender_of_later = sender.clone();
    assert!(service.on_end(&id, move |run| sender.send(run.state).expect("a receiver")));
    assert_eq!(ended.recv_timeout(LONG), Ok(RunState::Complete));
    // And at once, when it has ended already.
    assert!(service.on_end(&id, move |run| sender_of_later.send(run.state).expect("a receiver")));
    assert_eq!(ended.recv_timeout(Duration::ZERO), Ok(RunState::Complete));
    assert!(!service.on_end(&"20260102T030405678Z-000001".parse().expect("an id"), |_| ()));
}

/// Whoever is called at the end of a run may panic on its thread. The next run has its turn.
#[test]
fn a_panic_on_the_thread_of_a_run_holds_up_no_other() {
    let place = place();
    let mut config = config(place.path(), &write(place.path(), "endless", ENDLESS), "http://127.0.0.1:9");
    config.gatherers[0].timeout = Duration::from_millis(300);
    config.gatherers[0].concurrency = Concurrency::Allow;
    config.parallel = 1;
    let service = start(config);
    let ids = [(), ()].map(|()| service.trigger("endless", Vec::new()).expect("a run"));
    assert!(service.on_end(&ids[0], |_| panic!("as the test wants it")));
    let runs = ids.map(|id| service.wait(&id, LONG).expect("a run"));
    assert!(runs.iter().all(|run| run.state == RunState::Failed && run.started.is_some()), "{runs:?}");
    assert!(service.readiness().alive, "{:?}", service.readiness());
}
