//! Lines on stderr: text for people, or JSON with the keys of `host-min run --log-format json` (docs/output.md).

use serde_json::{Map, Value};
use std::io::Write;
use wagather_abi::LogLevel;
use wagather_base::error::Failure;
use wagather_base::time::{clock_millis, rfc3339};
use wagather_printable::{Line, Page, json};

/// The format of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Writes lines to stderr.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log {
    /// Their format.
    pub format: Format,
    /// Whether only warnings and errors are written.
    pub quiet: bool,
}

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something happened as it should.
    Info,
    /// Something needs attention.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// A line before it is written.
#[derive(Debug)]
pub struct Entry {
    level: Level,
    /// The level as a gatherer named it.
    level_name: &'static str,
    event: &'static str,
    gatherer: String,
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Entry {
    /// A line about the service.
    pub fn new(level: Level, event: &'static str, message: impl Into<String>) -> Entry {
        let (gatherer, message) = (String::new(), message.into());
        Entry { level, level_name: level.name(), event, gatherer, message, fields: Vec::new() }
    }

    /// A line about a failure.
    pub fn of(failure: &Failure) -> Entry {
        let entry = Entry::new(Level::Error, "failure", format!("{}: {}", failure.attempt, failure.reason));
        let mut entry = entry.with("class", failure.class.name());
        if !failure.more.is_empty() {
            entry = entry.with("more", failure.more.clone());
        }
        match failure.advice.is_empty() {
            true => entry,
            false => entry.with("advice", failure.advice.as_str()),
        }
    }

    /// A line that a gatherer logged.
    pub fn logged(level: LogLevel, text: &str) -> Entry {
        let known = match level {
            LogLevel::ERROR => Level::Error,
            LogLevel::WARN => Level::Warn,
            _ => Level::Info,
        };
        Entry { level_name: level.name(), ..Entry::new(known, "log", text) }
    }

    /// The same under another name of the event.
    pub fn named(self, event: &'static str) -> Entry {
        Entry { event, ..self }
    }

    /// The gatherer that it is about.
    pub fn gatherer(self, gatherer: &str) -> Entry {
        Entry { gatherer: gatherer.to_owned(), ..self }
    }

    /// A further member of the JSON.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Entry {
        self.fields.push((name, value.into()));
        self
    }

    fn text(&self) -> String {
        let who = if self.gatherer.is_empty() { String::new() } else { format!("{}: ", self.gatherer) };
        let level = match (self.event, self.level) {
            ("log", _) => format!("{}: ", self.level_name),
            (_, Level::Info) => String::new(),
            (_, Level::Warn) => "warning: ".to_owned(),
            (_, Level::Error) => "error: ".to_owned(),
        };
        let mut text = Line(format_args!("{who}{level}{}", self.message)).to_string();
        let more = self.fields.iter().filter(|(name, _)| matches!(*name, "more" | "advice"));
        for line in more.flat_map(|(_, value)| match value {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect::<Vec<_>>(),
        }) {
            text += &format!("\n  {}", Line(line));
        }
        text
    }

    fn json(&self, time: &str) -> String {
        let mut line =
            format!("{{\"time\":\"{time}\",\"level\":\"{}\",\"event\":\"{}\"", self.level_name, self.event);
        let mut members = Map::new();
        if !self.gatherer.is_empty() {
            members.insert("gatherer".into(), self.gatherer.as_str().into());
        }
        members.insert("message".into(), self.message.as_str().into());
        members.extend(self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        for (name, value) in members {
            line += &format!(",\"{name}\":{value}");
        }
        json(&(line + "}")).into_owned()
    }
}

impl Log {
    /// Writes a line. Nobody is told if stderr is closed.
    pub fn write(self, entry: &Entry) {
        if self.quiet && entry.level == Level::Info {
            return;
        }
        let line = match self.format {
            Format::Text => entry.text(),
            Format::Json => entry.json(&rfc3339(clock_millis())),
        };
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// Prints a page of the command line: help to stdout, mistakes to stderr.
pub fn print(page: &Page, is_help: bool) {
    let text = page.as_str().as_bytes();
    let _ = if is_help { std::io::stdout().write_all(text) } else { std::io::stderr().write_all(text) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather_base::error::Class;

    #[test]
    fn foreign_text_stays_in_its_line() {
        let entry = Entry::new(Level::Warn, "refused", "a\nb\u{1b}").gatherer("pods").with("digest", "x\n");
        assert_eq!(entry.text(), "pods: warning: a\\nb\\u{1b}");
        let text = entry.json("T");
        assert!(!text.contains(['\n', '\u{1b}']), "{text}");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&value["message"], &value["digest"]), (&"a\nb\u{1b}".into(), &"x\n".into()));
        assert_eq!((&value["level"], &value["gatherer"]), (&"warn".into(), &"pods".into()));
    }

    #[test]
    fn a_failure_says_what_to_do() {
        let failure = Failure::of_many(Class::Config, "cannot x", ["a".into(), "b".into()]).advise("do y");
        assert_eq!(Entry::of(&failure).text(), "error: cannot x: a\n  b\n  do y");
        assert_eq!(Entry::logged(LogLevel::DEBUG, "hm").gatherer("g").text(), "g: debug: hm");
    }
}
