//! Internal to host-min, without any promise of stability: what a gatherer may ask for.
//!
//! A [`manifest`] declares, a [`grant`] allows, and the [`rights`] are what both allow. A guest's request becomes a
//! [`canonical`] one and is judged by the rights. What a cluster has, its [`discovery`] says.
//! Everything here is a pure function of its input: nothing here sends a request, or
//! computes a digest or a signature.
#![forbid(unsafe_code)]

pub mod canonical;
pub mod discovery;
pub mod grant;
pub mod manifest;
pub mod quantity;
mod query;
pub mod rbac;
pub mod rights;
pub mod used;
pub mod uses;
