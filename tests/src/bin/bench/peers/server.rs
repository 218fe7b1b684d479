//! The server of all contenders: it serves a list of 32 cluster operators over plain HTTP or TLS, and records the
//! time of the first byte of each request.
//!
//! Over TLS, this is the first decrypted byte of the request.

use crate::Result;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use tests::certificates::Authority;
use tests::objects;

/// What is asked for.
pub(super) const PATH: &str = "/apis/config.openshift.io/v1/clusteroperators?limit=500";
/// As many as a cluster of OpenShift has.
pub(super) const OPERATORS: usize = 32;
/// Longer than a compiler takes for the largest module.
const PATIENCE: Duration = Duration::from_secs(300);

/// A server on a thread of its own, for as long as this process lives.
pub(super) struct Server {
    pub(super) port: u16,
    /// The certificate of its authority, in PEM; empty without TLS.
    pub(super) ca: String,
    first_bytes: Receiver<Instant>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1.
    pub(super) fn start(has_tls: bool) -> Result<Server> {
        let failed = |error| format!("cannot listen on 127.0.0.1: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let authority = has_tls.then(|| Authority::new("peers"));
        let tls = authority.as_ref().map(|authority| authority.server("127.0.0.1").config());
        let body = objects::list_text(OPERATORS);
        let (sender, first_bytes) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A contender whose answer fails ends with an error, and that is told.
                let _ = serve(stream, tls.clone(), &body, &sender);
            }
        });
        Ok(Server { port, ca: authority.map_or(String::new(), |authority| authority.pem()), first_bytes })
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

fn serve(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    body: &str,
    sender: &Sender<Instant>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let Some(config) = tls else {
        answer(&mut stream, body, sender)?;
        return stream.shutdown(Shutdown::Write);
    };
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    answer(&mut stream, body, sender)?;
    stream.conn.send_close_notify();
    stream.flush()?;
    stream.sock.shutdown(Shutdown::Write)
}

/// One request a connection.
fn answer(stream: &mut (impl Read + Write), body: &str, sender: &Sender<Instant>) -> std::io::Result<()> {
    let mut request = [0; 8192];
    let mut len = stream.read(&mut request)?;
    let at = Instant::now();
    if len == 0 {
        return Ok(());
    }
    let _ = sender.send(at);
    while !request[..len].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[len..])? {
            0 => return Ok(()),
            more => len += more,
        }
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes())?;
    stream.flush()
}
