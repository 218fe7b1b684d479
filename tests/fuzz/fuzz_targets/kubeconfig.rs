//! One or several kubeconfigs, up to the head of a request, and other configuration: addresses, times, base64,
//! answers of exec plugins.
//!
//! Input: strings, each ended by a zero byte. Strings that begin with `{"kind":"ExecCredential"` are plugin answers,
//! strings that begin with `=` are single values, and the others are kubeconfigs.
#![no_main]

use wagather_kube::cluster::fuzz::{self, Resolved};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = wagather_yaml::decode(data) else { return };
    let text = &*text;
    if let Some(word) = text.strip_prefix('=') {
        return self::word(word);
    }
    if text.trim_start().starts_with("{\"kind\":\"ExecCredential\"") {
        drop(fuzz::exec_answer(data));
        return;
    }
    let texts: Vec<&str> = text.split('\0').collect();
    match fuzz::kubeconfig(&texts) {
        Err(reason) => assert!(!reason.is_empty()),
        Ok(None) => {}
        Ok(Some(resolved)) => check(&resolved, text),
    }
});

fn check(resolved: &Resolved, text: &str) {
    for secret in &resolved.secrets {
        // A short one, or one that is written in another place as well, may be seen for another reason.
        if secret.len() >= 12 && text.matches(&**secret).count() == 1 {
            assert!(!resolved.debug.contains(&**secret), "a secret is shown by Debug");
        }
    }
    if let Some(head) = &resolved.head {
        check_head(head);
    }
}

/// Nothing that a kubeconfig says makes another request of it, or another header.
fn check_head(head: &[u8]) {
    let mut fields = vec![httparse::EMPTY_HEADER; 10_000];
    let mut request = httparse::Request::new(&mut fields);
    let parsed = request.parse(head).expect("a request");
    assert_eq!(parsed, httparse::Status::Complete(head.len()), "one head, and nothing behind it");
    assert_eq!(request.method, Some("GET"));
    assert!(request.path.is_some_and(|path| path.ends_with("/version")));
    let known = ["Host", "User-Agent", "Accept", "Accept-Encoding", "Authorization", "Proxy-Authorization"];
    for field in request.headers.iter() {
        let is_known = known.contains(&field.name) || field.name.starts_with("Impersonate-");
        assert!(is_known, "a header of its own: {}", field.name);
    }
    for name in ["Host", "Accept", "Accept-Encoding", "Authorization", "Impersonate-User", "Impersonate-Uid"]
    {
        let count = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).count();
        assert!(count <= 1, "{count} headers {name}");
    }
    let lines = head.split(|byte| *byte == b'\n').count();
    assert_eq!(lines, request.headers.len() + 3, "a line that is no header");
}

fn word(word: &str) {
    for tls_by_default in [false, true] {
        if let Ok(url) = fuzz::server_url(word, tls_by_default) {
            assert_eq!(fuzz::server_url(&url, false).as_ref(), Ok(&url), "an address is read as it is shown");
        }
    }
    drop(fuzz::proxy_url(word));
    let _ = fuzz::time(word);
    if let Some(bytes) = fuzz::base64_decode(word) {
        assert_eq!(fuzz::base64_decode(&fuzz::base64_encode(&bytes)), Some(bytes));
    }
    let encoded = fuzz::base64_encode(word.as_bytes());
    assert_eq!(fuzz::base64_decode(&encoded).as_deref(), Some(word.as_bytes()));
}
