//! What clients may take of a server: sizes, numbers and times.

use std::time::Duration;

/// The limits of one server, for all of its addresses together.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at the same time. Further ones wait until one ends. Each has a buffer of 8 KiB, which grows with a request's head.
    pub connections: usize,
    /// Threads for work that blocks. Further work waits.
    pub threads: usize,
    /// Bytes of a request's head. Tokens and certificates' names are in it; a browser's cookies are not meant for us.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Bytes of a request's target, the path and the query.
    pub target_bytes: usize,
    /// Bytes of a request's body, which is read before the handler sees the request.
    pub body_bytes: usize,
    /// Time for a request's head, the wait for its first byte on a kept connection included.
    pub head_time: Duration,
    /// Time for a request's body.
    pub body_time: Duration,
    /// Time for a TLS handshake.
    pub handshake_time: Duration,
    /// Time in which a client must take something of an answer that waits for it.
    pub write_time: Duration,
    /// Time that requests under way have to end when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 64,
            threads: 4,
            head_bytes: 16 << 10,
            headers: 64,
            target_bytes: 8 << 10,
            body_bytes: 128 << 10,
            head_time: Duration::from_secs(15),
            body_time: Duration::from_secs(15),
            handshake_time: Duration::from_secs(10),
            write_time: Duration::from_secs(30),
            grace: Duration::from_secs(5),
        }
    }
}
