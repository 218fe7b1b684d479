//! What can go wrong, in words: what was attempted, on what, why it failed, what to do.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use crate::module::Malformed;

/// Why there is no report. Its display is one sentence for a person.
#[derive(Debug)]
pub enum Error {
    /// A file could not be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not a valid module.
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong, and at which byte.
        source: Malformed,
    },
    /// The symbols cannot be this module's.
    WrongSymbols {
        /// The file with the symbols.
        file: PathBuf,
        /// What does not fit.
        reason: String,
    },
}

impl Error {
    pub(crate) fn unreadable(file: &Path, source: io::Error) -> Error {
        Error::Unreadable { file: file.to_owned(), source }
    }

    pub(crate) fn malformed(file: &Path, source: Malformed) -> Error {
        Error::Malformed { file: file.to_owned(), source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unreadable { file, source } => write!(f, "cannot read {}: {source}", file.display()),
            Error::Malformed { file, source } => {
                write!(f, "{} is not a WebAssembly module that a host would run: {source}", file.display())
            }
            Error::WrongSymbols { file, reason } => write!(
                f,
                "the symbols in {} are not this module's: {reason}; build both again with `make guests`",
                file.display()
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unreadable { source, .. } => Some(source),
            Error::Malformed { source, .. } => Some(source),
            Error::WrongSymbols { .. } => None,
        }
    }
}
