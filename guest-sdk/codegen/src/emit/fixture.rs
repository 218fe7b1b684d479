//! Test objects: exactly the selected fields, each with a plausible value. They are a starting point that tests
//! modify. Objects that are requested by name also have their name and namespace, because the fake host would not
//! find them otherwise.
//!
//! No value equals the default of an absent field (zero, empty, false), so a test notices whether it was read.

use crate::Plan;
use crate::plan::{Field, Planned, Type};
use serde_json::Value;
use std::fmt::Write as _;

/// A fixture file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// The file's name: `pods.json`.
    pub file: String,
    /// The path on the API server with this answer: `/api/v1/pods`.
    pub path: String,
    /// The list, as JSON.
    pub text: String,
}

/// The fixtures, one per resource. If a resource has several types, its fixture has the fields of all of them,
/// because its path has one answer.
pub fn fixtures(plan: &Plan) -> Vec<Fixture> {
    let mut trees: Vec<(String, String, Tree)> = Vec::new();
    for planned in &plan.resources {
        let (path, mut tree) = (path(planned), tree(plan, planned));
        if planned.get {
            tree.join(identity(planned));
        }
        match trees.iter_mut().find(|(_, known, _)| *known == path) {
            Some((_, _, known)) => known.join(tree),
            None => {
                let mut file = format!("{}.json", planned.resource.name());
                if trees.iter().any(|(known, _, _)| *known == file) {
                    // The same resource in another version, or in a single namespace.
                    file = format!("{}.{}.json", planned.resource.name(), planned.type_name);
                }
                trees.push((file, path, tree));
            }
        }
    }
    let text = |tree| Tree::List(Box::new(tree)).to_text() + "\n";
    trees.into_iter().map(|(file, path, tree)| Fixture { file, path, text: text(tree) }).collect()
}

/// One object, as JSON.
pub(crate) fn sample(plan: &Plan, planned: &Planned) -> String {
    tree(plan, planned).to_text()
}

/// The path of its lists.
fn path(planned: &Planned) -> String {
    let resource = &planned.resource;
    let root = if resource.group.is_empty() { "/api" } else { "/apis" };
    let namespace = planned.namespace.as_ref().map_or(String::new(), |name| format!("/namespaces/{name}"));
    format!("{root}/{}{namespace}/{}", resource.api_version(), resource.plural)
}

/// JSON with ordered fields.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tree {
    /// A value without parts, as JSON.
    Leaf(String),
    /// A list with one element.
    List(Box<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    fn text(text: &str) -> Tree {
        Tree::Leaf(Value::from(text).to_string())
    }

    fn object(fields: &[(&str, &str)]) -> Tree {
        Tree::Object(fields.iter().map(|(name, text)| ((*name).to_owned(), Tree::text(text))).collect())
    }

    /// Adds the fields that only the other object has.
    fn join(&mut self, other: Tree) {
        match (self, other) {
            (Tree::List(item), Tree::List(other)) => item.join(*other),
            (Tree::Object(fields), Tree::Object(others)) => {
                for (name, other) in others {
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, field)) => field.join(other),
                        None => fields.push((name, other)),
                    }
                }
            }
            _ => {}
        }
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(0, &mut text);
        text
    }

    fn write(&self, depth: usize, text: &mut String) {
        let indent = "  ".repeat(depth);
        match self {
            Tree::Leaf(leaf) => *text += leaf,
            Tree::List(item) => {
                let _ = write!(text, "[\n{indent}  ");
                item.write(depth + 1, text);
                let _ = write!(text, "\n{indent}]");
            }
            Tree::Object(fields) if fields.is_empty() => *text += "{}",
            Tree::Object(fields) => {
                for (index, (name, field)) in fields.iter().enumerate() {
                    let start = if index == 0 { "{" } else { "," };
                    let _ = write!(text, "{start}\n{indent}  {}: ", Value::from(&**name));
                    field.write(depth + 1, text);
                }
                let _ = write!(text, "\n{indent}}}");
            }
        }
    }
}

