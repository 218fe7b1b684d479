//! Gatherers in any language: what their compilers require, and how the host handles it.

#[cfg(feature = "languages")]
mod compiled;
#[cfg(feature = "languages")]
mod conformance;
mod contract;
mod kit;
mod manifest;
#[cfg(feature = "languages")]
mod scaffold;
mod wasi;
