//! TLS of a server, with files that are read again when they change.

use crate::Error;
use crate::watched::Watched;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wagather_base::file;
use wagather_base::limits::MAX_CREDENTIAL_BYTES;

/// TLS of a server: its certificate and key, and the authorities of its clients if they need certificates.
pub struct Tls {
    files: Files,
    config: Watched<Arc<ServerConfig>>,
}

struct Files {
    certificates: PathBuf,
    key: PathBuf,
    clients: Option<PathBuf>,
}

impl Tls {
    /// Reads PEM files: the certificate followed by those that signed it, its private key, and, if clients need certificates, those of
    /// their authorities. The files are read again when they change.
    pub fn files(certificates: &Path, key: &Path, clients: Option<&Path>) -> Result<Tls, Error> {
        let files = Files {
            certificates: certificates.to_owned(),
            key: key.to_owned(),
            clients: clients.map(Path::to_owned),
        };
        let paths = [&files.certificates, &files.key].into_iter().chain(&files.clients).cloned().collect();
        let config = Watched::new(paths, || files.read())?;
        Ok(Tls { files, config })
    }

    pub(crate) fn asks_for_certificates(&self) -> bool {
        self.files.clients.is_some()
    }

    /// The configuration of the next connection.
    pub(crate) fn config(&self, warn: impl FnOnce(&Error)) -> Arc<ServerConfig> {
        self.config.get(|| self.files.read(), warn)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.files.certificates.display())
    }
}

const CERTIFICATES: &str = "a server's certificates";
const KEY: &str = "a private key";
const CLIENTS: &str = "the certificates of clients' authorities";

fn wrong(what: &'static str, path: &Path, reason: impl fmt::Display) -> Error {
    Error::Credential { what, path: path.to_owned(), reason: reason.to_string() }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = file::read(path, MAX_CREDENTIAL_BYTES).map_err(|error| wrong(what, path, error))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let all = all.map_err(|error| wrong(what, path, error))?;
    if all.is_empty() { Err(wrong(what, path, "it has no certificate in PEM form")) } else { Ok(all) }
}

impl Files {
    fn read(&self) -> Result<Arc<ServerConfig>, Error> {
        let chain = certificates(CERTIFICATES, &self.certificates)?;
        let key =
            file::read(&self.key, MAX_CREDENTIAL_BYTES).map_err(|error| wrong(KEY, &self.key, error))?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| wrong(KEY, &self.key, error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(CERTIFICATES, &self.certificates, error))?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(CLIENTS, path)? {
                    roots.add(authority).map_err(|error| wrong(CLIENTS, path, error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                    .build()
                    .map_err(|error| wrong(CLIENTS, path, error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| wrong(CERTIFICATES, &self.certificates, error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
