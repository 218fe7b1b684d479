//! The kinds of `--obfuscate`.

use std::net::Ipv4Addr;

/// The most domains of a run.
const MAX_DOMAINS: usize = 64;

/// The longest DNS name (RFC 1035, section 2.3.4), without the dot at its end.
const MAX_DOMAIN_BYTES: usize = 253;

/// The kinds that are obfuscated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Addresses of IPv4 and IPv6.
    pub ips: bool,
    /// Addresses of network cards: EUI-48 and EUI-64.
    pub macs: bool,
    /// Domains in lower case, such as `example.com`. They are also obfuscated at the end of names below them.
    pub domains: Vec<String>,
    /// Whether the domain of the API server is obfuscated, too.
    pub server_domain: bool,
}

impl Kinds {
    /// Whether nothing is obfuscated.
    pub fn is_nothing(&self) -> bool {
        *self == Kinds::default()
    }

    /// Adds kinds as they are typed: `ip`, `mac`, `domain`, `domain=NAME` or `all`, or several with commas between them.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn add(&mut self, typed: &str) -> Result<(), String> {
        for word in typed.split(',') {
            match word {
                "ip" => self.ips = true,
                "mac" => self.macs = true,
                "domain" => self.server_domain = true,
                "all" => (self.ips, self.macs, self.server_domain) = (true, true, true),
                _ => match word.strip_prefix("domain=") {
                    Some(domain) => self.add_domain(domain)?,
                    None => {
                        return Err(
                            "expected ip, mac, domain, domain=NAME or all, separated by commas".into()
                        );
                    }
                },
            }
        }
        Ok(())
    }

    /// Adds a domain.
    pub fn add_domain(&mut self, typed: &str) -> Result<(), String> {
        let domain = typed.to_ascii_lowercase();
        if !is_domain(&domain) {
            return Err(format!("'{typed}' is not a domain of at least two labels, such as example.com"));
        }
        if !self.domains.contains(&domain) {
            if self.domains.len() == MAX_DOMAINS {
                return Err(format!("more than {MAX_DOMAINS} domains"));
            }
            self.domains.push(domain);
        }
        Ok(())
    }
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= MAX_DOMAIN_BYTES
        && text.contains('.')
        && text.split('.').all(is_label)
        // The last label of an address is a number. That of a domain is not.
        && text.rsplit('.').next().is_some_and(|label| label.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

/// The domain of a server, by its URL. In OpenShift, the server's name is `api.` and the cluster's domain. `None` if the host is an
/// address or has one label.
pub fn domain_of(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1;
    let host = host.split(['/', ':', '?', '#']).next()?;
    let domain = host.strip_prefix("api.").or_else(|| host.strip_prefix("api-int.")).unwrap_or(host);
    let domain = if is_domain(&domain.to_ascii_lowercase()) { domain } else { host };
    (is_domain(&domain.to_ascii_lowercase()) && host.parse::<Ipv4Addr>().is_err()).then_some(domain)
}
