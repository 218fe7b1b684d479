//! One exchange as an entry of a HAR's log, on one line.
//!
//! Not here: when an exchange is over and where entries go (the recorder). Written as text, not through serde:
//! a body is streamed from its spool, so that memory stays bounded.

use std::fmt::{self, Display, Formatter};
use std::io::{self, ErrorKind, Read, Seek, Write};

use super::{CAUSES, ORIGIN, Problem};
use crate::Accept;
use wagather_archive::SpoolReader;
use wagather_base::base64;
use wagather_base::percent::decode_lossy;
use wagather_base::time::rfc3339;

/// What is read of a body at once: a multiple of 3, so that base64 needs padding at the end only.
const CHUNK_BYTES: usize = 48 << 10;

/// A request and what came of it; status 0 if no answer came.
pub(super) struct Exchange {
    pub(super) path_and_query: String,
    pub(super) accept: Accept,
    pub(super) started_millis: i64,
    pub(super) wait_millis: u64,
    pub(super) receive_millis: u64,
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) problem: Option<Problem>,
}

/// Writes an entry with its body.
pub(super) fn write(
    to: &mut dyn Write,
    exchange: &Exchange,
    body_bytes: u64,
    body: &mut SpoolReader,
) -> io::Result<()> {
    let Exchange { path_and_query, accept, wait_millis, receive_millis, status, content_type, .. } = exchange;
    let started = Quoted(&rfc3339(exchange.started_millis));
    let time = wait_millis + receive_millis;
    let url = Quoted(&format!("{ORIGIN}{path_and_query}"));
    let query = Query(path_and_query);
    let accept = Quoted(accept.header());
    write!(
        to,
        r#"{{"pageref":"run","startedDateTime":{started},"time":{time},"request":{{"method":"GET","url":{url},"httpVersion":"HTTP/1.1","cookies":[],"headers":[{{"name":"Accept","value":{accept}}}],"queryString":[{query}],"headersSize":-1,"bodySize":0}},"cache":{{}},"timings":{{"send":0,"wait":{wait_millis},"receive":{receive_millis}}},"#
    )?;
    if let Some(problem) = &exchange.problem {
        write!(to, r#""comment":{},"#, Quoted(&problem.reason))?;
    }
    write!(
        to,
        r#""response":{{"status":{status},"statusText":"","httpVersion":"HTTP/1.1","cookies":[],"headers":["#
    )?;
    if let Some(content_type) = content_type {
        write!(to, r#"{{"name":"Content-Type","value":{}}}"#, Quoted(content_type))?;
    }
    write!(to, r#"],"redirectURL":"","headersSize":-1,"bodySize":-1,"#)?;
    if let Some(Problem { cause, reason, advice }) = &exchange.problem {
        let (reason, advice) = (Quoted(reason), Quoted(advice));
        let name = CAUSES.iter().find(|(known, _)| known == cause).map_or("", |(_, name)| name);
        write!(to, r#""_error":{reason},"_cause":"{name}","_advice":{advice},"#)?;
    }
    let media_type = Quoted(content_type.as_deref().unwrap_or(""));
    write!(to, r#""content":{{"size":{body_bytes},"mimeType":{media_type},"#)?;
    if is_text(body)? {
        to.write_all(br#""text":""#)?;
        body.rewind()?;
        for_each_chunk(body, |chunk| to.write_all(&escape(chunk)))?;
    } else {
        to.write_all(br#""encoding":"base64","text":""#)?;
        body.rewind()?;
        for_each_chunk(body, |chunk| to.write_all(base64::encode(chunk).as_bytes()))?;
    }
    to.write_all(br#""}}}"#)
}

/// A text as a JSON string.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}

/// The query of a path as HAR's `queryString`: names and values, decoded.
struct Query<'a>(&'a str);

impl Display for Query<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (_, query) = self.0.split_once('?').unwrap_or_default();
        for (number, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let comma = if number == 0 { "" } else { "," };
            let (name, value) = (decode_lossy(name), decode_lossy(value));
            write!(f, r#"{comma}{{"name":{},"value":{}}}"#, Quoted(&name), Quoted(&value))?;
        }
        Ok(())
    }
}

/// Whether all of it is UTF-8, as JSON must be.
fn is_text(from: &mut dyn Read) -> io::Result<bool> {
    let mut pending = Vec::new();
    let mut valid = true;
    for_each_chunk(from, |chunk| {
        pending.extend_from_slice(chunk);
        if let Err(error) = str::from_utf8(&pending) {
            // A character may be split between two chunks.
            valid &= error.error_len().is_none();
            pending.drain(..error.valid_up_to());
        } else {
            pending.clear();
        }
        Ok(())
    })?;
    Ok(valid && pending.is_empty())
}

/// Reads to the end, in chunks that are full except for the last.
fn for_each_chunk(from: &mut dyn Read, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let mut len = 0;
        while len < CHUNK_BYTES {
            match from.read(&mut chunk[len..]) {
                Ok(0) => break,
                Ok(read) => len += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if len == 0 {
            return Ok(());
        }
        each(&chunk[..len])?;
    }
}

/// The inside of a JSON string (RFC 8259, section 7), of a piece of UTF-8.
fn escape(text: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut escaped = Vec::with_capacity(text.len() + text.len() / 4);
    for &byte in text {
        match byte {
            b'"' | b'\\' => escaped.extend_from_slice(&[b'\\', byte]),
            b'\n' => escaped.extend_from_slice(br"\n"),
            b'\r' => escaped.extend_from_slice(br"\r"),
            b'\t' => escaped.extend_from_slice(br"\t"),
            0..0x20 => {
                escaped.extend_from_slice(br"\u00");
                escaped.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => escaped.push(byte),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_is_read_back() {
        let text: String = (0..0x300).filter_map(char::from_u32).collect();
        let json = [b"\"", escape(text.as_bytes()).as_slice(), b"\""].concat();
        assert_eq!(serde_json::from_slice::<String>(&json).expect("a string"), text);
    }

    #[test]
    fn text_is_told_from_bytes_across_chunks() {
        for (lead, tail, text) in [
            (CHUNK_BYTES - 1, "€€".as_bytes(), true),
            (CHUNK_BYTES - 2, "€€".as_bytes(), true),
            (CHUNK_BYTES - 1, b"\xE2\x82".as_slice(), false),
            (CHUNK_BYTES - 1, b"\xE2x\x82".as_slice(), false),
            (0, b"\xFFxxx".as_slice(), false),
            (0, b"".as_slice(), true),
        ] {
            let bytes = [vec![b'a'; lead].as_slice(), tail].concat();
            assert_eq!(is_text(&mut bytes.as_slice()).expect("memory"), text, "{lead} {tail:?}");
        }
    }

    #[test]
    fn queries_are_told_decoded() {
        let query = Query("/x?labelSelector=a%3Db%2Cc&watch&limit=5&odd=%zz%+5%").to_string();
        assert_eq!(
            query,
            r#"{"name":"labelSelector","value":"a=b,c"},{"name":"watch","value":""},{"name":"limit","value":"5"},{"name":"odd","value":"%zz%+5%"}"#
        );
        assert_eq!(Query("/x").to_string(), "");
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(rfc3339(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(rfc3339(-5), "1970-01-01T00:00:00.000Z");
    }
}
