//! What the engines do with WebAssembly as such: the specification's own test suite, and generated modules on which they must
//! agree.
//!
//! Every module goes through the layer that ships (validation, the engine's copy, a process of its own) as a gatherer: it keeps
//! the contract because [`rewrite`] makes it, and what it computes leaves it through an import. Not here: the contract itself and
//! the broker's rules. What is known to be wrong with an engine is in `docs/engines.md`, and listed here so that a test
//! notices when it changes.

mod differential;
mod known;
mod native;
mod on_call;
mod rewrite;
mod sandbox;
mod script;
mod spec;
mod wasi;
