//! A minimal client: one request, one connection. Tests compare the host's results with its results, so it shares no
//! code with the host.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// No answer takes that long.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Who asks, and whom.
#[derive(Clone)]
pub struct Client {
    port: u16,
    token: String,
    config: Arc<ClientConfig>,
}

/// An answer, whole.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type, or empty.
    pub content_type: String,
    /// The body, out of its framing.
    pub body: Vec<u8>,
}

impl Client {
    /// Asks the server on a loopback port, whose certificate the authority signed, with a bearer token.
    pub fn new(port: u16, authority: &[u8], token: &str) -> Client {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority) {
            roots.add(certificate.expect("PEM")).expect("a certificate");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client { port, token: token.into(), config: Arc::new(config) }
    }

    /// The same with another token.
    pub fn with_token(&self, token: &str) -> Client {
        Client { token: token.into(), ..self.clone() }
    }

    /// Its token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Gets a path and query.
    pub fn get(&self, target: &str) -> Answer {
        self.send("GET", target, "application/json", None)
    }

    /// Creates an object in a collection.
    pub fn create(&self, collection: &str, object: &Value) {
        let answer = self.send("POST", collection, "application/json", Some(object));
        assert_eq!(answer.status, 201, "{collection}: {}", String::from_utf8_lossy(&answer.body));
    }

    /// Deletes an object, at once.
    pub fn delete(&self, object: &str) {
        let answer = self.send("DELETE", &format!("{object}?gracePeriodSeconds=0"), "application/json", None);
        assert_eq!(answer.status, 200, "{object}: {}", String::from_utf8_lossy(&answer.body));
    }

    /// Applies an object that is written as YAML, on the server's side.
    pub fn apply(&self, target: &str, yaml: &str) -> Answer {
        self.send_body("PATCH", target, "application/json", ("application/apply-patch+yaml", yaml))
    }

    /// Sends a request and waits for the answer.
    pub fn send(&self, method: &str, target: &str, accept: &str, object: Option<&Value>) -> Answer {
        let body = object.map(Value::to_string).unwrap_or_default();
        self.send_body(method, target, accept, ("application/json", &body))
    }

    fn send_body(
        &self,
        method: &str,
        target: &str,
        accept: &str,
        (content_type, body): (&str, &str),
    ) -> Answer {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the API server listens");
        stream.set_read_timeout(Some(TIME_LIMIT)).expect("a time limit");
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let connection = ClientConnection::new(self.config.clone(), name).expect("TLS");
        let mut stream = StreamOwned::new(connection, stream);
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nAccept: {accept}\r\n\
             Content-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.flush()).expect("the API server reads");
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            // The framing says whether all is there.
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => panic!("{method} {target}: {error}"),
            _ => parse(&answer).unwrap_or_else(|| panic!("{method} {target}: the answer was cut short")),
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, rest) = (std::str::from_utf8(&answer[..end]).ok()?, &answer[end + 4..]);
    let header = |name: &str| {
        let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    };
    let body = match header("transfer-encoding") {
        Some("chunked") => chunks(rest)?,
        _ if header("content-length")?.parse() == Ok(rest.len()) => rest.to_vec(),
        _ => return None,
    };
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, content_type: header("content-type").unwrap_or_default().into(), body })
}

fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let len = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        let start = line + 2;
        if len == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(start..start + len)?);
        rest = rest.get(start + len + 2..)?;
    }
}
