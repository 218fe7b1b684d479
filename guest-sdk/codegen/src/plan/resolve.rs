//! Finds each selected field: a walk through the schema along the selection.

use super::names::{self, Object, Tree, join};
use super::{Body, Plan, Planned, Struct, mask, shape, sources};
use crate::declaration::{Below, Declaration, Selection, Wanted, Wish, Wrong};
use crate::schema::{Fields, Resource, Schema, Schemas, Shape, View, some_of};
use wagather_abi::limits::MAX_MASK_BYTES;
use wagather_syntax::is_mask_name;
use wagather_yaml::{Mistakes, Place, listed, nearest, shown};

/// A limit above the number of structs of any reasonable gatherer, for whole subtrees of large schemas.
const MAX_OBJECTS: usize = 4000;

/// The maximum nesting of the selected fields, as in the host's masks.
const MAX_DEPTH: usize = wagather_abi::limits::MAX_MASK_DEPTH;

pub(super) fn plan(declaration: &Declaration, schemas: &Schemas, mistakes: &mut Mistakes) -> Option<Plan> {
    let mut walk = Walk {
        declaration,
        objects: Vec::new(),
        names_used: vec![false; declaration.types.iter().map(|named| named.paths.len()).sum()],
        path: Vec::new(),
        place: Place { line: 1, column: 1 },
        open: Vec::new(),
    };
    let mut found = Vec::new();
    let mut failed = Vec::new();
    for wanted in &declaration.resources {
        match walk.resource(wanted, schemas) {
            Ok(resource) => found.push(resource),
            Err(wrong) => {
                failed.push(key_of(wanted));
                wrong.into_iter().for_each(|Wrong { place, why }| mistakes.tell(place, why));
            }
        }
    }
    walk.unused(&failed, mistakes);
    let wanted = declaration.resources.iter();
    let trees: Vec<_> =
        wanted.zip(&found).map(|(wanted, (resource, tree, _))| (wanted, *resource, *tree)).collect();
    if trees.len() != declaration.resources.len() {
        return None;
    }
    let named = match names::name(&walk.objects, &trees, declaration) {
        Ok(named) => named,
        Err(wrong) => {
            wrong.into_iter().for_each(|(place, why)| mistakes.tell(place, why));
            return None;
        }
    };
    let mut resources = Vec::new();
    for ((wanted, (resource, _, doc)), (body, type_name, api_name)) in
        declaration.resources.iter().zip(found).zip(named.resources)
    {
        let mask = match body {
            Body::Whole => wagather_abi::mask::EVERYTHING.to_owned(),
            Body::Own(index) | Body::Like(index) => mask::of_struct(&named.structs, index),
        };
        if mask.len() > MAX_MASK_BYTES {
            mistakes.tell(wanted.places.fields, too_long(wanted, &mask, &named.structs, &body));
        }
        if let (true, Body::Own(index) | Body::Like(index)) = (declaration.borrowed, body)
            && shape::of_struct(&named.structs, index).is_too_large()
            && mask.len() <= MAX_MASK_BYTES
        {
            mistakes.tell(wanted.places.fields, too_large(wanted, &named.structs, index));
        }
        resources.push(Planned {
            resource: resource.clone(),
            type_name,
            api_name,
            doc,
            why: wanted.why.clone(),
            get: wanted.get,
            list: wanted.list,
            log: wanted.log,
            namespace: wanted.namespace.clone(),
            body,
            mask,
            derive: join(&declaration.derive, &wanted.derive),
        });
    }
    Some(Plan {
        name: declaration.name.clone(),
        about: declaration.about.clone(),
        declaration: declaration.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sources: sources(schemas, &resources),
        resources,
        structs: named.structs,
        enumerations: named.enumerations,
        paths: declaration.paths.clone(),
        writes: declaration.writes.clone(),
        params: declaration.params.clone(),
        public: declaration.public,
        borrowed: declaration.borrowed,
    })
}

