//! Compares two sets of schemas along a plan.

use super::{Change, Effect};
use crate::plan::{Body, Plan, Planned, Struct, Type};
use crate::schema::{Fields, Resource, Schema, Schemas, Shape, View, some_of};
use crate::{Declaration, Error};
use std::collections::BTreeSet;
use wagather_yaml::{listed, nearest};

/// All differences between other schemas and those of a plan, in the fields that the gatherer reads, ordered by path.
///
/// # Errors
///
/// The schemas of the plan do not contain its resources.
pub fn compare(
    declaration: &Declaration,
    plan: &Plan,
    known: &Schemas,
    other: &Schemas,
) -> Result<Vec<Change>, Error> {
    let mut comparison = Comparison { plan, changes: BTreeSet::new() };
    for planned in &plan.resources {
        let was = known.exactly(&planned.resource).ok_or_else(|| {
            let why = format!(
                "the schemas that it was generated from have no resource '{}'",
                planned.resource.name()
            );
            Error::of_file(&declaration.file, why)
        })?;
        comparison.resource(planned, (known, was), other);
    }
    if !comparison.changes.iter().any(|change| change.effect.breaks()) {
        comparison.made_again(declaration, other);
    }
    Ok(comparison.changes.into_iter().collect())
}

struct Comparison<'a> {
    plan: &'a Plan,
    changes: BTreeSet<Change>,
}

