//! The projection itself.

use crate::Node;
use crate::project::ListReader;

/// Keeps what the mask names of each item.
pub fn project(page: &'static [u8], mask: &Node, out: &mut Vec<u8>) -> usize {
    let mut reader = ListReader::new(Box::new(page));
    let mut kept = 0;
    while reader.next(mask, out).expect("a page").is_some() {
        kept += out.len();
    }
    kept
}
