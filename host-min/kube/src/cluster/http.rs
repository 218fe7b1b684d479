//! HTTP/1.1 heads (RFC 9112): builds those of requests, and reads those of answers. Sockets are elsewhere.
//!
//! Only what a client of an API server needs: GET, and requests with a body for access reviews and Leases. Redirects are answers like others.
//! There are no cookies, and gzip is the only content encoding.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::access::Access;
use super::access::Impersonate;
use super::secret::Secret;
use super::timestamp;
use super::url::{ProxyKind, ProxyUrl};
use crate::Call;
use wagather_base::percent::{AsciiSet, RESERVED, percent_encode};

/// The longest head of an answer. API servers send one or two kilobytes.
pub(super) const MAX_HEAD_BYTES: usize = 64 << 10;
/// How many header fields an answer usually has at most. A proxy may add many.
const USUAL_FIELDS: usize = 100;
/// How many it may have. No more fit into a head, because the shortest field is `a:` and its line end.
const MAX_FIELDS: usize = MAX_HEAD_BYTES / 4;

/// The parts of a request's head that are the same for all requests.
pub(super) struct Template {
    /// What comes before the path. Empty, except for a plain server behind a proxy.
    origin: String,
    /// The header fields, each with its line end.
    fields: String,
    /// The proxy's credential, if the proxy reads this head.
    proxy_authorization: Option<Secret>,
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    /// How long `Retry-After` asks us to wait.
    pub(super) retry_after: Option<Duration>,
    /// Where a redirect leads (`Location`).
    pub(super) location: Option<String>,
    /// How the server wants to know who asks (`WWW-Authenticate`): each field that it sent.
    pub(super) challenges: Vec<String>,
    pub(super) framing: Framing,
    /// Whether the body is compressed.
    pub(super) gzip: bool,
    /// Whether the connection can be used again after the body.
    pub(super) keep_alive: bool,
}

/// How a body ends (RFC 9112, section 6.3).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After this many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// When the server closes.
    UntilClose,
}

impl Template {
    /// Prepares the fields for a server, with the configured impersonation.
    pub(super) fn new(access: &Access, proxy: Option<&ProxyUrl>) -> Template {
        let server = &access.server;
        let mut fields = format!("Host: {}\r\nUser-Agent: {}\r\n", server.authority, user_agent());
        impersonate(&access.impersonate, &mut fields);
        // A plain server behind an HTTP proxy: the proxy reads the request, and needs the whole URL.
        match proxy.filter(|proxy| proxy.kind != ProxyKind::Socks5 && !server.tls) {
            Some(proxy) => {
                Template { origin: server.to_string(), fields, proxy_authorization: proxy.authorization() }
            }
            None => Template { origin: server.prefix.clone(), fields, proxy_authorization: None },
        }
    }

    /// The head of a request. `gzip` says whether it asks for a compressed answer.
    pub(super) fn head(
        &self,
        call: &Call,
        authorization: Option<&Secret>,
        gzip: bool,
    ) -> Result<Vec<u8>, String> {
        let path = &call.path_and_query;
        if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{path:?} is not an encoded path"));
        }
        let encodings = if gzip { "Accept-Encoding: gzip\r\n" } else { "" };
        Ok(self.request("GET", path, call.accept.header(), authorization, encodings).into_bytes())
    }

    /// A request with a body. We write it ourselves; it is never a guest's.
    pub(super) fn with_body(
        &self,
        method: &'static str,
        path: &str,
        body: &str,
        authorization: Option<&Secret>,
    ) -> Vec<u8> {
        let fields = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        let mut request = self.request(method, path, "application/json", authorization, &fields);
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

/// The user agent, in the form that client-go's tools send. It must not begin with `curl` or `Mozilla`, because an API server indents
/// its answers for those.
pub(super) fn user_agent() -> String {
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

/// Percent-encodes bytes that a header's name cannot have (RFC 9110, section 5.6.2), and the percent sign.
fn escape_key(key: &str) -> String {
    const TOKEN: AsciiSet = RESERVED
        .remove(b'!')
        .remove(b'#')
        .remove(b'$')
        .remove(b'&')
        .remove(b'\'')
        .remove(b'*')
        .remove(b'+')
        .remove(b'^')
        .remove(b'`')
        .remove(b'|');
    percent_encode(key.as_bytes(), &TOKEN).to_string()
}

/// Reads the head of an answer, and gives its length, too. `None` if more bytes are needed. `gzip` says whether gzip was asked for.
pub(super) fn parse(bytes: &[u8], gzip: bool) -> Result<Option<(usize, Head)>, HeadError> {
    let mut fields = [httparse::EMPTY_HEADER; USUAL_FIELDS];
    match parse_into(bytes, gzip, &mut fields) {
        Err(HeadError::Http(httparse::Error::TooManyHeaders)) => {
            let mut fields = vec![httparse::EMPTY_HEADER; MAX_FIELDS];
            parse_into(bytes, gzip, &mut fields)
        }
        parsed => parsed,
    }
}

/// Why the head of an answer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeadError {
    /// It is not HTTP, or it has too many fields.
    Http(httparse::Error),
    /// It is too long.
    TooLong,
    /// It is a message of TLS.
    Tls,
    /// Its `Content-Length` is not a number.
    Length,
    /// It has two lengths.
    TwoLengths,
    /// It has a length, and a body in chunks.
    LengthAndChunks,
    /// Its body has this `Transfer-Encoding`.
    TransferEncoding(String),
    /// Its body has this `Content-Encoding`.
    ContentEncoding(String),
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeadError::Http(httparse::Error::TooManyHeaders) => "its head has too many fields",
            HeadError::Http(error) => return write!(f, "it does not speak HTTP ({error})"),
            HeadError::TooLong => "its head is too long",
            HeadError::Tls => "it speaks TLS; use https",
            HeadError::Length => "its Content-Length is not a number",
            HeadError::TwoLengths => "it has two different Content-Lengths",
            HeadError::LengthAndChunks => "it has both a Transfer-Encoding and a Content-Length",
            HeadError::TransferEncoding(value) => {
                return write!(f, "its Transfer-Encoding, {value}, is not supported");
            }
            HeadError::ContentEncoding(value) => {
                return write!(f, "its Content-Encoding, {value}, was not requested");
            }
        })
    }
}

