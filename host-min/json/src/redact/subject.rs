//! Which answers hold secrets in fields of their own: by what was asked for, and by what an object and the list around it say.
//!
//! Live answers and recordings go by this one piece of code. Of a Secret *within* an object `json` decides, with
//! [`is_secret_kind`] too.

/// What an object holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holder {
    /// Nothing that is known by its place.
    #[default]
    Other,
    /// It is a Secret, or a list of them.
    Secret,
    /// OpenShift's `OAuthClient`: passwords in clear.
    OAuthClient,
    /// OpenShift's `OAuthAccessToken` and `OAuthAuthorizeToken`: other tokens, and before version 4.6 a name that is a token itself.
    OAuthToken,
}

/// The beginning of the name of a token's object if it is only the token's hash.
const HASHED: &str = "sha256~";

impl From<bool> for Holder {
    fn from(is_secret: bool) -> Holder {
        if is_secret { Holder::Secret } else { Holder::Other }
    }
}

impl Holder {
    /// That of a resource, in whatever group: Secrets are Secrets wherever, and as a part of something else (OpenShift's
    /// `imagestreams/secrets`).
    fn of_resource(plural: &str, subresource: &str) -> Holder {
        match (plural, subresource) {
            ("secrets", _) | (_, "secrets") => Holder::Secret,
            ("oauthclients", _) => Holder::OAuthClient,
            ("oauthaccesstokens" | "oauthauthorizetokens" | "useroauthaccesstokens", _) => Holder::OAuthToken,
            _ => Holder::Other,
        }
    }

    /// That of a kind, or of a list of it: the items of such a list need not say what they are.
    fn of_kind(kind: &str) -> Holder {
        match kind.strip_suffix("List").unwrap_or(kind) {
            "Secret" => Holder::Secret,
            "OAuthClient" => Holder::OAuthClient,
            "OAuthAccessToken" | "OAuthAuthorizeToken" | "UserOAuthAccessToken" => Holder::OAuthToken,
            _ => Holder::Other,
        }
    }

    /// The fields of the object whose values are secret, beside those of a Secret.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Holder::OAuthClient => &["secret", "additionalSecrets"],
            Holder::OAuthToken => &["authorizeToken", "refreshToken"],
            Holder::Secret | Holder::Other => &[],
        }
    }

    /// The keys behind which something secret is, of an object that cannot be read as a whole.
    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        let name = if self == Holder::OAuthToken { &["name"][..] } else { &[] };
        self.fields().iter().chain(name).copied()
    }

    /// Whether a name of such an object is a token, and no hash of one.
    pub fn is_token(self, name: &str) -> bool {
        self == Holder::OAuthToken && !name.is_empty() && !name.starts_with(HASHED)
    }
}

/// Whether a `kind` is that of a Secret, or of a list of them.
pub fn is_secret_kind(kind: &str) -> bool {
    Holder::of_kind(kind) == Holder::Secret
}

/// What a request says of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    of: Holder,
}

impl Subject {
    /// That of a request for a resource.
    pub fn of(plural: &str, subresource: &str) -> Subject {
        Subject { of: Holder::of_resource(plural, subresource) }
    }

    /// That of a request that is known by its path alone, such as `/api/v1/namespaces/NAMESPACE/secrets/NAME`.
    pub fn of_path(path_and_query: &str) -> Subject {
        let path = path_and_query.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let of_resources = match segments[..] {
            ["api" | "oapi", _, ref rest @ ..] | ["apis", _, _, ref rest @ ..] => rest,
            _ => &[],
        };
        // Paths of old have a verb before the rest.
        let of_resources = of_resources.strip_prefix(&["watch"]).unwrap_or(of_resources);
        match *of_resources {
            ["namespaces", _, plural, ref rest @ ..] | [plural, ref rest @ ..] => {
                Subject::of(plural, rest.get(1).copied().unwrap_or_default())
            }
            [] => Subject { of: Holder::Other },
        }
    }

    /// What an object that is the whole answer holds.
    pub fn holder(self, kind: &str) -> Holder {
        if self.of == Holder::Other { Holder::of_kind(kind) } else { self.of }
    }

