//! The API server's resources, through a client with the shape of kube-rs.
//!
//! The differences from kube-rs come from the sandbox. There is no client to build, because the host has it. There is
//! nothing to await, because a request is in flight as soon as [`Api::list`] returns. There are only verbs that read.
//! A verb that the resource does not declare does not compile, because the host would refuse it:
//!
//! ```compile_fail,E0277
//! # use wagather::{Api, Resource};
//! #[derive(Default, Resource)]
//! #[resource(version = "v1", plural = "nodes", cluster, verbs(list))]
//! struct Node {
//!     kind: String,
//! }
//! Api::<Node>::all().get("worker-1"); // `Node` does not declare the verb `get`
//! ```
//!
//! So it is with a namespace where there is none, and with a namespace that is not the one declared:
//!
//! ```compile_fail
//! # use wagather::{Api, ListParams, Resource};
//! #[derive(Resource)]
//! #[resource(version = "v1", plural = "nodes", cluster)]
//! struct Node;
//! Api::<Node>::namespaced("shop");
//! ```
//!
//! ```compile_fail
//! # use wagather::{Api, ListParams, Resource};
//! #[derive(Resource)]
//! #[resource(version = "v1", plural = "pods", namespace = "shop")]
//! struct Pod;
//! Api::<Pod>::all();
//! ```

mod api;
mod body;
mod list;
mod resource;

pub use api::{Api, ListParams, LogParams};
pub use body::{Body, raw};
pub use list::{Items, List, StrictItems};
pub use resource::{CanGet, CanList, CanLog, RawPath, Resource};

use crate::abi::Verb;
use crate::error::check;
use crate::{Result, sys};
use alloc::vec::Vec;

/// A request in flight. Dropping it closes its handle.
pub(crate) struct InFlight(pub(crate) i32);

impl InFlight {
    /// The request with the handle that `rest_start` returned. Functions that start a request return the bare number,
    /// because each of them would return a `Result<InFlight>` through memory.
    #[inline(always)]
    fn of(started: i32) -> Result<Self> {
        check(started).map(|handle| InFlight(handle as i32))
    }

    #[inline(always)]
    fn pipe(&self, name: &str) -> Result<u32> {
        check(sys::archive_pipe(self.0, name))
    }

    /// Reads the next item into `item`, growing it as needed; `item` is empty after the last.
    fn next(&self, item: &mut Vec<u8>) -> Result<()> {
        loop {
            let len = check(sys::rest_next_vec(self.0, item))? as usize;
            if len <= item.capacity() {
                return Ok(());
            }
            item.reserve(len);
        }
    }
}

impl Drop for InFlight {
    #[inline(always)]
    fn drop(&mut self) {
        sys::rest_close(self.0);
    }
}

/// The parts of a resource that go into each request, without its type. So a gatherer contains one function that
/// makes requests, not one for each resource.
struct Identity {
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    /// Only for the fake host; a real host uses the manifest's mask.
    #[cfg(not(target_arch = "wasm32"))]
    mask: &'static str,
    #[cfg(not(target_arch = "wasm32"))]
    namespace: Option<&'static str>,
}

impl Identity {
    const fn of<K: Resource>() -> Self {
        Identity {
            group: K::GROUP,
            version: K::VERSION,
            plural: K::PLURAL,
            #[cfg(not(target_arch = "wasm32"))]
            mask: K::MASK,
            #[cfg(not(target_arch = "wasm32"))]
            namespace: K::NAMESPACE,
        }
    }

    #[inline(always)]
    const fn request<'a>(&self, verb: Verb, namespace: &'a str) -> sys::Request<'a> {
        sys::Request {
            version: self.version,
            resource: self.plural,
            group: self.group,
            namespace,
            #[cfg(not(target_arch = "wasm32"))]
            mask: self.mask,
            ..sys::Request::new(verb)
        }
    }

    /// Starts a request. Natively, it also refuses what a host would refuse because of the manifest.
    #[inline(always)]
    fn start(&self, request: &sys::Request<'_>) -> i32 {
        #[cfg(not(target_arch = "wasm32"))]
        if self.namespace.is_some_and(|only| only != request.namespace) {
            return crate::abi::Status::DENIED.0;
        }
        sys::rest_start(request)
    }
}

#[cfg(test)]
mod tests;
