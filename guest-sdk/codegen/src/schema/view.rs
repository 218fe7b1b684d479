//! One schema, whatever its dialect: references followed, `allOf` joined, Kubernetes' extensions understood.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// More references or `allOf` in a row than any API has: a circle.
const MAX_STEPS: usize = 64;

/// A schema within its document. It is looked at with [`Schema::view`].
#[derive(Clone, Copy, Debug)]
pub struct Schema<'a> {
    definitions: &'a Map<String, Value>,
    place: Place<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Place<'a> {
    Named(&'a str),
    Inline(&'a Value),
}

/// What a schema says.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The name of its definition in the document, if it has one.
    pub definition: Option<&'a str>,
    /// The description that is nearest to where it is used.
    pub description: &'a str,
    /// The description of the definition, or of the value if it has none.
    pub about: &'a str,
    /// What values are like.
    pub shape: Shape<'a>,
    /// The least number, if it is one.
    pub minimum: Option<f64>,
    /// The greatest number.
    pub maximum: Option<f64>,
}

/// What values of a schema are like.
#[derive(Clone, Debug)]
pub enum Shape<'a> {
    /// A string, its format and its known values, if there are any.
    Text {
        /// `date-time`, `byte`, …; empty without.
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
    /// An array of such.
    Array(Schema<'a>),
    /// An object with names that the schema does not know, and values of one kind.
    Map(Schema<'a>),
    /// An object with known fields.
    Object(Fields<'a>),
    /// Whatever it may be: the schema does not say.
    Anything,
}

/// The fields of an object.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    by_name: BTreeMap<&'a str, Schema<'a>>,
    required: Vec<&'a str>,
    /// Whether it may have fields that the schema does not know.
    pub preserves_unknown: bool,
}

impl<'a> Fields<'a> {
    /// The field of that name.
    pub fn get(&self, name: &str) -> Option<Schema<'a>> {
        self.by_name.get(name).copied()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Schema<'a>)> {
        self.by_name.iter().map(|(name, schema)| (*name, *schema))
    }

    /// Their names, in order.
    pub fn names(&self) -> Vec<&'a str> {
        self.by_name.keys().copied().collect()
    }

    /// Whether an object must have it.
    pub fn requires(&self, name: &str) -> bool {
        self.required.contains(&name)
    }
}

impl<'a> Schema<'a> {
    /// The definition of that name; without one, anything goes.
    pub(super) fn named(definitions: &'a Map<String, Value>, name: &str) -> Self {
        let place = match definitions.get_key_value(name) {
            Some((name, _)) => Place::Named(name),
            None => Place::Inline(&Value::Null),
        };
        Schema { definitions, place }
    }

