//! Ways in for the fuzzers of `tests/fuzz/`: no part of the crate, compiled under `cfg(fuzzing)` alone.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::access::Auth;
use super::body;
use super::certificate::Fields;
use super::credentials::Credentials;
use super::exec::{self, ExecConfig, InteractiveMode};
use super::http::{self, Template};
use super::kubeconfig::resolve;
use super::kubeconfig::{Kubeconfig, Material, UserEntry, load, merge};
use super::scrub::{Scrub, Scrubbed};
use super::secret::Secret;
use super::timestamp;
use super::tls_error;
use super::trust::{Trusted, Verifier};
use super::url::{ProxyUrl, ServerUrl};
use crate::{Accept, Call};
use wagather_base::base64;

/// What kubeconfigs come to.
#[derive(Debug)]
pub struct Resolved {
    /// The head of a request for `/version`; none if a plugin or a file would have to be asked for the credential.
    pub head: Option<Vec<u8>>,
    /// The `Debug` of everything on the way.
    pub debug: String,
    /// Tokens and passwords that are in the files.
    pub secrets: Vec<String>,
}

/// Reads kubeconfigs, joins them, and chooses the current context. Files that they name are not read: where the first
/// error would be, it is none.
pub fn kubeconfig(texts: &[&str]) -> Result<Option<Resolved>, String> {
    let path = Path::new("/etc/kubernetes/admin.conf");
    let mut configs = Vec::new();
    for text in texts {
        configs.push(load::parse(text, path).map_err(|error| error.to_string())?);
    }
    let Some(config) = configs.into_iter().reduce(merge::merge) else { return Ok(None) };
    let mut debug = format!("{config:?}");
    let secrets = secrets(&config);
    if names_files(&config) {
        return Ok(Some(Resolved { head: None, debug, secrets }));
    }
    let access =
        resolve::resolve(config, &super::Options::default()).map_err(|failure| failure.to_string())?;
    debug += &format!("{access:?}");
    let template = Template::new(&access, access.proxy.as_ref());
    if matches!(access.auth, Auth::TokenFile(..) | Auth::Exec(..)) {
        return Ok(Some(Resolved { head: None, debug, secrets }));
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    let credential = Credentials::new(access.auth)?.current(deadline).map_err(|error| error.reason)?;
    let call = Call { path_and_query: "/version".into(), accept: Accept::Json, deadline };
    let head = template.head(&call, credential.authorization.as_ref(), true)?;
    debug += &format!("{credential:?}");
    Ok(Some(Resolved { head: Some(head), debug, secrets }))
}

fn users(config: &Kubeconfig) -> impl Iterator<Item = UserEntry> {
    config.users.iter().filter_map(|(_, entry)| load::user(entry).ok())
}

fn secrets(config: &Kubeconfig) -> Vec<String> {
    users(config)
        .flat_map(|user| [user.token, user.password])
        .flatten()
        .map(|secret| secret.reveal().to_owned())
        .collect()
}

fn names_files(config: &Kubeconfig) -> bool {
    let is_file = |material: &Option<Material>| matches!(material, Some(Material::File(_)));
    let mut clusters = config.clusters.iter().filter_map(|(_, entry)| load::cluster(entry).ok());
    clusters.any(|cluster| is_file(&cluster.certificate_authority))
        || users(config).any(|user| {
            is_file(&user.client_certificate) || is_file(&user.client_key) || user.token_file.is_some()
        })
}

/// What an exec plugin printed: whether it can be used.
pub fn exec_answer(text: &[u8]) -> Result<Option<SystemTime>, String> {
    let config = ExecConfig {
        command: "plugin".into(),
        args: Vec::new(),
        env: Vec::new(),
        api_version: "client.authentication.k8s.io/v1".into(),
        provide_cluster_info: false,
        interactive_mode: InteractiveMode::Never,
        install_hint: None,
    };
    exec::read_answer(&config, text).map(|issued| issued.expires)
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its bytes, the empty line included.
    pub len: usize,
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: Option<String>,
    /// How the body ends.
    pub framing: Framing,
    /// Whether the connection is used again.
    pub keep_alive: bool,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// When the server closes.
    UntilClose,
}

/// Reads the head of an answer.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, String> {
    let Some((len, head)) = http::parse(bytes, true).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let framing = match head.framing {
        http::Framing::Length(len) => Framing::Length(len),
        http::Framing::Chunked => Framing::Chunked,
        http::Framing::UntilClose => Framing::UntilClose,
    };
    let (status, content_type, keep_alive) = (head.status, head.content_type, head.keep_alive);
    Ok(Some(Head { len, status, content_type, framing, keep_alive }))
}

