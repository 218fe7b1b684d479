//! What goes wrong, told to the person who wrote the declaration or has the schemas.

use crate::plain::plain_lines;
use std::fmt;
use std::path::Path;
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
    /// Everything that is wrong, one by one. What schemas say in it cannot steer a terminal.
    pub fn mistakes(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|Line { file, place, message }| {
            let line = match place {
                Some(place) => format!("{file}, {place}: {message}"),
                None => format!("{file}: {message}"),
            };
            plain_lines(&line)
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
