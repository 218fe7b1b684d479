//! One GET over plain HTTP/1.1. The end of the answer is marked by a length, chunks, or the end of the connection.

use std::io::{Read, Write};
use std::net::TcpStream;

/// A request that was sent.
pub(crate) struct Answer(TcpStream);

impl Answer {
    /// Sends a request, and does not wait.
    pub(crate) fn ask(port: u16, path: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a server");
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("a request");
        Answer(stream)
    }

    /// The status and the body.
    pub(crate) fn read(mut self) -> (i32, Vec<u8>) {
        // The server was asked to end the connection behind the answer.
        let mut answer = Vec::new();
        self.0.read_to_end(&mut answer).expect("an answer");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = std::str::from_utf8(&answer[..end]).expect("a head in ASCII").to_ascii_lowercase();
        let status = head.get(9..12).and_then(|code| code.parse().ok()).expect("a status");
        let is_chunked = head.lines().any(|line| line.trim_end() == "transfer-encoding: chunked");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let mut body = answer.split_off(end + 4);
        if is_chunked {
            body = joined(&body);
        } else if let Some(length) = length {
            assert!(length.trim().parse() == Ok(body.len()), "a whole body");
        }
        (status, body)
    }
}

/// The body that came in these chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(chunks.len());
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").expect("a chunk's length");
        let digits = std::str::from_utf8(&chunks[..end]).expect("a chunk's length in ASCII");
        let digits = digits.split(';').next().unwrap_or_default().trim();
        let len = usize::from_str_radix(digits, 16).expect("a chunk's length");
        if len == 0 {
            return body;
        }
        body.extend_from_slice(&chunks[end + 2..][..len]);
        chunks = &chunks[end + 2 + len + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn chunks_are_joined() {
        assert_eq!(joined(b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n"), b"hello!");
        assert_eq!(joined(b"0\r\n\r\n"), b"");
    }
}
