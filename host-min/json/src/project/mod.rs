//! Projection keeps only the wanted fields of what the API server sends.
//!
//! The answer is read once, as it streams. Unwanted bytes are never stored, so memory depends on the
//! largest item and not on the list. This is not a JSON library: nothing is decoded, and kept bytes are the server's own, without
//! the white space between tokens.
//!
//! [`mask`] says what is wanted, `scanner` reads the text (with `bytes` for its strings), `kept` copies what stays,
//! [`object`] projects one object, and [`list`] splits a list into its items. `docs/projection.md` has the measurements.

mod kept;
pub mod list;
pub mod mask;
pub mod object;
mod odd;
mod scanner;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

pub use list::ListReader;
pub use mask::Node;
pub use object::{Identity, ObjectReader};
pub use odd::Odd;

/// Why an answer cannot be projected.
#[derive(Debug)]
pub enum ProjectError {
    /// It is not the JSON that the API promises.
    Malformed {
        /// The offset in the body.
        at_byte: u64,
        /// What was wrong there.
        reason: &'static str,
    },
    /// An item is above [`MAX_ITEM_BYTES`](wagather_base::limits::MAX_ITEM_BYTES), or nests too deep.
    TooLarge {
        /// The offset in the body.
        at_byte: u64,
        /// Which limit it was.
        reason: &'static str,
    },
    /// The body broke off or could not be read in time.
    Read(io::Error),
}

impl fmt::Display for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProjectError::Malformed { at_byte, reason } => {
                write!(f, "{reason} at byte {at_byte} of the response")
            }
            ProjectError::TooLarge { at_byte, reason } => {
                write!(f, "{reason} at byte {at_byte} of the response")
            }
            ProjectError::Read(error) => write!(f, "{error}"),
        }
    }
}

/// The result of projecting.
pub type Result<T> = std::result::Result<T, ProjectError>;
