//! TLS to the API server: whom to trust, and what to present.
//!
//! rustls with ring, TLS 1.2 and 1.3, HTTP/1.1 only. The system's certificates are read only if the
//! configuration names no authority, and only when the first connection is made. Whether a server is
//! trusted is decided in [`trust`](super::trust); what an error means to a person is said in [`tls_error`](super::tls_error).

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::access::Trust;
use super::certificate::Fields;
use super::credentials::Credential;
use super::identity::IdentityPem;
use super::insecure::AcceptAnything;
use super::read_ahead::ReadAhead;
use super::socket::Socket;
use super::tls_error;
use super::trust::{Trusted, Verifier};
use crate::{Cause, NoAnswer};

/// How many sessions are remembered, so that further connections need not start from nothing.
const SESSIONS: usize = 4;

const ANOTHER_AUTHORITY: &str = "Set certificate-authority or certificate-authority-data of the cluster in the kubeconfig to the PEM certificate of the authority that signed the server's certificate.";
const ANOTHER_IDENTITY: &str = "Check client-certificate and client-key (or the same with -data) of the user in the kubeconfig: both must be PEM, and they must belong together.";
const ANOTHER_KEY: &str =
    "Use a client certificate with such a key, a token, or `kubectl proxy` with --server.";

/// A socket with TLS on it.
pub(super) type Stream = StreamOwned<ClientConnection, ReadAhead>;

/// How to do TLS with one server.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    name: ServerName<'static>,
    roots: Roots,
    identity: Option<IdentityPem>,
    /// The configuration, and the generation of the credential that it presents.
    built: Mutex<Option<(u64, Arc<ClientConfig>)>>,
    /// What a person should know of the certificates.
    warning: Option<String>,
}

/// Why there can be no TLS with what is configured, and what to do about it.
#[derive(Debug)]
pub(super) struct Unusable {
    pub(super) why: String,
    pub(super) advice: &'static str,
}

impl From<String> for Unusable {
    fn from(why: String) -> Unusable {
        Unusable { why, advice: "" }
    }
}

enum Roots {
    /// The authority that is named by the configuration.
    Named(Arc<Trusted>),
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
    pub(super) fn new(host: &str, trust: &Trust, identity: Option<IdentityPem>) -> Result<Tls, Unusable> {
        let name = trust.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| format!("{name} is not a valid name for a certificate"))?;
        let (roots, warning) = match &trust.authority {
            _ if trust.insecure => (Roots::Anyone, None),
            Some((pem, what)) => {
                let (trusted, warning) =
                    Trusted::read(pem, what).map_err(|why| Unusable { why, advice: ANOTHER_AUTHORITY })?;
                (Roots::Named(Arc::new(trusted)), warning)
            }
            None => (Roots::System, None),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = Tls { provider, name, roots, identity, built: Mutex::new(None), warning };
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

    /// What a person should know of the certificates that were read.
    pub(super) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Does the handshake.
    pub(super) fn connect(
        &self,
        socket: Socket,
        credential: &Credential,
        who: &str,
    ) -> Result<Stream, NoAnswer> {
        let config = self.config(credential).map_err(|why| cannot_set_up(who, why))?;
        let connection = self.connection(config, who)?;
        let mut stream = StreamOwned::new(connection, ReadAhead::new(socket));
        while stream.conn.is_handshaking() {
            if let Err(error) = stream.conn.complete_io(&mut stream.sock) {
                return Err(failed(&error, who, stream.sock.socket.is_late()));
            }
        }
        Ok(stream)
    }

    /// Does the handshake with a proxy, to which we present nothing.
    pub(super) fn shake_hands(&self, socket: &mut Socket, who: &str) -> Result<ClientConnection, NoAnswer> {
        let config = self.config_of(0, None).map_err(|why| cannot_set_up(who, why))?;
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

    fn config(&self, credential: &Credential) -> Result<Arc<ClientConfig>, Unusable> {
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
    ) -> Result<Arc<ClientConfig>, Unusable> {
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

    fn build(&self, identity: Option<&IdentityPem>) -> Result<Arc<ClientConfig>, Unusable> {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let verifier: Arc<dyn ServerCertVerifier> = match &self.roots {
            Roots::Named(trusted) => Arc::new(Verifier::new(trusted.clone(), self.provider.clone())),
            Roots::System => Arc::new(Verifier::new(system_roots()?, self.provider.clone())),
            Roots::Anyone => Arc::new(AcceptAnything::new(self.provider.clone())),
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match identity {
            Some(identity) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(self.present(identity)?)))
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(Arc::new(config))
    }

    /// Reads a client certificate and its key.
    ///
    /// Whether they belong together is decided here and not by rustls, which cannot read certificates of version 1. `openssl x509 -req`
    /// makes such certificates, and API servers accept them.
    fn present(&self, identity: &IdentityPem) -> Result<CertifiedKey, Unusable> {
        let owner = &identity.owner;
        let unusable = |why: String| Unusable { why, advice: ANOTHER_IDENTITY };
        let certificates = certificates(&identity.certificates)
            .map_err(|why| unusable(format!("the client certificate of {owner} {why}")))?;
        let key = PrivateKeyDer::from_pem_slice(&identity.key).map_err(|_| {
            unusable(format!(
                "the client key of {owner} is not a private key in PEM (PKCS#1, PKCS#8 or SEC1)"
            ))
        })?;
        let key = self.provider.key_provider.load_private_key(key).map_err(|_| Unusable {
            why: format!(
                "the client key of {owner} is of an unsupported type; supported are RSA (2048 to 4096 bits), P-256, P-384 and Ed25519"
            ),
            advice: ANOTHER_KEY,
        })?;
        let certificate = certificates.first().and_then(|der| Fields::read(der));
        let why = match (certificate, key.public_key()) {
            (None, _) => "it cannot be read",
            (Some(certificate), Some(public)) if certificate.key != &*public => {
                "the client key does not match the certificate"
            }
            _ => return Ok(CertifiedKey::new(certificates, key)),
        };
        Err(unusable(format!("the client certificate of {owner} cannot be used: {why}")))
    }
}

fn cannot_set_up(who: &str, error: Unusable) -> NoAnswer {
    let reason = format!("cannot set up TLS to {who}: {}", error.why);
    NoAnswer { cause: Cause::Final, reason, advice: error.advice.to_owned() }
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

fn system_roots() -> Result<Arc<Trusted>, Unusable> {
    let trusted = Trusted::readable(rustls_native_certs::load_native_certs().certs);
    if trusted.is_empty() {
        let why =
            "the kubeconfig has no certificate-authority, and the system has no certificates".to_owned();
        return Err(Unusable { why, advice: ANOTHER_AUTHORITY });
    }
    Ok(Arc::new(trusted))
}
