//! Shapes: the layout of a structure in a guest's memory, and its JSON.
//!
//! With a shape, the host replaces a guest's parser, writer and allocator: [`decode`] fills a structure and what it
//! points to from JSON, and [`write`](write()) writes a structure as JSON. The contract in `wagather-abi` defines
//! what guests may rely on. This is the only implementation, for the sandbox and for the fake host of native tests.
//! It knows nothing about requests, engines or WebAssembly: bytes in, bytes out.
//!
//! Shapes, items and memories are untrusted. A [`Shape`] exists only if it is complete, all its offsets lie within
//! their structures, and its nesting is within the limit. A [`Memory`] checks every address. The caller sets a limit
//! for the output.

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
