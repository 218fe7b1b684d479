//! The same task for the projection and for JSON libraries: keep the fields that a mask names, in each item of a
//! page. `docs/projection.md` has the results and the commands.
//!
//! This code does not compensate for missing features of a library; it only documents them. Most libraries need the
//! whole page in memory, and one changes numbers.

pub mod jiter;
pub mod ours;
pub mod serde_json;
pub mod simd_json;
pub mod sonic_rs;

pub use wagather_json::project::{self, Node};

/// A way of doing the job: the page, the mask, where an item's kept bytes go; how many bytes were kept in all.
pub type Way = fn(&'static [u8], &Node, &mut Vec<u8>) -> usize;

/// What each one is called, and what does it.
pub const WAYS: [(&str, Way); 6] = [
    ("projection", ours::project),
    ("serde_json, from a slice", serde_json::from_slice),
    ("serde_json, from a reader", serde_json::from_reader),
    ("jiter", jiter::project),
    ("sonic-rs", sonic_rs::project),
    ("simd-json, tape only", simd_json::tape),
];

/// What the binaries that are only there for their size do: a page that is named on the command line, one mask.
pub fn run(way: Way) {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(mask)) = (arguments.next(), arguments.next()) else { std::process::exit(2) };
    let (Ok(page), Ok(mask)) = (std::fs::read(path), Node::parse(&mask)) else { std::process::exit(1) };
    std::process::exit((way(page.leak(), &mask, &mut Vec::new()) % 2) as i32);
}