/// Advice if the fields exceed the size of a mask.
fn too_long(wanted: &Wanted, mask: &str, structs: &[Struct], body: &Body) -> String {
    let excess = mask.len() - MAX_MASK_BYTES;
    let mut path = vec![key_of(wanted)];
    if let Body::Own(index) | Body::Like(index) = body {
        path.extend(mask::heaviest(structs, *index, excess).into_iter().map(str::to_owned));
    }
    format!(
        "the fields of {} are {} bytes as a mask; {MAX_MASK_BYTES} are the most: name fewer, or take a large object as its JSON \
         text, which is one field: 'types: {{json::Raw: {}}}'",
        shown(&wanted.resource),
        mask.len(),
        path.join(".")
    )
}

/// What to do about fields that are too many for the host to decode.
fn too_large(wanted: &Wanted, structs: &[Struct], index: usize) -> String {
    let shape::Size { bytes, structs: number } = shape::of_struct(structs, index);
    let mut path = vec![key_of(wanted)];
    path.extend(mask::heaviest(structs, index, usize::MAX).into_iter().map(str::to_owned));
    format!(
        "the fields of {} are {number} objects with a shape of {bytes} bytes, which is more than the host can decode: name fewer, \
         take a large object as its JSON text, for example 'types: {{json::Raw: {}}}', or let the gatherer decode them: \
         'decoding: gatherer'",
        shown(&wanted.resource),
        path.join(".")
    )
}

struct Walk<'a> {
    declaration: &'a Declaration,
    objects: Vec<Object>,
    /// Which of the named paths the walk has passed.
    names_used: Vec<bool>,
    /// The current path: the resource's key, then names of fields.
    path: Vec<String>,
    /// The place in the declaration of the current field.
    place: Place,
    /// The enclosing definitions, outermost first.
    open: Vec<String>,
}

/// The field of `metadata` that the host always leaves out.
const MANAGED_FIELDS: &str = "managedFields";

/// The mistakes, each with its place.
type AllWrong = Vec<Wrong>;

