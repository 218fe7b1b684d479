//! The difference as JSON. `docs/diff.md` describes it.

use super::compare::{Change, How, Side, Summary, What};
use super::value::Field;
use crate::terminal;
use serde_json::{Value, json};
use wagather_base::error::Result;

/// Writes differences, one a line, within one JSON object.
pub(super) struct Written {
    is_first: bool,
}

impl Written {
    pub(super) fn new() -> Written {
        Written { is_first: true }
    }

    pub(super) fn begin(&mut self, before: &Side, after: &Side) -> Result<()> {
        let [before, after] = [before, after].map(|side| {
            json!({
                "archive": side.path.to_string_lossy(),
                "layout": side.gathered.archive.layout(),
                "gatheredMillis": side.gathered.archive.gathered_millis(),
            })
        });
        terminal::print_json(&format!("{{\"before\":{before},\n\"after\":{after},\n\"changes\":["))
    }

    pub(super) fn change(&mut self, change: &Change<'_>) -> Result<()> {
        let (how, fields) = match &change.how {
            How::Added => ("added", Value::Null),
            How::Removed => ("removed", Value::Null),
            How::Changed(fields) => ("changed", fields.iter().map(field).collect()),
        };
        let mut whole = match &change.what {
            What::Object { group, kind, plural, namespace, name } => json!({"object": {
                "group": group, "kind": kind, "resource": plural, "namespace": namespace, "name": name}}),
            What::Finding { gatherer, finding } => json!({"gatherer": gatherer, "finding": finding}),
            What::File { path } => json!({"file": path}),
        };
        whole["change"] = how.into();
        if !fields.is_null() {
            whole["fields"] = fields;
        }
        let comma = if std::mem::take(&mut self.is_first) { "" } else { "," };
        terminal::print_json(&format!("{comma}{whole}"))
    }

    pub(super) fn end(&mut self, summary: &Summary) -> Result<()> {
        let Summary { added, removed, changed, same, not_compared } = summary;
        let only = |of: bool| -> Vec<&str> {
            not_compared.iter().filter(|(_, is_before)| *is_before == of).map(|(name, _)| &**name).collect()
        };
        let not_compared = json!({"onlyBefore": only(true), "onlyAfter": only(false)});
        let summary = json!({"added": added, "removed": removed, "changed": changed, "same": same});
        terminal::print_json(&format!("],\n\"notCompared\":{not_compared},\n\"summary\":{summary}}}"))
    }
}

fn field(Field { path, before, after }: &Field) -> Value {
    let mut field = json!({"path": path});
    for (name, value) in [("before", before), ("after", after)] {
        if let Some(value) = value {
            field[name] = value.clone();
        }
    }
    field
}