/// Takes a body out of its framing.
pub struct Decoder(body::Decoder);

impl Decoder {
    /// At the start of a body.
    pub fn new(framing: Framing) -> Decoder {
        Decoder(body::Decoder::new(match framing {
            Framing::Length(len) => http::Framing::Length(len),
            Framing::Chunked => http::Framing::Chunked,
            Framing::UntilClose => http::Framing::UntilClose,
        }))
    }

    /// Takes from `input` and puts into `output`; gives how much of each.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<(usize, usize)> {
        self.0.decode(input, output)
    }

    /// Whether the body is over.
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }
}

/// A body without what a header's value gives away, and a text without it; none if there is nothing to look for.
pub fn scrubbed(
    authorization: &str,
    body: Box<dyn Read + Send>,
    text: String,
) -> Option<(Box<dyn Read + Send>, String)> {
    let scrub = Scrub::of(Some(&Secret::new(authorization)))?;
    let text = scrub.text(text);
    Some((Box::new(Scrubbed::new(body, scrub)), text))
}

/// The address of a server, read and written.
pub fn server_url(text: &str, tls_by_default: bool) -> Result<String, String> {
    ServerUrl::parse(text, tls_by_default).map(|url| url.to_string()).map_err(|error| error.to_string())
}

/// The address of a proxy, read and shown.
pub fn proxy_url(text: &str) -> Result<String, String> {
    ProxyUrl::parse(text).map(|url| format!("{url} {url:?}")).map_err(|error| error.to_string())
}

/// Base64, decoded.
pub fn base64_decode(text: &str) -> Option<Vec<u8>> {
    base64::decode(text)
}

/// Base64.
pub fn base64_encode(bytes: &[u8]) -> String {
    base64::encode(bytes)
}

/// An RFC 3339 time.
pub fn time(text: &str) -> Option<SystemTime> {
    timestamp::parse(text)
}

/// What a certificate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// When it is valid, in seconds since 1970.
    pub valid: (u64, u64),
    /// Whether it may sign others, and be a server's.
    pub may: (bool, bool),
    /// How many authorities it allows below itself.
    pub path_len: Option<usize>,
    /// How long its key of RSA is.
    pub rsa_bits: Option<usize>,
    /// Where in it its issuer is and its subject, from and up to.
    pub names: [(usize, usize); 2],
}

/// A certificate in DER; none if it is none.
pub fn certificate(der: &[u8]) -> Option<Certificate> {
    let fields = Fields::read(der)?;
    let place = |part: &[u8]| {
        let from = part.as_ptr().addr() - der.as_ptr().addr();
        (from, from + part.len())
    };
    Some(Certificate {
        valid: (fields.not_before, fields.not_after),
        may: (fields.signs, fields.serves),
        path_len: fields.path_len,
        rsa_bits: fields.rsa_bits,
        names: [place(fields.issuer), place(fields.subject)],
    })
}

/// What is left out of a bundle in PEM, in words; or why it cannot be used.
pub fn bundle(pem: &[u8]) -> Result<Option<String>, String> {
    Trusted::read(pem, "the bundle").map(|(_, warning)| warning)
}

/// Verifies a chain, the server's certificate first, with the certificates of a list: whether it is trusted, or why not in words.
pub fn verify(listed: &[&[u8]], chain: &[&[u8]], name: &'static str, now: u64) -> Result<(), String> {
    let of = |der: &[u8]| CertificateDer::from(der.to_vec());
    let trusted = Trusted::readable(listed.iter().map(|der| of(der)));
    let verifier = Verifier::new(Arc::new(trusted), Arc::new(rustls::crypto::ring::default_provider()));
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|der| of(der)).collect();
    let (first, rest) = chain.split_first().ok_or("no certificate")?;
    let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let verified = verifier.verify_server_cert(first, rest, &name, &[], now);
    verified.map(drop).map_err(|error| {
        let error = io::Error::new(io::ErrorKind::InvalidData, error);
        tls_error::explain(&error, "connect to", "it", false).reason
    })
}
