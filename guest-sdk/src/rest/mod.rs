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
mod dynamic;
mod list;
mod resource;

pub use crate::typed::{ApiResource, DynamicMeta, DynamicObject};
pub use api::{Api, ListParams, LogParams};
pub use body::{Body, raw};
pub use dynamic::{DynamicApi, DynamicResources, discover, list_any};
pub use list::{Items, List, StrictItems};
pub use resource::{CanGet, CanList, CanLog, RawPath, Resource};

use crate::abi::Verb;
use crate::error::check;
use crate::{Result, sys};
use alloc::vec::Vec;
use core::num::NonZeroI32;

/// A request in flight. Dropping it closes its handle, which is above 0, so an `Option` of it is one word.
pub(crate) struct InFlight(NonZeroI32);

impl InFlight {
    /// The request with the handle that `rest_start` returned. Functions that start a request return the bare number,
    /// because each of them would return a `Result<InFlight>` through memory.
    #[inline(always)]
    fn of(started: i32) -> Result<Self> {
        check(started).map(|handle| InFlight(sys::above_zero(handle)))
    }

    #[inline(always)]
    pub(crate) const fn handle(&self) -> i32 {
        self.0.get()
    }

    #[inline(always)]
    fn pipe(&self, name: &str) -> Result<u32> {
        check(sys::archive_pipe(self.handle(), name.as_bytes()))
    }

    /// Reads the next item into `item`, growing it as needed; `item` is empty after the last.
    fn next(&self, item: &mut Vec<u8>) -> Result<()> {
        loop {
            let len = check(sys::rest_next_vec(self.handle(), item))? as usize;
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
        sys::rest_close(self.handle());
    }
}

/// The parts of a resource that go into each request, without its type. So a gatherer contains one function that
/// makes requests, not one for each resource.
struct Identity {
    prepared: sys::Prepared<'static>,
    #[cfg(not(target_arch = "wasm32"))]
    namespace: Option<&'static str>,
}

impl Identity {
    const fn of<K: Resource>(verb: Verb) -> Self {
        Identity::like::<K>(&sys::Request {
            // Only the fake host needs the mask here: a host reads it from the manifest.
            mask: if cfg!(target_arch = "wasm32") { "" } else { K::MASK },
            ..sys::Request::new(verb)
        })
    }

    /// For the logs of its objects.
    const fn of_log<K: Resource>() -> Self {
        Identity::like::<K>(&sys::Request { subresource: "log", ..sys::Request::new(Verb::GET) })
    }

    /// For a resource that is named at run time.
    const fn unnamed(verb: Verb) -> Self {
        Identity {
            prepared: sys::prepare(&sys::Request::new(verb)),
            #[cfg(not(target_arch = "wasm32"))]
            namespace: None,
        }
    }

    const fn like<K: Resource>(request: &sys::Request<'static>) -> Self {
        Identity {
            prepared: sys::prepare(&sys::Request {
                version: K::VERSION,
                resource: K::PLURAL,
                group: K::GROUP,
                ..*request
            }),
            #[cfg(not(target_arch = "wasm32"))]
            namespace: K::NAMESPACE,
        }
    }

    /// Starts the request, for a namespace and with what `change` changes. In native tests, it also refuses what a host would refuse because
    /// of the manifest.
    #[inline(always)]
    fn start<'a>(&self, namespace: &'a str, change: impl FnOnce(&mut sys::Prepared<'a>)) -> i32 {
        #[cfg(not(target_arch = "wasm32"))]
        if self.namespace.is_some_and(|only| only != namespace) {
            return crate::abi::Status::DENIED.0;
        }
        sys::rest_start_changed(&self.prepared, |request| {
            request.namespace = sys::pass(namespace);
            change(request);
        })
    }
}

#[cfg(test)]
mod tests;
