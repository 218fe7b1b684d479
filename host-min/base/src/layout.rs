//! The part of an archive's layout that crates other than the one that writes archives must know.

/// The folders into which objects are piped. A gatherer cannot be called so.
pub const RESOURCE_FOLDERS: [&str; 2] = ["cluster-scoped-resources", "namespaces"];
