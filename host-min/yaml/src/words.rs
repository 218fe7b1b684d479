//! What is wrong with a text that is no YAML, in words that say what to do.
//!
//! The parser tells what it was doing and what it did not find. Its texts are known one by one here, by what they say; of one that is
//! not known, the place is told, which is most of what helps.

use crate::Place;
use saphyr_parser::Marker;

/// A place that the parser tells. The end of a text is on its last line, where there is something to see.
pub(crate) fn place(text: &str, marker: &Marker) -> Place {
    let (line, column) = (marker.line().max(1), marker.col() + 1);
    let (last, end) = text.trim_end().lines().enumerate().last().unwrap_or((0, ""));
    match line > last + 1 {
        true => Place { line: last + 1, column: end.chars().count() + 1 },
        false => Place { line, column },
    }
}

/// What to say for what the parser says.
pub(crate) fn plain(told: &str) -> &'static str {
    let known = KNOWN.iter().find(|(part, _)| told.contains(part));
    known.map_or(
        "this is not YAML: check indentation, quotes and brackets here and on the line before",
        |(_, words)| words,
    )
}

/// A part of what the parser says, and what it means. The first that fits counts.
const KNOWN: &[(&str, &str)] = &[
    // Tabs.
    ("tab cannot be used as indentation", TAB),
    ("tabs disallowed", TAB),
    ("cannot start with a tab", TAB),
    ("found a tab", TAB),
    // Texts in quotes.
    (
        "quoted scalar, found unexpected end of stream",
        "a quoted string does not end: its closing quote is missing",
    ),
    (
        "quoted scalar, found unexpected document indicator",
        "a quoted string does not end before the next document: its closing quote is missing",
    ),
    (
        "trailing content after double-quoted scalar",
        "text follows the closing quote: put all of it within the quotes",
    ),
    ("indentation in quoted scalar", "a quoted string continues on a line that is not indented"),
    (
        "unknown escape character",
        "unknown escape in double quotes: write '\\\\' for a backslash, or use single quotes",
    ),
    ("hexadecimal number", "an escape such as '\\x41' or '\\u0041' has too few hexadecimal digits"),
    ("invalid Unicode character escape", "an escape in double quotes is not a valid character"),
    // Lists and mappings in brackets.
    ("flow mapping, did not find expected ',' or '}'", "a ',' or the closing '}' is missing"),
    ("flow sequence, expected ',' or ']'", "a ',' or the closing ']' is missing"),
    (
        "indentation in flow construct",
        "text in brackets continues on a line that is not indented, or the closing bracket is missing",
    ),
    ("misplaced bracket", "a closing bracket without an opening one"),
    ("may not precede any of `[{`", "a space is missing after ':'"),
    // Mappings and lists by indentation.
    ("mapping values are not allowed", COLON),
    ("illegal placement of ':'", COLON),
    ("mapping keys are not allowed", "a key is not allowed here: indent it like the keys beside it"),
    (
        "block mapping, did not find expected key",
        "expected a key of the mapping: indent the line like the keys before it",
    ),
    ("block collection, did not find expected '-'", "expected '-': indent the line like the items before it"),
    ("block sequence entries are not allowed", "a list cannot begin here: put its '-' on a line of its own"),
    ("'-' must be followed", "a space is missing after '-'"),
    ("':' must be followed", "a space is missing after ':'"),
    ("plain scalar cannot start with '-'", "quote a string that begins with '-' and a bracket or a comma"),
    ("is only valid inside a block", "put this on a separate, indented line, or in quotes"),
    (
        "simple key",
        "a ':' is missing after the key, or the line continues the text before and must be indented like it",
    ),
    ("invalid indentation", "the line is not indented like the lines around it"),
    (
        "wrongly indented line in block scalar",
        "the line is indented less than the block after '|' or '>' that it belongs to",
    ),
    (
        "block scalar, found an indentation indicator equal to 0",
        "the indentation after '|' or '>' must be 1 to 9",
    ),
    (
        "block scalar, did not find expected comment or line break",
        "text after '|' or '>' must begin on the next line",
    ),
    ("intercepting the multiline text", "a comment interrupts a multi-line string: quote the string"),
    // Anchors, tags, directives and documents.
    ("found unknown anchor", "an alias ('*name') refers to an anchor ('&name') that does not exist"),
    ("duplicated anchor", "an anchor ('&name') is defined twice"),
    (
        "anchor or alias, did not find",
        "the name of an anchor ('&name') or alias ('*name') is missing; quote a string that begins with '&' or '*'",
    ),
    ("for anchor", "an anchor ('&name') must be on the line of its value"),
    ("tag", "a tag ('!name') is malformed; quote a string that begins with '!'"),
    ("TAG", "a directive ('%TAG') is malformed; quote a string that begins with '%'"),
    ("directive", "a directive ('%') is malformed; quote a string that begins with '%'"),
    ("the handle wasn't declared", "a tag ('!name!') has a handle that no directive declares"),
    ("document", "a document cannot begin or end here: write '---' and '...' on separate lines"),
    ("byte order mark", "a byte order mark is in the middle of the file: remove it"),
    (
        "unprintable character",
        "a control character is here: remove it, or write it as an escape in double quotes",
    ),
    ("unexpected character: `@'", RESERVED),
    ("unexpected character: ``'", RESERVED),
    ("unexpected character", "a string cannot begin with this character: quote it"),
    ("did not find expected node content", "a value is missing here"),
    ("expected whitespace", "a space is missing here"),
    ("unexpected end of plain scalar", "an unquoted string ends too early"),
    ("unexpected eof", "the file ends too early"),
    ("recursion limit", "it nests too deeply"),
];

