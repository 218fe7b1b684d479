//! Obfuscation of objects, strings and streams. The target plants addresses and domains beside the input.
//!
//! Input: three bytes (the size of the pieces, the size of the buffers, the position in a window), then JSON or other
//! text.
#![no_main]

use std::sync::Arc;
use wagather_fuzz::input::{Input, Pieces, read_all};
use wagather_fuzz::json::is_well_formed;
use wagather_json::obfuscate::{Kinds, Obfuscator};
use wagather_json::redact::{Redactor, Rules};

/// Originals that no input has by chance, each with what is seen of it.
const PLANTED: [&str; 6] = [
    "10.211.97.13",
    "10-211-97-13",
    "fd00:c4:97::13",
    "0c:4a:97:e1:22:13",
    "0C-4A-97-E1-22-14",
    "C4n4ry97.Example",
];

/// What a stream is looked at in: its end is where originals are split.
const WINDOW_BYTES: usize = 64 << 10;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let (pieces, room, place) = (input.byte(), input.byte(), input.byte());
    let rest = input.rest();
    stream(rest, pieces, room, place);
    let Ok(text) = std::str::from_utf8(rest) else { return };
    stays(text);
    if PLANTED.iter().any(|planted| text.to_lowercase().contains(&planted.to_lowercase())) {
        return;
    }
    planted(text);
});

fn obfuscator() -> Arc<Obfuscator> {
    let mut kinds = Kinds::default();
    kinds.add("ip,mac,domain=c4n4ry97.example,domain=b.c4n4ry97.example").expect("kinds");
    Arc::new(Obfuscator::new(&kinds))
}

/// JSON stays JSON, what was replaced is not found again, and it is longer by no more than placeholders are.
fn stays(text: &str) {
    let obfuscator = obfuscator();
    let mut bytes = text.as_bytes().to_vec();
    obfuscator.bytes(&mut bytes);
    assert!(!is_well_formed(text.as_bytes()) || is_well_formed(&bytes), "{text:?} became {}", shown(&bytes));
    assert!(bytes.len() <= text.len() * 12, "{text:?} became {}", shown(&bytes));
    let mut again = bytes.clone();
    obfuscator.bytes(&mut again);
    assert_eq!(shown(&again), shown(&bytes), "of {text:?}");
}

/// An original between blanks, quotes or brackets is found whatever is around it, and is turned back as it was.
fn planted(text: &str) {
    for planted in PLANTED {
        for (before, after) in
            [(" ", " "), ("\"", "\""), ("(", ","), ("/", "/"), ("\n", "\n"), ("\\n", "\\n")]
        {
            let obfuscator = obfuscator();
            let mut whole = format!("{text} {before}{planted}{after} {text}");
            obfuscator.text(&mut whole);
            assert!(!whole.contains(planted), "{planted} is left in {whole:?}");
            let mut alone = planted.to_owned();
            obfuscator.text(&mut alone);
            assert!(whole.contains(&alone), "{planted} is not {alone} in {whole:?}");
            let mut back = alone.into_bytes();
            obfuscator.restore(&mut back, false);
            assert_eq!(shown(&back), planted);
        }
    }
}

/// A stream is the same in whatever pieces it comes and goes.
fn stream(bytes: &[u8], pieces: u8, room: u8, place: u8) {
    use std::io::Read;
    let padding = match place {
        0..0xf0 => 0,
        // Around the end of a window.
        0xf0.. => WINDOW_BYTES - usize::from(place & 0xf) * 8,
    };
    let padding = b"- ".repeat(padding / 2);
    let body = |pieces| Box::new(std::io::Cursor::new(padding.clone()).chain(Pieces::new(bytes, pieces)));
    let redactor = || Arc::new(Redactor::new(&Rules::default()).obfuscating(Some(obfuscator())));
    let whole = read_all(&mut redactor().body(body(0)), 0).expect("a body");
    let room = if padding.is_empty() { room } else { 0 };
    let split = read_all(&mut redactor().body(body(pieces)), room).expect("a body");
    assert_eq!(shown(&split), shown(&whole));
}

fn shown(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
