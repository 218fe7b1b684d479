//! Hostile guests, each beside an honest one.
//!
//! Whatever the guest tries, it ends as its file says, within its deadline; the broker stays alive and reports it;
//! the exit code is that of the class; and the run's other gatherer has all of its files. Elsewhere: what a fault in
//! the engine could do beyond that, which the sandbox's process contains.

mod generated;
mod time;

use std::time::Duration;
use tests::archive::Archive;
use tests::host::{Done, Host, incomplete, left_in};
use tests::hostile::{End, Hostile};
use tests::server::{Answer, Running};
use tests::{guest, objects, programs};

/// Time for the guests that never end; the honest one needs a hundredth of it.
const DEADLINE: Duration = Duration::from_secs(3);

/// What starting a process and writing an archive may take on a busy machine.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn server() -> Running {
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod-1", "namespace": "shop"}});
    objects::server()
        .on(
            "/version",
            Answer::json(&serde_json::json!({"major": "1", "minor": "34", "gitVersion": "v1.34.0"})),
        )
        .on("/api/v1/namespaces/shop/pods/pod-1", Answer::json(&pod))
        .on("/livez", Answer::silence())
        .start()
}

/// Runs a hostile guest beside an honest one, and checks all that a file says of itself.
pub(crate) fn run(hostile: &Hostile) -> (Done, Option<Archive>) {
    run_with(hostile, &server())
}

fn run_with(hostile: &Hostile, server: &Running) -> (Done, Option<Archive>) {
    let place = tests::place();
    let module = guest::write(place.path(), &hostile.name, &hostile.module);
    let output = place.path().join("out");
    let done = Host::run_all([module, programs::guest("cluster-operators")])
        .server(&server.url())
        .output(&output)
        .timeout(&format!("{}ms", DEADLINE.as_millis()))
        .args(&hostile.options)
        .wait();
    done.expect_code(hostile.end.exit_code());
    assert!(done.elapsed < DEADLINE + GRACE, "it took {:?}", done.elapsed);
    assert!(done.stderr.contains(&hostile.says), "it did not say '{}' but:\n{}", hostile.says, done.stderr);
    assert!(done.stderr.len() < 1 << 20, "it said {} bytes", done.stderr.len());
    if hostile.sends_nothing {
        let foreign = server.seen().into_iter().filter(|seen| seen.path != objects::CLUSTER_OPERATORS);
        assert_eq!(foreign.collect::<Vec<_>>(), [], "requests that should not have been sent");
    }
    let mut left = left_in(place.path());
    left.retain(|name| !name.ends_with(".wasm"));
    let place_of_archive = match hostile.end {
        End::Refused => {
            assert!(left.is_empty(), "a run that was refused left {left:?}");
            return (done, None);
        }
        End::Returns(0) => output,
        _ => incomplete(&output),
    };
    assert_eq!(left.len(), 1, "more than an archive is left: {left:?}");
    let archive = Archive::read(place_of_archive);
    let neighbours = neighbour_is_unharmed(&archive);
    let part = archive.gatherer(&hostile.name);
    let status = if hostile.end == End::Returns(0) { "complete" } else { "failed" };
    assert_eq!(part["status"], status, "{part:#}");
    assert_eq!(archive.report()["complete"], hostile.end == End::Returns(0));
    // Whatever it wrote is below its own folder or where resources go.
    for path in archive.paths().into_iter().filter(|path| !neighbours.iter().any(|other| other == path)) {
        let first = path.split('/').next().unwrap_or_default();
        let places =
            [&*hostile.name, "namespaces", "cluster-scoped-resources", "wagather.json", "audit.jsonl"];
        assert!(places.contains(&first), "{path} is where no gatherer may write");
    }
    (done, Some(archive))
}

