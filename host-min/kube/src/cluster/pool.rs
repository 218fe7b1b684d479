//! Connections to one server: made, made ahead, kept, and used again by any thread.

use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::credentials::Credential;
use super::dial::{self, Proxy};
use super::link::Link;
use super::socket::Socket;
use super::timeouts::{ALL_TIME, Limits, Timeouts, after, seconds};
use super::tls::{self, Tls};
use super::url::{ServerUrl, host_port};
use crate::{Cause, NoAnswer};

/// How many connections are kept while nobody uses them.
const MAX_IDLE: usize = 8;
/// How long a connection is kept while nobody uses it. An API server closes one after 90 s, or after 32 s if it has not had a
/// request yet (`IdleTimeout` and `ReadHeaderTimeout` in `k8s.io/apiserver/pkg/server/secure_serving.go`); load balancers
/// forget some after a minute. A new one costs a few milliseconds.
const MAX_IDLE_TIME: Duration = Duration::from_secs(30);
/// What is read from a socket at once for those who take less; a TLS record is as large at most.
pub(super) const BUFFER_BYTES: usize = 16 << 10;

/// The connections to a server.
pub(super) struct Pool {
    server: ServerUrl,
    proxy: Option<Proxy>,
    /// Absent for plain http.
    tls: Option<Tls>,
    timeouts: Timeouts,
    link: Link,
    who: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    warming: Warming,
    /// Whether a connection ever came back. Until then, the first request's own is under way.
    has_served: bool,
}

/// What became of the connection that is made ahead.
#[derive(Default)]
enum Warming {
    /// Nobody has asked for a connection yet.
    #[default]
    Untried,
    /// It is being made, and nobody waits for it.
    Unclaimed,
    /// It is being made, and a request waits for it.
    Claimed,
    /// It failed while a request waited, which reports it.
    Failed(NoAnswer),
    /// Connections are made as they are needed.
    Over,
}

/// A connection, and what was read from it and not yet used.
pub(super) struct Connection {
    stream: Stream,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Since when it has waited in the pool, if it has: the server may have closed it meanwhile.
    idle_since: Option<Instant>,
    /// Whether it has brought an answer.
    has_served: bool,
    /// The generation of the client certificate that it was made with; 0 if that never changes.
    generation: u64,
}

enum Stream {
    Plain(Socket),
    Tls(Box<tls::Stream>),
}

impl Pool {
    pub(super) fn new(
        server: ServerUrl,
        proxy: Option<Proxy>,
        tls: Option<Tls>,
        timeouts: Timeouts,
        link: Link,
    ) -> Pool {
        let who = host_port(&server.host, server.port);
        let (state, changed) = (Mutex::default(), Condvar::new());
        Pool { server, proxy, tls, timeouts, link, who, state, changed }
    }

