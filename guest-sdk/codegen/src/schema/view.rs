//! One schema, independent of its dialect: follows references, joins `allOf`, and interprets Kubernetes' extensions.

use super::{Document, pointer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The maximum nesting of references and `allOf` in one schema; Kubernetes uses three levels.
const MAX_DEPTH: usize = 64;

/// The maximum number of parts of one schema, so that exponential schemas terminate.
const MAX_PARTS: usize = 4096;

/// The suffix of the definition's name that quantities refer to. Nothing else distinguishes them from other strings.
const QUANTITY: &str = "apimachinery.pkg.api.resource.Quantity";

/// A schema within its document. [`Schema::view`] interprets it.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'a> {
    document: &'a Document,
    place: Place<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Place<'a> {
    Named(&'a str),
    Inline(&'a Value),
}

/// The interpretation of a schema.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The name of its definition in the document, if it has one.
    pub definition: Option<&'a str>,
    /// The most specific description.
    pub description: &'a str,
    /// The description of the definition, or else of the value.
    pub about: &'a str,
    /// The form of its values.
    pub shape: Shape<'a>,
    /// The minimum of a number.
    pub minimum: Option<f64>,
    /// The maximum of a number.
    pub maximum: Option<f64>,
}

/// The form of a schema's values.
#[derive(Clone, Debug)]
pub enum Shape<'a> {
    /// A string, with its format and known values.
    Text {
        /// `date-time`, `byte`, …; empty if there is none.
        format: &'a str,
        /// Values of an enumeration.
        values: Vec<&'a str>,
    },
    /// An integer and its format: `int32`, `int64`, or empty.
    Integer(&'a str),
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// Kubernetes' IntOrString.
    IntOrString,
    /// Kubernetes' Quantity.
    Quantity,
    /// An array.
    Array(Schema<'a>),
    /// An object with arbitrary keys, and values of one schema.
    Map(Schema<'a>),
    /// An object with known fields.
    Object(Fields<'a>),
    /// Any value: the schema does not restrict it.
    Anything,
}

/// The fields of an object.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    by_name: BTreeMap<&'a str, Schema<'a>>,
    required: Vec<&'a str>,
    /// Whether it may have other fields.
    pub preserves_unknown: bool,
}

impl<'a> Fields<'a> {
    /// The field with this name.
    pub fn get(&self, name: &str) -> Option<Schema<'a>> {
        self.by_name.get(name).copied()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Schema<'a>)> {
        self.by_name.iter().map(|(name, schema)| (*name, *schema))
    }

    /// The names of the fields, in order.
    pub fn names(&self) -> Vec<&'a str> {
        self.by_name.keys().copied().collect()
    }

    /// Whether a field is required.
    pub fn requires(&self, name: &str) -> bool {
        self.required.contains(&name)
    }
}

impl<'a> Schema<'a> {
    /// The definition with this name; if there is none, any value is allowed.
    pub(super) fn named(document: &'a Document, name: &str) -> Self {
        let place = match document.definitions.get_key_value(name) {
            Some((name, _)) => Place::Named(name),
            None => Place::Inline(ANYTHING),
        };
        Schema { document, place }
    }

    fn inline(self, value: &'a Value) -> Self {
        Schema { place: Place::Inline(value), ..self }
    }

    /// Interprets the schema.
    ///
    /// # Errors
    ///
    /// It is malformed: the text has the place, the reason and advice.
    pub fn view(self) -> Result<View<'a>, String> {
        let mut sum = Sum::default();
        let value = match self.place {
            Place::Inline(value) => value,
            Place::Named(name) => {
                sum.definition = Some(name);
                sum.open.push(name);
                sum.quantity = name.ends_with(QUANTITY);
                // The name is that of a definition.
                self.document.definitions.get(name).unwrap_or(ANYTHING)
            }
        };
        let told = |(place, why): Wrong<'a>| {
            let place = self.document.place_of(place);
            format!("{place}: {why}; correct it there, or download the document again")
        };
        self.add(value, &mut sum, 0).map_err(told)?;
        self.choose(&mut sum).map_err(told)?;
        let shape = self.shape(&sum, value).map_err(told)?;
        let description = sum.description.unwrap_or_default();
        Ok(View {
            definition: sum.definition,
            description,
            about: sum.about.unwrap_or(description),
            shape,
            minimum: sum.minimum,
            maximum: sum.maximum,
        })
    }

    /// Adds a schema, and the schemas that it refers to.
    fn add(self, value: &'a Value, sum: &mut Sum<'a>, depth: usize) -> Result<(), Wrong<'a>> {
        sum.parts += 1;
        if depth > MAX_DEPTH {
            return wrong(value, format!("references and 'allOf' nest more than {MAX_DEPTH} deep"));
        }
        if sum.parts > MAX_PARTS {
            return wrong(value, format!("it combines more than {MAX_PARTS} parts"));
        }
        let keys = Keys {
            of: value,
            map: match value {
                Value::Object(keys) => keys,
                // `true`, or no schema, allows everything.
                Value::Bool(true) | Value::Null => return Ok(()),
                other => return wrong(value, format!("a schema is an object, not {}", kind_of(other))),
            },
        };
        let description = keys.text("description")?.filter(|text| !text.is_empty());
        sum.description = sum.description.or(description);
        sum.about = description.or(sum.about);
        sum.format = sum.format.or(keys.text("format")?);
        if sum.types.is_empty() {
            sum.types = keys.types()?;
        }
        sum.preserves_unknown |= keys.flag("x-kubernetes-preserve-unknown-fields")?;
        sum.int_or_string |= keys.flag("x-kubernetes-int-or-string")?;
        sum.embedded |= keys.flag("x-kubernetes-embedded-resource")?;
        sum.minimum = sum.minimum.or(keys.map.get("minimum").and_then(Value::as_f64));
        sum.maximum = sum.maximum.or(keys.map.get("maximum").and_then(Value::as_f64));
        sum.values.extend(keys.list("enum")?.iter().filter_map(Value::as_str));
        for name in keys.list("required")? {
            match name.as_str() {
                Some(name) => sum.required.push(name),
                None => return wrong(value, format!("'required' has {} among its names", kind_of(name))),
            }
        }
        for (name, schema) in keys.object("properties")?.into_iter().flatten() {
            sum.properties.entry(name).or_insert(self.inline(schema));
        }
        if let Some(items) = keys.map.get("items") {
            sum.items.get_or_insert(self.inline(items));
        }
        match keys.map.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(schema) => {
                sum.additional.get_or_insert(self.inline(schema));
            }
        }
        if let Some(reference) = keys.text("$ref")? {
            self.follow(reference, value, sum, depth)?;
        }
        for part in keys.list("allOf")? {
            self.add(part, sum, depth + 1)?;
        }
        for choices in [keys.list("oneOf")?, keys.list("anyOf")?] {
            if !choices.is_empty() {
                sum.choices.push(choices);
            }
        }
        Ok(())
    }

    /// Adds the target of a reference.
    fn follow(
        self,
        reference: &'a str,
        value: &'a Value,
        sum: &mut Sum<'a>,
        depth: usize,
    ) -> Result<(), Wrong<'a>> {
        let name = pointer::definition_of(reference).map_err(|why| (value, why))?;
        let Some((name, target)) = self.document.definitions.get_key_value(&*name) else {
            let name = wagather_yaml::shown(&name);
            return wrong(value, format!("'$ref' leads to '{name}', which the document does not have"));
        };
        sum.definition = sum.definition.or(Some(name));
        sum.quantity |= name.ends_with(QUANTITY);
        if sum.open.contains(&name.as_str()) {
            let circle = sum.open.join(" → ");
            return wrong(value, format!("references form a cycle: {circle} → {name}"));
        }
        sum.open.push(name);
        self.add(target, sum, depth + 1)?;
        sum.open.pop();
        Ok(())
    }

    /// For a schema that only consists of choices: their common type, if there is one.
    fn choose(self, sum: &mut Sum<'a>) -> Result<(), Wrong<'a>> {
        let [choices] = sum.choices[..] else { return Ok(()) };
        if !sum.types.is_empty() || !sum.properties.is_empty() {
            return Ok(());
        }
        let mut types = Vec::new();
        let mut others = Vec::new();
        for choice in choices {
            let mut chosen = Sum { open: sum.open.clone(), parts: sum.parts, ..Sum::default() };
            self.add(choice, &mut chosen, 1)?;
            sum.parts = chosen.parts;
            // OpenAPI 3.1's notation for "or null".
            if chosen.types != ["null"] {
                types.extend(chosen.types);
                others.push(choice);
            }
        }
        match others[..] {
            [only] => {
                sum.choices.clear();
                self.add(only, sum, 1)
            }
            _ => {
                types.sort_unstable();
                types.dedup();
                sum.int_or_string |= types == ["integer", "string"];
                Ok(())
            }
        }
    }

    fn shape(self, sum: &Sum<'a>, value: &'a Value) -> Result<Shape<'a>, Wrong<'a>> {
        if sum.quantity {
            return Ok(Shape::Quantity);
        }
        if sum.int_or_string || sum.format == Some("int-or-string") {
            return Ok(Shape::IntOrString);
        }
        let format = sum.format.unwrap_or_default();
        // OpenAPI 3.1's notation for nullable types.
        let types: Vec<&str> = sum.types.iter().copied().filter(|name| *name != "null").collect();
        Ok(match types[..] {
            ["string"] => Shape::Text { format, values: sum.values.clone() },
            ["integer"] => Shape::Integer(format),
            ["number"] => Shape::Number,
            ["boolean"] => Shape::Boolean,
            // Without `items`, elements may be anything.
            ["array"] => Shape::Array(sum.items.unwrap_or(self.inline(ANYTHING))),
            ["object"] => self.object(sum),
            [] if sum.types.is_empty() && !sum.properties.is_empty() && sum.choices.is_empty() => {
                self.object(sum)
            }
            ["integer", "string"] | ["string", "integer"] => Shape::IntOrString,
            _ => {
                if let Some(unknown) = types.iter().find(|name| !TYPES.contains(name)) {
                    let unknown = wagather_yaml::shown(unknown);
                    return wrong(value, format!("there is no type '{unknown}'"));
                }
                Shape::Anything
            }
        })
    }

    fn object(self, sum: &Sum<'a>) -> Shape<'a> {
        match (sum.properties.is_empty(), sum.additional) {
            (true, Some(values)) => Shape::Map(values),
            (true, None) => Shape::Anything,
            (false, additional) => Shape::Object(Fields {
                by_name: sum.properties.clone(),
                required: sum.required.clone(),
                preserves_unknown: sum.preserves_unknown || sum.embedded || additional.is_some(),
            }),
        }
    }
}

/// A schema joined with those that it refers to; the first one takes precedence.
#[derive(Default)]
struct Sum<'a> {
    definition: Option<&'a str>,
    description: Option<&'a str>,
    about: Option<&'a str>,
    types: Vec<&'a str>,
    format: Option<&'a str>,
    values: Vec<&'a str>,
    required: Vec<&'a str>,
    properties: BTreeMap<&'a str, Schema<'a>>,
    items: Option<Schema<'a>>,
    additional: Option<Schema<'a>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    preserves_unknown: bool,
    int_or_string: bool,
    quantity: bool,
    embedded: bool,
    /// The lists of `oneOf` and `anyOf`.
    choices: Vec<&'a [Value]>,
    /// The definitions being added, outermost first.
    open: Vec<&'a str>,
    /// The number of added parts.
    parts: usize,
}

