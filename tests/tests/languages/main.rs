//! Gatherers in any language: what their compilers leave to do, and what the host does of it.

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
