//! Compares derived types with the schemas, field by field.

use super::names::{Integer, Rust, Typed};
use super::report::{Level, Message};
use super::source::{At, Sources};
use crate::plan::{self, what};
use crate::schema::{Fields, Resource, Schema, Schemas, Shape, View, some_of};
use std::collections::BTreeSet;
use syn::DeriveInput;
use wagather_syntax::{Parts, derives, json_name, rust_name};
use wagather_yaml::{listed, nearest, shown};

/// A limit above the number of fields in all resources of an API, for types and schemas that multiply each other.
const MAX_STEPS: usize = 200_000;

/// What is found.
pub(super) struct Found {
    pub(super) resources: usize,
    pub(super) fields: usize,
    pub(super) messages: Vec<Message>,
}

/// Checks all resources of a crate.
pub(super) fn check(sources: &mut Sources, schemas: &Schemas) -> Found {
    let mut resources = 0;
    let mut tellings = Vec::new();
    let mut fields = 0;
    for index in 0..sources.structs.len() {
        if derives(&sources.structs[index].input, "Resource") {
            resources += 1;
            let mut walk = Walk {
                sources,
                document: "",
                path: Vec::new(),
                open: Vec::new(),
                done: BTreeSet::new(),
                steps: 0,
                fields: 0,
                tellings: Vec::new(),
            };
            walk.resource(index, schemas);
            fields += walk.fields;
            tellings.extend(walk.tellings);
        }
    }
    for (at, level, path, text) in tellings {
        sources.tell(at, level, &path, text);
    }
    Found { resources, fields, messages: std::mem::take(&mut sources.messages) }
}

struct Walk<'a> {
    sources: &'a Sources,
    /// The document with the resource.
    document: &'a str,
    /// The current path: the resource's type, then field names of the API.
    path: Vec<String>,
    /// The enclosing structs, outermost first.
    open: Vec<usize>,
    /// The structs already compared with a definition.
    done: BTreeSet<(usize, String)>,
    steps: usize,
    fields: usize,
    tellings: Vec<(At, Level, String, String)>,
}

impl<'a> Walk<'a> {
    fn resource(&mut self, index: usize, schemas: &'a Schemas) {
        let input = &self.sources.structs[index].input;
        self.path = vec![input.ident.to_string()];
        let at = self.at_of(index, input.ident.span());
        let declared = match wagather_syntax::Resource::of(input) {
            Ok(declared) => declared,
            Err(error) => {
                return self.tell(self.at_of(index, error.span()), Level::Error, error.to_string());
            }
        };
        let said = input.attrs.iter().find(|attribute| attribute.path().is_ident("resource"));
        let at_resource = said.map_or(at, |said| self.at_of(index, said.path().segments[0].ident.span()));
        let known = match resource_of(&declared, schemas) {
            Ok(known) => known,
            Err(why) => return self.tell(at_resource, Level::Error, why),
        };
        for why in differences(&declared, known) {
            self.tell(at_resource, Level::Error, why);
        }
        self.document = &schemas.document_of(known).name;
        self.structure(index, at, schemas.schema_of(known));
    }

    fn at_of(&self, index: usize, span: proc_macro2::Span) -> At {
        Sources::at(self.sources.modules[self.sources.structs[index].module].file, span)
    }

    fn tell(&mut self, at: At, level: Level, text: impl Into<String>) {
        let mut path = String::new();
        for name in &self.path {
            let joint = if path.is_empty() || name == "[]" { "" } else { "." };
            path.push_str(joint);
            path.push_str(name);
        }
        self.tellings.push((at, level, path, text.into()));
    }

    /// Runs a step one level deeper.
    fn within(&mut self, name: &str, step: impl FnOnce(&mut Self)) {
        self.path.push(name.to_owned());
        step(self);
        self.path.pop();
    }

