//! The imports, as safe functions with the same signatures on every target.
//!
//! Two files have the same functions: `wasm` calls the host, and `fake` calls the [fake host](crate::fake) of the
//! current thread. They return the host's numbers unchanged; the modules above interpret them. Only this module knows
//! on which side of the boundary it runs.

#[cfg(any(target_arch = "wasm32", test))]
mod memory;
#[cfg(target_arch = "wasm32")]
mod wasm;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::*;

#[cfg(not(target_arch = "wasm32"))]
mod fake;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use fake::*;

use crate::abi::Verb;

/// A request in safe types; [`abi::Request`](crate::abi::Request) documents the fields.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub verb: Verb,
    pub limit: u32,
    pub version: &'a str,
    pub resource: &'a str,
    pub group: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    pub subresource: &'a str,
    pub labels: &'a str,
    pub fields: &'a str,
    pub mask: &'a str,
    pub query: &'a str,
}

impl Request<'_> {
    /// A request with empty fields.
    #[inline(always)]
    pub(crate) const fn new(verb: Verb) -> Self {
        Request {
            verb,
            limit: 0,
            version: "",
            resource: "",
            group: "",
            namespace: "",
            name: "",
            subresource: "",
            labels: "",
            fields: "",
            mask: "",
            query: "",
        }
    }
}
