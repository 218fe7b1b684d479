//! Heads of requests and answers, as text.

use std::time::Instant;

use super::*;
use crate::Accept;
use crate::cluster::access::{Auth, Trust};
use crate::cluster::url::ServerUrl;

fn access(server: &str) -> Access {
    Access {
        server: ServerUrl::parse(server, false).unwrap(),
        trust: Trust::default(),
        proxy: None,
        auth: Auth::Nothing,
        identity: None,
        impersonate: Impersonate::default(),
        plain_answers: false,
        warnings: Vec::new(),
    }
}

fn call(path: &str) -> Call {
    Call { path_and_query: path.to_owned(), accept: Accept::Json, deadline: Instant::now() }
}

fn text(template: &Template, path: &str, authorization: Option<&str>) -> String {
    String::from_utf8(template.head(&call(path), authorization.map(Secret::new).as_ref(), false).unwrap())
        .unwrap()
}

#[test]
fn a_request() {
    let template = Template::new(&access("http://[::1]:8001/k8s/"), None);
    let agent = user_agent();
    assert!(agent.starts_with("host-min/") && agent.ends_with(") wagather"));
    assert_eq!(
        text(&template, "/api/v1/pods?limit=5", Some("Bearer t")),
        format!(
            "GET /k8s/api/v1/pods?limit=5 HTTP/1.1\r\nHost: [::1]:8001\r\nUser-Agent: {agent}\r\n\
             Accept: application/json\r\nAuthorization: Bearer t\r\n\r\n"
        )
    );
    for path in ["", "api", "/a b", "/a\r\nX: y", "/ä"] {
        assert!(template.head(&call(path), None, false).is_err(), "{path}");
    }
}

#[test]
fn impersonation_headers() {
    let mut access = access("https://x");
    access.impersonate = Impersonate {
        user: Some("alice".to_owned()),
        uid: Some("u-1".to_owned()),
        groups: vec!["a".to_owned(), "b".to_owned()],
        extra: vec![("acme.com/reason%".to_owned(), vec!["x".to_owned(), "y".to_owned()])],
    };
    let head = text(&Template::new(&access, None), "/", None);
    for line in [
        "Impersonate-User: alice\r\n",
        "Impersonate-Uid: u-1\r\n",
        "Impersonate-Group: a\r\nImpersonate-Group: b\r\n",
        "Impersonate-Extra-acme.com%2Freason%25: x\r\nImpersonate-Extra-acme.com%2Freason%25: y\r\n",
    ] {
        assert!(head.contains(line), "{head}");
    }
}

#[test]
fn a_proxy_is_told_the_whole_url_of_a_plain_server_only() {
    let proxy = ProxyUrl::parse("http://u:p@proxy:3128").unwrap();
    let plain = text(&Template::new(&access("http://s:1/p"), Some(&proxy)), "/api", None);
    assert!(plain.starts_with("GET http://s:1/p/api HTTP/1.1\r\nHost: s:1\r\n"), "{plain}");
    assert!(plain.contains("Proxy-Authorization: Basic dTpw\r\n"));
    let tunnelled = text(&Template::new(&access("https://s:1/p"), Some(&proxy)), "/api", None);
    assert!(tunnelled.starts_with("GET /p/api ") && !tunnelled.contains("Proxy-"));
}

#[test]
fn answers() {
    let of = |text: &str| head(&format!("HTTP/1.1 {text}\r\n\r\n"), false).unwrap();
    let head = of("200 OK\r\nContent-Type: application/json\r\nContent-Length: 5");
    assert_eq!((head.status, head.framing, head.keep_alive), (200, Framing::Length(5), true));
    assert_eq!(head.content_type.as_deref(), Some("application/json"));
    assert_eq!(of("404 Not Found\r\nTransfer-Encoding: Chunked").framing, Framing::Chunked);
    assert_eq!(of("204 No Content").framing, Framing::Length(0));
    assert!(!of("200 OK\r\nContent-Length: 0\r\nConnection: Close").keep_alive);
    assert!(!of("200 OK").keep_alive);
    assert_eq!(parse(b"HTTP/1.1 200 OK\r\nContent-", false), Ok(None));
}

