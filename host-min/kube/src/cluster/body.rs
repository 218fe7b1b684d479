//! The body of an answer as it streams, taken out of its framing.
//!
//! The framing decides where the body ends. A connection that closes earlier is an error, and every read after an error
//! gives that error again. At the end of the body, the connection goes back to the pool.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::http::Framing;
use super::pool::{BUFFER_BYTES, Connection, Pool};
use super::timeouts::{Limits, Silence, explain_body};
use super::tls_error;

/// The longest size line of a chunk, including extensions, and the longest line of the trailer.
const MAX_LINE_BYTES: usize = 4 << 10;
/// How many lines a trailer may have.
const MAX_TRAILER_LINES: usize = 64;

/// A body being read.
pub(super) struct Body {
    /// `None` after the body has ended or failed.
    connection: Option<Connection>,
    decoder: Decoder,
    keep_alive: bool,
    /// The time from the beginning of the request to the deadline.
    time: Duration,
    /// How many bytes of content have come.
    bytes: u64,
    /// How long reads have waited, if that is measured.
    waited: Duration,
    pool: Arc<Pool>,
    failure: Option<(ErrorKind, String)>,
}

impl Body {
    pub(super) fn new(
        mut connection: Connection,
        framing: Framing,
        keep_alive: bool,
        (since, deadline): (Instant, Instant),
        pool: Arc<Pool>,
    ) -> Body {
        connection.set_limits(Limits { deadline, silence: Silence::For(pool.timeouts().idle) });
        let (connection, decoder) = (Some(connection), Decoder::new(framing));
        let time = deadline.saturating_duration_since(since);
        let mut body = Body {
            connection,
            decoder,
            keep_alive,
            time,
            bytes: 0,
            waited: Duration::ZERO,
            pool,
            failure: None,
        };
        if body.decoder.is_done() {
            body.finish();
        }
        body
    }

    fn finish(&mut self) {
        self.pool.link().received(self.bytes, self.waited);
        if let Some(connection) = self.connection.take()
            && self.keep_alive
            && connection.is_drained()
        {
            self.pool.give_back(connection);
        }
    }

    fn advance(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(connection) = &mut self.connection else { return Ok(0) };
            let (used, given) = self.decoder.decode(connection.buffered(), buffer)?;
            connection.consume(used);
            if self.decoder.is_done() {
                self.finish();
            }
            if given > 0 || self.connection.is_none() {
                return Ok(given);
            }
            let Some(connection) = &mut self.connection else { return Ok(0) };
            // A read that is larger than the connection's buffer need not go through it.
            let content = self.decoder.content_ahead().min(buffer.len());
            let is_large = content >= BUFFER_BYTES;
            let begin = self.pool.link().is_measured().then(Instant::now);
            let read =
                if is_large { connection.read_past(&mut buffer[..content])? } else { connection.fill()? };
            self.waited += begin.map_or(Duration::ZERO, |begin| begin.elapsed());
            if read == 0 {
                if self.decoder.may_close() {
                    self.connection = None;
                    return Ok(0);
                }
                return Err(io::Error::from(ErrorKind::UnexpectedEof));
            }
            if is_large {
                self.decoder.took(read);
                if self.decoder.is_done() {
                    self.finish();
                }
                return Ok(read);
            }
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, text)) = &self.failure {
            return Err(io::Error::new(*kind, text.clone()));
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.advance(buffer).inspect(|read| self.bytes += *read as u64);
        read.map_err(|error| {
            self.connection = None;
            let error = explain_body(error, self.pool.timeouts(), self.bytes, self.time);
            let text = tls_error::explain(&error, "read the response of", self.pool.who(), false).reason;
            self.failure = Some((error.kind(), text.clone()));
            io::Error::new(error.kind(), text)
        })
    }
}

impl Drop for Body {
    /// A body whose end has already arrived is read to the end, so that the connection can be used again.
    fn drop(&mut self) {
        let mut rest = [0; 512];
        while let Some(connection) = &mut self.connection {
            match self.decoder.decode(connection.buffered(), &mut rest) {
                Ok((used, _)) if used > 0 => connection.consume(used),
                _ => return,
            }
            if self.decoder.is_done() {
                self.finish();
            }
        }
    }
}

/// Takes a body out of its framing. It only transforms bytes.
pub(super) enum Decoder {
    Length(u64),
    UntilClose,
    /// In the line with the size of a chunk.
    Size(Vec<u8>),
    /// In a chunk, this many bytes before its end.
    Chunk(u64),
    /// At the line end after a chunk.
    ChunkEnd,
    /// In the trailer: the length of the line so far, and the number of lines before it.
    Trailer(usize, usize),
    Done,
}

impl Decoder {
    pub(super) fn new(framing: Framing) -> Decoder {
        match framing {
            Framing::Length(0) => Decoder::Done,
            Framing::Length(len) => Decoder::Length(len),
            Framing::Chunked => Decoder::Size(Vec::new()),
            Framing::UntilClose => Decoder::UntilClose,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Decoder::Done)
    }

