//! What goes wrong, told to the person who wrote the declaration or has the schemas.

use std::fmt;
use std::path::Path;
use wagather_printable::Line as Printable;
use wagather_yaml::Place;

/// Why nothing was made. Nothing is half made.
#[derive(Debug, PartialEq, Eq)]
pub struct Error(Vec<Line>);

/// One thing that is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    file: String,
    place: Option<Place>,
    message: String,
}

impl Error {
    /// A file cannot be used.
    pub fn of_file(file: &Path, reason: impl Into<String>) -> Error {
        Error(vec![Line { file: file.display().to_string(), place: None, message: reason.into() }])
    }

    /// Why the host's code failed: a line for each reason and for the advice.
    #[cfg(all(feature = "cluster", feature = "cli"))]
    pub(crate) fn of_failure(what: &str, failure: &wagather_base::error::Failure) -> Error {
        let first = format!("{}: {}", failure.attempt, failure.reason);
        let rest = failure.more.iter().chain([&failure.advice]).filter(|line| !line.is_empty());
        Error::of_file_for(what.as_ref(), std::iter::once(first).chain(rest.cloned()).collect())
    }

    /// A file cannot be used, because of what is at that place.
    pub(crate) fn of_place(file: &Path, place: Option<Place>, reason: String) -> Error {
        Error(vec![Line { file: file.display().to_string(), place, message: reason }])
    }

    /// A file cannot be used, for each of these reasons.
    pub(crate) fn of_file_for(file: &Path, reasons: Vec<String>) -> Error {
        let line = |message| Line { file: file.display().to_string(), place: None, message };
        Error(reasons.into_iter().map(line).collect())
    }

    /// Something that is of no file.
    #[cfg(feature = "cli")]
    pub(crate) fn plain(message: impl Into<String>) -> Error {
        Error(vec![Line { file: String::new(), place: None, message: message.into() }])
    }

    /// A file cannot be read.
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
    /// Everything that is wrong, a line each. What schemas say in it stays within its line.
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
