//! Proxies between a client and the API server, with hooks for tests.

use super::Client;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// As `kubectl proxy`: plain HTTP on loopback, forwarded with the credentials of a client.
pub struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

/// Passes bytes through; with [`Tunnel::connect`] after a `CONNECT`, as an HTTP proxy does.
pub struct Tunnel {
    address: SocketAddr,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts one that never stops. `before` gets the target of each request before it is forwarded, and may take its
    /// time.
    pub fn start(client: &Client, before: impl Fn(&str) + Send + Sync + 'static) -> Proxy {
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (client, seen) = (client.clone(), heads.clone());
        let address = listen(move |stream| {
            let mut from = stream.try_clone()?;
            while let Some(head) = read_head(&mut from)? {
                let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let accept =
                    head.lines().find_map(|line| line.strip_prefix("Accept: ")).unwrap_or("*/*").to_owned();
                seen.lock().expect("no panic while it was held").push(head);
                before(&target);
                let answer = client.send("GET", &target, &accept, None);
                let head = format!(
                    "HTTP/1.1 {} -\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
                    answer.status,
                    answer.content_type,
                    answer.body.len()
                );
                let mut to = &stream;
                to.write_all(head.as_bytes())?;
                to.write_all(&answer.body)?;
            }
            Ok(())
        });
        Proxy { address, heads }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests, in the order of arrival.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic while it was held").clone()
    }

    /// Their targets.
    pub fn targets(&self) -> Vec<String> {
        self.heads().iter().map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
    }
}

impl Tunnel {
    /// Passes connections through to a loopback port. `before` is called with each.
    pub fn pass(port: u16, before: impl Fn() + Send + Sync + 'static) -> Tunnel {
        let address = listen(move |client| {
            before();
            join(client, TcpStream::connect(("127.0.0.1", port))?)
        });
        Tunnel { address, targets: Arc::default() }
    }

    /// An HTTP proxy that only knows `CONNECT`.
    pub fn connect() -> Tunnel {
        let targets = Arc::new(Mutex::new(Vec::new()));
        let seen = targets.clone();
        let address = listen(move |mut client| {
            let head = read_head(&mut client)?.unwrap_or_default();
            let target =
                head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            seen.lock().expect("no panic while it was held").push(target.to_owned());
            let server = TcpStream::connect(target)?;
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            join(client, server)
        });
        Tunnel { address, targets }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked for with `CONNECT`.
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().expect("no panic while it was held").clone()
    }
}

/// Serves each connection on a thread; one that breaks is the client's affair.
fn listen(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener =
        TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("cannot listen on loopback: {error}"));
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                let _ = serve(stream);
            });
        }
    });
    address
}

/// The head of a request without a body; byte by byte, so that nothing after it is taken.
pub(crate) fn read_head(from: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if from.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

fn join(client: TcpStream, server: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    let back = std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let _ = io::copy(&mut &client, &mut &server);
    let _ = server.shutdown(Shutdown::Write);
    let _ = back.join();
    Ok(())
}
