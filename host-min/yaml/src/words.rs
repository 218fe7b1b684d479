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
        "a text in quotes does not end: its closing quote is missing",
    ),
    (
        "quoted scalar, found unexpected document indicator",
        "a text in quotes does not end before the next document: its closing quote is missing",
    ),
    (
        "trailing content after double-quoted scalar",
        "something follows the closing quote: put all of it within the quotes",
    ),
    ("indentation in quoted scalar", "a text in quotes goes on in a line that is not indented"),
    (
        "unknown escape character",
        "there is no such escape in double quotes: write '\\\\' for a backslash, or use single quotes",
    ),
    ("hexadecimal number", "an escape such as '\\x41' or '\\u0041' has too few hexadecimal digits"),
    ("invalid Unicode character escape", "an escape in double quotes names no character"),
    // Lists and mappings in brackets.
    ("flow mapping, did not find expected ',' or '}'", "a ',' or the closing '}' is missing"),
    ("flow sequence, expected ',' or ']'", "a ',' or the closing ']' is missing"),
    (
        "indentation in flow construct",
        "what is in brackets goes on in a line that is not indented, or its closing bracket is missing",
    ),
    ("misplaced bracket", "a bracket that closes what nothing opened"),
    ("may not precede any of `[{`", "a blank is missing after ':'"),
    // Mappings and lists by indentation.
    ("mapping values are not allowed", COLON),
    ("illegal placement of ':'", COLON),
    ("mapping keys are not allowed", "a key is not allowed here: indent it as the keys beside it"),
    (
        "block mapping, did not find expected key",
        "a key of the mapping is wanted here: indent the line as the keys before it",
    ),
    (
        "block collection, did not find expected '-'",
        "a '-' is wanted here: indent the line as the items before it",
    ),
    ("block sequence entries are not allowed", "a list cannot begin here: put its '-' on a line of its own"),
    ("'-' must be followed", "a blank is missing after '-'"),
    ("':' must be followed", "a blank is missing after ':'"),
    (
        "plain scalar cannot start with '-'",
        "a text that begins with '-' and a bracket or a comma belongs in quotes",
    ),
    ("is only valid inside a block", "this belongs into an indented line of its own, or into quotes"),
    (
        "simple key",
        "a ':' is missing after the key, or the line belongs to the text before and is not indented as that",
    ),
    ("invalid indentation", "the line is not indented as those around it"),
    (
        "wrongly indented line in block scalar",
        "the line is indented less than the text after '|' or '>' that it belongs to",
    ),
    ("block scalar, found an indentation indicator equal to 0", "after '|' or '>' an indentation is 1 to 9"),
    (
        "block scalar, did not find expected comment or line break",
        "after '|' or '>' the text begins on the next line",
    ),
    (
        "intercepting the multiline text",
        "a comment interrupts a text of several lines: put the text in quotes",
    ),
    // Anchors, tags, directives and documents.
    ("found unknown anchor", "an alias ('*name') refers to an anchor ('&name') that is not there"),
    ("duplicated anchor", "an anchor ('&name') is there twice"),
    (
        "anchor or alias, did not find",
        "the name of an anchor ('&name') or alias ('*name') is missing; a text that begins so belongs in quotes",
    ),
    ("for anchor", "an anchor ('&name') belongs on the line of its value"),
    ("tag", "a tag ('!name') is malformed; a text that begins with '!' belongs in quotes"),
    ("TAG", "a directive ('%TAG') is malformed; a text that begins with '%' belongs in quotes"),
    ("directive", "a directive ('%') is malformed; a text that begins with '%' belongs in quotes"),
    ("the handle wasn't declared", "a tag ('!name!') has a handle that no directive declares"),
    (
        "document",
        "a document ends or begins here where it cannot: '---' and '...' stand on lines of their own",
    ),
    ("byte order mark", "a byte order mark is in the middle of the file: remove it"),
    (
        "unprintable character",
        "a control character is here: remove it, or write it as an escape in double quotes",
    ),
    ("unexpected character: `@'", RESERVED),
    ("unexpected character: ``'", RESERVED),
    ("unexpected character", "a text cannot begin with this character: put it in quotes"),
    ("did not find expected node content", "a value is missing here"),
    ("expected whitespace", "a blank is missing here"),
    ("unexpected end of plain scalar", "a text without quotes ends too early"),
    ("unexpected eof", "the file ends too early"),
    ("recursion limit", "it nests too deeply"),
];

const TAB: &str = "a tab is here: YAML is indented with blanks only";

const COLON: &str = "a ':' is not allowed here: put a text that has ': ' in quotes, begin a new line for the key, or close the \
    bracket before it";

const RESERVED: &str = "a text cannot begin with '@' or '`': put it in quotes";

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn what_people_mistype_is_told_in_words() {
        for (text, place, words) in [
            ("a: [1, 2\nb: 3", "line 2, column 2", "close the bracket before it"),
            ("a: {b: 1", "line 1, column 9", "a ',' or the closing '}' is missing"),
            ("a: \"b", "line 1, column", "its closing quote is missing"),
            ("a: 'b", "line 1, column", "its closing quote is missing"),
            ("a:\n\tb: 1", "line 2, column", "a tab is here"),
            ("a: b: c", "line 1, column 5", "a ':' is not allowed here"),
            ("a: 1\n b: 2", "line 2, column", "a ':' is not allowed here"),
            ("a:\n  b: 1\n c: 2", "line 3, column 2", "is wanted here"),
            ("a: *none", "line 1, column", "refers to an anchor"),
            ("a: \"\\q\"", "line 1, column", "there is no such escape"),
            ("a: @b", "line 1, column 4", "put it in quotes"),
            ("a: b\nc", "line 2, column 2", "a ':' is missing after the key"),
            ("a: ]", "line 1, column 4", "closes what nothing opened"),
            ("a: - b", "line 1, column 4", "a list cannot begin here"),
            ("a: \"b\" c", "line 1, column", "something follows the closing quote"),
            ("%YAML x\n---\na: 1", "line 1, column", "a directive ('%') is malformed"),
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
