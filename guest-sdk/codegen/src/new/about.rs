//! The subject of a new gatherer: pods, or the objects of a CustomResourceDefinition.

use crate::plan::{Plan, Type};
use crate::{Error, schema};
use std::fmt::Write as _;
use std::path::Path;
use wagather_abi::manifest::is_name;
use wagather_yaml::{self as yaml, Node, listed, parse_all};

/// The maximum width of a line with available fields.
const MAX_HINT_CHARS: usize = 110;

/// A resource, and how its objects indicate problems.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct About {
    /// Its name in gather.yaml: `widgets.example.com`.
    pub(super) resource: String,
    group: String,
    version: String,
    plural: String,
    kind: String,
    namespaced: bool,
    /// Whether they have conditions in the form of the API conventions.
    has_conditions: bool,
    /// The available fields, as lines of a selection.
    fields: Vec<String>,
}

impl About {
    /// Pods, because every cluster has them.
    pub(super) fn pods() -> About {
        About {
            resource: "pods".to_owned(),
            group: String::new(),
            version: "v1".to_owned(),
            plural: "pods".to_owned(),
            kind: "Pod".to_owned(),
            namespaced: true,
            has_conditions: true,
            fields: Vec::new(),
        }
    }

    /// The only CustomResourceDefinition in a file.
    pub(super) fn of_definition(file: &Path, text: &str) -> Result<About, Error> {
        let mistake = |error| Error::in_file(&file.display().to_string(), vec![error]);
        let refused = |reason: &str| {
            let advice = "'kubectl get crd NAME.GROUP -o yaml' prints one";
            Error::of_file(file, format!("it must have one CustomResourceDefinition, and {reason}: {advice}"))
        };
        let explained = |error| mistake(schema::template::advice(text).unwrap_or(error));
        let documents = parse_all(text).map_err(explained)?;
        let is_definition = |node: &&Node| {
            node.get("kind").and_then(Node::text).is_some_and(|kind| kind == "CustomResourceDefinition")
        };
        let definitions: Vec<&Node> = documents.iter().flat_map(listed_in).filter(is_definition).collect();
        match definitions[..] {
            [] => Err(refused("has none")),
            [only] => About::of(only).map_err(explained),
            _ => {
                let name = |node: &&Node| node.get("metadata")?.get("name")?.text().map(str::to_owned);
                let names: Vec<String> = definitions.iter().filter_map(name).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Err(refused(&format!("has several, {}", listed(&names))))
            }
        }
    }

    fn of(definition: &Node) -> Result<About, yaml::Error> {
        let spec = key(definition, "spec")?;
        let names = key(spec, "names")?;
        let name = |node: &Node, what: &str| {
            let node = key(node, what)?;
            match node.expect_text(what)? {
                name if is_name(name) => Ok(name.to_owned()),
                _ => Err(node.error(format!("{what} is not a valid resource name"))),
            }
        };
        let (group, plural) = (name(spec, "group")?, name(names, "plural")?);
        let kind = key(names, "kind")?;
        let is_type = |kind: &&str| {
            kind.starts_with(|c: char| c.is_ascii_uppercase())
                && kind.chars().all(|c| c.is_ascii_alphanumeric())
        };
        let kind = kind.text().filter(is_type).ok_or_else(|| kind.error("kind is not a valid type name"))?;
        let scope = key(spec, "scope")?;
        let namespaced = match scope.text() {
            Some("Namespaced") => true,
            Some("Cluster") => false,
            _ => return Err(scope.error("scope must be Namespaced or Cluster")),
        };
        let versions = key(spec, "versions")?;
        let is_set = |node: &&Node, key: &str| node.get(key).and_then(Node::text) == Some("true");
        let served: Vec<&Node> =
            versions.expect_list("versions")?.iter().filter(|version| is_set(version, "served")).collect();
        // The stored version is the newest one, or about to become it.
        let stored = served.iter().find(|version| is_set(version, "storage")).or(served.first());
        let chosen = stored.ok_or_else(|| versions.error("no version is served ('served: false')"))?;
        let version = name(chosen, "name")?;
        let schema = chosen.get("schema").and_then(|schema| schema.get("openAPIV3Schema"));
        Ok(About {
            resource: match served[..] {
                [_] => format!("{plural}.{group}"),
                _ => format!("{plural}.{version}.{group}"),
            },
            has_conditions: schema.is_some_and(has_conditions),
            fields: schema.map(fields).unwrap_or_default(),
            kind: kind.to_owned(),
            group,
            version,
            plural,
            namespaced,
        })
    }

    /// The templates for the code and its tests.
    pub(super) fn code(&self) -> (&'static str, &'static str) {
        if self.has_conditions {
            (include_str!("templates/ready/lib.rs"), include_str!("templates/ready/tests.rs"))
        } else {
            (include_str!("templates/names/lib.rs"), include_str!("templates/names/tests.rs"))
        }
    }

