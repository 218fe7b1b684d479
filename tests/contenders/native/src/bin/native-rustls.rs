//! `native-rustls PORT CA-FILE TOKEN-FILE PATH OUTPUT`: the minimum of a TLS client. It sends one GET to 127.0.0.1
//! and writes the body to a file.
//!
//! It uses the host's TLS: rustls with ring. The answer ends with the connection.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

const HOST: &str = "127.0.0.1";

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [port, ca, token, path, output] = &*words else {
        return Err("usage: native-rustls PORT CA-FILE TOKEN-FILE PATH OUTPUT".into());
    };
    let socket = TcpStream::connect((HOST, port.parse()?))?;
    socket.set_nodelay(true)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let token = std::fs::read_to_string(token)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = ClientConnection::new(Arc::new(config), ServerName::try_from(HOST)?)?;
    let mut stream = StreamOwned::new(tls, socket);
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no head")? + 4;
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return Err("the server does not answer with 200".into());
    }
    Ok(std::fs::write(output, &answer[body..])?)
}
