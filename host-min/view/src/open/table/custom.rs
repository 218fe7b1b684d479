//! Columns of custom resources, as their CustomResourceDefinition has them.

use serde_json::{Value, json};

use super::age::millis_of;
use super::json_path::Path;
use super::object::Object;

/// Columns that are read. A definition has a handful.
const MAX_COLUMNS: usize = 100;

/// The columns after the name.
pub(in crate::open) struct Columns(Vec<Column>);

struct Column {
    definition: Value,
    kind: String,
    path: Path,
}

impl Columns {
    /// Reads `additionalPrinterColumns`. A definition without any, or with one that cannot be read, has the age.
    pub(in crate::open) fn of(columns: &Value) -> Columns {
        let all = columns.as_array().map_or(&[][..], Vec::as_slice).iter().take(MAX_COLUMNS);
        let read: Option<Vec<Column>> = all.map(Column::of).collect();
        match read {
            Some(columns) if !columns.is_empty() => Columns(columns),
            _ => Columns::default(),
        }
    }

    pub(super) fn definitions(&self) -> impl Iterator<Item = Value> {
        self.0.iter().map(|column| column.definition.clone())
    }

    pub(super) fn cells(&self, object: &Object) -> impl Iterator<Item = Value> {
        self.0.iter().map(|column| column.cell(object))
    }
}

impl Default for Columns {
    fn default() -> Columns {
        let age = json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"});
        Columns(Column::of(&age).into_iter().collect())
    }
}

impl Column {
    fn of(column: &Value) -> Option<Column> {
        let text = |name: &str| column.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, path) = (text("type"), text("jsonPath"));
        let definition = json!({
            "name": text("name"),
            "type": kind,
            "format": text("format"),
            "description": text("description"),
            "priority": column.get("priority").and_then(Value::as_i64).unwrap_or(0),
        });
        Some(Column { definition, kind: kind.to_owned(), path: Path::parse(path)? })
    }

    fn cell(&self, object: &Object) -> Value {
        let Some(value) = self.path.first(object.value) else { return Value::Null };
        match (&*self.kind, value) {
            ("string", Value::String(_)) => value.clone(),
            ("string", other) => other.to_string().into(),
            ("integer", Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
                (Some(_), _) => value.clone(),
                #[expect(clippy::cast_possible_truncation, reason = "as the API server does")]
                (None, Some(number)) => json!(number as i64),
                (None, None) => Value::Null,
            },
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
            ("date", Value::String(time)) if millis_of(time).is_none() => "<invalid>".into(),
            ("date", Value::String(_)) => object.with(value).since("").into(),
            _ => Value::Null,
        }
    }
}
