//! Errors for the person who writes the declaration or has the schemas.

use std::fmt;
use std::path::Path;
use wagather_printable::Line as Printable;
use wagather_yaml::Place;

/// The reason why nothing was generated. There is no partial output.
#[derive(Debug, PartialEq, Eq)]
pub struct Error(Vec<Line>);

/// A mistake and its place.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    file: String,
    place: Option<Place>,
    message: String,
}

impl Error {
    /// A file that cannot be used.
    pub fn of_file(file: &Path, reason: impl Into<String>) -> Error {
        Error(vec![Line { file: file.display().to_string(), place: None, message: reason.into() }])
    }

    /// An error of the host's code: a line for each reason and for the advice.
    #[cfg(all(feature = "cluster", feature = "cli"))]
    pub(crate) fn of_failure(what: &str, failure: &wagather_base::error::Failure) -> Error {
        let first = format!("{}: {}", failure.attempt, failure.reason);
        let rest = failure.more.iter().chain([&failure.advice]).filter(|line| !line.is_empty());
        Error::of_file_for(what.as_ref(), std::iter::once(first).chain(rest.cloned()).collect())
    }

    /// A file that cannot be used, because of a mistake at this place.
    pub(crate) fn of_place(file: &Path, place: Option<Place>, reason: String) -> Error {
        Error(vec![Line { file: file.display().to_string(), place, message: reason }])
    }

    /// A file that cannot be used, for several reasons.
    pub(crate) fn of_file_for(file: &Path, reasons: Vec<String>) -> Error {
        let line = |message| Line { file: file.display().to_string(), place: None, message };
        Error(reasons.into_iter().map(line).collect())
    }

    /// An error without a file.
    #[cfg(feature = "cli")]
    pub(crate) fn plain(message: impl Into<String>) -> Error {
        Error(vec![Line { file: String::new(), place: None, message: message.into() }])
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(file: &Path, error: &std::io::Error) -> Error {
        Error::of_file(file, format!("cannot be read: {error}"))
    }

    /// Mistakes in a file, each with its place.
    pub(crate) fn in_file(file: &str, mistakes: Vec<wagather_yaml::Error>) -> Error {
        let line = |mistake: wagather_yaml::Error| Line {
            file: file.to_owned(),
            place: Some(mistake.place),
            message: mistake.message,
        };
        Error(mistakes.into_iter().map(line).collect())
    }
}

impl Error {
    /// All mistakes, one line each. Foreign text in them is escaped, so it stays within its line.
    pub fn mistakes(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|Line { file, place, message }| {
            let line = match place {
                Some(place) => format!("{file}:{place}: {message}"),
                None if file.is_empty() => message.clone(),
                None => format!("{file}: {message}"),
            };
            Printable(line).to_string()
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes().enumerate() {
            f.write_str(if index > 0 { "\n" } else { "" })?;
            f.write_str(&mistake)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