    /// A template with its placeholders replaced.
    pub(super) fn filled(&self, template: &str, name: &str, sdk: &str, schemas: &str) -> String {
        let About { plural, kind, version, .. } = self;
        let path = match &*self.group {
            "" => format!("/api/{version}/{plural}"),
            group => format!("/apis/{group}/{version}/{plural}"),
        };
        let (about, why, fields, file, what) = match self.has_conditions {
            true => (
                format!("Finds the {plural} that are not ready."),
                "Their conditions say which are ready.",
                ", status.conditions[].{type, status}",
                "not-ready.json",
                "Those whose condition Ready is not True.",
            ),
            false => (
                format!("Lists the {plural} by name."),
                "Their names say which there are.",
                "",
                "names.json",
                "Their names.",
            ),
        };
        let mut hint = String::new();
        if !self.fields.is_empty() {
            hint += "  # There is:\n";
        }
        for line in &self.fields {
            let _ = writeln!(hint, "  #   {line}");
        }
        let in_namespace = |text: &'static str| if self.namespaced { text } else { "" };
        let words = [
            ("__about__", &*about),
            ("__fields__", fields),
            ("__file__", file),
            ("__hint__", &hint),
            ("__Kind__", kind),
            ("__mask__", in_namespace("namespace,")),
            ("__metadata__", if self.namespaced { "{namespace, name}" } else { "name" }),
            ("__name__", name),
            ("__namespace__", in_namespace("\"namespace\": \"shop\", ")),
            ("__path__", &path),
            ("__plural__", plural),
            ("__resource__", &self.resource),
            ("__schemas__", schemas),
            ("__sdk__", sdk),
            ("__what__", what),
            ("__why__", why),
            ("__written__", in_namespace("\"namespace\":\"shop\",")),
        ];
        let mut text = String::new();
        for line in template.lines() {
            let line = match line.strip_suffix(" // namespaced") {
                Some(_) if !self.namespaced => continue,
                Some(line) => line,
                None => line,
            };
            text += line;
            text.push('\n');
        }
        for (word, meant) in words {
            text = text.replace(word, meant);
        }
        text
    }
}

/// Adapts the code to the types of its fields: a string with known values has its own type.
pub(super) fn with_types(code: String, plan: &Plan) -> String {
    let has_type = |name: &str| {
        let mut fields = plan.structs.iter().flat_map(|made| &made.fields);
        fields.any(|field| field.json == name && matches!(field.of_type, Type::Enumeration(_)))
    };
    let text_of = |name| if has_type(name) { ".as_str()" } else { "" };
    code.replace("__of_type__", text_of("type")).replace("__of_status__", text_of("status"))
}

/// The objects of a list, or a single object.
fn listed_in(document: &Node) -> &[Node] {
    let items = document.get("items").and_then(|items| items.expect_list("items").ok());
    items.unwrap_or(std::slice::from_ref(document))
}

fn key<'a>(node: &'a Node, key: &str) -> Result<&'a Node, yaml::Error> {
    node.get(key).ok_or_else(|| node.error(format!("there is no {key}")))
}

/// A field of a schema; for a list, its elements.
fn field<'a>(schema: &'a Node, name: &str) -> Option<&'a Node> {
    schema.get("properties")?.get(name)
}

/// Whether `status.conditions` is a list of objects with a type and a status.
fn has_conditions(schema: &Node) -> bool {
    let is_text = |condition: &Node, name| {
        field(condition, name).and_then(|field| field.get("type")).and_then(Node::text) == Some("string")
    };
    let conditions = field(schema, "status").and_then(|status| field(status, "conditions"));
    let condition = conditions.and_then(|conditions| conditions.get("items"));
    condition.is_some_and(|condition| is_text(condition, "type") && is_text(condition, "status"))
}

/// The fields of the objects in the syntax of selections, one line each: `spec.{colour, parts[]}`.
fn fields(schema: &Node) -> Vec<String> {
    let known = fields_of(schema);
    let own = known.filter(|(name, _)| !matches!(&**name, "apiVersion" | "kind" | "metadata"));
    own.map(|(name, schema)| {
        let inner: Vec<String> = fields_of(schema).map(|(name, _)| name).collect();
        let line = if inner.is_empty() { name } else { format!("{name}.{{{}}}", inner.join(", ")) };
        let Some((end, _)) = line.char_indices().nth(MAX_HINT_CHARS) else { return line };
        let whole = line[..end].rsplit_once(',').map_or(&line[..end], |(whole, _)| whole);
        format!("{whole}, …")
    })
    .collect()
}

/// The fields of an object, with `[]` after lists.
fn fields_of(schema: &Node) -> impl Iterator<Item = (String, &Node)> {
    let properties = schema.get("properties").map(Node::entries).unwrap_or_default();
    properties.iter().filter_map(|(name, schema)| {
        let is_list = schema.get("type").and_then(Node::text) == Some("array");
        Some((format!("{}{}", name.text()?, if is_list { "[]" } else { "" }), schema))
    })
}
