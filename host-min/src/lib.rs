//! Runs gatherers (being written).

pub mod archive;
pub mod error;
pub mod limits;
pub mod project;
pub mod sandbox;
pub mod source;
