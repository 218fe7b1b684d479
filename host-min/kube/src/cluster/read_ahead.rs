//! Reads ahead of TLS. TLS asks for 4 KiB at a time; this makes fewer and larger reads of the socket.

use std::io::{self, Read, Write};

use super::socket::Socket;

/// How much is read from a socket at once below TLS: four records of the largest size.
const BUFFER_BYTES: usize = 64 << 10;

/// A socket, and the bytes that were read from it and not yet asked for.
#[derive(Debug)]
pub(super) struct ReadAhead {
    pub(super) socket: Socket,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl ReadAhead {
    pub(super) fn new(socket: Socket) -> ReadAhead {
        ReadAhead { socket, buffer: vec![0; BUFFER_BYTES].into_boxed_slice(), start: 0, end: 0 }
    }

    /// Whether TLS has taken all bytes that were read.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
            self.end = self.socket.read(&mut self.buffer)?;
        }
        let len = buffer.len().min(self.end - self.start);
        buffer[..len].copy_from_slice(&self.buffer[self.start..self.start + len]);
        self.start += len;
        Ok(len)
    }
}

impl Write for ReadAhead {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
