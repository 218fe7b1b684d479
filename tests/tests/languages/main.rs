//! Gatherers in any language: what their compilers leave to do, and what the host does of it.

mod contract;
mod manifest;
