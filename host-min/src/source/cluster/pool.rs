//! Connections to one server: made, made ahead, kept, and used again by any thread.

use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::credentials::Credential;
use super::dial::{self, Socket};
use super::tls::{self, Tls};
use super::url::{ProxyUrl, ServerUrl, host_port};
use crate::source::{Cause, NoAnswer};

/// How many connections are kept while nobody uses them.
const MAX_IDLE: usize = 8;
/// What is read from a socket at once; a TLS record is as large at most.
const BUFFER_BYTES: usize = 16 << 10;

/// The connections to a server.
pub(super) struct Pool {
    server: ServerUrl,
    proxy: Option<ProxyUrl>,
    /// Absent for plain http.
    tls: Option<Tls>,
    connect_timeout: Duration,
    who: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    warming: Warming,
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
    /// It failed while a request waited, which is to be told.
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
    /// Whether it has waited in the pool, so that the server may have closed it meanwhile.
    pub(super) was_idle: bool,
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
        proxy: Option<ProxyUrl>,
        tls: Option<Tls>,
        connect_timeout: Duration,
    ) -> Pool {
        let who = host_port(&server.host, server.port);
        let (state, changed) = (Mutex::default(), Condvar::new());
        Pool { server, proxy, tls, connect_timeout, who, state, changed }
    }

    /// The server, for messages.
    pub(super) fn who(&self) -> &str {
        &self.who
    }

    /// Connects before a request asks for it, unless one has already.
    pub(super) fn warm(&self, credential: impl FnOnce() -> Result<Arc<Credential>, NoAnswer>) {
        {
            let mut state = self.lock();
            if !matches!(state.warming, Warming::Untried) {
                return;
            }
            state.warming = Warming::Unclaimed;
        }
        let made = credential()
            .and_then(|credential| self.connect(&credential, Instant::now() + self.connect_timeout));
        let mut state = self.lock();
        let claimed = matches!(state.warming, Warming::Claimed);
        state.warming = Warming::Over;
        match made {
            Ok(mut connection) => {
                connection.was_idle = true;
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
                    let reason = format!("cannot connect to {} in time", self.who);
                    return Err(NoAnswer { cause: Cause::Late, reason, advice: String::new() });
                }
                state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            if let Warming::Failed(failure) = std::mem::replace(&mut state.warming, Warming::Over) {
                return Err(failure);
            }
        }
        state.idle.retain(|connection| connection.generation == generation);
        if let Some(connection) = state.idle.pop() {
            return Ok(connection);
        }
        drop(state);
        self.connect(credential, deadline)
    }

    /// Keeps a connection for the next request.
    pub(super) fn give_back(&self, mut connection: Connection) {
        connection.was_idle = true;
        let mut state = self.lock();
        if state.idle.len() < MAX_IDLE {
            state.idle.push(connection);
        }
    }

    fn connect(&self, credential: &Credential, deadline: Instant) -> Result<Connection, NoAnswer> {
        let connect_deadline = deadline.min(Instant::now() + self.connect_timeout);
        let made = dial::dial(&self.server, self.proxy.as_ref(), connect_deadline).and_then(|socket| {
            match &self.tls {
                None => Ok(Stream::Plain(socket)),
                Some(tls) => {
                    tls.connect(socket, credential, &self.who).map(|stream| Stream::Tls(Box::new(stream)))
                }
            }
        });
        match made {
            Ok(stream) => Ok(Connection {
                stream,
                buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
                start: 0,
                end: 0,
                was_idle: false,
                generation: generation(credential),
            }),
            Err(mut failure) => {
                // The connection may have a shorter time than the request has.
                if failure.cause == Cause::Late && Instant::now() < deadline {
                    failure.cause = Cause::Unreachable;
                }
                Err(failure)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only a certificate is part of a connection; a token is sent with each request.
fn generation(credential: &Credential) -> u64 {
    if credential.identity.is_some() { credential.generation } else { 0 }
}

impl Connection {
    /// Sets when reads and writes give up.
    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        match &mut self.stream {
            Stream::Plain(socket) => socket.set_deadline(deadline),
            Stream::Tls(stream) => stream.sock.set_deadline(deadline),
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
        let room = &mut self.buffer[self.end..];
        let len = match &mut self.stream {
            Stream::Plain(socket) => socket.read(room)?,
            Stream::Tls(stream) => stream.read(room)?,
        };
        self.end += len;
        Ok(len)
    }
}
