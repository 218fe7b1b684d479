//! Where and why some bytes are not a module.

use std::fmt;

/// The first thing that is wrong with a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where in the file, in bytes from its start.
    pub offset: u64,
    /// What is wrong there.
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
        // Some of its messages span lines; ours are one sentence.
        let words: Vec<&str> = error.message().split_whitespace().collect();
        Malformed { offset: error.offset(), reason: words.join(" ") }
    }
}
