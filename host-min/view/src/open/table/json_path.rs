//! The JSONPath of columns of custom resources: `.status.conditions[?(@.type=="Ready")].status`.
//!
//! Only the first result is shown, so the search ends there. What cannot be read gives an empty cell, as at the API server.

use serde_json::Value;

/// Steps of a path.
const MAX_STEPS: usize = 64;
/// How many values a search looks at.
const MAX_VISITED: usize = 100_000;

/// A path.
#[derive(Debug, PartialEq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, PartialEq)]
enum Step {
    Member(String),
    /// Negative from the end.
    Index(i64),
    All,
    /// This value and all below it.
    Deep,
    Filter(Path, Option<(Operator, Value)>),
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Path {
    /// Reads a path that begins with a dot.
    pub(super) fn parse(text: &str) -> Option<Path> {
        let mut rest = text.trim();
        let mut steps = Vec::new();
        rest = rest.strip_prefix(['$', '@']).unwrap_or(rest);
        while !rest.is_empty() {
            if steps.len() == MAX_STEPS {
                return None;
            }
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Deep);
                rest = after;
                if !rest.starts_with('[') {
                    rest = member(rest, &mut steps)?;
                }
            } else if let Some(after) = rest.strip_prefix('.') {
                // `.` alone is the whole.
                let is_whole = after.is_empty() && steps.is_empty();
                rest = if is_whole { after } else { member(after, &mut steps)? };
            } else if let Some(after) = rest.strip_prefix('[') {
                let end = closing(after)?;
                steps.push(bracket(after[..end].trim())?);
                rest = &after[end + 1..];
            } else {
                return None;
            }
        }
        Some(Path(steps))
    }

    /// The first value at the path.
    pub(super) fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        find(&self.0, value, &mut { MAX_VISITED })
    }
}

/// Reads the name of a member, in which a backslash makes the next character one of the name.
fn member<'a>(text: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    let mut end = text.len();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => name.push(characters.next()?.1),
            '.' | '[' => {
                end = at;
                break;
            }
            _ => name.push(character),
        }
    }
    match &*name {
        "" => None,
        "*" => {
            steps.push(Step::All);
            Some(&text[end..])
        }
        _ => {
            steps.push(Step::Member(name));
            Some(&text[end..])
        }
    }
}

/// Where the bracket that is open ends, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn bracket(text: &str) -> Option<Step> {
    if text == "*" {
        return Some(Step::All);
    }
    if let Some(name) = quoted(text) {
        return Some(Step::Member(name.to_owned()));
    }
    if let Some(condition) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return filter(condition.trim());
    }
    text.parse().ok().map(Step::Index)
}

fn quoted(text: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

fn filter(condition: &str) -> Option<Step> {
    const OPERATORS: [(&str, Operator); 6] = [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let found = OPERATORS.iter().find_map(|(text, operator)| {
        let (left, right) = condition.split_once(text)?;
        Some((left, right, *operator))
    });
    let Some((left, right, operator)) = found else {
        return Some(Step::Filter(inner(condition)?, None));
    };
    let right = right.trim();
    let value = match quoted(right) {
        Some(text) => Value::from(text),
        None => serde_json::from_str(right).ok()?,
    };
    Some(Step::Filter(inner(left)?, Some((operator, value))))
}

/// A path within a filter. It has no filter of its own.
fn inner(text: &str) -> Option<Path> {
    let text = text.trim();
    if text.contains("?(") { None } else { Path::parse(text.strip_prefix('@')?) }
}

fn find<'a>(steps: &[Step], value: &'a Value, left: &mut usize) -> Option<&'a Value> {
    *left = left.checked_sub(1)?;
    let Some((step, rest)) = steps.split_first() else { return Some(value) };
    match step {
        Step::Member(name) => find(rest, value.get(name)?, left),
        Step::Index(index) => {
            let elements = value.as_array()?;
            let index = usize::try_from(*index)
                .ok()
                .or_else(|| elements.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?))?;
            find(rest, elements.get(index)?, left)
        }
        Step::All => children(value).find_map(|child| find(rest, child, left)),
        Step::Deep => {
            let here = find(rest, value, left);
            here.or_else(|| children(value).find_map(|child| find(steps, child, left)))
        }
        Step::Filter(path, condition) => {
            let elements = value.as_array()?;
            elements.iter().find_map(|element| {
                let found = find(&path.0, element, left)?;
                let holds =
                    condition.as_ref().is_none_or(|(operator, wanted)| holds(*operator, found, wanted));
                if holds { find(rest, element, left) } else { None }
            })
        }
    }
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(elements) => Box::new(elements.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => Box::new(std::iter::empty()),
    }
}