    fn inline(self, value: &'a Value) -> Self {
        Schema { place: Place::Inline(value), ..self }
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// It is malformed: the text says how.
    pub fn view(self) -> Result<View<'a>, String> {
        let mut sum = Sum::default();
        let value = match self.place {
            Place::Inline(value) => value,
            Place::Named(name) => {
                sum.definition = Some(name);
                self.definitions.get(name).ok_or_else(|| format!("the schema '{name}' is missing"))?
            }
        };
        self.add(value, &mut sum, &mut 0)?;
        let shape = self.shape(&sum)?;
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

    /// Adds what a schema says, and what those say that it refers to.
    fn add(self, value: &'a Value, sum: &mut Sum<'a>, steps: &mut usize) -> Result<(), String> {
        *steps += 1;
        if *steps > MAX_STEPS {
            return Err("references go in a circle".to_owned());
        }
        let Value::Object(keys) = value else {
            // `true`, or nothing at all, allows everything.
            return match value {
                Value::Bool(true) | Value::Null => Ok(()),
                other => Err(format!("a schema is an object, not {}", kind_of(other))),
            };
        };
        let text = |key: &str| match keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(other) => Err(format!("'{key}' is a text, not {}", kind_of(other))),
        };
        let description = text("description")?.filter(|text| !text.is_empty());
        sum.description = sum.description.or(description);
        sum.about = description.or(sum.about);
        sum.format = sum.format.or(text("format")?);
        if sum.of_type.is_none() {
            sum.of_type = match keys.get("type") {
                // OpenAPI 3.1 writes nullable types so.
                Some(Value::Array(types)) => {
                    let mut types = types.iter().filter_map(Value::as_str).filter(|name| *name != "null");
                    match (types.next(), types.next()) {
                        (Some(only), None) => Some(only),
                        _ => None,
                    }
                }
                _ => text("type")?,
            };
        }
        let is_set = |key: &str| keys.get(key).and_then(Value::as_bool).unwrap_or(false);
        sum.preserves_unknown |= is_set("x-kubernetes-preserve-unknown-fields");
        sum.int_or_string |= is_set("x-kubernetes-int-or-string");
        sum.embedded |= is_set("x-kubernetes-embedded-resource");
        sum.minimum = sum.minimum.or(keys.get("minimum").and_then(Value::as_f64));
        sum.maximum = sum.maximum.or(keys.get("maximum").and_then(Value::as_f64));
        if let Some(values) = keys.get("enum") {
            let values = values.as_array().ok_or("'enum' is not a list")?;
            sum.values.extend(values.iter().filter_map(Value::as_str));
        }
        if let Some(required) = keys.get("required") {
            let names = required.as_array().ok_or("'required' is not a list")?;
            sum.required.extend(names.iter().filter_map(Value::as_str));
        }
        if let Some(properties) = keys.get("properties") {
            let properties = properties.as_object().ok_or("'properties' is not an object")?;
            for (name, schema) in properties {
                sum.properties.entry(name).or_insert(self.inline(schema));
            }
        }
        if let Some(items) = keys.get("items") {
            sum.items.get_or_insert(self.inline(items));
        }
        match keys.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(schema) => {
                sum.additional.get_or_insert(self.inline(schema));
            }
        }
        if let Some(name) = self.reference(keys)? {
            sum.definition = sum.definition.or(Some(name));
            let target =
                self.definitions.get(name).ok_or_else(|| format!("the schema '{name}' is missing"))?;
            self.add(target, sum, steps)?;
        }
        if let Some(parts) = keys.get("allOf") {
            for part in parts.as_array().ok_or("'allOf' is not a list")? {
                self.add(part, sum, steps)?;
            }
        }
        sum.has_choices |= keys.contains_key("oneOf") || keys.contains_key("anyOf");
        Ok(())
    }

    fn reference(self, keys: &'a Map<String, Value>) -> Result<Option<&'a str>, String> {
        let Some(reference) = keys.get("$ref") else { return Ok(None) };
        let reference = reference.as_str().ok_or("'$ref' is not a text")?;
        let name = reference
            .strip_prefix("#/components/schemas/")
            .or_else(|| reference.strip_prefix("#/definitions/"))
            .ok_or_else(|| {
                format!("'$ref' leads out of the document: {}", wagather_yaml::shown(reference))
            })?;
        // The name as the document has it: a reference escapes it, which no name of Kubernetes needs.
        Ok(Some(self.definitions.get_key_value(name).map_or(name, |(known, _)| known.as_str())))
    }

    fn shape(self, sum: &Sum<'a>) -> Result<Shape<'a>, String> {
        let definition = sum.definition.unwrap_or_default();
        if definition.ends_with("apimachinery.pkg.api.resource.Quantity") {
            return Ok(Shape::Quantity);
        }
        if sum.int_or_string || sum.format == Some("int-or-string") {
            return Ok(Shape::IntOrString);
        }
        let format = sum.format.unwrap_or_default();
        Ok(match sum.of_type {
            Some("string") => Shape::Text { format, values: sum.values.clone() },
            Some("integer") => Shape::Integer(format),
            Some("number") => Shape::Number,
            Some("boolean") => Shape::Boolean,
            Some("array") => match sum.items {
                Some(items) => Shape::Array(items),
                None => return Err("an array without 'items'".to_owned()),
            },
            Some("object") => self.object(sum),
            None if !sum.properties.is_empty() && !sum.has_choices => self.object(sum),
            None => Shape::Anything,
            Some(other) => return Err(format!("there is no type '{}'", wagather_yaml::shown(other))),
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

/// What a schema and those that it refers to say together; what is said first counts.
#[derive(Default)]
struct Sum<'a> {
    definition: Option<&'a str>,
    description: Option<&'a str>,
    about: Option<&'a str>,
    of_type: Option<&'a str>,
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
    embedded: bool,
    has_choices: bool,
}

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
