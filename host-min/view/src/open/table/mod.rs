//! Tables: what kubectl prints without `-o`. The API server makes them, so that kubectl need not know the resource.
//!
//! | module | has |
//! |---|---|
//! | `built_in` | which columns a resource of the API server has |
//! | `workloads`, `network`, `storage`, `cluster` | these columns |
//! | `pods` | the state of a pod |
//! | `custom`, `json_path` | the columns of custom resources |
//! | `column`, `object`, `age` | what columns are made of |
//!
//! Ages are relative to the time of the gathering: that of an archive that is a year old says how old the object was then.

pub(super) mod age;
mod built_in;
mod cluster;
mod column;
pub(super) mod custom;
mod json_path;
mod network;
mod object;
mod pods;
mod storage;
mod workloads;

use serde_json::{Value, json};

use column::Column;
use object::Object;

/// The columns of a resource.
pub(super) enum Columns<'a> {
    BuiltIn(&'static [Column]),
    /// The built-in ones of pods, of which some are done.
    Pods,
    Custom(&'a custom::Columns),
}

impl<'a> Columns<'a> {
    /// Those of the API server itself, else the others.
    pub(super) fn of(group: &str, plural: &str, others: &'a custom::Columns) -> Columns<'a> {
        match (group, plural) {
            ("", "pods") => Columns::Pods,
            _ => built_in::columns(group, plural).map_or(Columns::Custom(others), Columns::BuiltIn),
        }
    }

    /// What a table says of its columns.
    pub(super) fn definitions(&self) -> Value {
        let of_built_in = |column: &Column| {
            let format = if column.is_name { "name" } else { "" };
            definition(column.name, column.kind(), format, i32::from(column.is_wide))
        };
        match self {
            Columns::BuiltIn(columns) => columns.iter().map(of_built_in).collect(),
            Columns::Pods => workloads::PODS.iter().map(of_built_in).collect(),
            Columns::Custom(columns) => {
                [definition("Name", "string", "name", 0)].into_iter().chain(columns.definitions()).collect()
            }
        }
    }

    /// The row of an object, without the object. Ages are relative to the time.
    pub(super) fn row(&self, object: &Value, now_millis: i64) -> serde_json::Map<String, Value> {
        let object = Object::of(object, now_millis);
        let cells: Vec<Value> = match self {
            Columns::BuiltIn(columns) => columns.iter().map(|column| column.cell(&object)).collect(),
            Columns::Pods => workloads::PODS.iter().map(|column| column.cell(&object)).collect(),
            Columns::Custom(columns) => {
                let name = Value::from(object.text("/metadata/name"));
                [name].into_iter().chain(columns.cells(&object)).collect()
            }
        };
        let mut row = serde_json::Map::new();
        row.insert("cells".into(), cells.into());
        if let Columns::Pods = self
            && let Some(conditions) = pods::row_conditions(&object)
        {
            row.insert("conditions".into(), conditions);
        }
        row
    }
}

fn definition(name: &str, kind: &str, format: &str, priority: i32) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": "", "priority": priority})
}
