//! The table: one row per part of the file, named.

use serde::Serialize;

use super::names::Names;
use crate::module::{Kind, Module, Section};

/// All rows of one file. Their bytes add up to the file's length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// In the order of the file, unless [`Table::sort_by_size`] was called.
    pub rows: Vec<Row>,
}

/// Some bytes of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Where they start.
    pub offset: usize,
    /// How many.
    pub bytes: usize,
    /// The section, or `header`; a custom section is `custom` and its name in quotes.
    pub section: String,
    /// What they are in that section.
    pub part: String,
}

impl Table {
    /// A row for each of a module's parts.
    pub fn new(module: &Module<'_>, names: &Names) -> Table {
        let row = |part: &crate::module::Part<'_>| {
            let (section, what) = describe(part.kind, names);
            Row { offset: part.range.start, bytes: part.range.len(), section, part: what }
        };
        Table { rows: module.parts.iter().map(row).collect() }
    }

    /// The largest first; rows of one size stay in the file's order.
    pub fn sort_by_size(&mut self) {
        self.rows.sort_by_key(|row| (std::cmp::Reverse(row.bytes), row.offset));
    }
}

fn describe(kind: Kind<'_>, names: &Names) -> (String, String) {
    match kind {
        Kind::Header => ("header".into(), "magic number and version".into()),
        Kind::SectionHeader(section @ Section::Known("code" | "data")) => {
            (title(section), "section header and count".into())
        }
        Kind::SectionHeader(section) => (title(section), "section header".into()),
        Kind::Contents(section) => (title(section), "contents".into()),
        Kind::Function { index } => (
            "code".into(),
            match names.get(index) {
                Some(name) => format!("function {index}: {name}"),
                None => format!("function {index}"),
            },
        ),
        Kind::Segment { index, address } => (
            "data".into(),
            match address {
                Some(address) => format!("segment {index} at {address:#x}"),
                None => format!("segment {index}"),
            },
        ),
    }
}

fn title(section: Section<'_>) -> String {
    match section {
        Section::Known(name) => name.to_owned(),
        // Quoted and escaped: the name is the module's, and may hold anything.
        Section::Custom(name) => format!("custom {name:?}"),
    }
}
