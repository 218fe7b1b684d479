//! Label and field selectors, as the API server reads them.

use crate::members::Members;

/// What an object must be like. The default selects everything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

/// A condition on one label or field.
#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl Test {
    fn admits(&self, value: Option<&str>) -> bool {
        let is_one = |values: &[String]| value.is_some_and(|value| values.iter().any(|one| one == value));
        match self {
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
            Test::In(values) => is_one(values),
            Test::NotIn(values) => !is_one(values),
        }
    }
}

impl Selector {
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether it selects an object, given as JSON.
    pub(crate) fn admits(&self, object: &[u8]) -> bool {
        if self.is_everything() {
            return true;
        }
        let object = std::str::from_utf8(object).ok().and_then(|json| Members::of(json).ok());
        let Some(object) = object else { return false };
        let labels = object.object("metadata").and_then(|metadata| metadata.object("labels"));
        let label = |key: &str| labels.as_ref().and_then(|labels| labels.text(key));
        self.labels.iter().all(|wanted| wanted.test.admits(label(&wanted.key).as_deref()))
            && self.fields.iter().all(|wanted| wanted.test.admits(Some(&field(&object, &wanted.key))))
    }

    /// Adds a label selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    pub(crate) fn add_labels(&mut self, text: &str) -> Result<(), String> {
        for part in split(text) {
            let part = part.trim();
            let requirement =
                label(part).ok_or_else(|| format!("the label selector '{part}' cannot be read"))?;
            self.labels.push(requirement);
        }
        Ok(())
    }

    /// Adds a field selector: `a.b=c,d!=e`.
    pub(crate) fn add_fields(&mut self, text: &str) -> Result<(), String> {
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let requirement =
                equality(part).ok_or_else(|| format!("the field selector '{part}' cannot be read"))?;
            self.fields.push(requirement);
        }
        Ok(())
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
        && !key.contains(|character: char| character.is_whitespace() || "()!=,".contains(character));
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
    match text.strip_prefix('!') {
        Some(key) => named(key, Test::DoesNotExist),
        None => named(text, Test::Exists),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &[u8] = br#"{"metadata":{"name":"web","labels":{"app":"shop","tier":""}},"spec":{"replicas":2},"status":{"phase":"Running"}}"#;

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
        ] {
            let mut selector = Selector::default();
            assert_eq!(selector.add_labels(labels), Ok(()), "{labels}");
            assert_eq!(selector.admits(POD), is_selected, "{labels}");
        }
        for (fields, is_selected) in [
            ("metadata.name=web", true),
            ("status.phase!=Running", false),
            ("spec.nodeName=", true),
            ("spec.replicas==2,status.phase=Running", true),
        ] {
            let mut selector = Selector::default();
            assert_eq!(selector.add_fields(fields), Ok(()), "{fields}");
            assert_eq!(selector.admits(POD), is_selected, "{fields}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for labels in ["a in b", "a in (b", "=b", "a within (b)", "!", "a b"] {
            assert!(Selector::default().add_labels(labels).is_err(), "{labels}");
        }
        assert!(Selector::default().add_fields("a").is_err());
    }
}
