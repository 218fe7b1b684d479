//! What must come out of a gatherer, of what went into it.
//!
//! | the server has | it becomes |
//! |---|---|
//! | a scalar, or a part that is taken as it is | the same value |
//! | a float in a field that is a number | the same to 14 digits |
//! | a quantity that is a number | its digits as a text |
//! | `null`, or nothing, where there is a `?` | nothing |
//! | `null`, or nothing, where there is none | an empty list, map or object: what such a one becomes |
//! | `null` in a list or as a value of a map | nothing: elements and keys are left out |
//! | a field that is not declared | nothing |
//! | `metadata.managedFields` | nothing: the host gives it to nobody, declared or not |
//!
//! Nothing else is made alike.

use super::schema::{Scalar, Wanted};
use serde_json::{Map, Value};

/// What the SDK promises of floats.
const FLOAT_PRECISION: f64 = 1e-14;

/// What becomes of a resource's object.
pub(super) fn expected(wanted: &Wanted, object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    of_value(wanted, &object)
}

fn of_value(wanted: &Wanted, value: &Value) -> Value {
    match wanted {
        Wanted::Raw => value.clone(),
        Wanted::Scalar(Scalar::Quantity) if value.is_number() => Value::String(value.to_string()),
        Wanted::Scalar(_) => value.clone(),
        Wanted::List(inner) => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            items.iter().filter(|item| !item.is_null()).map(|item| of_value(inner, item)).collect()
        }
        Wanted::Map(inner) => {
            let pairs = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            pairs.map(|(key, value)| (key.clone(), of_value(inner, value))).collect::<Map<_, _>>().into()
        }
        Wanted::Object(fields) => {
            let mut object = Map::new();
            for field in fields {
                let value = &value[&field.name];
                if !(value.is_null() && field.optional) {
                    object.insert(field.name.clone(), of_value(&field.wanted, value));
                }
            }
            object.into()
        }
    }
}

/// How many scalars and raw parts a value has, the declared ones only.
pub(super) fn leaves(wanted: &Wanted, value: &Value) -> usize {
    match (wanted, value) {
        (_, Value::Null) => 0,
        (Wanted::Raw | Wanted::Scalar(_), _) => 1,
        (Wanted::List(inner), Value::Array(items)) => items.iter().map(|item| leaves(inner, item)).sum(),
        (Wanted::Map(inner), Value::Object(pairs)) => pairs.values().map(|value| leaves(inner, value)).sum(),
        (Wanted::Object(fields), value) => {
            fields.iter().map(|field| leaves(&field.wanted, &value[&field.name])).sum()
        }
        (wanted, value) => panic!("{value} is not {wanted:?}"),
    }
}

/// Where two values differ, a line for each place.
pub(super) fn differences(
    wanted: &Wanted,
    place: &str,
    expected: &Value,
    got: &Value,
    lines: &mut Vec<String>,
) {
    match (wanted, expected, got) {
        (Wanted::Object(_) | Wanted::Map(_), Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                let place = format!("{place}.{key}");
                match right.get(key) {
                    Some(other) => differences(below(wanted, key), &place, value, other, lines),
                    None => lines.push(format!("{place} is missing: {value}")),
                }
            }
            let more = right.iter().filter(|(key, _)| !left.contains_key(*key));
            lines.extend(more.map(|(key, value)| format!("{place}.{key} should not be there: {value}")));
        }
        (Wanted::List(inner), Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                differences(inner, &format!("{place}[{index}]"), left, right, lines);
            }
        }
        (Wanted::Scalar(Scalar::Float), left, right) if is_close(left, right) => {}
        (_, left, right) if left == right => {}
        (_, left, right) => lines.push(format!("{place} should be {left}, and is {right}")),
    }
}

fn below<'a>(wanted: &'a Wanted, key: &str) -> &'a Wanted {
    match wanted {
        Wanted::Object(fields) => {
            &fields.iter().find(|field| field.name == key).expect("only declared fields are expected").wanted
        }
        Wanted::Map(inner) => inner,
        other => panic!("{other:?} has no keys"),
    }
}

fn is_close(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => (left - right).abs() <= left.abs() * FLOAT_PRECISION,
        _ => false,
    }
}