impl std::error::Error for HeadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            HeadError::Http(error) => Some(error),
            _ => None,
        }
    }
}

fn parse_into<'a>(
    bytes: &'a [u8],
    gzip: bool,
    fields: &mut [httparse::Header<'a>],
) -> Result<Option<(usize, Head)>, HeadError> {
    let mut parsed = httparse::Response::new(fields);
    // A field's value may be folded over several lines. No server should send that, and a client reads the line ends as blanks
    // (RFC 9112, section 5.2).
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    let len = match config.parse_response(&mut parsed, bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if bytes.len() >= MAX_HEAD_BYTES => return Err(HeadError::TooLong),
        Ok(httparse::Status::Partial) => return Ok(None),
        // A server that expects TLS often answers plain text with a TLS alert.
        Err(_) if bytes.starts_with(&[0x15, 0x03]) => return Err(HeadError::Tls),
        Err(error) => return Err(HeadError::Http(error)),
    };
    let status = parsed.code.unwrap_or_default();
    let mut head = Head {
        status,
        content_type: None,
        retry_after: None,
        location: None,
        challenges: Vec::new(),
        framing: Framing::UntilClose,
        gzip: false,
        keep_alive: parsed.version == Some(1),
    };
    let (mut length, mut chunked, mut close, mut retries) = (None, false, false, 0);
    let (mut retry, mut date) = (None, None);
    for field in parsed.headers.iter() {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        let value = || unfolded(field.value);
        if is("content-length") {
            let value = value();
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let parsed = value.parse::<u64>().ok().filter(|_| digits).ok_or(HeadError::Length)?;
            if length.is_some_and(|known| known != parsed) {
                return Err(HeadError::TwoLengths);
            }
            length = Some(parsed);
        } else if is("transfer-encoding") {
            if !value().eq_ignore_ascii_case("chunked") || chunked {
                return Err(HeadError::TransferEncoding(value()));
            }
            chunked = true;
        } else if is("content-encoding") {
            let value = value();
            // RFC 9110, section 8.4.1.3: the old name means the same.
            let is_gzip = value.eq_ignore_ascii_case("gzip") || value.eq_ignore_ascii_case("x-gzip");
            if is_gzip && gzip && !head.gzip {
                head.gzip = true;
            } else if !value.eq_ignore_ascii_case("identity") {
                return Err(HeadError::ContentEncoding(value));
            }
        } else if is("content-type") {
            head.content_type = Some(value());
        } else if is("location") {
            head.location = Some(value());
        } else if is("www-authenticate") {
            head.challenges.push(value());
        } else if is("retry-after") {
            let said = Retry::parse(&value());
            retry = if retries == 0 || retry == said { said } else { None };
            retries += 1;
        } else if is("date") {
            date = timestamp::parse_http(&value());
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
    head.retry_after = retry.map(|retry| retry.from(date));
    head.framing = match (status, chunked, length) {
        (100..=199 | 204 | 304, ..) => Framing::Length(0),
        (_, true, None) => Framing::Chunked,
        // With both, a proxy between us and the server may see other bodies than we do.
        (_, true, Some(_)) => return Err(HeadError::LengthAndChunks),
        (_, false, Some(length)) => Framing::Length(length),
        (_, false, None) => Framing::UntilClose,
    };
    // A server that sends chunks with HTTP/1.0 may have other faults (RFC 9112, section 6.1).
    let is_odd = chunked && parsed.version == Some(0);
    head.keep_alive &= !close && !is_odd && head.framing != Framing::UntilClose;
    // An empty body is not gzip, so it is left as it is.
    head.gzip &= head.framing != Framing::Length(0);
    Ok(Some((len, head)))
}

/// The meaning of `Retry-After` (RFC 9110, section 10.2.3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    After(Duration),
    At(SystemTime),
}

impl Retry {
    fn parse(value: &str) -> Option<Retry> {
        if value.bytes().all(|byte| byte.is_ascii_digit()) {
            return value.parse().ok().map(Duration::from_secs).map(Retry::After);
        }
        timestamp::parse_http(value).map(Retry::At)
    }

    /// Counts from the server's own time, so that its clock need not agree with ours. A time in the past means at once.
    fn from(self, date: Option<SystemTime>) -> Duration {
        match self {
            Retry::After(time) => time,
            Retry::At(time) => time.duration_since(date.unwrap_or_else(SystemTime::now)).unwrap_or_default(),
        }
    }
}

/// A field's value in one line: line ends and the blanks after them are one blank.
fn unfolded(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    if !text.contains(['\r', '\n']) {
        return text.trim().to_owned();
    }
    let lines = text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
