//! The objects in a file: one object, a list, an array, or several documents of YAML.

use std::borrow::Cow;

use serde_json::error::Category;

use crate::members::{Members, elements};
use crate::place::Hint;

/// How deep lists nest. A list of lists is odd already.
const MAX_LISTS: usize = 4;

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The API group; `None` if nothing says it.
    pub(crate) group: Option<String>,
    /// The version; `None` if nothing says it.
    pub(crate) version: Option<String>,
    /// The kind; empty if nothing says it.
    pub(crate) kind: String,
    /// The resource.
    pub(crate) plural: Plural,
    /// The namespace; empty for an object that is in none.
    pub(crate) namespace: String,
    /// The name.
    pub(crate) name: String,
}

impl Identity {
    /// All that is remembered of it.
    pub(crate) fn names(&self) -> [&str; 6] {
        let Identity { group, version, kind, plural, namespace, name } = self;
        let (Plural::Named(plural) | Plural::Guessed(plural)) = plural;
        let [group, version] = [group, version].map(|text| text.as_deref().unwrap_or_default());
        [group, version, kind, plural, namespace, name]
    }
}

/// The name of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plural {
    /// The archive names it.
    Named(String),
    /// Made from the kind. Discovery or a CustomResourceDefinition may know better.
    Guessed(String),
}

/// A part of a file.
pub(crate) enum Part<'a> {
    /// An object and its JSON, without blanks.
    Object(Identity, Cow<'a, [u8]>),
    /// A list without items: the resource was asked for, and there was none.
    EmptyList(Identity),
}

