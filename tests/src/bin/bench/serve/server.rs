//! A server whose connections stay open, as those of an API server do. It notes when the first byte of each request comes: with TLS, of its first record.

use crate::Result;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tests::certificates::Authority;
use tests::objects;

/// As many as a cluster of OpenShift has.
pub(super) const OPERATORS: usize = 32;

/// Longer than any request here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on threads of its own, for as long as this process lives.
pub(super) struct Server {
    pub(super) url: String,
    /// The certificate of its authority, in PEM; empty without TLS.
    pub(super) ca: String,
    first_bytes: Receiver<Instant>,
}

impl Server {
    pub(super) fn start(has_tls: bool) -> Result<Server> {
        let failed = |error| format!("cannot listen on 127.0.0.1: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let authority = has_tls.then(|| Authority::new("serve"));
        let tls = authority.as_ref().map(|authority| authority.server("127.0.0.1").config());
        let body: Arc<str> = objects::list_text(OPERATORS).into();
        let (sender, first_bytes) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, body, sender) = (tls.clone(), body.clone(), sender.clone());
                std::thread::spawn(move || serve(stream, tls, &body, &sender));
            }
        });
        let scheme = if has_tls { "https" } else { "http" };
        let ca = authority.map_or(String::new(), |authority| authority.pem());
        Ok(Server { url: format!("{scheme}://127.0.0.1:{port}"), ca, first_bytes })
    }

    /// When the first byte of the request came.
    pub(super) fn first_byte(&self) -> Result<Instant> {
        self.first_bytes.recv_timeout(PATIENCE).map_err(|_| "no request came".to_owned())
    }

    /// Forgets what came besides.
    pub(super) fn forget(&self) {
        while self.first_bytes.try_recv().is_ok() {}
    }
}

/// Notes when the first byte comes after it was asked to.
struct Noting {
    stream: TcpStream,
    first: Option<Instant>,
}

impl Read for Noting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.stream.read(buffer)?;
        if len > 0 {
            self.first.get_or_insert_with(Instant::now);
        }
        Ok(len)
    }
}

impl Write for Noting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A client that goes away is no failure.
fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, body: &str, sender: &Sender<Instant>) {
    let _ = stream.set_nodelay(true);
    let stream = Noting { stream, first: None };
    match tls.map(ServerConnection::new) {
        None => drop(answer(stream, |stream| stream.first.take(), body, sender)),
        Some(Ok(connection)) => {
            drop(answer(
                StreamOwned::new(connection, stream),
                |stream| stream.sock.first.take(),
                body,
                sender,
            ));
        }
        Some(Err(_)) => {}
    }
}

fn answer<S: Read + Write>(
    mut stream: S,
    first: impl Fn(&mut S) -> Option<Instant>,
    body: &str,
    sender: &Sender<Instant>,
) -> io::Result<()> {
    let len = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n");
    let response = head + body;
    let mut is_first = true;
    loop {
        let mut request = [0; 8192];
        let mut len = 0;
        while !request[..len].ends_with(b"\r\n\r\n") {
            match stream.read(&mut request[len..])? {
                0 => return Ok(()),
                more => len += more,
            }
        }
        // The first byte of a connection with TLS is of its handshake.
        if let Some(at) = first(&mut stream)
            && !std::mem::take(&mut is_first)
        {
            let _ = sender.send(at);
        }
        stream.write_all(response.as_bytes())?;
        stream.flush()?;
    }
}
