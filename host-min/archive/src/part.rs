//! A section that is closed, with what is needed to join it with others.

use std::io::{self, ErrorKind, Read, Write};

use super::paths::{Extent, Paths};
use super::section::Closed;

/// A closed section, and the paths of its files.
pub(super) struct Part {
    pub(super) closed: Closed,
    pub(super) paths: Paths,
    pub(super) lost: Vec<Extent>,
}

/// Copies so many bytes.
pub(super) fn copy_exactly(from: &mut dyn Read, len: u64, to: &mut dyn Write) -> io::Result<()> {
    match io::copy(&mut from.take(len), to)? {
        copied if copied == len => Ok(()),
        _ => Err(io::Error::new(ErrorKind::UnexpectedEof, "a gatherer's part ends in the middle of a file")),
    }
}
