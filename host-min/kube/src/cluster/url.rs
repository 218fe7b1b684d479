//! The addresses of servers and proxies, as far as they occur in a kubeconfig.
//!
//! Not a general URL parser: there are no queries and no fragments, and a host is not normalised.

use std::fmt;
use std::net::IpAddr;

use super::secret::Secret;
use wagather_base::base64;
use wagather_base::percent::decode_lossy;

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
    /// The user and the password that are written before the host. They are part of nothing that is shown.
    pub(super) login: Option<(String, Secret)>,
}

/// A proxy's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProxyUrl {
    pub(super) kind: ProxyKind,
    pub(super) host: String,
    pub(super) port: u16,
    /// The user and the password, if the URL has them.
    pub(super) login: Option<(String, Secret)>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyKind {
    /// `CONNECT` for https, absolute paths for http.
    Http,
    /// The same over TLS.
    Https,
    /// SOCKS 5; the proxy looks up names.
    Socks5,
}

/// Why a text is not the URL of a server or a proxy. It repeats nothing that may be part of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UrlError {
    /// A server's scheme that is not supported.
    ServerScheme(String),
    /// A proxy's scheme that is not supported.
    ProxyScheme(String),
    /// A login that is not encoded.
    Login,
    /// A query or a fragment.
    Query,
    /// A path that is not encoded.
    Path,
    /// No host.
    NoHost,
    /// No host's name.
    Host(String),
    /// A bracket without its end.
    OpenBracket,
    /// No IPv6 address in brackets.
    Ipv6(String),
    /// No colon between brackets and a port.
    NoColon,
    /// No port's number.
    Port(String),
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UrlError::ServerScheme(scheme) => {
                write!(f, "the scheme {scheme} is not supported; use http or https")
            }
            UrlError::ProxyScheme(scheme) => {
                write!(f, "the scheme {scheme} is not supported; use http, https or socks5")
            }
            UrlError::Login => f.write_str(
                "it has an @ after its host; in a password, write / as %2F, ? as %3F and # as %23",
            ),
            UrlError::Query => f.write_str("it has a query or a fragment"),
            UrlError::Path => f.write_str("its path has characters that need encoding"),
            UrlError::NoHost => f.write_str("it has no host"),
            UrlError::Host(host) => write!(f, "{host} is not a host name"),
            UrlError::OpenBracket => f.write_str("a bracket is not closed"),
            UrlError::Ipv6(host) => write!(f, "{host} is not an IPv6 address"),
            UrlError::NoColon => f.write_str("a colon is missing after ']'"),
            UrlError::Port(text) => write!(f, "{text} is not a port"),
        }
    }
}

impl std::error::Error for UrlError {}

impl ServerUrl {
    /// Reads an address. Without a scheme it is https if `tls_by_default`, as for client-go.
    pub(super) fn parse(text: &str, tls_by_default: bool) -> Result<ServerUrl, UrlError> {
        let (tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some((scheme, _)) => {
                return Err(UrlError::ServerScheme(scheme.into()));
            }
            None => (tls_by_default, text),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if path.contains('@') {
            // Else a part of a password would be taken for a port or a path, and shown.
            return Err(UrlError::Login);
        }
        if path.contains(['?', '#']) {
            return Err(UrlError::Query);
        }
        let (login, authority) = login(authority);
        let (host, port) = host_and_port(authority, if tls { 443 } else { 80 })?;
        let prefix = path.trim_end_matches('/').to_owned();
        if !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UrlError::Path);
        }
        Ok(ServerUrl { tls, host, port, authority: authority.to_owned(), prefix, login })
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

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.tls { "https" } else { "http" }, self.authority, self.prefix)
    }
}

impl ProxyUrl {
    /// Reads an address; without a scheme it is http, as for Go's proxy variables.
    pub(super) fn parse(text: &str) -> Result<ProxyUrl, UrlError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (kind, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            "https" => (ProxyKind::Https, 443),
            other => {
                return Err(UrlError::ProxyScheme(other.into()));
            }
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if path.contains('@') {
            return Err(UrlError::Login);
        }
        let (login, authority) = login(authority);
        let (host, port) = host_and_port(authority, default_port)?;
        Ok(ProxyUrl { kind, host, port, login })
    }
}

