//! Write gatherers: small WebAssembly modules that read a few things from a Kubernetes API server and put
//! a report into an archive.
//!
//! A gatherer is a function. It asks the host for resources in Kubernetes' words, and the host, which alone has
//! credentials and a network, answers within what the gatherer declares and the cluster's owner
//! grants. This crate is the guest's side: a client shaped like kube-rs, a derive that declares and decodes
//! just the fields of a struct, entries of the archive, and a [fake host](fake) to test against with plain
//! `cargo test`. It is not a runtime, and it is not async: requests are answered by the host while the
//! gatherer does something else, so starting several before reading the first is all there is to overlap.
//!
//! ```
//! use wagather::{Api, ListParams, Resource, fake};
//! # /*
//! #![no_std]
//! # */
//!
//! #[derive(Default, Resource)]
//! #[resource(version = "v1", plural = "namespaces", cluster)]
//! struct Namespace {
//!     metadata: Metadata,
//! }
//!
//! #[derive(Default, wagather::Fields)]
//! struct Metadata {
//!     name: String,
//! }
//!
//! fn gather() -> wagather::Result<()> {
//!     for namespace in Api::<Namespace>::all().list(&ListParams::default().labels("team=blue"))? {
//!         wagather::log::info(&namespace?.metadata.name);
//!     }
//!     Ok(())
//! }
//!
//! # /*
//! wagather::gatherer!(gather);
//! wagather::heap!();
//! # */
//!
//! let run = fake::Host::new()
//!     .list("/api/v1/namespaces", r#"[{"metadata": {"name": "shop", "labels": {"team": "blue"}}}]"#)
//!     .run(gather);
//! assert_eq!(run.result, Ok(()));
//! assert_eq!(run.logs[0].text, "shop");
//! ```
//!
//! Time, parameters, the heap, logs and what is written are explained in `docs/guests.md`, a first gatherer of your own in
//! `docs/codegen.md`.
//!
//! # What things cost
//!
//! What is not called is not linked, and there are no cargo features to turn. A gatherer that only
//! [pipes](List::pipe) needs no heap and is a few hundred bytes. Decoding needs one, by
//! [`heap!`], and costs 6 to 8 KB with all that belongs to it. Nothing here uses `core::fmt`, but the `Debug` and `Display` of
//! [`Error`], which are only linked where they are printed.

#![no_std]
// Lints leave out what another crate's macro wrote; in its own tests the crate's macros are not another's.
#![cfg_attr(test, allow(unsafe_code))]

extern crate alloc;
#[cfg(not(target_arch = "wasm32"))]
extern crate std;
// The derives write `::wagather`, and this crate's own tests use them.
extern crate self as wagather;

pub mod archive;
pub mod arena;
mod decimal;
mod error;
#[cfg(not(target_arch = "wasm32"))]
pub mod fake;
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
pub use rest::{Api, Body, List, ListParams, LogParams, Resource};
pub use wagather_abi as abi;
pub use wagather_derive::{Fields, Resource, Serialize};

/// The pages whose blocks of Rust are compiled with this crate.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/guests.md")]
    struct Guests;
    #[doc = include_str!("../../README.md")]
    struct Readme;
}

/// What the macros expand to. Not for use by hand, and not stable.
#[doc(hidden)]
pub mod __private {
    pub use crate::error::exit_code;
    #[cfg(target_arch = "wasm32")]
    pub use crate::heap::__private::*;
    pub use crate::json::{Decode, Part, Serialize, Shape};
    pub use crate::manifest::{concat, joined_len, mask_len, mask_text, text};
    pub use crate::rest::{CanGet, CanList, CanLog, RawPath, Resource};
    pub use crate::typed::{Borrowed, Bytes, Object, Part as BorrowedPart, Shaped, Written, line_of};
    pub use wagather_abi::manifest::SECTION;
}
