//! Where to connect and how to authenticate: the result of reading a kubeconfig, a service account or options.
//!
//! This is plain data. The code that makes it has read all files that are read once. Token files and exec plugins are
//! left to [`credentials`](super::credentials), which reads or runs them again when it is time.

use std::path::PathBuf;

use super::exec::ExecConfig;
use super::identity::IdentityPem;
use super::secret::Secret;
use super::url::{ProxyUrl, ServerUrl};

/// All that is needed to talk to a cluster.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) server: ServerUrl,
    pub(super) trust: Trust,
    /// The proxy that the configuration names. If it names none, the environment may.
    pub(super) proxy: Option<ProxyUrl>,
    pub(super) auth: Auth,
    /// The client certificate and its key.
    pub(super) identity: Option<IdentityPem>,
    pub(super) impersonate: Impersonate,
    /// Whether the kubeconfig turns compressed answers off.
    pub(super) plain_answers: bool,
    /// Warnings for the person who runs this.
    pub(super) warnings: Vec<String>,
}

/// How to verify the server.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// Certificates in PEM, and where they come from. `None` for the system's.
    pub(super) authority: Option<(Vec<u8>, String)>,
    /// The server is not verified.
    pub(super) insecure: bool,
    /// The name that the certificate must have, if not the server's host.
    pub(super) server_name: Option<String>,
}

/// What goes into the `Authorization` header.
#[derive(Debug)]
pub(super) enum Auth {
    Nothing,
    Token(Secret),
    /// A file that is read again and again, and the token to use until it can be read.
    TokenFile(PathBuf, Option<Secret>),
    Basic(String, Secret),
    /// A program that prints a token or a certificate, and its input (`KUBERNETES_EXEC_INFO`).
    Exec(ExecConfig, Option<serde_json::Value>),
}

/// The user to impersonate: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation>.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Impersonate {
    pub(super) user: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) extra: Vec<(String, Vec<String>)>,
}
