//! An archive that somebody else gathered, and the answers that are given from it.
//!
//! Input: the bytes of a `.tar` or a `.tar.gz`; or, if they begin with `+`, files without a tar around them: a path, a zero
//! byte, the content, and two zero bytes before the next path.
#![no_main]

use host_min::{Accept, Call, Source};
use std::time::{Duration, Instant};
use wagather_fuzz::input::read_all;
use wagather_fuzz::json::is_well_formed;
use wagather_fuzz::tar;
use wagather_offline::{Archive, Extent};

/// What is asked of each archive.
const ASKED: &[&str] = &[
    "/version",
    "/api",
    "/apis",
    "/api/v1/pods",
    "/api/v1/pods?limit=1",
    "/api/v1/namespaces/a/pods?labelSelector=a%21%3Db&fieldSelector=metadata.name%21%3Dc",
    "/api/v1/namespaces/a/pods/b",
    "/api/v1/namespaces/a/pods/b/log?tailLines=2&limitBytes=9",
    "/api/v1/namespaces/a/pods/b/log?container=c&previous=true",
    "/api/v1/nodes",
    "/apis/a.b/v1/cs",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let archive = match data.strip_prefix(b"+") {
        Some(files) => Archive::read("fuzz.tar".into(), &*tar::of(files)),
        None => Archive::read("fuzz.tar".into(), data),
    };
    let archive = match archive {
        Ok(archive) => archive,
        Err(failure) => {
            assert!(!failure.reason.is_empty() && !failure.advice.is_empty());
            return;
        }
    };
    assert!(!archive.warnings().is_empty(), "a partial source says so");
    let is_told = archive.extent("", "v1", "pods", None) != Extent::Untold;
    for asked in ASKED {
        let call = Call {
            path_and_query: (*asked).into(),
            accept: Accept::Json,
            deadline: Instant::now() + Duration::from_secs(60),
        };
        match archive.send(&call) {
            Ok(mut response) => {
                let body = read_all(&mut response.body, 0).expect("what is in memory is whole");
                let is_text = response.status == 200 && asked.contains("/log");
                assert!(is_text || is_well_formed(&body), "{asked}");
                assert!(response.status == 200 || is_told, "it does not exist, and nobody said so: {asked}");
            }
            Err(no_answer) => assert!(!no_answer.reason.is_empty()),
        }
    }
});
