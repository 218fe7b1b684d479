//! What the parts of a module tell. Nothing here reads bytes or prints.

pub mod at_rest;
pub mod names;
pub mod table;
