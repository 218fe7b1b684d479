//! Resources that give more rights to the account that reads them, according to Kubernetes and OpenShift.
//!
//! A `*` in a grant covers none of them. A rule must name the resource, or the request is refused. The API group makes no difference:
//! OpenShift serves its resources under two groups, and a resource called `secrets` in another group holds secrets, too.
//!
//! | resource | source |
//! |---|---|
//! | `secrets` | Kubernetes, [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets); OpenShift's `escalatingScopeResources` |
//! | `serviceaccounts/token` | Kubernetes, [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#token-request) |
//! | `imagestreams/secrets`, `oauthaccesstokens`, `oauthauthorizetokens` | OpenShift's `escalatingScopeResources` (`pkg/authorization/scope`), and its older `EscalatingResourcesGroupName` |
//! | `useroauthaccesstokens` | the same objects as `oauthaccesstokens`, of one user |
//! | `oauthclients` | OpenShift's `cluster-reader` leaves them out: `secret` is a password in clear |
//! | `buildconfigs/webhooks` | a path with a secret in it, which starts a build (OpenShift's `system:webhook`) |
//! | `nodes/proxy` and other connections | Kubernetes, [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#access-to-proxy-subresource-of-nodes); these no grant can name |

use std::fmt;

/// A resource that gives more rights to its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escalating {
    /// Its plural, or `*` for any.
    pub plural: &'static str,
    /// Its subresource. Empty for the objects and all of their subresources.
    pub subresource: &'static str,
    /// What is in it.
    pub gives: &'static str,
}

/// All of them.
pub const ESCALATING: &[Escalating] = &[
    Escalating { plural: "secrets", subresource: "", gives: "Secrets" },
    Escalating { plural: "*", subresource: "secrets", gives: "Secrets" },
    Escalating { plural: "*", subresource: "token", gives: "tokens of service accounts" },
    Escalating { plural: "oauthaccesstokens", subresource: "", gives: "tokens of users" },
    Escalating { plural: "oauthauthorizetokens", subresource: "", gives: "tokens of users" },
    Escalating { plural: "useroauthaccesstokens", subresource: "", gives: "tokens of users" },
    Escalating { plural: "oauthclients", subresource: "", gives: "passwords of OAuth clients" },
    Escalating { plural: "buildconfigs", subresource: "webhooks", gives: "a secret that starts builds" },
];

/// The kinds of such objects, whatever the resource that serves them is called.
const KINDS: &[(&str, usize)] = &[
    ("Secret", 0),
    ("TokenRequest", 2),
    ("OAuthAccessToken", 3),
    ("OAuthAuthorizeToken", 4),
    ("UserOAuthAccessToken", 5),
    ("OAuthClient", 6),
];

/// Subresources that open connections. They are never requested, whatever is declared or granted.
pub const CONNECTIONS: &[&str] = &["attach", "exec", "portforward", "proxy"];

impl Escalating {
    /// What a resource gives to its reader, if it is one of these.
    pub fn of(plural: &str, subresource: &str) -> Option<&'static Escalating> {
        let fits = |known: &&Escalating| {
            (known.plural == "*" || known.plural == plural)
                && (known.subresource.is_empty() || known.subresource == subresource)
        };
        ESCALATING.iter().find(fits)
    }

    /// What objects of a kind, or a list of them, give to their reader, if they are some of these.
    pub fn of_kind(kind: &str) -> Option<&'static Escalating> {
        let is_it = |known: &&(&str, usize)| {
            let rest = kind.get(known.0.len()..).unwrap_or_default();
            kind.get(..known.0.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(known.0))
                && (rest.is_empty() || rest.eq_ignore_ascii_case("List"))
        };
        KINDS.iter().find(is_it).and_then(|(_, index)| ESCALATING.get(*index))
    }

    /// Whether it holds Secrets.
    pub fn has_secrets(&self) -> bool {
        self.gives == ESCALATING[0].gives
    }

    /// Why a grant must name it.
    pub fn refusal(&self, what: &dyn fmt::Display) -> String {
        match (self.plural, self.subresource) {
            ("secrets", _) => "Secrets are not granted: a grant must name them".into(),
            _ => format!("{what} reveals {}: a grant must name it, '*' is not enough", self.gives),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_rights_away_is_known_in_any_group() {
        for (plural, subresource, gives) in [
            ("secrets", "", Some("Secrets")),
            ("secrets", "status", Some("Secrets")),
            ("imagestreams", "secrets", Some("Secrets")),
            ("imagestreams", "", None),
            ("imagestreams", "layers", None),
            ("serviceaccounts", "token", Some("tokens of service accounts")),
            ("serviceaccounts", "", None),
            ("oauthclients", "", Some("passwords of OAuth clients")),
            ("oauthclientauthorizations", "", None),
            ("oauthaccesstokens", "", Some("tokens of users")),
            ("useroauthaccesstokens", "status", Some("tokens of users")),
            ("buildconfigs", "webhooks", Some("a secret that starts builds")),
            ("buildconfigs", "", None),
            ("externalsecrets", "", None),
        ] {
            let known = Escalating::of(plural, subresource);
            assert_eq!(known.map(|known| known.gives), gives, "{plural}/{subresource}");
        }
    }

    #[test]
    fn what_gives_rights_away_is_known_by_its_kind() {
        for (kind, gives) in [
            ("Secret", Some("Secrets")),
            ("SecretList", Some("Secrets")),
            ("secretlist", Some("Secrets")),
            ("SecretStore", None),
            ("ExternalSecret", None),
            ("TokenRequest", Some("tokens of service accounts")),
            ("OAuthAccessToken", Some("tokens of users")),
            ("OAuthAuthorizeTokenList", Some("tokens of users")),
            ("UserOAuthAccessToken", Some("tokens of users")),
            ("OAuthClient", Some("passwords of OAuth clients")),
            ("OAuthClientAuthorization", None),
            ("Pod", None),
            ("", None),
        ] {
            assert_eq!(Escalating::of_kind(kind).map(|known| known.gives), gives, "{kind}");
        }
    }
}