/// Checks that the honest gatherer has all of its files, each with all that it read; these are their paths.
pub(crate) fn neighbour_is_unharmed(archive: &Archive) -> [String; 3] {
    let part = archive.gatherer("cluster-operators");
    assert_eq!(part["status"], "complete", "the other gatherer was harmed: {part:#}");
    assert_eq!(part["entries"], 3);
    [0, 1, 2].map(|number| {
        let usual =
            format!("cluster-scoped-resources/config.openshift.io/clusteroperators/operator-{number}.json");
        // Where it goes if a gatherer before it has piped the same.
        let moved = format!("cluster-operators/{usual}");
        let path = if archive.paths().contains(&&*moved) { moved } else { usual };
        let mut whole = objects::cluster_operator(number);
        whole["metadata"].as_object_mut().expect("an object").remove("managedFields");
        assert_eq!(archive.json(&path), whole, "{path} is not what the other gatherer read");
        path
    })
}

macro_rules! guests {
    ($($test:ident: $name:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            run(&Hostile::read($name));
        })*

        #[test]
        fn every_file_is_run() {
            let mut run = [$($name),*].to_vec();
            run.extend(CLOSER_LOOK);
            run.sort_unstable();
            assert_eq!(run, Hostile::names(), "tests/tests/hostile and tests/hostile/*.wat differ");
        }
    };
}

/// Those that have a test of their own below.
const CLOSER_LOOK: [&str; 7] = [
    "entries-never-closed",
    "entry-names",
    "log-flood",
    "memory-bomb",
    "pipes-less",
    "selector-injection",
    "starves-others",
];

guests! {
    abort_beyond: "abort-beyond",
    abort_tricks: "abort-tricks",
    any_tricks: "any-tricks",
    archive_flood: "archive-flood",
    big_table: "big-table",
    data_out_of_bounds: "data-out-of-bounds",
    data_wrapping: "data-wrapping",
    division: "division",
    dumps_everything: "dumps-everything",
    elements_out_of_bounds: "elements-out-of-bounds",
    elements_wrapping: "elements-wrapping",
    gather_is_an_import: "gather-is-an-import",
    gather_is_no_function: "gather-is-no-function",
    gather_of_another_type: "gather-of-another-type",
    handle_flood: "handle-flood",
    hides_tricks: "hides-tricks",
    huge_lengths: "huge-lengths",
    import_abort: "import-abort",
    import_memory: "import-memory",
    import_no_function: "import-no-function",
    import_other_type: "import-other-type",
    import_twice: "import-twice",
    import_heap: "import-heap",
    import_unknown: "import-unknown",
    ignores_statuses: "ignores-statuses",
    import_v2: "import-v2",
    import_wasi: "import-wasi",
    in_flight: "in-flight",
    indirect_call: "indirect-call",
    indirect_call_of_nothing: "indirect-call-of-nothing",
    load_out_of_bounds: "load-out-of-bounds",
    loop_for_ever: "loop",
    loop_with_calls: "loop-with-calls",
    manifest_malformed: "manifest-malformed",
    manifest_missing: "manifest-missing",
    manifest_name: "manifest-name",
    manifest_of_another_abi: "manifest-of-another-abi",
    manifest_of_bytes: "manifest-of-bytes",
    manifest_escapes: "manifest-escapes",
    manifest_path_tricks: "manifest-path-tricks",
    manifest_reserved: "manifest-reserved",
    manifest_reserved_too: "manifest-reserved-too",
    manifest_resource_tricks: "manifest-resource-tricks",
    manifest_two_names: "manifest-two-names",
    manifest_unended: "manifest-unended",
    manifest_twice: "manifest-twice",
    memory_copy_out_of_bounds: "memory-copy-out-of-bounds",
    memory_fill_wraps: "memory-fill-wraps",
    memory_bomb_unlimited: "memory-bomb-unlimited",
    memory_too_large: "memory-too-large",
    no_gather: "no-gather",
    no_memory: "no-memory",
    outside_grant: "outside-grant",
    params: "params",
    path_tricks: "path-tricks",
    query_tricks: "query-tricks",
    raw_path_tricks: "raw-path-tricks",
    recursion: "recursion",
    recursion_indirect: "recursion-indirect",
    recursion_narrow: "recursion-narrow",
    reentrancy: "reentrancy",
    returns_a_number: "returns-a-number",
    returns_a_status: "returns-a-status",
    stale_handles: "stale-handles",
    start_calls: "start-calls",
    start_loops: "start-loops",
    start_traps: "start-traps",
    store_out_of_bounds: "store-out-of-bounds",
    table_too_large: "table-too-large",
    too_many_sizes: "too-many-sizes",
    undeclared: "undeclared",
    unreachable_instruction: "unreachable",
    wasi_floods: "wasi-floods",
    wasi_iovecs: "wasi-iovecs",
    wasi_other_type: "wasi-other-type",
    wasi_pointers: "wasi-pointers",
    wasi_sleeps: "wasi-sleeps",
    wasm3_elements: "wasm3-elements",
    wasm3_grow_wraps: "wasm3-grow-wraps",
    wasm3_memory_size: "wasm3-memory-size",
    shape_tricks: "shape-tricks",
    wild_pointers: "wild-pointers",
    wrong_mode: "wrong-mode",
}

