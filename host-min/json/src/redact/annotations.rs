//! Annotations of a Secret that stay. They say where it comes from, never what it holds.
//!
//! Any other annotation may repeat its values, in clear, in base64 or compressed, like those of tools that keep what was applied. There
//! are too many such tools to list, so this lists the annotations that are known to be harmless.

/// The keys. `*` at the end stands for any text.
pub(super) const HARMLESS: &[&str] = &[
    "kubernetes.io/service-account.name",
    "kubernetes.io/service-account.uid",
    "kubernetes.io/description",
    "cert-manager.io/*",
    "meta.helm.sh/release-name",
    "meta.helm.sh/release-namespace",
    "helm.sh/hook",
    "helm.sh/hook-weight",
    "helm.sh/hook-delete-policy",
    "helm.sh/resource-policy",
    "argocd.argoproj.io/sync-wave",
    "argocd.argoproj.io/sync-options",
    "argocd.argoproj.io/compare-options",
    "argocd.argoproj.io/tracking-id",
    "auth.openshift.io/certificate-hostnames",
    "auth.openshift.io/certificate-issuer",
    "auth.openshift.io/certificate-not-after",
    "auth.openshift.io/certificate-not-before",
    "cloudcredential.openshift.io/credentials-request",
    "openshift.io/description",
    "openshift.io/internal-registry-auth-token.binding",
    "openshift.io/internal-registry-auth-token.service-account",
    "openshift.io/owning-component",
    "openshift.io/token-secret.name",
    "service.alpha.openshift.io/expiry",
    "service.alpha.openshift.io/originating-service-name",
    "service.alpha.openshift.io/originating-service-uid",
    "service.beta.openshift.io/expiry",
    "service.beta.openshift.io/originating-service-name",
    "service.beta.openshift.io/originating-service-uid",
];

/// Whether an annotation of a Secret stays.
pub(super) fn is_harmless(key: &[u8]) -> bool {
    HARMLESS.iter().any(|known| match known.strip_suffix('*') {
        Some(prefix) => key.starts_with(prefix.as_bytes()),
        None => key == known.as_bytes(),
    })
}