impl<'a> Walk<'a> {
    fn resource<'s>(
        &mut self,
        wanted: &Wanted,
        schemas: &'s Schemas,
    ) -> Result<(&'s Resource, Option<usize>, String), AllWrong> {
        self.place = wanted.places.resource;
        let resource =
            schemas.find(&wanted.resource).map_err(|why| vec![Wrong { place: self.place, why }])?;
        check_verbs(wanted, resource).map_err(|wrong| vec![wrong])?;
        self.path = vec![key_of(wanted)];
        self.open.clear();
        let schema = schemas.schema_of(resource);
        let view = schema.view().map_err(|why| self.at(&why))?;
        let doc = view.about.to_owned();
        let Some(fields) = &wanted.fields else { return Ok((resource, None, doc)) };
        self.place = wanted.places.fields;
        let derive = join(&self.declaration.derive, &wanted.derive);
        match self.value(view, 0, &Below::Fields(fields.clone()), None, &derive)? {
            Tree::Object(index) => Ok((resource, Some(index), doc)),
            _ => self.wrong("the schema defines no fields for its objects"),
        }
    }

    /// A mistake at the current place.
    fn at(&self, why: &str) -> AllWrong {
        vec![Wrong { place: self.place, why: format!("{}: {why}", self.path.join(".")) }]
    }

    fn wrong<T>(&self, why: &str) -> Result<T, AllWrong> {
        Err(self.at(why))
    }

    fn value(
        &mut self,
        view: View<'_>,
        lists: u8,
        below: &Below,
        parent: Option<usize>,
        derive: &[String],
    ) -> Result<Tree, AllWrong> {
        let mut view = view;
        for _ in 0..lists {
            let Shape::Array(items) = view.shape else {
                return self.wrong(&format!("this is {}, not a list: omit '[]'", what(&view.shape)));
            };
            view = items.view().map_err(|why| self.at(&why))?;
        }
        let tree = self.element(view, below, parent, derive)?;
        Ok((0..lists).fold(tree, |tree, _| Tree::List(Box::new(tree))))
    }

    fn element(
        &mut self,
        view: View<'_>,
        below: &Below,
        parent: Option<usize>,
        derive: &[String],
    ) -> Result<Tree, AllWrong> {
        if self.path.len() > MAX_DEPTH {
            return self.wrong("the fields nest too deeply; name fewer");
        }
        let name = self.name_here();
        if name.as_deref() == Some("json::Raw") {
            return match below {
                Below::Whole => Ok(Tree::Raw),
                Below::Fields(_) => self.wrong("json::Raw takes the whole value: name no fields"),
            };
        }
        if self.objects.len() > MAX_OBJECTS {
            return self.wrong("too many types; name fewer fields");
        }
        let whole = matches!(below, Below::Whole);
        match (view.shape, below) {
            (Shape::Array(items), Below::Whole) => {
                let view = items.view().map_err(|why| self.at(&why))?;
                Ok(Tree::List(Box::new(self.element(view, below, parent, derive)?)))
            }
            (Shape::Array(_), Below::Fields(_)) => {
                let last = self.path.last().cloned().unwrap_or_default();
                self.wrong(&format!("this is a list: write '{last}[].…'"))
            }
            (Shape::Map(values), Below::Whole) => self.map(values, below, parent, derive),
            (Shape::Map(values), Below::Fields(fields)) => match fields.wishes() {
                [Wish { place, name, lists, below, .. }] if name == "*" => {
                    let view = values.view().map_err(|why| self.at(&why))?;
                    self.path.push("*".into());
                    let around = std::mem::replace(&mut self.place, *place);
                    let tree = self.value(view, *lists, below, parent, derive);
                    self.place = around;
                    self.path.pop();
                    Ok(Tree::Map(Box::new(tree?)))
                }
                wishes if wishes.iter().any(|wish| wish.name == "*") => {
                    self.wrong("for a map, name either keys or '*'")
                }
                _ => self.object(
                    Inside::Map(values),
                    view.definition,
                    view.about,
                    fields,
                    name,
                    parent,
                    derive,
                ),
            },
            (Shape::Anything, Below::Whole) => Ok(Tree::Raw),
            (Shape::Anything, Below::Fields(fields)) => {
                self.object(Inside::Nothing, view.definition, view.about, fields, name, parent, derive)
            }
            (Shape::Object(inside), _) => {
                let definition = view.definition.map(str::to_owned);
                if let Some(definition) = &definition {
                    // A mask cannot express recursion, so a recursive schema is kept undecoded.
                    if whole && self.open.contains(definition) {
                        return Ok(Tree::Raw);
                    }
                    self.open.push(definition.clone());
                }
                let all = Selection::all(&inside, self.is_metadata(), self.place);
                let fields = match below {
                    Below::Whole => Ok(all),
                    Below::Fields(fields) => with_all(fields, all).map_err(|wrong| vec![wrong]),
                };
                let object = fields.and_then(|fields| {
                    let inside = Inside::Object(inside);
                    self.object(inside, view.definition, view.about, &fields, name, parent, derive)
                });
                if definition.is_some() {
                    self.open.pop();
                }
                object
            }
            (shape, Below::Fields(_)) => {
                self.wrong(&format!("this is {}, which has no fields", what(&shape)))
            }
            (Shape::Text { values, .. }, _) if !values.is_empty() && name.as_deref() != Some("String") => {
                let values = values.into_iter().map(str::to_owned).collect();
                Ok(Tree::Enumeration { name, values, derive: derive.to_vec() })
            }
            (Shape::Text { .. }, _) => Ok(Tree::Text),
            (Shape::Quantity, _) if name.as_deref() == Some("String") => Ok(Tree::Text),
            (Shape::Quantity, _) => Ok(Tree::Quantity),
            (Shape::Integer(_), _) if name.as_deref() == Some("IntOrString") => Ok(Tree::IntOrString),
            (Shape::Integer(format), _) => Ok(Tree::Integer(integer(format))),
            (Shape::Number, _) => Ok(Tree::Float),
            (Shape::Boolean, _) => Ok(Tree::Boolean),
            (Shape::IntOrString, _) => Ok(Tree::IntOrString),
        }
    }

    fn map(
        &mut self,
        values: Schema<'_>,
        below: &Below,
        parent: Option<usize>,
        derive: &[String],
    ) -> Result<Tree, AllWrong> {
        let view = values.view().map_err(|why| self.at(&why))?;
        self.path.push("*".into());
        let tree = self.element(view, below, parent, derive);
        self.path.pop();
        Ok(Tree::Map(Box::new(tree?)))
    }

    #[allow(clippy::too_many_arguments)] // what there is to know of an object
    fn object(
        &mut self,
        inside: Inside<'_>,
        definition: Option<&str>,
        description: &str,
        fields: &Selection,
        name: Option<String>,
        parent: Option<usize>,
        derive: &[String],
    ) -> Result<Tree, AllWrong> {
        let index = self.objects.len();
        self.objects.push(Object {
            definition: definition.map(str::to_owned),
            wish: name,
            parent,
            path: self.path.clone(),
            doc: description.to_owned(),
            fields: Vec::new(),
            derive: derive.to_vec(),
        });
        let mut wrong = Vec::new();
        for wish in fields.wishes() {
            self.path.push(wish.name.clone());
            let around = std::mem::replace(&mut self.place, wish.place);
            match self.field(&inside, wish, index, derive) {
                Ok(field) => self.objects[index].fields.push(field),
                Err(why) => wrong.extend(why),
            }
            self.place = around;
            self.path.pop();
        }
        if wrong.is_empty() { Ok(Tree::Object(index)) } else { Err(wrong) }
    }

    fn field(
        &mut self,
        inside: &Inside<'_>,
        wish: &Wish,
        index: usize,
        derive: &[String],
    ) -> Result<names::Field, AllWrong> {
        if wish.name == MANAGED_FIELDS && self.path.len() == 3 && self.path[1] == "metadata" {
            return self.wrong("gatherers never get these: omit them");
        }
        if !is_mask_name(&wish.name) {
            return self.wrong("a field mask cannot contain this name: select the whole object around it");
        }
        let schema = match inside {
            Inside::Map(values) => Some(*values),
            Inside::Nothing => None,
            Inside::Object(fields) => match fields.get(&wish.name) {
                None if fields.preserves_unknown => None,
                None => {
                    let why = self.no_field(fields, &wish.name);
                    return Err(vec![Wrong { place: self.place, why }]);
                }
                found => found,
            },
        };
        let (tree, doc, format) = match schema {
            Some(schema) => {
                let view = schema.view().map_err(|why| self.at(&why))?;
                let format = match view.shape {
                    Shape::Text { format, .. } => format.to_owned(),
                    _ => String::new(),
                };
                let doc = view.description.to_owned();
                (self.value(view, wish.lists, &wish.below, Some(index), derive)?, doc, format)
            }
            None => (self.unknown(wish, index, derive)?, String::new(), String::new()),
        };
        let tree = if wish.optional { Tree::Option(Box::new(tree)) } else { tree };
        let required = matches!(inside, Inside::Object(fields) if fields.requires(&wish.name));
        Ok(names::Field { json: wish.name.clone(), tree, doc, format, required })
    }

    /// A field that the schema does not describe: raw, or with raw fields.
    fn unknown(&mut self, wish: &Wish, parent: usize, derive: &[String]) -> Result<Tree, AllWrong> {
        let name = self.name_here();
        let tree = match &wish.below {
            Below::Whole => Tree::Raw,
            Below::Fields(fields) => {
                self.object(Inside::Nothing, None, "", fields, name, Some(parent), derive)?
            }
        };
        Ok((0..wish.lists).fold(tree, |tree, _| Tree::List(Box::new(tree))))
    }

    fn no_field(&self, fields: &Fields<'_>, name: &str) -> String {
        let names = fields.names();
        let hint = match nearest(name, &names) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => format!("there are {}", some_of(&names)),
        };
        let (_, object) = self.path.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
        format!("{} has no field '{}'; {hint}", object.join("."), shown(name))
    }

    /// Whether the walk is at an object's `metadata`.
    fn is_metadata(&self) -> bool {
        matches!(&self.path[..], [_, metadata] if metadata == "metadata")
    }

    /// The declaration's name for the current object.
    fn name_here(&mut self) -> Option<String> {
        let here = self.path.join(".");
        let mut at = 0;
        for named in &self.declaration.types {
            for (_, path) in &named.paths {
                if path.replace("[]", "") == here {
                    self.names_used[at] = true;
                    return Some(named.name.clone());
                }
                at += 1;
            }
        }
        None
    }

    /// Reports paths that match nothing, except those of resources with mistakes.
    fn unused(&self, failed: &[String], mistakes: &mut Mistakes) {
        let leads =
            |path: &str, key: &str| path.strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', '[']));
        let is_told = |path: &str| {
            let mut whole = self.declaration.resources.iter().map(key_of).filter(|key| !failed.contains(key));
            failed.is_empty()
                || whole.any(|key| leads(path, &key)) && !failed.iter().any(|key| leads(path, key))
        };
        let paths = self.declaration.types.iter().flat_map(|named| &named.paths);
        for ((place, path), _) in
            paths.zip(&self.names_used).filter(|((_, path), used)| !**used && is_told(path))
        {
            let keys: Vec<String> = self.declaration.resources.iter().map(key_of).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let why = "a path begins with a resource as written above, followed by selected fields";
            let why = format!("no selected field is at '{}': {why} ({})", shown(path), listed(&keys));
            mistakes.tell(*place, why);
        }
    }
}

