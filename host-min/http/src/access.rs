//! Who may use an address.

use crate::{Address, Error, Tls, Token};

/// Who may use an address. The default is everybody who reaches it, which only loopback and Unix sockets may have.
#[derive(Default, Debug)]
pub struct Access {
    /// TLS, with client certificates or without.
    pub tls: Option<Tls>,
    /// The bearer token of every request, except for [`Access::open_paths`].
    pub token: Option<Token>,
    /// Paths that need no token, such as those of health checks. Client certificates are needed for them, too, if they are for others.
    pub open_paths: &'static [&'static str],
    /// Names that clients may call this server by, beside those of the loopback interface. Only loopback addresses check names.
    pub hosts: Vec<String>,
}

impl Access {
    /// Whether an address may be had like this. Client certificates and a token may both be required; one of them is enough.
    ///
    /// # Errors
    /// Other machines reach the address, and would be served without being asked who they are.
    pub fn fits(&self, address: &Address) -> Result<(), Error> {
        match &self.tls {
            _ if address.is_local() => Ok(()),
            Some(tls) if tls.asks_for_certificates() || self.token.is_some() => Ok(()),
            None if self.token.is_some() => Err(Error::Readable { address: address.to_string() }),
            _ => Err(Error::Unprotected { address: address.to_string() }),
        }
    }
}
