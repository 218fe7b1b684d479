//! Random JSON, masks and ways in which a body arrives: the same ones in each run.

use std::io::Read;

/// Random numbers (xorshift64*), good enough to choose by.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Keys, as they are written. The masks name some of them.
const KEYS: [&str; 18] = [
    "a",
    "b",
    "c",
    "kind",
    "apiVersion",
    "metadata",
    "name",
    "namespace",
    "data",
    "stringData",
    "items",
    "managedFields",
    "",
    r"\u0061",
    r"k\u0069nd",
    r#"k:{\"type\":\"Ready\"}"#,
    "schlüssel",
    "a.key/that.is-longer.than.one.step.of.the.search/xyz",
];

const SCALARS: [&str; 20] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "7",
    "-12.50e+07",
    "1E400",
    "123456789012345678901234567890",
    "0.1",
    r#""""#,
    r#""Secret""#,
    r#""S\u0065cret""#,
    r#""a string that is longer than one step of the search is""#,
    r#""\"\\\/\b\f\n\r\t""#,
    r#""\ud83d\ude00 \u00e4 ü 😀""#,
    r#""0123456789012345678901234567890\"""#,
    r#""{\"a\":[1,\"b\"]}""#,
    "\"\u{7f}\"",
    r#""Pod""#,
];

/// A text, with white space or without.
pub(super) struct Text {
    pub(super) spaced: String,
    pub(super) compact: String,
}

/// An object.
pub(super) fn object(random: &mut Random) -> Text {
    let mut text = Text { spaced: String::new(), compact: String::new() };
    let spaces = random.below(3);
    container(random, &mut text, spaces, true, 0);
    text
}

fn put(random: &mut Random, text: &mut Text, token: &str, spaces: usize) {
    text.compact.push_str(token);
    text.spaced.push_str(token);
    if spaces > 0 && random.below(spaces + 1) == 0 {
        text.spaced.push_str(random.one_of(&[" ", "\n", "\t", "\r\n  ", "    "]));
    }
}

fn container(random: &mut Random, text: &mut Text, spaces: usize, is_object: bool, depth: usize) {
    put(random, text, if is_object { "{" } else { "[" }, spaces);
    let len = random.below(6);
    for index in 0..len {
        if index > 0 {
            put(random, text, ",", spaces);
        }
        if is_object {
            let key = format!("\"{}\"", random.one_of(&KEYS));
            put(random, text, &key, spaces);
            put(random, text, ":", spaces);
        }
        match random.below(if depth < 5 { 5 } else { 3 }) {
            3 => container(random, text, spaces, true, depth + 1),
            4 => container(random, text, spaces, false, depth + 1),
            _ => {
                let scalar = random.one_of(&SCALARS);
                put(random, text, scalar, spaces);
            }
        }
    }
    put(random, text, if is_object { "}" } else { "]" }, spaces);
}

/// The text of a mask.
pub(super) fn mask(random: &mut Random) -> String {
    mask_of_depth(random, 4)
}

fn mask_of_depth(random: &mut Random, depth: usize) -> String {
    let mut text = String::new();
    for index in 0..=random.below(3) {
        if index > 0 {
            text.push(',');
        }
        text.push_str(random.one_of(&[
            "a",
            "b",
            "kind",
            "apiVersion",
            "metadata",
            "name",
            "namespace",
            "data",
            "stringData",
            "managedFields",
            "*",
        ]));
        if depth > 1 && random.below(2) == 0 {
            text.push_str(&format!("({})", mask_of_depth(random, depth - 1)));
        }
    }
    text
}

/// Gives a body in pieces of the given sizes, over and over.
pub(super) struct Pieces {
    body: std::io::Cursor<Vec<u8>>,
    sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
}

impl Pieces {
    pub(super) fn new(body: Vec<u8>, sizes: Vec<usize>) -> Self {
        Pieces { body: std::io::Cursor::new(body), sizes: sizes.into_iter().cycle() }
    }

    /// Pieces of random sizes, most of them small.
    pub(super) fn random(random: &mut Random, body: &[u8]) -> Self {
        let most = [1, 2, 5, 40, 1000][random.below(5)];
        Pieces::new(body.to_vec(), (0..16).map(|_| 1 + random.below(most)).collect())
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = self.sizes.next().unwrap_or(usize::MAX).min(buffer.len());
        self.body.read(&mut buffer[..len])
    }
}
