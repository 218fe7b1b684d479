//! What others must know of an archive's layout than who writes it.

/// The folders of what is piped, which no gatherer's own can be.
pub const RESOURCE_FOLDERS: [&str; 2] = ["cluster-scoped-resources", "namespaces"];
