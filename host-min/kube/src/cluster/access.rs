//! Where to connect and how to say who we are: what a kubeconfig, a service account or an option comes to.
//!
//! Plain data. Whoever makes it has read all files that are read once; a token's file and an exec plugin are
//! left to [`credentials`](super::credentials), which asks them again in time.

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
    /// The proxy that the configuration names; the environment may name another if it names none.
    pub(super) proxy: Option<ProxyUrl>,
    pub(super) auth: Auth,
    /// The client certificate and its key.
    pub(super) identity: Option<IdentityPem>,
    pub(super) impersonate: Impersonate,
    /// Whether the kubeconfig wants no compressed answers.
    pub(super) plain_answers: bool,
    /// What should be said to a person who may not know it.
    pub(super) warnings: Vec<String>,
}

/// How to tell that the server is the right one.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// Certificates in PEM and where they were written; none: those of the system.
    pub(super) authority: Option<(Vec<u8>, String)>,
    /// Not at all.
    pub(super) insecure: bool,
    /// The name that the certificate must have, if not the server's host.
    pub(super) server_name: Option<String>,
}

/// What goes into the `Authorization` header.
#[derive(Debug)]
pub(super) enum Auth {
    Nothing,
    Token(Secret),
    /// A file that is read again, and the token to use until it can be read.
    TokenFile(PathBuf, Option<Secret>),
    Basic(String, Secret),
    /// A program that answers with a token or a certificate, and what it is told (`KUBERNETES_EXEC_INFO`).
    Exec(ExecConfig, Option<serde_json::Value>),
}

/// Whom to act as; see <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation>.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Impersonate {
    pub(super) user: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) extra: Vec<(String, Vec<String>)>,
}
