//! The declaration and the schemas together: resources, and Rust types with names.
//!
//! [`resolve`] finds what each wanted field is, [`names`] what to call the types. A plan has no question left, so that
//! what is emitted of it cannot fail, and cannot differ.

mod mask;
mod names;
mod resolve;

pub(crate) use resolve::{integer, what};

use crate::declaration::{Declaration, Described, Param};
use crate::schema::{Resource, Schemas};
use crate::{Error, schema};
use wagather_yaml::Mistakes;

/// What is to be made.
#[derive(Debug)]
pub struct Plan {
    /// The gatherer's name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The declaration's file name.
    pub declaration: String,
    /// What the schemas are from, a line each: `v1.json (Kubernetes 1.36)`.
    pub sources: Vec<String>,
    /// The resources, in the order of the declaration.
    pub resources: Vec<Planned>,
    /// The structs, each resource's before the next one's, outer ones before inner ones.
    pub structs: Vec<Struct>,
    /// The enumerations.
    pub enumerations: Vec<Enumeration>,
    /// Raw paths.
    pub paths: Vec<Described>,
    /// The entries that the gatherer writes.
    pub writes: Vec<Described>,
    /// The parameters that it takes.
    pub params: Vec<Param>,
    /// Whether the types are everybody's.
    pub public: bool,
    /// Whether the host decodes, into types that borrow.
    pub borrowed: bool,
}

/// A resource with all that there is to know of it.
#[derive(Debug)]
pub struct Planned {
    /// The resource.
    pub resource: Resource,
    /// The Rust type.
    pub type_name: String,
    /// The name of its `Api`.
    pub api_name: String,
    /// The first sentence that the schema has about it.
    pub doc: String,
    /// Why it is wanted.
    pub why: String,
    /// Whether single objects are asked for.
    pub get: bool,
    /// Whether lists are.
    pub list: bool,
    /// Whether logs are.
    pub log: bool,
    /// The only namespace, if it is only one.
    pub namespace: Option<String>,
    /// What its objects are.
    pub body: Body,
    /// The mask of the wanted fields.
    pub mask: String,
    /// Traits beside those that it needs.
    pub derive: Vec<String>,
}

/// What a resource's objects are in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// They are never decoded.
    Whole,
    /// The struct is the resource.
    Own(usize),
    /// It has the fields of a struct that others have as well.
    Like(usize),
}

/// A struct. Its index in [`Plan::structs`] is what [`Type::Struct`] says.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its name.
    pub name: String,
    /// The first sentence that the schema has about it.
    pub doc: String,
    /// Its fields, in the order of the declaration.
    pub fields: Vec<Field>,
    /// Traits beside those that it needs.
    pub derive: Vec<String>,
    /// The resource that it is, by its index.
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
    /// The first sentence that the schema has about it.
    pub doc: String,
    /// The schema's format, where it says more than the type: `date-time`.
    pub format: String,
    /// Whether the schema says that it must be there.
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

/// A text with values that are known, and others.
#[derive(Clone, Debug)]
pub struct Enumeration {
    /// Its name.
    pub name: String,
    /// The first sentence that the schema has about the field.
    pub doc: String,
    /// The known values.
    pub values: Vec<String>,
    /// Traits beside those that it needs.
    pub derive: Vec<String>,
}

impl Plan {
    /// Finds out what a declaration means.
    ///
    /// # Errors
    ///
    /// Everything that the schemas do not have, or have otherwise, each with its place in the declaration.
    pub fn new(declaration: &Declaration, schemas: &Schemas) -> Result<Plan, Error> {
        let mut mistakes = Mistakes::default();
        let plan = resolve::plan(declaration, schemas, &mut mistakes);
        let mistakes = mistakes.all();
        match plan {
            Some(plan) if mistakes.is_empty() => Ok(plan),
            _ => Err(Error::in_file(&declaration.file.display().to_string(), mistakes)),
        }
    }

    /// The struct that holds the fields of a resource's objects.
    pub fn fields_of(&self, planned: &Planned) -> Option<&Struct> {
        match planned.body {
            Body::Whole => None,
            Body::Own(index) | Body::Like(index) => self.structs.get(index),
        }
    }
}

impl Planned {
    /// The verbs that are asked with, in alphabetical order.
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
