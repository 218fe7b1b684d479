//! A server that answers each request with the same list of cluster operators.

use super::Result;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use tests::objects;

/// As many as a cluster of OpenShift has.
const OPERATORS: usize = 32;

/// Starts a server on 127.0.0.1. Gives its port.
pub(super) fn start(tls: Option<Arc<ServerConfig>>) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let body = objects::list_text(OPERATORS);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A run whose answer fails ends with an error, and that is told.
            let _ = match tls.clone() {
                None => answer(&mut stream, &body),
                Some(config) => ServerConnection::new(config)
                    .map_err(std::io::Error::other)
                    .and_then(|connection| answer(&mut StreamOwned::new(connection, stream), &body)),
            };
        }
    });
    Ok(port)
}

/// One request a connection.
fn answer(stream: &mut (impl Read + Write), body: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            len => request.extend_from_slice(&piece[..len]),
        }
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    stream.flush()
}
