//! The host as a library, as a sidecar uses it: without the command line, from a program with threads, with a helper
//! executable or within the process, and with either engine.
//!
//! The engines are compared here because only a library has both. A guest must behave the same in both. Elsewhere:
//! the broker's rules, which the command line's tests cover.

use host_min::Engine;
use host_min::{
    Call, Class, ClusterOptions, Gauge, Input, Isolation, NoAnswer, Observer, Output, Phase, Plan, Response,
    Silent, Source, run,
};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tests::archive::Archive;
use tests::host::left_in;
use tests::hostile::{End, Hostile};
use tests::server::Answer;
use tests::{objects, place, programs, workspace};
use wagather_abi::LogLevel;

/// The helper that ships: the command line's own executable.
fn shipped_helper() -> Isolation {
    Isolation::Helper { program: programs::host_min(), args: vec!["sandbox".into()] }
}

/// A helper that has both engines.
fn own_helper() -> Isolation {
    Isolation::Helper { program: env!("CARGO_BIN_EXE_helper").into(), args: Vec::new() }
}

fn cluster(url: &str) -> Input {
    Input::Cluster(Box::new(ClusterOptions { server: Some(url.into()), ..Default::default() }))
}

/// The lines of the documentation, with this test's places.
fn as_documented(url: &str, output: &Path, isolation: Isolation) -> Result<(bool, u64), host_min::Failure> {
    let mut plan = Plan::new(cluster(url), Output::Folder(output.into()), isolation);
    plan.add_file(programs::guest("cluster-operators"))?;
    let outcome = run(&plan, &Silent)?;
    Ok((outcome.report.complete, outcome.report.gatherers[0].entries))
}

#[test]
fn the_documented_lines_are_ten_or_fewer() {
    let text = workspace::read("host-min/src/lib.rs");
    let code = text
        .split("//! ```no_run\n")
        .nth(1)
        .and_then(|rest| rest.split("//! ```").next())
        .expect("an example");
    let lines = code.lines().map(|line| line.trim_start_matches("//!").trim());
    let shown = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    assert!((4..=10).contains(&shown), "{shown} lines:\n{code}");
    for call in ["Plan::new(", "add_file(", "run(&plan", "Isolation::Helper"] {
        assert!(code.contains(call), "the example has no {call}, so the tests below test something else");
    }
}

#[test]
fn a_program_with_threads_uses_a_helper() {
    let (place, server) = (place(), objects::server().start());
    let stop = Arc::new(AtomicBool::new(false));
    // Threads that allocate all the time, so that a fork of this process would find locks held.
    let busy: Vec<_> = (0..4)
        .map(|_| {
            let stop = stop.clone();
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    drop(std::hint::black_box(vec![0_u8; 4096]));
                }
            })
        })
        .collect();
    let runs: Vec<_> = (0..4)
        .map(|number| {
            let (url, output) = (server.url(), place.path().join(number.to_string()));
            std::thread::spawn(move || as_documented(&url, &output, shipped_helper()).expect("a run"))
        })
        .collect();
    for run in runs {
        assert_eq!(run.join().expect("no panic"), (true, 3));
    }
    stop.store(true, Ordering::Relaxed);
    busy.into_iter().for_each(|thread| thread.join().expect("no panic"));
    let first = Archive::read(place.path().join("0"));
    assert_eq!(first.gathered(), Archive::read(place.path().join("3")).gathered());
    assert!(
        first.gatherer("cluster-operators")["peakRssBytes"].as_u64() > Some(0),
        "the helper's memory is measured"
    );
}

#[test]
fn without_any_process() {
    let (place, server) = (place(), objects::server().start());
    let output = place.path().join("out");
    assert_eq!(as_documented(&server.url(), &output, Isolation::InProcess).expect("a run"), (true, 3));
    assert_eq!(Archive::read(&output).gathered().len(), 3);
}

#[test]
fn a_helper_that_is_missing_or_is_none_is_told() {
    let (place, server) = (place(), objects::server().start());
    let missing = Isolation::Helper { program: "/not/there".into(), args: Vec::new() };
    let failure = as_documented(&server.url(), &place.path().join("a"), missing).expect_err("no helper");
    assert_eq!(failure.class, Class::Internal);
    assert!(failure.reason.contains("/not/there") && failure.advice.contains("run_helper"), "{failure}");
    let other = Isolation::Helper { program: "/bin/true".into(), args: Vec::new() };
    let result = as_documented(&server.url(), &place.path().join("b"), other);
    assert!(!result.is_ok_and(|(complete, _)| complete), "a helper that does nothing has gathered nothing");
    assert!(!left_in(place.path()).iter().any(|name| name == "a" || name == "b"));
}

