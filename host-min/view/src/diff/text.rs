//! The difference as text: `+` what is new, `-` what is gone, `~` what changed.

use super::compare::{Change, How, Side, Summary, What};
use super::value::Field;
use crate::terminal::{Screen, Style};
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};
use wagather_base::error::Result;

/// The longest value that is shown. JSON has all of it.
const MAX_VALUE_CHARS: usize = 200;

/// How much of what is the same is shown before a difference.
const CONTEXT_CHARS: usize = 30;

/// Shows differences.
pub(super) struct Shown {
    screen: Screen,
}

impl Shown {
    pub(super) fn new(screen: Screen) -> Shown {
        Shown { screen }
    }

    pub(super) fn begin(&mut self, before: &Side, after: &Side) -> Result<()> {
        self.screen.line(Style::Removed, format_args!("--- {}", about(before)))?;
        self.screen.line(Style::Added, format_args!("+++ {}", about(after)))?;
        self.screen.line(Style::Plain, "")
    }

    pub(super) fn change(&mut self, change: &Change<'_>) -> Result<()> {
        let what = name(&change.what);
        match &change.how {
            How::Added => self.screen.line(Style::Added, format_args!("+ {what}")),
            How::Removed => self.screen.line(Style::Removed, format_args!("- {what}")),
            How::Changed(fields) => {
                self.screen.line(Style::Changed, format_args!("~ {what}"))?;
                fields.iter().try_for_each(|field| self.field(field))
            }
        }
    }

    fn field(&mut self, Field { path, before, after }: &Field) -> Result<()> {
        let path = if path.is_empty() { "(all of it)" } else { path };
        match (before, after) {
            (Some(before), Some(after)) => {
                let (before, after) = two(before, after);
                self.screen.line(Style::Plain, format_args!("    {path}: {before} → {after}"))
            }
            (Some(before), None) => {
                self.screen.line(Style::Removed, format_args!("  - {path}: {}", value(before)))
            }
            (None, Some(after)) => {
                self.screen.line(Style::Added, format_args!("  + {path}: {}", value(after)))
            }
            (None, None) => self.screen.line(Style::Plain, format_args!("    {path}")),
        }
    }

    pub(super) fn end(&mut self, summary: &Summary) -> Result<()> {
        let Summary { added, removed, changed, same, not_compared } = summary;
        if summary.is_different() {
            self.screen.line(Style::Plain, "")?;
        }
        self.screen.line(
            Style::Plain,
            format_args!("{added} added, {removed} removed, {changed} changed, {same} the same"),
        )?;
        for (is_before, mark) in [(true, "---"), (false, "+++")] {
            let names: Vec<&str> =
                not_compared.iter().filter(|(_, of)| *of == is_before).map(|(name, _)| &**name).collect();
            if !names.is_empty() {
                let names = names.join(", ");
                self.screen.line(
                    Style::Plain,
                    format_args!("not compared, because only {mark} has them and nobody gathered them for the other: {names}"),
                )?;
            }
        }
        Ok(())
    }
}

fn about(side: &Side) -> String {
    let archive = &side.gathered.archive;
    let path = side.path.display();
    match u64::try_from(archive.gathered_millis()) {
        Ok(millis @ 1..) => {
            let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis));
            format!("{path} ({}, {time})", archive.layout())
        }
        _ => format!("{path} ({})", archive.layout()),
    }
}

fn name(what: &What<'_>) -> String {
    match what {
        What::Object { group, kind, namespace, name, .. } => {
            let group = if group.is_empty() { String::new() } else { format!(".{group}") };
            match *namespace {
                "" => format!("{kind}{group} {name}"),
                namespace => format!("{kind}{group} {namespace}/{name}"),
            }
        }
        What::Finding { gatherer, finding } => {
            format!("{} of {gatherer}: {finding}", finding.severity.name())
        }
        What::File { path } => (*path).to_owned(),
    }
}

/// A value as JSON, or its beginning.
fn value(value: &Value) -> String {
    beginning(&value.to_string())
}

/// Two values. Of long ones, what is the same at the beginning stays out.
fn two(before: &Value, after: &Value) -> (String, String) {
    let [before, after] = [before, after].map(Value::to_string);
    let same = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(CONTEXT_CHARS);
    let is_long = |text: &str| text.char_indices().nth(MAX_VALUE_CHARS).is_some();
    if from == 0 || !(is_long(&before) || is_long(&after)) {
        return (beginning(&before), beginning(&after));
    }
    let rest = |text: &str| format!("…{}", beginning(&text.chars().skip(from).collect::<String>()));
    (rest(&before), rest(&after))
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_show_where_they_differ() {
        let text = |middle: &str| Value::from(format!("{}{middle}{}", "é".repeat(5_000), "z".repeat(500)));
        let (before, after) = two(&text("old"), &text("new"));
        assert!(before.starts_with("…éé") && before.contains("éold") && before.ends_with("z…"), "{before}");
        assert!(after.contains("énew") && after.chars().count() < MAX_VALUE_CHARS + 3, "{after}");
        assert_eq!(two(&"ab".into(), &"ac".into()), ("\"ab\"".into(), "\"ac\"".into()));
        let long = Value::from("x".repeat(300));
        assert_eq!(two(&1.into(), &long), ("1".into(), value(&long)));
    }
}
