//! Shapes: how a structure lies in a guest's memory, and which JSON it is.
//!
//! With a shape the host does what a guest would need a parser, a writer and an allocator for: [`decode`] fills a structure and what it points
//! to from JSON, and [`write`](write()) makes JSON of a structure. The contract of `wagather-abi` says what guests may rely on; this is the one
//! implementation, for the sandbox and for the fake host of native tests. It knows nothing of requests, engines or WebAssembly: bytes in,
//! bytes out.
//!
//! Shapes, items and memories are hostile. A [`Shape`] exists only if every place that it names lies within its structure, if it ends
//! and if it nests within bounds. Addresses are claims that a [`Memory`] judges. What is built has a bound that the caller chooses.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod decode;
mod parse;
mod scan;
mod write;

pub use decode::{Failed, Scratch, decode, pointers};
pub use parse::{BadShape, Shape, Width};
pub use write::{Memory, append, line, write};

#[cfg(test)]
mod tests;
