//! The reference graph of a module: functions, data, and calls through tables.
//!
//! Nodes are numbers: the root (what the host can call or start), then all functions by index, then one node per
//! signature, then the pieces of data. A call through a table points to its signature's node, which points to all
//! functions of that type in any table. So the graph has one edge per reference, not one per pair of caller and
//! callee.

use std::collections::HashSet;

use super::{data::Pieces, dominators::dominators};
use crate::module::{Adjacency, AdjacencyBuilder, Exported, Module, Scan};

/// The node of the host.
pub const ROOT: u32 = 0;

/// The meaning of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vertex {
    /// The host.
    Root,
    /// A function, by index.
    Function(u32),
    /// Calls through a table with a signature: its index in [`Module::signatures`].
    Signature(u32),
    /// A piece of data.
    Piece(u32),
}

/// The graph, and what each node retains.
#[derive(Debug)]
pub struct Graph {
    /// The edges.
    pub arrows: Adjacency,
    /// The immediate dominator of each node; `None` if the host cannot reach it.
    pub dominators: Vec<Option<u32>>,
    /// The bytes that would go with each node: its own and those of the nodes that it dominates.
    pub retained: Vec<u64>,
    own: Vec<u64>,
    functions: u32,
    signatures: u32,
}

impl Graph {
    /// Builds the graph of a module.
    pub fn of(module: &Module<'_>, scan: &Scan, pieces: &Pieces) -> Graph {
        let (functions, signatures) = (module.functions.len() as u32, module.signatures.len() as u32);
        let node_of_function = |function: u32| 1 + function;
        let node_of_signature = |signature: u32| 1 + functions + signature;
        let node_of_piece = |piece: u32| 1 + functions + signatures + piece;
        let mut arrows = AdjacencyBuilder::default();

        roots(module)
            .filter(|&function| function < functions)
            .for_each(|function| arrows.push(node_of_function(function)));
        arrows.end_source();
        for function in 0..functions {
            scan.calls.of(function).iter().for_each(|&target| arrows.push(node_of_function(target)));
            scan.indirect.of(function).iter().for_each(|&target| arrows.push(node_of_signature(target)));
            pieces.by_function.of(function).iter().for_each(|&target| arrows.push(node_of_piece(target)));
            arrows.end_source();
        }
        let mut in_tables: Vec<(u32, u32)> = module
            .elements
            .iter()
            .flat_map(|element| &element.functions)
            .filter_map(|&function| Some((module.signature(function)?, function)))
            .collect();
        in_tables.sort_unstable();
        let mut in_tables = in_tables.into_iter().peekable();
        for signature in 0..signatures {
            while let Some((_, function)) = in_tables.next_if(|&(of, _)| of == signature) {
                arrows.push(node_of_function(function));
            }
            arrows.end_source();
        }
        for piece in 0..pieces.len() as u32 {
            pieces.by_piece.of(piece).iter().for_each(|&target| arrows.push(node_of_piece(target)));
            arrows.end_source();
        }

        let arrows = arrows.finish();
        let mut own = vec![0; arrows.len()];
        for (function, of) in module.functions.iter().enumerate() {
            own[1 + function] = of.range.len() as u64;
        }
        for piece in 0..pieces.len() as u32 {
            own[node_of_piece(piece) as usize] = pieces.bytes(piece);
        }
        let dominators = dominators(&arrows, ROOT);
        let mut graph = Graph { retained: own.clone(), arrows, dominators, own, functions, signatures };
        graph.retain();
        graph
    }

    /// Adds up the bytes that each node dominates, children first.
    fn retain(&mut self) {
        let mut children = vec![0_u32; self.len()];
        let parent = |node: usize| self.dominators[node].filter(|_| node != ROOT as usize);
        (0..self.len()).filter_map(parent).for_each(|up| children[up as usize] += 1);
        let mut ready: Vec<u32> =
            (0..self.len() as u32).filter(|&node| children[node as usize] == 0).collect();
        while let Some(node) = ready.pop() {
            let Some(up) = self.dominators[node as usize].filter(|_| node != ROOT) else { continue };
            self.retained[up as usize] += self.retained[node as usize];
            children[up as usize] -= 1;
            if children[up as usize] == 0 {
                ready.push(up);
            }
        }
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.arrows.len()
    }

    /// Always false, because there is a root.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The meaning of a node.
    pub fn vertex(&self, node: u32) -> Vertex {
        match node {
            ROOT => Vertex::Root,
            node if node <= self.functions => Vertex::Function(node - 1),
            node if node <= self.functions + self.signatures => Vertex::Signature(node - 1 - self.functions),
            node => Vertex::Piece(node - 1 - self.functions - self.signatures),
        }
    }

    /// The node of a function.
    pub fn function(&self, index: u32) -> u32 {
        1 + index
    }

    /// The node of a piece.
    pub fn piece(&self, piece: u32) -> u32 {
        1 + self.functions + self.signatures + piece
    }

    /// A node's own bytes.
    pub fn own(&self, node: u32) -> u64 {
        self.own[node as usize]
    }

    /// Whether the host can reach a node.
    pub fn is_reachable(&self, node: u32) -> bool {
        self.dominators[node as usize].is_some()
    }

    /// A shortest path from the host to any of the nodes for which `is_goal` holds, with the host first.
    pub fn shortest_path(&self, is_goal: impl Fn(u32) -> bool) -> Option<Vec<u32>> {
        let mut from = vec![u32::MAX; self.len()];
        from[ROOT as usize] = ROOT;
        let mut queue = std::collections::VecDeque::from([ROOT]);
        while let Some(node) = queue.pop_front() {
            if is_goal(node) {
                let mut path = vec![node];
                while path[path.len() - 1] != ROOT {
                    path.push(from[path[path.len() - 1] as usize]);
                }
                path.reverse();
                return Some(path);
            }
            for &next in self.arrows.of(node) {
                if from[next as usize] == u32::MAX {
                    from[next as usize] = node;
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// The bytes that would go with all of these nodes: those that only they retain, including their own.
    pub fn retained_by(&self, is_gone: impl Fn(u32) -> bool) -> u64 {
        let mut seen = vec![false; self.len()];
        let mut stack = vec![ROOT];
        let mut kept = 0;
        while let Some(node) = stack.pop() {
            if is_gone(node) || std::mem::replace(&mut seen[node as usize], true) {
                continue;
            }
            kept += self.own(node);
            stack.extend(self.arrows.of(node).iter().filter(|&&next| !seen[next as usize]));
        }
        self.retained[ROOT as usize] - kept
    }
}

/// The functions that the host can call, or to which a table or a global refers.
fn roots<'m>(module: &'m Module<'_>) -> impl Iterator<Item = u32> + 'm {
    let exported = module.exports.iter().filter_map(|export| match export.of {
        Exported::Function(index) => Some(index),
        _ => None,
    });
    let exported_tables: HashSet<u32> = module
        .exports
        .iter()
        .filter_map(|export| match export.of {
            Exported::Table(index) => Some(index),
            _ => None,
        })
        .collect();
    let is_open = move |table: u32| table < module.imported_tables || exported_tables.contains(&table);
    let callable = module.elements.iter().filter(move |element| element.table.is_some_and(&is_open));
    let of_globals = module.globals.iter().filter_map(|global| global.function);
    exported
        .chain(module.start)
        .chain(of_globals)
        .chain(callable.flat_map(|element| element.functions.iter().copied()))
}
