//! The proxy that the environment names: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as Go reads them.
//!
//! Source: `golang.org/x/net/http/httpproxy`, which client-go uses for clusters without a `proxy-url`. Hosts of
//! this machine never go through a proxy.

use std::net::IpAddr;

use super::url::{ProxyUrl, ServerUrl};

/// The variables, once read.
#[derive(Clone, Debug, Default)]
pub struct ProxyVariables {
    /// `HTTPS_PROXY` or `https_proxy`.
    pub https: Option<String>,
    /// `HTTP_PROXY` or `http_proxy`.
    pub http: Option<String>,
    /// `NO_PROXY` or `no_proxy`.
    pub no_proxy: Option<String>,
}

impl ProxyVariables {
    /// Reads this process's.
    pub fn from_process() -> ProxyVariables {
        let read = |upper: &str, lower: &str| {
            let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            set(upper).or_else(|| set(lower))
        };
        ProxyVariables {
            https: read("HTTPS_PROXY", "https_proxy"),
            http: read("HTTP_PROXY", "http_proxy"),
            no_proxy: read("NO_PROXY", "no_proxy"),
        }
    }

    /// The proxy for a server, if there is to be one.
    pub(super) fn choose(&self, server: &ServerUrl) -> Result<Option<ProxyUrl>, String> {
        let (name, value) =
            if server.tls { ("HTTPS_PROXY", &self.https) } else { ("HTTP_PROXY", &self.http) };
        let Some(value) = value else { return Ok(None) };
        if server.is_on_this_machine() || self.no_proxy.as_deref().is_some_and(|list| exempts(list, server)) {
            return Ok(None);
        }
        ProxyUrl::parse(value).map(Some).map_err(|why| format!("{name} cannot be used: {why}"))
    }
}

fn exempts(list: &str, server: &ServerUrl) -> bool {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| entry_exempts(entry, server))
}

fn entry_exempts(entry: &str, server: &ServerUrl) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        return match (network.parse(), bits.parse(), server.ip()) {
            (Ok(network), Ok(bits), Some(ip)) => in_network(ip, network, bits),
            _ => false,
        };
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse::<u16>().ok()),
        _ => (entry, None),
    };
    if port.is_some_and(|port| port != server.port) {
        return false;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = host.parse::<IpAddr>() {
        return server.ip() == Some(ip);
    }
    let (host, server_host) = (host.to_ascii_lowercase(), server.host.to_ascii_lowercase());
    let suffix = host.strip_prefix('*').unwrap_or(&host);
    match suffix.strip_prefix('.') {
        Some(_) => server_host.ends_with(suffix),
        None => server_host == suffix || server_host.ends_with(&format!(".{suffix}")),
    }
}

fn in_network(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxied(server: &str, no_proxy: &str) -> bool {
        let variables = ProxyVariables {
            https: Some("proxy:3128".to_owned()),
            http: None,
            no_proxy: Some(no_proxy.to_owned()),
        };
        variables.choose(&ServerUrl::parse(server, true).unwrap()).unwrap().is_some()
    }

    #[test]
    fn who_goes_through_a_proxy() {
        for (server, no_proxy, expected) in [
            ("https://10.0.0.1", "", true),
            ("http://10.0.0.1", "", false),
            ("https://localhost:6443", "", false),
            ("https://127.0.0.9", "", false),
            ("https://[::1]", "", false),
            ("https://10.0.0.1", "*", false),
            ("https://10.0.0.1", "10.0.0.0/8, x", false),
            ("https://10.0.0.1", "11.0.0.0/8", true),
            ("https://10.0.0.1", "10.0.0.1", false),
            ("https://10.0.0.1:6443", "10.0.0.1:443", true),
            ("https://[fd00::1]", "fd00::/16", false),
            ("https://[fd00::1]", "[fd00::1]:443", false),
            ("https://[fd00::1]", "fd00::1", false),
            ("https://API.example.com", "example.com", false),
            ("https://example.com", ".example.com", true),
            ("https://api.example.com", "*.example.com", false),
            ("https://notexample.com", "example.com", true),
        ] {
            assert_eq!(proxied(server, no_proxy), expected, "{server} with NO_PROXY={no_proxy}");
        }
    }
}
