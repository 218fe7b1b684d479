//! TLS to the API server: whom to trust, and what to present.
//!
//! rustls with ring, TLS 1.2 and 1.3, HTTP/1.1 only. The system's certificates are read only if the
//! configuration names no authority, and only when the first connection is made. What an error means to a
//! person is said in [`tls_error`](super::tls_error).

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::access::{IdentityPem, Trust};
use super::ahead::Ahead;
use super::credentials::Credential;
use super::dial::Socket;
use super::insecure::AcceptAnything;
use super::tls_error;
use crate::source::{Cause, NoAnswer};

/// How many sessions are remembered, so that further connections need not start from nothing.
const SESSIONS: usize = 4;

/// A socket with TLS on it.
pub(super) type Stream = StreamOwned<ClientConnection, Ahead>;

/// How to do TLS with one server.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    name: ServerName<'static>,
    roots: Roots,
    identity: Option<IdentityPem>,
    /// The configuration, and the generation of the credential that it presents.
    built: Mutex<Option<(u64, Arc<ClientConfig>)>>,
}

enum Roots {
    /// The authority that is named by the configuration.
    Named(Arc<RootCertStore>),
    /// The system's.
    System,
    /// The server is believed, whoever it is.
    Anyone,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({:?})", self.name)
    }
}

impl Tls {
    /// Reads certificates and keys, so that a bad one is found before anything is sent.
    pub(super) fn new(host: &str, trust: &Trust, identity: Option<IdentityPem>) -> Result<Tls, String> {
        let name = trust.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| format!("{name} is not a name that a certificate can have"))?;
        let roots = match &trust.authority {
            _ if trust.insecure => Roots::Anyone,
            Some((pem, what)) => Roots::Named(Arc::new(roots(pem).map_err(|why| format!("{what} {why}"))?)),
            None => Roots::System,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = Tls { provider, name, roots, identity, built: Mutex::new(None) };
        match &tls.roots {
            Roots::System => {
                if let Some(identity) = &tls.identity {
                    tls.present(identity)?;
                }
            }
            _ => {
                let config = tls.build(tls.identity.as_ref())?;
                *tls.built.lock().unwrap_or_else(PoisonError::into_inner) = Some((0, config));
            }
        }
        Ok(tls)
    }

    /// Does the handshake.
    pub(super) fn connect(
        &self,
        socket: Socket,
        credential: &Credential,
        who: &str,
    ) -> Result<Stream, NoAnswer> {
        let config = self.config(credential).map_err(|why| cannot_set_up(who, &why))?;
        let connection = self.connection(config, who)?;
        let mut stream = StreamOwned::new(connection, Ahead::new(socket));
        while stream.conn.is_handshaking() {
            if let Err(error) = stream.conn.complete_io(&mut stream.sock) {
                return Err(failed(&error, who, stream.sock.socket.is_late()));
            }
        }
        Ok(stream)
    }

    /// Does the handshake with a proxy, to which we present nothing.
    pub(super) fn shake_hands(&self, socket: &mut Socket, who: &str) -> Result<ClientConnection, NoAnswer> {
        let config = self.config_of(0, None).map_err(|why| cannot_set_up(who, &why))?;
        let mut connection = self.connection(config, who)?;
        while connection.is_handshaking() {
            if let Err(error) = connection.complete_io(socket) {
                return Err(failed(&error, who, socket.is_late()));
            }
        }
        Ok(connection)
    }

    fn connection(&self, config: Arc<ClientConfig>, who: &str) -> Result<ClientConnection, NoAnswer> {
        ClientConnection::new(config, self.name.clone())
            .map_err(|error| tls_error::explain(&std::io::Error::other(error), "connect to", who, false))
    }

    fn config(&self, credential: &Credential) -> Result<Arc<ClientConfig>, String> {
        // Only an exec plugin's certificate changes; otherwise one configuration serves for good. As for client-go, a certificate of the
        // kubeconfig's goes before one that a plugin issues.
        match (&self.identity, &credential.identity) {
            (None, Some(issued)) => self.config_of(credential.generation, Some(issued)),
            (own, _) => self.config_of(0, own.as_ref()),
        }
    }

    fn config_of(
        &self,
        generation: u64,
        identity: Option<&IdentityPem>,
    ) -> Result<Arc<ClientConfig>, String> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, config)) = &*built
            && *known == generation
        {
            return Ok(config.clone());
        }
        let config = self.build(identity)?;
        *built = Some((generation, config.clone()));
        Ok(config)
    }

    fn build(&self, identity: Option<&IdentityPem>) -> Result<Arc<ClientConfig>, String> {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match &self.roots {
            Roots::Named(roots) => builder.with_root_certificates(roots.clone()),
            Roots::System => builder.with_root_certificates(system_roots()?),
            Roots::Anyone => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAnything::new(self.provider.clone()))),
        };
        let mut config = match identity {
            Some(identity) => {
                let (certificates, key) = self.present(identity)?;
                builder.with_client_auth_cert(certificates, key).map_err(|error| {
                    format!("the client certificate of {} cannot be used: {error}", identity.owner)
                })?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(Arc::new(config))
    }

    /// Reads a client certificate and its key.
    fn present(
        &self,
        identity: &IdentityPem,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
        let certificates = certificates(&identity.certificates)
            .map_err(|why| format!("the client certificate of {} {why}", identity.owner))?;
        let owner = &identity.owner;
        let key = PrivateKeyDer::from_pem_slice(&identity.key).map_err(|_| {
            format!("the client key of {owner} is not a private key in PEM (PKCS#1, PKCS#8 or SEC1)")
        })?;
        self.provider.key_provider.load_private_key(key.clone_key()).map_err(|_| {
            format!("the client key of {owner} is of a kind that is not supported; RSA (2048 bits or more), P-256, P-384 and Ed25519 are")
        })?;
        Ok((certificates, key))
    }
}

fn cannot_set_up(who: &str, why: &str) -> NoAnswer {
    let reason = format!("cannot set up TLS to {who}: {why}");
    NoAnswer { cause: Cause::Final, reason, advice: String::new() }
}

/// Why a handshake failed.
fn failed(error: &std::io::Error, who: &str, late: bool) -> NoAnswer {
    let mut failure = tls_error::explain(error, "connect to", who, late);
    // Nothing was sent yet of what is asked for.
    if failure.cause == Cause::Broken {
        failure.cause = Cause::Unreachable;
    }
    failure
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("has no certificate in PEM".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(_) => Err("is not well-formed PEM".to_owned()),
    }
}

fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|_| "has a certificate that cannot be read".to_owned())?;
    }
    Ok(roots)
}

fn system_roots() -> Result<Arc<RootCertStore>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(
            "the configuration names no certificate-authority, and the system has no certificates".to_owned()
        );
    }
    Ok(Arc::new(roots))
}
