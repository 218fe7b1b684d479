//! Code that the fuzz targets share: reading an input, and simple, slow reference implementations of the host's
//! functions.
//!
//! Elsewhere: the targets (`fuzz_targets/`, one file and one property each), and the script that runs them
//! (`.ci/fuzz`).

pub mod guest;
pub mod input;
pub mod json;
pub mod mask;
pub mod process;
pub mod shape;
pub mod tar;
