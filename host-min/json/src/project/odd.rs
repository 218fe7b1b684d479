//! What is odd about one object, so that it cannot be used, though what comes after it can be read.
//!
//! Where the JSON itself makes no sense nothing that follows has a place, and the answer ends there. But an object that is not UTF-8,
//! nests too deep or is too large has an end that can be found.

use super::ProjectError;
use wagather_abi::place::Place;

/// Why an object cannot be used, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Odd {
    /// What is wrong.
    pub reason: &'static str,
    /// How many bytes after the object's first one, as the server sent it; of what is not UTF-8, as it was narrowed.
    pub at_byte: u64,
    /// How much of the object was kept by then: where in it that is can be told from there.
    pub(super) kept_bytes: usize,
}

impl Odd {
    /// What an error says, if the end of the object can be found all the same.
    pub(super) const fn of(error: &ProjectError) -> Option<(u64, &'static str)> {
        match error {
            ProjectError::Malformed { at_byte, reason } | ProjectError::TooLarge { at_byte, reason } => {
                Some((*at_byte, reason))
            }
            ProjectError::Read(_) => None,
        }
    }

    /// The field that it is in, of what was kept of the object; empty if it is the object itself.
    pub fn field(&self, kept: &[u8]) -> String {
        let mut field = String::new();
        let upto = kept.len().min(self.kept_bytes);
        // A `String` takes all that is written.
        let _ = Place::of(&kept[..upto], upto).write_path(&mut field);
        field
    }
}
