//! What can go wrong, in words: what was attempted, on what, why it failed, what to do.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use wagather_printable::Line;

use crate::{by::By, module::Malformed};

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
    /// A view has other bytes than the file: a mistake of this program.
    DoesNotAddUp {
        /// The file.
        file: PathBuf,
        /// The view.
        by: By,
        /// What it adds up to.
        bytes: u64,
    },
    /// A budget or a baseline says something else than it may.
    BadBudget {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No function has the name that was asked for.
    NoSuchFunction {
        /// The file.
        file: PathBuf,
        /// What was asked for.
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

/// What modules and files say in it stays within its line.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line(Sentence(self)).fmt(f)
    }
}

/// An error in words, as they come.
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