    pub(super) fn may_close(&self) -> bool {
        matches!(self, Decoder::UntilClose | Decoder::Done)
    }

    /// How many bytes of content follow without framing between them.
    fn content_ahead(&self) -> usize {
        match self {
            Decoder::Length(left) | Decoder::Chunk(left) => usize::try_from(*left).unwrap_or(usize::MAX),
            Decoder::UntilClose => usize::MAX,
            _ => 0,
        }
    }

    /// Skips content that was read elsewhere: at most as much as follows without framing.
    fn took(&mut self, len: usize) {
        let (Decoder::Length(left) | Decoder::Chunk(left)) = self else { return };
        *left -= len as u64;
        if *left == 0 {
            *self = if matches!(self, Decoder::Length(_)) { Decoder::Done } else { Decoder::ChunkEnd };
        }
    }

    /// Moves content from `input` to `output`, until either ends. Gives how many bytes of each it used.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<(usize, usize)> {
        let (mut used, mut given) = (0, 0);
        while used < input.len() && given < output.len() {
            let (rest, room) = (&input[used..], &mut output[given..]);
            match self {
                Decoder::Length(_) | Decoder::Chunk(_) | Decoder::UntilClose => {
                    let len = rest.len().min(room.len()).min(self.content_ahead());
                    room[..len].copy_from_slice(&rest[..len]);
                    (used, given) = (used + len, given + len);
                    self.took(len);
                }
                Decoder::Size(line) => {
                    used += 1;
                    line.push(rest[0]);
                    if rest[0] == b'\n' {
                        *self = match size(line)? {
                            0 => Decoder::Trailer(0, 0),
                            size => Decoder::Chunk(size),
                        };
                    } else if line.len() > MAX_LINE_BYTES {
                        return Err(malformed());
                    }
                }
                Decoder::ChunkEnd => {
                    used += 1;
                    match rest[0] {
                        b'\r' => {}
                        b'\n' => *self = Decoder::Size(Vec::with_capacity(8)),
                        _ => return Err(malformed()),
                    }
                }
                Decoder::Trailer(len, lines) => {
                    used += 1;
                    match rest[0] {
                        b'\n' if *len == 0 => *self = Decoder::Done,
                        b'\n' => (*len, *lines) = (0, *lines + 1),
                        b'\r' => {}
                        _ => *len += 1,
                    }
                    if let Decoder::Trailer(len, lines) = self
                        && (*len > MAX_LINE_BYTES || *lines > MAX_TRAILER_LINES)
                    {
                        return Err(malformed());
                    }
                }
                Decoder::Done => break,
            }
        }
        Ok((used, given))
    }
}

/// The size of a chunk; extensions after a semicolon are ignored.
fn size(line: &[u8]) -> io::Result<u64> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
    text.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or_else(malformed)
}

fn malformed() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "its chunks are malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes in steps of a few bytes in and out; gives the body, and whether it ended.
    fn decode(framing: Framing, input: &[u8], step: usize) -> io::Result<(Vec<u8>, usize, bool)> {
        let mut decoder = Decoder::new(framing);
        let (mut at, mut body) = (0, Vec::new());
        while at < input.len() && !decoder.is_done() {
            let mut output = vec![0; step];
            let end = (at + step).min(input.len());
            let (used, given) = decoder.decode(&input[at..end], &mut output)?;
            at += used;
            body.extend_from_slice(&output[..given]);
        }
        Ok((body, at, decoder.is_done()))
    }

    #[test]
    fn framings_in_all_steps() {
        let chunks = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: z\r\n\r\nNEXT";
        for step in 1..50 {
            let (body, at, done) = decode(Framing::Chunked, chunks, step).unwrap();
            assert_eq!((body.as_slice(), &chunks[at..], done), (&b"hello world"[..], &b"NEXT"[..], true));
            let (body, at, done) = decode(Framing::Length(5), b"helloNEXT", step).unwrap();
            assert_eq!((body.as_slice(), at, done), (&b"hello"[..], 5, true));
            let (body, _, done) = decode(Framing::UntilClose, b"hello", step).unwrap();
            assert_eq!((body.as_slice(), done), (&b"hello"[..], false));
        }
    }

    #[test]
    fn malformed_chunks() {
        for input in [&b"x\r\n"[..], b"\r\n", b"-1\r\n", b"+1\r\n", b"11111111111111111\r\n", b"1\r\nab\r\n"]
        {
            assert!(decode(Framing::Chunked, input, 64).is_err(), "{input:?}");
        }
        assert!(decode(Framing::Chunked, &[b'1'; 2 * MAX_LINE_BYTES], 64).is_err());
        let trailer = [&b"0\r\n"[..], &b"a: b\r\n".repeat(1000)].concat();
        assert!(decode(Framing::Chunked, &trailer, 64).is_err());
    }
}
