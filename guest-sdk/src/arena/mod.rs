//! Collections without a heap: what a gatherer keeps of the items that it reads.
//!
//! A [`Vec`] and a [`String`] take their memory one behind the other, so there is no allocator in the gatherer, and nothing is dropped: what they
//! took stays for the rest of the run, as an item that is [kept](crate::typed::Item::keep) does. That is what a report needs. What is needed
//! for one item only is [given back](Vec::free), the last one first. Everything that grows says if there is no memory.
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
