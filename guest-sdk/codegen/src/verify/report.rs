//! The findings.

use std::fmt;
use std::path::PathBuf;

/// The severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The gatherer would not get the field, or would fail to decode it.
    Error,
    /// The schema allows values that the gatherer cannot decode.
    Warning,
    /// Something could not be checked.
    Note,
}

impl Level {
    /// `error`, `warning`, or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }
}

/// A finding and its place in the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The severity.
    pub level: Level,
    /// The file, as named by the user or by its crate.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The path of the field in the API, from the resource: `Pod.status.phase`. Empty if the finding is not about a
    /// field.
    pub path: String,
    /// The reason, and advice.
    pub text: String,
    /// The index of the file.
    pub(super) order: usize,
}

/// `src/lib.rs:24:5: Pod.status.phaze: PodStatus has no field 'phaze'; did you mean 'phase'?`
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message { file, line, column, path, text, .. } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(text)
    }
}

/// All findings about a crate.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Errors first, then warnings, then notes; each in the order of the sources.
    pub messages: Vec<Message>,
    /// The number of declared resources.
    pub resources: usize,
    /// The number of fields found in the schemas; within a resource, each struct counts once.
    pub fields: usize,
    /// The files that were read, and those that are missing.
    pub files: Vec<PathBuf>,
}

impl Report {
    /// The number of messages with this level.
    pub fn count(&self, level: Level) -> usize {
        self.messages.iter().filter(|message| message.level == level).count()
    }

    /// Adds the findings about another crate.
    pub fn append(&mut self, other: Report) {
        self.messages.extend(other.messages);
        self.messages.sort_by_key(|message| message.level);
        self.resources += other.resources;
        self.fields += other.fields;
        self.files.extend(other.files);
    }

    /// Sorts the messages and removes duplicates, because a struct may be used in several places.
    pub(super) fn of(
        mut messages: Vec<Message>,
        resources: usize,
        fields: usize,
        files: Vec<PathBuf>,
    ) -> Report {
        messages.sort_by_key(|message| (message.level, message.order, message.line, message.column));
        let mut kept: Vec<Message> = Vec::new();
        for message in messages {
            let is_said = kept.iter().rev().take_while(|known| known.is_where(&message));
            if !is_said.into_iter().any(|known| known.text == message.text) {
                kept.push(message);
            }
        }
        Report { messages: kept, resources, fields, files }
    }
}

impl Message {
    fn is_where(&self, other: &Message) -> bool {
        (self.level, self.order, self.line, self.column)
            == (other.level, other.order, other.line, other.column)
    }
}
