//! Guests that do what no honest gatherer does, each beside an honest one.
//!
//! Whatever the guest tries, it ends as its file says, within its deadline; the broker stays alive and says so; the exit code
//! is that of the class; and the other gatherer of the run has all of its files. Not here: what a fault in the engine
//! could do beyond that; the sandbox's process is what contains it.

use std::time::Duration;
use tests::archive::Archive;
use tests::host::{Done, Host, incomplete, left_in};
use tests::hostile::{End, Hostile};
use tests::server::{Answer, Running};
use tests::{guest, objects, programs};

/// Time for the guests that never end; the honest one needs a hundredth of it.
const DEADLINE: Duration = Duration::from_secs(2);

/// What starting a process and writing an archive may take on a busy machine.
const GRACE: Duration = Duration::from_secs(10);

fn server() -> Running {
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
fn run(hostile: &Hostile) -> (Done, Option<Archive>) {
    let (place, server) = (tests::place(), server());
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
    neighbour_is_unharmed(&archive);
    let part = archive.gatherer(&hostile.name);
    let status = if hostile.end == End::Returns(0) { "complete" } else { "failed" };
    assert_eq!(part["status"], status, "{part:#}");
    assert_eq!(archive.report()["complete"], hostile.end == End::Returns(0));
    // Whatever it wrote is below its own folder or where resources go.
    for path in archive.paths() {
        let first = path.split('/').next().unwrap_or_default();
        let places = [&*hostile.name, "namespaces", "cluster-scoped-resources", "wagather.json"];
        assert!(places.contains(&first), "{path} is where no gatherer may write");
    }
    (done, Some(archive))
}

fn neighbour_is_unharmed(archive: &Archive) {
    let part = archive.gatherer("cluster-operators");
    assert_eq!(part["status"], "complete", "the other gatherer was harmed: {part:#}");
    assert_eq!(part["entries"], 3);
    for number in 0..3 {
        archive.bytes(&format!(
            "cluster-scoped-resources/config.openshift.io/clusteroperators/operator-{number}.json"
        ));
    }
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
            assert_eq!(run, Hostile::names(), "tests/hostile.rs and tests/hostile/*.wat differ");
        }
    };
}

/// Those that have a test of their own below.
const CLOSER_LOOK: [&str; 4] = ["entries-never-closed", "entry-names", "log-flood", "memory-bomb"];