    /// Checks a struct for values of a schema.
    fn structure(&mut self, index: usize, at: At, schema: Schema<'a>) {
        let sources = self.sources;
        let input: &'a DeriveInput = &sources.structs[index].input;
        if !derives(input, "Fields") && !derives(input, "Resource") {
            let why = format!(
                "'{}' cannot be checked: it has no #[derive(Fields)], so its own code decodes it",
                input.ident
            );
            return self.tell(at, Level::Note, why);
        }
        if self.open.contains(&index) {
            let why = format!(
                "'{}' contains itself, so its field mask would not end: use json::Raw for the inner value",
                input.ident
            );
            return self.tell(at, Level::Error, why);
        }
        let parts = match Parts::of(input) {
            Ok(parts) => parts,
            Err(error) => {
                return self.tell(self.at_of(index, error.span()), Level::Error, error.to_string());
            }
        };
        let view = match schema.view() {
            Ok(view) => view,
            Err(why) => return self.tell(at, Level::Error, why),
        };
        if let Some(definition) = view.definition
            && !self.done.insert((index, definition.to_owned()))
        {
            return;
        }
        self.open.push(index);
        let module = sources.structs[index].module;
        match parts {
            Parts::Only(inner) => {
                let inner = sources.typed(inner, module);
                self.value(&inner, schema);
            }
            Parts::Named(fields) => {
                for field in fields {
                    let at = self.at_of(index, field.ident.span());
                    let below = self.field(&view, &field.name, at);
                    if let Some(schema) = below {
                        let typed = sources.typed(field.ty, module);
                        self.within(&field.name, |walk| walk.value(&typed, schema));
                    }
                }
            }
        }
        self.open.pop();
    }

    /// The schema of a field, if it exists.
    fn field(&mut self, view: &View<'a>, name: &str, at: At) -> Option<Schema<'a>> {
        match &view.shape {
            Shape::Map(values) => {
                self.fields += 1;
                Some(*values)
            }
            Shape::Object(fields) => {
                let found = fields.get(name);
                if found.is_some() {
                    self.fields += 1;
                } else if !fields.preserves_unknown {
                    let why = self.no_field(view, fields, name);
                    self.within(name, |walk| walk.tell(at, Level::Error, why));
                }
                found
            }
            // The schema does not describe it.
            _ => None,
        }
    }

    fn no_field(&self, view: &View<'_>, fields: &Fields<'_>, name: &str) -> String {
        let names = fields.names();
        let object = match view.definition.and_then(|definition| definition.rsplit('.').next()) {
            Some(definition) => definition.to_owned(),
            None => "this object".to_owned(),
        };
        let hint = match nearest(name, &names) {
            // For some JSON names, no Rust name is sufficient.
            Some(meant) if json_name(&rust_name(meant)) != meant => {
                format!("did you mean '{meant}', with #[field(name = \"{meant}\")]?")
            }
            Some(meant) => format!("did you mean '{meant}'?"),
            None => format!("there are {}", some_of(&names)),
        };
        format!("{object} has no field '{}'; {hint}", shown(name))
    }

    /// Checks a type for values of a schema.
    fn value(&mut self, typed: &Typed, schema: Schema<'a>) {
        self.steps += 1;
        if self.steps >= MAX_STEPS {
            if self.steps == MAX_STEPS {
                self.tell(typed.at, Level::Note, "too many fields: the remaining ones are not checked");
            }
            return;
        }
        if let Rust::Unknown(why) = &typed.is {
            return self.tell(typed.at, Level::Note, why.as_str());
        }
        let view = match schema.view() {
            Ok(view) => view,
            Err(why) => return self.tell(typed.at, Level::Error, why),
        };
        match (&typed.is, &view.shape) {
            (Rust::Anything, _) | (_, Shape::Anything) => {}
            (Rust::Struct(index), shape) => match self.only_of(*index) {
                Some(_) => self.structure(*index, typed.at, schema),
                None if matches!(shape, Shape::Object(_) | Shape::Map(_)) => {
                    self.structure(*index, typed.at, schema);
                }
                // Its schema is unknown, so it may be correct.
                None if !self.is_derived(*index) => self.structure(*index, typed.at, schema),
                None => {
                    let name = self.sources.structs[*index].input.ident.to_string();
                    self.misfit(typed.at, &view, &format!("the struct {name}"));
                }
            },
            (Rust::List(inner), Shape::Array(items)) => {
                self.within("[]", |walk| walk.value(inner, *items));
            }
            (Rust::Map(inner), Shape::Map(values)) => self.within("*", |walk| walk.value(inner, *values)),
            (Rust::Map(inner), Shape::Object(fields)) => {
                for (name, schema) in fields.iter() {
                    self.within(name, |walk| walk.value(inner, schema));
                }
            }
            (Rust::Text, Shape::Text { .. } | Shape::Quantity)
            | (Rust::Boolean, Shape::Boolean)
            | (Rust::Float(..), Shape::Number)
            | (Rust::IntOrString, Shape::IntOrString | Shape::Text { .. } | Shape::Quantity)
            | (Rust::Quantity, Shape::Quantity | Shape::IntOrString | Shape::Text { .. } | Shape::Number) => {
            }
            (Rust::IntOrString | Rust::Quantity, Shape::Integer(_)) => {}
            (Rust::Integer(integer), Shape::Integer(format)) => {
                self.range(typed.at, *integer, range_of(format, &view));
            }
            (Rust::Float(name, exact), Shape::Integer(format)) => {
                let (least, most) = range_of(format, &view);
                if least < -exact || most > *exact {
                    let why =
                        format!("the schema allows integers beyond {exact}, which {name} rounds; use i64");
                    self.tell(typed.at, Level::Warning, why);
                }
            }
            (is, _) => self.misfit(typed.at, &view, name_of(is)),
        }
    }

    /// The type whose JSON a struct has.
    fn only_of(&self, index: usize) -> Option<&'a syn::Type> {
        let sources = self.sources;
        match Parts::of(&sources.structs[index].input) {
            Ok(Parts::Only(inner)) => Some(inner),
            _ => None,
        }
    }

