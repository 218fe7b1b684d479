//! The data structure of every view: a tree of labels with bytes, for text, JSON and pictures.

use serde::Serialize;

/// Some bytes of the file, and their parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Their label.
    pub label: String,
    /// Their number; with children, exactly the sum of the children's.
    pub bytes: u64,
    /// Their kind.
    pub kind: NodeKind,
    /// Their parts, the largest first; empty if they are not divided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
}

/// The kind of a [`Node`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// The whole file.
    Module,
    /// A section, or several.
    Section,
    /// A section's identifier, length and count, or the file's header.
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
    /// A module within a crate, package or namespace.
    Namespace,
    /// A generic function and all its instantiations.
    Generic,
    /// A group of a view: a purpose, or code with the same imports.
    Group,
    /// The undivided contents of a section.
    Contents,
}

impl Node {
    /// A node without children.
    pub fn leaf(kind: NodeKind, label: impl Into<String>, bytes: u64) -> Node {
        Node { label: label.into(), bytes, kind, children: Vec::new() }
    }

    /// A node with the sum of its children, which it sorts. It leaves out empty ones.
    pub fn of(kind: NodeKind, label: impl Into<String>, mut children: Vec<Node>) -> Node {
        children.retain(|child| child.bytes > 0);
        children.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.label.cmp(&b.label)));
        let bytes = children.iter().map(|child| child.bytes).sum();
        Node { label: label.into(), bytes, kind, children }
    }

    /// Whether every node is the sum of its children, and the whole tree has `bytes`.
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