/// Gives the parts of a file.
pub(crate) fn parts(
    content: &[u8],
    hint: &Hint,
    each: &mut dyn FnMut(Part) -> Result<(), String>,
) -> Result<(), Problem> {
    let text = std::str::from_utf8(content).map_err(|_| Problem::Unusable("it is not UTF-8".into()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => match value(text, hint, (None, 0), each) {
            // YAML that begins as JSON does, or several documents.
            Err(Problem::NoJson(error)) => yaml(text, hint, each).map_err(|problem| match problem {
                Problem::Full(_) => problem,
                Problem::Unusable(_) | Problem::NoJson(_) => Problem::Unusable(error.to_string()),
            }),
            result => result,
        },
        Some(_) => yaml(text, hint, each),
        None => Err(Problem::Unusable("it is empty".into())),
    }
}

/// Why a file is not used.
pub(crate) enum Problem {
    /// Nothing can be made of it. Other files may be fine.
    Unusable(String),
    /// It is no JSON. Nothing was made of it.
    NoJson(serde_json::Error),
    /// The archive has no room.
    Full(String),
}

fn yaml(text: &str, hint: &Hint, each: &mut dyn FnMut(Part) -> Result<(), String>) -> Result<(), Problem> {
    let documents = wagather_yaml::to_json(text).map_err(|error| Problem::Unusable(error.to_string()))?;
    documents
        .iter()
        .filter(|document| *document != "null")
        .try_for_each(|json| value(json, hint, (None, 0), each))
}

fn value(
    json: &str,
    hint: &Hint,
    (of_list, depth): (Option<(&str, &str)>, usize),
    each: &mut dyn FnMut(Part) -> Result<(), String>,
) -> Result<(), Problem> {
    // Reading one level looks at all of the text, so below the first one nothing is no JSON.
    let unusable = |error: serde_json::Error| match error.classify() {
        Category::Syntax | Category::Eof => Problem::NoJson(error),
        Category::Data | Category::Io => Problem::Unusable(error.to_string()),
    };
    if depth > MAX_LISTS {
        return Err(Problem::Unusable("its lists nest too deeply".into()));
    }
    if json.trim_start().starts_with('[') {
        let items = elements(json).map_err(unusable)?;
        return items.iter().try_for_each(|item| value(item.get(), hint, (None, depth + 1), each));
    }
    let head = Members::of(json).map_err(unusable)?;
    let kind = head.text("kind").unwrap_or_default();
    let api_version = head.text("apiVersion").unwrap_or_default();
    let metadata = Metadata::of(&head);
    // A list of nothing may come without its items.
    let items = head.json("items");
    if metadata.name.is_empty() && (items.is_some() || kind.ends_with("List")) {
        let items = items.map_or_else(|| Ok(Vec::new()), elements).map_err(unusable)?;
        // Items of a typed list do not say what they are.
        let of_items = kind.strip_suffix("List").unwrap_or_default();
        // The version of a `List` is its own.
        let api_version = if of_items.is_empty() { String::new() } else { api_version };
        if items.is_empty() {
            let identity = identify(&api_version, of_items, metadata, hint);
            let is_known = !matches!(&identity.plural, Plural::Guessed(plural) if plural.is_empty());
            return if is_known { each(Part::EmptyList(identity)).map_err(Problem::Full) } else { Ok(()) };
        }
        let of_items = (of_items, &*api_version);
        return items.iter().try_for_each(|item| value(item.get(), hint, (Some(of_items), depth + 1), each));
    }
    let (kind, api_version) = match of_list {
        Some((of_items, version)) if kind.is_empty() => (of_items.to_owned(), version.to_owned()),
        _ => (kind, api_version),
    };
    if metadata.name.is_empty() {
        return Err(Problem::Unusable("it has no metadata.name".into()));
    }
    let identity = identify(&api_version, &kind, metadata, hint);
    if matches!(&identity.plural, Plural::Guessed(plural) if plural.is_empty()) {
        return Err(Problem::Unusable("neither it nor its path says what kind it is".into()));
    }
    each(Part::Object(identity, compact(json))).map_err(Problem::Full)
}

/// What of an object's metadata identifies it.
struct Metadata {
    name: String,
    namespace: Option<String>,
}

impl Metadata {
    fn of(object: &Members) -> Metadata {
        let metadata = object.object("metadata");
        let text = |name| metadata.as_ref().and_then(|metadata| metadata.text(name));
        Metadata { name: text("name").unwrap_or_default(), namespace: text("namespace") }
    }
}

fn identify(api_version: &str, kind: &str, metadata: Metadata, hint: &Hint) -> Identity {
    let (group, version) = match api_version.rsplit_once('/') {
        Some((group, version)) => (Some(group.to_owned()), Some(version.to_owned())),
        None if api_version.is_empty() => (hint.group.clone(), None),
        None => (Some(String::new()), Some(api_version.to_owned())),
    };
    // The folder names the resource, unless the file has something else in it.
    let is_as_hinted = hint.group.is_none() || hint.group == group;
    let plural = match (&hint.plural, &hint.singular) {
        (Some(plural), _) if is_as_hinted && (kind.is_empty() || alike(plural, kind)) => {
            Plural::Named(plural.clone())
        }
        (_, Some(singular)) if kind.is_empty() => Plural::Guessed(plural_of(singular)),
        _ => Plural::Guessed(plural_of(kind)),
    };
    Identity {
        group,
        version,
        kind: kind.to_owned(),
        plural,
        namespace: metadata.namespace.or_else(|| hint.namespace.clone()).unwrap_or_default(),
        name: metadata.name,
    }
}

/// Whether a resource may have the kind: the beginning is the same.
fn alike(plural: &str, kind: &str) -> bool {
    let shared = plural.len().min(kind.len()).min(3);
    plural.is_char_boundary(shared)
        && kind.is_char_boundary(shared)
        && plural[..shared].eq_ignore_ascii_case(&kind[..shared])
}

/// The resource of a kind, as Kubernetes names them.
pub(crate) fn plural_of(kind: &str) -> String {
    let singular = kind.to_ascii_lowercase();
    let before_y = singular.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match &*singular {
        "" | "endpoints" => singular,
        _ if before_y.is_some() => format!("{}ies", before_y.unwrap_or_default()),
        _ if ["s", "x", "z", "ch", "sh"].iter().any(|end| singular.ends_with(end)) => format!("{singular}es"),
        _ => format!("{singular}s"),
    }
}

/// The bytes that [`compact`] looks at. All others are copied, wherever they are.
const MATTERS: [bool; 256] = {
    let mut matters = [false; 256];
    let (those, mut at) = (b" \n\r\t\"<>&\\\xe2", 0);
    while at < those.len() {
        matters[those[at] as usize] = true;
        at += 1;
    }
    matters
};

/// JSON as an API server writes it: without blanks between its tokens, and with the escapes of Go's `encoding/json`.
///
/// Most objects are so already, and most bytes of the others: they are looked at once, and copied together.
fn compact(json: &str) -> Cow<'_, [u8]> {
    let bytes = json.as_bytes();
    let mut done = Done { out: Vec::new(), from: 0 };
    let (mut at, mut is_text) = (0, false);
    while let Some(byte) = bytes.get(at) {
        let (instead, len) = match (byte, is_text) {
            (b' ' | b'\n' | b'\r' | b'\t', false) => ("", 1),
            (b'"', _) => {
                is_text = !is_text;
                at += 1;
                continue;
            }
            (b'<', true) => ("\\u003c", 1),
            (b'>', true) => ("\\u003e", 1),
            (b'&', true) => ("\\u0026", 1),
            (0xe2, true) if json[at..].starts_with('\u{2028}') => ("\\u2028", 3),
            (0xe2, true) if json[at..].starts_with('\u{2029}') => ("\\u2029", 3),
            (b'\\', true) => match unescaped(&json[at + 1..]) {
                Some(character) => {
                    let next = at + 1 + ESCAPE_CHARS;
                    done.put(bytes, at, character.encode_utf8(&mut [0; 4]), next);
                    at = next;
                    continue;
                }
                None => {
                    at += 2;
                    continue;
                }
            },
            _ => {
                at += bytes[at..]
                    .iter()
                    .position(|byte| MATTERS[*byte as usize])
                    .unwrap_or(bytes.len() - at)
                    .max(1);
                continue;
            }
        };
        done.put(bytes, at, instead, at + len);
        at += len;
    }
    if done.from == 0 {
        return Cow::Borrowed(bytes);
    }
    done.put(bytes, bytes.len(), "", bytes.len());
    Cow::Owned(done.out)
}

