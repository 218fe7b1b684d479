//! A wire between readers and the server: it passes bytes through and counts what comes from the server. Not for runs whose time
//! is taken.

use super::readers::Place;
use crate::Result;
use crate::contender::WORK;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::apiserver::Server;

/// A wire on threads of its own, for as long as this process lives.
pub(super) struct Wire {
    port: u16,
    bytes: Arc<AtomicU64>,
}

impl Wire {
    /// Leads to a port of 127.0.0.1.
    pub(super) fn start(to: u16) -> Result<Wire> {
        let failed = |error| format!("cannot listen on 127.0.0.1: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = bytes.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A reader whose connection breaks ends with an error, and that is told.
                let _ = connect(client, to, counted.clone());
            }
        });
        Ok(Wire { port, bytes })
    }

    /// The server's place, through this wire.
    pub(super) fn place(&self, server: &Server, kubeconfig: &Path) -> Result<Place> {
        let failed = |error| format!("cannot make a kubeconfig for the wire: {error}");
        let path = Path::new(WORK).join("wire.yaml");
        let text = std::fs::read_to_string(kubeconfig).map_err(failed)?;
        let text = text.replace(server.url(), &format!("https://127.0.0.1:{}", self.port));
        std::fs::write(&path, text).map_err(failed)?;
        Place::new(server, self.port, path, Vec::new())
    }

    /// Bytes from the server since the last call of [`forget`](Self::forget).
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts from 0.
    pub(super) fn forget(&self) {
        self.bytes.store(0, Ordering::Relaxed);
    }
}

fn connect(client: TcpStream, to: u16, bytes: Arc<AtomicU64>) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", to))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || pass(from_client, to_server, &AtomicU64::new(0)));
    std::thread::spawn(move || pass(server, client, &bytes));
    Ok(())
}

fn pass(mut from: TcpStream, mut to: TcpStream, bytes: &AtomicU64) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        bytes.fetch_add(len as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..len]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
