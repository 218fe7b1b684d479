//! What the fuzz targets share: reading an input, and the plain, slow ways of doing what the host does, to compare with.
//!
//! Not here: the targets (`fuzz_targets/`, one file and one property after the other), and how they are run (`.ci/fuzz`).

pub mod guest;
pub mod input;
pub mod json;
pub mod mask;
pub mod process;
pub mod shape;
