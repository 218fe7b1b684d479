//! Redaction of objects, strings and streams. The target plants canaries beside the input.
//!
//! Input: four bytes (whether it is a Secret, the size of the pieces, the size of the buffers, the position in a
//! window), then JSON or other text.
#![no_main]

use std::io::Read;
use std::sync::{Arc, OnceLock};
use wagather_fuzz::input::{Input, Pieces, read_all};
use wagather_fuzz::json::{Json, is_well_formed};
use wagather_json::project::{Node, ObjectReader};
use wagather_json::redact::{Counts, Redactor, Rules};

/// Eight digits that no input has by chance.
const CANARY: &str = "C4n4ry97";

/// What a stream is looked at in: its end is where secrets are split.
const WINDOW_BYTES: usize = 64 << 10;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let (secret, pieces, room, place) = (input.byte() % 2 == 1, input.byte(), input.byte(), input.byte());
    let rest = input.rest();
    let Ok(text) = std::str::from_utf8(rest) else { return stream(rest, pieces, room, 0) };
    if text.contains(CANARY) {
        return;
    }
    if is_well_formed(rest) {
        // A value of any kind, in the places of secrets and around them.
        projected(&planted(text, &format!("\"{CANARY}\"")), secret);
        projected(&planted("0", text), secret);
        if let Some(object) = object(&planted("0", text)) {
            replaced(&object, text);
        }
        projected(text, secret);
    }
    sentence(text);
    stream(rest, pieces, room, place);
});

fn redactor() -> &'static Arc<Redactor> {
    static REDACTOR: OnceLock<Arc<Redactor>> = OnceLock::new();
    REDACTOR.get_or_init(|| {
        let rules = Rules { env: vec!["X_*_Y".into()], tokens: vec!["xyz~".into()], except: Vec::new() };
        Arc::new(Redactor::new(&rules))
    })
}

/// An object with a value in every place of a secret, and another value around them.
fn planted(around: &str, secret: &str) -> String {
    format!(
        r#"{{"a":{around},"env":[{{"name":"DB_PASSWORD","value":{secret}}},{around},{{"value":{secret},"name":"X_1_Y"}}],"b":[{around},{{"data":{{"k":{secret}}},"c":{around},"kind":"Secret"}}],"stringData":{{"s":{secret}}},"m":{{"kubectl.kubernetes.io/last-applied-configuration":{secret}}},"e":{around}}}"#
    )
}

/// An object as it comes out of the projection and of redaction; none if it is not let through.
fn object(text: &str) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let mut reader = ObjectReader::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())));
    reader.read(&Node::Keep, &mut kept).ok()?;
    redactor().object(&mut kept, false, &mut Counts::default());
    Some(kept)
}

/// What is well-formed stays so, nothing is found a second time, and no canary is left.
fn projected(text: &str, secret: bool) {
    let mut kept = Vec::new();
    let mut reader = ObjectReader::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())));
    if reader.read(&Node::Keep, &mut kept).is_err() {
        return;
    }
    let before = kept.clone();
    let mut counts = Counts::default();
    redactor().object(&mut kept, secret, &mut counts);
    let shown = String::from_utf8_lossy(&kept).into_owned();
    assert!(is_well_formed(&kept), "{}\nbecame\n{shown}", String::from_utf8_lossy(&before));
    assert!(!shown.contains(CANARY), "a secret is left in\n{shown}");
    let has_mark = shown.contains("<redacted>") || shown.contains("cmVkYWN0ZWQ=");
    assert!(has_mark || counts.total() == 0, "counted, and not replaced: {shown}");
    settles(&shown, |text| {
        let mut bytes = text.clone().into_bytes();
        redactor().object(&mut bytes, secret, &mut Counts::default());
        *text = String::from_utf8(bytes).expect("UTF-8");
    });
}

/// What is redacted once more stays as it is. What ran on into a secret may be one itself once that is gone, such as
/// `Basic dXNlcjpwYXNzgithub_pat_…`, which is no base64 before: so within a few times. In a text of broken Secrets, each time may find one more.
fn settles(text: &str, once: impl Fn(&mut String)) {
    let mut again = text.to_owned();
    for _ in 0..64 {
        let before = again.clone();
        once(&mut again);
        if again == before {
            return;
        }
    }
    panic!("it changes each time: {text:?}\nis now {again:?}");
}

/// Whatever the value was, a mark is in its place; a null stays.
fn replaced(object: &[u8], secret: &str) {
    let (Some(tree), Some(secret)) = (Json::parse(object), Json::parse(secret.as_bytes())) else { return };
    let at = |tree: &Json, key: &str| -> Json {
        let found = tree.entries().iter().find(|(known, _)| known == key);
        found.map_or(Json::Null, |(_, value)| value.clone())
    };
    let is_mark = |value: &Json| match secret {
        Json::Null => *value == Json::Null,
        _ => matches!(value.text(), "<redacted>" | "cmVkYWN0ZWQ="),
    };
    let Json::List(env) = at(&tree, "env") else { panic!("no list of variables is left") };
    for (variable, name) in [(&env[0], &b"DB_PASSWORD"[..]), (&env[2], b"X_1_Y")] {
        let value = at(variable, "value");
        let says_nothing =
            value == secret && !wagather_json::redact::is_value_of(value.text().as_bytes(), name);
        assert!(is_mark(&value) || says_nothing, "{env:?}");
    }
    let Json::List(embedded) = at(&tree, "b") else { panic!("no list is left") };
    assert!(is_mark(&at(&at(&embedded[1], "data"), "k")), "{embedded:?}");
    assert!(is_mark(&at(&at(&tree, "stringData"), "s")));
    assert!(is_mark(&at(&at(&tree, "m"), "kubectl.kubernetes.io/last-applied-configuration")));
}

/// A sentence of its own on a line of its own is found, whatever the lines around it are.
fn sentence(text: &str) {
    let mut whole = format!("{text}\nnow: Bearer {CANARY}abcdef\n{text}");
    redactor().text(&mut whole, &mut Counts::default());
    assert!(!whole.contains(CANARY), "{whole:?}");
    settles(&whole, |text| redactor().text(text, &mut Counts::default()));
}

/// A stream is the same in whatever pieces it comes and goes; and as a sentence, if it is one.
fn stream(bytes: &[u8], pieces: u8, room: u8, place: u8) {
    // Few of them: to look through a window takes longer than all else.
    let padding = match place {
        0..0xe0 => 0,
        // Around the end of a window, or of the part of it that is not held back.
        0xe0..0xf0 => WINDOW_BYTES - usize::from(place & 0xf) * 8,
        0xf0.. => WINDOW_BYTES - (8 << 10) - usize::from(place & 0xf) * 8,
    };
    let padding = b"- ".repeat(padding / 2);
    let body = |pieces| Box::new(std::io::Cursor::new(padding.clone()).chain(Pieces::new(bytes, pieces)));
    // What is taken in small pieces is taken from the same windows.
    let room = if padding.is_empty() { room } else { 0 };
    let whole = read_all(&mut redactor().body(body(0)), 0).expect("a body");
    let split = read_all(&mut redactor().body(body(pieces)), room).expect("a body");
    assert_eq!(String::from_utf8_lossy(&split), String::from_utf8_lossy(&whole));
    if padding.is_empty()
        && bytes.len() < WINDOW_BYTES
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        let mut text = text.to_owned();
        redactor().text(&mut text, &mut Counts::default());
        assert_eq!(String::from_utf8_lossy(&whole), text);
    }
}
