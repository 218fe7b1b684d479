//! The part of HTTP/1.1 that a GET, and a POST or PUT of known length, need: sequential requests on a connection, and
//! answers that follow or break the rules, as configured.

use super::answer::{Answer, Delivery, Framing};
use super::{Seen, Shared};
use std::io::{self, Read, Write};
use std::time::Duration;

/// No client of the tests sends a longer head.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// Nor a longer body.
const MAX_BODY_BYTES: usize = 4 << 20;
/// An answer without an end ends here if the client does not mind it: the test has failed by then.
const MAX_ENDLESS_BYTES: usize = 2 << 30;

const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

pub(super) fn serve<S: Read + Write>(mut stream: S, shared: &Shared) -> io::Result<()> {
    let mut buffered = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut buffered)? {
        // A server that went away answers nobody, also not on a connection that was kept.
        if shared.is_stopped() {
            return Ok(());
        }
        let Some(mut seen) = parse(&head) else {
            return stream.write_all(BAD_REQUEST);
        };
        let length = seen.header("content-length").map_or(Some(0), |length| length.parse().ok());
        let Some(length) = length.filter(|length| *length <= MAX_BODY_BYTES) else {
            return stream.write_all(BAD_REQUEST);
        };
        seen.body = read_body(&mut stream, &mut buffered, length)?;
        let answer = shared.answer(seen);
        if !send(&mut stream, &answer, shared)? {
            return Ok(());
        }
    }
    Ok(())
}

/// The bytes up to the empty line; `None` if the client has no more to say.
fn read_head(stream: &mut (impl Read + Write), buffered: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(end) = buffered.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = buffered.split_off(end + 4);
            return Ok(Some(std::mem::replace(buffered, rest)));
        }
        let mut more = [0; 4096];
        let len = stream.read(&mut more)?;
        // A greeting of TLS begins with a control character; a server of plain HTTP hangs up with a word.
        let is_greeting = len > 0 && buffered.is_empty() && more[0] < b' ';
        if len == 0 || buffered.len() > MAX_HEAD_BYTES || is_greeting {
            if is_greeting {
                stream.write_all(BAD_REQUEST)?;
            }
            return Ok(None);
        }
        buffered.extend_from_slice(&more[..len]);
    }
}

/// So many bytes after a head, some of which may have come with it.
fn read_body(stream: &mut impl Read, buffered: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    let rest = buffered.split_off(length.min(buffered.len()));
    let mut body = std::mem::replace(buffered, rest);
    let come = body.len();
    body.resize(length, 0);
    stream.read_exact(&mut body[come..])?;
    Ok(body)
}

fn parse(head: &[u8]) -> Option<Seen> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n");
    let (method, target) = lines.next()?.strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    if !["GET", "POST", "PUT"].contains(&method) {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    });
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().into()));
    Some(Seen {
        method: method.into(),
        path: path.into(),
        query: pairs.collect(),
        headers: headers.collect(),
        body: Vec::new(),
    })
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or(0) as u8;
        bytes.push(if byte == b'%' { hex(rest.next()) << 4 | hex(rest.next()) } else { byte });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends an answer; whether the connection can go on.
fn send(stream: &mut impl Write, answer: &Answer, shared: &Shared) -> io::Result<bool> {
    if answer.delivery == Delivery::Silence {
        while !shared.is_stopped() {
            std::thread::sleep(Duration::from_millis(20));
        }
        return Ok(false);
    }
    let mut head = format!("HTTP/1.1 {} Canned\r\nContent-Type: {}\r\n", answer.status, answer.content_type);
    if let Some(location) = &answer.location {
        head += &format!("Location: {location}\r\n");
    }
    if let Some(value) = answer.retry_after {
        head += &format!("Retry-After: {value}\r\n");
    }
    head += &match answer.framing {
        Framing::Length => format!("Content-Length: {}\r\n\r\n", answer.body.len()),
        Framing::Chunked => "Transfer-Encoding: chunked\r\n\r\n".to_owned(),
        Framing::Close => "Connection: close\r\n\r\n".to_owned(),
    };
    stream.write_all(head.as_bytes())?;
    let mut piece = |bytes: &[u8]| -> io::Result<()> {
        match answer.framing {
            Framing::Chunked if bytes.is_empty() => Ok(()),
            Framing::Chunked => {
                stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
                stream.write_all(bytes)?;
                stream.write_all(b"\r\n")
            }
            _ => stream.write_all(bytes),
        }?;
        stream.flush()
    };
    match &answer.delivery {
        Delivery::Silence => return Ok(false),
        Delivery::Whole => piece(&answer.body)?,
        Delivery::Cut(bytes) => {
            piece(&answer.body[..answer.body.len().min(*bytes)])?;
            return Ok(false);
        }
        Delivery::Endless(more, pause) => {
            piece(&answer.body)?;
            let mut sent = 0;
            while sent < MAX_ENDLESS_BYTES && !shared.is_stopped() {
                piece(more)?;
                sent += more.len();
                std::thread::sleep(*pause);
            }
            return Ok(false);
        }
        Delivery::Drip(bytes, pause) => {
            for drop in answer.body.chunks(*bytes) {
                if shared.is_stopped() {
                    return Ok(false);
                }
                piece(drop)?;
                std::thread::sleep(*pause);
            }
        }
    }
    if answer.framing == Framing::Chunked {
        stream.write_all(b"0\r\n\r\n")?;
    }
    stream.flush()?;
    Ok(answer.framing != Framing::Close)
}