    /// What an item of a list holds. An item that does not say what it is, in a list that has not said it yet, could be a
    /// Secret: servers that write the kind of a list last write that of each item.
    pub fn holder_of_item(self, list_kind: &str, kind: &str) -> Holder {
        let is_untold = kind.is_empty() && matches!(list_kind, "" | "List");
        match (self.holder(kind), Holder::of_kind(list_kind)) {
            (Holder::Other, Holder::Other) => is_untold.into(),
            (Holder::Other, of_list) => of_list,
            (of_item, _) => of_item,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_what_was_asked_for() {
        for (plural, subresource, is_secret) in [
            ("secrets", "", true),
            ("secrets", "status", true),
            ("imagestreams", "secrets", true),
            ("imagestreams", "", false),
            ("externalsecrets", "", false),
        ] {
            assert_eq!(
                (Subject::of(plural, subresource).holder("") == Holder::Secret),
                is_secret,
                "{plural}/{subresource}"
            );
        }
        for path in [
            "/api/v1/secrets?limit=500",
            "/api/v1/namespaces/a/secrets/b",
            "/api/v1/watch/secrets",
            "/api/v1/watch/namespaces/a/secrets/b",
            "/apis/example.com/v1/secrets",
            "/apis/image.openshift.io/v1/namespaces/a/imagestreams/b/secrets",
            "/oapi/v1/namespaces/a/imagestreams/b/secrets",
            "/api/v1/namespaces/secrets/secrets",
        ] {
            assert!(Subject::of_path(path).holder("") == Holder::Secret, "{path}");
        }
        for path in [
            "/api/v1/configmaps?fieldSelector=a/secrets",
            // Names are no resources.
            "/api/v1/namespaces/secrets/configmaps/b",
            "/api/v1/namespaces/a/configmaps/secrets",
            "/apis/secrets/v1/things",
            "/api/v1/nodes/secrets",
            "/version/secrets",
            "/api/secrets",
            "",
            "secrets",
        ] {
            assert!(Subject::of_path(path).holder("") != Holder::Secret, "{path}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_kind_and_that_of_their_list() {
        let any = Subject::of("things", "");
        let is_secret = |kind: &str| any.holder(kind) == Holder::Secret;
        assert!(is_secret("Secret") && is_secret("SecretList"));
        assert!(!is_secret("") && !is_secret("SealedSecret") && !is_secret("ConfigMapList"));
        for (list, item, is_secret) in [
            ("SecretList", "", true),
            ("SecretList", "Other", true),
            ("List", "Secret", true),
            ("List", "ConfigMap", false),
            ("", "ConfigMap", false),
            ("", "", true),
            ("List", "", true),
            ("ConfigMapList", "", false),
        ] {
            assert_eq!(any.holder_of_item(list, item) == Holder::Secret, is_secret, "'{item}' in a '{list}'");
        }
        let secrets = Subject::of("secrets", "");
        assert_eq!(secrets.holder_of_item("ConfigMapList", "ConfigMap"), Holder::Secret);
    }

    #[test]
    fn openshifts_clients_and_tokens_are_known_by_either() {
        use Holder::{OAuthClient, OAuthToken, Other};
        for (plural, list, item, holder) in [
            ("oauthclients", "", "", OAuthClient),
            ("oauthclients", "ThingList", "Thing", OAuthClient),
            ("things", "OAuthClientList", "", OAuthClient),
            ("things", "List", "OAuthClient", OAuthClient),
            ("oauthclientauthorizations", "OAuthClientAuthorizationList", "", Other),
            ("oauthaccesstokens", "ThingList", "", OAuthToken),
            ("oauthauthorizetokens", "ThingList", "", OAuthToken),
            ("things", "UserOAuthAccessTokenList", "", OAuthToken),
            ("things", "List", "OAuthAuthorizeToken", OAuthToken),
        ] {
            let of_item = Subject::of(plural, "").holder_of_item(list, item);
            assert_eq!(of_item, holder, "{plural}: '{item}' in a '{list}'");
        }
        for path in ["/apis/oauth.openshift.io/v1/oauthclients/x", "/oapi/v1/oauthclients"] {
            assert_eq!(Subject::of_path(path).holder(""), OAuthClient, "{path}");
        }
        assert!(OAuthToken.is_token("TyP4") && !OAuthToken.is_token("sha256~x") && !OAuthToken.is_token(""));
        assert!(!Other.is_token("TyP4"));
    }
}
