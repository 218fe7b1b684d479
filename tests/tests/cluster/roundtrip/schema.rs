//! The listable resources and their fields, read from the server's documents without the generator's code, so both
//! cannot make the same mistake.
//!
//! It supports only the dialect that kube-apiserver publishes, and fails for anything else.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tests::apiserver::Server;

/// What every object has, and what no gatherer asks for: its type says it.
const TYPE_META: &[&str] = &["apiVersion", "kind"];

/// A resource that can be listed.
pub(super) struct Listed {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) kind: String,
    /// Where all of them are, in all namespaces.
    pub(super) path: String,
    /// All that there is, down to its scalars.
    pub(super) wanted: Wanted,
}

/// What is wanted of a value.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Scalar(Scalar),
    /// All of it, as it is: the schema does not say what it is, or is within itself.
    Raw,
    Object(Vec<Field>),
    List(Box<Wanted>),
    Map(Box<Wanted>),
}

#[derive(Clone, Debug)]
pub(super) enum Scalar {
    /// With its format and its known values.
    Text(String, Vec<String>),
    Integer(i64, i64),
    Float,
    Boolean,
    IntOrString,
    Quantity,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// Whether absent and empty are told apart.
    pub(super) optional: bool,
    pub(super) wanted: Wanted,
}

impl Listed {
    /// As `kubectl` takes it, with the version.
    pub(super) fn name(&self) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        format!("{}.{}{dot}{}", self.plural, self.version, self.group)
    }

    /// As objects have it.
    pub(super) fn api_version(&self) -> String {
        let slash = if self.group.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", self.group, self.version)
    }
}

impl Wanted {
    /// How many scalar values and raw parts it has.
    pub(super) fn leaves(&self) -> usize {
        match self {
            Wanted::Scalar(_) | Wanted::Raw => 1,
            Wanted::Object(fields) => fields.iter().map(|field| field.wanted.leaves()).sum(),
            Wanted::List(inner) | Wanted::Map(inner) => inner.leaves(),
        }
    }

    /// As a declaration has it.
    pub(super) fn selection(&self) -> String {
        let Wanted::Object(fields) = self else { panic!("only objects have fields") };
        let fields: Vec<String> = fields.iter().map(Field::selection).collect();
        fields.join(", ")
    }
}

impl Field {
    fn selection(&self) -> String {
        let mut lists = String::new();
        let mut wanted = &self.wanted;
        while let Wanted::List(inner) = wanted {
            lists.push_str("[]");
            wanted = inner;
        }
        let optional = if self.optional { "?" } else { "" };
        format!("{}{lists}{optional}{}", self.name, below(wanted))
    }
}

fn below(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Scalar(_) | Wanted::Raw => String::new(),
        Wanted::Object(_) => format!(".{{{}}}", wanted.selection()),
        Wanted::Map(values) => {
            let star = Field { name: "*".to_owned(), optional: false, wanted: (**values).clone() };
            format!(".{}", star.selection())
        }
        Wanted::List(_) => unreachable!("lists are written with the name"),
    }
}

/// The server's documents by the path that each is about (`api/v1`), as they came.
pub(super) fn documents(server: &Server) -> BTreeMap<String, Vec<u8>> {
    let index = server.get("/openapi/v3");
    let paths = index["paths"].as_object().expect("the index of the documents");
    let read = |(name, place): (&String, &Value)| {
        let target = place["serverRelativeURL"].as_str().expect("a document's place");
        let answer = server.admin().get(target);
        assert_eq!(answer.status, 200, "{target}");
        (name.clone(), answer.body)
    };
    paths.iter().map(read).collect()
}

/// Everything of a document that can be listed.
pub(super) fn listed(document: &Value) -> Vec<Listed> {
    let none = Map::new();
    let definitions = document.pointer("/components/schemas").and_then(Value::as_object).unwrap_or(&none);
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let get = &operations["get"];
        // In one namespace, and the old way to watch.
        let is_other = path.contains("{namespace}") || path.contains("/watch/");
        if get["x-kubernetes-action"] != "list" || is_other {
            continue;
        }
        let of_kind = &get["x-kubernetes-group-version-kind"];
        let mut objects = definitions.iter().filter(|(_, schema)| {
            let kinds = schema["x-kubernetes-group-version-kind"].as_array();
            kinds.is_some_and(|kinds| kinds.len() == 1 && kinds[0] == *of_kind)
        });
        let (Some((name, _)), None) = (objects.next(), objects.next()) else {
            panic!("{path}: there is no one schema of {of_kind}")
        };
        let text = |key: &str| of_kind[key].as_str().expect("a name").to_owned();
        found.push(Listed {
            group: text("group"),
            version: text("version"),
            kind: text("kind"),
            plural: path.rsplit('/').next().expect("a plural").to_owned(),
            path: path.clone(),
            wanted: wanted(definitions, name),
        });
    }
    found
}

