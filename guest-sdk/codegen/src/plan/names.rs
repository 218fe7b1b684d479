//! Names the types, and joins equal ones.
//!
//! An object with a definition has the definition's name, and objects of one definition with the same selected fields
//! are one struct. If a definition is used with different fields, or there is no definition (as in
//! CustomResourceDefinitions), the name is that of the outer struct followed by the field's. The declaration can
//! override names.

use super::{Body, Enumeration, Struct, Type};
use crate::declaration::{Declaration, Wanted, is_type_name};
use crate::schema::Resource;
use std::collections::{BTreeMap, BTreeSet};
use wagather_syntax::rust_name;
use wagather_yaml::Place;

/// A selected value, before its type has a name.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Text,
    Boolean,
    Integer(&'static str),
    Float,
    IntOrString,
    Quantity,
    Raw,
    Enumeration { name: Option<String>, values: Vec<String>, derive: Vec<String> },
    Object(usize),
    List(Box<Tree>),
    Map(Box<Tree>),
    Option(Box<Tree>),
}

/// A selected object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) definition: Option<String>,
    /// Its name in the declaration.
    pub(super) wish: Option<String>,
    pub(super) parent: Option<usize>,
    /// Its path: the resource's key, then names of fields.
    pub(super) path: Vec<String>,
    pub(super) doc: String,
    pub(super) fields: Vec<Field>,
    pub(super) derive: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) json: String,
    pub(super) tree: Tree,
    pub(super) doc: String,
    pub(super) format: String,
    pub(super) required: bool,
}

/// All types with their names.
pub(super) struct Named {
    pub(super) structs: Vec<Struct>,
    pub(super) enumerations: Vec<Enumeration>,
    /// For each resource: its body, the name of its type and of its `Api`.
    pub(super) resources: Vec<(Body, String, String)>,
}

/// Mistakes and their places.
type Wrong = Vec<(Place, String)>;

/// Names that the generated module uses for other items.
const TAKEN: &[&str] = &[
    "Api",
    "Default",
    "DefaultedParam",
    "Fields",
    "IntOrString",
    "Map",
    "Option",
    "Pairs",
    "Param",
    "PhantomData",
    "Quantity",
    "Raw",
    "RawPath",
    "Resource",
    "Serialize",
    "String",
    "Vec",
];

pub(super) fn name(
    objects: &[Object],
    resources: &[(&Wanted, &Resource, Option<usize>)],
    declaration: &Declaration,
) -> Result<Named, Wrong> {
    let mut naming = Naming {
        objects,
        texts: objects.iter().map(|_| String::new()).collect(),
        struct_of: vec![usize::MAX; objects.len()],
        structs: Vec::new(),
        enumerations: Vec::new(),
        taken: TAKEN.iter().map(|name| (*name).to_owned()).collect(),
        by_key: BTreeMap::new(),
        forms: BTreeMap::new(),
        wishes: objects.iter().map(|object| object.wish.clone()).collect(),
        wrong: Vec::new(),
    };
    let mut types: Vec<String> = Vec::new();
    for (wanted, resource, _) in resources {
        let name = wanted.type_name.clone().unwrap_or_else(|| type_name(&resource.kind));
        if !naming.taken.insert(name.clone()) {
            let why = format!(
                "the type of '{}' would be called {name}, which is taken: write 'OtherName: {{resource: {}, …}}'",
                wanted.resource, wanted.resource
            );
            naming.wrong.push((wanted.place, why));
        }
        types.push(name);
    }
    for index in (0..objects.len()).rev() {
        // Inner objects come after outer ones.
        naming.texts[index] = naming.text_of(index);
    }
    naming.spread_wishes();
    for (index, object) in objects.iter().enumerate() {
        if let (Some(definition), None) = (&object.definition, &naming.wishes[index]) {
            naming.forms.entry(definition).or_default().insert(naming.texts[index].clone());
        }
    }
    let mut bodies = Vec::new();
    for (number, ((_, _, root), name)) in resources.iter().zip(&types).enumerate() {
        bodies.push(match root {
            None => Body::Whole,
            Some(root) if naming.wishes[*root].is_none() => {
                let index = naming.add(*root, name.clone());
                naming.structs[index].resource = Some(number);
                naming.fill(*root);
                Body::Own(index)
            }
            Some(root) => Body::Like(naming.object(*root)),
        });
    }
    for named in &declaration.types {
        naming.check_wish(named.place, &named.name);
    }
    let apis: Vec<String> = resources
        .iter()
        .zip(&types)
        .map(|((_, resource, _), name)| {
            let plural = plural(name, resource);
            if naming.taken.insert(plural.clone()) { plural } else { format!("{name}Api") }
        })
        .collect();
    if !naming.wrong.is_empty() {
        return Err(naming.wrong);
    }
    let resources =
        bodies.into_iter().zip(types).zip(apis).map(|((body, name), api)| (body, name, api)).collect();
    Ok(Named { structs: naming.structs, enumerations: naming.enumerations, resources })
}

