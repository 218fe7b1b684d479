//! HTTP answers: heads, and bodies with their framing.
//!
//! Input: three bytes (where to cut the head, the size of the pieces, the size of the buffers), then the server's
//! bytes.
#![no_main]

use wagather_fuzz::input::{Input, Sizes};
use wagather_kube::cluster::fuzz::{Decoder, Framing, Head, head};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let (cut, pieces, room) = (input.byte(), input.byte(), input.byte());
    let stream = input.rest();
    if let Ok(Some(found)) = head(stream) {
        check_head(&found, stream, cut);
        decode_anyhow(found.framing, &stream[found.len..], pieces, room);
    }
    for framing in [Framing::Chunked, Framing::UntilClose, Framing::Length(u64::from(cut))] {
        decode_anyhow(framing, stream, pieces, room);
    }
    let body = chunked(stream, pieces);
    let decoded = decode(Framing::Chunked, &body, room, pieces).expect("chunks of our own");
    assert_eq!((&*decoded.body, decoded.used, decoded.is_done), (stream, body.len(), true));
});

fn check_head(found: &Head, stream: &[u8], cut: u8) {
    assert!((1..=stream.len()).contains(&found.len));
    assert!(found.status < 1000);
    assert!(found.content_type.iter().all(|text| !text.contains(['\r', '\n', '\0'])));
    assert!(!(found.keep_alive && found.framing == Framing::UntilClose));
    // Less of it is no head yet, and what follows changes nothing.
    let less = found.len * usize::from(cut) / 256;
    assert_eq!(head(&stream[..less]), Ok(None), "cut at {less} of {}", found.len);
    assert_eq!(head(&stream[..found.len]).as_ref().map(Option::as_ref), Ok(Some(found)));
}

#[derive(Debug, PartialEq, Eq)]
struct Decoded {
    body: Vec<u8>,
    used: usize,
    is_done: bool,
}

/// A body is the same in whatever pieces it comes and goes.
fn decode_anyhow(framing: Framing, stream: &[u8], pieces: u8, room: u8) {
    let whole = decode(framing, stream, 0, 0);
    assert_eq!(decode(framing, stream, pieces, room), whole);
    if let Ok(decoded) = whole {
        assert!(decoded.body.len() <= stream.len() && decoded.used <= stream.len());
        assert!(decoded.is_done || decoded.used == stream.len(), "it stopped before its end");
    }
}

/// What there is before an error, and the error, is one answer to the caller; so an error is all that is compared of it.
fn decode(framing: Framing, stream: &[u8], pieces: u8, room: u8) -> Result<Decoded, String> {
    let (mut decoder, mut used, mut body) = (Decoder::new(framing), 0, Vec::new());
    let (mut pieces, mut rooms) = (Sizes::new(pieces), Sizes::new(room));
    let mut end = 0;
    while !decoder.is_done() && used < stream.len() {
        if end == used {
            end = stream.len().min(used + pieces.size());
        }
        let mut output = vec![0; rooms.size().min(stream.len() + 1)];
        let (took, gave) =
            decoder.decode(&stream[used..end], &mut output).map_err(|error| error.kind().to_string())?;
        assert!(took > 0 || gave > 0, "it does not move");
        used += took;
        body.extend_from_slice(&output[..gave]);
    }
    Ok(Decoded { body, used, is_done: decoder.is_done() })
}

/// A body in chunks.
fn chunked(body: &[u8], seed: u8) -> Vec<u8> {
    let (mut out, mut rest, mut sizes) = (Vec::new(), body, Sizes::new(seed));
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(sizes.size().min(rest.len()));
        out.extend_from_slice(format!("{:X};x\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        rest = after;
    }
    out.extend_from_slice(b"0\r\nTrailer: x\r\n\r\n");
    out
}
