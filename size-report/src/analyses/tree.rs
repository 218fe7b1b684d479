//! What every view is: a tree of labels with bytes, for text, JSON and pictures alike.

use serde::Serialize;

/// Some bytes of the file, and what they consist of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// What to call them.
    pub label: String,
    /// How many; with children, exactly the sum of theirs.
    pub bytes: u64,
    /// What sort of thing they are.
    pub kind: NodeKind,
    /// What they consist of, the largest first; empty if they are not divided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
}

/// What sort of thing a [`Node`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// The whole file.
    Module,
    /// A section, or several.
    Section,
    /// A section's identifier, length and count, or the file's first bytes.
    Header,
    /// An import.
    Import,
    /// An export.
    Export,
    /// The length, locals and instructions of one function.
    Function,
    /// Bytes of data segments.
    Data,
    /// A crate, package or namespace.
    Crate,
    /// A module within one.
    Namespace,
    /// A generic function and all its instantiations.
    Generic,
    /// What a view puts together: a kind of cost, or code with the same imports.
    Group,
    /// Contents of a section, as they are.
    Contents,
}

impl Node {
    /// Bytes that are not divided further.
    pub fn leaf(kind: NodeKind, label: impl Into<String>, bytes: u64) -> Node {
        Node { label: label.into(), bytes, kind, children: Vec::new() }
    }

    /// The sum of its children, which it sorts. Empty ones are left out.
    pub fn of(kind: NodeKind, label: impl Into<String>, mut children: Vec<Node>) -> Node {
        children.retain(|child| child.bytes > 0);
        children.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.label.cmp(&b.label)));
        let bytes = children.iter().map(|child| child.bytes).sum();
        Node { label: label.into(), bytes, kind, children }
    }

    /// Whether every node is the sum of its children, and the tree has `bytes` in all.
    pub fn adds_up_to(&self, bytes: u64) -> bool {
        fn adds_up(node: &Node) -> bool {
            let sum = node.children.iter().map(|child| child.bytes).sum::<u64>();
            (node.children.is_empty() || sum == node.bytes) && node.children.iter().all(adds_up)
        }
        self.bytes == bytes && adds_up(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_made_and_checked() {
        let leaf = |label: &str, bytes| Node::leaf(NodeKind::Function, label, bytes);
        let mut tree = Node::of(NodeKind::Module, "m", vec![leaf("a", 1), leaf("none", 0), leaf("b", 2)]);
        assert_eq!(tree.children.iter().map(|child| &*child.label).collect::<Vec<_>>(), ["b", "a"]);
        assert!(tree.adds_up_to(3) && !tree.adds_up_to(4));
        tree.children[0].bytes = 3;
        assert!(!tree.adds_up_to(3));
    }
}
