//! The wanted fields as a tree: the compiled form of a mask's text.
//!
//! For each key of an object, a node gives the node of that key's value. So "keep all", "keep
//! these" and "keep all but these" are of one kind, and to join or intersect two masks is
//! to join or intersect the nodes.

use wagather_abi::mask::{Event, MaskError, events};

/// Up to this many names are compared one by one.
const FEW_NAMES: usize = 16;

/// What to keep of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Nothing.
    Drop,
    /// Nothing. If the field is there, that is [noted](super::ListReader::hidden) under this number.
    Hide(u16),
    /// The whole value.
    Keep,
    /// These keys of an object. An array is treated like each of its elements.
    Fields(Box<Fields>),
}

/// What to keep of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The keys that are named, sorted.
    named: Vec<(Box<str>, Node)>,
    /// What to keep of every other key.
    others: Node,
    /// Whether any of it keeps something. Otherwise it is only searched for hidden fields.
    keeps: bool,
}

impl Node {
    /// Compiles a mask's text.
    pub fn parse(text: &str) -> std::result::Result<Node, MaskError> {
        let mut stack = vec![Fields::new(Vec::new(), Node::Drop)];
        let mut names: Vec<&str> = Vec::new();
        let mut last: Option<&str> = None;
        for event in events(text) {
            match event? {
                Event::Field(name) => {
                    put(&mut stack, last.take(), Node::Keep);
                    last = Some(name);
                }
                Event::Enter => {
                    names.extend(last.take());
                    stack.push(Fields::new(Vec::new(), Node::Drop));
                }
                Event::Leave => {
                    put(&mut stack, last.take(), Node::Keep);
                    if let Some(fields) = stack.pop() {
                        put(&mut stack, names.pop(), fields.into_node());
                    }
                }
            }
        }
        put(&mut stack, last, Node::Keep);
        Ok(stack.pop().map_or(Node::Drop, Fields::into_node))
    }

    /// What to keep of the value of a key. For arrays and scalars, see [`object`](super::object).
    pub fn get(&self, key: &str) -> &Node {
        self.of(key.as_bytes())
    }

    /// The same for a key as the server sent it.
    #[inline]
    pub(super) fn of(&self, key: &[u8]) -> &Node {
        match self {
            Node::Drop | Node::Keep | Node::Hide(_) => self,
            Node::Fields(fields) => fields.get(key),
        }
    }

    /// Whether it keeps anything.
    #[inline]
    pub fn keeps(&self) -> bool {
        match self {
            Node::Drop | Node::Hide(_) => false,
            Node::Keep => true,
            Node::Fields(fields) => fields.keeps,
        }
    }

    /// Keeps what either of them keeps.
    pub fn union(&self, other: &Node) -> Node {
        match (self, other) {
            (Node::Keep, _) | (_, Node::Keep) => Node::Keep,
            (Node::Drop, node) | (node, Node::Drop) => node.clone(),
            (Node::Hide(_), node) | (node, Node::Hide(_)) => node.clone(),
            (Node::Fields(a), Node::Fields(b)) => a.merge(b, Node::union),
        }
    }

    /// Keeps what both keep.
    pub fn intersect(&self, other: &Node) -> Node {
        match (self, other) {
            (Node::Drop, _) | (_, Node::Drop) => Node::Drop,
            (Node::Hide(number), _) | (_, Node::Hide(number)) => Node::Hide(*number),
            (Node::Keep, node) | (node, Node::Keep) => node.clone(),
            (Node::Fields(a), Node::Fields(b)) => a.merge(b, Node::intersect),
        }
    }

    /// Keeps what this keeps, without the field at the path.
    pub fn without(&self, path: &[&str]) -> Node {
        self.with_at(path, Node::Drop)
    }

    /// The same, and notes under the number that an object had the field.
    pub fn hiding(&self, path: &[&str], number: u16) -> Node {
        self.with_at(path, Node::Hide(number))
    }

    fn with_at(&self, path: &[&str], leaf: Node) -> Node {
        let keep_but = path
            .iter()
            .rev()
            .fold(leaf, |inner, key| Fields::new(vec![((*key).into(), inner)], Node::Keep).into_node());
        self.intersect(&keep_but)
    }

    /// The top-level keys that it names and keeps something of.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Node)> {
        let named = if let Node::Fields(fields) = self { &*fields.named } else { &[] };
        named.iter().filter(|(_, node)| node.keeps()).map(|(key, node)| (&**key, node))
    }
}

/// Adds a field to the innermost mask. A field that is named twice keeps what either keeps.
fn put(stack: &mut [Fields], name: Option<&str>, node: Node) {
    let (Some(fields), Some(name)) = (stack.last_mut(), name) else { return };
    if name == "*" {
        fields.others = fields.others.union(&node);
        return;
    }
    match fields.named.binary_search_by(|(key, _)| (**key).cmp(name)) {
        Ok(index) => fields.named[index].1 = fields.named[index].1.union(&node),
        Err(index) => fields.named.insert(index, (name.into(), node)),
    }
}

