//! Which answers are Secrets: by what was asked for, and by what an object and the list around it say.
//!
//! Live answers and recordings go by this one piece of code. Of an object *within* an object `json` decides, with
//! [`is_secret_kind`] too.

/// Whether a `kind` is that of a Secret, or of a list of them: the items of such a list need not say what they are.
pub fn is_secret_kind(kind: &str) -> bool {
    matches!(kind, "Secret" | "SecretList")
}

/// What a request says of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    of_secrets: bool,
}

impl Subject {
    /// That of a request for a resource. Secrets are Secrets in whatever group, and as a part of something else
    /// (OpenShift's `imagestreams/secrets`).
    pub fn of(plural: &str, subresource: &str) -> Subject {
        Subject { of_secrets: plural == "secrets" || subresource == "secrets" }
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
            [] => Subject { of_secrets: false },
        }
    }

    /// Whether an object that is the whole answer is a Secret, or a list of them.
    pub fn is_secret(self, kind: &str) -> bool {
        self.of_secrets || is_secret_kind(kind)
    }

    /// Whether an item of a list is one. An item that does not say what it is, in a list that has not said it
    /// yet, could be: servers that write the kind of a list last write that of each item.
    pub fn is_secret_item(self, list_kind: &str, kind: &str) -> bool {
        let is_untold = kind.is_empty() && matches!(list_kind, "" | "List");
        self.is_secret(kind) || is_secret_kind(list_kind) || is_untold
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
            assert_eq!(Subject::of(plural, subresource).is_secret(""), is_secret, "{plural}/{subresource}");
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
            assert!(Subject::of_path(path).is_secret(""), "{path}");
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
            assert!(!Subject::of_path(path).is_secret(""), "{path}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_kind_and_that_of_their_list() {
        let any = Subject::of("things", "");
        assert!(any.is_secret("Secret") && any.is_secret("SecretList"));
        assert!(!any.is_secret("") && !any.is_secret("SealedSecret") && !any.is_secret("ConfigMapList"));
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
            assert_eq!(any.is_secret_item(list, item), is_secret, "'{item}' in a '{list}'");
        }
        assert!(Subject::of("secrets", "").is_secret_item("ConfigMapList", "ConfigMap"));
    }
}
