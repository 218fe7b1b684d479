//! What the bytes of a recorded body are: tools do not agree on what they write.
//!
//! A body that says it is base64 may be plain text (Firefox says so of texts it did not encode), and what base64 has may still be
//! compressed as it came from the server (proxies keep it so). Both are told by what cannot be otherwise: a text that has what
//! base64 has no letter for, and the two bytes that begin gzip and no text.

use super::ORIGIN_HOST;
use super::har::Answer;
use wagather_base::base64;

/// What a member of gzip begins with (RFC 1952, section 2.3).
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b, 8];

/// A body's bytes, and whether they are gzip that the client would have taken away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bytes {
    pub(super) bytes: Vec<u8>,
    pub(super) is_gzip: bool,
}

/// The bytes of a body that has this text.
pub(super) fn bytes(answer: &Answer, text: String) -> Result<Bytes, String> {
    let bytes = match answer.is_base64 {
        false => text.into_bytes(),
        true => match base64::decode(&text) {
            Some(bytes) if !is_said_to_be_plain(answer, &text, bytes.len()) => bytes,
            Some(_) => text.into_bytes(),
            None if is_text(answer) && is_plain(answer, &text) => text.into_bytes(),
            None => return Err("not base64".to_owned()),
        },
    };
    // Recordings of ours have bodies as they are: what is gzip there was gzip for the gatherer.
    let is_ours = &*answer.host == ORIGIN_HOST;
    let said = answer.content_encoding.trim().to_ascii_lowercase();
    let looks_like_gzip = bytes.starts_with(GZIP_MAGIC) && !is_ours;
    let is_gzip = looks_like_gzip && (matches!(&*said, "gzip" | "x-gzip") || is_text(answer));
    // Other compressions have no magic bytes; JSON is never mistaken for one.
    let is_odd =
        !matches!(&*said, "" | "identity" | "gzip" | "x-gzip") && std::str::from_utf8(&bytes).is_err();
    if is_odd && !is_ours {
        return Err(format!("its body is compressed ({})", said.escape_debug()));
    }
    Ok(Bytes { bytes, is_gzip })
}

/// Whether a text that could be base64 is the body itself, as its size says.
fn is_said_to_be_plain(answer: &Answer, text: &str, decoded_bytes: usize) -> bool {
    let size = |bytes: usize| answer.size == Some(bytes as u64);
    is_text(answer) && size(text.len()) && !size(decoded_bytes)
}

/// Whether a text that is not base64 is the body itself, and not base64 that was damaged.
fn is_plain(answer: &Answer, text: &str) -> bool {
    let is_of_base64 = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace()
    };
    answer.size == Some(text.len() as u64) || !text.bytes().all(is_of_base64)
}

/// Whether a body is text, by its media type.
fn is_text(answer: &Answer) -> bool {
    let media_type = answer.content_type.as_deref().unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.starts_with("text/") || ["json", "yaml", "xml"].iter().any(|form| media_type.ends_with(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(content_type: &str, size: Option<u64>) -> Answer {
        Answer {
            path_and_query: "/a".into(),
            host: "h".into(),
            is_table: false,
            status: 200,
            is_no_answer: false,
            content_type: Some(content_type.into()),
            body: None,
            is_base64: true,
            content_encoding: "".into(),
            size,
            problem: None,
        }
    }

    #[test]
    fn what_is_called_base64_may_be_plain() {
        for (content_type, size, text, expected) in [
            ("application/json", None, r#"{"a":1}"#, Some(r#"{"a":1}"#)),
            ("application/json; charset=utf-8", Some(9), r#"{"a":"é"}"#, Some(r#"{"a":"é"}"#)),
            ("text/plain", Some(2), "ok", Some("ok")),
            // Four letters of base64, or a text of four.
            ("text/plain", Some(4), "done", Some("done")),
            ("text/plain", Some(3), "Zm9v", Some("foo")),
            ("text/plain", None, "Zm9v", Some("foo")),
            ("application/octet-stream", Some(4), "Zm9v", Some("foo")),
            // Base64 that was cut, and bytes that cannot be told.
            ("application/json", Some(3), "Zm9vY", None),
            ("application/octet-stream", None, "{}", None),
        ] {
            let read = bytes(&answer(content_type, size), text.to_owned()).ok();
            let read = read.map(|read| String::from_utf8(read.bytes).expect("text"));
            assert_eq!(read.as_deref(), expected, "{content_type} {size:?} {text}");
        }
    }

    #[test]
    fn gzip_is_seen_where_the_client_would_have_taken_it_away() {
        let gzip = || base64::encode(&[0x1f, 0x8b, 8, 0, 0xff]);
        let of = |content_type: &str, said: &str, host: &str| {
            let answer =
                Answer { content_encoding: said.into(), host: host.into(), ..answer(content_type, None) };
            bytes(&answer, gzip()).map(|read| read.is_gzip)
        };
        assert_eq!(of("application/json", "", "h"), Ok(true));
        assert_eq!(of("application/octet-stream", "GZIP", "h"), Ok(true));
        assert_eq!(of("application/gzip", "", "h"), Ok(false));
        assert_eq!(of("text/plain", "", ORIGIN_HOST), Ok(false));
        assert_eq!(of("application/json", "br", "h"), Err("its body is compressed (br)".into()));
        // Browsers keep the header and take the compression away.
        let plain =
            Answer { content_encoding: "br".into(), is_base64: false, ..answer("application/json", None) };
        assert_eq!(bytes(&plain, "{}".into()), Ok(Bytes { bytes: b"{}".to_vec(), is_gzip: false }));
    }
}
