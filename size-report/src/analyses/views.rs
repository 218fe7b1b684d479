//! Views: different groupings of the same bytes. Each view is a tree that adds up to the file's size, like the table.
//! Functions are in groups, data belongs to the only group that refers to it, and other data has its own group.

use std::collections::{BTreeMap, HashMap};

use super::{
    Analysis,
    data::Content,
    graph::{ROOT, Vertex},
    groups::{Grouped, around, grouped, grouped_without, sections, segment_headers},
    imports,
    kinds::{Kinds, UNNAMED},
    owners::{Owner, owners},
    shapes::quoted,
    symbol, table,
    toolchains::Toolchains,
    tree::{Node, NodeKind},
};
use crate::{By, module::Kind};

/// Makes a view.
pub fn view(analysis: &Analysis<'_>, by: By) -> Node {
    let nodes = match by {
        By::Section => sections(analysis, |_| true),
        By::Data => data(analysis),
        By::Function => by_function(analysis),
        By::Crate => by_crate(analysis),
        By::Generic => by_generic(analysis),
        By::Kind => by_kind(analysis),
        By::Toolchain => by_toolchain(analysis),
        By::Import => imports::by_import(analysis),
        By::Dominator => by_dominator(analysis),
    };
    Node::of(NodeKind::Module, "all of the file", nodes)
}

