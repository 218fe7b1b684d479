//! Servers as their clients see them: over sockets, byte by byte.

mod access;
mod bodies;
mod hostile;
mod relay;
mod stopping;

use crate::{Access, Address, Handler, Limits, Listener, Server, Stopper};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// A server that runs beside the test, and stops at its end.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

pub(crate) fn run(limits: Limits, access: Access, handler: impl Handler) -> Running {
    let address = "127.0.0.1:0".parse().expect("an address");
    let listener = Listener::bind(&address, access).expect("a socket");
    let Address::Tcp(address) = *listener.address() else { panic!("TCP") };
    let server = Server::new(limits, handler);
    let stopper = server.stopper();
    let thread = std::thread::spawn(move || server.run(vec![listener]).expect("a server"));
    Running { address, stopper, thread: Some(thread) }
}

impl Running {
    /// Stops it and waits for its end.
    pub(crate) fn end(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("no panic");
        }
    }

    pub(crate) fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).expect("a connection"))
    }

    /// Sends bytes on a new connection, and reads to its end.
    pub(crate) fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        client.send(bytes);
        client.rest()
    }

    /// One request with a connection of its own.
    pub(crate) fn get(&self, target: &str) -> String {
        self.raw(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.end();
        }
    }
}

pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).expect("a server that reads");
    }

    /// Everything until the server closes the connection.
    pub(crate) fn rest(&mut self) -> String {
        self.0.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        let mut bytes = Vec::new();
        // A connection that breaks is an end, too.
        match self.0.read_to_end(&mut bytes) {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Reads until these bytes have come.
    pub(crate) fn until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(end.as_bytes()) {
            self.0.read_exact(&mut byte).expect("more bytes");
            bytes.push(byte[0]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The status of a response.
#[track_caller]
pub(crate) fn status(response: &str) -> u16 {
    let words: Vec<&str> = response.split(' ').take(2).collect();
    assert!(words[0].starts_with("HTTP/1."), "no response: {response:?}");
    words[1].parse().expect("a status")
}

/// The body of a response.
pub(crate) fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
