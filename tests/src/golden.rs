//! Golden files: a program's output in `tests/golden/`, so a review shows changes.
//!
//! `BLESS=1 cargo test -p tests` rewrites them. Values that differ between runs (ports, temporary folders, durations)
//! are replaced by words in capital letters before the comparison.

use crate::workspace;
use std::fmt::Write as _;

/// Compares a text with the golden file of that name.
pub fn check(name: &str, actual: &str) {
    let path = workspace::root().join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, actual)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected != actual {
        panic!(
            "{name} differs from tests/golden/{name}; BLESS=1 writes it anew\n{}",
            difference(&expected, actual)
        );
    }
}

/// The lines that differ, with a mark for the side that they are on.
fn difference(expected: &str, actual: &str) -> String {
    let (mut expected, mut actual) = (expected.lines(), actual.lines());
    let mut text = String::new();
    loop {
        match (expected.next(), actual.next()) {
            (None, None) => return text,
            (left, right) if left == right => {}
            (left, right) => {
                for (mark, line) in [('-', left), ('+', right)] {
                    if let Some(line) = line {
                        let _ = writeln!(text, "{mark} {line}");
                    }
                }
            }
        }
    }
}

/// Replaces what differs from run to run. `names` are texts and the words for them, such as a temporary folder and `DIR`.
pub fn normalise(text: &str, names: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (from, to) in names {
        text = text.replace(from, to);
    }
    // The C libraries have different words for one error.
    text = text.replace("Filename too long", "File name too long");
    text = after(&text, "127.0.0.1:", "PORT", |c| c.is_ascii_digit());
    // How much was read by then depends on how the pieces arrived.
    text = after(&text, "limit for one object at byte ", "SOME", |c| c.is_ascii_digit());
    // A deadline is that of the gatherer, which began a little earlier.
    text = after(&text, "response in time: ", "SOME", |c| c.is_ascii_digit() || c == '.');
    let temporary = format!("{}/.tmp", std::env::temp_dir().display());
    text = after(&text, &temporary, "", |c| c.is_ascii_alphanumeric()).replace(&temporary, "DIR");
    durations(&text)
}

/// Replaces the run of characters after each occurrence of a text.
fn after(text: &str, mark: &str, word: &str, run: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        let (before, found) = rest.split_at(at + mark.len());
        out.push_str(before);
        let tail = found.trim_start_matches(&run);
        if tail.len() != found.len() {
            out.push_str(word);
        }
        rest = tail;
    }
    out + rest
}

/// Replaces `12.3 ms` by `TIME`.
fn durations(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(" ms") {
        let (before, tail) = rest.split_at(at);
        let number = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        if number.len() == before.len() {
            out.push_str(before);
            out.push_str(" ms");
        } else {
            out.push_str(number);
            out.push_str("TIME");
        }
        rest = &tail[" ms".len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_replaced() {
        let text = "http://127.0.0.1:4711/x took 1.25 ms in /tmp/a; ports: 127.0.0.1: and ms";
        let expected = "http://127.0.0.1:PORT/x took TIME in DIR; ports: 127.0.0.1: and ms";
        assert_eq!(normalise(text, &[("/tmp/a", "DIR")]), expected);
    }
}
