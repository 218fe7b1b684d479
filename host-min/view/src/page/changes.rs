//! What differs from an earlier archive, as `diff` says it.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use wagather_base::error::Result;

use super::text::cut;
use crate::diff::compare::{self, How, Side, Summary, What};

/// The most differences that the page shows.
const MAX_CHANGES: usize = 2_000;
/// The most fields of one.
const MAX_FIELDS: usize = 30;
/// The longest value of a field, in characters.
const MAX_VALUE_CHARS: usize = 300;
/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 300;

/// The differences.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changes {
    /// The name of the earlier archive.
    before: String,
    /// When it was gathered, in milliseconds since the Unix epoch.
    gathered: i64,
    added: usize,
    removed: usize,
    changed: usize,
    same: usize,
    /// What only the earlier or only the later archive has, as nobody gathered it for the other.
    only_before: Vec<String>,
    only_after: Vec<String>,
    all: Vec<Change>,
    left_out: usize,
}

#[derive(Serialize)]
struct Change {
    /// `added`, `removed` or `changed`.
    how: &'static str,
    /// The kind of an object, `finding` or `file`.
    kind: String,
    namespace: String,
    name: String,
    fields: Vec<Field>,
    more: usize,
}

/// A field, its earlier value and its later one; none if it is not there.
#[derive(Serialize)]
struct Field(String, Option<String>, Option<String>);

impl Changes {
    /// Compares an archive with an earlier one.
    pub(super) fn between(before: &Path, after: &Path) -> Result<Changes> {
        let (before, after) = (Side::open(before)?, Side::open(after)?);
        let (mut all, mut left_out) = (Vec::new(), 0);
        let summary = compare::compare(&before, &after, false, &mut |change| {
            match all.len() < MAX_CHANGES {
                true => all.push(Change::of(&change)),
                false => left_out += 1,
            }
            Ok(())
        })?;
        let Summary { added, removed, changed, same, not_compared } = summary;
        let only = |of: bool| not_compared.iter().filter(move |(_, is_before)| *is_before == of);
        let names = |of: bool| only(of).take(MAX_FIELDS).map(|(name, _)| cut(name, MAX_NAME_CHARS)).collect();
        let name = before.path.file_name().unwrap_or(before.path.as_os_str()).to_string_lossy();
        Ok(Changes {
            before: cut(&name, MAX_NAME_CHARS),
            gathered: before.gathered.archive.gathered_millis(),
            added,
            removed,
            changed,
            same,
            only_before: names(true),
            only_after: names(false),
            all,
            left_out,
        })
    }
}

impl Change {
    fn of(change: &compare::Change<'_>) -> Change {
        let text = |text: &str| cut(text, MAX_NAME_CHARS);
        let (kind, namespace, name) = match &change.what {
            What::Object { kind, namespace, name, .. } => (text(kind), text(namespace), text(name)),
            What::Finding { gatherer, finding } => {
                let object = finding.object.as_ref().map_or_else(String::new, |object| format!(": {object}"));
                ("finding".to_owned(), text(gatherer), text(&format!("{}{object}", finding.code)))
            }
            What::File { path } => ("file".to_owned(), String::new(), text(path)),
        };
        let (how, fields) = match &change.how {
            How::Added => ("added", &[][..]),
            How::Removed => ("removed", &[][..]),
            How::Changed(fields) => ("changed", fields.as_slice()),
        };
        let value = |value: &Value| match value {
            Value::String(value) => cut(value, MAX_VALUE_CHARS),
            other => cut(&other.to_string(), MAX_VALUE_CHARS),
        };
        let shown = fields.iter().take(MAX_FIELDS).map(|field| {
            Field(text(&field.path), field.before.as_ref().map(value), field.after.as_ref().map(value))
        });
        let more = fields.len().saturating_sub(MAX_FIELDS);
        Change { how, kind, namespace, name, fields: shown.collect(), more }
    }
}
