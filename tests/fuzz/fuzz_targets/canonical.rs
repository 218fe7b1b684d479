//! A guest's request, and the path that the host builds from it.
//!
//! Input: the verb, the limit (four bytes), then the ten strings and a `continue` token, each ended by a byte 0xFF.
#![no_main]

use wagather_abi::Verb;
use wagather_abi::manifest::ANY;
use wagather_fuzz::input::Input;
use wagather_policy::canonical::Canonical;
use wagather_sandbox::channel::RestRequest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let (verb, limit) = (Verb(input.byte()), input.word());
    let texts: [Vec<u8>; 10] = std::array::from_fn(|_| input.until(0xff).to_vec());
    let token = String::from_utf8_lossy(input.until(0xff)).into_owned();
    match Canonical::new(RestRequest::new(verb, limit, texts)) {
        Err(refusal) => assert!(!refusal.status.is_ok() && !refusal.reason.is_empty()),
        Ok(mut request) => {
            // A request that needs discovery has no path. Discovery fills in what it leaves open.
            if request.needs_discovery() {
                resolve(&mut request);
            }
            check_path(&request, &request.path_and_query(), None);
            if request.verb == Verb::LIST {
                let items = request.page_items(limit / 2, 500);
                assert!((1..=500).contains(&items));
                check_path(&request, &request.page(items, &token), Some(&token));
            }
        }
    }
});

/// Names one resource in one version, as the server's discovery does.
fn resolve(request: &mut Canonical) {
    if request.is_of_any() {
        (request.verb, request.resource) = (Verb::LIST, "pods".into());
    }
    if request.group == ANY {
        request.group.clear();
    }
    if request.version.is_empty() {
        request.version = "v1".into();
    }
    assert!(!request.needs_discovery());
}

fn check_path(request: &Canonical, path_and_query: &str, token: Option<&str>) {
    assert!(path_and_query.bytes().all(|byte| byte.is_ascii_graphic()), "{path_and_query:?}");
    assert!(!path_and_query.contains(['#', '\\', '"', '<', '>']), "{path_and_query:?}");
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let segments: Vec<String> = path.strip_prefix('/').expect("absolute").split('/').map(decode).collect();
    for segment in &segments {
        assert!(!segment.is_empty() && !segment.contains('/'), "{path}");
        assert!(!segment.bytes().all(|byte| byte == b'.') || *segment == request.name, "{path}");
        assert!(segment != "." && segment != "..", "{path}");
    }
    if request.verb != Verb::RAW {
        assert_eq!(segments, expected(request));
    }
    check_query(request, query, token);
}

/// The segments that Kubernetes' API conventions give a resource.
fn expected(request: &Canonical) -> Vec<&str> {
    let mut segments = if request.group.is_empty() { vec!["api"] } else { vec!["apis", &request.group] };
    segments.push(&request.version);
    if !request.namespace.is_empty() {
        segments.extend(["namespaces", &request.namespace]);
    }
    segments.push(&request.resource);
    segments.extend([&*request.name, &request.subresource].into_iter().filter(|segment| !segment.is_empty()));
    segments
}

fn check_query(request: &Canonical, query: &str, token: Option<&str>) {
    let pairs: Vec<(&str, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name, decode(value)))
        .collect();
    let value = |name: &str| pairs.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
    for (name, _) in &pairs {
        assert!(!["watch", "follow", "resourceVersion", "timeoutSeconds"].contains(name), "{query}");
    }
    if request.verb == Verb::LIST {
        assert_eq!((value("labelSelector"), value("fieldSelector")), (&*request.labels, &*request.fields));
        assert_eq!(value("continue"), token.unwrap_or(""));
        assert!((1..=500).contains(&value("limit").parse::<u32>().expect("a limit")));
        let given = [&*request.labels, &request.fields, token.unwrap_or("")];
        assert_eq!(pairs.len(), 1 + given.iter().filter(|text| !text.is_empty()).count(), "{query}");
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let digits =
            (byte == b'%').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match digits.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
