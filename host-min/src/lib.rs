//! Runs gatherers (being written).

pub mod archive;
pub mod error;
pub mod source;
