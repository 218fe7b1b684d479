//! The SDK for gatherers: small WebAssembly modules that read a few resources from a Kubernetes API server and write
//! a report into an archive.
//!
//! A gatherer is a function. It requests resources from the host. Only the host has credentials and a network. It
//! answers what the gatherer declares and the cluster's owner grants. This crate is the guest's side: a client with
//! the shape of kube-rs, derives that declare and decode exactly the fields of a struct, archive entries, and a [fake
//! host](fake) for tests with plain `cargo test`. It has no async runtime: the host works on a request while the
//! gatherer continues, so to overlap requests, start several before you read the first answer.
//!
//! ```
//! use wagather::{Api, ListParams, Resource, fake};
//! # /*
//! #![no_std]
//! # */
//!
//! #[derive(Resource)]
//! #[resource(version = "v1", plural = "namespaces", cluster)]
//! struct Namespace<'a> {
//!     metadata: Metadata<'a>,
//! }
//!
//! #[derive(wagather::Fields)]
//! struct Metadata<'a> {
//!     name: &'a str,
//! }
//!
//! fn gather() -> wagather::Result<()> {
//!     let list = Api::<Namespace>::all().list(&ListParams::default().labels("team=blue"))?;
//!     for namespace in list.items() {
//!         wagather::log::info(namespace?.get().metadata.name);
//!     }
//!     Ok(())
//! }
//!
//! # /*
//! wagather::gatherer!(gather);
//! # */
//!
//! let run = fake::Host::new()
//!     .list("/api/v1/namespaces", r#"[{"metadata": {"name": "shop", "labels": {"team": "blue"}}}]"#)
//!     .run(gather);
//! assert_eq!(run.result, Ok(()));
//! assert_eq!(run.logs[0].text, "shop");
//! ```
//!
//! `docs/guests.md` explains time, parameters, the heap, logs and output. `docs/codegen.md` is a tutorial for a first
//! gatherer.
//!
//! # Sizes
//!
//! What a gatherer does not call is not linked, and there are no cargo features to choose. A gatherer that only
//! [pipes](List::pipe) is a few hundred bytes. Structs with a lifetime are [decoded by the host](typed), and such a
//! gatherer is about 1 KB and more. Neither needs a heap. Structs without a lifetime are decoded in the gatherer: this
//! needs [`heap!`] and costs 6 to 8 KB in total. The crate does not use `core::fmt`, except for the `Debug` and
//! `Display` of [`Error`], which are only linked if they are used.

#![no_std]
// Lints skip code from macros of other crates; in its own tests, the crate's macros are its own.
#![cfg_attr(test, allow(unsafe_code))]

extern crate alloc;
#[cfg(not(target_arch = "wasm32"))]
extern crate std;
// The derives write `::wagather`, and this crate's own tests use the derives.
extern crate self as wagather;

pub mod archive;
pub mod arena;
mod decimal;
mod error;
#[cfg(not(target_arch = "wasm32"))]
pub mod fake;
pub mod findings;
mod heap;
pub mod json;
pub mod log;
mod manifest;
mod param;
pub mod quantity;
pub mod rest;
mod sys;
pub mod time;
pub mod typed;

pub use embedded_io as io;
pub use error::{Error, Result};
pub use heapless;
pub use json::Serialize;
pub use param::{DefaultedParam, Param};
pub use quantity::Quantity;
pub use rest::{Api, ApiResource, Body, DynamicApi, List, ListParams, LogParams, Resource};
pub use wagather_abi as abi;
pub use wagather_derive::{Fields, Resource, Serialize};

/// Pages whose Rust blocks are compiled with this crate.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/guests.md")]
    struct Guests;
    #[doc = include_str!("../../README.md")]
    struct Readme;
}

/// Internal items for the macros. They are not stable.
#[doc(hidden)]
pub mod __private {
    pub use crate::error::exit_code;
    #[cfg(target_arch = "wasm32")]
    pub use crate::heap::__private::*;
    pub use crate::json::{Decode, Part, Serialize, Shape};
    pub use crate::manifest::{concat, joined_len, mask_len, mask_text, text};
    pub use crate::rest::{CanGet, CanList, CanLog, DynamicResources, RawPath, Resource};
    pub use crate::typed::{
        Borrowed, Bytes, Object, Optional, Part as BorrowedPart, Shaped, Written, line_of,
    };
    pub use wagather_abi::manifest::SECTION;
}