impl ProxyUrl {
    /// The value of `Proxy-Authorization`; none for SOCKS, which says who we are in its own way.
    pub(super) fn authorization(&self) -> Option<Secret> {
        self.login.as_ref().filter(|_| self.kind != ProxyKind::Socks5).map(basic)
    }
}

/// The value of `Authorization` for a user and a password (RFC 7617).
pub(super) fn basic((user, password): &(String, Secret)) -> Secret {
    let both = format!("{user}:{}", password.reveal());
    Secret::new(format!("Basic {}", base64::encode(both.as_bytes())))
}

/// A URL as it may be shown, whether it can be read or not: what may be a password is not in it.
pub fn shown(text: &str) -> String {
    let Some((before, host)) = text.rsplit_once('@') else { return text.to_owned() };
    let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
    format!("{scheme}<redacted>@{host}")
}

/// The user and the password before a host, and the host.
fn login(authority: &str) -> (Option<(String, Secret)>, &str) {
    let Some((login, authority)) = authority.rsplit_once('@') else { return (None, authority) };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    (Some((decode_lossy(user), Secret::new(decode_lossy(password)))), authority)
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {}", host_port(&self.host, self.port))
    }
}

/// `host:port`, with brackets where an address needs them.
pub(super) fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn host_and_port(authority: &str, default: u16) -> Result<(String, u16), UrlError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or(UrlError::OpenBracket)?;
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(UrlError::Ipv6(host.into()));
            }
            (host, after.strip_prefix(':').or(after.is_empty().then_some("")).ok_or(UrlError::NoColon)?)
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte)) {
        return Err(UrlError::Host(host.into()));
    }
    let port = match port {
        "" => default,
        text => text.parse().ok().filter(|port| *port != 0).ok_or_else(|| UrlError::Port(text.into()))?,
    };
    Ok((host.to_owned(), port))
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
        let authorization = proxy.authorization().unwrap();
        assert_eq!(authorization.reveal(), format!("Basic {}", base64::encode(b"al@ice:p")));
        assert!(!format!("{:?}", ProxyUrl::parse("http://a:hunter2@p")).contains("hunter2"));
        assert_eq!(ProxyUrl::parse("proxy").unwrap().port, 80);
        assert_eq!(ProxyUrl::parse("socks5://p").unwrap().kind, ProxyKind::Socks5);
        let proxy = ProxyUrl::parse("https://u:p@p").unwrap();
        assert_eq!((proxy.kind, proxy.port), (ProxyKind::Https, 443));
        let proxy = ProxyUrl::parse("socks5://u:p%2F@p").unwrap();
        assert_eq!(proxy.login, Some(("u".to_owned(), Secret::new("p/"))));
        assert!(proxy.authorization().is_none());
        assert!(ProxyUrl::parse("ftp://p").is_err());
    }

    #[test]
    fn passwords_are_not_shown() {
        for (text, expected) in [
            ("https://admin:hunter2@10.0.0.1:6443", "https://<redacted>@10.0.0.1:6443"),
            ("https://admin:hunt/er2@10.0.0.1", "https://<redacted>@10.0.0.1"),
            ("https://admin:hunt@er2@10.0.0.1", "https://<redacted>@10.0.0.1"),
            ("admin:hunter2@10.0.0.1", "<redacted>@10.0.0.1"),
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
        ] {
            assert_eq!(shown(text), expected);
        }
        let url = ServerUrl::parse("https://admin:hunter2%2F@10.0.0.1:6443/x", true).unwrap();
        assert_eq!(url.to_string(), "https://10.0.0.1:6443/x");
        assert_eq!(url.authority, "10.0.0.1:6443");
        assert_eq!(
            basic(url.login.as_ref().unwrap()).reveal(),
            format!("Basic {}", base64::encode(b"admin:hunter2/"))
        );
        assert!(!format!("{url:?}").contains("hunter2"));
        for text in [
            "https://admin:443/hunter2@10.0.0.1",
            "https://admin:hunter2/x@10.0.0.1",
            "https://admin:hunter2?@10.0.0.1",
            "https://admin:hunter2#@10.0.0.1",
        ] {
            for why in [ServerUrl::parse(text, true).unwrap_err(), ProxyUrl::parse(text).unwrap_err()] {
                let why = why.to_string();
                assert!(!why.contains("hunter2") && why.contains("%2F"), "{why}");
            }
        }
    }
}
