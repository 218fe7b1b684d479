//! A socket that keeps to a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::timeouts::{Limits, stopped};
use rustls::ClientConnection;
use wagather_base::stop;

/// A connected socket whose reads and writes end in time.
#[derive(Debug)]
pub(super) struct Socket {
    tcp: TcpStream,
    limits: Limits,
    read_timeout: Duration,
    write_timeout: Duration,
    /// TLS with a proxy, within which all of it happens.
    pub(super) proxy_tls: Option<Box<ClientConnection>>,
}

/// The socket below TLS with a proxy.
struct Below<'a>(&'a mut Socket);

impl Socket {
    pub(super) fn new(tcp: TcpStream, deadline: Instant) -> Socket {
        let limits = Limits::only(deadline);
        let (read_timeout, write_timeout) = (Duration::MAX, Duration::MAX);
        Socket { tcp, limits, read_timeout, write_timeout, proxy_tls: None }
    }

    /// Sets when to give up.
    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether the deadline has passed.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.limits.deadline
    }

    /// Whether nothing has come that was not asked for, and the server has not closed. For a socket that nobody waits for.
    pub(super) fn is_quiet(&self) -> bool {
        if self.tcp.set_nonblocking(true).is_err() {
            return false;
        }
        let peeked = self.tcp.peek(&mut [0]);
        let above = self.proxy_tls.as_ref().is_none_or(|tls| tls.wants_read());
        let is_quiet = above && peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.tcp.set_nonblocking(false).is_ok() && is_quiet
    }

    /// How long a call may wait: a slice of what is left. It saves a system call per read that the timeout of the socket stays
    /// as it is while it is short enough.
    fn left_until(&self, end: Instant) -> io::Result<Duration> {
        if let Some(stopped) = stopped() {
            return Err(stopped);
        }
        let now = Instant::now();
        let left = end.saturating_duration_since(now);
        if left.is_zero() { Err(self.limits.passed(now)) } else { Ok(stop::slice(left)) }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.proxy_tls.take() {
            None => self.read_below(buffer),
            Some(mut tls) => {
                let read = rustls::Stream::new(&mut *tls, &mut Below(self)).read(buffer);
                self.proxy_tls = Some(tls);
                read
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self.proxy_tls.take() {
            None => self.write_below(buffer),
            Some(mut tls) => {
                let written = rustls::Stream::new(&mut *tls, &mut Below(self)).write(buffer);
                self.proxy_tls = Some(tls);
                written
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.proxy_tls.take() {
            None => Ok(()),
            Some(mut tls) => {
                let flushed = rustls::Stream::new(&mut *tls, &mut Below(self)).flush();
                self.proxy_tls = Some(tls);
                flushed
            }
        }
    }
}

impl Read for Below<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_below(buffer)
    }
}

impl Write for Below<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write_below(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket {
    fn read_below(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.limits.of_read(Instant::now());
        loop {
            let left = self.left_until(end)?;
            if self.read_timeout > left {
                self.read_timeout = left;
                self.tcp.set_read_timeout(Some(self.read_timeout))?;
            }
            match self.tcp.read(buffer) {
                Err(error) if again(&error) => {}
                other => return other,
            }
            self.read_timeout = Duration::MAX;
        }
    }

    fn write_below(&mut self, buffer: &[u8]) -> io::Result<usize> {
        loop {
            let left = self.left_until(self.limits.deadline)?;
            if self.write_timeout > left {
                self.write_timeout = left;
                self.tcp.set_write_timeout(Some(self.write_timeout))?;
            }
            match self.tcp.write(buffer) {
                Err(error) if again(&error) => {}
                other => return other,
            }
            self.write_timeout = Duration::MAX;
        }
    }
}

fn again(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