fn holds(operator: Operator, found: &Value, wanted: &Value) -> bool {
    let order = match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => Some(found.cmp(wanted)),
        (Value::Number(found), Value::Number(wanted)) => {
            found.as_f64().zip(wanted.as_f64()).and_then(|(found, wanted)| found.partial_cmp(&wanted))
        }
        _ => None,
    };
    match operator {
        Operator::Equal => found == wanted || order.is_some_and(|order| order.is_eq()),
        Operator::NotEqual => found != wanted && order.is_none_or(|order| order.is_ne()),
        Operator::Less => order.is_some_and(|order| order.is_lt()),
        Operator::LessOrEqual => order.is_some_and(|order| order.is_le()),
        Operator::Greater => order.is_some_and(|order| order.is_gt()),
        Operator::GreaterOrEqual => order.is_some_and(|order| order.is_ge()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_of_columns_find_their_values() {
        let object = json!({
            "metadata": {"annotations": {"a.b/c": "x"}},
            "spec": {"replicas": 3, "list": [1, 2, 3], "on": true},
            "status": {
                "conditions": [{"type": "Ready", "status": "False"}, {"type": "Old", "status": "True", "age": 7}],
                "history": [{"state": "Completed", "version": "4.1"}],
            },
        });
        for (path, expected) in [
            (".spec.replicas", json!(3)),
            ("$.spec.replicas", json!(3)),
            ("['spec']['replicas']", json!(3)),
            (".spec.on", json!(true)),
            (".spec.list[1]", json!(2)),
            (".spec.list[-1]", json!(3)),
            (".spec.list[*]", json!(1)),
            (r".metadata.annotations.a\.b/c", json!("x")),
            (".metadata.annotations['a.b/c']", json!("x")),
            (".status.conditions[?(@.type==\"Ready\")].status", json!("False")),
            (".status.conditions[?(@.type == 'Old')].status", json!("True")),
            (".status.conditions[?(@.age>6)].type", json!("Old")),
            (".status.conditions[?(@.age)].type", json!("Old")),
            (".status.history[?(@.state==\"Completed\")].version", json!("4.1")),
            ("..version", json!("4.1")),
        ] {
            let parsed = Path::parse(path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(parsed.first(&object), Some(&expected), "{path}");
        }
        for path in [".spec.none", ".spec.list[9]", ".status.conditions[?(@.age>7)].type", ".spec.list[-4]"] {
            assert_eq!(Path::parse(path).unwrap_or_else(|| panic!("{path}")).first(&object), None, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_none() {
        for path in [
            "spec",
            ".a[",
            ".a[?(@.b==)]",
            ".a[?(b)]",
            ".a[x]",
            "..",
            ".a.",
            &".a".repeat(65),
            ".a[?(@.b[?(@.c)])]",
        ] {
            assert_eq!(Path::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_search_ends() {
        // Each step that goes deep multiplies the work.
        let mut value = json!(1);
        for _ in 0..60 {
            value = json!([value, 1]);
        }
        let path = Path::parse("..[*]..[*]..[*]..[*]..[*]..[*].x").expect("a path");
        assert_eq!(path.first(&value), None);
    }
}
