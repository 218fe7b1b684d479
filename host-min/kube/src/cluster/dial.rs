//! Connects sockets: names, addresses, proxies.
//!
//! Not here: TLS and HTTP, except the few lines that a proxy needs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::secret::Secret;
use super::socket::Socket;
use super::tls::Tls;
use super::tls_error::io_reason;
use super::url::{ProxyKind, ProxyUrl, ServerUrl, host_port};
use crate::{Cause, NoAnswer};

/// The longest answer of a proxy before the tunnel begins.
const MAX_PROXY_ANSWER_BYTES: usize = 8 << 10;

/// A proxy, and its TLS configuration if it needs TLS.
pub(super) struct Proxy {
    pub(super) url: ProxyUrl,
    pub(super) tls: Option<Tls>,
}

/// Connects to a server, through a proxy if there is one. There is no tunnel to a plain server behind an http proxy: the proxy
/// gets the request itself.
pub(super) fn dial(server: &ServerUrl, proxy: Option<&Proxy>, deadline: Instant) -> Result<Socket, NoAnswer> {
    let Some(Proxy { url: proxy, tls }) = proxy else {
        let who = host_port(&server.host, server.port);
        return connect(&server.host, server.port, deadline)
            .map_err(|error| no_answer(format!("cannot connect to {who}: {}", io_reason(&error)), &error));
    };
    let mut socket = connect(&proxy.host, proxy.port, deadline)
        .map_err(|error| no_answer(format!("cannot connect to {proxy}: {}", io_reason(&error)), &error))?;
    if let Some(tls) = tls {
        let who = proxy.to_string();
        socket.proxy_tls = Some(Box::new(tls.shake_hands(&mut socket, &who)?));
    }
    let opened = match proxy.kind {
        ProxyKind::Http | ProxyKind::Https if !server.tls => Ok(()),
        ProxyKind::Http | ProxyKind::Https => http_tunnel(&mut socket, server, proxy),
        ProxyKind::Socks5 => socks_tunnel(&mut socket, server, proxy),
    };
    opened.map_err(|error| {
        let who = host_port(&server.host, server.port);
        let mut answer =
            no_answer(format!("cannot reach {who} through {proxy}: {}", io_reason(&error)), &error);
        answer.advice =
            "Check the proxy-url of the cluster in the kubeconfig, or HTTPS_PROXY and NO_PROXY.".to_owned();
        answer
    })?;
    Ok(socket)
}

fn no_answer(reason: String, error: &io::Error) -> NoAnswer {
    let cause = match error.kind() {
        // The kernel's own timeout has an error number. It comes when the kernel gives up, whatever our deadline is.
        ErrorKind::TimedOut if error.raw_os_error().is_none() => Cause::Late,
        ErrorKind::PermissionDenied | ErrorKind::InvalidData | ErrorKind::InvalidInput => Cause::Final,
        _ => Cause::Unreachable,
    };
    NoAnswer { cause, reason, advice: String::new() }
}

fn connect(host: &str, port: u16, deadline: Instant) -> io::Result<Socket> {
    let addresses = resolve(host, port, deadline)?;
    let mut last = io::Error::new(ErrorKind::NotFound, "the name resolves to no address");
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::from(ErrorKind::TimedOut));
        }
        // An address that does not answer must leave time for the others.
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
        match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
            Ok(tcp) => {
                tcp.set_nodelay(true)?;
                return Ok(Socket::new(tcp, deadline));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The addresses of a host. A literal address and `localhost` (RFC 6761) need no look-up. A look-up cannot be
/// interrupted, so it runs on a thread that is left behind when time is up.
fn resolve(host: &str, port: u16, deadline: Instant) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    std::thread::spawn(move || {
        let _ = sender.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    });
    match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(_)) => Err(io::Error::new(ErrorKind::NotFound, "the name cannot be resolved")),
        Err(_) => Err(io::Error::from(ErrorKind::TimedOut)),
    }
}