/// A text that is being copied.
struct Done {
    out: Vec<u8>,
    /// What is before is in `out`.
    from: usize,
}

impl Done {
    /// Copies up to a place, and then something else, after which the text goes on at `next`.
    fn put(&mut self, bytes: &[u8], until: usize, instead: &str, next: usize) {
        if self.from == 0 {
            self.out.reserve(bytes.len());
        }
        self.out.extend_from_slice(&bytes[self.from..until]);
        self.out.extend_from_slice(instead.as_bytes());
        self.from = next;
    }
}

/// The characters of `u007f`, behind the backslash.
const ESCAPE_CHARS: usize = 5;

/// The character of an escape that an API server does not write, but archives for parsers of YAML have.
fn unescaped(text: &str) -> Option<char> {
    let character = char::from_u32(u32::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok()?)?;
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}').then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(content: &str, hint: &Hint) -> Result<Vec<(String, String)>, String> {
        let mut found = Vec::new();
        let result = parts(content.as_bytes(), hint, &mut |part| {
            found.push(match part {
                Part::Object(identity, json) => {
                    (shown(&identity), String::from_utf8_lossy(&json).into_owned())
                }
                Part::EmptyList(identity) => (shown(&identity), "none".into()),
            });
            Ok(())
        });
        match result {
            Ok(()) => Ok(found),
            Err(Problem::Unusable(reason) | Problem::Full(reason)) => Err(reason),
            Err(Problem::NoJson(error)) => Err(error.to_string()),
        }
    }

    fn shown(identity: &Identity) -> String {
        let Identity { group, version, kind, plural, namespace, name } = identity;
        let plural = match plural {
            Plural::Named(plural) => plural.clone(),
            Plural::Guessed(plural) => format!("{plural}?"),
        };
        let [group, version] = [group, version].map(|text| text.as_deref().unwrap_or("-"));
        format!("{group}/{version} {kind} {plural} {namespace}/{name}")
    }

    #[test]
    fn a_file_has_an_object_or_several() {
        let none = Hint::default();
        let pods = Hint {
            group: Some(String::new()),
            plural: Some("pods".into()),
            namespace: Some("shop".into()),
            ..Hint::default()
        };
        for (content, hint, found) in [
            (
                r#"{ "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a \" b"} }"#,
                &none,
                vec![(
                    "/v1 Pod pods? /a \" b",
                    r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a \" b"}}"#,
                )],
            ),
            (
                r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a","namespace":"x"}}]}"#,
                &none,
                vec![("/v1 Pod pods? x/a", r#"{"metadata":{"name":"a","namespace":"x"}}"#)],
            ),
            (
                r#"{"kind":"List","apiVersion":"v1","items":[{"kind":"Proxy","apiVersion":"g/v1","metadata":{"name":"a"}}]}"#,
                &none,
                vec![(
                    "g/v1 Proxy proxies? /a",
                    r#"{"kind":"Proxy","apiVersion":"g/v1","metadata":{"name":"a"}}"#,
                )],
            ),
            (
                r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#,
                &pods,
                vec![("/v1 Pod pods shop/", "none")],
            ),
            (r#"{"kind":"List","apiVersion":"v1","items":[]}"#, &pods, vec![("/-  pods shop/", "none")]),
            (r#"{"items":[]}"#, &pods, vec![("/-  pods shop/", "none")]),
            (r#"{"kind":"PodList","items":null}"#, &pods, vec![("/- Pod pods shop/", "none")]),
            (
                r#"[{"metadata":{"name":"a"}}]"#,
                &pods,
                vec![("/-  pods shop/a", r#"{"metadata":{"name":"a"}}"#)],
            ),
            (
                "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n",
                &pods,
                vec![(
                    "/v1 Secret secrets? shop/a",
                    r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}"#,
                )],
            ),
        ] {
            let expected: Vec<(String, String)> =
                found.into_iter().map(|(what, json)| (what.to_owned(), json.to_owned())).collect();
            assert_eq!(all(content, hint), Ok(expected), "{content}");
        }
    }

    #[test]
    fn text_is_as_an_api_server_writes_it() {
        for (archived, served) in [
            (r#"{"a": "\u0085\\u0085<\u001f\u00e9"}"#, "{\"a\":\"\u{85}\\\\u0085\\u003c\\u001f\\u00e9\"}"),
            ("[\"\\ufeff\u{2028}\\u2028\\n\" ,1]", "[\"\u{feff}\\u2028\\u2028\\n\",1]"),
            (r#"["\u00"]"#, r#"["\u00"]"#),
            (
                " {\n\"a b\" :\t[ \"\\\" & \\\\\" , \"\u{e2}\u{2027}\" ] }\r\n",
                "{\"a b\":[\"\\\" \\u0026 \\\\\",\"\u{e2}\u{2027}\"]}",
            ),
            ("[\"\\u009fx\\u0085\"]", "[\"\u{9f}x\u{85}\"]"),
        ] {
            assert_eq!(String::from_utf8_lossy(&compact(archived)), served);
            let compacted = compact(served);
            assert!(matches!(compacted, Cow::Borrowed(_)), "it is so already: {served}");
        }
    }

    #[test]
    fn what_is_no_object_is_told() {
        let none = Hint::default();
        for (content, reason) in [
            ("", "it is empty"),
            ("{", "EOF while parsing an object at line 1 column 1"),
            ("{}", "it has no metadata.name"),
            (r#"{"metadata":{"name":"a"}}"#, "neither it nor its path says what kind it is"),
            ("just words", "invalid type: string \"just words\", expected an object at line 1 column 12"),
        ] {
            assert_eq!(all(content, &none), Err(reason.into()), "{content}");
        }
        assert!(parts(b"\xff", &none, &mut |_| Ok(())).is_err());
    }

    #[test]
    fn plurals_are_those_of_kubernetes() {
        for (kind, plural) in [
            ("Pod", "pods"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
            ("Ingress", "ingresses"),
            ("Endpoints", "endpoints"),
            ("StorageClass", "storageclasses"),
            ("ClusterOperator", "clusteroperators"),
        ] {
            assert_eq!(plural_of(kind), plural);
        }
    }
}
