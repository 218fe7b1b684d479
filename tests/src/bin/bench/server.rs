//! The server of the bench: it records when the first byte of a connection arrives, and answers with a small list of
//! cluster operators.

use crate::Result;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than any program here takes, and short enough to wait for one that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

const ITEMS: &str = r#"{"apiVersion":"config.openshift.io/v1","kind":"ClusterOperatorList","metadata":{"resourceVersion":"7"},"items":[
{"apiVersion":"config.openshift.io/v1","kind":"ClusterOperator","metadata":{"name":"dns","uid":"1"},"spec":{},"status":{
"conditions":[{"type":"Degraded","status":"False","reason":"AsExpected","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}],
"versions":[{"name":"operator","version":"4.20.1"}]}},
{"apiVersion":"config.openshift.io/v1","kind":"ClusterOperator","metadata":{"name":"etcd","uid":"2"},"spec":{},"status":{
"conditions":[{"type":"Degraded","status":"True","reason":"Slow","message":"a member is slow","lastTransitionTime":"2026-01-01T00:00:00Z"}],
"versions":[{"name":"operator","version":"4.20.1"}]}}]}"#;

/// A server on a thread of its own, for as long as this process lives.
pub(crate) struct Server {
    port: u16,
    first_bytes: Receiver<Instant>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) fn start() -> Result<Server> {
        let failed = |error| format!("cannot listen on 127.0.0.1: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (sender, first_bytes) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A program whose answer fails ends with an error, and that is told.
                let _ = answer(stream, |at| {
                    let _ = sender.send(at);
                });
            }
        });
        Ok(Server { port, first_bytes })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// When the first byte since the last call came.
    pub(crate) fn first_byte(&self) -> Result<Instant> {
        self.first_bytes.recv_timeout(PATIENCE).map_err(|_| "no request came".to_owned())
    }

    /// Forgets what came besides.
    pub(crate) fn forget(&self) {
        while self.first_bytes.try_recv().is_ok() {}
    }
}

/// One request a connection: the floor reads until the end.
fn answer(mut stream: TcpStream, first_byte: impl FnOnce(Instant)) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = [0; 4096];
    let mut len = stream.read(&mut request)?;
    let at = Instant::now();
    if len == 0 {
        return Ok(());
    }
    first_byte(at);
    while !request[..len].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[len..])? {
            0 => return Ok(()),
            more => len += more,
        }
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        ITEMS.len()
    );
    stream.write_all((head + ITEMS).as_bytes())
}
