//! Bodies of responses.

use bytes::Bytes;
use std::fmt;
use std::io::{self, Read};
use std::time::Duration;
use tokio::sync::mpsc;

/// Pieces that wait for a client to take them.
const WAITING_PIECES: usize = 4;

/// The body of a response.
pub struct Body(pub(crate) Content);

pub(crate) enum Content {
    Bytes(Bytes),
    Reader { reader: Box<dyn Read + Send>, len: u64 },
    Pieces(mpsc::Receiver<Piece>),
    Held { first: Bytes, time: Duration },
}

pub(crate) enum Piece {
    Bytes(Bytes),
    End,
}

impl Body {
    /// No body.
    pub fn empty() -> Body {
        Body(Content::Bytes(Bytes::new()))
    }

    /// This many bytes of a reader, such as a file. They are read on the pool, piece by piece, as the client takes them. If there are
    /// fewer, the connection breaks, so that the client does not take a part for the whole.
    pub fn reader(reader: impl Read + Send + 'static, len: u64) -> Body {
        Body(Content::Reader { reader: Box::new(reader), len })
    }

    /// Pieces that another thread sends as they come.
    pub fn pieces() -> (Pieces, Body) {
        let (sender, receiver) = mpsc::channel(WAITING_PIECES);
        (Pieces(sender), Body(Content::Pieces(receiver)))
    }

    /// These bytes, at once. Then nothing more, but the body ends only after this time, when the server stops, or when the client leaves. No
    /// thread waits for that.
    pub fn held(first: impl Into<Bytes>, time: Duration) -> Body {
        Body(Content::Held { first: first.into(), time })
    }

    /// The bytes of a body, for tests of handlers. Waits for all pieces.
    pub fn into_bytes(self) -> io::Result<Bytes> {
        match self.0 {
            Content::Bytes(bytes) | Content::Held { first: bytes, .. } => Ok(bytes),
            Content::Reader { reader, len } => {
                let mut bytes = Vec::new();
                reader.take(len).read_to_end(&mut bytes)?;
                if bytes.len() as u64 == len { Ok(bytes.into()) } else { Err(broken()) }
            }
            Content::Pieces(mut receiver) => {
                let mut bytes = Vec::new();
                loop {
                    match receiver.blocking_recv() {
                        Some(Piece::Bytes(piece)) => bytes.extend_from_slice(&piece),
                        Some(Piece::End) => return Ok(bytes.into()),
                        None => return Err(broken()),
                    }
                }
            }
        }
    }
}

/// A body that is less than it was to be.
pub(crate) fn broken() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Body {
        Body(Content::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Content::Reader { len, .. } => write!(f, "Reader({len})"),
            Content::Pieces(_) => f.write_str("Pieces"),
            Content::Held { first, time } => write!(f, "Held({}, {time:?})", first.len()),
        }
    }
}

/// The client of a body is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// The sending end of [`Body::pieces`]. If it is dropped before [`Pieces::end`], the connection breaks, so that the client does not take a
/// part for the whole.
#[derive(Debug)]
pub struct Pieces(mpsc::Sender<Piece>);

impl Pieces {
    /// Sends a piece. Waits while the client is slower, so it must not be called on the server's own thread.
    pub fn send(&self, piece: impl Into<Bytes>) -> Result<(), Gone> {
        self.put(Piece::Bytes(piece.into()))
    }

    /// Ends the body.
    pub fn end(self) -> Result<(), Gone> {
        self.put(Piece::End)
    }

    /// Whether the client is gone.
    pub fn is_gone(&self) -> bool {
        self.0.is_closed()
    }

    fn put(&self, piece: Piece) -> Result<(), Gone> {
        self.0.blocking_send(piece).map_err(|_| Gone)
    }
}
