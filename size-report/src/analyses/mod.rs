//! The analyses of a module. Nothing here prints, and only [`names`] reads files.

pub mod at_rest;
pub mod budget;
pub mod data;
pub mod diff;
pub mod dominators;
pub mod fingerprint;
pub mod graph;
mod groups;
pub mod imports;
pub mod kinds;
pub mod names;
pub mod owners;
pub mod shapes;
pub mod snapshot;
pub mod symbol;
pub mod table;
pub mod toolchains;
pub mod tree;
pub mod views;
pub mod why;

use self::{data::Pieces, graph::Graph, names::Names, shapes::Shape};
use crate::module::{Module, Scan};

/// An analyzed module, from which all views are made.
#[derive(Debug)]
pub struct Analysis<'m> {
    /// The module.
    pub module: &'m Module<'m>,
    /// The names of its functions.
    pub names: Names,
    /// The references of its instructions.
    pub scan: Scan,
    /// Its data, in pieces.
    pub pieces: Pieces,
    /// The reference graph.
    pub graph: Graph,
}

impl<'m> Analysis<'m> {
    /// Reads all instructions and data.
    pub fn of(module: &'m Module<'m>, names: Names) -> Analysis<'m> {
        let scan = Scan::of(module);
        let pieces = Pieces::of(module, &scan);
        let graph = Graph::of(module, &scan, &pieces);
        Analysis { module, names, scan, pieces, graph }
    }

    /// The shape that begins with a piece of data, if there is one.
    pub fn shape(&self, piece: u32) -> Option<Shape> {
        self.pieces.shapes.decode(self.module, self.pieces.range(piece).start as u32)
    }
}
