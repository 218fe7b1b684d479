//! The table: one named row per part of the file.

use serde::Serialize;

use super::names::Names;
use crate::module::{Kind, Module, Part, Section};

/// All rows of one file. Their bytes add up to the file's size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// In the file's order, unless [`Table::sort_by_size`] was called.
    pub rows: Vec<Row>,
}

/// Some bytes of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Their offset.
    pub offset: usize,
    /// Their number.
    pub bytes: usize,
    /// The section, or `header`. A custom section is `custom` and its quoted name.
    pub section: String,
    /// Their meaning within the section.
    pub part: String,
}

impl Table {
    /// A row for each of a module's parts.
    pub fn new(module: &Module<'_>, names: &Names) -> Table {
        let row = |part: &Part<'_>| {
            let (section, what) = describe(module, part.kind, names);
            Row { offset: part.range.start, bytes: part.range.len(), section, part: what }
        };
        Table { rows: module.parts.iter().map(row).collect() }
    }

    /// Sorts by size, the largest first; rows of equal size stay in the file's order.
    pub fn sort_by_size(&mut self) {
        self.rows.sort_by_key(|row| (std::cmp::Reverse(row.bytes), row.offset));
    }
}

fn describe(module: &Module<'_>, kind: Kind<'_>, names: &Names) -> (String, String) {
    let section = kind.section().map_or_else(|| "header".to_owned(), Section::title);
    (section, label(module, kind, names))
}

/// The meaning of a part within its section.
pub fn label(module: &Module<'_>, kind: Kind<'_>, names: &Names) -> String {
    match kind {
        Kind::Header => "magic number and version".into(),
        Kind::SectionHeader(Section::Known("code" | "data" | "import" | "export")) => {
            "section header and count".into()
        }
        Kind::SectionHeader(_) => "section header".into(),
        Kind::Contents(_) => "contents".into(),
        Kind::Import { first, count } => {
            let import = &module.imports.get(first as usize);
            match import {
                Some(import) if count == 1 => format!("{}.{}", import.module, import.name),
                Some(import) => format!("{} imports of {}", count, import.module),
                None => "no imports".into(),
            }
        }
        Kind::Export { index } => module.exports[index as usize].name.to_owned(),
        Kind::Function { index } => match names.get(index) {
            Some(_) => format!("function {index}: {}", names.label(index)),
            None => format!("function {index}"),
        },
        Kind::Segment { index } => {
            let name = module.segment_names.get(&index).map_or(String::new(), |name| format!(" {name}"));
            match module.segments[index as usize].address {
                Some(address) => format!("segment {index}{name} at {address:#x}"),
                None => format!("segment {index}{name}"),
            }
        }
    }
}
