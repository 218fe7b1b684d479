//! Output made from a plan. Each file generates one kind of text; none uses the schemas again.

mod doc;
mod docs;
mod fixture;
mod manifest;
#[cfg(feature = "rbac")]
mod rbac;
pub mod rust;

#[cfg(feature = "cli")]
pub(crate) use doc::sentence;
pub use docs::docs;
pub use fixture::{Fixture, fixtures};
pub use manifest::manifest;
#[cfg(feature = "rbac")]
pub use rbac::rbac;
pub use rust::rust;
