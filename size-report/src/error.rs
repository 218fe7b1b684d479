//! The errors. Each message says what was attempted, on what, why it failed, and what to do.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use wagather_printable::Line;

use crate::{by::By, module::Malformed};

/// The reason why there is no report. Its `Display` is one sentence.
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
        /// The reason, with its offset.
        source: Malformed,
    },
    /// The symbols do not belong to this module.
    WrongSymbols {
        /// The file with the symbols.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A view does not add up to the file's size: a bug in this program.
    DoesNotAddUp {
        /// The file.
        file: PathBuf,
        /// The view.
        by: By,
        /// The sum of the view.
        bytes: u64,
    },
    /// A budget or a baseline is invalid.
    BadBudget {
        /// The file.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
    /// No function matches the name.
    NoSuchFunction {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
    },
    /// A baseline or a picture could not be written.
    Unwritable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
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

/// Foreign text in the message is escaped, so it stays within its line.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line(Sentence(self)).fmt(f)
    }
}

/// The unescaped message.
struct Sentence<'a>(&'a Error);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::Unreadable { file, source } => write!(f, "cannot read {}: {source}", file.display()),
            Error::Malformed { file, source } => {
                write!(f, "{} is not a WebAssembly module: {source}", file.display())
            }
            Error::WrongSymbols { file, reason } => write!(
                f,
                "the symbols in {} do not belong to this module: {reason}; rebuild both with `make guests`",
                file.display()
            ),
            Error::DoesNotAddUp { file, by, bytes } => write!(
                f,
                "the view {by:?} of {} adds up to {bytes} bytes, not to the size of the file (a bug in \
                 size-report: please report it with the file)",
                file.display()
            ),
            Error::BadBudget { file, reason } => write!(f, "cannot use {}: {reason}", file.display()),
            Error::NoSuchFunction { file, name } => write!(
                f,
                "no function of {} has {name:?} in its name; `size-report --by function` lists them (a stripped \
                 module needs --symbols or --unstripped)",
                file.display()
            ),
            Error::Unwritable { file, source } => write!(f, "cannot write {}: {source}", file.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unreadable { source, .. } => Some(source),
            Error::Malformed { source, .. } => Some(source),
            Error::Unwritable { source, .. } => Some(source),
            Error::WrongSymbols { .. }
            | Error::DoesNotAddUp { .. }
            | Error::BadBudget { .. }
            | Error::NoSuchFunction { .. } => None,
        }
    }
}