/// The Rust integer type for a format.
pub(crate) fn integer(format: &str) -> &'static str {
    match format {
        "int32" => "i32",
        "uint32" => "u32",
        "uint64" => "u64",
        "int16" => "i16",
        "uint16" => "u16",
        "int8" => "i8",
        "uint8" => "u8",
        _ => "i64",
    }
}

/// The container of an object's fields.
enum Inside<'a> {
    Object(Fields<'a>),
    Map(Schema<'a>),
    Nothing,
}

impl Selection {
    fn all(fields: &Fields<'_>, is_metadata: bool, place: Place) -> Selection {
        let mut selection = Selection::default();
        for (name, _) in fields.iter().filter(|(name, _)| !is_metadata || *name != MANAGED_FIELDS) {
            // Names within an object differ, so this replaces none.
            let name = name.to_owned();
            let _ = selection.add(Wish { place, name, lists: 0, optional: false, below: Below::Whole });
        }
        selection
    }
}

/// A selection with `*` expanded to all fields.
fn with_all(fields: &Selection, all: Selection) -> Result<Selection, Wrong> {
    let Some(star) = fields.wishes().iter().find(|wish| wish.name == "*") else { return Ok(fields.clone()) };
    if star.lists > 0 || star.below != Below::Whole || star.optional {
        let why = "'*' selects all fields of an object; only for a map can fields follow it";
        return Err(Wrong { place: star.place, why: why.to_owned() });
    }
    let mut joined = Selection::default();
    let named = fields.wishes().iter().filter(|wish| wish.name != "*");
    named.cloned().try_for_each(|wish| joined.add(wish))?;
    for wish in all.wishes() {
        // Explicitly named fields take precedence.
        if !joined.wishes().iter().any(|known| known.name == wish.name) {
            joined.add(Wish { place: star.place, ..wish.clone() })?;
        }
    }
    Ok(joined)
}

fn check_verbs(wanted: &Wanted, resource: &Resource) -> Result<(), Wrong> {
    let wrong = |place: Place, why: &str| Err(Wrong { place, why: format!("{}: {why}", resource.name()) });
    if wanted.get && !resource.get {
        return wrong(wanted.places.verbs, "this resource does not support get");
    }
    if wanted.list && !resource.list {
        return wrong(wanted.places.verbs, "this resource does not support list");
    }
    if wanted.log && !resource.log {
        return wrong(wanted.places.log, "this resource has no logs");
    }
    if wanted.namespace.is_some() && !resource.namespaced {
        return wrong(wanted.places.namespace, "this resource is cluster-scoped: omit 'namespace'");
    }
    Ok(())
}

/// The first part of paths to a resource's fields: its key in the declaration.
fn key_of(wanted: &Wanted) -> String {
    wanted.type_name.clone().unwrap_or_else(|| wanted.resource.clone())
}

/// A shape in a message.
pub(crate) fn what(shape: &Shape<'_>) -> &'static str {
    match shape {
        Shape::Text { .. } => "a text",
        Shape::Integer(_) => "an integer",
        Shape::Number => "a number",
        Shape::Boolean => "a boolean",
        Shape::IntOrString => "a number or a text",
        Shape::Quantity => "a quantity",
        Shape::Array(_) => "a list",
        Shape::Map(_) => "a map",
        Shape::Object(_) => "an object",
        Shape::Anything => "anything",
    }
}
