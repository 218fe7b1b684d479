//! The conformance kit is complete: it has an expected result for exactly the tasks that its README defines.

use std::collections::BTreeSet;
use tests::conformance::{FOLDER, difference, tasks};
use tests::workspace;

#[test]
fn each_task_has_its_expectation() {
    let defined: Vec<String> = tasks().into_iter().map(|(name, _)| name).collect();
    let files = workspace::folder(&format!("{FOLDER}/expected"));
    let expected: BTreeSet<String> = files
        .iter()
        .map(|file| file.file_stem().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    assert_eq!(defined.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(defined.len(), expected.len(), "a task is defined twice");
    for task in &defined {
        let text = workspace::read(&format!("{FOLDER}/expected/{task}.txt"));
        assert!(text.starts_with("exit ") && text.contains("answers.txt\n"), "{task}: {text}");
    }
}

#[test]
fn a_difference_is_told() {
    assert_eq!(difference("a\nb\n", "a\nc\n"), "line 2 is\n      b\n    but should be\n      c");
    assert_eq!(difference("a\nb\n", "a\n"), "line 2 is too much:\n      b");
    assert_eq!(difference("a\n", "a\nb\n"), "after 1 lines this is missing:\n      b");
    assert_eq!(difference("a", "a\n"), "the ends of the last lines differ");
}
