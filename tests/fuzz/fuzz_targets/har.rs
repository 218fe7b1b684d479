//! Recordings of this program or of a browser, and the answers from them.
//!
//! Input: the file.
#![no_main]

use host_min::{Accept, Call, Source};
use serde_json::Value;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use wagather_fuzz::input::read_all;
use wagather_fuzz::json::is_well_formed;
use wagather_kube::recording::Recording;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let recording = Recording::of("fuzz.har".into(), data.to_vec());
    let bare = data.strip_prefix("\u{feff}".as_bytes()).unwrap_or(data);
    let Ok(recording) = recording else { return };
    assert!(is_well_formed(bare), "what is no JSON is no recording");
    assert!(ask(&recording, "/not/recorded\u{1f}").is_err());
    let Ok(har) = serde_json::from_slice::<Value>(bare) else { return };
    let mut asked: HashMap<String, usize> = HashMap::new();
    let empty = Vec::new();
    let entries = har["log"]["entries"].as_array().unwrap_or(&empty);
    let gets = entries.iter().filter(|entry| entry["request"]["method"] == "GET");
    // Another origin may have the same path: then it is this file's order that counts, and not worth telling twice.
    let Some(gets) = gets.map(|entry| Some((path(entry)?, entry))).collect::<Option<Vec<_>>>() else {
        return;
    };
    for (path, entry) in gets {
        let number = asked.entry(path.clone()).or_default();
        *number += 1;
        // One that has failed before its head is an error, and so is a body that is no base64.
        let Ok((status, body)) = ask(&recording, &path) else { continue };
        let response = &entry["response"];
        assert_eq!(response["status"].as_i64(), Some(i64::from(status)), "answer {number} to {path}");
        let content = &response["content"];
        if let (Some(text), Ok(body)) = (content["text"].as_str(), body)
            && content["encoding"] != "base64"
        {
            assert_eq!(text.as_bytes(), body);
        }
    }
});

/// A status, and the body as far as it goes.
type Answer = (u16, std::io::Result<Vec<u8>>);

/// Asks for a path, and reads the answer to its end.
fn ask(recording: &dyn Source, path: &str) -> Result<Answer, String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    let call = Call { path_and_query: path.to_owned(), accept: Accept::Json, deadline };
    let mut response = recording.send(&call).map_err(|no_answer| {
        assert!(!no_answer.reason.is_empty());
        no_answer.reason
    })?;
    Ok((response.status, read_all(&mut response.body, 0)))
}

/// The path and query of an entry whose URL leaves no doubt.
fn path(entry: &Value) -> Option<String> {
    let rest = entry["request"]["url"].as_str()?.strip_prefix("https://cluster.invalid")?;
    (rest.starts_with('/') && !rest.contains('#')).then(|| rest.to_owned())
}
