//! The data that is stored about a module for later comparisons: its parts, by names that survive a new build,
//! without offsets, indices or hashes. A baseline file contains a snapshot.

use serde::{Deserialize, Serialize};

use super::{
    Analysis, fingerprint,
    graph::{ROOT, Vertex},
    groups::around,
    owners::{Owner, owners},
    symbol,
};

/// A module's items; their bytes add up to the file's length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The file's size.
    pub bytes: u64,
    /// Everything in it, sorted by kind and name, because the file's order does not matter.
    pub items: Vec<Item>,
}

/// A part whose size can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its kind.
    pub kind: ItemKind,
    /// The function's name, the function that owns the data, or the section.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// For a function: its body's fingerprint.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fingerprint: u64,
    /// For a library function: the nearest function on the path from the host that is not in the library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// The kind of an [`Item`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A function's bytes.
    Function,
    /// Data that only that function refers to.
    Data,
    /// Other bytes of a section.
    Section,
}

// serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Snapshot {
    /// Takes the snapshot of a module.
    pub fn of(analysis: &Analysis<'_>) -> Snapshot {
        let module = analysis.module;
        let via = via(analysis);
        let mut items = Vec::new();
        let mut add = |kind, name: String, bytes, fingerprint, via| {
            if bytes > 0 {
                items.push(Item { kind, name, bytes, fingerprint, via });
            }
        };
        let name = |index: u32| {
            analysis.names.get(index).map_or_else(|| "a function without a name".to_owned(), str::to_owned)
        };
        for (index, function) in (0..).zip(&module.functions) {
            let of_whom = via[index as usize].and_then(|whose| analysis.names.get(whose)).map(str::to_owned);
            let print = if function.body.is_empty() { 0 } else { fingerprint::of(module, index).body };
            add(ItemKind::Function, name(index), function.range.len() as u64, print, of_whom);
        }
        let everyone: Vec<u32> = (0..module.functions.len() as u32).collect();
        let mut data = vec![0_u64; everyone.len()];
        let (mut several, mut nobody) = (0, 0);
        for (piece, owner) in (0..).zip(owners(&analysis.pieces, &everyone)) {
            *match owner {
                Owner::Group(function) => &mut data[function as usize],
                Owner::Several => &mut several,
                Owner::Nobody => &mut nobody,
            } += analysis.pieces.bytes(piece);
        }
        for (index, bytes) in (0..).zip(data) {
            add(ItemKind::Data, name(index), bytes, 0, None);
        }
        add(ItemKind::Section, "data that several functions refer to".into(), several, 0, None);
        add(ItemKind::Section, "data that no constant refers to".into(), nobody, 0, None);
        for section in around(analysis) {
            add(ItemKind::Section, section.label, section.bytes, 0, None);
        }
        items.sort_by(|a, b| {
            (a.kind, &a.name, a.bytes, a.fingerprint).cmp(&(b.kind, &b.name, b.bytes, b.fingerprint))
        });
        Snapshot { bytes: module.bytes.len() as u64, items }
    }
}

/// For each function of Rust's own library: the last function of another crate on a shortest path from the host.
fn via(analysis: &Analysis<'_>) -> Vec<Option<u32>> {
    let graph = &analysis.graph;
    let mut whose: Vec<Option<u32>> = vec![None; graph.len()];
    let mut seen = vec![false; graph.len()];
    seen[ROOT as usize] = true;
    let mut queue = std::collections::VecDeque::from([ROOT]);
    while let Some(node) = queue.pop_front() {
        let own = match graph.vertex(node) {
            Vertex::Function(index) if !analysis.names.get(index).is_some_and(is_of_the_library) => {
                Some(index)
            }
            _ => whose[node as usize],
        };
        for &next in graph.arrows.of(node) {
            if !std::mem::replace(&mut seen[next as usize], true) {
                whose[next as usize] = own;
                queue.push_back(next);
            }
        }
    }
    (0..analysis.module.functions.len() as u32)
        .map(|index| {
            let is_library = analysis.names.get(index).is_some_and(is_of_the_library);
            whose[graph.function(index) as usize].filter(|_| is_library)
        })
        .collect()
}

/// Whether it is a function of `core`, `alloc` or `std`, so another function's call explains it. An implementation of
/// a library trait for the program's own type does not count.
pub fn is_of_the_library(name: &str) -> bool {
    matches!(symbol::path(name)[0], "core" | "alloc" | "std" | "compiler_builtins")
}