impl Comparison<'_> {
    fn tell(&mut self, path: &str, effect: Effect, what: impl Into<String>) {
        self.changes.insert(Change { path: path.to_owned(), what: what.into(), effect });
    }

    fn resource(&mut self, planned: &Planned, (known, was): (&Schemas, &Resource), other: &Schemas) {
        let path = &was.name();
        let Some(is) = other.exactly(was) else {
            let served: Vec<&str> = other
                .resources()
                .iter()
                .filter(|resource| resource.group == was.group && resource.plural == was.plural)
                .map(|resource| &*resource.version)
                .collect();
            let what = match (&served[..], other.find(path)) {
                ([], Err(why)) => format!("it was removed: {why}"),
                ([], Ok(near)) => format!("it was removed; there is '{}'", near.name()),
                _ => format!("the version {} was removed; there is {}", was.version, listed(&served)),
            };
            return self.tell(path, Effect::FailsToAsk, what);
        };
        if let Ok(preferred) = other.find(path)
            && preferred.version != is.version
        {
            let what = format!("the version {} is newer than {}", preferred.version, is.version);
            self.tell(path, Effect::Harmless, format!("{what}: run generate to read it"));
        }
        if was.namespaced != is.namespaced {
            let scope = |namespaced: bool| if namespaced { "in namespaces" } else { "of the cluster" };
            let what = format!("objects {} → {}", scope(was.namespaced), scope(is.namespaced));
            self.tell(path, Effect::FailsToAsk, what);
        }
        for (wanted, can, verb) in
            [(planned.get, is.get, "get"), (planned.list, is.list, "list"), (planned.log, is.log, "log")]
        {
            if wanted && !can {
                self.tell(path, Effect::FailsToAsk, format!("it no longer supports '{verb}'"));
            }
        }
        if was.kind != is.kind {
            self.tell(path, Effect::Harmless, format!("its kind {} → {}", was.kind, is.kind));
        }
        if let Body::Own(made) | Body::Like(made) = planned.body {
            let of_type = Type::Struct(made);
            self.value(path, &of_type, Some(known.schema_of(was)), other.schema_of(is));
        }
    }

    /// A value of a type that was generated from one schema, and has another now.
    fn value(&mut self, path: &str, of_type: &Type, was: Option<Schema<'_>>, is: Schema<'_>) {
        let view = match is.view() {
            Ok(view) => view,
            Err(why) => return self.tell(path, Effect::Unknown, format!("its schema is malformed: {why}")),
        };
        // The plan was made from it, so it is well-formed. If it does not describe the field, nothing is known.
        let was = was.and_then(|was| was.view().ok()).map(|was| was.shape);
        self.shape(path, of_type, was.as_ref(), &view);
    }

    fn shape(&mut self, path: &str, of_type: &Type, was: Option<&Shape<'_>>, is: &View<'_>) {
        let is = &is.shape;
        match (of_type, is) {
            (Type::Option(inner), _) => {
                let view = View {
                    definition: None,
                    description: "",
                    about: "",
                    shape: is.clone(),
                    minimum: None,
                    maximum: None,
                };
                self.shape(path, inner, was, &view);
            }
            (Type::Raw, _) => self.said(path, Effect::Harmless, was, is),
            (Type::Struct(made), Shape::Object(_) | Shape::Map(_)) => self.fields(path, *made, was, is),
            (Type::List(inner), Shape::Array(items)) => {
                let was = match was {
                    Some(Shape::Array(items)) => Some(*items),
                    _ => None,
                };
                self.value(&format!("{path}[]"), inner, was, *items);
            }
            (Type::Map(inner), Shape::Map(values)) => {
                let was = match was {
                    Some(Shape::Map(values)) => Some(*values),
                    _ => None,
                };
                self.value(&format!("{path}.*"), inner, was, *values);
            }
            (Type::Text | Type::Enumeration(_), Shape::Text { .. }) => self.texts(path, was, is),
            (Type::Integer(rust), Shape::Integer(format)) => self.integers(path, rust, was, format),
            (Type::Boolean, Shape::Boolean)
            | (Type::Float, Shape::Number)
            | (Type::IntOrString, Shape::IntOrString)
            | (Type::Quantity, Shape::Quantity) => self.said(path, Effect::Harmless, was, is),
            // The old type includes each value of the new one.
            (Type::Float, Shape::Integer(_))
            | (Type::IntOrString, Shape::Integer(_) | Shape::Text { .. })
            | (Type::Text, Shape::Quantity) => self.said(path, Effect::Harmless, was, is),
            (_, Shape::Anything) => {
                if !matches!(was, None | Some(Shape::Anything)) {
                    let was = was.map(word).unwrap_or_default();
                    let what = format!("{was} → anything: the schema no longer says what it is");
                    self.tell(path, Effect::Harmless, what);
                }
            }
            _ => self.said(path, Effect::FailsToDecode, was, is),
        }
    }

    /// Reports `string → integer`, if they differ.
    fn said(&mut self, path: &str, effect: Effect, was: Option<&Shape<'_>>, is: &Shape<'_>) {
        let Some(was) = was else { return };
        let (was, is) = (word(was), word(is));
        if was != is {
            self.tell(path, effect, format!("{was} → {is}"));
        }
    }

    fn texts(&mut self, path: &str, was: Option<&Shape<'_>>, is: &Shape<'_>) {
        let (Some(Shape::Text { format: was_format, values: was }), Shape::Text { format, values: is }) =
            (was, is)
        else {
            return self.said(path, Effect::Harmless, was, is);
        };
        if was_format != format {
            let what = format!("the format {} → {}", or_none(was_format), or_none(format));
            self.tell(path, Effect::Harmless, what);
        }
        let not_in = |these: &[&str], those: &[&str]| -> Vec<String> {
            these.iter().filter(|value| !those.contains(value)).map(|value| (*value).to_owned()).collect()
        };
        match (was.is_empty(), is.is_empty()) {
            (false, false) => {
                let (gone, new) = (not_in(was, is), not_in(is, was));
                if !gone.is_empty() {
                    self.tell(path, Effect::Harmless, format!("value removed: {}", some_of(&gone)));
                }
                if !new.is_empty() {
                    let what = "read as an unknown value until you run generate";
                    self.tell(path, Effect::Harmless, format!("value added: {} ({what})", some_of(&new)));
                }
            }
            (false, true) => self.tell(path, Effect::Harmless, "its values are no longer listed"),
            (true, false) => {
                let what = format!("its values are listed now: {}", some_of(is));
                self.tell(path, Effect::Harmless, what);
            }
            (true, true) => {}
        }
    }

    fn integers(&mut self, path: &str, rust: &str, was: Option<&Shape<'_>>, format: &str) {
        let (known_bits, known_signed) = bits(rust);
        let (bits, signed) = bits(crate::plan::integer(format));
        let fits = if known_signed == signed { bits <= known_bits } else { !signed && bits < known_bits };
        match was {
            Some(Shape::Integer(known)) if *known != format => {
                let what = format!("the format {} → {}", or_none(known), or_none(format));
                let (effect, more) = match fits {
                    true => (Effect::Harmless, ""),
                    false => (Effect::FailsToDecode, ", for numbers that do not fit"),
                };
                self.tell(path, effect, format!("{what}{more}"));
            }
            Some(Shape::Integer(_)) | None => {}
            Some(was) => self.said(path, Effect::Harmless, Some(was), &Shape::Integer(format)),
        }
    }

    fn fields(&mut self, path: &str, made: usize, was: Option<&Shape<'_>>, is: &Shape<'_>) {
        let plan = self.plan;
        let Some(Struct { fields, .. }) = plan.structs.get(made) else { return };
        for field in fields {
            let path = format!("{path}.{}", field.json);
            let known = was.and_then(|was| within(was, &field.json));
            let Some(schema) = within(is, &field.json) else {
                if let Shape::Object(fields) = is {
                    self.gone(&path, &field.json, known.is_some(), fields);
                }
                continue;
            };
            if let (Some(Shape::Object(was)), Shape::Object(is)) = (was, is)
                && known.is_some()
            {
                match (was.requires(&field.json), is.requires(&field.json)) {
                    (true, false) => {
                        let what = "required → optional: an absent field reads as empty";
                        self.tell(&path, Effect::Harmless, what);
                    }
                    (false, true) => self.tell(&path, Effect::Harmless, "optional → required"),
                    _ => {}
                }
            }
            self.value(&path, &field.of_type, known, schema);
        }
    }

    fn gone(&mut self, path: &str, name: &str, was_known: bool, fields: &Fields<'_>) {
        if fields.preserves_unknown {
            if was_known {
                let what = "the schema no longer has it, and allows fields that it does not have";
                self.tell(path, Effect::Harmless, what);
            }
            return;
        }
        let names = fields.names();
        let hint = match nearest(name, &names) {
            Some(near) => format!("; is it '{near}' now?"),
            None => String::new(),
        };
        self.tell(path, Effect::ReadsNothing, format!("the field was removed{hint}"));
    }

    /// Plans the other schemas again: `*` and whole objects may have more fields.
    fn made_again(&mut self, declaration: &Declaration, other: &Schemas) {
        let again = match Plan::new(declaration, other) {
            Ok(again) => again,
            Err(why) => {
                let what = format!("generate fails: {why}");
                return self.tell(&declaration.name, Effect::Unknown, what);
            }
        };
        for (planned, now) in self.plan.resources.iter().zip(&again.resources) {
            // In another version, all fields would be new.
            if planned.resource.api_version() != now.resource.api_version() {
                continue;
            }
            let (known, now) = (paths(self.plan, planned), paths(&again, now));
            let is_new = |path: &str| now.contains(path) && !known.contains(path);
            // Fields within a new field are not reported separately.
            let outer =
                |path: &str| path.rsplit_once('.').map(|(outer, _)| outer.trim_end_matches("[]").to_owned());
            for path in now.iter().filter(|path| is_new(path)) {
                if outer(path).is_some_and(|outer| is_new(&outer)) {
                    continue;
                }
                self.tell(path, Effect::Harmless, "the field is new: run generate to read it");
            }
        }
    }
}

