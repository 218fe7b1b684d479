//! What a run is narrowed to by whoever starts it, as `kubectl -n` and `kubectl -l` do: a namespace, a label selector.
//!
//! It only takes away: what is left is what the manifest, the grant and this all allow. Objects that are in no namespace
//! are not touched by a namespace, as for kubectl; but of the Namespaces themselves only that one is left.

use super::{Allowed, Target};
use crate::canonical::Canonical;
use serde::Serialize;
use wagather_abi::Verb;
use wagather_abi::limits::MAX_SELECTOR_BYTES;

/// What a run is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Narrowing {
    /// The one namespace that objects may be in, if they are in any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The label selector that objects of lists must also match; [`label_selector`] tells whether it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

impl Narrowing {
    /// Whether everything is left.
    pub fn is_nothing(&self) -> bool {
        self.namespace.is_none() && self.selector.is_none()
    }

    /// Why nothing of what is asked for is left, if that is so.
    pub(super) fn refuses(&self, target: &Target<'_>) -> Option<String> {
        let (only, asked) = (self.namespace.as_deref()?, target.own_namespace());
        (!asked.is_empty() && asked != only).then(|| {
            format!("--namespace limits the run to the namespace {only}, and this request is for {asked}")
        })
    }

    /// Makes the request for a list ask for no more than what is left.
    pub(super) fn apply(&self, request: &mut Canonical, allowed: &mut Allowed) {
        if request.verb != Verb::LIST {
            return;
        }
        if let Some(selector) = &self.selector {
            // First, as it is known to be well-formed: whatever a guest writes behind it can only take away.
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
    }
}

/// Whether a text is a label selector as the API server reads it, or what is wrong with it.
///
/// See <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>.
pub fn label_selector(text: &str) -> Result<(), String> {
    if text.len() > MAX_SELECTOR_BYTES {
        return Err(format!("a label selector has at most {MAX_SELECTOR_BYTES} bytes"));
    }
    let mut inside = false;
    let mut terms = vec![String::new()];
    for c in text.chars() {
        match c {
            '(' | ')' if inside == (c == '(') => return Err("its parentheses do not match".into()),
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
        return Err("its parentheses do not match".into());
    }
    match terms.iter().find(|term| !is_term(term.trim())) {
        None => Ok(()),
        Some(term) => Err(format!(
            "'{}' is not a requirement such as key, !key, key=value, key!=value, key>number, key<number, key in (a, b) or key notin (a, b)",
            term.trim().escape_debug()
        )),
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

/// A label's key: a name, behind a domain and a slash or alone.
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
