//! Corporate proxies: SOCKS 5 with a user and a password (RFC 1928, RFC 1929), and HTTP's `CONNECT` with the same
//! (RFC 9110, section 9.3.6), plain or over TLS.
//!
//! Each proxy connects to one server, whatever name is requested, and records the target. So a test can tell names
//! that the client resolves from names that it leaves to the proxy. A wrong login is refused, and repeated in the
//! refusal's text if there is one.

use crate::certificates::ServerCertificate;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long one side is waited for before the other has its turn.
const TURN: Duration = Duration::from_millis(2);

/// How a proxy is spoken to.
#[derive(Clone)]
enum Kind {
    Socks,
    Http(Option<Arc<rustls::ServerConfig>>),
}

/// A proxy that runs.
pub struct Proxy {
    address: SocketAddr,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What a proxy was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The user and the password: as SOCKS has them, or the value of `Proxy-Authorization`.
    pub login: String,
    /// The target, as `HOST:PORT`; none if it was refused before that was said.
    pub target: String,
}

/// What every connection goes by.
#[derive(Clone)]
struct Rules {
    kind: Kind,
    /// Who may use it: what [`Asked::login`] has to be.
    login: String,
    /// The port of the server on loopback.
    upstream: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Proxy {
    /// A SOCKS 5 proxy that wants this user and this password.
    pub fn socks(user: &str, password: &str, upstream: u16) -> Proxy {
        Proxy::start("socks5", Kind::Socks, format!("{user}:{password}"), upstream)
    }

    /// An HTTP proxy that wants this value of `Proxy-Authorization`.
    pub fn http(authorization: &str, upstream: u16) -> Proxy {
        Proxy::start("http", Kind::Http(None), authorization.to_owned(), upstream)
    }

    /// The same over TLS.
    pub fn https(authorization: &str, certificate: &ServerCertificate, upstream: u16) -> Proxy {
        Proxy::start("https", Kind::Http(Some(certificate.config())), authorization.to_owned(), upstream)
    }

    fn start(scheme: &'static str, kind: Kind, login: String, upstream: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::default());
        let rules = Rules { kind, login, upstream, asked: Arc::clone(&asked) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let rules = rules.clone();
                // A client that goes away is no failure of the proxy.
                std::thread::spawn(move || rules.serve(stream));
            }
        });
        Proxy { address, scheme, asked }
    }

    /// Its URL, with a login as it is to be written there.
    pub fn url(&self, login: &str) -> String {
        format!("{}://{login}@{}", self.scheme, self.address)
    }

    /// What it was asked for, in the order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic while it was held").clone()
    }
}

impl Rules {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let tcp = stream.try_clone()?;
        match &self.kind {
            Kind::Socks => self.socks(stream, &tcp),
            Kind::Http(None) => self.http(stream, &tcp),
            Kind::Http(Some(config)) => {
                let tls = rustls::ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                self.http(rustls::StreamOwned::new(tls, stream), &tcp)
            }
        }
    }

    fn note(&self, login: &str, target: String) -> bool {
        let asked = Asked { login: login.to_owned(), target };
        self.asked.lock().expect("no panic while it was held").push(asked);
        login == self.login
    }

    fn socks(&self, mut client: impl Read + Write, tcp: &TcpStream) -> io::Result<()> {
        let [version, methods] = bytes(&mut client)?;
        let mut offered = vec![0; usize::from(methods)];
        client.read_exact(&mut offered)?;
        if version != 5 || !offered.contains(&2) {
            return client.write_all(&[5, 0xff]);
        }
        client.write_all(&[5, 2])?;
        let [version] = bytes(&mut client)?;
        let (user, password) = (text(&mut client)?, text(&mut client)?);
        let login = format!("{user}:{password}");
        if version != 1 || login != self.login {
            self.note(&login, String::new());
            return client.write_all(&[1, 1]);
        }
        client.write_all(&[1, 0])?;
        let [_, command, _, form] = bytes(&mut client)?;
        let host = match form {
            1 => std::net::Ipv4Addr::from(bytes::<4>(&mut client)?).to_string(),
            3 => text(&mut client)?,
            _ => return client.write_all(&[5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),
        };
        let port = u16::from_be_bytes(bytes(&mut client)?);
        assert_eq!(command, 1, "CONNECT is all that a client needs");
        self.note(&login, format!("{host}:{port}"));
        let upstream = TcpStream::connect(("127.0.0.1", self.upstream))?;
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
        relay(client, tcp, upstream)
    }

    fn http(&self, mut client: impl Read + Write, tcp: &TcpStream) -> io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(bytes::<1>(&mut client)?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
        let login = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
        let (target, login) = (target.unwrap_or_default(), login.unwrap_or_default());
        if !self.note(login, target.to_owned()) {
            let refusal = format!("HTTP/1.1 407 Not with {login}\r\nContent-Length: 0\r\n\r\n");
            client.write_all(refusal.as_bytes())?;
            return client.flush();
        }
        let upstream = TcpStream::connect(("127.0.0.1", self.upstream))?;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        client.flush()?;
        relay(client, tcp, upstream)
    }
}

fn bytes<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map(|()| bytes)
}

/// A text behind its length.
fn text(from: &mut impl Read) -> io::Result<String> {
    let [len] = bytes(from)?;
    let mut text = vec![0; usize::from(len)];
    from.read_exact(&mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}

/// Hands on what comes from either side, until one of them closes. One after the other, as TLS has one state for both ways.
fn relay(mut client: impl Read + Write, tcp: &TcpStream, mut upstream: TcpStream) -> io::Result<()> {
    tcp.set_read_timeout(Some(TURN))?;
    upstream.set_read_timeout(Some(TURN))?;
    let mut buffer = [0; 16 << 10];
    loop {
        if let Some(len) = some(client.read(&mut buffer))? {
            if len == 0 {
                return Ok(());
            }
            upstream.write_all(&buffer[..len])?;
        }
        if let Some(len) = some(upstream.read(&mut buffer))? {
            if len == 0 {
                return Ok(());
            }
            client.write_all(&buffer[..len])?;
            client.flush()?;
        }
    }
}

/// What has come, if anything has.
fn some(read: io::Result<usize>) -> io::Result<Option<usize>> {
    match read {
        Ok(len) => Ok(Some(len)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
        Err(error) => Err(error),
    }
}
