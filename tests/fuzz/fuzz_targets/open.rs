//! An archive of somebody else's as an API server, and a request of any program on this machine that has the token.
//!
//! Input: the target of the request, a zero byte, the body of a POST (empty for a GET), a zero byte, and files: a path, a zero byte,
//! the content, and two zero bytes before the next path.
#![no_main]

use serde_json::Value;
use wagather_fuzz::input::Input;
use wagather_fuzz::tar;
use wagather_view::fuzz::Opened;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// What every archive is asked for: where clients begin.
const ASKED: &[(&str, &str)] = &[
    ("/", ""),
    ("/version", ""),
    ("/api", AGGREGATED),
    ("/apis", AGGREGATED),
    ("/api/v1", ""),
    ("/apis/a.b/v1", ""),
    ("/openapi/v3", ""),
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let target = String::from_utf8_lossy(input.until(0)).into_owned();
    let posted = input.until(0);
    let Some(server) = Opened::read(&tar::of(input.rest())) else { return };
    if !posted.is_empty() {
        let (status, body) = server.post(&target, posted);
        assert!([201, 400, 404, 405].contains(&status), "{target}: {status}");
        let body = body.expect("a whole body");
        json(&target, status, &body);
        return;
    }
    for (target, accept) in ASKED {
        get(&server, target, accept);
    }
    for target in ["/api/v1/pods", &*target] {
        let plain = get(&server, target, "");
        let [table, metadata] = [TABLE, METADATA].map(|accept| get(&server, target, accept));
        // The three forms of a list have the same objects.
        let Some(items) = plain.as_ref().and_then(|list| list.get("items")?.as_array()) else { continue };
        let is_list =
            |list: &Option<Value>, kind: &str| list.as_ref().is_some_and(|list| list["kind"] == kind);
        if !is_list(&table, "Table") || !is_list(&metadata, "PartialObjectMetadataList") {
            continue;
        }
        let len = |list: &Option<Value>, name: &str| {
            list.as_ref().and_then(|list| Some(list[name].as_array()?.len()))
        };
        assert_eq!(len(&table, "rows"), Some(items.len()), "{target}");
        assert_eq!(len(&metadata, "items"), Some(items.len()), "{target}");
        let table = table.unwrap_or_default();
        let columns = table["columnDefinitions"].as_array().map(Vec::len);
        for row in table["rows"].as_array().into_iter().flatten() {
            assert_eq!(row["cells"].as_array().map(Vec::len), columns, "{target}");
        }
        if !target.contains('?') {
            pages(&server, target, items);
        }
    }
});

/// The JSON of an answer; `None` for logs, for errors, and for what has no end.
fn get(server: &Opened, target: &str, accept: &str) -> Option<Value> {
    let (status, body) = server.get(target, accept);
    assert!([200, 400, 403, 404, 406].contains(&status), "{target}: {status}");
    let path = target.split('?').next().unwrap_or_default();
    let is_text =
        path.ends_with("/log") || ["/healthz", "/livez", "/readyz"].iter().any(|own| path.starts_with(own));
    let is_watch = target.contains("watch");
    match body {
        Some(body) if status != 200 || !is_text && !is_watch => {
            json(target, status, &body).filter(|_| status == 200)
        }
        _ => None,
    }
}

/// A body is JSON, and that of a refusal is a Status that says why.
fn json(target: &str, status: u16, body: &[u8]) -> Option<Value> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            if status >= 400 {
                assert_eq!((&value["kind"], &value["code"]), (&"Status".into(), &status.into()), "{target}");
                assert!(value["message"].as_str().is_some_and(|why| !why.is_empty()), "{target}");
            }
            Some(value)
        }
        // Whole objects are the archive's bytes, which may nest deeper than this decoder goes.
        Err(error) => {
            assert!(error.to_string().contains("recursion limit"), "{target}: {error}");
            None
        }
    }
}

/// Pages have the items of the whole list, in their order.
fn pages(server: &Opened, target: &str, items: &[Value]) {
    let mut paged = Vec::new();
    let mut rest = String::new();
    for _ in 0..=items.len() {
        let Some(page) = get(server, &format!("{target}?limit=2{rest}"), "") else { return };
        let own = page["items"].as_array().expect("items");
        assert!(own.len() <= 2, "{target}");
        paged.extend(own.iter().cloned());
        match page["metadata"]["continue"].as_str() {
            Some(token) => rest = format!("&continue={token}"),
            None => break,
        }
    }
    assert_eq!(paged, items, "{target}");
}
