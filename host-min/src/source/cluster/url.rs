//! The addresses of servers and proxies, as far as they occur in a kubeconfig.
//!
//! Not a general URL parser: there are no queries and no fragments, and a host is not normalised.

use std::net::IpAddr;

use super::base64;
use super::secret::Secret;

/// An API server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerUrl {
    /// Whether it is https.
    pub(super) tls: bool,
    /// A name or a literal address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and port as they were written: for the `Host` header.
    pub(super) authority: String,
    /// What comes before every path, without the slash at its end; usually empty.
    pub(super) prefix: String,
}

/// A proxy's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProxyUrl {
    pub(super) kind: ProxyKind,
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of `Proxy-Authorization`, if the URL has a user.
    pub(super) authorization: Option<Secret>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyKind {
    /// `CONNECT` for https, absolute paths for http.
    Http,
    /// SOCKS 5 without a password; the proxy looks up names.
    Socks5,
}

impl ServerUrl {
    /// Reads an address. Without a scheme it is https if `tls_by_default`, as for client-go.
    pub(super) fn parse(text: &str, tls_by_default: bool) -> Result<ServerUrl, String> {
        let (tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some((scheme, _)) => {
                return Err(format!("the scheme {scheme} is not supported, only http and https are"));
            }
            None => (tls_by_default, text),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if path.contains(['?', '#']) {
            return Err("it has a query or a fragment".to_owned());
        }
        if authority.contains('@') {
            return Err("it has a user name; credentials belong under users".to_owned());
        }
        let (host, port) = host_and_port(authority, if tls { 443 } else { 80 })?;
        let prefix = path.trim_end_matches('/').to_owned();
        if !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("its path has characters that need encoding".to_owned());
        }
        Ok(ServerUrl { tls, host, port, authority: authority.to_owned(), prefix })
    }

    /// The literal address, if the host is one.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the host is this machine, by its name or address.
    pub(super) fn is_on_this_machine(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.ip().is_some_and(|ip| ip.is_loopback())
    }
}

impl std::fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", if self.tls { "https" } else { "http" }, self.authority, self.prefix)
    }
}

impl ProxyUrl {
    /// Reads an address; without a scheme it is http, as for Go's proxy variables.
    pub(super) fn parse(text: &str) -> Result<ProxyUrl, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (kind, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            "https" => {
                return Err("proxies that are themselves reached over https are not supported".to_owned());
            }
            other => return Err(format!("the scheme {other} is not supported, only http and socks5 are")),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, authority),
        };
        if user.is_some() && kind == ProxyKind::Socks5 {
            return Err("SOCKS proxies with a password are not supported".to_owned());
        }
        let (host, port) = host_and_port(authority, default_port)?;
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let plain = [percent_decode(name), b":".to_vec(), percent_decode(password)].concat();
            Secret::new(format!("Basic {}", base64::encode(&plain)))
        });
        Ok(ProxyUrl { kind, host, port, authorization })
    }
}

impl std::fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the proxy {}", host_port(&self.host, self.port))
    }
}

/// `host:port`, with brackets where an address needs them.
pub(super) fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn host_and_port(authority: &str, default: u16) -> Result<(String, u16), String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or("a bracket is not closed")?;
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(format!("{host} is not an IPv6 address"));
            }
            (
                host,
                after
                    .strip_prefix(':')
                    .or(after.is_empty().then_some(""))
                    .ok_or("a colon is missing after ]")?,
            )
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    if host.is_empty() {
        return Err("it names no host".to_owned());
    }
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte)) {
        return Err(format!("{host} is not a host name"));
    }
    let port = match port {
        "" => default,
        text => text.parse().ok().filter(|port| *port != 0).ok_or_else(|| format!("{text} is not a port"))?,
    };
    Ok((host.to_owned(), port))
}

/// Undoes `%41`; what is not such an escape stays as it is.
fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        for (text, tls, host, port, prefix, shown) in [
            ("https://10.0.0.1:6443", true, "10.0.0.1", 6443, "", "https://10.0.0.1:6443"),
            ("HTTPS://api.example.com/", true, "api.example.com", 443, "", "https://api.example.com"),
            ("http://[::1]:8001", false, "::1", 8001, "", "http://[::1]:8001"),
            (
                "https://r/k8s/clusters/c-1/",
                true,
                "r",
                443,
                "/k8s/clusters/c-1",
                "https://r/k8s/clusters/c-1",
            ),
            ("10.0.0.1:8080", false, "10.0.0.1", 8080, "", "http://10.0.0.1:8080"),
        ] {
            let url = ServerUrl::parse(text, false).unwrap();
            assert_eq!(
                (url.tls, url.host.as_str(), url.port, url.prefix.as_str()),
                (tls, host, port, prefix)
            );
            assert_eq!(url.to_string(), shown);
        }
        assert!(ServerUrl::parse("10.0.0.1", true).unwrap().tls);
        for text in [
            "ftp://x",
            "https://",
            "https://u:p@x",
            "https://x:0",
            "https://x:y",
            "https://a b",
            "https://[::1",
            "https://x/?q",
            "https://x/a b",
            "https://[zz]",
            "https://x\r\ny",
            "https://::1",
        ] {
            assert!(ServerUrl::parse(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn proxies() {
        let proxy = ProxyUrl::parse("http://al%40ice:p@proxy:3128/").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy", 3128));
        assert_eq!(
            proxy.authorization.as_ref().unwrap().reveal(),
            format!("Basic {}", base64::encode(b"al@ice:p"))
        );
        assert!(!format!("{proxy:?}").contains("Basic"));
        assert_eq!(ProxyUrl::parse("proxy").unwrap().port, 80);
        assert_eq!(ProxyUrl::parse("socks5://p").unwrap().kind, ProxyKind::Socks5);
        assert!(ProxyUrl::parse("https://p").is_err());
        assert!(ProxyUrl::parse("socks5://u:p@p").is_err());
    }
}
