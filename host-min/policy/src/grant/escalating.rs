//! What gives more rights to whoever reads it, in the words of Kubernetes and OpenShift themselves.
//!
//! No `*` of a grant covers any of this; a rule names it, or it is refused. A group makes no difference: OpenShift serves its
//! resources under two, and what is called `secrets` elsewhere has its name from what it holds.
//!
//! | resource | who says so |
//! |---|---|
//! | `secrets` | Kubernetes, [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets); OpenShift's `escalatingScopeResources` |
//! | `serviceaccounts/token` | Kubernetes, [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#token-request) |
//! | `imagestreams/secrets`, `oauthaccesstokens`, `oauthauthorizetokens` | OpenShift's `escalatingScopeResources` (`pkg/authorization/scope`), and its older `EscalatingResourcesGroupName` |
//! | `useroauthaccesstokens` | the same objects as `oauthaccesstokens`, of one user |
//! | `oauthclients` | OpenShift's `cluster-reader` leaves them out: `secret` is a password in clear |
//! | `buildconfigs/webhooks` | a path with a secret in it, which starts a build (OpenShift's `system:webhook`) |
//! | `nodes/proxy` and other connections | Kubernetes, [RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#access-to-proxy-subresource-of-nodes); these no grant can name |

use std::fmt;

/// A resource that gives rights away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escalating {
    /// Its plural; `*` for any.
    pub plural: &'static str,
    /// Its subresource; empty for the objects themselves and all of their subresources.
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

/// Subresources that are connections, not documents: never sent, whatever is declared or granted.
pub const CONNECTIONS: &[&str] = &["attach", "exec", "portforward", "proxy"];

impl Escalating {
    /// What a resource gives away, if it does.
    pub fn of(plural: &str, subresource: &str) -> Option<&'static Escalating> {
        let fits = |known: &&Escalating| {
            (known.plural == "*" || known.plural == plural)
                && (known.subresource.is_empty() || known.subresource == subresource)
        };
        ESCALATING.iter().find(fits)
    }

    /// Whether it is Secrets that it gives away.
    pub fn has_secrets(&self) -> bool {
        self.gives == ESCALATING[0].gives
    }

    /// Why a grant that does not name it does not cover it.
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
}
