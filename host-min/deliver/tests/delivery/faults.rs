//! A thousand faults, and what is left of them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::server::{Fault, Server};
use super::{Told, archive, names, to};
use wagather_deliver::{Form, Spool, Transport};

const FAULTS: usize = 1000;
const ARCHIVES: usize = 100;

/// Every archive is with the server once, however often it was sent, or it is in the spool.
#[test]
fn a_thousand_faults_lose_nothing_and_double_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Server::start(weather());
    let spool = Spool::open(&place.path().join("spool"), 1 << 30).expect("a spool");
    let told = Told::default();
    let (mut put, mut delivered) = (BTreeSet::new(), Vec::new());
    for number in 0..ARCHIVES {
        let name = format!("wagather-prod-{number:03}.tar.gz");
        // Larger than what sockets take without a reader, so that it breaks off in the middle.
        let path = archive(&place.path().join(&name), &noise(number, 200_000));
        spool.put(&path, &told.tell()).expect("room");
        put.insert(name);
        // A run that has little time: it delivers what it can, and the next one goes on.
        let mut to = to(&server.url());
        to.timeout = Duration::from_millis(if number + 1 == ARCHIVES { 600_000 } else { 100 });
        to.transport = Transport { response_timeout: Duration::from_secs(1), ..to.transport };
        if number % 3 == 0 {
            to.form = Some(Form { field: "file".into(), media_type: None });
        }
        let done = spool.deliver(&to, &told.tell());
        delivered.extend(done.receipts.into_iter().map(|receipt| receipt.archive));
        assert_eq!(done.refused, 0);
        let waiting: BTreeSet<String> =
            names(spool.folder()).into_iter().filter(|name| name.ends_with(".tar.gz")).collect();
        assert_eq!(waiting.len(), done.waiting);
        // What does not wait is confirmed, once; what is not confirmed waits.
        let confirmed: BTreeSet<String> = delivered.iter().cloned().collect();
        assert_eq!(confirmed.len(), delivered.len(), "an archive was confirmed twice");
        assert!(confirmed.is_disjoint(&waiting), "an archive waits that is confirmed");
        assert_eq!(&confirmed | &waiting, put, "an archive is lost");
    }
    assert_eq!(delivered.len(), ARCHIVES);
    // And whatever went wrong was a server's fault, or a run's that had no time left.
    let state = server.state();
    assert!(state.faults.is_empty(), "{} faults did not happen", state.faults.len());
    assert_eq!(state.corrupt, 0);
    assert_eq!(state.stored.len(), ARCHIVES, "files that differ");
    for name in &put {
        let bytes = std::fs::read(place.path().join(name)).expect("an archive");
        assert!(state.stored.values().any(|(stored, _)| *stored == bytes), "{name} did not arrive");
    }
    let again = told.take().iter().filter(|text| text.starts_with("again")).count();
    assert!(again > FAULTS / 2, "only {again} requests were sent again");
}

/// The same thousand faults each time.
fn weather() -> Vec<Fault> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut stalls = 0;
    let faults = (0..FAULTS).map(|_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        match random % 15 {
            0 => Fault::CloseAtOnce,
            1 | 2 => Fault::Reset,
            // They take a second each.
            3 if stalls < 12 => {
                stalls += 1;
                Fault::Stall(Duration::from_secs(3))
            }
            3 | 4 => Fault::Status(500, ""),
            5 => Fault::Status(503, "Retry-After: 0\r\n"),
            6 => Fault::Status(429, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"),
            7 => Fault::Status(408, "Connection: close\r\n"),
            8 => Fault::Status(425, ""),
            9 => Fault::CutHead,
            10 => Fault::TakenAndClosed,
            11 => Fault::TakenAndCut,
            12 => Fault::TakenAndTimedOut,
            13 => Fault::Status(502, "Retry-After: nonsense\r\n"),
            _ => Fault::TakenAndCutBody,
        }
    });
    faults.collect()
}

/// A text that does not compress.
fn noise(seed: usize, len: usize) -> String {
    let mut random = seed as u64 + 1;
    (0..len)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'0' + (random >> 40) as u8 % 75)
        })
        .collect()
}
