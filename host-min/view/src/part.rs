//! A part of a JSON text as a value: the members that somebody looks at. The others are read over, which takes neither memory nor time
//! worth mentioning: of a pod, a table shows a tenth.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What is kept of a value. What holds for an array holds for each of its elements.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keep {
    /// All of it.
    All,
    /// These members of an object, each in part.
    Only(&'static [(&'static str, Keep)]),
    /// All members, of which these are kept in part, or not at all.
    But(&'static [(&'static str, Option<Keep>)]),
}

impl Keep {
    /// What is kept of a member, if anything.
    fn member(self, name: &str) -> Option<Keep> {
        match self {
            Keep::All => Some(Keep::All),
            Keep::Only(members) => members.iter().find(|(known, _)| *known == name).map(|(_, keep)| *keep),
            Keep::But(members) => {
                members.iter().find(|(known, _)| *known == name).map_or(Some(Keep::All), |(_, keep)| *keep)
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Keep {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        match self {
            Keep::All => serde::Deserialize::deserialize(from),
            Keep::Only(_) | Keep::But(_) => from.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Keep {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(member) = from.next_key_seed(Name(self))? {
            match member {
                Some((name, keep)) => _ = members.insert(name, from.next_value_seed(keep)?),
                None => _ = from.next_value::<IgnoredAny>()?,
            }
        }
        Ok(members.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = from.next_element_seed(self)? {
            elements.push(element);
        }
        Ok(elements.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
}

/// The name of a member, if that is kept, and what is kept of the member.
struct Name(Keep);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<(String, Keep)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<(String, Keep)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.member(name).map(|keep| (name.to_owned(), keep)))
    }
}

/// Decodes a part of a text.
pub(crate) fn decode(json: &[u8], keep: Keep) -> serde_json::Result<Value> {
    let mut from = serde_json::Deserializer::from_slice(json);
    let value = keep.deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_asked_for_is_there() {
        let text =
            r#"{"a":{"b":[{"c":1,"d":"x"},2,null,"s",1.5,true,-3],"e":{"f":{}}},"g":[1],"a2":{"h":[[]]}}"#;
        let decoded = |keep| decode(text.as_bytes(), keep).expect("JSON");
        assert_eq!(decoded(Keep::All), serde_json::from_str::<Value>(text).expect("JSON"));
        const BELOW: &[(&str, Keep)] = &[("b", Keep::Only(&[("c", Keep::All)]))];
        assert_eq!(
            decoded(Keep::Only(&[("a", Keep::Only(BELOW)), ("none", Keep::All)])),
            json!({"a": {"b": [{"c": 1}, 2, null, "s", 1.5, true, -3]}})
        );
        assert_eq!(
            decoded(Keep::But(&[("a", Some(Keep::But(&[("b", None)]))), ("g", None)])),
            json!({"a": {"e": {"f": {}}}, "a2": {"h": [[]]}})
        );
    }

    #[test]
    fn what_is_no_json_is_none_wherever_it_is_broken() {
        for text in ["", "{", r#"{"a":}"#, r#"{"b":tru}"#, r#"{"a":1}x"#, r#"{"b":"\x"}"#] {
            assert!(decode(text.as_bytes(), Keep::Only(&[("a", Keep::All)])).is_err(), "{text}");
        }
        let deep = |levels| format!("{}{}", r#"{"a":"#.repeat(levels) + "1", "}".repeat(levels));
        assert!(decode(deep(500).as_bytes(), Keep::All).is_err());
        assert!(decode(deep(500).as_bytes(), Keep::Only(&[("a", Keep::All)])).is_err());
    }
}