const TAB: &str = "a tab is here: indent YAML with spaces only";

const COLON: &str = "a ':' is not allowed here: quote a string that contains ': ', begin a new line for the key, or close the bracket before it";

const RESERVED: &str = "a string cannot begin with '@' or '`': put it in quotes";

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn what_people_mistype_is_told_in_words() {
        for (text, place, words) in [
            ("a: [1, 2\nb: 3", "2:2", "close the bracket before it"),
            ("a: {b: 1", "1:9", "a ',' or the closing '}' is missing"),
            ("a: \"b", "1:", "its closing quote is missing"),
            ("a: 'b", "1:", "its closing quote is missing"),
            ("a:\n\tb: 1", "2:", "a tab is here"),
            ("a: b: c", "1:5", "a ':' is not allowed here"),
            ("a: 1\n b: 2", "2:", "a ':' is not allowed here"),
            ("a:\n  b: 1\n c: 2", "3:2", "expected a key"),
            ("a: *none", "1:", "refers to an anchor"),
            ("a: \"\\q\"", "1:", "unknown escape"),
            ("a: @b", "1:4", "put it in quotes"),
            ("a: b\nc", "2:2", "a ':' is missing after the key"),
            ("a: ]", "1:4", "a closing bracket without an opening one"),
            ("a: - b", "1:4", "a list cannot begin here"),
            ("a: \"b\" c", "1:", "text follows the closing quote"),
            ("%YAML x\n---\na: 1", "1:", "a directive ('%') is malformed"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.starts_with(place) && error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_the_parser_says_is_never_told() {
        // Pieces in every order: whatever the parser makes of them, its own words stay inside.
        let pieces = [
            "a", ": ", "- ", "[", "]", "{", "}", "\"", "'", "\n", "  ", "\t", "&x ", "*x", "!t ", "%Y ", "|",
            ">", "# ", "---\n", "\\q", ",", "?",
        ];
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..8 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            if let Err(error) = parse(&text) {
                for word in
                    ["scalar", "scanning", "while parsing", "flow ", "did not find", "stream", "block "]
                {
                    assert!(!error.message.contains(word), "{text:?}: {error}");
                }
            }
        }
    }
}
