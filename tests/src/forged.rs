//! Valid and invalid frames of a sandbox, for the helper that sends them and for the test that counts them.

use wagather_abi::{IMPORTS, Import, LogLevel, Verb};
use wagather_base::limits::MAX_FRAME_BYTES;
use wagather_sandbox::channel::{Call, End, Ending, Message, RestRequest, Room, Taken, Unsent};
use wagather_sandbox::engine::Kind;

/// What the name of a gatherer begins with whose module has taken over the engine.
pub const PREFIX: &str = "forged-";

/// A request for that resource.
pub fn rest(verb: Verb, version: &str, resource: &str) -> RestRequest {
    let texts = Default::default();
    RestRequest { version: version.into(), resource: resource.into(), ..RestRequest::new(verb, 0, texts) }
}

/// The same request with another text, by its place in the order of the structure.
pub fn with_text(request: &RestRequest, index: usize, text: &[u8]) -> RestRequest {
    let mut texts = request.texts().map(Vec::clone);
    texts[index] = text.to_vec();
    RestRequest::new(request.verb, request.limit, texts)
}

/// The call with that request.
pub fn start(request: RestRequest) -> Call {
    Call::rest_start { request: Box::new(request) }
}

/// One good frame of each kind, the last text of those that have any at its end, but for `param`.
pub fn samples() -> Vec<Message> {
    let handle = 65;
    let calls = [
        start(RestRequest { query: b"a=b".to_vec(), ..rest(Verb::LIST, "v1", "pods") }),
        Call::rest_status { handle },
        Call::rest_read { handle, buffer: Room { bytes: 16, ahead: 0 } },
        Call::rest_next { handle, buffer: Room { bytes: 16, ahead: 0 } },
        Call::rest_next_as { handle, shape: Unsent, arena: Room { bytes: 16, ahead: 0 } },
        Call::rest_reject { handle, at: 3, wanted: 1 },
        Call::rest_hides { handle, field: b"spec".to_vec() },
        Call::rest_close { handle },
        Call::archive_pipe { handle, name: b"name".to_vec() },
        Call::archive_open { name: b"name".to_vec() },
        Call::archive_write { handle, bytes: b"bytes".to_vec() },
        Call::archive_write_as { handle, shape: Unsent, from: b"bytes".to_vec(), before: 0 },
        Call::archive_close { handle },
        Call::log_as { level: LogLevel::INFO.0, shape: Unsent, from: b"text".to_vec() },
        Call::log { level: LogLevel::INFO.0, text: b"text".to_vec() },
        Call::param { name: b"name".to_vec(), buffer: Room { bytes: 16, ahead: 0 } },
        Call::now {},
    ];
    let others = [
        Message::Prepared,
        Message::Runs(Kind::default()),
        Message::Taken(Taken { handle, decoded: false, calls: 1, items: 1 }),
        Message::End(End { ending: Ending::Returned(0), text: "text".into(), memory_bytes: 1 << 16 }),
    ];
    calls.into_iter().map(Message::Call).chain(others).collect()
}

/// Frames that no sound sandbox makes, with what is wrong with them. Each must end the one that sends it.
pub fn malformed() -> Vec<(String, Vec<u8>)> {
    let mut all = vec![
        ("a frame of no bytes".into(), framed(&[])),
        ("a frame above the limit".into(), (MAX_FRAME_BYTES as u32 + 1).to_le_bytes().into()),
        ("a frame of 4 GiB".into(), u32::MAX.to_le_bytes().into()),
    ];
    for tag in [IMPORTS.len() as u8, 128, 254] {
        all.push((format!("the tag {tag}"), framed(&[tag])));
    }
    // A call that stays in the sandbox: no bytes behind its number make a frame of it.
    for words in 0..8 {
        let frame = [vec![Import::json_read_as as u8], vec![0; 4 * words]].concat();
        all.push((format!("json_read_as with {words} words"), framed(&frame)));
    }
    for request in samples() {
        let frame = &request.encode()[4..];
        let what = |text: &str| format!("{text}: {request:?}");
        all.push((what("a byte less"), framed(&frame[..frame.len() - 1])));
        all.push((what("a byte more"), framed(&[frame, b"\0"].concat())));
        if let Some(at) = text_length(&request, frame.len()) {
            let mut damaged = frame.to_vec();
            damaged[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            all.push((what("a text of 4 GiB"), framed(&damaged)));
        }
    }
    let last = samples().pop().map(|end| end.encode()[4..].to_vec()).unwrap_or_default();
    for (what, at, byte) in [
        ("an end of no kind", 1, 3),
        ("an end of no kind", 1, 255),
        ("an end that is no text", last.len() - 1, 0xff),
    ] {
        let mut damaged = last.clone();
        damaged[at] = byte;
        all.push((what.into(), framed(&damaged)));
    }
    let mut verb = samples()[0].encode()[4..].to_vec();
    verb[2] = 1;
    all.push(("a verb above 255".into(), framed(&verb)));
    all
}

/// Where in its frame a message says how long its last text is, if it has one.
fn text_length(message: &Message, frame_len: usize) -> Option<usize> {
    let call = match message {
        Message::Call(call) => call,
        Message::End(end) => return Some(frame_len - end.text.len() - 4),
        Message::Ready(_) | Message::Prepared | Message::Runs(_) | Message::Taken(_) => return None,
    };
    let last = match call {
        Call::rest_start { request } => &request.query,
        Call::archive_pipe { name: text, .. }
        | Call::rest_hides { field: text, .. }
        | Call::archive_open { name: text }
        | Call::archive_write { bytes: text, .. }
        | Call::log_as { from: text, .. }
        | Call::log { text, .. } => text,
        // A word follows.
        Call::archive_write_as { from, .. } => return Some(frame_len - from.len() - 8),
        Call::param { .. } => return Some(1),
        _ => return None,
    };
    Some(frame_len - last.len() - 4)
}

fn framed(contents: &[u8]) -> Vec<u8> {
    [&(contents.len() as u32).to_le_bytes(), contents].concat()
}
