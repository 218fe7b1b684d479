//! What was found.

use std::fmt;
use std::path::PathBuf;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The gatherer would not see what it asks for, or not decode it.
    Error,
    /// There are values that the schema allows and the gatherer would not decode.
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

/// Something that was found, and where in the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub level: Level,
    /// The file, as it was named or as its crate leads to it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The field as the API has it, from the resource: `Pod.status.phase`. Empty if it is about no field.
    pub path: String,
    /// What is wrong, and what to do.
    pub text: String,
    /// Which of the files it is.
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

/// All that was found in a crate.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Errors first, then warnings, then notes; each in the order of the sources.
    pub messages: Vec<Message>,
    /// How many resources the crate declares.
    pub resources: usize,
    /// How many fields were found in the schemas: of each resource, those of a struct once.
    pub fields: usize,
    /// The files that were read, and those that were looked for.
    pub files: Vec<PathBuf>,
}

impl Report {
    /// How many messages there are of a level.
    pub fn count(&self, level: Level) -> usize {
        self.messages.iter().filter(|message| message.level == level).count()
    }

    /// Adds what was found in another crate.
    pub fn append(&mut self, other: Report) {
        self.messages.extend(other.messages);
        self.messages.sort_by_key(|message| message.level);
        self.resources += other.resources;
        self.fields += other.fields;
        self.files.extend(other.files);
    }

    /// Puts the messages in order, and leaves out what was said before: a struct may be used in several places.
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