fn wanted(definitions: &Map<String, Value>, name: &str) -> Wanted {
    let walk = Walk { definitions };
    let Wanted::Object(mut fields) = walk.definition(name, &mut Vec::new(), name) else {
        panic!("{name} has no fields")
    };
    fields.retain(|field| !TYPE_META.contains(&&*field.name));
    // The host gives an object's managed fields to nobody, and the generator refuses them.
    let metadata = fields.iter_mut().find(|field| field.name == "metadata").map(|field| &mut field.wanted);
    if let Some(Wanted::Object(metadata)) = metadata {
        metadata.retain(|field| field.name != "managedFields");
    }
    Wanted::Object(fields)
}

struct Walk<'a> {
    definitions: &'a Map<String, Value>,
}

impl Walk<'_> {
    /// `place` is where it is: the definition around it and the fields within that.
    fn value(&self, schema: &Value, open: &mut Vec<String>, place: &str) -> Wanted {
        let reference = match schema["allOf"].as_array().map(Vec::as_slice) {
            Some([only]) => &only["$ref"],
            Some(_) => panic!("{place}: more than one schema at once"),
            None => &schema["$ref"],
        };
        match reference.as_str() {
            Some(reference) => {
                let name =
                    reference.strip_prefix("#/components/schemas/").expect("a schema of this document");
                self.definition(name, open, name)
            }
            None => self.inline(schema, open, place),
        }
    }

    fn definition(&self, name: &str, open: &mut Vec<String>, place: &str) -> Wanted {
        if name.ends_with(".api.resource.Quantity") {
            return Wanted::Scalar(Scalar::Quantity);
        }
        if open.iter().any(|outer| outer == name) {
            return Wanted::Raw;
        }
        open.push(name.to_owned());
        let wanted = self.inline(&self.definitions[name], open, place);
        open.pop();
        wanted
    }

    fn inline(&self, schema: &Value, open: &mut Vec<String>, place: &str) -> Wanted {
        let format = schema["format"].as_str().unwrap_or_default();
        if format == "int-or-string" || schema["x-kubernetes-int-or-string"] == true {
            return Wanted::Scalar(Scalar::IntOrString);
        }
        let Some(of_type) = schema.get("type") else {
            let choices = ["oneOf", "anyOf", "properties"].iter().any(|key| schema.get(key).is_some());
            assert!(!choices, "{place}: a schema of a kind that this test does not know: {schema}");
            return Wanted::Raw;
        };
        Wanted::Scalar(match of_type.as_str().expect("one type") {
            "string" => {
                let values = schema["enum"].as_array().into_iter().flatten();
                let values = values.map(|value| value.as_str().expect("a text").to_owned());
                Scalar::Text(format.to_owned(), values.collect())
            }
            "boolean" => Scalar::Boolean,
            "number" => Scalar::Float,
            "integer" if format == "int32" => Scalar::Integer(i32::MIN.into(), i32::MAX.into()),
            "integer" => Scalar::Integer(i64::MIN, i64::MAX),
            "array" => {
                let items = self.value(&schema["items"], open, &format!("{place}[]"));
                return Wanted::List(Box::new(items));
            }
            "object" => return self.object(schema, open, place),
            other => panic!("{place}: there is no type {other}"),
        })
    }

    fn object(&self, schema: &Value, open: &mut Vec<String>, place: &str) -> Wanted {
        let Some(properties) = schema["properties"].as_object() else {
            return match &schema["additionalProperties"] {
                Value::Null | Value::Bool(_) => Wanted::Raw,
                values => Wanted::Map(Box::new(self.value(values, open, &format!("{place}.*")))),
            };
        };
        let field = |(name, schema): (&String, &Value)| {
            let place = format!("{place}.{name}");
            let wanted = self.value(schema, open, &place);
            Field { name: name.clone(), optional: is_marked(&place, &wanted), wanted }
        };
        Wanted::Object(properties.iter().map(field).collect())
    }
}

/// Scalars are always marked as optional; of what holds others every second one is, by its place: both ways are to be seen, and one
/// type is wanted in one way.
fn is_marked(place: &str, wanted: &Wanted) -> bool {
    let sum: u32 = place.bytes().map(u32::from).sum();
    matches!(wanted, Wanted::Scalar(_) | Wanted::Raw) || sum.is_multiple_of(2)
}
