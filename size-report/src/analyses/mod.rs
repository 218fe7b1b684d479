//! What a module tells. Nothing here prints, and nothing reads a file but [`names`].

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

/// A module, read through once: what all views are made from.
#[derive(Debug)]
pub struct Analysis<'m> {
    /// The module.
    pub module: &'m Module<'m>,
    /// What its functions are called.
    pub names: Names,
    /// What its instructions refer to.
    pub scan: Scan,
    /// Its data in pieces.
    pub pieces: Pieces,
    /// Who keeps whom.
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

    /// The shape that a piece of data is, or begins.
    pub fn shape(&self, piece: u32) -> Option<Shape> {
        self.pieces.shapes.decode(self.module, self.pieces.range(piece).start as u32)
    }
}