    fn is_derived(&self, index: usize) -> bool {
        let input = &self.sources.structs[index].input;
        derives(input, "Fields") || derives(input, "Resource")
    }

    fn range(&mut self, at: At, integer: Integer, (least, most): (i128, i128)) {
        let Integer { name, least: from, most: to } = integer;
        let mut beyond = Vec::new();
        if least < from {
            beyond.push(format!("below {from}"));
        }
        if most > to {
            beyond.push(format!("above {to}"));
        }
        if beyond.is_empty() {
            return;
        }
        let beyond: Vec<&str> = beyond.iter().map(String::as_str).collect();
        let fits = ["i32", "i64", "u64"].into_iter().find(|fits| {
            super::names::integer(fits).is_some_and(|fits| fits.least <= least && fits.most >= most)
        });
        let why = format!(
            "the schema allows numbers {}, which cannot be decoded as {name}; use {}",
            listed(&beyond),
            fits.unwrap_or("json::Raw")
        );
        self.tell(at, Level::Warning, why);
    }

    fn misfit(&mut self, at: At, view: &View<'_>, name: &str) {
        let wanted = match &view.shape {
            Shape::Text { format: "byte", .. } => "String, in base64",
            Shape::Text { .. } => "String",
            Shape::Integer("int32") => "i32",
            Shape::Integer(_) => "i64",
            Shape::Number => "f64",
            Shape::Boolean => "bool",
            Shape::IntOrString => "json::IntOrString",
            Shape::Quantity => "Quantity or String",
            Shape::Array(_) => "Vec",
            Shape::Map(_) => "json::Pairs, or a struct with the wanted keys",
            Shape::Object(_) => "a struct with #[derive(Fields)], or json::Raw",
            Shape::Anything => "json::Raw",
        };
        let why = format!(
            "the schema says {}, which cannot be decoded as {name}: write {wanted}",
            what(&view.shape)
        );
        self.tell(at, Level::Error, why);
    }
}

