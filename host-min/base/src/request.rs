//! A guest's request as it crosses from the sandbox to the broker. The sandbox, the broker and the policy all know this type.

use wagather_abi::Verb;

/// A guest's [`wagather_abi::Request`] with its texts. Nothing of it has been checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestRequest {
    /// What to do.
    pub verb: Verb,
    /// The most items that are wanted. 0 for all.
    pub limit: u32,
    /// The API version; empty for a raw path.
    pub version: Vec<u8>,
    /// The plural name, or the raw path.
    pub resource: Vec<u8>,
    /// The API group, or empty.
    pub group: Vec<u8>,
    /// The namespace, or empty.
    pub namespace: Vec<u8>,
    /// The name of an object, or empty.
    pub name: Vec<u8>,
    /// The subresource, or empty.
    pub subresource: Vec<u8>,
    /// The label selector, or empty.
    pub labels: Vec<u8>,
    /// The field selector, or empty.
    pub fields: Vec<u8>,
    /// The field mask, or empty.
    pub mask: Vec<u8>,
    /// The query, or empty.
    pub query: Vec<u8>,
}

impl RestRequest {
    /// A request with its texts in the order of the structure.
    pub fn new(verb: Verb, limit: u32, texts: [Vec<u8>; 10]) -> RestRequest {
        let [version, resource, group, namespace, name, subresource, labels, fields, mask, query] = texts;
        RestRequest {
            verb,
            limit,
            version,
            resource,
            group,
            namespace,
            name,
            subresource,
            labels,
            fields,
            mask,
            query,
        }
    }

    /// The texts in the order of the structure.
    pub const fn texts(&self) -> [&Vec<u8>; 10] {
        let RestRequest {
            verb: _,
            limit: _,
            version,
            resource,
            group,
            namespace,
            name,
            subresource,
            labels,
            fields,
            mask,
            query,
        } = self;
        [version, resource, group, namespace, name, subresource, labels, fields, mask, query]
    }
}

/// The `Accept` header of a request; a guest cannot choose another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// `application/json`
    Json,
    /// `*/*`, for logs and raw paths.
    Any,
    /// Which resources there are: all groups in one document, from a server that has it, and otherwise a list of them.
    Discovery,
}

impl Accept {
    /// The header's value.
    pub const fn header(self) -> &'static str {
        match self {
            Accept::Json => "application/json",
            Accept::Any => "*/*",
            Accept::Discovery => concat!(
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,",
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,",
                "application/json"
            ),
        }
    }
}
