//! Collections without a heap, for the data that a gatherer keeps.
//!
//! [`Vec`] and [`String`] allocate memory sequentially and free nothing, so a gatherer needs no allocator. The memory
//! stays allocated until the end of the run, like that of a [kept](crate::typed::Item::keep) item, which is what a
//! report needs. To free what is needed for one item only, [free](Vec::free) it in reverse order of allocation. Every
//! operation that grows a collection returns an error if there is no memory.
//!
//! ```
//! use wagather::arena::{String, Vec};
//! use wagather::{Serialize, json};
//!
//! #[derive(Serialize)]
//! struct Report {
//!     name: String,
//!     squares: Vec<u32>,
//! }
//!
//! fn gather() -> wagather::Result<()> {
//!     let mut report = Report { name: String::new(), squares: Vec::new() };
//!     report.name.push_str("squares")?;
//!     for number in 0..4 {
//!         report.squares.push(number * number)?;
//!     }
//!     json::to_entry("report.json", &report)
//! }
//!
//! let run = wagather::fake::Host::new().run(gather);
//! assert_eq!(run.entry("report.json"), r#"{"name":"squares","squares":[0,1,4,9]}"#);
//! ```

mod raw;
mod string;
mod vec;

pub use string::String;
pub use vec::Vec;

#[cfg(test)]
mod tests;
