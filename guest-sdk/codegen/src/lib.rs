//! Generates the types of a gatherer: exactly the fields that it declares, from the schemas that an API server
//! publishes.
//!
//! ```text
//! gather.yaml ──► Declaration ─┐
//!                              ├─► Plan ──► emit: Rust, and what belongs to it
//! OpenAPI, CRDs ──► Schemas ───┘
//! ```
//!
//! A [`Declaration`] says which fields are needed, and [`Schemas`] describe them. The [`Plan`] combines both: named
//! Rust types without open questions. All [output](emit) is generated from the plan, so the Rust types, the mask and
//! the rights always agree. [`verify`] checks handwritten structs against the schemas. The crate runs on the
//! developer's machine, and is not part of a gatherer.
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
