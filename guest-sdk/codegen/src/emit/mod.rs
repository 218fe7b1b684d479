//! What is made of a plan. Each file makes one thing, as text; nobody here asks the schemas again.

mod doc;
pub mod rust;

pub use rust::rust;