fn tree(plan: &Plan, planned: &Planned) -> Tree {
    let made = Making { plan, planned, path: Vec::new() };
    match plan.fields_of(planned) {
        Some(structure) => made.fields(&structure.fields),
        // For whole objects, only the common fields are known.
        None => {
            let mut tree = Tree::object(&[
                ("apiVersion", &planned.resource.api_version()),
                ("kind", &planned.resource.kind),
            ]);
            tree.join(identity(planned));
            tree
        }
    }
}

/// The fields that identify an object.
fn identity(planned: &Planned) -> Tree {
    let name = name_of(planned);
    let mut metadata = vec![("name", &*name)];
    if planned.resource.namespaced {
        metadata.push(("namespace", namespace_of(planned)));
    }
    Tree::Object(vec![("metadata".to_owned(), Tree::object(&metadata))])
}

fn name_of(planned: &Planned) -> String {
    format!("{}-1", planned.resource.kind.to_lowercase())
}

fn namespace_of(planned: &Planned) -> &str {
    planned.namespace.as_deref().unwrap_or("default")
}

/// The walk through the selected fields.
#[derive(Clone)]
struct Making<'a> {
    plan: &'a Plan,
    planned: &'a Planned,
    /// The names of the enclosing fields.
    path: Vec<&'a str>,
}

