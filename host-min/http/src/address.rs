//! Where a server listens.

use crate::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where a server listens: an IP address with a port, or the path of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP. The port 0 is any free one.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl Address {
    /// Whether only processes of this machine reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Address::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Address::Unix(_) => true,
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    /// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080` (every interface) or `unix:PATH`.
    fn from_str(text: &str) -> Result<Address, Error> {
        let wrong = |reason| Error::Address { text: text.to_owned(), reason };
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() || path.contains('\0') {
                return Err(wrong("it names no path"));
            }
            return Ok(Address::Unix(path.into()));
        }
        if let Ok(address) = text.parse() {
            return Ok(Address::Tcp(address));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("it has no port"))?;
        let ip: IpAddr = match host {
            "localhost" => Ipv4Addr::LOCALHOST.into(),
            "" => Ipv6Addr::UNSPECIFIED.into(),
            _ => return Err(wrong("it is neither an IP address nor localhost")),
        };
        let port = port.parse().map_err(|_| wrong("its port is no number up to 65535"))?;
        Ok(Address::Tcp(SocketAddr::new(ip, port)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_say_who_reaches_them() {
        for (text, shown, is_local) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.9.9.9:80", "127.9.9.9:80", true),
            ("[::1]:80", "[::1]:80", true),
            ("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", true),
            ("localhost:80", "127.0.0.1:80", true),
            ("unix:run/socket", "unix:run/socket", true),
            (":80", "[::]:80", false),
            ("0.0.0.0:80", "0.0.0.0:80", false),
            ("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80", false),
            ("10.1.2.3:0", "10.1.2.3:0", false),
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!((address.to_string().as_str(), address.is_local()), (shown, is_local), "{text}");
        }
        for text in ["", "80", "localhost", "localhost:", "localhost:66666", "example.com:80", "unix:", "::1"]
        {
            let error = text.parse::<Address>().expect_err(text);
            assert!(
                error.to_string().starts_with(&format!("cannot use the address '{text}': it")),
                "{error}"
            );
        }
    }
}