#[derive(Default)]
struct Lines(Mutex<Vec<(String, &'static str, String)>>);

impl Observer for Lines {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        self.0.lock().expect("no panic").push((gatherer.into(), level.name(), text.into()));
    }
}

#[test]
fn an_observer_hears_what_is_logged() {
    let place = place();
    let from = cluster("http://127.0.0.1:1");
    let mut plan = Plan::new(from, Output::TarGz(place.path().join("out.tar.gz")), Isolation::InProcess);
    plan.add_file(programs::guest("hello")).expect("a module");
    let lines = Lines::default();
    let outcome = run(&plan, &lines).expect("a run");
    assert_eq!(outcome.output, Some(place.path().join("out.tar.gz")));
    assert_eq!(
        lines.0.into_inner().expect("no panic"),
        [("hello".into(), "info", "hello from a gatherer".into())]
    );
}

/// Keeps the gauges, and counts how often it was woken.
#[derive(Default)]
struct Watching {
    gauges: Mutex<Vec<(String, Arc<Gauge>)>>,
    woken: Arc<AtomicUsize>,
}

impl Observer for Watching {
    fn log(&self, _: &str, _: LogLevel, _: &str) {}

    fn watch(&self, gatherer: &str) -> Option<Arc<Gauge>> {
        let woken = self.woken.clone();
        let gauge = Arc::new(Gauge::new(move || _ = woken.fetch_add(1, Ordering::Relaxed)));
        self.gauges.lock().expect("no panic").push((gatherer.into(), gauge.clone()));
        Some(gauge)
    }
}

#[test]
fn an_observer_sees_how_far_gatherers_are() {
    let (place, server) = (place(), objects::server().on("/livez", Answer::silence()).start());
    let texts = tests::guest::Texts { resource: "/livez", ..Default::default() };
    let waits = tests::guest::piping("waits", &["path /livez"], &texts);
    let waits = tests::guest::write(place.path(), "waits", &waits);
    let from = cluster(&server.url());
    let mut plan = Plan::new(from, Output::Folder(place.path().join("out")), shipped_helper());
    plan.timeout = Duration::from_secs(2);
    for guest in [programs::guest("cluster-operators"), waits, programs::guest("hello")] {
        plan.add_file(guest).expect("a module");
    }
    let watching = Watching::default();
    let outcome = std::thread::scope(|scope| {
        let going_on = scope.spawn(|| run(&plan, &watching).expect("a run"));
        // While the server is silent, its gauge says that it is the server that is waited for.
        let begin = Instant::now();
        loop {
            let gauges = watching.gauges.lock().expect("no panic");
            let seen = gauges.get(1).map(|(_, gauge)| gauge.read());
            drop(gauges);
            if seen.is_some_and(|seen| seen.phase == Phase::Running && seen.awaits_server) {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "the gatherer was never seen to wait");
            std::thread::sleep(Duration::from_millis(1));
        }
        going_on.join().expect("no panic")
    });
    let gauges = watching.gauges.into_inner().expect("no panic");
    let names: Vec<&str> = gauges.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["cluster-operators", "waits", "hello"], "in the order of the plan");
    for ((_, gauge), gathered) in gauges.iter().zip(&outcome.report.gatherers) {
        let seen = gauge.read();
        assert!(seen.phase.has_ended() && !seen.awaits_server, "{seen:?}");
        assert_eq!(
            (seen.items, seen.requests, seen.bytes_received),
            (gathered.items, gathered.requests, gathered.bytes_received),
            "{seen:?}"
        );
    }
    let last: Vec<_> = gauges.iter().map(|(_, gauge)| (gauge.read().phase, gauge.read().doing)).collect();
    assert_eq!(last[0], (Phase::Complete, "list config.openshift.io/v1/clusteroperators".into()));
    assert_eq!(last[1], (Phase::Failed, "raw /livez".into()));
    assert_eq!(last[2], (Phase::Complete, String::new()));
    assert!((1..=3).contains(&watching.woken.load(Ordering::Relaxed)), "each gauge wakes once at most");
}

/// A source of the embedder's own: three operators from nowhere.
struct Made;

impl Source for Made {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        assert_eq!(call.path_and_query, format!("{}?limit=500", objects::CLUSTER_OPERATORS));
        let body = Box::new(std::io::Cursor::new(objects::list_text(3)));
        Ok(Response { status: 200, content_type: None, retry_after: None, body })
    }
    fn now_millis(&self) -> i64 {
        0
    }
    fn is_recording(&self) -> bool {
        true
    }
    fn describe(&self) -> String {
        "made up".into()
    }
}

#[test]
fn a_source_of_ones_own() {
    let place = place();
    let output = place.path().join("out");
    let mut plan = Plan::new(Input::Source(Arc::new(Made)), Output::Folder(output.clone()), shipped_helper());
    plan.add_file(programs::guest("cluster-operators")).expect("a module");
    assert!(run(&plan, &Silent).expect("a run").report.complete);
    let report = Archive::read(&output).report();
    assert_eq!((&report["source"], &report["time"]), (&"made up".into(), &"1970-01-01T00:00:00.000Z".into()));
}

