//! What a guest asks for, as it crosses from the sandbox to the broker: the one thing that both sides and what judges it know.

use wagather_abi::Verb;

/// A guest's [`wagather_abi::Request`] with its texts; nothing of it is judged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestRequest {
    /// What to do.
    pub verb: Verb,
    /// How many items at most; 0 for all.
    pub limit: u32,
    /// In the order of the structure: version, resource, group, namespace, name, subresource, labels,
    /// fields, mask, query.
    pub texts: [Vec<u8>; 10],
}

/// The `Accept` header of a request; a guest cannot choose another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// `application/json`
    Json,
    /// `*/*`, for logs and raw paths.
    Any,
}

impl Accept {
    /// The header's value.
    pub const fn header(self) -> &'static str {
        match self {
            Accept::Json => "application/json",
            Accept::Any => "*/*",
        }
    }
}
