//! HTTP/1.1 heads (RFC 9112): the request's is built, the answer's is read. Pure; sockets are elsewhere.
//!
//! Only what a client of an API server needs: GET, and POST for the one question that has a body; no redirects (a redirect is an answer like another), no
//! cookies, and no content encoding but gzip, if it is asked for.

use std::time::Duration;

use super::access::Access;
use super::kubeconfig::Impersonate;
use super::secret::Secret;
use super::url::{ProxyKind, ProxyUrl};
use crate::source::Call;

/// How long an answer's head may be; API servers send one or two kilobytes.
pub(super) const MAX_HEAD_BYTES: usize = 64 << 10;
/// How many header fields an answer may have.
const MAX_FIELDS: usize = 100;

/// The parts of a request's head that are the same for all requests.
pub(super) struct Template {
    /// What comes before the path: empty, but for a plain server behind a proxy.
    origin: String,
    /// The header fields, each with its line end.
    fields: String,
    /// For the proxy, if it is the proxy that reads this head.
    proxy_authorization: Option<Secret>,
    /// Whether answers to GET may come compressed.
    pub(super) gzip: bool,
}

/// What an answer's head says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    /// `Retry-After`, if it is in seconds.
    pub(super) retry_after: Option<Duration>,
    pub(super) framing: Framing,
    /// Whether the body is compressed.
    pub(super) gzip: bool,
    /// Whether the connection can be used again after the body.
    pub(super) keep_alive: bool,
}

/// How the end of a body is known (RFC 9112, section 6.3).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// When the server closes.
    UntilClose,
}

impl Template {
    /// Prepares the fields for a server, with the impersonation that is configured.
    pub(super) fn new(access: &Access, proxy: Option<&ProxyUrl>, gzip: bool) -> Template {
        let server = &access.server;
        let mut fields = format!("Host: {}\r\nUser-Agent: {}\r\n", server.authority, user_agent());
        impersonate(&access.impersonate, &mut fields);
        // A plain server behind an HTTP proxy: the proxy reads the request, and wants the whole URL.
        match proxy.filter(|proxy| proxy.kind == ProxyKind::Http && !server.tls) {
            Some(proxy) => Template {
                origin: server.to_string(),
                fields,
                proxy_authorization: proxy.authorization.clone(),
                gzip,
            },
            None => Template { origin: server.prefix.clone(), fields, proxy_authorization: None, gzip },
        }
    }

    /// The head of a request.
    pub(super) fn head(&self, call: &Call, authorization: Option<&Secret>) -> Result<Vec<u8>, String> {
        let path = &call.path_and_query;
        if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{path:?} is not an encoded path"));
        }
        let encodings = if self.gzip { "Accept-Encoding: gzip\r\n" } else { "" };
        Ok(self.request("GET", path, call.accept.header(), authorization, encodings).into_bytes())
    }

    /// A question that has a body: of our own making, never a guest's.
    pub(super) fn question(&self, path: &str, body: &str, authorization: Option<&Secret>) -> Vec<u8> {
        let fields = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        let mut request = self.request("POST", path, "application/json", authorization, &fields);
        request += body;
        request.into_bytes()
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        accept: &str,
        authorization: Option<&Secret>,
        more: &str,
    ) -> String {
        let mut head = String::with_capacity(512 + path.len() + self.fields.len() + more.len());
        for part in
            [method, " ", &self.origin, path, " HTTP/1.1\r\n", &self.fields, "Accept: ", accept, "\r\n", more]
        {
            head += part;
        }
        for (name, value) in
            [("Authorization: ", authorization), ("Proxy-Authorization: ", self.proxy_authorization.as_ref())]
        {
            if let Some(value) = value {
                for part in [name, value.reveal(), "\r\n"] {
                    head += part;
                }
            }
        }
        head += "\r\n";
        head
    }
}

/// The kind that client-go's tools send. Not to begin with `curl` or `Mozilla`: an API server would indent
/// its answers for those.
fn user_agent() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("host-min/{} ({}/{arch}) wagather", env!("CARGO_PKG_VERSION"), std::env::consts::OS)
}

fn impersonate(wanted: &Impersonate, fields: &mut String) {
    let mut add = |name: &str, value: &str| {
        for part in ["Impersonate-", name, ": ", value, "\r\n"] {
            *fields += part;
        }
    };
    if let Some(user) = &wanted.user {
        add("User", user);
    }
    if let Some(uid) = &wanted.uid {
        add("Uid", uid);
    }
    for group in &wanted.groups {
        add("Group", group);
    }
    for (key, values) in &wanted.extra {
        for value in values {
            add(&format!("Extra-{}", escape_key(key)), value);
        }
    }
}

/// Percent-encodes what cannot stand in a header's name (RFC 9110, section 5.6.2), and the percent sign.
fn escape_key(key: &str) -> String {
    let mut escaped = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped += &format!("%{byte:02X}");
        }
    }
    escaped
}

