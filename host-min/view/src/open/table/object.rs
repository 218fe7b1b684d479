//! An object of which cells are made. Whatever is missing or of another type is empty: archives have objects in part.

use serde_json::Value;

use super::age::{human, millis_of};

/// What kubectl writes where there is nothing.
pub(super) const NONE: &str = "<none>";
const UNKNOWN: &str = "<unknown>";
pub(super) const UNSET: &str = "<unset>";

/// An object, or a part of one, and the time that ages are relative to.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    pub(super) value: &'a Value,
    now_millis: i64,
}

impl<'a> Object<'a> {
    pub(super) fn of(value: &'a Value, now_millis: i64) -> Object<'a> {
        Object { value, now_millis }
    }

    /// Another value, at the same time.
    pub(super) fn with<'b>(&self, value: &'b Value) -> Object<'b> {
        Object { value, now_millis: self.now_millis }
    }

    /// The part at a JSON pointer that is there and not null.
    pub(super) fn get(&self, pointer: &str) -> Option<Object<'a>> {
        let value = at(self.value, pointer).filter(|value| !value.is_null())?;
        Some(Object { value, ..*self })
    }

    pub(super) fn has(&self, pointer: &str) -> bool {
        self.get(pointer).is_some()
    }

    pub(super) fn text(&self, pointer: &str) -> &'a str {
        at(self.value, pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A part that has one of two names; null if there is neither.
    pub(super) fn either(&self, one: &str, other: &str) -> Object<'a> {
        self.get(one).or_else(|| self.get(other)).unwrap_or(Object { value: &Value::Null, ..*self })
    }

    /// A text, or another one if it is missing or empty.
    pub(super) fn text_or(&self, pointer: &str, other: &str) -> String {
        match self.text(pointer) {
            "" => other.to_owned(),
            text => text.to_owned(),
        }
    }

    /// A text or a number, as text.
    pub(super) fn scalar(&self, pointer: &str) -> Option<String> {
        self.get(pointer).map(|part| match part.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    pub(super) fn number(&self, pointer: &str) -> i64 {
        at(self.value, pointer).and_then(Value::as_i64).unwrap_or(0)
    }

    pub(super) fn is(&self, pointer: &str) -> bool {
        at(self.value, pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The elements of an array.
    pub(super) fn all(
        &self,
        pointer: &str,
    ) -> impl DoubleEndedIterator<Item = Object<'a>> + ExactSizeIterator + use<'a> {
        let now_millis = self.now_millis;
        let elements = at(self.value, pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        elements.iter().map(move |value| Object { value, now_millis })
    }

    /// The members of an object.
    pub(super) fn members(&self, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let members = at(self.value, pointer).and_then(Value::as_object);
        members.into_iter().flatten().map(|(name, value)| (&**name, value))
    }

    /// How many elements or members there are.
    pub(super) fn len(&self, pointer: &str) -> i64 {
        let len = match at(self.value, pointer) {
            Some(Value::Array(elements)) => elements.len(),
            Some(Value::Object(members)) => members.len(),
            _ => 0,
        };
        i64::try_from(len).unwrap_or(i64::MAX)
    }

    /// The texts of an array's elements, at a pointer below each.
    pub(super) fn joined(&self, pointer: &str, below: &str, separator: &str) -> String {
        self.all(pointer).map(|element| element.text(below)).collect::<Vec<_>>().join(separator)
    }

    /// The time since a timestamp.
    pub(super) fn since(&self, pointer: &str) -> String {
        match millis_of(self.text(pointer)) {
            Some(millis) => human(self.now_millis.saturating_sub(millis)),
            None => UNKNOWN.into(),
        }
    }

    /// The condition of a type.
    pub(super) fn condition(&self, kind: &str) -> Option<Object<'a>> {
        self.all("/status/conditions").find(|condition| condition.text("/type") == kind)
    }

    pub(super) fn has_condition(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|condition| condition.text("/status") == "True")
    }

    /// Labels: `a=b,c=d`.
    pub(super) fn labels(&self, pointer: &str) -> String {
        let mut labels: Vec<String> = self
            .members(pointer)
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
            .collect();
        labels.sort_unstable();
        if labels.is_empty() { NONE.into() } else { labels.join(",") }
    }

    /// A label selector, as text that selects the same.
    pub(super) fn selector(&self, pointer: &str) -> String {
        let mut parts: Vec<(&str, String)> = self
            .members(&format!("{pointer}/matchLabels"))
            .map(|(name, value)| (name, format!("{name}={}", value.as_str().unwrap_or_default())))
            .collect();
        for expression in self.all(&format!("{pointer}/matchExpressions")) {
            let key = expression.text("/key");
            let mut values: Vec<&str> = expression.all("/values").map(|value| value.text("")).collect();
            values.sort_unstable();
            let values = values.join(",");
            let text = match expression.text("/operator") {
                "In" => format!("{key} in ({values})"),
                "NotIn" => format!("{key} notin ({values})"),
                "Exists" => key.to_owned(),
                "DoesNotExist" => format!("!{key}"),
                _ => return "<error>".into(),
            };
            parts.push((key, text));
        }
        parts.sort_by_key(|(key, _)| *key);
        parts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
    }

    /// The same for people.
    pub(super) fn selector_or_none(&self, pointer: &str) -> String {
        match self.selector(pointer) {
            text if text.is_empty() => NONE.into(),
            text => text,
        }
    }
}

/// The value at a JSON pointer. As serde_json's, which allocates twice for each step to undo escapes; the pointers here have none.
fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(value, |value, step| match value {
        Value::Object(members) => members.get(step),
        Value::Array(elements) => elements.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The first few of a list, and how many more there are.
pub(super) fn first(list: &[String], most: usize, separator: &str) -> String {
    match list.len().checked_sub(most) {
        Some(more @ 1..) => format!("{} + {more} more...", list[..most].join(separator)),
        _ => list.join(separator),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_is_that_of_its_pointer() {
        let value = json!({"a": [{"b": 1}, null, ["c"]], "": {"": 2}, "0": 3});
        for pointer in ["", "/a", "/a/0/b", "/a/1", "/a/1/b", "/a/2/0", "/a/3", "/a/x", "/b", "/0", "//", "/"]
        {
            assert_eq!(at(&value, pointer), value.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn selectors_are_texts() {
        let value = json!({"s": {
            "matchLabels": {"b": "1", "a": "2"},
            "matchExpressions": [
                {"key": "c", "operator": "In", "values": ["y", "x"]},
                {"key": "d", "operator": "NotIn", "values": ["z"]},
                {"key": "aa", "operator": "Exists"},
                {"key": "e", "operator": "DoesNotExist"},
            ],
        }});
        let object = Object::of(&value, 0);
        assert_eq!(object.selector("/s"), "a=2,aa,b=1,c in (x,y),d notin (z),!e");
        assert_eq!(object.selector_or_none("/t"), "<none>");
        assert_eq!(object.labels("/s/matchLabels"), "a=2,b=1");
    }

    #[test]
    fn long_lists_are_cut() {
        let list: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
        assert_eq!(first(&list, 3, ","), "a,b,c + 1 more...");
        assert_eq!(first(&list, 4, ","), "a,b,c,d");
        assert_eq!(first(&[], 3, ","), "");
    }
}