struct Naming<'a> {
    objects: &'a [Object],
    /// A text for each object, so that equal objects have equal texts.
    texts: Vec<String>,
    /// The declaration's name for each object.
    wishes: Vec<Option<String>>,
    /// The struct of each object.
    struct_of: Vec<usize>,
    structs: Vec<Struct>,
    enumerations: Vec<Enumeration>,
    taken: BTreeSet<String>,
    by_key: BTreeMap<String, usize>,
    /// For each definition, the forms in which it is used.
    forms: BTreeMap<&'a str, BTreeSet<String>>,
    wrong: Wrong,
}

impl Naming<'_> {
    /// Equal structs share a name: that of any place that has one.
    fn spread_wishes(&mut self) {
        let mut known: BTreeMap<(&str, &str), String> = BTreeMap::new();
        for (index, object) in self.objects.iter().enumerate() {
            if let (Some(definition), Some(wish)) = (&object.definition, &object.wish) {
                known.entry((definition, &self.texts[index])).or_insert_with(|| wish.clone());
            }
        }
        for (index, object) in self.objects.iter().enumerate() {
            // A resource has its own type, even if another is equal.
            if let (Some(definition), None, Some(_)) = (&object.definition, &object.wish, object.parent) {
                self.wishes[index] = known.get(&(&**definition, &*self.texts[index])).cloned();
            }
        }
    }

    fn text_of(&self, index: usize) -> String {
        let fields = self.objects[index].fields.iter();
        let fields: Vec<String> =
            fields.map(|field| format!("{}:{}", field.json, self.text_of_tree(&field.tree))).collect();
        format!("{{{}}}", fields.join(","))
    }

    fn text_of_tree(&self, tree: &Tree) -> String {
        match tree {
            Tree::Object(index) => self.texts[*index].clone(),
            Tree::List(inner) => format!("[{}]", self.text_of_tree(inner)),
            Tree::Map(inner) => format!("<{}>", self.text_of_tree(inner)),
            Tree::Option(inner) => format!("?{}", self.text_of_tree(inner)),
            Tree::Enumeration { values, .. } => format!("{values:?}"),
            other => format!("{other:?}"),
        }
    }

    /// The struct of an object; creates it if there is none.
    fn object(&mut self, index: usize) -> usize {
        let object = &self.objects[index];
        let key = match (&self.wishes[index], &object.definition) {
            (Some(wish), _) => format!("wish {wish}"),
            (None, Some(definition)) => format!("{definition} {}", self.texts[index]),
            (None, None) => object.path.join("."),
        };
        if let Some(known) = self.by_key.get(&key) {
            let known = *known;
            let derive = join(&self.structs[known].derive, &object.derive);
            self.structs[known].derive = derive;
            self.struct_of[index] = known;
            return known;
        }
        let name = self.name_of(index);
        let made = self.add(index, name);
        self.by_key.insert(key, made);
        self.fill(index);
        made
    }

    fn add(&mut self, index: usize, name: String) -> usize {
        let object = &self.objects[index];
        self.struct_of[index] = self.structs.len();
        self.structs.push(Struct {
            name,
            doc: object.doc.clone(),
            fields: Vec::new(),
            derive: object.derive.clone(),
            resource: None,
        });
        self.struct_of[index]
    }

    fn fill(&mut self, index: usize) {
        let made = self.struct_of[index];
        let mut names = BTreeSet::new();
        for field in &self.objects[index].fields {
            let mut rust = rust_name(&field.json);
            while !names.insert(rust.clone()) {
                rust.push('_');
            }
            let of_type = self.type_of(&field.tree, index, field);
            let doc = field.doc.clone();
            let (format, required) = (field.format.clone(), field.required);
            self.structs[made].fields.push(super::Field {
                json: field.json.clone(),
                rust,
                of_type,
                doc,
                format,
                required,
            });
        }
    }

    fn type_of(&mut self, tree: &Tree, parent: usize, field: &Field) -> Type {
        match tree {
            Tree::Text => Type::Text,
            Tree::Boolean => Type::Boolean,
            Tree::Integer(name) => Type::Integer(name),
            Tree::Float => Type::Float,
            Tree::IntOrString => Type::IntOrString,
            Tree::Quantity => Type::Quantity,
            Tree::Raw => Type::Raw,
            Tree::Object(index) => Type::Struct(self.object(*index)),
            Tree::List(inner) => Type::List(Box::new(self.type_of(inner, parent, field))),
            Tree::Map(inner) => Type::Map(Box::new(self.type_of(inner, parent, field))),
            Tree::Option(inner) => Type::Option(Box::new(self.type_of(inner, parent, field))),
            Tree::Enumeration { name, values, derive } => {
                Type::Enumeration(self.enumeration(name.as_deref(), values, derive, parent, field))
            }
        }
    }

    fn enumeration(
        &mut self,
        wish: Option<&str>,
        values: &[String],
        derive: &[String],
        parent: usize,
        field: &Field,
    ) -> usize {
        if let Some(wish) = wish
            && let Some(known) = self.enumerations.iter().position(|known| known.name == wish)
        {
            let more = self.enumerations[known].values.iter().chain(values).cloned().collect::<BTreeSet<_>>();
            self.enumerations[known].values = more.into_iter().collect();
            return known;
        }
        let name = match wish {
            Some(wish) => wish.to_owned(),
            None => {
                let around = &self.structs[self.struct_of[parent]].name;
                self.free(format!("{around}{}", type_name(&singular(&field.json, &field.tree))))
            }
        };
        self.taken.insert(name.clone());
        let (doc, values) = (field.doc.clone(), values.to_vec());
        self.enumerations.push(Enumeration { name, doc, values, derive: derive.to_vec() });
        self.enumerations.len() - 1
    }

    fn name_of(&mut self, index: usize) -> String {
        let object = &self.objects[index];
        if let Some(wish) = &self.wishes[index] {
            return wish.clone();
        }
        if let Some(definition) = &object.definition
            && self.forms.get(&**definition).is_some_and(|forms| forms.len() == 1)
        {
            let short = type_name(definition.rsplit('.').next().unwrap_or_default());
            if is_type_name(&short) && self.taken.insert(short.clone()) {
                return short;
            }
        }
        let around = object.parent.map_or("", |parent| &self.structs[self.struct_of[parent]].name);
        let field = object.path.iter().rev().find(|name| *name != "*").map_or("", |name| name);
        let in_list = object.parent.is_some_and(|parent| {
            self.objects[parent].fields.iter().any(|other| other.json == *field && is_many(&other.tree))
        });
        let field = if in_list || object.path.last().is_some_and(|last| last == "*") {
            singular_of(field)
        } else {
            field.to_owned()
        };
        let name = format!("{around}{}", type_name(&field));
        self.free(name)
    }

    /// The name, or the first free one with a number.
    fn free(&mut self, name: String) -> String {
        let mut free = name.clone();
        let mut number = 1;
        while !self.taken.insert(free.clone()) {
            number += 1;
            free = format!("{name}{number}");
        }
        free
    }

    /// Objects with the same name in the declaration must be equal, and the name must be free.
    fn check_wish(&mut self, place: Place, name: &str) {
        let mut of_name =
            self.objects.iter().enumerate().filter(|(_, object)| object.wish.as_deref() == Some(name));
        let Some((first, object)) = of_name.next() else { return };
        if let Some((_, other)) = of_name.find(|(index, _)| self.texts[*index] != self.texts[first]) {
            let why = format!(
                "{name} cannot be both {} and {}: the selected fields differ",
                object.path.join("."),
                other.path.join(".")
            );
            self.wrong.push((place, why));
        }
        let uses = self.structs.iter().filter(|made| made.name == name).count();
        if uses > 1 || TAKEN.contains(&name) {
            self.wrong.push((place, format!("the name {name} is taken by another type")));
        }
    }
}