fn http_tunnel(socket: &mut Socket, server: &ServerUrl, proxy: &ProxyUrl) -> io::Result<()> {
    let target = host_port(&server.host, server.port);
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(authorization) = &proxy.authorization() {
        head += &format!("Proxy-Authorization: {}\r\n", authorization.reveal());
    }
    head += "\r\n";
    socket.write_all(head.as_bytes())?;
    socket.flush()?;
    // Byte by byte, because the bytes after the head belong to the tunnel.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if socket.read(&mut byte)? == 0 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof));
        }
        if answer.len() == MAX_PROXY_ANSWER_BYTES {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "the proxy's response to CONNECT is too long",
            ));
        }
        answer.push(byte[0]);
    }
    let line =
        String::from_utf8_lossy(answer.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
    let mut words = line.splitn(2, ' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    match words.next() {
        Some(status) if is_http && status.starts_with('2') => Ok(()),
        Some(status) if is_http => {
            // A proxy that refuses (RFC 9110, section 15.5) will refuse again, except for "later" and "too many".
            let is_final =
                status.starts_with('4') && !status.starts_with("408") && !status.starts_with("429");
            let kind = if is_final { ErrorKind::PermissionDenied } else { ErrorKind::Other };
            Err(io::Error::new(kind, format!("the proxy said \"{status}\"")))
        }
        _ => Err(io::Error::new(ErrorKind::InvalidData, "the proxy does not speak HTTP")),
    }
}

/// RFC 1929.
fn socks_login(socket: &mut Socket, (user, password): &(String, Secret)) -> io::Result<()> {
    let mut request = vec![1];
    for text in [user, password.reveal()] {
        let len = u8::try_from(text.len()).ok().filter(|len| *len > 0).ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidInput, "a SOCKS proxy's user and password have 1 to 255 bytes")
        })?;
        request.push(len);
        request.extend(text.bytes());
    }
    socket.write_all(&request)?;
    let mut answer = [0; 2];
    socket.read_exact(&mut answer)?;
    match answer[1] {
        0 => Ok(()),
        _ => Err(io::Error::new(ErrorKind::PermissionDenied, "the proxy rejects the user or the password")),
    }
}

/// RFC 1928, with a password (RFC 1929) if there is one. The proxy looks up names.
fn socks_tunnel(socket: &mut Socket, server: &ServerUrl, proxy: &ProxyUrl) -> io::Result<()> {
    const NO_LOGIN: u8 = 0;
    const LOGIN: u8 = 2;
    match &proxy.login {
        None => socket.write_all(&[5, 1, NO_LOGIN])?,
        Some(_) => socket.write_all(&[5, 2, NO_LOGIN, LOGIN])?,
    }
    let mut chosen = [0; 2];
    socket.read_exact(&mut chosen)?;
    match (chosen, &proxy.login) {
        ([5, NO_LOGIN], _) => {}
        ([5, LOGIN], Some(login)) => socks_login(socket, login)?,
        ([5, _], None) => {
            let why = "the proxy requires a user and a password: add them to its URL, as in socks5://user:password@host";
            return Err(io::Error::new(ErrorKind::PermissionDenied, why));
        }
        ([5, _], Some(_)) => {
            let why = "the proxy requires an authentication method other than a password";
            return Err(io::Error::new(ErrorKind::PermissionDenied, why));
        }
        _ => return Err(io::Error::new(ErrorKind::InvalidData, "the proxy does not speak SOCKS 5")),
    }
    let mut request = vec![5, 1, 0];
    match server.ip() {
        Some(IpAddr::V4(ip)) => {
            request.push(1);
            request.extend(ip.octets());
        }
        Some(IpAddr::V6(ip)) => {
            request.push(4);
            request.extend(ip.octets());
        }
        None => {
            let len = u8::try_from(server.host.len())
                .map_err(|_| io::Error::new(ErrorKind::InvalidInput, "the server's name is too long"))?;
            request.extend([3, len]);
            request.extend(server.host.bytes());
        }
    }
    request.extend(server.port.to_be_bytes());
    socket.write_all(&request)?;
    let mut answer = [0; 4];
    socket.read_exact(&mut answer)?;
    if answer[1] != 0 {
        let why = match answer[1] {
            2 => "the proxy does not allow it",
            3 => "the network is unreachable from the proxy",
            4 => "the host is unreachable from the proxy",
            5 => "connection refused",
            _ => "the proxy failed",
        };
        let kind = if answer[1] == 2 { ErrorKind::PermissionDenied } else { ErrorKind::Other };
        return Err(io::Error::new(kind, why));
    }
    let len = match answer[3] {
        1 => 4,
        4 => 16,
        _ => {
            let mut len = [0];
            socket.read_exact(&mut len)?;
            usize::from(len[0])
        }
    };
    socket.read_exact(&mut vec![0; len + 2])
}
