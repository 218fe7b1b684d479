//! Placeholder.
#![no_std]
#![forbid(unsafe_code)]
wagather::gatherer!(gather);
fn gather() -> wagather::Result<()> { Ok(()) }
