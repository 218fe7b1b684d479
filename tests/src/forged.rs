//! Valid and invalid frames of a sandbox, for the helper that sends them and for the test that counts them.

use wagather_abi::{IMPORTS, LogLevel, Verb};
use wagather_base::limits::MAX_FRAME_BYTES;
use wagather_sandbox::channel::{End, Ending, Request, RestRequest, Taken};

/// What the name of a gatherer begins with whose module has taken over the engine.
pub const PREFIX: &str = "forged-";

/// A request for that resource; `texts` are the others by their number.
pub fn rest(verb: Verb, version: &str, resource: &str, texts: &[(usize, &[u8])]) -> Request {
    let mut all: [Vec<u8>; 10] = Default::default();
    all[0] = version.into();
    all[1] = resource.into();
    for (index, text) in texts {
        all[*index] = text.to_vec();
    }
    Request::RestStart(Box::new(RestRequest::new(verb, 0, all)))
}

/// One good frame of each kind, the last text of those that have any at its end, but for `param`.
pub fn samples() -> Vec<Request> {
    let handle = 65;
    vec![
        rest(Verb::LIST, "v1", "pods", &[(9, b"a=b")]),
        Request::RestStatus(handle),
        Request::RestRead(handle, 16),
        Request::RestNext(handle, 16, 0),
        Request::RestNextAs(handle, 16, 0),
        Request::Taken(Taken { handle, decoded: false, calls: 1, items: 1 }),
        Request::RestClose(handle),
        Request::ArchivePipe(handle, b"name".to_vec()),
        Request::ArchiveOpen(b"name".to_vec()),
        Request::ArchiveWrite(handle, b"bytes".to_vec()),
        Request::ArchiveWriteAs(handle, b"bytes".to_vec()),
        Request::ArchiveClose(handle),
        Request::Log(LogLevel::INFO, b"text".to_vec()),
        Request::Param(b"name".to_vec(), 16),
        Request::Now,
        Request::End(End { ending: Ending::Returned(0), text: "text".into(), memory_bytes: 1 << 16 }),
    ]
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

/// Where in its frame a request says how long its last text is, if it has one.
fn text_length(request: &Request, frame_len: usize) -> Option<usize> {
    match request {
        Request::RestStart(rest) => Some(frame_len - rest.query.len() - 4),
        Request::ArchivePipe(_, text)
        | Request::ArchiveOpen(text)
        | Request::ArchiveWrite(_, text)
        | Request::ArchiveWriteAs(_, text)
        | Request::Log(_, text) => Some(frame_len - text.len() - 4),
        Request::Param(..) => Some(1),
        Request::End(end) => Some(frame_len - end.text.len() - 4),
        _ => None,
    }
}

fn framed(contents: &[u8]) -> Vec<u8> {
    [&(contents.len() as u32).to_le_bytes(), contents].concat()
}
