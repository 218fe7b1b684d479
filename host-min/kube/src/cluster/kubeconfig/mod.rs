//! Kubeconfig files, read as kubectl reads them.
//!
//! [`load`] turns files into [`Kubeconfig`]s, [`merge`] joins several into one, and [`resolve`] turns one into an
//! [`Access`](super::access::Access), which says where to connect and how to authenticate. Not here: connecting.
//!
//! Source: <https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/> and
//! client-go's `tools/clientcmd`. Unknown fields are ignored, as there.

pub(super) mod load;
pub(super) mod merge;
pub(super) mod resolve;

use std::path::PathBuf;

use wagather_yaml::Node;

use super::access::Impersonate;
use super::exec::ExecConfig;
use super::secret::Secret;

/// A kubeconfig, or several merged ones.
#[derive(Debug, Default)]
pub(super) struct Kubeconfig {
    /// The files from which it was read, for messages.
    pub(super) files: Vec<PathBuf>,
    pub(super) current_context: Option<String>,
    pub(super) clusters: Vec<(String, Entry)>,
    pub(super) contexts: Vec<(String, ContextEntry)>,
    pub(super) users: Vec<(String, Entry)>,
    /// What is odd about the files.
    pub(super) warnings: Vec<String>,
}

/// A cluster or a user that was not read yet. Only those of the chosen context are read.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) node: Node,
    pub(super) file: PathBuf,
}

/// How to reach a cluster.
#[derive(Debug, Default)]
pub(super) struct ClusterEntry {
    pub(super) server: Option<String>,
    pub(super) tls_server_name: Option<String>,
    pub(super) insecure_skip_tls_verify: bool,
    pub(super) certificate_authority: Option<Material>,
    pub(super) proxy_url: Option<String>,
    pub(super) disable_compression: bool,
    /// The extension `client.authentication.k8s.io/exec`, which the cluster has for exec plugins.
    pub(super) exec_extension: Option<serde_json::Value>,
}

/// A cluster and a user.
#[derive(Debug, Default)]
pub(super) struct ContextEntry {
    pub(super) cluster: Option<String>,
    pub(super) user: Option<String>,
}

/// How to authenticate.
#[derive(Debug, Default)]
pub(super) struct UserEntry {
    pub(super) client_certificate: Option<Material>,
    pub(super) client_key: Option<Material>,
    pub(super) token: Option<Secret>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) exec: Option<ExecConfig>,
    /// The name of an `auth-provider`, which Kubernetes has removed, if there is one.
    pub(super) auth_provider: Option<String>,
    pub(super) impersonate: Impersonate,
}

/// PEM data, in the kubeconfig or in a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Material {
    /// In the kubeconfig: the PEM text, decoded from base64.
    Inline(Vec<u8>),
    /// In a file.
    File(PathBuf),
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Material::Inline(_) => f.write_str("Inline([redacted])"),
            Material::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}
