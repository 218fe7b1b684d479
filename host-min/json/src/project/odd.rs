//! Odd objects: they cannot be used, but the objects after them can be read.
//!
//! Malformed JSON ends the answer, because nothing after it has a known place. But the end of an object that is not UTF-8,
//! nests too deep or is too large can be found.

use super::ProjectError;
use wagather_abi::place::Place;

/// Why an object cannot be used, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Odd {
    /// What is wrong.
    pub reason: &'static str,
    /// The byte of the object, as the server sent it. For bytes that are not UTF-8, the byte of the projected object.
    pub at_byte: u64,
    /// How much of the object was kept before. This leads to the field.
    pub(super) kept_bytes: usize,
}

impl Odd {
    /// The oddity that an error reports, if the end of the object can still be found.
    pub(super) const fn of(error: &ProjectError) -> Option<(u64, &'static str)> {
        match error {
            ProjectError::Malformed { at_byte, reason } | ProjectError::TooLarge { at_byte, reason } => {
                Some((*at_byte, reason))
            }
            ProjectError::Read(_) => None,
        }
    }

    /// The field of the kept object in which it is. Empty for the object itself.
    pub fn field(&self, kept: &[u8]) -> String {
        let mut field = String::new();
        let upto = kept.len().min(self.kept_bytes);
        // Writing to a `String` cannot fail.
        let _ = Place::of(&kept[..upto], upto).write_path(&mut field);
        field
    }
}
