//! Columns of the API server's own resources: a name, and a function from the object to the cell.

use serde_json::Value;

use super::object::Object;
use super::pods::Summary;

/// A column.
pub(in crate::open) struct Column {
    pub(super) name: &'static str,
    pub(super) cell: Cell,
    /// Whether it has the object's name.
    pub(super) is_name: bool,
    /// Whether kubectl shows it only with `-o wide`.
    pub(super) is_wide: bool,
}

/// How a cell is made.
pub(in crate::open) enum Cell {
    Text(fn(&Object) -> String),
    Number(fn(&Object) -> i64),
    Truth(fn(&Object) -> bool),
    /// A text or a number.
    Either(fn(&Object) -> Value),
    /// A text from the state of a pod.
    Pod(fn(&Object, &Summary) -> String),
}

pub(super) const fn text(name: &'static str, cell: fn(&Object) -> String) -> Column {
    Column { name, cell: Cell::Text(cell), is_name: false, is_wide: false }
}

pub(super) const fn number(name: &'static str, cell: fn(&Object) -> i64) -> Column {
    Column { name, cell: Cell::Number(cell), is_name: false, is_wide: false }
}

pub(super) const fn truth(name: &'static str, cell: fn(&Object) -> bool) -> Column {
    Column { name, cell: Cell::Truth(cell), is_name: false, is_wide: false }
}

pub(super) const fn either(name: &'static str, cell: fn(&Object) -> Value) -> Column {
    Column { name, cell: Cell::Either(cell), is_name: false, is_wide: false }
}

pub(super) const fn of_pod(name: &'static str, cell: fn(&Object, &Summary) -> String) -> Column {
    Column { name, cell: Cell::Pod(cell), is_name: false, is_wide: false }
}

pub(super) const NAME: Column = named(|object| object.text("/metadata/name").into());

pub(super) const AGE: Column = text("Age", |object| object.since("/metadata/creationTimestamp"));

/// A column that has the name and more.
pub(super) const fn named(cell: fn(&Object) -> String) -> Column {
    Column { is_name: true, ..text("Name", cell) }
}

pub(super) const CONTAINERS: Column = text("Containers", |object| containers(object, "/name")).wide();
pub(super) const IMAGES: Column = text("Images", |object| containers(object, "/image")).wide();
pub(super) const SELECTOR: Column =
    text("Selector", |object| object.selector_or_none("/spec/selector")).wide();

fn containers(object: &Object, below: &str) -> String {
    object.joined("/spec/template/spec/containers", below, ",")
}

impl Column {
    pub(super) const fn wide(self) -> Column {
        let Column { name, is_name, .. } = self;
        Column { name, is_name, is_wide: true, cell: self.cell }
    }

    /// The type that the table says.
    pub(super) fn kind(&self) -> &'static str {
        match self.cell {
            Cell::Text(_) | Cell::Either(_) | Cell::Pod(_) => "string",
            Cell::Number(_) => "integer",
            Cell::Truth(_) => "boolean",
        }
    }

    /// The cell of an object. The summary is that of a pod, which several cells are made of.
    pub(super) fn cell(&self, object: &Object, summary: Option<&Summary>) -> Value {
        match self.cell {
            Cell::Text(cell) => cell(object).into(),
            Cell::Number(cell) => cell(object).into(),
            Cell::Truth(cell) => cell(object).into(),
            Cell::Either(cell) => cell(object),
            Cell::Pod(cell) => summary.map(|summary| cell(object, summary)).into(),
        }
    }
}
