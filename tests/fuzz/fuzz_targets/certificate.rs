//! Certificates in a bundle, and certificates that a server sends.
//!
//! Input: two bytes (how the rest is used, and where), then a DER certificate, or the replacement of a part of a
//! valid chain.
#![no_main]

use wagather_fuzz::input::Input;
use wagather_kube::cluster::fuzz::{bundle, certificate, verify};

/// A chain that is good until 2099: of an authority, one below it, and a server, each in DER.
const ROOT: &[u8] = include_bytes!("../certificates/root.der");
const BELOW: &[u8] = include_bytes!("../certificates/below.der");
const SERVER: &[u8] = include_bytes!("../certificates/server.der");
const NAME: &str = "a.example";
/// A time within theirs.
const NOW: u64 = 1_800_000_000;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let (how, at) = (input.byte(), input.byte());
    let bytes = input.rest();
    check_fields(bytes);
    let changed = |der: &[u8]| {
        let at = usize::from(at) * der.len() / 256;
        let end = (at + bytes.len()).min(der.len());
        [&der[..at], bytes, &der[end..]].concat()
    };
    match how % 6 {
        // A bundle, with a good one behind what comes.
        0 => {
            let text = [bytes, b"\n", pem(ROOT).as_bytes()].concat();
            let read = bundle(&text);
            // A beginning without an end may have taken the good one with it.
            let whole = !bytes.windows(5).any(|five| five == b"-----");
            assert!(read.is_ok() || !whole, "{read:?}");
            if let Ok(Some(warning)) | Err(warning) = read {
                assert!(!warning.is_empty() && !warning.contains('\n'), "{warning}");
            }
        }
        1 => _ = bundle(bytes),
        // Anything in the place of a good one, or within it.
        2 => trusted_if_the_same(&[ROOT], &[&changed(SERVER), BELOW], &[SERVER, BELOW]),
        3 => trusted_if_the_same(&[ROOT], &[SERVER, &changed(BELOW)], &[SERVER, BELOW]),
        4 => said(verify(&[&changed(ROOT)], &[SERVER, BELOW], NAME, NOW)),
        _ => said(verify(&[ROOT, bytes], &[bytes, BELOW, bytes], NAME, NOW)),
    }
});

/// What is read lies within, and is what it is whatever follows.
fn check_fields(der: &[u8]) {
    let Some(fields) = certificate(der) else { return };
    for (from, to) in fields.names {
        assert!(from <= to && to <= der.len(), "{fields:?}");
    }
    let more = [der, b"\x30\x03\x02\x01\x00"].concat();
    assert_eq!(certificate(&more), Some(fields), "what follows changes nothing");
    assert!(fields.rsa_bits.is_none_or(|bits| bits > 0 && bits <= 8 * der.len()));
}

/// A chain is signed: nothing but the good one is trusted.
fn trusted_if_the_same(listed: &[&[u8]], chain: &[&[u8]], good: &[&[u8]]) {
    let verified = verify(listed, chain, NAME, NOW);
    assert_eq!(verify(listed, good, NAME, NOW), Ok(()));
    assert!(verified.is_err() || chain == good, "a certificate that was changed is trusted");
    said(verified);
}

fn said(verified: Result<(), String>) {
    if let Err(why) = verified {
        assert!(!why.is_empty() && !why.contains(['\n', '\u{1b}']), "{why:?}");
        assert!(why.is_ascii() || why.chars().all(|c| !c.is_control()), "{why:?}");
    }
}

fn pem(der: &[u8]) -> String {
    let text = wagather_kube::cluster::fuzz::base64_encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
