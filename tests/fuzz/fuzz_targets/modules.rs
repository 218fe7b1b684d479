//! Whole modules on the real path: a forked sandbox, the broker, a recording, an archive.
//!
//! Input: a byte that selects the kind of guest, then the data that it is made from. The sandbox is a fork, so
//! libFuzzer's coverage includes the broker, but not the sandbox. `FUZZ_MODULE=FILE` saves the module of a finding.
#![no_main]

use host_min::{Guest, Output, Plan, Silent, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use wagather_fuzz::guest::{script, smith};
use wagather_fuzz::input::Input;
use wagather_fuzz::process::{is_single_threaded, isolation, prepare};

/// A guest's time: most need a millisecond.
const TIMEOUT: Duration = Duration::from_millis(400);
/// What a machine that is busy may take beyond that.
const SLACK: Duration = Duration::from_secs(10);
/// Loops and calls of one of wasm-smith's modules.
const FUEL: u32 = 20_000;

libfuzzer_sys::fuzz_target!(init: prepare(), |data: &[u8]| -> libfuzzer_sys::Corpus {
    let mut input = Input::new(data);
    let kind = input.byte();
    let module = match kind {
        // Few may loop for ever, since each costs its deadline.
        0xff => smith(input.rest(), None),
        0x80.. => smith(input.rest(), Some(FUEL)),
        _ => Some(script(&mut input)),
    };
    let Some(module) = module else { return libfuzzer_sys::Corpus::Reject };
    if let Some(path) = std::env::var_os("FUZZ_MODULE") {
        std::fs::write(path, &module).expect("a module to look at");
    }
    gather(module);
    libfuzzer_sys::Corpus::Keep
});

/// A folder of this process's own, with the recording in it.
fn place() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let place = std::env::temp_dir().join(format!("wagather-fuzz-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place).expect("a folder for what is gathered");
        std::fs::write(place.join("answers.har"), include_str!("../answers.har")).expect("the recording");
        place
    })
}

fn gather(module: Vec<u8>) {
    let output = place().join("out");
    let mut plan = Plan::new(
        host_min::Input::Recording(place().join("answers.har")),
        Output::Folder(output.clone()),
        isolation(),
    );
    plan.guests.push(Guest { label: "fuzz.wasm".into(), module, signature: None });
    plan.timeout = TIMEOUT;
    plan.memory_bytes = 4 << 20;
    assert!(
        is_single_threaded(),
        "a fork needs a process with one thread: run this target with -rss_limit_mb=0, as .ci/fuzz does"
    );
    let begin = Instant::now();
    let outcome = run(&plan, &Silent).unwrap_or_else(|failure| panic!("the run failed: {failure}"));
    assert!(begin.elapsed() < TIMEOUT + SLACK, "beyond its deadline: {:?}", begin.elapsed());

    let report = &outcome.report.gatherers[0];
    let reason = report.reason.as_deref().unwrap_or_default();
    for broken in ["signal", "without a word", "no frame"] {
        assert!(!reason.contains(broken) || reason.contains("its deadline"), "the sandbox broke: {reason}");
    }
    // One with gaps is not complete, and has not failed either: its archive has its name.
    assert!(!outcome.report.complete || outcome.failures.is_empty());
    let folder = outcome.output.clone().expect("a folder");
    assert_eq!(folder == output, outcome.failures.is_empty(), "{}", folder.display());
    let written = std::fs::read(folder.join("wagather.json")).expect("a report");
    let written: Value = serde_json::from_slice(&written).expect("a report in JSON");
    assert_eq!(written["gatherers"][0]["name"], "fuzz");
    assert_eq!(written["gatherers"][0]["entries"], files(&folder).len() as u64);
    let audit = std::fs::read_to_string(folder.join("audit.jsonl")).expect("an audit");
    assert!(audit.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "an audit in JSON lines");
    std::fs::remove_dir_all(&folder).expect("a folder that can be removed");
}

/// The files that were gathered: none may lie outside of the folders that an archive has.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.parent() != Some(folder) {
                files.push(path);
            }
        }
    }
    for file in &files {
        let inner = file.strip_prefix(folder).expect("within");
        let known = ["fuzz", "cluster-scoped-resources", "namespaces"];
        assert!(known.iter().any(|top| inner.starts_with(top)), "{}", inner.display());
    }
    files
}
