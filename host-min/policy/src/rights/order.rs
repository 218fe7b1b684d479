//! The order in which a list over all namespaces has them.

/// Sorts namespaces as a list over all of them has them.
pub(super) fn sort_places(namespaces: &mut [String]) {
    namespaces.sort_unstable_by(|a, b| sort_key(a).cmp(sort_key(b)));
}

/// What a list over all namespaces sorts a namespace by.
pub fn sort_key(namespace: &str) -> impl Iterator<Item = u8> {
    namespace.bytes().chain([b'/'])
}
