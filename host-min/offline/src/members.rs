//! The members of JSON objects, one level at a time. Values stay text until somebody asks for them.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// An object, one level deep.
pub(crate) struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    /// Reads an object.
    pub(crate) fn of(json: &'a str) -> serde_json::Result<Members<'a>> {
        serde_json::from_str(json).map(Members)
    }

    /// The JSON of a member that is there and not null.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get()).filter(|json| *json != "null")
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
    serde_json::from_str(json)
}
