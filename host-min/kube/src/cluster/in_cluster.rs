//! The service account of the pod in which this runs.
//!
//! Source: <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/> and client-go's
//! `rest.InClusterConfig`. The token's file is read again by [`credentials`](super::credentials): the kubelet
//! renews it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Options;
use super::access::Access;
use super::kubeconfig::resolve;
use super::kubeconfig::{ClusterEntry, Material, UserEntry};
use super::url::{ServerUrl, host_port};
use wagather_base::error::{Class, Failure};

/// Where the kubelet puts the token and the CA.
pub(super) const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What was found.
pub(super) enum Found {
    /// Outside of a pod.
    NoPod,
    /// In a pod that has no token.
    NoToken(Failure),
    /// A service account, or why it cannot be used.
    Account(Box<Result<Access, Failure>>),
}

/// The service account, if this is a pod. With `--token`, the mounted token is not needed.
pub(super) fn access(
    folder: &Path,
    host: Option<&OsString>,
    port: Option<&OsString>,
    over: &Options,
) -> Found {
    let text = |value: Option<&OsString>| {
        value.and_then(|v| v.to_str()).filter(|v| !v.is_empty()).map(str::to_owned)
    };
    let (Some(host), Some(port)) = (text(host), text(port)) else { return Found::NoPod };
    let token = folder.join("token");
    if !token.is_file() && over.token.is_none() && over.token_file.is_none() {
        let attempt = "cannot find a cluster: there is no kubeconfig, and in this pod";
        let reason = format!("no token is mounted: {} does not exist", token.display());
        return Found::NoToken(Failure::new(Class::Config, attempt, reason).advise(
            "Set automountServiceAccountToken: true in the pod's spec (or on its service account), or mount a token as a \
             projected volume and name it in a kubeconfig (tokenFile).",
        ));
    }
    Found::Account(Box::new(build(folder, &host, &port, token, over)))
}

fn build(folder: &Path, host: &str, port: &str, token: PathBuf, over: &Options) -> Result<Access, Failure> {
    let fail = |reason: String| {
        Failure::new(Class::Config, format!("cannot use the service account in {}", folder.display()), reason)
    };
    let port: u16 =
        port.parse().map_err(|_| fail(format!("KUBERNETES_SERVICE_PORT is {port}, which is not a port")))?;
    let server = format!("https://{}", host_port(host, port));
    ServerUrl::parse(&server, true)
        .map_err(|why| fail(format!("KUBERNETES_SERVICE_HOST is {host}, which cannot be used: {why}")))?;
    let cluster = ClusterEntry {
        server: Some(server),
        certificate_authority: Some(Material::File(folder.join("ca.crt"))),
        ..ClusterEntry::default()
    };
    let user = UserEntry { token_file: Some(token), ..UserEntry::default() };
    resolve::access(cluster, user, over, "the pod's cluster", "the service account", &fail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::access::Auth;

    #[test]
    fn only_in_a_pod() {
        let folder = tempfile::tempdir().unwrap();
        let (host, port) = (OsString::from("fd00::1"), OsString::from("443"));
        let over = &Options::default();
        let account = |found| match found {
            Found::Account(access) => *access,
            _ => panic!("no account"),
        };
        assert!(matches!(access(folder.path(), None, Some(&port), over), Found::NoPod));
        let Found::NoToken(failure) = access(folder.path(), Some(&host), Some(&port), over) else {
            panic!("a token")
        };
        assert!(failure.reason.starts_with("no token is mounted: "), "{failure}");
        assert!(failure.advice.contains("automountServiceAccountToken: true"), "{failure}");
        std::fs::write(folder.path().join("token"), "t").unwrap();
        let failure = account(access(folder.path(), Some(&host), Some(&port), over)).unwrap_err();
        assert!(failure.reason.contains("ca.crt, cannot be read"), "{failure}");
        std::fs::write(folder.path().join("ca.crt"), "pem").unwrap();
        let access = account(access(folder.path(), Some(&host), Some(&port), over)).unwrap();
        assert_eq!(access.server.to_string(), "https://[fd00::1]:443");
        assert!(matches!(access.auth, Auth::TokenFile(path, None) if path.ends_with("token")));
    }
}
