//! The expected output of a gatherer for a given object.
//!
//! | the server has | the output has |
//! |---|---|
//! | a scalar, or a part that is taken verbatim | the same value |
//! | a float in a number field | the same value to 14 digits |
//! | a quantity that is a number | its digits as a string |
//! | `null` or nothing, for an optional field (`?`) | nothing |
//! | `null` or nothing, for another field | an empty list, map or object |
//! | `null` in a list or as a value of a map | nothing: elements and keys are left out |
//! | an undeclared field | nothing |
//!
//! Everything else must be equal.

use super::schema::{Scalar, Wanted};
use serde_json::{Map, Value};

/// What the SDK promises of floats.
const FLOAT_PRECISION: f64 = 1e-14;

/// What becomes of a value, such as a resource's object.
pub(super) fn expected(wanted: &Wanted, value: &Value) -> Value {
    match wanted {
        Wanted::Raw => value.clone(),
        Wanted::Scalar(Scalar::Quantity) if value.is_number() => Value::String(value.to_string()),
        Wanted::Scalar(_) => value.clone(),
        Wanted::List(inner) => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            items.iter().filter(|item| !item.is_null()).map(|item| expected(inner, item)).collect()
        }
        Wanted::Map(inner) => {
            let pairs = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            pairs.map(|(key, value)| (key.clone(), expected(inner, value))).collect::<Map<_, _>>().into()
        }
        Wanted::Object(fields) => {
            let mut object = Map::new();
            for field in fields {
                let value = &value[&field.name];
                if !(value.is_null() && field.optional) {
                    object.insert(field.name.clone(), expected(&field.wanted, value));
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
