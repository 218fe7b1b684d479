//! The plan combines the declaration and the schemas: resources, and named Rust types.
//!
//! [`resolve`] finds each selected field, and [`names`] names the types. A plan has no open questions, so output made
//! from it cannot fail, and always agrees.

mod mask;
mod names;
mod resolve;
mod shape;

pub(crate) use resolve::{integer, what};

use crate::declaration::{Declaration, Described, Param};
use crate::schema::{Resource, Schemas};
use crate::{Error, schema};
use wagather_yaml::Mistakes;

/// What to generate.
#[derive(Debug)]
pub struct Plan {
    /// The gatherer's name.
    pub name: String,
    /// Its purpose.
    pub about: String,
    /// The declaration's file name.
    pub declaration: String,
    /// The sources of the schemas, one line each: `v1.json (Kubernetes 1.36)`.
    pub sources: Vec<String>,
    /// The resources, in the order of the declaration.
    pub resources: Vec<Planned>,
    /// The structs, each resource's before the next one's, outer ones before inner ones.
    pub structs: Vec<Struct>,
    /// The enumerations.
    pub enumerations: Vec<Enumeration>,
    /// Raw paths.
    pub paths: Vec<Described>,
    /// The archive entries that the gatherer writes.
    pub writes: Vec<Described>,
    /// The parameters that it takes.
    pub params: Vec<Param>,
    /// Whether the types are `pub`.
    pub public: bool,
    /// Whether the host decodes, into types that borrow.
    pub borrowed: bool,
}

/// A resource with everything that is known about it.
#[derive(Debug)]
pub struct Planned {
    /// The resource.
    pub resource: Resource,
    /// The Rust type.
    pub type_name: String,
    /// The name of its `Api`.
    pub api_name: String,
    /// The first sentence of its description in the schema.
    pub doc: String,
    /// The reason why it is read.
    pub why: String,
    /// Whether it gets single objects.
    pub get: bool,
    /// Whether it lists objects.
    pub list: bool,
    /// Whether it reads logs.
    pub log: bool,
    /// The namespace, if only one is read.
    pub namespace: Option<String>,
    /// The Rust form of its objects.
    pub body: Body,
    /// The mask of the selected fields.
    pub mask: String,
    /// Additional derives.
    pub derive: Vec<String>,
}

/// The Rust form of a resource's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// They are never decoded.
    Whole,
    /// The struct is the resource.
    Own(usize),
    /// It shares the fields of another struct.
    Like(usize),
}

/// A struct. [`Type::Struct`] has its index in [`Plan::structs`].
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its name.
    pub name: String,
    /// The first sentence of its description in the schema.
    pub doc: String,
    /// Its fields, in the order of the declaration.
    pub fields: Vec<Field>,
    /// Additional derives.
    pub derive: Vec<String>,
    /// The index of its resource, if it is one.
    pub resource: Option<usize>,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in JSON.
    pub json: String,
    /// Its name in Rust.
    pub rust: String,
    /// Its type.
    pub of_type: Type,
    /// The first sentence of its description in the schema.
    pub doc: String,
    /// The schema's format, if it adds to the type: `date-time`.
    pub format: String,
    /// Whether the schema requires it.
    pub required: bool,
}

/// A Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `String`.
    Text,
    /// `bool`.
    Boolean,
    /// An integer: `i32`, …
    Integer(&'static str),
    /// `f64`.
    Float,
    /// `json::IntOrString`.
    IntOrString,
    /// `quantity::Quantity`.
    Quantity,
    /// `json::Raw`.
    Raw,
    /// An enumeration of the plan.
    Enumeration(usize),
    /// A struct of the plan.
    Struct(usize),
    /// `Vec`.
    List(Box<Type>),
    /// `json::Pairs`.
    Map(Box<Type>),
    /// `Option`.
    Option(Box<Type>),
}

/// A string with known and possibly other values.
#[derive(Clone, Debug)]
pub struct Enumeration {
    /// Its name.
    pub name: String,
    /// The first sentence of the field's description in the schema.
    pub doc: String,
    /// The known values.
    pub values: Vec<String>,
    /// Additional derives.
    pub derive: Vec<String>,
}

impl Plan {
    /// Resolves a declaration.
    ///
    /// # Errors
    ///
    /// Everything that the schemas lack or define differently, each with its place in the declaration.
    pub fn new(declaration: &Declaration, schemas: &Schemas) -> Result<Plan, Error> {
        let mut mistakes = Mistakes::default();
        let plan = resolve::plan(declaration, schemas, &mut mistakes);
        let mistakes = mistakes.all();
        match plan {
            Some(plan) if mistakes.is_empty() => Ok(plan),
            _ => Err(Error::in_file(&declaration.file.display().to_string(), mistakes)),
        }
    }

    /// The struct with the fields of a resource's objects.
    pub fn fields_of(&self, planned: &Planned) -> Option<&Struct> {
        match planned.body {
            Body::Whole => None,
            Body::Own(index) | Body::Like(index) => self.structs.get(index),
        }
    }
}

impl Planned {
    /// The verbs, in alphabetical order.
    pub fn verbs(&self) -> Vec<&'static str> {
        wagather_abi::manifest::Verbs { get: self.get, list: self.list }.names().collect()
    }
}

/// The lines that say which documents were used.
fn sources(schemas: &Schemas, resources: &[Planned]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for planned in resources {
        let schema::Document { name, title, .. } = schemas.document_of(&planned.resource);
        let line = if title.is_empty() { name.clone() } else { format!("{name} ({title})") };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests;
