//! Where a file is uploaded to: a URL whose query is sent as it was written, because it may be signed.

use super::super::secret::Secret;
use super::super::url::{ServerUrl, basic, host_port};
use wagather_base::percent::decode_lossy;

/// The address of an upload.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    server: ServerUrl,
    /// The path and the query.
    target: String,
}

/// The query may be a credential, and so may the login be.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// Why it is none. The message repeats no part that may be secret.
    pub fn parse(text: &str) -> Result<Address, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err("it does not begin with https:// or http://".to_owned());
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if target.contains('#') {
            return Err("it has a fragment (#)".to_owned());
        }
        // A path may have an @, but after something that is no port it is a part of a password.
        let server = ServerUrl::parse(&format!("{scheme}://{authority}"), true).map_err(|why| {
            if target.contains('@') {
                "it has an @ after its host; in a password, write / as %2F, ? as %3F and # as %23".to_owned()
            } else {
                why.to_string()
            }
        })?;
        if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it has characters that need encoding".to_owned());
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Address { server, target: format!("{slash}{target}") })
    }

    /// As it may be shown: without the query and the login.
    pub fn shown(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{}{path}", self.server)
    }

    /// The scheme, the host in lower case and the port: `https://host:443`. What is sent to one of them may be sent to another
    /// address of the same origin.
    pub fn origin(&self) -> String {
        let scheme = if self.server.tls { "https" } else { "http" };
        format!("{scheme}://{}", host_port(&self.server.host.to_ascii_lowercase(), self.server.port))
    }

    /// Whether it has TLS.
    pub fn is_tls(&self) -> bool {
        self.server.tls
    }

    /// Whether the host is this machine, by its name or address.
    pub fn is_on_this_machine(&self) -> bool {
        self.server.is_on_this_machine()
    }

    /// Whether a user or a password is before the host.
    pub fn has_login(&self) -> bool {
        self.server.login.is_some()
    }

    /// The server's name or address.
    pub fn host(&self) -> &str {
        &self.server.host
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    pub(super) fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// The path and the query, as they were written.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The `Authorization` of the user and the password before the host.
    pub(super) fn login(&self) -> Option<Secret> {
        self.server.login.as_ref().map(basic)
    }

    /// The values in the query, as they were written and decoded.
    pub(super) fn query_values(&self) -> impl Iterator<Item = String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let values = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value);
        values.flat_map(|value| {
            let decoded = decode_lossy(value);
            let other = (decoded != value).then_some(decoded);
            [Some(value.to_owned()), other].into_iter().flatten()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_stay_as_they_are_and_are_not_shown() {
        for (text, target, shown) in [
            ("https://s3.example.com", "/", "https://s3.example.com/"),
            ("https://s3.example.com?a=b", "/?a=b", "https://s3.example.com/"),
            (
                "https://b.s3.example.com/k%20y?X-Amz-Signature=ab%2Fc&x=@",
                "/k%20y?X-Amz-Signature=ab%2Fc&x=@",
                "https://b.s3.example.com/k%20y",
            ),
            ("http://u:hunter2@10.0.0.1:8080/@a", "/@a", "http://10.0.0.1:8080/@a"),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!((address.target(), &*address.shown()), (target, shown));
            let debug = format!("{address:?}");
            assert!(!debug.contains("hunter2") && !debug.contains("Signature"), "{debug}");
        }
        let address = Address::parse("https://h/?a=%2Fx&b&c=y").expect("an address");
        assert_eq!(address.query_values().collect::<Vec<_>>(), ["%2Fx", "/x", "y"]);
    }

    #[test]
    fn what_is_no_address() {
        for text in [
            "",
            "host/x",
            "ftp://h",
            "https://",
            "https://h/#x",
            "https://h/a b",
            "https://h/a\r\nb",
            "https://h:x/",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
        for text in ["https://u:hunter2/x@h/", "https://u:443hunter2?@h"] {
            let why = Address::parse(text).expect_err(text);
            assert!(!why.contains("hunter2") && why.contains("%2F"), "{why}");
        }
    }
}