#[test]
fn heads_may_have_many_fields() {
    let with = |fields: usize| {
        let fields: String = (0..fields).map(|number| format!("X-{number}: y\r\n")).collect();
        head(&format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 5\r\n\r\n"), false)
    };
    for fields in [1, 99, 100, 101, 500, 4_000] {
        assert_eq!(with(fields).expect("a head").framing, Framing::Length(5), "{fields}");
    }
    // As many as fit into a head, each as short as a field can be.
    let most = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a:\r\n".repeat(MAX_HEAD_BYTES / 4 - 8));
    assert!(head(&most, false).is_ok());
    let beyond = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a:\r\n".repeat(MAX_HEAD_BYTES));
    assert_eq!(head(&beyond, false).expect_err("too many").to_string(), "its head has too many fields");
}

#[test]
fn folded_fields_are_read_as_one_line() {
    let of = |fields: &str| head(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"), false);
    let head =
        of("Content-Type: application/json;\r\n\tcharset=utf-8\r\nContent-Length:\r\n  5").expect("a head");
    assert_eq!(head.content_type.as_deref(), Some("application/json; charset=utf-8"));
    assert_eq!(head.framing, Framing::Length(5));
    assert!(of("X-Note: a\r\n b\r\n c\r\nConnection: close").is_ok_and(|head| !head.keep_alive));
    // A length in two pieces is no number, and a fold is no second field.
    assert!(of("Content-Length: 1\r\n 2").is_err());
    assert_eq!(of("X-Note: a\r\n Content-Length: 7").expect("a head").framing, Framing::UntilClose);
}

fn head(text: &str, gzip: bool) -> Result<Head, HeadError> {
    parse(text.as_bytes(), gzip).map(|parsed| parsed.expect("a whole head").1)
}

#[test]
fn compression_is_asked_for_and_understood_if_it_was() {
    let template = Template::new(&access("http://s"), None);
    for gzip in [false, true] {
        let head = String::from_utf8(template.head(&call("/"), None, gzip).unwrap()).unwrap();
        assert_eq!(head.contains("\r\nAccept-Encoding: gzip\r\n"), gzip);
        assert_eq!(head.contains("Accept-Encoding"), gzip);
    }
    let question = String::from_utf8(template.with_body("POST", "/", "{}", None)).unwrap();
    assert!(!question.contains("Accept-Encoding"), "its answer is small");

    let of = |coding: &str, length: u32, gzip| {
        head(
            &format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"),
            gzip,
        )
        .map(|head| head.gzip)
    };
    assert_eq!((of("gzip", 5, true), of("X-GZip", 5, true)), (Ok(true), Ok(true)));
    assert_eq!((of("identity", 5, true), of("identity", 5, false)), (Ok(false), Ok(false)));
    assert_eq!(of("gzip", 0, true), Ok(false), "no body is none in any encoding");
    for (coding, gzip) in [("gzip", false), ("gzip, gzip", true), ("br", true), ("deflate", true), ("", true)]
    {
        let why = of(coding, 5, gzip).unwrap_err().to_string();
        assert_eq!(why, format!("its Content-Encoding, {coding}, was not requested"));
    }
    let twice = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n";
    assert!(head(twice, true).is_err());
}

#[test]
fn when_a_connection_is_kept() {
    let of = |version: &str, fields: &str| {
        head(&format!("HTTP/1.{version} 200 OK\r\n{fields}\r\n\r\n"), false).unwrap().keep_alive
    };
    assert!(of("1", "Content-Length: 1") && of("1", "Transfer-Encoding: chunked"));
    assert!(!of("1", "Content-Type: x"), "only its end ends the body");
    for close in ["close", "Close", "keep-alive, close", "close, keep-alive", "x,close"] {
        assert!(!of("1", &format!("Content-Length: 1\r\nConnection: {close}")), "{close}");
    }
    assert!(!of("1", "Content-Length: 1\r\nConnection: close\r\nConnection: keep-alive"));
    assert!(!of("0", "Content-Length: 1"));
    assert!(of("0", "Content-Length: 1\r\nConnection: Keep-Alive"));
    assert!(!of("0", "Transfer-Encoding: chunked\r\nConnection: keep-alive"));
}

#[test]
fn when_to_ask_again() {
    let of = |value: &str| {
        head(&format!("HTTP/1.1 429 X\r\nRetry-After: {value}\r\n\r\n"), false).unwrap().retry_after
    };
    assert_eq!(of("1"), Some(Duration::from_secs(1)));
    assert_eq!(of(" 30 "), Some(Duration::from_secs(30)));
    assert_eq!(of("0"), Some(Duration::ZERO));
    // Absurd, but a number: whoever waits has to have a bound.
    assert_eq!(of("18446744073709551615"), Some(Duration::from_secs(u64::MAX)));
    for other in ["-1", "+1", "1.5", "1s", "18446744073709551616", "Fri, 31-Dec-99 23:59:59 GMT", "\u{661}"] {
        assert_eq!(of(other), None, "{other}");
    }
    // Two that differ say nothing.
    assert_eq!(of("5\r\nRetry-After: 5"), Some(Duration::from_secs(5)));
    assert_eq!(of("5\r\nRetry-After: 6"), None);
    assert_eq!(of(""), None);
    // A date, from the one on that the server has now.
    const NOW: &str = "Date: Fri, 31 Dec 1999 23:59:30 GMT";
    const THEN: &str = "Fri, 31 Dec 1999 23:59:59 GMT";
    assert_eq!(of(&format!("{THEN}\r\n{NOW}")), Some(Duration::from_secs(29)));
    assert_eq!(of(&format!("7\r\n{NOW}\r\nRetry-After: 7")), Some(Duration::from_secs(7)));
    assert_eq!(of(&format!("{THEN}\r\nRetry-After: {THEN}\r\n{NOW}")), Some(Duration::from_secs(29)));
    assert_eq!(of(&format!("{THEN}\r\nRetry-After: 29\r\n{NOW}")), None);
    // What is past, by the server's clock or by ours, is at once.
    assert_eq!(of(&format!("Fri, 31 Dec 1999 23:59:29 GMT\r\n{NOW}")), Some(Duration::ZERO));
    assert_eq!(of(THEN), Some(Duration::ZERO));
    // By ours, if the server does not say what time it is.
    let far = of("Fri, 31 Dec 9999 23:59:59 GMT").unwrap();
    assert!(far > Duration::from_secs(3_600 * 24 * 365 * 1_000));
}

#[test]
fn answers_that_cannot_be_used() {
    for text in [
        "SSH-2.0-OpenSSH\r\n",
        "\x15\x03\x01\0\x02\x02\x46",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
    ] {
        assert!(parse(text.as_bytes(), false).is_err(), "{text:?}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MAX_HEAD_BYTES));
    assert!(parse(endless.as_bytes(), false).is_err());
}