impl<'a> Making<'a> {
    fn fields(&self, fields: &'a [Field]) -> Tree {
        let one = |field: &'a Field| {
            let mut inner = self.clone();
            inner.path.push(&field.json);
            (field.json.clone(), inner.value(&field.of_type, &field.format))
        };
        Tree::Object(fields.iter().map(one).collect())
    }

    fn value(&self, of_type: &'a Type, format: &str) -> Tree {
        match of_type {
            Type::Text => Tree::text(&self.text(format)),
            Type::Boolean => Tree::Leaf("true".to_owned()),
            Type::Integer(_) => Tree::Leaf("1".to_owned()),
            Type::Float => Tree::Leaf("0.5".to_owned()),
            Type::IntOrString if self.is_named(&["max", "min", "percent"]) => Tree::text("25%"),
            Type::IntOrString if self.is_named(&["port"]) => Tree::Leaf("8080".to_owned()),
            Type::IntOrString => Tree::Leaf("1".to_owned()),
            Type::Quantity => Tree::text(self.quantity()),
            Type::Raw => Tree::Object(vec![("example".to_owned(), Tree::Leaf("true".to_owned()))]),
            Type::Enumeration(index) => {
                let values = &self.plan.enumerations[*index].values;
                Tree::text(values.iter().find(|value| !value.is_empty()).map_or("Example", String::as_str))
            }
            Type::Struct(index) => self.fields(&self.plan.structs[*index].fields),
            Type::List(inner) => Tree::List(Box::new(self.value(inner, format))),
            Type::Map(inner) => {
                let key = match (&**inner, self.last()) {
                    (Type::Quantity, _) | (_, "capacity" | "allocatable" | "requests" | "limits") => "cpu",
                    (_, "labels" | "matchLabels" | "selector" | "nodeSelector") => "app.kubernetes.io/name",
                    (_, "annotations") => "example.com/note",
                    _ => "example",
                };
                let mut inside = self.clone();
                inside.path.push(key);
                Tree::Object(vec![(key.to_owned(), inside.value(inner, format))])
            }
            Type::Option(inner) => self.value(inner, format),
        }
    }

    fn last(&self) -> &'a str {
        self.path.last().copied().unwrap_or_default()
    }

    fn is_named(&self, words: &[&str]) -> bool {
        let name = self.last().to_lowercase();
        words.iter().any(|word| name.contains(word))
    }

    fn quantity(&self) -> &'static str {
        match () {
            () if self.is_named(&["cpu"]) => "500m",
            () if self.is_named(&["memory", "storage", "bytes", "size"]) => "64Mi",
            () => "1",
        }
    }

    /// A value by the schema's format, by well-known names, or else the field's own name in lower case, which shows
    /// where a value went.
    fn text(&self, format: &str) -> String {
        let kind = self.planned.resource.kind.to_lowercase();
        let by_format = match format {
            "date-time" => "2024-05-02T11:00:00Z",
            "date" => "2024-05-02",
            "time" => "11:00:00Z",
            "duration" => "30s",
            // "example"
            "byte" => "ZXhhbXBsZQ==",
            "ip" | "ipv4" => "192.0.2.1",
            "ipv6" => "2001:db8::1",
            "cidr" => "192.0.2.0/24",
            "mac" => "00:00:5e:00:53:01",
            "uuid" | "uuid4" => "6f1b7d5c-0c2a-4a3e-9f57-1d2c3b4a5968",
            "uri" | "url" => "https://example.com/",
            "hostname" => "host.example.com",
            "email" => "someone@example.com",
            _ => "",
        };
        if !by_format.is_empty() {
            return by_format.to_owned();
        }
        let (parents, last) = self.path.split_at(self.path.len().saturating_sub(1));
        match (parents, *last.first().unwrap_or(&"")) {
            (["metadata"], "name") => name_of(self.planned),
            (["metadata"], "generateName") => format!("{kind}-"),
            (_, "namespace") => namespace_of(self.planned).to_owned(),
            ([.., "conditions"], "type") => "Available".to_owned(),
            ([.., "conditions"], "status") => "True".to_owned(),
            ([], "apiVersion") => self.planned.resource.api_version(),
            ([], "kind") => self.planned.resource.kind.clone(),
            (_, "uid") => "6f1b7d5c-0c2a-4a3e-9f57-1d2c3b4a5968".to_owned(),
            (_, "reason") => "Example".to_owned(),
            (_, "message") => "An example of a message.".to_owned(),
            (_, "image") => "registry.example.com/app:1.0".to_owned(),
            (_, "nodeName") => "node-1".to_owned(),
            (_, "resourceVersion") => "1".to_owned(),
            (_, "version") => "1.0.0".to_owned(),
            (_, "cpu" | "memory" | "storage") => self.quantity().to_owned(),
            (_, "name" | "key") => "example".to_owned(),
            (_, name) if name.contains(['.', '/']) => "example".to_owned(),
            (_, name) if name.ends_with("IP") || name.ends_with("IPs") || name == "ip" => {
                "192.0.2.1".to_owned()
            }
            (_, name) if name.to_lowercase().ends_with("url") => "https://example.com/".to_owned(),
            (_, name) => small(name),
        }
    }
}

/// `serviceAccountName` as `service-account-name`.
fn small(name: &str) -> String {
    let mut text = String::new();
    let mut was_small = false;
    for c in name.chars() {
        if c.is_uppercase() && was_small {
            text.push('-');
        }
        was_small = c.is_lowercase() || c.is_ascii_digit();
        text.extend(c.to_lowercase());
    }
    if text.is_empty() { "example".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_small() {
        for (name, value) in
            [("serviceAccountName", "service-account-name"), ("", "example"), ("hostPID", "host-pid")]
        {
            assert_eq!(small(name), value);
        }
    }

    #[test]
    fn objects_are_joined() {
        let field = |name: &str, tree: Tree| Tree::Object(vec![(name.to_owned(), tree)]);
        let mut tree = field("a", Tree::List(Box::new(Tree::object(&[("x", "1")]))));
        tree.join(field("a", Tree::List(Box::new(Tree::object(&[("x", "2"), ("y", "3")])))));
        tree.join(field("b", Tree::text("4")));
        let value: Value = serde_json::from_str(&tree.to_text()).expect("JSON");
        assert_eq!(value, serde_json::json!({"a": [{"x": "1", "y": "3"}], "b": "4"}));
    }
}