/// The declared resource.
fn resource_of<'s>(
    declared: &wagather_syntax::Resource,
    schemas: &'s Schemas,
) -> Result<&'s Resource, String> {
    let same = |known: &&Resource| known.group == declared.group && known.plural == declared.plural;
    let of_name: Vec<&Resource> = schemas.resources().iter().filter(same).collect();
    if let Some(found) = of_name.iter().find(|known| known.version == declared.version) {
        return Ok(found);
    }
    let name = match declared.group.as_str() {
        "" => declared.plural.clone(),
        group => format!("{}.{group}", declared.plural),
    };
    if !of_name.is_empty() {
        let versions: Vec<&str> = of_name.iter().map(|known| known.version.as_str()).collect();
        let versions = listed(&versions);
        return Err(format!(
            "the schemas have {name} in version {versions}, not in '{}'",
            shown(&declared.version)
        ));
    }
    let groups: Vec<&str> = schemas
        .resources()
        .iter()
        .filter(|known| known.plural == declared.plural)
        .map(|known| known.group.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    Err(match (&groups[..], schemas.find(&name)) {
        ([""], _) => format!("'{}' are in the core group: omit 'group'", declared.plural),
        ([group], _) => {
            format!("the schemas have no resource '{name}'; did you mean 'group = \"{group}\"'?")
        }
        (_, Err(why)) => why,
        (_, Ok(_)) => format!("the schemas have no resource '{name}'"),
    })
}

/// Differences between a resource's attribute and the schemas.
fn differences(declared: &wagather_syntax::Resource, known: &Resource) -> Vec<String> {
    let name = known.name();
    let mut found = Vec::new();
    if declared.kind != known.kind {
        found.push(format!(
            "the kind of {name} is {}, not {}: write 'kind = \"{}\"'",
            known.kind, declared.kind, known.kind
        ));
    }
    if declared.namespaced && !known.namespaced {
        found.push(format!("{name} are cluster-scoped: write 'cluster'"));
    }
    if !declared.namespaced && known.namespaced {
        found.push(format!("{name} are namespaced: write 'namespaced', or 'namespace = \"…\"'"));
    }
    if declared.get && !known.get {
        found.push(format!("{name} do not support get: omit the verb 'get'"));
    }
    if declared.list && !known.list {
        found.push(format!("{name} do not support list: change 'verbs(…)'"));
    }
    if declared.log && !known.log {
        found.push(format!("{name} have no logs: omit 'log'"));
    }
    found
}

/// The minimum and the maximum integer that a schema allows.
fn range_of(format: &str, view: &View<'_>) -> (i128, i128) {
    let format = plan::integer(format);
    let (least, most) = super::names::integer(format).map_or((0, 0), |integer| (integer.least, integer.most));
    // Numbers in JSON: beyond 2^53, a bound is not exact, and near no type's limit.
    let least = view.minimum.map_or(least, |minimum| least.max(minimum.ceil() as i128));
    let most = view.maximum.map_or(most, |maximum| most.min(maximum.floor() as i128));
    (least, most)
}

fn name_of(is: &Rust) -> &'static str {
    match is {
        Rust::Text => "String",
        Rust::Boolean => "bool",
        Rust::Integer(integer) => integer.name,
        Rust::Float(name, _) => name,
        Rust::Anything => "json::Raw",
        Rust::IntOrString => "json::IntOrString",
        Rust::Quantity => "Quantity",
        Rust::List(_) => "a Vec",
        Rust::Map(_) => "a map",
        Rust::Struct(_) => "a struct",
        Rust::Unknown(_) => "a type that is not known",
    }
}