    /// The server, for messages.
    pub(super) fn who(&self) -> &str {
        &self.who
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// What is known of the way to the server.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// Connects before a request asks for it, unless there is a connection that waits, or one is being made; until the deadline at most.
    pub(super) fn warm(
        &self,
        deadline: Instant,
        credential: impl FnOnce() -> Result<Arc<Credential>, NoAnswer>,
    ) {
        {
            let mut state = self.lock();
            let is_over = matches!(state.warming, Warming::Over);
            let is_cold = is_over && state.has_served && !state.idle.iter().any(Connection::is_usable);
            if !is_cold && !matches!(state.warming, Warming::Untried) {
                return;
            }
            state.warming = Warming::Unclaimed;
        }
        let made = credential().and_then(|credential| self.connect(&credential, deadline));
        let mut state = self.lock();
        let claimed = matches!(state.warming, Warming::Claimed);
        state.warming = Warming::Over;
        match made {
            Ok(mut connection) => {
                connection.idle_since = Some(Instant::now());
                state.idle.push(connection);
            }
            Err(failure) if claimed => state.warming = Warming::Failed(failure),
            // Nobody waits: the first request tries for itself, and tells.
            Err(_) => {}
        }
        drop(state);
        self.changed.notify_all();
    }

    /// A connection: an idle one, the one that is being made ahead, or a new one.
    pub(super) fn take(&self, credential: &Credential, deadline: Instant) -> Result<Connection, NoAnswer> {
        let generation = generation(credential);
        let mut state = self.lock();
        if matches!(state.warming, Warming::Untried) {
            state.warming = Warming::Over;
        }
        if matches!(state.warming, Warming::Unclaimed) {
            state.warming = Warming::Claimed;
            while matches!(state.warming, Warming::Claimed) {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    let reason = format!("cannot connect to {} in time {ALL_TIME}", self.who);
                    return Err(NoAnswer { cause: Cause::Late, reason, advice: String::new() });
                }
                state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            if let Warming::Failed(failure) = std::mem::replace(&mut state.warming, Warming::Over) {
                return Err(failure);
            }
        }
        if let Some(connection) = state.take_idle(generation) {
            return Ok(connection);
        }
        drop(state);
        self.connect(credential, deadline)
    }

    /// An idle connection, if there is one that can be used.
    pub(super) fn take_idle(&self, credential: &Credential) -> Option<Connection> {
        self.lock().take_idle(generation(credential))
    }

    /// Has a connection back on which nothing was sent.
    pub(super) fn put_back(&self, connection: Connection) {
        self.lock().idle.push(connection);
    }

    /// Keeps a connection for the next request.
    pub(super) fn give_back(&self, mut connection: Connection) {
        connection.idle_since = Some(Instant::now());
        connection.has_served = true;
        let mut state = self.lock();
        state.has_served = true;
        if state.idle.len() < MAX_IDLE {
            state.idle.push(connection);
        }
    }

    /// A new connection.
    pub(super) fn connect(&self, credential: &Credential, deadline: Instant) -> Result<Connection, NoAnswer> {
        let begin = Instant::now();
        let connect_deadline = after(begin, self.timeouts.connect, deadline);
        let made = dial::dial(&self.server, self.proxy.as_ref(), connect_deadline).and_then(|socket| {
            match &self.tls {
                None => Ok(Stream::Plain(socket)),
                Some(tls) => {
                    let begin = Instant::now();
                    let stream = tls.connect(socket, credential, &self.who)?;
                    self.link.handshake_took(begin.elapsed());
                    Ok(Stream::Tls(Box::new(stream)))
                }
            }
        });
        match made {
            Ok(stream) => Ok(Connection {
                stream,
                buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
                start: 0,
                end: 0,
                idle_since: None,
                has_served: false,
                generation: generation(credential),
            }),
            Err(mut failure) => {
                if failure.cause == Cause::Late {
                    // The connection may have a shorter time than the request has.
                    let which = if connect_deadline < deadline { "(--connect-timeout)" } else { ALL_TIME };
                    if connect_deadline < deadline {
                        failure.cause = Cause::Unreachable;
                    }
                    failure.reason += &format!(": {} {which}", seconds(connect_deadline - begin));
                }
                Err(failure)
            }
        }
    }

    /// As if so much time had passed since the connections were put here.
    #[cfg(test)]
    pub(super) fn grow_older(&self, time: Duration) {
        for connection in &mut self.lock().idle {
            connection.idle_since = connection.idle_since.and_then(|since| since.checked_sub(time));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_idle(&mut self, generation: u64) -> Option<Connection> {
        self.idle.retain(|connection| connection.generation == generation);
        while let Some(connection) = self.idle.pop() {
            if connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }
}

/// Only a certificate is part of a connection; a token is sent with each request.
fn generation(credential: &Credential) -> u64 {
    if credential.identity.is_some() { credential.generation } else { 0 }
}

impl Connection {
    /// Whether it has waited in the pool.
    pub(super) fn was_idle(&self) -> bool {
        self.idle_since.is_some()
    }

    /// Whether it may be used after it has waited. One that was never used may have bytes of TLS waiting that belong to the
    /// handshake; behind an answer nothing may come.
    fn is_usable(&self) -> bool {
        let is_young = self.idle_since.is_none_or(|since| since.elapsed() < MAX_IDLE_TIME);
        is_young && (!self.has_served || self.socket().is_quiet())
    }

    /// Whether all that has come was used, so that the next answer begins with the next byte.
    pub(super) fn is_drained(&self) -> bool {
        let below = match &self.stream {
            Stream::Plain(_) => true,
            // TLS wants nothing to read while it has something to give, or once the server has said that it closes.
            Stream::Tls(stream) => stream.conn.wants_read() && stream.sock.is_empty(),
        };
        self.buffered().is_empty() && below
    }

    fn socket(&self) -> &Socket {
        match &self.stream {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => &stream.sock.socket,
        }
    }

    /// Sets when reads and writes give up.
    pub(super) fn set_limits(&mut self, limits: Limits) {
        match &mut self.stream {
            Stream::Plain(socket) => socket.set_limits(limits),
            Stream::Tls(stream) => stream.sock.socket.set_limits(limits),
        }
    }

    /// Writes all of a request.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(socket) => socket.write_all(bytes),
            Stream::Tls(stream) => {
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }

    /// What was read and not yet used.
    pub(super) fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Marks the first of the buffered bytes as used.
    pub(super) fn consume(&mut self, len: usize) {
        self.start += len;
        if self.start >= self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Reads more into the buffer, which grows if it is full; gives how much, and 0 when the server has closed.
    pub(super) fn fill(&mut self) -> io::Result<usize> {
        if self.end == self.buffer.len() {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            } else {
                let mut larger = std::mem::take(&mut self.buffer).into_vec();
                larger.resize(larger.len() * 2, 0);
                self.buffer = larger.into_boxed_slice();
            }
        }
        let len = self.stream.read(&mut self.buffer[self.end..])?;
        self.end += len;
        Ok(len)
    }

    /// Reads past the buffer, which must be empty; gives how much, and 0 when the server has closed.
    pub(super) fn read_past(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        debug_assert!(self.buffered().is_empty());
        self.stream.read(buffer)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}