#[test]
fn every_import_is_attacked() {
    let all: Vec<Hostile> = Hostile::names().iter().map(|name| Hostile::read(name)).collect();
    for row in wagather_abi::IMPORTS {
        let attacker = all.iter().find(|hostile| hostile.attacks.iter().any(|import| import == row.name));
        assert!(attacker.is_some(), "no file of tests/hostile says that it attacks {}", row.name);
    }
    for hostile in &all {
        for import in hostile.attacks.iter().filter(|import| *import != "none") {
            let text = tests::workspace::read(&format!("tests/hostile/{}.wat", hostile.name));
            assert!(
                text.contains(&format!("\"{import}\"")),
                "{} says that it attacks {import}, but does not import it",
                hostile.name
            );
        }
        assert!(!hostile.attacks.is_empty(), "{} does not say what it attacks", hostile.name);
    }
}

#[test]
fn memory_is_reported_as_it_grew() {
    let (_, archive) = run(&Hostile::read("memory-bomb"));
    let archive = archive.expect("an archive");
    assert_eq!(archive.gatherer("memory-bomb")["memoryBytes"], 1 << 20);
}

#[test]
fn an_entry_that_was_never_closed_is_no_file() {
    let (_, archive) = run(&Hostile::read("entries-never-closed"));
    let archive = archive.expect("an archive");
    assert_eq!(archive.bytes("entries-never-closed/closed"), b"closed");
    assert_eq!(archive.paths().iter().filter(|path| path.starts_with("entries-never-closed/")).count(), 1);
}

#[test]
fn entries_lie_in_their_folder() {
    let (_, archive) = run(&Hostile::read("entry-names"));
    let archive = archive.expect("an archive");
    let own: Vec<_> = archive
        .paths()
        .into_iter()
        .filter(|path| path.starts_with("entry-names"))
        .map(str::to_owned)
        .collect();
    assert_eq!(own, ["entry-names/a"]);
}

#[test]
fn a_flood_of_log_lines_stays_in_its_banks() {
    let (done, archive) = run(&Hostile::read("log-flood"));
    assert!(done.stderr.lines().count() < 1100, "{} lines", done.stderr.lines().count());
    assert!(!done.stderr.contains('\x1b') && !done.stderr.contains('\u{9b}'), "a terminal would obey");
    let part = archive.expect("an archive").gatherer("log-flood");
    let lines = |field: &str| part[field].as_array().map_or(0, Vec::len);
    assert!(
        lines("warnings") <= 101 && lines("errors") <= 101,
        "{} and {}",
        lines("warnings"),
        lines("errors")
    );
}

/// What is in a selector stays in it: the server gets the parameters that the host sends, and no other.
#[test]
fn a_selector_is_one_parameter() {
    let server = server();
    run_with(&Hostile::read("selector-injection"), &server);
    let seen = server.seen().into_iter().find(|seen| seen.path == objects::PODS).expect("a request");
    let selector = "a=b&watch=true#?/../%26limit=1+ ".to_owned();
    let sent =
        [("limit", "500".to_owned()), ("labelSelector", selector.clone()), ("fieldSelector", selector)];
    assert_eq!(seen.query, sent.map(|(name, value)| (name.to_owned(), value)));
}

