//! Makes the types of a gatherer: just the fields that it declares, of the schemas that its API server publishes.
//!
//! ```text
//! gather.yaml ──► Declaration ─┐
//!                              ├─► Plan ──► emit: Rust, and what belongs to it
//! OpenAPI, CRDs ──► Schemas ───┘
//! ```
//!
//! A [`Declaration`] says which fields are wanted, [`Schemas`] what they are, and the [`Plan`] is both together: named Rust
//! types with no question left. Everything that is [emitted](emit) is made from the plan, which is why the Rust types, the mask
//! and the rights cannot differ. Who writes the structs by hand has them checked against the schemas by [`verify`]. It is a program for the developer's machine, and no part of a gatherer.
#![forbid(unsafe_code)]

pub mod build;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod declaration;
pub mod emit;
mod error;
pub mod fetch;
#[cfg(feature = "cli")]
pub mod new;
mod package;
mod plain;
mod plan;
pub mod schema;
pub mod verify;

pub use declaration::Declaration;
pub use error::Error;
pub use package::Package;
pub use plan::{Body, Enumeration, Field, Plan, Planned, Struct, Type};
pub use schema::{Saved, Schemas, Unusable};
