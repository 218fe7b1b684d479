//! The members of JSON objects, one level at a time. Values stay text until somebody asks for them.
//!
//! The index of a value takes more memory than a small value itself, so there is a limit of values at one level.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Members of an object whose members are asked for. A Kubernetes object has a handful, and a few hundred labels at most.
const MAX_MEMBERS: usize = 10_000;
/// Elements of an array.
const MAX_ELEMENTS: usize = 2_000_000;

/// An object, one level deep.
pub(crate) struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    /// Reads an object.
    pub(crate) fn of(json: &'a str) -> serde_json::Result<Members<'a>> {
        serde_json::from_str(json)
    }

    /// The JSON of a member that is there and not null.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get()).filter(|json| *json != "null")
    }

    /// All members, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, value)| (&**name, value.get()))
    }

    /// Whether it has a member, if only a null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A member that is an object.
    pub(crate) fn object(&self, name: &str) -> Option<Members<'a>> {
        Members::of(self.json(name)?).ok()
    }

    /// A member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.json(name)?).ok()
    }

    /// The objects of a member that is an array.
    pub(crate) fn objects(&self, name: &str) -> impl Iterator<Item = Members<'a>> + use<'a> {
        let elements = self.json(name).and_then(|json| elements(json).ok()).unwrap_or_default();
        elements.into_iter().filter_map(|element| Members::of(element.get()).ok())
    }
}

/// The elements of an array.
pub(crate) fn elements(json: &str) -> serde_json::Result<Vec<&RawValue>> {
    serde_json::from_str(json).map(|Elements(elements)| elements)
}

struct Elements<'a>(Vec<&'a RawValue>);

/// Reads one level, up to its limit.
struct Level<T>(PhantomData<T>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Level(PhantomData::<Self>))
    }
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Level(PhantomData::<Self>))
    }
}

impl<'de> Visitor<'de> for Level<Members<'de>> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            members.insert(name, value);
            if members.len() > MAX_MEMBERS {
                return Err(Error::custom(format_args!("an object has more than {MAX_MEMBERS} members")));
            }
        }
        Ok(Members(members))
    }
}

impl<'de> Visitor<'de> for Level<Elements<'de>> {
    type Value = Elements<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            elements.push(element);
            if elements.len() > MAX_ELEMENTS {
                return Err(Error::custom(format_args!("an array has more than {MAX_ELEMENTS} elements")));
            }
        }
        Ok(Elements(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_has_a_limit() {
        let object = |members: usize| {
            let members: Vec<String> = (0..members).map(|number| format!("\"{number}\":1")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(Members::of(&object(MAX_MEMBERS)).is_ok());
        let error = Members::of(&object(MAX_MEMBERS + 1)).err().expect("too many");
        assert!(error.to_string().contains("more than 10000 members"), "{error}");
        let array = |elements: usize| format!("[{}1]", "1,".repeat(elements - 1));
        assert_eq!(elements(&array(MAX_ELEMENTS)).expect("as many as there may be").len(), MAX_ELEMENTS);
        assert!(elements(&array(MAX_ELEMENTS + 1)).is_err());
    }
}
