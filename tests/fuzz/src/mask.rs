//! Field masks by their definition: without merging or normalizing, by checking every matching field.

use crate::json::Json;
use wagather_abi::limits::{MAX_MASK_BYTES, MAX_MASK_DEPTH};

/// A mask as it is written: fields, each whole (`None`) or with a mask of its own.
#[derive(Clone, Debug)]
pub struct Mask(Vec<(String, Option<Mask>)>);

/// What is kept of a value: whatever one of these keeps; `None` keeps all. Empty: nothing.
pub type Any<'a> = Vec<Option<&'a Mask>>;

impl Mask {
    /// Reads a text by the grammar.
    pub fn parse(text: &str) -> Option<Mask> {
        let mut rest = text;
        let mask = fields(&mut rest, 0)?;
        (rest.is_empty() && text.len() <= MAX_MASK_BYTES).then_some(mask)
    }

    /// The object that is left of an object, without `metadata.managedFields`.
    pub fn project(&self, object: &[(String, Json)]) -> Json {
        let mut kept = Vec::new();
        for (key, value) in object {
            let any = children(&vec![Some(self)], key);
            if key == "metadata" {
                kept.extend(metadata(&any, value).map(|value| (key.clone(), value)));
            } else if !any.is_empty() {
                kept.push((key.clone(), project(&any, value)));
            }
        }
        Json::Object(kept)
    }
}

fn fields(rest: &mut &str, depth: usize) -> Option<Mask> {
    let mut all = Vec::new();
    loop {
        let stop = |c: char| c.is_ascii_control() || " (),*\"'\\".contains(c);
        let len = if rest.starts_with('*') { 1 } else { rest.find(stop).unwrap_or(rest.len()) };
        let (name, after) = rest.split_at(len);
        if name.is_empty() {
            return None;
        }
        *rest = after;
        let mut inner = None;
        if let Some(after) = rest.strip_prefix('(') {
            if depth == MAX_MASK_DEPTH {
                return None;
            }
            *rest = after;
            inner = Some(fields(rest, depth + 1)?);
            *rest = rest.strip_prefix(')')?;
        }
        all.push((name.to_owned(), inner));
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Some(Mask(all)),
        }
    }
}

/// What is kept of a key's value.
pub fn children<'a>(any: &Any<'a>, key: &str) -> Any<'a> {
    let mut found = Vec::new();
    for mask in any {
        match mask {
            None => found.push(None),
            Some(Mask(fields)) => {
                // `*` is for keys that are not named.
                let name = if fields.iter().any(|(name, _)| name == key) { key } else { "*" };
                found.extend(fields.iter().filter(|(known, _)| known == name).map(|(_, m)| m.as_ref()));
            }
        }
    }
    found
}

/// Whether everything is kept: of every key that is named anywhere, and of one that is not.
pub fn is_all(any: &Any<'_>) -> bool {
    any.iter().any(Option::is_none) || {
        let names = any.iter().flatten().flat_map(|Mask(fields)| fields.iter().map(|(name, _)| &**name));
        !any.is_empty() && names.chain(["*"]).all(|name| is_all(&children(any, name)))
    }
}

fn project(any: &Any<'_>, value: &Json) -> Json {
    if is_all(any) {
        return value.clone();
    }
    match value {
        Json::List(items) => Json::List(items.iter().map(|item| project(any, item)).collect()),
        Json::Object(entries) => members(any, entries, &|key, value| is_witness(any, key, value)),
        _ => Json::Null,
    }
}

fn members(any: &Any<'_>, entries: &[(String, Json)], is_kept: &dyn Fn(&str, &Json) -> bool) -> Json {
    let kept = entries.iter().filter_map(|(key, value)| {
        let below = children(any, key);
        if is_kept(key, value) {
            return Some((key.clone(), value.clone()));
        }
        (!below.is_empty()).then(|| (key.clone(), project(&below, value)))
    });
    Json::Object(kept.collect())
}

/// What tells redaction that an embedded object is a Secret is kept with its data.
fn is_witness(any: &Any<'_>, key: &str, value: &Json) -> bool {
    let has_data = ["data", "stringData"].iter().any(|data| !children(any, data).is_empty());
    key == "kind" && value.text() == "Secret" && has_data
}

/// The value of `metadata`; none if nothing but `managedFields` was asked for.
fn metadata(any: &Any<'_>, value: &Json) -> Option<Json> {
    let others = any.iter().any(|mask| match mask {
        None => true,
        Some(Mask(fields)) => fields.iter().any(|(name, _)| name != "managedFields"),
    });
    let nothing = |_: &str, _: &Json| false;
    others.then(|| match value {
        Json::Object(entries) => members(any, &without_managed_fields(entries), &nothing),
        other => in_list(any, other),
    })
}

/// A `metadata` that is no object, which no server sends: its elements go by the same mask.
fn in_list(any: &Any<'_>, value: &Json) -> Json {
    match value {
        Json::List(items) => Json::List(items.iter().map(|item| in_list(any, item)).collect()),
        Json::Object(entries) => {
            members(any, &without_managed_fields(entries), &|key, value| is_witness(any, key, value))
        }
        _ => Json::Null,
    }
}

fn without_managed_fields(entries: &[(String, Json)]) -> Vec<(String, Json)> {
    entries.iter().filter(|(key, _)| key != "managedFields").cloned().collect()
}
