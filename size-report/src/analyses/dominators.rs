//! Immediate dominators, by Lengauer and Tarjan, "A fast algorithm for finding dominators in a flowgraph" (1979): the
//! simple version, without recursion, because a call graph can be as deep as the module is long.

use crate::module::Adjacency;

/// The immediate dominator of each node: the last node that every path from `root` to it passes. The root is its own
/// dominator; an unreachable node has none.
pub fn dominators(successors: &Adjacency, root: u32) -> Vec<Option<u32>> {
    let count = successors.len();
    const NONE: u32 = u32::MAX;
    // The nodes in depth-first order; `number` is the inverse.
    let mut order: Vec<u32> = Vec::new();
    let mut number = vec![NONE; count];
    let mut parent = vec![NONE; count];
    let mut stack = vec![(root, root)];
    while let Some((node, from)) = stack.pop() {
        if number[node as usize] != NONE {
            continue;
        }
        number[node as usize] = order.len() as u32;
        parent[node as usize] = from;
        order.push(node);
        let open = successors.of(node).iter().filter(|&&next| number[next as usize] == NONE);
        stack.extend(open.map(|&next| (next, node)));
    }

    let predecessors = successors.reversed(count);
    let mut semi = number.clone();
    let mut label: Vec<u32> = (0..count as u32).collect();
    let mut ancestor = vec![NONE; count];
    let mut dominator = vec![NONE; count];
    // For each node, the nodes whose semidominator it is, as lists linked through `next_in_bucket`.
    let (mut bucket, mut next_in_bucket) = (vec![NONE; count], vec![NONE; count]);
    let mut path = Vec::new();
    for &node in order.iter().skip(1).rev() {
        for &from in predecessors.of(node).iter().filter(|&&from| number[from as usize] != NONE) {
            let best = evaluate(from, &mut ancestor, &mut label, &semi, &mut path);
            semi[node as usize] = semi[node as usize].min(semi[best as usize]);
        }
        let of = order[semi[node as usize] as usize] as usize;
        next_in_bucket[node as usize] = bucket[of];
        bucket[of] = node;
        let up = parent[node as usize];
        ancestor[node as usize] = up;
        let mut waiting = std::mem::replace(&mut bucket[up as usize], NONE);
        while waiting != NONE {
            let best = evaluate(waiting, &mut ancestor, &mut label, &semi, &mut path);
            let is_earlier = semi[best as usize] < semi[waiting as usize];
            dominator[waiting as usize] = if is_earlier { best } else { up };
            waiting = next_in_bucket[waiting as usize];
        }
    }
    for &node in order.iter().skip(1) {
        if dominator[node as usize] != order[semi[node as usize] as usize] {
            dominator[node as usize] = dominator[dominator[node as usize] as usize];
        }
    }
    dominator[root as usize] = root;
    dominator.into_iter().map(|node| (node != NONE).then_some(node)).collect()
}

/// The node with the smallest semidominator among a node and its ancestors in the forest, except the root. This
/// compresses the path.
fn evaluate(node: u32, ancestor: &mut [u32], label: &mut [u32], semi: &[u32], path: &mut Vec<u32>) -> u32 {
    if ancestor[node as usize] == u32::MAX {
        return node;
    }
    path.clear();
    let mut at = node;
    while ancestor[ancestor[at as usize] as usize] != u32::MAX {
        path.push(at);
        at = ancestor[at as usize];
    }
    while let Some(at) = path.pop() {
        let up = ancestor[at as usize] as usize;
        if semi[label[up] as usize] < semi[label[at as usize] as usize] {
            label[at as usize] = label[up];
        }
        ancestor[at as usize] = ancestor[up];
    }
    label[node as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::AdjacencyBuilder;

    fn graph(edges: &[&[u32]]) -> Adjacency {
        let mut builder = AdjacencyBuilder::default();
        for targets in edges {
            targets.iter().for_each(|&target| builder.push(target));
            builder.end_source();
        }
        builder.finish()
    }

    /// The definition: a dominates b if every path to b passes a; the nearest such node is immediate.
    fn by_definition(graph: &Adjacency) -> Vec<Option<u32>> {
        let reached = |without: Option<u32>| {
            let mut seen = vec![false; graph.len()];
            let mut stack = vec![0];
            while let Some(node) = stack.pop() {
                if Some(node) != without && !std::mem::replace(&mut seen[node as usize], true) {
                    stack.extend(graph.of(node));
                }
            }
            seen
        };
        let all = reached(None);
        let without: Vec<Vec<bool>> = (0..graph.len() as u32).map(|node| reached(Some(node))).collect();
        let dominates = |a: usize, b: usize| a != b && all[b] && !without[a][b];
        (0..graph.len())
            .map(|node| match node {
                0 => Some(0),
                _ => (0..graph.len()).find(|&a| {
                    dominates(a, node)
                        && (0..graph.len()).all(|b| b == a || !dominates(b, node) || dominates(b, a))
                }),
            })
            .map(|found| found.map(|node| node as u32))
            .collect()
    }

    #[test]
    fn diamonds_loops_and_islands() {
        let graph = graph(&[&[1, 2], &[3], &[3], &[4], &[3, 5], &[], &[5]]);
        let expected = [Some(0), Some(0), Some(0), Some(0), Some(3), Some(4), None];
        assert_eq!(dominators(&graph, 0), expected);
    }

    #[test]
    fn random_graphs_agree_with_the_definition() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 16) as usize % below
        };
        for _ in 0..500 {
            let count = 1 + next(14);
            let edges: Vec<Vec<u32>> =
                (0..count).map(|_| (0..next(4)).map(|_| next(count) as u32).collect()).collect();
            let graph = graph(&edges.iter().map(|targets| &targets[..]).collect::<Vec<_>>());
            assert_eq!(dominators(&graph, 0), by_definition(&graph), "{edges:?}");
        }
    }

    #[test]
    fn a_chain_as_deep_as_a_large_module_is_no_recursion() {
        let mut builder = AdjacencyBuilder::default();
        for node in 1..=300_000 {
            builder.push(node);
            builder.end_source();
        }
        builder.end_source();
        assert_eq!(dominators(&builder.finish(), 0)[300_000], Some(299_999));
    }
}
