//! A run that is narrowed to a namespace or a label selector, like `kubectl -n` and `kubectl -l`, or to a shard of the namespaces.
//!
//! Narrowing only takes away. A request must be allowed by the manifest, the grant and the narrowing. As in kubectl, a namespace does
//! not exclude objects that are in no namespace. Of the Namespaces themselves, only that one is left.

use super::{Allowed, Denial, Scope, Shard, Target};
use crate::canonical::Canonical;
use serde::Serialize;
use std::fmt;
use wagather_abi::Verb;
use wagather_abi::limits::MAX_SELECTOR_BYTES;

/// The namespace, the label selector and the shard of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Narrowing {
    /// The only namespace in which objects may be, if they are in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The label selector that objects of lists must match, too. [`label_selector`] checks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The shard in whose namespaces objects of lists must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

impl Narrowing {
    /// Whether nothing is excluded.
    pub fn is_nothing(&self) -> bool {
        self.namespace.is_none() && self.selector.is_none() && self.shard.is_none()
    }

    /// Why a request is excluded, if it is.
    pub(super) fn refuses(&self, target: &Target<'_>) -> Option<Denial> {
        let (only, asked) = (self.namespace.as_deref()?, target.own_namespace());
        (!asked.is_empty() && asked != only)
            .then(|| Denial::Narrowed { only: only.into(), namespace: asked.into() })
    }

    /// Restricts a request for a list.
    pub(super) fn apply(&self, request: &mut Canonical, allowed: &mut Allowed) {
        // What a request for any resource comes to is narrowed list by list.
        if request.verb != Verb::LIST || request.is_of_any() {
            return;
        }
        if let Some(selector) = &self.selector {
            // It comes first, because it is known to be well-formed. What the guest writes after it can only narrow the list further.
            request.labels = match &*request.labels {
                "" => selector.clone(),
                labels => format!("{selector},{labels}"),
            };
        }
        if let Some(namespace) = &self.namespace
            && request.namespace.is_empty()
            && !Target::of(request).is_namespaces()
        {
            request.namespace.clone_from(namespace);
            allowed.narrowed = true;
        }
        if let Some(shard) = &self.shard
            && request.namespace.is_empty()
        {
            let scope = std::mem::replace(&mut allowed.scope, Scope::everything());
            allowed.scope = scope.in_shard(shard.clone(), Target::of(request).is_namespaces());
        }
    }
}

/// Why the API server would not accept a label selector.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectorError {
    /// It is longer than [`MAX_SELECTOR_BYTES`].
    TooLong,
    /// Its parentheses do not match.
    Parentheses,
    /// This part of it is not a requirement.
    Requirement(String),
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SelectorError::TooLong => {
                write!(f, "a label selector has at most {MAX_SELECTOR_BYTES} bytes")
            }
            SelectorError::Parentheses => f.write_str("its parentheses do not match"),
            SelectorError::Requirement(term) => write!(
                f,
                "'{}' is not a requirement such as key, !key, key=value, key!=value, key>number, key<number, key in (a, b) or key notin (a, b)",
                term.escape_debug()
            ),
        }
    }
}

impl std::error::Error for SelectorError {}

/// Checks that the API server accepts a text as a label selector.
///
/// See <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>.
pub fn label_selector(text: &str) -> Result<(), SelectorError> {
    if text.len() > MAX_SELECTOR_BYTES {
        return Err(SelectorError::TooLong);
    }
    let mut inside = false;
    let mut terms = vec![String::new()];
    for c in text.chars() {
        match c {
            '(' | ')' if inside == (c == '(') => return Err(SelectorError::Parentheses),
            '(' | ')' => inside = c == '(',
            ',' if !inside => {
                terms.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(term) = terms.last_mut() {
            term.push(c);
        }
    }
    if inside {
        return Err(SelectorError::Parentheses);
    }
    match terms.iter().find(|term| !is_term(term.trim())) {
        None => Ok(()),
        Some(term) => Err(SelectorError::Requirement(term.trim().into())),
    }
}

fn is_term(term: &str) -> bool {
    if let Some(key) = term.strip_prefix('!') {
        return is_key(key.trim());
    }
    if let Some((head, values)) = term.split_once('(') {
        let mut words = head.split_whitespace();
        let (key, operator) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let Some(values) = values.strip_suffix(')') else { return false };
        return is_key(key)
            && matches!(operator, "in" | "notin")
            && words.next().is_none()
            && values.split(',').all(|value| is_value(value.trim()));
    }
    for operator in ["!=", "==", "=", ">", "<"] {
        if let Some((key, value)) = term.split_once(operator) {
            let value = value.trim();
            let is_number = !matches!(operator, ">" | "<") || value.parse::<i64>().is_ok();
            return is_key(key.trim()) && is_value(value) && is_number;
        }
    }
    is_key(term)
}

/// A label's key: a name, alone or behind a domain and a slash.
fn is_key(key: &str) -> bool {
    let (domain, name) = key.split_once('/').map_or((None, key), |(domain, name)| (Some(domain), name));
    !name.is_empty() && is_value(name) && domain.is_none_or(wagather_abi::manifest::is_name)
}

/// A label's value, which may be empty.
fn is_value(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    value.len() <= 63
        && value.bytes().all(|byte| plain(byte) || b"-_.".contains(&byte))
        && value.bytes().next().is_none_or(plain)
        && value.bytes().last().is_none_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors() {
        for good in [
            "app=web",
            "app==web",
            "app = web , tier!=db",
            "app",
            "!app",
            "! app",
            "app=",
            "app.kubernetes.io/name=web",
            "env in (prod, dev),app notin (a)",
            "env in ()",
            "n>3,n<9",
        ] {
            assert_eq!(label_selector(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            ",",
            "app=web,",
            "=web",
            "app=(web",
            "app in (a",
            "app in (a))",
            "app in ((a))",
            "app in a",
            "app like (a)",
            "app not in (a)",
            "a b",
            "app=a b",
            "app=\u{1b}[2J",
            "app=a\nb",
            "n>x",
            "a/b/c=d",
            "-a",
            "app=-x",
        ] {
            assert!(label_selector(bad).is_err(), "{bad}");
        }
    }
}
