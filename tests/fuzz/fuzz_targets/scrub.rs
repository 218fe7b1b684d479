//! A server that repeats the run's credential: scrubbing removes it, however the answer is split.
//!
//! Input: two bytes (the size of the pieces, the size of the buffers), the header's value ended by a line feed, the
//! body. A byte 0x01 in the body represents the credential.
#![no_main]

use wagather_fuzz::input::{Input, Pieces, read_all};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let (pieces, room) = (input.byte(), input.byte());
    let (Ok(value), Ok(body)) = (std::str::from_utf8(input.until(b'\n')), std::str::from_utf8(input.rest()))
    else {
        return;
    };
    let secret = value.split_once(' ').map_or(value, |(_, secret)| secret).trim();
    let body = body.replace('\u{1}', secret);
    let source = Box::new(Pieces::new(body.as_bytes(), pieces));
    let Some((mut scrubbed, whole)) = wagather_kube::cluster::fuzz::scrubbed(value, source, body.clone())
    else {
        return;
    };
    assert_eq!(whole.len(), body.len(), "stars are as long as what they hide");
    let streamed = read_all(&mut scrubbed, room).expect("a body");
    // The stars that hide it could spell one that has stars itself, and be hidden again.
    let has_stars = |bytes: &[u8]| bytes.contains(&b'*');
    if has_stars(value.as_bytes())
        || wagather_kube::cluster::fuzz::base64_decode(secret).is_some_and(|both| has_stars(&both))
    {
        return;
    }
    assert!(secret.len() < 4 || !whole.contains(secret), "{whole:?}");
    assert_eq!(String::from_utf8_lossy(&streamed), whole);
});