/// Numbers strings in the order of their first use.
#[derive(Default)]
struct Numbers {
    of: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Numbers {
    fn number(&mut self, text: String) -> u32 {
        let next = self.texts.len() as u32;
        *self.of.entry(text).or_insert_with_key(|text| {
            self.texts.push(text.clone());
            next
        })
    }
}

fn by_function(analysis: &Analysis<'_>) -> Vec<Node> {
    let groups: Vec<u32> = (0..analysis.module.functions.len() as u32).collect();
    let Grouped { groups, rest } = grouped(analysis, &groups, groups.len());
    let mut nodes = Vec::new();
    for (index, mut children) in (0..).zip(groups) {
        if children.len() == 1 && children[0].kind == NodeKind::Function {
            nodes.append(&mut children);
        } else if let Some(body) = children.first_mut() {
            body.label = "instructions".into();
            nodes.push(Node::of(NodeKind::Function, analysis.names.label(index), children));
        }
    }
    nodes.extend(rest);
    nodes.extend(around(analysis));
    nodes
}

fn by_crate(analysis: &Analysis<'_>) -> Vec<Node> {
    let mut numbers = Numbers::default();
    let of_name = |name: Option<&str>| match name.map(symbol::path) {
        Some(path) if path.len() > 1 => path[0].to_owned(),
        Some(_) => "no path (exports, C)".to_owned(),
        None => UNNAMED.to_owned(),
    };
    let functions = 0..analysis.module.functions.len() as u32;
    let groups: Vec<u32> =
        functions.map(|index| numbers.number(of_name(analysis.names.get(index)))).collect();
    let Grouped { groups, rest } = grouped(analysis, &groups, numbers.texts.len());
    let crates = numbers.texts.into_iter().zip(groups);
    let mut nodes: Vec<Node> =
        crates.map(|(label, nodes)| Node::of(NodeKind::Crate, label, by_namespace(nodes, 1))).collect();
    nodes.extend(rest);
    nodes.extend(around(analysis));
    nodes
}

/// Groups nodes with longer paths by the next segment.
fn by_namespace(nodes: Vec<Node>, depth: usize) -> Vec<Node> {
    // Deeper modules stay in one group, because they would be too small to be useful.
    const DEEPEST: usize = 8;
    let mut below: BTreeMap<String, Vec<Node>> = BTreeMap::new();
    let mut here = Vec::new();
    for node in nodes {
        let path = symbol::path(&node.label);
        if node.kind == NodeKind::Function && depth < DEEPEST && path.len() > depth + 1 {
            below.entry(path[depth].to_owned()).or_default().push(node);
        } else {
            here.push(node);
        }
    }
    let namespaces = below.into_iter();
    here.extend(
        namespaces.map(|(label, nodes)| Node::of(NodeKind::Namespace, label, by_namespace(nodes, depth + 1))),
    );
    here
}

fn by_generic(analysis: &Analysis<'_>) -> Vec<Node> {
    let mut numbers = Numbers::default();
    let functions = 0..analysis.module.functions.len() as u32;
    let groups: Vec<u32> = functions
        .map(|index| numbers.number(analysis.names.get(index).map_or(UNNAMED.into(), symbol::generic)))
        .collect();
    let Grouped { groups, rest } = grouped(analysis, &groups, numbers.texts.len());
    let (mut single, mut nodes) = (Vec::new(), Vec::new());
    for (label, children) in numbers.texts.into_iter().zip(groups) {
        let functions = children.iter().filter(|child| child.kind == NodeKind::Function).count();
        if functions > 1 && label != UNNAMED {
            nodes.push(Node::of(NodeKind::Generic, format!("{label} ({functions} times)"), children));
        } else if label == UNNAMED {
            nodes.push(Node::of(NodeKind::Group, label, children));
        } else {
            let node = Node::of(NodeKind::Function, label, children);
            single.push(Node { children: Vec::new(), ..node });
        }
    }
    nodes.push(Node::of(NodeKind::Group, "functions that occur once", single));
    nodes.extend(rest);
    nodes.extend(around(analysis));
    nodes
}

fn by_kind(analysis: &Analysis<'_>) -> Vec<Node> {
    let kinds = Kinds::new();
    let mut nodes = by_rules(analysis, |name| kinds.of(name), |content| content == Content::Shape);
    nodes.push(shapes(analysis));
    nodes
}

fn by_toolchain(analysis: &Analysis<'_>) -> Vec<Node> {
    let functions = 0..analysis.module.functions.len() as u32;
    let names: Vec<&str> = functions.filter_map(|index| analysis.names.get(index)).collect();
    let toolchains = Toolchains::of_module(&names);
    by_rules(analysis, |name| toolchains.of(name), |_| false)
}

/// The shapes, by the function that refers to them.
fn shapes(analysis: &Analysis<'_>) -> Node {
    let everyone: Vec<u32> = (0..analysis.module.functions.len() as u32).collect();
    let mut of: BTreeMap<String, u64> = BTreeMap::new();
    for (piece, owner) in (0..).zip(owners(&analysis.pieces, &everyone)) {
        if analysis.pieces.content(analysis.module, piece) == Content::Shape {
            *of.entry(title_of_owner(analysis, owner)).or_default() += analysis.pieces.bytes(piece);
        }
    }
    let leaves =
        of.into_iter().map(|(label, bytes)| Node::leaf(NodeKind::Data, format!("of {label}"), bytes));
    Node::of(NodeKind::Group, Content::Shape.title(), leaves.collect())
}

fn title_of_owner(analysis: &Analysis<'_>, owner: Owner) -> String {
    match owner {
        Owner::Nobody => "no constant refers to it".to_owned(),
        Owner::Group(function) => analysis.names.label(function),
        Owner::Several => "several functions".to_owned(),
    }
}

/// Groups by a table of rules for function names, without data for which `is_apart` holds.
fn by_rules(
    analysis: &Analysis<'_>,
    group_of: impl Fn(&str) -> &'static str,
    is_apart: impl Fn(Content) -> bool,
) -> Vec<Node> {
    let mut numbers = Numbers::default();
    let functions = 0..analysis.module.functions.len() as u32;
    let groups: Vec<u32> = functions
        .map(|index| numbers.number(analysis.names.get(index).map_or(UNNAMED, &group_of).to_owned()))
        .collect();
    let Grouped { groups, rest } = grouped_without(analysis, &groups, numbers.texts.len(), is_apart);
    let mut nodes: Vec<Node> = numbers
        .texts
        .into_iter()
        .zip(groups)
        .map(|(label, nodes)| Node::of(NodeKind::Group, label, nodes))
        .collect();
    nodes.extend(rest);
    nodes.extend(around(analysis));
    nodes
}

/// The pieces of data. A module may have millions; beyond some thousands, the small ones are summed up.
fn data(analysis: &Analysis<'_>) -> Vec<Node> {
    const MOST_PIECES: usize = 5_000;
    let (module, pieces) = (analysis.module, &analysis.pieces);
    let everyone: Vec<u32> = (0..module.functions.len() as u32).collect();
    let owners = owners(pieces, &everyone);
    let mut sizes: Vec<u64> = (0..pieces.len() as u32).map(|piece| pieces.bytes(piece)).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let least = sizes.get(MOST_PIECES).map_or(0, |size| size + 1);

    let mut segments: BTreeMap<u32, (Vec<Node>, u64)> = BTreeMap::new();
    for piece in 0..pieces.len() as u32 {
        let (nodes, small) = segments.entry(pieces.segment(piece)).or_default();
        if pieces.bytes(piece) < least {
            *small += pieces.bytes(piece);
            continue;
        }
        let of = title_of_owner(analysis, owners[piece as usize]);
        let content = pieces.content(module, piece);
        let preview = match content {
            Content::Text => preview(&module.bytes[pieces.range(piece)]),
            Content::Shape => preview_of_shape(analysis, piece),
            content => content.title().to_owned(),
        };
        nodes.push(Node::leaf(NodeKind::Data, format!("{preview} ({of})"), pieces.bytes(piece)));
    }
    let mut nodes: Vec<Node> = segments
        .into_iter()
        .map(|(index, (mut nodes, small))| {
            nodes.push(Node::leaf(NodeKind::Data, "smaller pieces", small));
            Node::of(NodeKind::Data, table::label(module, Kind::Segment { index }, &analysis.names), nodes)
        })
        .collect();
    nodes.push(segment_headers(analysis));
    nodes.extend(sections(analysis, |kind| !matches!(kind, Kind::Segment { .. })));
    nodes
}

fn preview(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let start: String = text.trim_end_matches('\0').chars().take(40).collect();
    if start.len() < text.trim_end_matches('\0').len() {
        format!("{start:?}…")
    } else {
        format!("{start:?}")
    }
}

/// The names of its first fields.
fn preview_of_shape(analysis: &Analysis<'_>, piece: u32) -> String {
    const MOST_NAMES: usize = 3;
    let Some(shape) = analysis.shape(piece) else { return Content::Shape.title().to_owned() };
    let outermost = shape.fields.iter().filter(|field| field.depth == 0);
    let mut names: Vec<String> = outermost.map(|field| quoted(&field.name)).take(MOST_NAMES + 1).collect();
    if names.len() > MOST_NAMES {
        names[MOST_NAMES] = "…".into();
    }
    format!("shape: {}", names.join(", "))
}

fn by_dominator(analysis: &Analysis<'_>) -> Vec<Node> {
    // Readers recurse through the tree, so it must not be as deep as a call graph can be.
    const DEEPEST: u32 = 48;
    let graph = &analysis.graph;
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); graph.len()];
    let (mut unreached_code, mut unreached_data) = (Vec::new(), Vec::new());
    for node in 1..graph.len() as u32 {
        match (graph.dominators[node as usize], graph.vertex(node)) {
            (Some(up), _) => children[up as usize].push(node),
            (None, Vertex::Function(index)) => {
                unreached_code.push(Node::leaf(
                    NodeKind::Function,
                    analysis.names.label(index),
                    graph.own(node),
                ));
            }
            (None, Vertex::Piece(piece)) => unreached_data.push(piece),
            (None, _) => {}
        }
    }
    let unreached = unreached_data.iter().map(|&piece| analysis.pieces.bytes(piece)).sum();
    let mut nodes = below(analysis, &children, ROOT, DEEPEST);
    nodes.push(Node::of(NodeKind::Group, "functions that no export reaches", unreached_code));
    nodes.push(Node::leaf(NodeKind::Data, "data that no function refers to", unreached));
    nodes.extend(around(analysis));
    nodes
}

fn below(analysis: &Analysis<'_>, children: &[Vec<u32>], node: u32, deepest: u32) -> Vec<Node> {
    let graph = &analysis.graph;
    let mut data = 0;
    let mut nodes = Vec::new();
    for &child in &children[node as usize] {
        let bytes = graph.retained[child as usize];
        let (label, kind) = match graph.vertex(child) {
            Vertex::Piece(_) => {
                data += bytes;
                continue;
            }
            Vertex::Function(index) => (analysis.names.label(index), NodeKind::Function),
            Vertex::Signature(place) => (
                format!("calls through a table, {}", analysis.module.signatures[place as usize]),
                NodeKind::Group,
            ),
            Vertex::Root => continue,
        };
        if deepest == 0 || children[child as usize].is_empty() {
            nodes.push(Node::leaf(kind, label, bytes));
        } else {
            let mut inside = below(analysis, children, child, deepest - 1);
            if graph.own(child) > 0 {
                inside.push(Node::leaf(kind, "itself", graph.own(child)));
            }
            nodes.push(Node::of(kind, label, inside));
        }
    }
    nodes.push(Node::leaf(NodeKind::Data, "data", data));
    nodes
}
