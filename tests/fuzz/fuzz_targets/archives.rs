//! An archive that somebody else gathered, and the answers that are given from it.
//!
//! Input: the bytes of a `.tar` or a `.tar.gz`; or, if they begin with `+`, files without a tar around them: a path, a zero
//! byte, the content, and two zero bytes before the next path.
#![no_main]

use host_min::{Accept, Call, Source};
use std::time::{Duration, Instant};
use wagather_fuzz::input::read_all;
use wagather_fuzz::json::is_well_formed;
use wagather_offline::Archive;

/// What is asked of each archive.
const ASKED: &[&str] = &[
    "/version",
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
        Some(files) => Archive::read("fuzz.tar".into(), &*tar_of(files)),
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
    for asked in ASKED {
        let call = Call {
            path_and_query: (*asked).into(),
            accept: Accept::Json,
            deadline: Instant::now() + Duration::from_secs(60),
        };
        match archive.send(&call) {
            Ok(mut response) => {
                let body = read_all(&mut response.body, 0).expect("what is in memory is whole");
                assert!(asked.contains("/log") || is_well_formed(&body), "{asked}");
            }
            Err(no_answer) => assert!(!no_answer.reason.is_empty()),
        }
    }
});

/// A tar of the files that the input names.
fn tar_of(mut files: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    while let Some(end) = files.iter().position(|byte| *byte == 0) {
        let (path, rest) = (&files[..end.min(100)], &files[end + 1..]);
        let len = rest.windows(2).position(|two| two == [0, 0]).unwrap_or(rest.len());
        let (content, after) = rest.split_at(len);
        files = after.get(2..).unwrap_or_default();
        let mut header = [0; 512];
        header[..path.len()].copy_from_slice(path);
        header[124..135].copy_from_slice(format!("{len:011o}").as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}