/// Reads the head of an answer; none if more bytes are needed. Gives its length too. `gzip` says whether it was asked for.
pub(super) fn parse(bytes: &[u8], gzip: bool) -> Result<Option<(usize, Head)>, String> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let len = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if bytes.len() >= MAX_HEAD_BYTES => {
            return Err("its head is too long".to_owned());
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        // A server that expects TLS and is spoken to in plain text often answers with a TLS alert.
        Err(_) if bytes.starts_with(&[0x15, 0x03]) => return Err("it speaks TLS; use https".to_owned()),
        Err(error) => return Err(format!("it does not speak HTTP ({error})")),
    };
    let status = parsed.code.unwrap_or_default();
    let mut head = Head {
        status,
        content_type: None,
        retry_after: None,
        framing: Framing::UntilClose,
        gzip: false,
        keep_alive: parsed.version == Some(1),
    };
    let (mut length, mut chunked, mut close, mut retries) = (None, false, false, 0);
    for field in parsed.headers.iter() {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        let value = || String::from_utf8_lossy(field.value).trim().to_owned();
        if is("content-length") {
            let value = value();
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let parsed =
                value.parse::<u64>().ok().filter(|_| digits).ok_or("its Content-Length is not a number")?;
            if length.is_some_and(|known| known != parsed) {
                return Err("it has two different Content-Lengths".to_owned());
            }
            length = Some(parsed);
        } else if is("transfer-encoding") {
            if !value().eq_ignore_ascii_case("chunked") || chunked {
                return Err(format!("its Transfer-Encoding, {}, is not supported", value()));
            }
            chunked = true;
        } else if is("content-encoding") {
            let value = value();
            // RFC 9110, section 8.4.1.3: the name of old means the same.
            let is_gzip = value.eq_ignore_ascii_case("gzip") || value.eq_ignore_ascii_case("x-gzip");
            if is_gzip && gzip && !head.gzip {
                head.gzip = true;
            } else if !value.eq_ignore_ascii_case("identity") {
                return Err(format!("its Content-Encoding, {value}, was not asked for"));
            }
        } else if is("content-type") {
            head.content_type = Some(value());
        } else if is("retry-after") {
            // API servers send seconds; a date would need a clock that agrees with the server's.
            let seconds = value().bytes().all(|byte| byte.is_ascii_digit()).then(|| value().parse().ok());
            let said = seconds.flatten().map(Duration::from_secs);
            head.retry_after = if retries == 0 || head.retry_after == said { said } else { None };
            retries += 1;
        } else if is("connection") {
            for option in value().split(',') {
                match option.trim() {
                    option if option.eq_ignore_ascii_case("close") => close = true,
                    option if option.eq_ignore_ascii_case("keep-alive") => head.keep_alive = true,
                    _ => {}
                }
            }
        }
    }
    head.framing = match (status, chunked, length) {
        (100..=199 | 204 | 304, ..) => Framing::Length(0),
        (_, true, None) => Framing::Chunked,
        // Both: someone between us and the server may see other bodies than we do.
        (_, true, Some(_)) => return Err("it has both a Transfer-Encoding and a Content-Length".to_owned()),
        (_, false, Some(length)) => Framing::Length(length),
        (_, false, None) => Framing::UntilClose,
    };
    // Whoever speaks HTTP/1.0 and sends chunks may be wrong about more (RFC 9112, section 6.1).
    let is_odd = chunked && parsed.version == Some(0);
    head.keep_alive &= !close && !is_odd && head.framing != Framing::UntilClose;
    // Nothing at all is no gzip either, and is what it is.
    head.gzip &= head.framing != Framing::Length(0);
    Ok(Some((len, head)))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::access::{Auth, Trust};
    use super::super::url::ServerUrl;
    use super::*;
    use crate::source::Accept;

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
        String::from_utf8(template.head(&call(path), authorization.map(Secret::new).as_ref()).unwrap())
            .unwrap()
    }

    #[test]
    fn a_request() {
        let template = Template::new(&access("http://[::1]:8001/k8s/"), None, false);
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
            assert!(template.head(&call(path), None).is_err(), "{path}");
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
        let head = text(&Template::new(&access, None, false), "/", None);
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
        let plain = text(&Template::new(&access("http://s:1/p"), Some(&proxy), false), "/api", None);
        assert!(plain.starts_with("GET http://s:1/p/api HTTP/1.1\r\nHost: s:1\r\n"), "{plain}");
        assert!(plain.contains("Proxy-Authorization: Basic dTpw\r\n"));
        let tunnelled = text(&Template::new(&access("https://s:1/p"), Some(&proxy), false), "/api", None);
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

    fn head(text: &str, gzip: bool) -> Result<Head, String> {
        parse(text.as_bytes(), gzip).map(|parsed| parsed.expect("a whole head").1)
    }

    #[test]
    fn compression_is_asked_for_and_understood_if_it_was() {
        let plain = Template::new(&access("http://s"), None, false);
        assert!(!text(&plain, "/", None).contains("Accept-Encoding"));
        let template = Template::new(&access("http://s"), None, true);
        assert!(text(&template, "/", None).contains("\r\nAccept-Encoding: gzip\r\n"));
        let question = String::from_utf8(template.question("/", "{}", None)).unwrap();
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
        for (coding, gzip) in
            [("gzip", false), ("gzip, gzip", true), ("br", true), ("deflate", true), ("", true)]
        {
            let why = of(coding, 5, gzip).unwrap_err();
            assert_eq!(why, format!("its Content-Encoding, {coding}, was not asked for"));
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
        for other in
            ["", "-1", "+1", "1.5", "1s", "18446744073709551616", "Fri, 31 Dec 1999 23:59:59 GMT", "\u{661}"]
        {
            assert_eq!(of(other), None, "{other}");
        }
        // Two that differ say nothing.
        assert_eq!(of("5\r\nRetry-After: 5"), Some(Duration::from_secs(5)));
        assert_eq!(of("5\r\nRetry-After: 6"), None);
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
}
