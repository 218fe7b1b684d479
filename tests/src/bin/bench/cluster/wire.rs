//! A relay between readers and the server that counts the server's bytes. As a link, it also delays them and limits
//! their rate, as a network would.

use super::readers::Place;
use crate::Result;
use crate::contender::WORK;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tests::apiserver::Server;

/// A wire on threads of its own, for as long as this process lives.
pub(super) struct Wire {
    port: u16,
    bytes: Arc<AtomicU64>,
}

impl Wire {
    /// Leads to a port of 127.0.0.1, through a link in each direction if there is one.
    pub(super) fn start(to: u16, link: Option<[Link; 2]>) -> Result<Wire> {
        let failed = |error| format!("cannot listen on 127.0.0.1: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = bytes.clone();
        let link = link.map_or([None, None], |link| link.map(Some));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A reader whose connection breaks ends with an error, and that is told.
                let _ = connect(client, to, counted.clone(), link.clone());
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

fn connect(
    client: TcpStream,
    to: u16,
    bytes: Arc<AtomicU64>,
    link: [Option<Link>; 2],
) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", to))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let [up, down] = link;
    std::thread::spawn(move || pass(from_client, to_server, &AtomicU64::new(0), up));
    std::thread::spawn(move || pass(server, client, &bytes, down));
    Ok(())
}

/// What passes through is read in pieces of so many bytes at most.
const PIECE_BYTES: usize = 16 << 10;
/// How many pieces may be on their way: what routers hold back for a link.
const MAX_PIECES: usize = 64;

fn pass(mut from: TcpStream, mut to: TcpStream, bytes: &AtomicU64, link: Option<Link>) {
    let (sender, receiver) = sync_channel::<(Instant, Vec<u8>)>(MAX_PIECES);
    let mut target = to.try_clone();
    let writer = std::thread::spawn(move || {
        for (at, piece) in receiver {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if !target.as_mut().is_ok_and(|target| target.write_all(&piece).is_ok()) {
                return;
            }
        }
    });
    let mut buffer = vec![0; PIECE_BYTES];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        bytes.fetch_add(len as u64, Ordering::Relaxed);
        let at = link.as_ref().map_or_else(Instant::now, |link| link.arrival(len));
        if sender.send((at, buffer[..len].to_vec())).is_err() {
            break;
        }
    }
    drop(sender);
    let _ = writer.join();
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both), to.flush());
}

/// One direction of a link that is shared by all connections.
#[derive(Clone)]
pub(super) struct Link {
    delay: Duration,
    bytes_per_second: u64,
    free_at: Arc<Mutex<Instant>>,
}

impl Link {
    /// A link on which each byte is under way for `delay`, and so many of them pass in a second.
    pub(super) fn new(delay: Duration, bytes_per_second: u64) -> Link {
        Link { delay, bytes_per_second, free_at: Arc::new(Mutex::new(Instant::now())) }
    }

    /// When so many bytes arrive that are sent now, behind those that were sent before.
    fn arrival(&self, len: usize) -> Instant {
        let on_the_wire = Duration::from_secs_f64(len as f64 / self.bytes_per_second as f64);
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = (*free_at).max(Instant::now()) + on_the_wire;
        *free_at + self.delay
    }
}
