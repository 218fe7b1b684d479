//! The service account of the pod that this runs in.
//!
//! Source: <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/> and client-go's
//! `rest.InClusterConfig`. The token's file is read again by [`credentials`](super::credentials): the kubelet
//! renews it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::access::{Access, Auth, Trust};
use super::kubeconfig::Impersonate;
use super::kubeconfig::resolve::{self, Overrides};
use super::url::{ServerUrl, host_port};
use crate::error::{Class, Failure};
use crate::limits::MAX_CREDENTIAL_BYTES;

/// Where the kubelet puts token and CA.
pub(super) const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The service account, if there is one: none outside a pod.
pub(super) fn access(
    folder: &Path,
    host: Option<&OsString>,
    port: Option<&OsString>,
    over: Overrides<'_>,
) -> Option<Result<Access, Failure>> {
    let text = |value: Option<&OsString>| {
        value.and_then(|v| v.to_str()).filter(|v| !v.is_empty()).map(str::to_owned)
    };
    let (host, port) = (text(host)?, text(port)?);
    let token = folder.join("token");
    if !token.is_file() {
        return None;
    }
    Some(build(folder, &host, &port, token, over))
}

fn build(
    folder: &Path,
    host: &str,
    port: &str,
    token: PathBuf,
    over: Overrides<'_>,
) -> Result<Access, Failure> {
    let fail = |reason: String| {
        Failure::new(Class::Config, format!("cannot use the service account in {}", folder.display()), reason)
    };
    let port: u16 =
        port.parse().map_err(|_| fail(format!("KUBERNETES_SERVICE_PORT is {port}, which is not a port")))?;
    let server = ServerUrl::parse(&format!("https://{}", host_port(host, port)), true)
        .map_err(|why| fail(format!("KUBERNETES_SERVICE_HOST is {host}, which cannot be used: {why}")))?;
    let certificates = folder.join("ca.crt");
    let pem = crate::file::read(&certificates, MAX_CREDENTIAL_BYTES).map_err(|why| {
        fail(format!("the certificate authority {} cannot be read: {why}", certificates.display()))
    })?;
    let trust = Trust { authority: Some((pem, certificates.display().to_string())), ..Trust::default() };
    let impersonate = resolve::impersonate(Impersonate::default(), over, "the service account", &fail)?;
    let auth = Auth::TokenFile(token, None);
    Ok(Access {
        server,
        trust,
        proxy: None,
        auth,
        identity: None,
        impersonate,
        plain_answers: true,
        warnings: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_in_a_pod() {
        let folder = tempfile::tempdir().unwrap();
        let (host, port) = (OsString::from("fd00::1"), OsString::from("443"));
        let over = Overrides::default();
        assert!(access(folder.path(), Some(&host), Some(&port), over).is_none());
        std::fs::write(folder.path().join("token"), "t").unwrap();
        assert!(access(folder.path(), None, Some(&port), over).is_none());
        let failure = access(folder.path(), Some(&host), Some(&port), over).unwrap().unwrap_err();
        assert!(failure.reason.contains("ca.crt cannot be read"), "{failure}");
        std::fs::write(folder.path().join("ca.crt"), "pem").unwrap();
        let access = access(folder.path(), Some(&host), Some(&port), over).unwrap().unwrap();
        assert_eq!(access.server.to_string(), "https://[fd00::1]:443");
        assert!(matches!(access.auth, Auth::TokenFile(path, None) if path.ends_with("token")));
    }
}
