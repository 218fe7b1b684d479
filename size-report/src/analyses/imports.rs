//! The cost of each import: the code that leads to it and to no other import, and the manifest records.

use std::collections::BTreeMap;

use super::{
    Analysis,
    graph::{ROOT, Vertex},
    groups::{Grouped, around, grouped, sections},
    tree::{Node, NodeKind},
};
use crate::module::Kind;

/// The maximum number of import sets; further ones are summed up.
const MOST_SETS: usize = 100;

/// Code by the set of imports that it leads to, the entries of the import section, and the manifest.
pub(super) fn by_import(analysis: &Analysis<'_>) -> Vec<Node> {
    let module = analysis.module;
    let bits = bits(analysis);
    let sets = leads_to(analysis, &bits);
    let mut by_set: BTreeMap<u64, u64> = BTreeMap::new();
    for (function, &set) in module.functions.iter().zip(&sets) {
        *by_set.entry(set).or_default() += function.range.len() as u64;
    }
    let mut largest: Vec<(u64, u64)> = by_set.into_iter().collect();
    largest.sort_by_key(|&(set, bytes)| (std::cmp::Reverse(bytes), set));
    let number: BTreeMap<u64, u32> =
        largest.iter().zip(0..MOST_SETS as u32).map(|(&(set, _), number)| (set, number)).collect();
    let others = number.len() as u32;
    let groups: Vec<u32> = sets.iter().map(|set| *number.get(set).unwrap_or(&others)).collect();

    let Grouped { groups, rest } = grouped(analysis, &groups, others as usize + 1);
    let labels = largest.iter().take(MOST_SETS).map(|&(set, _)| label(analysis, &bits, set));
    let mut nodes: Vec<Node> = labels
        .chain(["code that reaches other sets of imports".to_owned()])
        .zip(groups)
        .map(|(label, nodes)| Node::of(NodeKind::Group, label, nodes))
        .collect();
    nodes.extend(rest);
    nodes.extend(manifest(analysis));
    nodes.extend(around(analysis).into_iter().filter(|node| node.label != title_of_manifest()));
    nodes
}

/// A bit for each of the 63 most referenced imports; all others share the last bit.
fn bits(analysis: &Analysis<'_>) -> BTreeMap<u32, u32> {
    let mut callers: BTreeMap<u32, u32> =
        (0..analysis.module.imported_functions).map(|index| (index, 0)).collect();
    for function in 0..analysis.scan.calls.len() as u32 {
        for target in analysis.scan.calls.of(function) {
            if let Some(count) = callers.get_mut(target) {
                *count += 1;
            }
        }
    }
    let mut most: Vec<(u32, u32)> = callers.into_iter().collect();
    most.sort_by_key(|&(index, count)| (std::cmp::Reverse(count), index));
    most.iter().zip(0..).map(|(&(index, _), bit): (_, u32)| (index, bit.min(63))).collect()
}

/// The imports that each function leads to, through any kind of call.
fn leads_to(analysis: &Analysis<'_>, bits: &BTreeMap<u32, u32>) -> Vec<u64> {
    let graph = &analysis.graph;
    let callers = graph.arrows.reversed(graph.len());
    let mut sets = vec![0_u64; graph.len()];
    let mut open = Vec::new();
    for (&index, &bit) in bits {
        sets[graph.function(index) as usize] = 1 << bit;
        open.push(graph.function(index));
    }
    // A set grows at most 64 times, so this terminates.
    while let Some(node) = open.pop() {
        for &caller in callers.of(node).iter().filter(|&&caller| caller != ROOT) {
            let more = sets[caller as usize] | sets[node as usize];
            if more != sets[caller as usize] && !matches!(graph.vertex(caller), Vertex::Piece(_)) {
                sets[caller as usize] = more;
                open.push(caller);
            }
        }
    }
    (0..analysis.module.functions.len() as u32).map(|index| sets[graph.function(index) as usize]).collect()
}

fn label(analysis: &Analysis<'_>, bits: &BTreeMap<u32, u32>, set: u64) -> String {
    if set == 0 {
        return "code that reaches no import".into();
    }
    let mut names: Vec<&str> = bits
        .iter()
        .filter(|&(_, &bit)| bit < 63 && set >> bit & 1 == 1)
        .filter_map(|(&index, _)| analysis.module.import_of(index))
        .map(|import| import.name)
        .collect();
    if set >> 63 == 1 {
        names.push("others");
    }
    let more = names.len().saturating_sub(8);
    names.truncate(8);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("reaches {}{more}", names.join(", "))
}

fn title_of_manifest() -> String {
    crate::module::Section::Custom(wagather_abi::manifest::SECTION).title()
}

/// The manifest: a line for each record, with its bytes.
fn manifest(analysis: &Analysis<'_>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let is_manifest =
        |kind: Kind<'_>| kind.section().is_some_and(|section| section.title() == title_of_manifest());
    for mut section in sections(analysis, is_manifest) {
        let records: Vec<Node> = analysis
            .module
            .customs
            .iter()
            .filter(|(name, _)| *name == wagather_abi::manifest::SECTION)
            .flat_map(|(_, contents)| contents.split_inclusive(|&byte| byte == b'\n'))
            .map(|line| {
                let text = String::from_utf8_lossy(line);
                Node::leaf(NodeKind::Contents, format!("declares: {}", text.trim_end()), line.len() as u64)
            })
            .collect();
        let declared: u64 = records.iter().map(|record| record.bytes).sum();
        let headers = section.bytes - declared;
        section = Node::of(
            NodeKind::Section,
            section.label,
            records
                .into_iter()
                .chain([Node::leaf(NodeKind::Header, "section header and name", headers)])
                .collect(),
        );
        nodes.push(section);
    }
    nodes
}