/// The schema of a field within a shape.
fn within<'a>(shape: &Shape<'a>, name: &str) -> Option<Schema<'a>> {
    match shape {
        Shape::Object(fields) => fields.get(name),
        Shape::Map(values) => Some(*values),
        _ => None,
    }
}

/// The paths of all fields that the gatherer reads.
fn paths(plan: &Plan, planned: &Planned) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Body::Own(made) | Body::Like(made) = planned.body {
        paths_below(plan, &Type::Struct(made), &planned.resource.name(), &mut found);
    }
    found
}

fn paths_below(plan: &Plan, of_type: &Type, path: &str, found: &mut BTreeSet<String>) {
    match of_type {
        Type::Struct(made) => {
            for field in plan.structs.get(*made).map(|made| &made.fields[..]).unwrap_or_default() {
                let path = format!("{path}.{}", field.json);
                paths_below(plan, &field.of_type, &path, found);
                found.insert(path);
            }
        }
        Type::List(inner) => paths_below(plan, inner, &format!("{path}[]"), found),
        Type::Map(inner) => paths_below(plan, inner, &format!("{path}.*"), found),
        Type::Option(inner) => paths_below(plan, inner, path, found),
        _ => {}
    }
}

/// The number of bits of a Rust integer, and whether it is signed.
fn bits(rust: &str) -> (u32, bool) {
    (rust[1..].parse().unwrap_or(64), rust.starts_with('i'))
}

fn or_none(format: &str) -> &str {
    if format.is_empty() { "none" } else { format }
}

/// The name of a type in schemas.
fn word(shape: &Shape<'_>) -> String {
    match shape {
        Shape::Text { .. } => "string".to_owned(),
        Shape::Integer(_) => "integer".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::IntOrString => "integer or string".to_owned(),
        Shape::Quantity => "quantity".to_owned(),
        Shape::Map(_) => "map".to_owned(),
        Shape::Object(_) => "object".to_owned(),
        Shape::Anything => "anything".to_owned(),
        Shape::Array(items) => match items.view() {
            Ok(items) if !matches!(items.shape, Shape::Array(_)) => format!("list of {}", word(&items.shape)),
            _ => "list".to_owned(),
        },
    }
}
