//! Reads all pods, or the lists of a file, and discards them: the minimum that any client must do. `throw-away ADDRESS
//! CA-FILE TOKEN-FILE LIMITS|@FILE [ahead]`.
//!
//! It uses the host's TLS (rustls with ring), HTTP/1.1 with keep-alive, and a buffer of one TLS record. It only
//! parses the beginning of a page, for the continue token. `LIMITS` are the numbers of items per page, separated by
//! commas; the last one applies to all further pages. Without `ahead`, it has one connection and requests a page
//! after it has read the page before. With `ahead`, it requests the next page as soon as it knows the token, on a
//! second connection, so the server works in parallel. It prints one line of JSON.
//!
//! Each line of a file is `PATH LIMITS`, a list, or `PATH -`, a document that is asked for as aggregated discovery. One
//! follows the other as one page follows the other.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// As large as a TLS record at most.
const BUFFER_BYTES: usize = 16 << 10;
/// Within so many bytes of a page there is the end of the list's metadata. A token is some hundred bytes.
const MOST_METADATA_BYTES: usize = 8 << 10;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (address, ca, token, limits, ahead) = match &*words {
        [address, ca, token, limits] => (address, ca, token, limits, false),
        [address, ca, token, limits, last] if last == "ahead" => (address, ca, token, limits, true),
        _ => return Err("usage: throw-away ADDRESS CA-FILE TOKEN-FILE LIMITS [ahead]".into()),
    };
    let asked = match limits.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file)?.lines().map(Asked::of).collect::<Result<Vec<_>>>()?,
        None => vec![Asked::of(&format!("/api/v1/pods {limits}"))?],
    };
    let server = Server { address, token: std::fs::read_to_string(token)?, config: config(ca)? };
    let (requests, bytes) = read_all(&server, &asked, ahead)?;
    println!(r#"{{"requests":{requests},"bytes":{bytes}}}"#);
    Ok(())
}

fn config(ca: &str) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// What is asked for.
struct Asked {
    path: String,
    /// The numbers of items per page; `None` for a document.
    limits: Option<Vec<u32>>,
}

impl Asked {
    fn of(line: &str) -> Result<Asked> {
        let (path, limits) = line.split_once(' ').ok_or("a line without limits")?;
        let numbers = || limits.split(',').map(str::parse).collect::<std::result::Result<Vec<u32>, _>>();
        Ok(Asked { path: path.to_owned(), limits: if limits == "-" { None } else { Some(numbers()?) } })
    }

    /// The path of a page, and what is accepted.
    fn page(&self, number: usize, token: &str) -> (String, &'static str) {
        let Some(limits) = &self.limits else {
            return (
                self.path.clone(),
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            );
        };
        let limit = limits.get(number).or(limits.last()).copied().unwrap_or(500);
        let between = if self.path.contains('?') { '&' } else { '?' };
        let token = if token.is_empty() { String::new() } else { format!("&continue={token}") };
        (format!("{}{between}limit={limit}{token}", self.path), "application/json")
    }
}

/// All pages; answers with the number of requests and the bytes of the bodies.
fn read_all(server: &Server<'_>, asked: &[Asked], ahead: bool) -> Result<(usize, u64)> {
    let mut rest = asked.iter();
    let Some(mut current) = rest.next() else { return Ok((0, 0)) };
    let mut connection = server.connect()?;
    let mut other = None;
    connection.ask(server, current.page(0, ""))?;
    let (mut requests, mut bytes, mut number) = (1, 0, 0);
    loop {
        let mut body = connection.head()?;
        let mut token = String::new();
        if current.limits.is_some() {
            let read;
            (token, read) = connection.metadata(&mut body)?;
            bytes += read;
        }
        let next = if token.is_empty() {
            number = 0;
            rest.next()
        } else {
            number += 1;
            Some(current)
        };
        if ahead && let Some(next) = next {
            if other.is_none() {
                other = Some(server.connect()?);
            }
            if let Some(other) = &mut other {
                other.ask(server, next.page(number, &token))?;
            }
        }
        loop {
            match connection.read_body(&mut body)? {
                [] => break,
                read => bytes += read.len() as u64,
            }
        }
        let Some(next) = next else { return Ok((requests, bytes)) };
        match &mut other {
            Some(other) => std::mem::swap(other, &mut connection),
            None => connection.ask(server, next.page(number, &token))?,
        }
        current = next;
        requests += 1;
    }
}

