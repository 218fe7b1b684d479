//! Label and field selectors, as the API server reads them.

use crate::fields::{self, Field};
use crate::members::Members;

/// What an object must be like. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<OnField>,
}

/// A condition on a field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OnField {
    wanted: Requirement,
    /// Where the value is if the field is empty; nowhere if this is.
    or: String,
    absent: &'static str,
}

/// A condition on one label or field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    NotIn(Vec<String>),
    More(i64),
    Less(i64),
}

impl Test {
    fn admits(&self, value: Option<&str>) -> bool {
        let is_one = |values: &[String]| value.is_some_and(|value| values.iter().any(|one| one == value));
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
            Test::In(values) => is_one(values),
            Test::NotIn(values) => !is_one(values),
            Test::More(than) => number().is_some_and(|value| value > *than),
            Test::Less(than) => number().is_some_and(|value| value < *than),
        }
    }
}

impl Selector {
    /// Whether it selects every object.
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether it selects an object, given as JSON.
    pub fn admits(&self, object: &[u8]) -> bool {
        if self.is_everything() {
            return true;
        }
        let object = std::str::from_utf8(object).ok().and_then(|json| Members::of(json).ok());
        let Some(object) = object else { return false };
        let labels = object.object("metadata").and_then(|metadata| metadata.object("labels"));
        let label = |key: &str| labels.as_ref().and_then(|labels| labels.text(key));
        self.labels.iter().all(|wanted| wanted.test.admits(label(&wanted.key).as_deref()))
            && self.fields.iter().all(|each| each.wanted.test.admits(Some(&each.value(&object))))
    }

    /// Adds a label selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    pub fn add_labels(&mut self, text: &str) -> Result<(), String> {
        for part in split(text) {
            let part = part.trim();
            let requirement =
                label(part).ok_or_else(|| format!("the label selector '{part}' cannot be read"))?;
            self.labels.push(requirement);
        }
        Ok(())
    }

    /// Adds a field selector, `a.b=c,d!=e`, of a resource. A field that the API server does not know is an error.
    pub fn add_fields(&mut self, group: &str, plural: &str, text: &str) -> Result<(), String> {
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let mut wanted =
                equality(part).ok_or_else(|| format!("the field selector '{part}' cannot be read"))?;
            let Field { path, or, absent } = fields::field(group, plural, &wanted.key)?;
            let or = or.to_owned();
            wanted.key = path.to_owned();
            self.fields.push(OnField { wanted, or, absent });
        }
        Ok(())
    }
}

impl OnField {
    fn value(&self, object: &Members) -> String {
        let mut value = field(object, &self.wanted.key);
        if value.is_empty() && !self.or.is_empty() {
            value = field(object, &self.or);
        }
        if value.is_empty() { self.absent.to_owned() } else { value }
    }
}

/// The text of a field. A field that is absent is an empty one.
fn field(object: &Members, path: &str) -> String {
    match path.split_once('.') {
        Some((first, rest)) => object.object(first).map_or_else(String::new, |inner| field(&inner, rest)),
        None => object.text(path).unwrap_or_else(|| object.json(path).unwrap_or_default().to_owned()),
    }
}

/// The requirements between commas that are in no parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
    .filter(|part| !part.trim().is_empty())
}

/// `a=b`, `a==b` or `a!=b`.
fn equality(text: &str) -> Option<Requirement> {
    let (key, value, is_equal) = match text.split_once("!=") {
        Some((key, value)) => (key, value, false),
        None => {
            let (key, value) = text.split_once('=')?;
            (key, value.strip_prefix('=').unwrap_or(value), true)
        }
    };
    let values = vec![value.trim().to_owned()];
    let test = if is_equal { Test::In(values) } else { Test::NotIn(values) };
    named(key, test)
}

fn named(key: &str, test: Test) -> Option<Requirement> {
    let key = key.trim();
    let is_key = !key.is_empty()
        && !key.contains(|character: char| character.is_whitespace() || "()!=<>,".contains(character));
    is_key.then(|| Requirement { key: key.to_owned(), test })
}

fn label(text: &str) -> Option<Requirement> {
    if let Some(list) = text.strip_suffix(')') {
        let (before, list) = list.split_once('(')?;
        let (key, operator) = before.trim().split_once(char::is_whitespace)?;
        let values: Vec<String> = list.split(',').map(|value| value.trim().to_owned()).collect();
        let test = match operator.trim() {
            "in" => Test::In(values),
            "notin" => Test::NotIn(values),
            _ => return None,
        };
        return named(key, test);
    }
    if text.contains('=') {
        return equality(text);
    }
    if let Some((key, number)) = text.split_once('>') {
        return named(key, Test::More(number.trim().parse().ok()?));
    }
    if let Some((key, number)) = text.split_once('<') {
        return named(key, Test::Less(number.trim().parse().ok()?));
    }
    match text.strip_prefix('!') {
        Some(key) => named(key, Test::DoesNotExist),
        None => named(text, Test::Exists),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &[u8] = br#"{"metadata":{"name":"web","labels":{"app":"shop","tier":"","size":"3"}},"spec":{"replicas":2},"status":{"phase":"Running"}}"#;

    #[test]
    fn selectors_select_as_the_server_does() {
        for (labels, is_selected) in [
            ("", true),
            ("app=shop", true),
            ("app == shop", true),
            ("app=bank", false),
            ("app!=bank,tier", true),
            ("missing!=x", true),
            ("app in (bank, shop),!missing", true),
            ("app notin (shop)", false),
            ("missing notin (a,b)", true),
            ("missing", false),
            ("!app", false),
            ("tier=", true),
            ("size>2", true),
            ("size > 3", false),
            ("size<4,app<4", false),
        ] {
            let mut selector = Selector::default();
            assert_eq!(selector.add_labels(labels), Ok(()), "{labels}");
            assert_eq!(selector.admits(POD), is_selected, "{labels}");
        }
        for (fields, is_selected) in [
            ("metadata.name=web", true),
            ("status.phase!=Running", false),
            ("spec.nodeName=", true),
            ("spec.hostNetwork==false,status.phase=Running", true),
            ("spec.hostNetwork=true", false),
        ] {
            let mut selector = Selector::default();
            assert_eq!(selector.add_fields("", "pods", fields), Ok(()), "{fields}");
            assert_eq!(selector.admits(POD), is_selected, "{fields}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for labels in ["a in b", "a in (b", "=b", "a within (b)", "!", "a b", "a>b"] {
            assert!(Selector::default().add_labels(labels).is_err(), "{labels}");
        }
        for fields in ["a", "spec.replicas=2"] {
            assert!(Selector::default().add_fields("", "pods", fields).is_err(), "{fields}");
        }
        let event = br#"{"reportingComponent":"kubelet","source":{}}"#;
        let mut selector = Selector::default();
        assert_eq!(selector.add_fields("", "events", "source=kubelet"), Ok(()));
        assert!(selector.admits(event));
    }
}