guests! {
    big_table: "big-table",
    data_out_of_bounds: "data-out-of-bounds",
    data_wrapping: "data-wrapping",
    division: "division",
    elements_out_of_bounds: "elements-out-of-bounds",
    elements_wrapping: "elements-wrapping",
    gather_is_an_import: "gather-is-an-import",
    gather_is_no_function: "gather-is-no-function",
    gather_of_another_type: "gather-of-another-type",
    handle_flood: "handle-flood",
    huge_lengths: "huge-lengths",
    import_memory: "import-memory",
    import_no_function: "import-no-function",
    import_other_type: "import-other-type",
    import_twice: "import-twice",
    import_unknown: "import-unknown",
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
    manifest_twice: "manifest-twice",
    memory_bomb_unlimited: "memory-bomb-unlimited",
    memory_too_large: "memory-too-large",
    no_gather: "no-gather",
    no_memory: "no-memory",
    params: "params",
    path_tricks: "path-tricks",
    recursion: "recursion",
    recursion_indirect: "recursion-indirect",
    recursion_narrow: "recursion-narrow",
    returns_a_number: "returns-a-number",
    returns_a_status: "returns-a-status",
    stale_handles: "stale-handles",
    start_calls: "start-calls",
    start_loops: "start-loops",
    start_traps: "start-traps",
    store_out_of_bounds: "store-out-of-bounds",
    undeclared: "undeclared",
    unreachable_instruction: "unreachable",
    wasm3_elements: "wasm3-elements",
    wasm3_grow_wraps: "wasm3-grow-wraps",
    wasm3_memory_size: "wasm3-memory-size",
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

/// A guest of the given fields that must end like that.
fn made(name: &str, end: End, says: &str, fields: &str) -> Hostile {
    let module = guest::module(name, &[], fields);
    let name = name.to_owned();
    Hostile { name, end, says: says.into(), module, attacks: vec![], options: vec![], sends_nothing: true }
}

#[test]
fn ten_thousand_functions() {
    let mut fields = String::new();
    for number in 0..10_000 {
        fields += &format!(
            "(func $f{number} (param i32) (result i32) (i32.add (local.get 0) (i32.const {number})))\n"
        );
    }
    fields +=
        "(func (export \"gather\") (result i32) (i32.ne (call $f9999 (i32.const 1)) (i32.const 10000)))";
    run(&made("ten-thousand-functions", End::Returns(0), "", &fields));
}

#[test]
fn a_branch_table_of_sixty_thousand_ways() {
    let ways = "0 1 ".repeat(30_000);
    let fields = format!(
        "(func (export \"gather\") (result i32) (block (block (br_table {ways} 1 (i32.const 59999)))) (i32.const 0))"
    );
    run(&made("branch-table", End::Returns(0), "", &fields));
}

/// Deeper than any compiler nests, and deep enough to exhaust the stack of an engine that follows the blocks by calling
/// itself: validation lets it through, so it is the sandbox that must hold.
#[test]
fn blocks_in_blocks_do_not_reach_the_broker() {
    let (place, server) = (tests::place(), server());
    let module = guest::with_manifest(nested(200_000), b"gatherer 1 nested 0\n");
    let module = guest::write(place.path(), "nested", &module);
    let output = place.path().join("out");
    let done = Host::run_all([module, programs::guest("cluster-operators")])
        .server(&server.url())
        .output(&output)
        .wait();
    let code = done.code();
    assert!([0, 3, 7].contains(&code), "{}", done.stderr);
    neighbour_is_unharmed(&Archive::read(if code == 0 { output } else { incomplete(&output) }));
}

/// A module whose `gather` is so many blocks within each other, in binary: text of that depth no parser reads.
fn nested(depth: usize) -> Vec<u8> {
    let mut body = vec![0];
    body.extend([0x02, 0x40].repeat(depth));
    body.extend([0x0b].repeat(depth));
    body.extend([0x41, 0, 0x0b]);
    let mut module = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x05\x03\x01\0\x01".to_vec();
    module.extend(b"\x07\x13\x02\x06gather\0\0\x06memory\x02\0");
    let leb = |mut value: usize| {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    let code = [vec![1], leb(body.len()), body].concat();
    [module, vec![10], leb(code.len()), code].concat()
}

#[test]
fn calls_within_calls_that_no_compiler_has_room_for() {
    let calls = 4_000;
    let fields = format!(
        "(func $f (param i32) (result i32) (local.get 0))
         (func (export \"gather\") (result i32) {}(i32.const 0){})",
        "(call $f ".repeat(calls),
        ")".repeat(calls)
    );
    run(&made("calls-within-calls", End::Unusable, "function 1 of it is too large", &fields));
}

#[test]
fn as_many_locals_as_a_function_may_have() {
    let locals = "i64 ".repeat(49_000);
    let fields =
        format!("(func (export \"gather\") (result i32) (local {locals}) (i32.wrap_i64 (local.get 48999)))");
    let hostile = made("locals", End::Traps, "", &fields);
    let (place, server) = (tests::place(), server());
    let module = guest::write(place.path(), "locals", &hostile.module);
    let output = place.path().join("out");
    let done = Host::run_all([module, programs::guest("cluster-operators")])
        .server(&server.url())
        .output(&output)
        .wait();
    let code = done.code();
    assert!([0, 3, 7].contains(&code), "{}", done.stderr);
    neighbour_is_unharmed(&Archive::read(if code == 0 { output } else { incomplete(&output) }));
}

#[test]
fn a_manifest_that_is_too_long() {
    let lines = "resource list /v1/pods * *\n".repeat(3000);
    let module =
        guest::with_manifest(guest::from_wat("(module)"), format!("gatherer 1 long 0\n{lines}").as_bytes());
    let hostile = made("long", End::Refused, "its manifest has 81018 bytes; 65536 is the most", "");
    run(&Hostile { module, ..hostile });
}
