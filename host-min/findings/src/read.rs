//! Reads a `findings.json`, one finding at a time, and names the place of the first mistake.

use crate::{Counts, Finding, Object, Severity};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

/// The longest code: as long as the type of a condition may be.
const MAX_CODE_BYTES: usize = 316;

/// Why a file is no list of findings.
#[derive(Debug)]
pub struct Mistake {
    place: Place,
    error: serde_json::Error,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { index, members: [member, inner] } = self.place;
        if let Some(index) = index {
            write!(f, "findings[{index}]")?;
            for member in [member, inner].into_iter().filter(|member| !member.is_empty()) {
                write!(f, ".{member}")?;
            }
            f.write_str(": ")?;
        }
        self.error.fmt(f)
    }
}

impl std::error::Error for Mistake {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Where the reader is: in which finding, and in which of its members.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    index: Option<usize>,
    members: [&'static str; 2],
}

/// Gives each finding of a file, in its order, and counts them.
///
/// # Errors
/// The first mistake. The findings before it were given.
pub fn read(json: &[u8], each: &mut dyn FnMut(Finding)) -> Result<Counts, Mistake> {
    let place = Cell::new(Place::default());
    let mut counts = Counts::default();
    let mut count = |finding: Finding| {
        counts.add(finding.severity);
        each(finding);
    };
    let mut from = serde_json::Deserializer::from_slice(json);
    let whole = Whole { place: &place, each: &mut count };
    match whole.deserialize(&mut from).and_then(|()| from.end()) {
        Ok(()) => Ok(counts),
        Err(error) => Err(Mistake { place: place.get(), error }),
    }
}

/// The file: an object with the findings.
struct Whole<'a> {
    place: &'a Cell<Place>,
    each: &'a mut dyn FnMut(Finding),
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the member \"findings\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut is_there = false;
        while let Some(name) = map.next_key::<String>()? {
            match &*name {
                "findings" if is_there => return Err(A::Error::duplicate_field("findings")),
                "findings" => {
                    is_there = true;
                    map.next_value_seed(List { place: self.place, each: &mut *self.each })?;
                    self.place.set(Place::default());
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        if is_there { Ok(()) } else { Err(A::Error::missing_field("findings")) }
    }
}

struct List<'a> {
    place: &'a Cell<Place>,
    each: &'a mut dyn FnMut(Finding),
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of findings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.place.set(Place { index: Some(index), ..Place::default() });
            match array.next_element_seed(One(self.place))? {
                Some(finding) => (self.each)(finding),
                None => break,
            }
        }
        Ok(())
    }
}

struct One<'a>(&'a Cell<Place>);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Finding;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Finding, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Finding;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a finding")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Finding, A::Error> {
        let (mut severity, mut code, mut message) = (None, None, None);
        let (mut object, mut since, mut properties) = (None, None, BTreeMap::new());
        let at = |member| {
            let index = self.0.get().index;
            self.0.set(Place { index, members: [member, ""] });
        };
        while let Some(name) = map.next_key::<String>()? {
            match &*name {
                "severity" => {
                    at("severity");
                    let name: String = map.next_value()?;
                    severity = Some(Severity::of(&name).ok_or_else(|| {
                        A::Error::custom(format_args!("'{name}' is none of error, warning and info"))
                    })?);
                }
                "code" => {
                    at("code");
                    code = Some(map.next_value::<String>()?).filter(|code| is_code(code));
                    if code.is_none() {
                        return Err(A::Error::custom(format_args!(
                            "a code is a word of letters, digits, '-', '_', '.' and '/', of at most {MAX_CODE_BYTES} bytes"
                        )));
                    }
                }
                "message" => {
                    at("message");
                    message = Some(map.next_value()?);
                }
                "since" => {
                    at("since");
                    since = map.next_value::<Option<String>>()?.filter(|since| !since.is_empty());
                    if since.as_deref().is_some_and(|since| humantime::parse_rfc3339(since).is_err()) {
                        return Err(A::Error::custom(
                            "it is no time such as 2026-01-02T03:04:05Z (RFC 3339, UTC)",
                        ));
                    }
                }
                "object" => {
                    at("object");
                    object = map.next_value_seed(Subject(self.0))?;
                }
                "properties" => {
                    at("properties");
                    properties = map.next_value::<Option<_>>()?.unwrap_or_default();
                }
                _ => {
                    at("");
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        at("");
        Ok(Finding {
            severity: severity.ok_or_else(|| A::Error::missing_field("severity"))?,
            code: code.ok_or_else(|| A::Error::missing_field("code"))?,
            object,
            message: message.ok_or_else(|| A::Error::missing_field("message"))?,
            since,
            properties,
        })
    }
}

struct Subject<'a>(&'a Cell<Place>);

impl<'de> DeserializeSeed<'de> for Subject<'_> {
    type Value = Option<Object>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<Object>, D::Error> {
        from.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Subject<'_> {
    type Value = Option<Object>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Option<Object>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<Object>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Option<Object>, D::Error> {
        from.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Object>, A::Error> {
        let mut object = Object::default();
        let at = |member| {
            let index = self.0.get().index;
            self.0.set(Place { index, members: ["object", member] });
        };
        while let Some(name) = map.next_key::<String>()? {
            match &*name {
                "apiVersion" => {
                    at("apiVersion");
                    object.api_version = map.next_value()?;
                }
                "kind" => {
                    at("kind");
                    object.kind = map.next_value()?;
                }
                "namespace" => {
                    at("namespace");
                    object.namespace =
                        map.next_value::<Option<String>>()?.filter(|namespace| !namespace.is_empty());
                }
                "name" => {
                    at("name");
                    object.name = map.next_value()?;
                }
                _ => {
                    at("");
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        at("");
        let needed = [("apiVersion", &object.api_version), ("kind", &object.kind), ("name", &object.name)];
        if let Some((name, _)) = needed.iter().find(|(_, value)| value.is_empty()) {
            return Err(A::Error::missing_field(name));
        }
        Ok(Some(object))
    }
}

/// Whether a text is a word for programs.
fn is_code(text: &str) -> bool {
    (1..=MAX_CODE_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
}
