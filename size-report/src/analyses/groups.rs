//! The building blocks of views: sections, and groups of functions with the data that only they refer to.

use std::collections::BTreeMap;

use super::{
    Analysis,
    data::Content,
    owners::{Owner, owners},
    table,
    tree::{Node, NodeKind},
};
use crate::module::{Kind, Section};

/// All sections with parts for which `is_wanted` holds; each part is a node.
pub(super) fn sections(analysis: &Analysis<'_>, is_wanted: impl Fn(Kind<'_>) -> bool) -> Vec<Node> {
    let module = analysis.module;
    let mut sections: Vec<(Option<Section<'_>>, Vec<Node>)> = Vec::new();
    for part in module.parts.iter().filter(|part| is_wanted(part.kind)) {
        let section = part.kind.section();
        // A section's parts are adjacent, but two custom sections may have the same name.
        if sections.last().is_none_or(|(last, _)| *last != section) {
            sections.push((section, Vec::new()));
        }
        let kind = match part.kind {
            Kind::Header | Kind::SectionHeader(_) => NodeKind::Header,
            Kind::Contents(_) => NodeKind::Contents,
            Kind::Import { .. } => NodeKind::Import,
            Kind::Export { .. } => NodeKind::Export,
            Kind::Function { .. } => NodeKind::Function,
            Kind::Segment { .. } => NodeKind::Data,
        };
        let label = match part.kind {
            Kind::Function { index } => analysis.names.label(index),
            kind => table::label(module, kind, &analysis.names),
        };
        if let Some((_, nodes)) = sections.last_mut() {
            nodes.push(Node::leaf(kind, label, part.range.len() as u64));
        }
    }
    let title = |section: Option<Section<'_>>| section.map_or_else(|| "header".to_owned(), Section::title);
    sections.into_iter().map(|(section, nodes)| Node::of(NodeKind::Section, title(section), nodes)).collect()
}

/// Everything except the functions' bodies and the data segments' contents.
pub(super) fn around(analysis: &Analysis<'_>) -> Vec<Node> {
    let mut nodes = sections(analysis, |kind| !matches!(kind, Kind::Function { .. } | Kind::Segment { .. }));
    nodes.push(segment_headers(analysis));
    nodes
}

/// The segments' modes, addresses and lengths.
pub(super) fn segment_headers(analysis: &Analysis<'_>) -> Node {
    let module = analysis.module;
    let segments = module.parts.iter().filter(|part| matches!(part.kind, Kind::Segment { .. }));
    let bytes = segments.map(|part| part.range.len() as u64).sum::<u64>() - module.data_bytes();
    Node::leaf(NodeKind::Header, "data segments' modes, addresses and lengths", bytes)
}

/// Functions in groups.
pub(super) struct Grouped {
    /// For each group, its functions and the data that only it refers to.
    pub(super) groups: Vec<Vec<Node>>,
    /// Data of several groups, or of none.
    pub(super) rest: Vec<Node>,
}

/// Sorts functions into `count` groups; `groups` has the group of each function.
pub(super) fn grouped(analysis: &Analysis<'_>, groups: &[u32], count: usize) -> Grouped {
    grouped_without(analysis, groups, count, |_| false)
}

/// The same, without the data for which `is_apart` holds.
pub(super) fn grouped_without(
    analysis: &Analysis<'_>,
    groups: &[u32],
    count: usize,
    is_apart: impl Fn(Content) -> bool,
) -> Grouped {
    let mut nodes: Vec<Vec<Node>> = vec![Vec::new(); count];
    for (index, function) in (0..).zip(&analysis.module.functions) {
        if !function.range.is_empty() {
            let node =
                Node::leaf(NodeKind::Function, analysis.names.label(index), function.range.len() as u64);
            nodes[groups[index as usize] as usize].push(node);
        }
    }
    let mut data: BTreeMap<(u32, &'static str), u64> = BTreeMap::new();
    const SEVERAL: u32 = u32::MAX;
    const NOBODY: u32 = u32::MAX - 1;
    for (piece, owner) in (0..).zip(owners(&analysis.pieces, groups)) {
        let group = match owner {
            Owner::Group(group) => group,
            Owner::Several => SEVERAL,
            Owner::Nobody => NOBODY,
        };
        let content = analysis.pieces.content(analysis.module, piece);
        if is_apart(content) {
            continue;
        }
        let content = content.title();
        *data.entry((group, content)).or_default() += analysis.pieces.bytes(piece);
    }
    let (mut several, mut nobody) = (Vec::new(), Vec::new());
    for ((group, content), bytes) in data {
        let leaf = |label: String| Node::leaf(NodeKind::Data, label, bytes);
        match group {
            SEVERAL => several.push(leaf(content.into())),
            NOBODY => nobody.push(leaf(content.into())),
            group => nodes[group as usize].push(leaf(format!("data: {content}"))),
        }
    }
    let rest = vec![
        Node::of(NodeKind::Data, "data that several of these refer to", several),
        Node::of(NodeKind::Data, "data that no constant refers to", nobody),
    ];
    Grouped { groups: nodes, rest }
}
