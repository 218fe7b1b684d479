//! The engines' handling of WebAssembly itself: the specification's test suite, and generated modules for which the
//! engines must agree.
//!
//! Every module passes through the layer that ships (validation, the engine's copy, a separate process) as a
//! gatherer: [`rewrite`] makes it meet the contract, and its results leave it through an import. Elsewhere: the
//! contract itself and the broker's rules. `docs/engines.md` has the known faults of the engines; they are listed
//! here too, so a test notices changes.

mod differential;
mod known;
mod native;
mod on_call;
mod rewrite;
mod sandbox;
mod script;
mod spec;
mod wasi;