impl Fields {
    fn new(named: Vec<(Box<str>, Node)>, others: Node) -> Fields {
        Fields { named, others, keeps: true }
    }

    fn get(&self, key: &[u8]) -> &Node {
        // The length alone distinguishes most keys from a few names.
        let found = if self.named.len() <= FEW_NAMES {
            self.named.iter().find(|(name, _)| name.as_bytes() == key)
        } else {
            let found = self.named.binary_search_by(|(name, _)| name.as_bytes().cmp(key));
            found.ok().map(|index| &self.named[index])
        };
        found.map_or(&self.others, |(_, node)| node)
    }

    /// The one form of a mask. A named field has its own mask, whatever `*` says.
    fn into_node(mut self) -> Node {
        if self.others == Node::Keep && self.named.iter().all(|(_, node)| *node == Node::Keep) {
            return Node::Keep;
        }
        if self.others == Node::Drop && self.named.iter().all(|(_, node)| *node == Node::Drop) {
            return Node::Drop;
        }
        self.named.retain(|(_, node)| *node != self.others);
        self.keeps = self.others.keeps() || self.named.iter().any(|(_, node)| node.keeps());
        Node::Fields(Box::new(self))
    }

    fn merge(&self, other: &Fields, how: fn(&Node, &Node) -> Node) -> Node {
        let mut keys: Vec<&str> = self.named.iter().chain(&other.named).map(|(key, _)| &**key).collect();
        keys.sort_unstable();
        keys.dedup();
        let named = keys
            .into_iter()
            .map(|key| (key.into(), how(self.get(key.as_bytes()), other.get(key.as_bytes()))))
            .collect();
        Fields::new(named, how(&self.others, &other.others)).into_node()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Node {
        Node::parse(text).expect(text)
    }

    fn kept(node: &Node, path: &[&str]) -> Node {
        path.iter().fold(node.clone(), |node, key| node.get(key).clone())
    }

    #[test]
    fn text_becomes_a_tree() {
        let node = parse("metadata(name,labels(app)),status");
        assert_eq!(kept(&node, &["metadata", "name"]), Node::Keep);
        assert_eq!(kept(&node, &["metadata", "labels", "app"]), Node::Keep);
        assert_eq!(kept(&node, &["metadata", "labels", "other"]), Node::Drop);
        assert_eq!(kept(&node, &["status", "phase"]), Node::Keep);
        assert_eq!(kept(&node, &["spec"]), Node::Drop);
        assert_eq!(parse("*"), Node::Keep);
        assert_eq!(kept(&parse("data(*(name))"), &["data", "anything", "name"]), Node::Keep);
    }

    #[test]
    fn a_field_named_twice_keeps_both_parts() {
        let node = parse("a(b),a(c)");
        assert_eq!(kept(&node, &["a", "b"]), Node::Keep);
        assert_eq!(kept(&node, &["a", "c"]), Node::Keep);
        assert_eq!(parse("a(b),a"), parse("a"));
    }

    #[test]
    fn union_intersection_and_removal_agree_with_each_key() {
        let a = parse("x(a,b),y");
        let b = parse("x(b,c),z");
        for path in [&["x", "a"][..], &["x", "b"], &["x", "c"], &["y"], &["z"], &["w"]] {
            let (in_a, in_b) = (kept(&a, path) == Node::Keep, kept(&b, path) == Node::Keep);
            assert_eq!(kept(&a.union(&b), path) == Node::Keep, in_a || in_b, "{path:?}");
            assert_eq!(kept(&a.intersect(&b), path) == Node::Keep, in_a && in_b, "{path:?}");
        }
        let without = Node::Keep.without(&["metadata", "managedFields"]);
        assert_eq!(kept(&without, &["metadata", "managedFields"]), Node::Drop);
        assert_eq!(kept(&without, &["metadata", "name"]), Node::Keep);
        assert_eq!(kept(&without, &["spec"]), Node::Keep);
        assert_eq!(parse("metadata(managedFields)").without(&["metadata", "managedFields"]), Node::Drop);
    }

    #[test]
    fn what_is_hidden_keeps_as_little_as_what_is_dropped() {
        let hidden = parse("spec(env),status").hiding(&["spec", "env"], 3);
        assert_eq!(kept(&hidden, &["spec", "env"]), Node::Hide(3));
        assert_eq!(kept(&hidden, &["spec", "env", "name"]), Node::Hide(3));
        assert!(!hidden.get("spec").keeps() && hidden.get("status").keeps() && hidden.keeps());
        assert_eq!(
            parse("status").hiding(&["spec", "env"], 3),
            parse("status"),
            "nothing is hidden of what is not kept"
        );
        assert_eq!(hidden.union(&parse("spec(env)")), parse("spec(env),status"));
        assert_eq!(hidden.hiding(&["spec"], 4).hiding(&["spec", "env"], 5).get("spec"), &Node::Hide(4));
        assert_eq!(hidden.names().map(|(key, _)| key).collect::<Vec<_>>(), ["status"]);
    }
}
