//! The sockets of the API, and who may use them.

use crate::config;
use std::fs::DirBuilder;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use wagather_base::error::{Class, Failure, Result};
use wagather_http::{Access, Address, Error, Listener, Tls, Token};

/// Paths that need no token: a kubelet has none.
const OPEN_PATHS: &[&str] = &["/healthz", "/readyz"];

/// The name of the socket in the folder of archives, if no address is given.
const SOCKET: &str = "api.sock";

/// Whether the addresses may be had as the settings say, without opening them.
pub(super) fn check(settings: &config::Api) -> Result<()> {
    for address in settings.listen.iter().flatten() {
        access(settings, address)?.fits(address)?;
    }
    Ok(())
}

/// Opens the sockets. Those that the service manager passed count if the settings name none.
pub(super) fn open(
    settings: &config::Api,
    inherited: Vec<OwnedFd>,
    archives: &Path,
) -> Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    match &settings.listen {
        Some(addresses) => {
            for address in addresses {
                listeners.push(Listener::bind(address, access(settings, address)?)?);
            }
        }
        None if inherited.is_empty() => {
            DirBuilder::new().recursive(true).mode(0o700).create(archives).map_err(|error| {
                let attempt = format!("cannot create the folder {}", archives.display());
                Failure::new(Class::Output, attempt, error)
            })?;
            let address = Address::Unix(archives.join(SOCKET));
            listeners.push(Listener::bind(&address, Access::default())?);
        }
        None => {
            for socket in inherited {
                listeners.push(Listener::inherited(socket, |address| access(settings, address))?);
            }
        }
    }
    Ok(listeners)
}

fn access(settings: &config::Api, address: &Address) -> Result<Access, Error> {
    if let Address::Unix(_) = address {
        return Ok(Access::default());
    }
    let tls = match &settings.certificate {
        Some((certificate, key)) => Some(Tls::files(certificate, key, settings.client_authority.as_deref())?),
        None => None,
    };
    let token = settings.token_file.as_deref().map(Token::file).transpose()?;
    Ok(Access { tls, token, open_paths: OPEN_PATHS, hosts: settings.hosts.clone() })
}