/// What one gatherer pipes with a narrow mask must not take the place of what another one pipes whole, whichever is
/// first on the command line; nor is anything of the first one's lost.
#[test]
fn a_narrow_pipe_takes_nothing_from_another_gatherer() {
    let (hostile, server) = (Hostile::read("pipes-less"), server());
    let folder = "cluster-scoped-resources/config.openshift.io/clusteroperators";
    for output in ["out", "out.tar.gz"] {
        for (order, moved) in
            [(["pipes-less", "cluster-operators"], 1), (["cluster-operators", "pipes-less"], 0)]
        {
            let place = tests::place();
            let module = |name| match name {
                "pipes-less" => guest::write(place.path(), name, &hostile.module),
                _ => programs::guest(name),
            };
            let output = place.path().join(output);
            let done = Host::run_all(order.map(module)).server(&server.url()).output(&output).wait();
            done.expect_code(0);
            let archive = Archive::read(&output);
            let (first, second) = (order[0], order[1]);
            let neighbours = neighbour_is_unharmed(&archive);
            let prefix = format!("cluster-operators/{folder}/");
            assert_eq!(neighbours.iter().filter(|path| path.starts_with(&prefix)).count(), 3 * moved);
            // The narrow ones are all there too, and nothing else is.
            let prefix = if first == "pipes-less" { String::new() } else { "pipes-less/".to_owned() };
            for number in 0..3 {
                let name = format!("operator-{number}");
                let object = archive.json(&format!("{prefix}{folder}/{name}.json"));
                assert_eq!(object["metadata"], serde_json::json!({"name": name}));
                assert_eq!(object["status"], serde_json::Value::Null);
            }
            assert_eq!(archive.gathered().len(), 6);
            // The report says so, in one line, of the gatherer whose files are elsewhere.
            assert_eq!(archive.gatherer("pipes-less")["entries"], 3);
            assert_eq!(archive.gatherer(first)["warnings"], serde_json::json!([]));
            let line = format!(
                "3 files are below {second}/cluster-scoped-resources, because an earlier gatherer has the same path below cluster-scoped-resources"
            );
            assert_eq!(archive.gatherer(second)["warnings"], serde_json::json!([line]));
            assert!(done.stderr.contains(&line), "{}", done.stderr);
        }
    }
}

/// A gatherer whose own entry is where its piped files would go has only itself to blame, and is told.
#[test]
fn a_file_that_its_own_gatherer_is_in_the_way_of_is_an_error() {
    let fields = r#"
        (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
        (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
        (import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
        (import "wagather_v1" "archive_close" (func $archive_close (param i32) (result i32)))
        (data (i32.const 256) "v1" "clusteroperators" "config.openshift.io" "cluster-scoped-resources")
        (data (i32.const 0) "\02\00\00\00" "\00\00\00\00" "\00\01\00\00" "\02\00\00\00" "\02\01\00\00" "\10\00\00\00" "\12\01\00\00" "\13\00\00\00")
        (func (export "gather") (result i32)
            (if (call $archive_close (call $archive_open (i32.const 293) (i32.const 24))) (then unreachable))
            (i32.ne (call $archive_pipe (call $rest_start (i32.const 0)) (i32.const 0) (i32.const 0)) (i32.const 3)))"#;
    let place = tests::place();
    let records = ["resource list config.openshift.io/v1/clusteroperators * *"];
    let module = guest::module("in-its-way", &records, fields);
    let output = place.path().join("out.tar.gz");
    let modules = [programs::guest("cluster-operators"), guest::write(place.path(), "in-its-way", &module)];
    let done = Host::run_all(modules).server(&server().url()).output(&output).wait();
    done.expect_code(0);
    let archive = Archive::read(&output);
    neighbour_is_unharmed(&archive);
    let part = archive.gatherer("in-its-way");
    assert_eq!((&part["entries"], &part["bytesArchived"]), (&1.into(), &0.into()));
    assert_eq!(archive.bytes("in-its-way/cluster-scoped-resources"), b"");
    let errors = part["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), 1, "{errors:?}");
    let error = errors[0].as_str().expect("text");
    assert!(error.starts_with("3 files are left out, first cluster-scoped-resources/"), "{error}");
}