struct Server<'a> {
    address: &'a str,
    token: String,
    config: Arc<ClientConfig>,
}

impl Server<'_> {
    fn connect(&self) -> Result<Connection> {
        let socket = TcpStream::connect(self.address)?;
        socket.set_nodelay(true)?;
        let host = self.address.rsplit_once(':').ok_or("the address has no port")?.0;
        let tls = ClientConnection::new(self.config.clone(), ServerName::try_from(host.to_owned())?)?;
        let buffer = vec![0; BUFFER_BYTES];
        Ok(Connection { stream: StreamOwned::new(tls, socket), buffer, start: 0, end: 0 })
    }
}

struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// What is still to come of a body.
enum Body {
    /// So many bytes.
    Sized(u64),
    /// So many bytes of a chunk, and whether one came before it.
    Chunked(u64, bool),
    /// Nothing.
    Over,
}

impl Connection {
    fn ask(&mut self, server: &Server<'_>, (path, accept): (String, &str)) -> Result<()> {
        write!(
            self.stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nAccept: {accept}\r\n\r\n",
            server.address, server.token
        )?;
        Ok(self.stream.flush()?)
    }

    /// Reads more, if what was read is used up.
    fn fill(&mut self) -> Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = self.stream.read(&mut self.buffer)?;
            if self.end == 0 {
                return Err("the server has closed the connection".into());
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// A line without its end.
    fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        loop {
            let byte = self.fill()?[0];
            self.start += 1;
            match byte {
                b'\n' => return Ok(String::from_utf8(line)?),
                b'\r' => {}
                _ => line.push(byte),
            }
        }
    }

    /// The head of an answer; says how its body comes.
    fn head(&mut self) -> Result<Body> {
        let status = self.line()?;
        if !status.starts_with("HTTP/1.1 200 ") {
            return Err(format!("the server answers {status}").into());
        }
        let mut body = None;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(": ") {
                None => return body.ok_or_else(|| "a body without an end".into()),
                Some(("content-length", len)) => body = Some(Body::Sized(len.parse()?)),
                Some(("transfer-encoding", "chunked")) => body = Some(Body::Chunked(0, false)),
                Some(_) => {}
            }
        }
    }

    /// The next bytes of the body, as many as are there; none at its end.
    fn read_body(&mut self, body: &mut Body) -> Result<&[u8]> {
        if let Body::Chunked(left @ 0, inner) = body {
            if *inner {
                self.line()?;
            }
            *left = u64::from_str_radix(self.line()?.trim(), 16)?;
            *inner = true;
            if *left == 0 {
                self.line()?;
                *body = Body::Over;
            }
        }
        let (Body::Sized(left @ 1..) | Body::Chunked(left, _)) = body else { return Ok(&[]) };
        let here = self.fill()?.len().min(usize::try_from(*left)?);
        *left -= here as u64;
        self.start += here;
        Ok(&self.buffer[self.start - here..self.start])
    }

    /// Reads until the items begin; answers with the continue token, or an empty one, and how much was read.
    fn metadata(&mut self, body: &mut Body) -> Result<(String, u64)> {
        const TOKEN: &str = r#""continue":""#;
        let mut read = Vec::new();
        loop {
            let more = self.read_body(body)?;
            let over = more.is_empty();
            read.extend_from_slice(more);
            let text = String::from_utf8_lossy(&read[..read.len().min(MOST_METADATA_BYTES)]);
            let Some((metadata, _)) = text.split_once(r#""items":"#) else {
                if over || read.len() >= MOST_METADATA_BYTES {
                    return Err("a list that does not begin with its metadata".into());
                }
                continue;
            };
            let token = metadata.split_once(TOKEN).and_then(|(_, token)| token.split_once('"'));
            return Ok((token.map_or("", |(token, _)| token).to_owned(), read.len() as u64));
        }
    }
}
