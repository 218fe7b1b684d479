//! The reason why functions are in a module: the path from an export, and what would go with them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    Analysis,
    graph::{ROOT, Vertex},
    kinds,
    shapes::Shape,
    symbol,
};

/// The answer for a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The functions that match, those that retain the most first.
    pub functions: Vec<Found>,
    /// The bytes that are there only because of these functions together.
    pub retained: u64,
    /// The labels of a shortest path from the host to one of them; `None` if the host cannot reach any.
    pub path: Option<Vec<String>>,
    /// The shapes that they refer to, in the file's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shapes: Vec<Shape>,
}

/// A function that matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its size and that of everything that is there only because of it.
    pub retained: u64,
    /// Up to ten functions that call it or refer to it, and one entry for calls through tables.
    pub callers: Vec<String>,
}

impl Why {
    /// Finds functions by index, by whole name, by a pattern with stars, or by a part of their name. `None` if no
    /// function matches.
    pub fn of(analysis: &Analysis<'_>, wanted: &str) -> Option<Why> {
        let found = find(analysis, wanted);
        if found.is_empty() {
            return None;
        }
        let graph = &analysis.graph;
        let nodes: Vec<u32> = found.iter().map(|&index| graph.function(index)).collect();
        let callers = graph.arrows.reversed(graph.len());
        let mut functions: Vec<Found> = found
            .iter()
            .map(|&index| Found {
                index,
                name: analysis.names.label(index),
                bytes: graph.own(graph.function(index)),
                retained: graph.retained[graph.function(index) as usize],
                callers: callers
                    .of(graph.function(index))
                    .iter()
                    .take(10)
                    .map(|&node| label(analysis, node))
                    .collect(),
            })
            .collect();
        functions.sort_by_key(|found| (std::cmp::Reverse(found.retained), found.index));
        let is_wanted = |node: u32| nodes.binary_search(&node).is_ok();
        let path = graph.shortest_path(is_wanted);
        let path = path.map(|path| {
            path.into_iter().filter(|&node| node != ROOT).map(|node| label(analysis, node)).collect()
        });
        Some(Why {
            functions,
            retained: graph.retained_by(is_wanted),
            path,
            shapes: shapes(analysis, &found),
        })
    }
}

/// The shapes that functions refer to, each once.
fn shapes(analysis: &Analysis<'_>, functions: &[u32]) -> Vec<Shape> {
    let pieces: BTreeSet<u32> =
        functions.iter().flat_map(|&function| analysis.pieces.by_function.of(function)).copied().collect();
    pieces.into_iter().filter_map(|piece| analysis.shape(piece)).collect()
}

/// The indices of matching functions, ascending.
fn find(analysis: &Analysis<'_>, wanted: &str) -> Vec<u32> {
    let count = analysis.module.functions.len() as u32;
    if let Ok(index) = wanted.trim_start_matches("function ").parse::<u32>() {
        return Some(index).filter(|&index| index < count).into_iter().collect();
    }
    let with = |fits: &dyn Fn(&str) -> bool| -> Vec<u32> {
        (0..count).filter(|&index| analysis.names.get(index).is_some_and(fits)).collect()
    };
    // A mangled symbol matches as well as its readable name.
    let readable = symbol::readable(wanted);
    let exact = with(&|name| name == wanted || name == readable);
    if !exact.is_empty() {
        exact
    } else if wanted.contains('*') {
        with(&|name| kinds::matches(wanted, name))
    } else {
        with(&|name| name.contains(wanted))
    }
}

fn label(analysis: &Analysis<'_>, node: u32) -> String {
    match analysis.graph.vertex(node) {
        Vertex::Root => "the host".into(),
        Vertex::Function(index) => analysis.names.label(index),
        Vertex::Signature(place) => {
            format!("any function in a table of type {}", analysis.module.signatures[place as usize])
        }
        Vertex::Piece(piece) => format!("data at byte {:#x} of the file", analysis.pieces.range(piece).start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{analyses::names::Names, module::Module};

    #[test]
    fn ways_go_through_tables_and_keep_data() {
        let bytes = wat::parse_str(
            r#"(module (memory 1) (table 1 funcref) (elem (i32.const 0) $format)
                (type $t (func (param i32)))
                (data (i32.const 1024) "only the formatter says this")
                (func $gather (export "gather") (call $dispatch))
                (func $dispatch (call_indirect (type $t) (i32.const 1) (i32.const 0)))
                (func $format (type $t) (drop (i32.const 1024)) (call $leaf))
                (func $leaf (nop) (nop))
                (func $dead (call $leaf)))"#,
        )
        .unwrap();
        let module = Module::parse(&bytes).unwrap();
        let analysis = Analysis::of(&module, Names::of(&module));
        let why = Why::of(&analysis, "format").unwrap();
        let path = why.path.unwrap();
        assert_eq!(path, ["gather", "dispatch", "any function in a table of type (i32) -> ()", "format"]);
        let lens: Vec<u64> = module.functions.iter().map(|function| function.range.len() as u64).collect();
        assert_eq!(why.retained, lens[2] + lens[3] + 28);
        assert_eq!(why.functions[0].retained, why.retained);
        assert_eq!(Why::of(&analysis, "dead").unwrap().path, None);
        assert_eq!(Why::of(&analysis, "*a*").unwrap().functions.len(), 5);
        assert_eq!(Why::of(&analysis, "3").unwrap().functions[0].name, "leaf");
        assert!(Why::of(&analysis, "nothing").is_none() && Why::of(&analysis, "99").is_none());
    }

    #[test]
    fn a_symbol_is_found_as_the_compiler_writes_it() {
        let bytes =
            wat::parse_str(r#"(module (func (export "_ZN3foo3barEi")) (func (export "_ZN3foo3bazEi")))"#);
        let bytes = bytes.unwrap();
        let module = Module::parse(&bytes).unwrap();
        let analysis = Analysis::of(&module, Names::of(&module));
        for wanted in ["_ZN3foo3barEi", "foo::bar(int)", "foo::bar"] {
            let why = Why::of(&analysis, wanted).unwrap();
            assert_eq!(why.functions.iter().map(|found| found.index).collect::<Vec<_>>(), [0], "{wanted}");
        }
    }
}
