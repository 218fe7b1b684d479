//! Reports as text and as JSON. Nothing here computes.

pub mod json;
pub mod text;