/// The malformed schema, and the reason.
type Wrong<'a> = (&'a Value, String);

fn wrong<T>(value: &Value, why: String) -> Result<T, Wrong<'_>> {
    Err((value, why))
}

/// The keys of a schema, with checked types.
struct Keys<'a> {
    of: &'a Value,
    map: &'a Map<String, Value>,
}

impl<'a> Keys<'a> {
    fn get<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Wrong<'a>> {
        match self.map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => wrong(self.of, format!("'{key}' is {}, not {wanted}", kind_of(value))),
            },
        }
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, Wrong<'a>> {
        self.get(key, "a text", Value::as_str)
    }

    fn flag(&self, key: &str) -> Result<bool, Wrong<'a>> {
        Ok(self.get(key, "a boolean", Value::as_bool)?.unwrap_or(false))
    }

    fn list(&self, key: &str) -> Result<&'a [Value], Wrong<'a>> {
        Ok(self.get(key, "a list", Value::as_array)?.map_or(&[], Vec::as_slice))
    }

    fn object(&self, key: &str) -> Result<Option<&'a Map<String, Value>>, Wrong<'a>> {
        self.get(key, "an object", Value::as_object)
    }

    /// A type, or, since OpenAPI 3.1, a list of types.
    fn types(&self) -> Result<Vec<&'a str>, Wrong<'a>> {
        match self.map.get("type") {
            Some(Value::Array(types)) => match types.iter().map(Value::as_str).collect() {
                Some(types) => Ok(types),
                None => wrong(self.of, "'type' has a list with items that are not text".to_owned()),
            },
            _ => Ok(self.text("type")?.into_iter().collect()),
        }
    }
}

/// The schema that allows everything.
const ANYTHING: &Value = &Value::Null;

/// The types of JSON Schema.
const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
