//! size-report: any file, with every analysis, and a comparison with a changed copy.
//!
//! Input: the file.
#![no_main]

use size_report::{
    By, Report, View,
    analyses::{
        Analysis,
        at_rest::AtRest,
        diff::{Change, Diff},
        fingerprint,
        names::Names,
        snapshot::Snapshot,
        table::Table,
        views,
        why::Why,
    },
    emit,
    module::Module,
};
use std::collections::HashSet;

const VIEWS: [By; 9] = [
    By::Section,
    By::Function,
    By::Crate,
    By::Generic,
    By::Kind,
    By::Toolchain,
    By::Import,
    By::Data,
    By::Dominator,
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(module) = parse(data) else { return };
    let analysis = Analysis::of(&module, Names::of(&module));
    let (table, trees) = (table(&analysis), trees(&analysis));
    let why = why(&analysis, sum(data));
    let snapshot = Snapshot::of(&analysis);
    // Compression and text take longer than all else: for one file in eight.
    if sum(data).is_multiple_of(8) {
        written(&report(&module, table, trees), &why);
        let text = serde_json::to_string(&snapshot).expect("a snapshot");
        assert_eq!(serde_json::from_str::<Snapshot>(&text).expect("what was written"), snapshot);
    }
    compare(&snapshot, &snapshot);
    assert_eq!(Diff::of(&snapshot, &snapshot).changes, Vec::<Change>::new());
    compare(&snapshot, &Snapshot { bytes: 0, items: Vec::new() });

    let copy = copy(data);
    let Some(other) = parse(&copy) else { return };
    compare(&snapshot, &Snapshot::of(&Analysis::of(&other, Names::of(&other))));
    let (mut ours, mut theirs) = (HashSet::new(), HashSet::new());
    for (function, partner, _) in fingerprint::matches(&module, &other) {
        assert!((function as usize) < module.functions.len() && ours.insert(function));
        assert!((partner as usize) < other.functions.len() && theirs.insert(partner));
    }
});

/// An error names a place in the file, on one line.
fn parse(data: &[u8]) -> Option<Module<'_>> {
    let is_told = |place: u64, reason: &str| {
        assert!(place <= data.len() as u64, "byte {place} of {}: {reason}", data.len());
        assert!(!reason.is_empty() && !reason.contains('\n'), "{reason:?}");
    };
    match Module::parse(data) {
        Ok(module) => {
            if let Err(broken) = Module::validate(data) {
                is_told(broken.offset, &broken.reason);
            }
            Some(module)
        }
        Err(malformed) => {
            is_told(malformed.offset, &malformed.reason);
            None
        }
    }
}

/// The table has each byte once.
fn table(analysis: &Analysis<'_>) -> Table {
    let table = Table::new(analysis.module, &analysis.names);
    let mut at = 0;
    for row in &table.rows {
        assert!(row.offset == at && row.bytes > 0, "{row:?} does not begin at {at}");
        at += row.bytes;
    }
    assert_eq!(at, analysis.module.bytes.len());
    table
}

/// So has every view.
fn trees(analysis: &Analysis<'_>) -> Vec<View> {
    let bytes = analysis.module.bytes.len() as u64;
    let views = VIEWS.into_iter().map(|by| {
        let tree = views::view(analysis, by);
        assert!(tree.adds_up_to(bytes), "{by:?} has {} of {bytes} bytes", tree.bytes);
        View { by, tree }
    });
    views.collect()
}

/// What [`Report::of_module`] makes, without its thread.
fn report(module: &Module<'_>, table: Table, views: Vec<View>) -> Report {
    let bytes = module.bytes.len();
    let at_rest = AtRest::of(module);
    assert_eq!((at_rest.imported_functions + at_rest.defined_functions) as usize, module.functions.len());
    assert_eq!(at_rest.base64_bytes, bytes.div_ceil(3) as u64 * 4);
    assert!(at_rest.data_bytes <= bytes as u64);
    Report {
        file: "module.wasm".into(),
        bytes,
        invalid: Module::validate(module.bytes).err().map(|broken| broken.to_string()),
        unreadable_functions: 0,
        table,
        at_rest,
        views,
    }
}

/// A function's dominated bytes are those that cannot be reached without it.
fn why(analysis: &Analysis<'_>, sum: u32) -> Vec<Why> {
    let graph = &analysis.graph;
    let functions = analysis.module.functions.len() as u32;
    let mut answers = Vec::from_iter(Why::of(analysis, "*"));
    if functions > 0 {
        let index = sum % functions;
        let why = Why::of(analysis, &index.to_string()).expect("a function");
        let node = graph.function(index);
        if graph.is_reachable(node) {
            assert_eq!(graph.retained[node as usize], graph.retained_by(|gone| gone == node));
            assert!(why.path.is_some());
        } else {
            assert_eq!((&why.path, why.retained), (&None, 0));
        }
        answers.push(why);
    }
    answers
}

/// The differences add up to that of the files, also seen from the other side.
fn compare(before: &Snapshot, after: &Snapshot) {
    for snapshot in [before, after] {
        assert_eq!(snapshot.items.iter().map(|item| item.bytes).sum::<u64>(), snapshot.bytes);
    }
    for (before, after) in [(before, after), (after, before)] {
        let diff = Diff::of(before, after);
        let difference = after.bytes as i64 - before.bytes as i64;
        assert_eq!(diff.changes.iter().map(Change::difference).sum::<i64>(), difference);
        assert_eq!(diff.reasons.iter().map(|reason| reason.bytes).sum::<i64>(), difference);
    }
}

/// What is written obeys nobody's control characters, and JSON is JSON.
fn written(report: &Report, why: &[Why]) {
    let mut text = Vec::new();
    let limits = emit::text::Limits { top: 25, depth: 3 };
    let with_views = std::slice::from_ref(report);
    emit::text::write(with_views, limits, &mut text).expect("text");
    emit::markdown::reports(with_views, 25, &mut text).expect("Markdown");
    for why in why {
        emit::text::why(why, 10, &mut text).expect("text");
    }
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    let json = serde_json::to_vec(report).expect("JSON");
    serde_json::from_slice::<serde_json::Value>(&json).expect("JSON");
}

/// The file with one byte changed, and with a custom section more: as a rule still a module.
fn copy(data: &[u8]) -> Vec<u8> {
    let mut copy = data.to_vec();
    let sum = sum(data);
    let at = 8 + sum as usize % (data.len() - 7);
    if let Some(byte) = copy.get_mut(at) {
        *byte = byte.wrapping_add((sum >> 24) as u8);
    }
    copy.extend(*b"\0\x04\x03new");
    copy
}

/// A number that depends on all of the input.
fn sum(data: &[u8]) -> u32 {
    data.iter().fold(0x811c_9dc5, |sum: u32, &byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
