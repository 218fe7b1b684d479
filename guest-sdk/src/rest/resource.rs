//! The identity and the fields of a resource, as `#[derive(Resource)]` declares them.

/// A resource of the API server, declared by [`#[derive(Resource)]`](derive@crate::Resource).
///
/// The constants have the values of the manifest.
pub trait Resource {
    /// The API group; empty for the core group.
    const GROUP: &'static str;
    /// The API version, such as `v1`.
    const VERSION: &'static str;
    /// The group and the version, as objects have them: `v1`, `apps/v1`.
    const API_VERSION: &'static str;
    /// The plural name, such as `pods`.
    const PLURAL: &'static str;
    /// The kind, such as `Pod`.
    const KIND: &'static str;
    /// Whether the resource is namespaced.
    const NAMESPACED: bool;
    /// The namespace, if only one is declared.
    const NAMESPACE: Option<&'static str>;
    /// The field mask, in the syntax of [`abi::mask`](crate::abi::mask); `*` for whole objects.
    const MASK: &'static str;
}

/// A resource that declares `get`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare the verb `get`, so a host would refuse it",
    note = "declare it: `#[resource(…, verbs(get, list))]`"
)]
pub trait CanGet: Resource {}

/// A resource that declares `list`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare the verb `list`, so a host would refuse it",
    note = "declare it: `#[resource(…, verbs(get, list))]`"
)]
pub trait CanList: Resource {}

/// A resource that declares its subresource `log`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare the subresource `log`, so a host would refuse it",
    note = "declare it: `#[resource(…, log)]`"
)]
pub trait CanLog: Resource {}

/// A raw path that the manifest declares; [`manifest_path!`](crate::manifest_path) makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPath(&'static str);

impl RawPath {
    /// For the macro only.
    #[doc(hidden)]
    pub const fn declared(path: &'static str) -> Self {
        let bytes = path.as_bytes();
        assert!(!bytes.is_empty() && bytes[0] == b'/', "a raw path starts with a slash");
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'/' | b'-' | b'_' | b'.'),
                "a raw path has plain segments only (no query, no escapes)"
            );
            at += 1;
        }
        RawPath(path)
    }

    /// The path.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