fn is_many(tree: &Tree) -> bool {
    match tree {
        Tree::List(_) | Tree::Map(_) => true,
        Tree::Option(inner) => is_many(inner),
        _ => false,
    }
}

fn singular(name: &str, tree: &Tree) -> String {
    if is_many(tree) { singular_of(name) } else { name.to_owned() }
}

/// The singular: `conditions` is `condition`, `addresses` is `address`, `policies` is `policy`.
fn singular_of(name: &str) -> String {
    for (many, one) in
        [("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("ses", "s"), ("ss", "ss"), ("us", "us")]
    {
        if let Some(stem) = name.strip_suffix(many) {
            return format!("{stem}{one}");
        }
    }
    name.strip_suffix('s').filter(|stem| stem.len() > 1).unwrap_or(name).to_owned()
}

/// A name in CamelCase, of letters and digits.
fn type_name(name: &str) -> String {
    let mut camel = String::new();
    let mut starts = true;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            starts = true;
            continue;
        }
        if camel.is_empty() && c.is_ascii_digit() {
            camel.push('N');
        }
        camel.push(if starts { c.to_ascii_uppercase() } else { c });
        starts = false;
    }
    camel
}

/// The name of a resource's `Api`: `Pods`.
fn plural(name: &str, resource: &Resource) -> String {
    let is_kind = name.eq_ignore_ascii_case(&resource.kind);
    for (one, many) in [("y", "ies"), ("", "s"), ("", "es")] {
        let Some(stem) = name.strip_suffix(one) else { continue };
        let plural = format!("{stem}{many}");
        if !is_kind || plural.eq_ignore_ascii_case(&resource.plural) {
            return plural;
        }
    }
    format!("{name}Api")
}

pub(super) fn join(all: &[String], more: &[String]) -> Vec<String> {
    let mut joined = [all, more].concat();
    joined.sort();
    joined.dedup();
    joined
}
