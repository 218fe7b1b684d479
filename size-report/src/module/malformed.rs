//! The offset and the reason of a parse error.

use std::fmt;

/// The first error in a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The offset in the file.
    pub offset: u64,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {} ({:#x}): {}", self.offset, self.offset, self.reason)
    }
}

impl std::error::Error for Malformed {}

impl From<wasmparser::Error> for Malformed {
    fn from(error: wasmparser::Error) -> Malformed {
        // Some messages of the library span lines; ours are one sentence.
        let words: Vec<&str> = error.message().split_whitespace().collect();
        Malformed { offset: error.offset(), reason: words.join(" ") }
    }
}