/// All examples from a recording, with one engine.
fn replay(recording: &Path, output: &Path, engine: Engine, isolation: Isolation) -> Archive {
    let mut plan = Plan::new(Input::Recording(recording.into()), Output::Folder(output.into()), isolation);
    plan.engine = Some(engine);
    for name in programs::examples() {
        plan.add_file(programs::guest(&name)).expect("a module");
    }
    assert!(run(&plan, &Silent).expect("a run").report.complete);
    Archive::read(output)
}

#[test]
fn engines_give_the_same_archive() {
    assert_eq!(Engine::ALL.len(), 2, "this crate asks for both engines");
    let (place, server) = (place(), objects::server().start());
    let path = |name: &str| place.path().join(name);
    let mut plan = Plan::new(cluster(&server.url()), Output::Folder(path("live")), Isolation::InProcess);
    plan.record = Some(path("run.har"));
    for name in programs::examples() {
        plan.add_file(programs::guest(&name)).expect("a module");
    }
    assert!(run(&plan, &Silent).expect("a run").report.complete);
    let wasm3 = replay(&path("run.har"), &path("wasm3"), Engine::Wasm3, shipped_helper());
    let wasmi = replay(&path("run.har"), &path("wasmi"), Engine::Wasmi, Isolation::InProcess);
    let helped = replay(&path("run.har"), &path("helped"), Engine::Wasmi, own_helper());
    assert_eq!(wasm3.gathered(), Archive::read(path("live")).gathered());
    assert_eq!(wasm3.gathered(), helped.gathered());
    assert_eq!(wasmi.gathered(), helped.gathered());
    // The report says which engine ran a guest and how it was kept apart; all else is alike.
    let report = |archive: &Archive| {
        let mut report = archive.report();
        for part in report["gatherers"].as_array_mut().expect("gatherers") {
            let engine = part.as_object_mut().expect("an object").remove("engine").expect("an engine");
            assert_eq!(engine["reason"], "requested");
        }
        report
    };
    assert_eq!(report(&wasm3), report(&helped));
}

/// How a hostile guest ended under an engine.
fn end_of(hostile: &Hostile, engine: Engine, url: &str, output: &Path) -> End {
    let mut plan = Plan::new(cluster(url), Output::Folder(output.into()), own_helper());
    plan.engine = Some(engine);
    plan.timeout = Duration::from_secs(if hostile.end == End::Deadline { 1 } else { 30 });
    let module = tests::guest::write(output.parent().expect("a folder"), &hostile.name, &hostile.module);
    plan.add_file(module).expect("a module");
    for pair in hostile.options.chunks(2) {
        match &*pair[0] {
            "--memory" => plan.memory_bytes = if pair[1] == "1Mi" { 1 << 20 } else { 64 << 10 },
            "--param" => {
                plan.params.extend(pair[1].split_once('=').map(|(name, value)| (name.into(), value.into())))
            }
            other => panic!("{other} of {} is not known here", hostile.name),
        }
    }
    let Ok(outcome) = run(&plan, &Silent) else { return End::Refused };
    let Some(failure) = outcome.failures.first() else { return End::Returns(0) };
    let returned =
        failure.reason.strip_prefix("it returned ").map(|rest| rest.split(':').next().unwrap_or(rest));
    match (failure.class, returned.and_then(|code| code.parse().ok())) {
        (Class::Module, _) => End::Unusable,
        (_, Some(code)) => End::Returns(code),
        _ if failure.reason.starts_with("it was stopped at its deadline") => End::Deadline,
        _ => End::Traps,
    }
}

#[test]
fn hostile_guests_end_alike_under_both_engines() {
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod-1", "namespace": "shop"}});
    let server = objects::server()
        .on(
            "/version",
            Answer::json(&serde_json::json!({"major": "1", "minor": "34", "gitVersion": "v1.34.0"})),
        )
        .on("/api/v1/namespaces/shop/pods/pod-1", Answer::json(&pod))
        .on("/livez", Answer::silence())
        .start();
    let names = Hostile::names();
    let next = Mutex::new(names.iter());
    let wrong = Mutex::new(Vec::new());
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(name) = { next.lock().expect("no panic").next() } {
                    let hostile = Hostile::read(name);
                    for engine in Engine::ALL {
                        let place = place();
                        let end = end_of(&hostile, *engine, &server.url(), &place.path().join("out"));
                        let expected =
                            if *engine == Engine::Wasmi { hostile.end_in_wasmi } else { hostile.end };
                        if end != expected {
                            wrong
                                .lock()
                                .expect("no panic")
                                .push(format!("{name} under {}: {end:?}, not {expected:?}", engine.name()));
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(begin.elapsed() < Duration::from_secs(60), "it took {:?}", begin.elapsed());
}
