//! Finds the answer for a request, and reduces it to the requested part.

use crate::abi::mask::{self, Event};
use crate::abi::{Status, Verb};
use crate::sys;
use miniserde::json::Value;
use std::borrow::ToOwned;
use std::boxed::Box;
use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

/// An answer, before it is reduced to the requested part.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The HTTP status, or the reason why there is no answer.
    pub(super) http: Result<u16, Status>,
    pub(super) content: Content,
    pub(super) denied: bool,
    pub(super) break_after: Option<(usize, Status)>,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Items(Vec<Value>),
    Object(Value),
    Bytes(Vec<u8>),
}

impl Answer {
    pub(super) fn of(content: Content) -> Self {
        Answer { http: Ok(200), content, denied: false, break_after: None }
    }
}

/// The API server's path of a request.
pub(super) fn path(request: &sys::Request<'_>) -> String {
    if request.verb == Verb::RAW {
        return request.resource.to_owned();
    }
    let mut path = collection(request, request.namespace);
    for segment in [request.name, request.subresource] {
        if !segment.is_empty() {
            path.push('/');
            path.push_str(segment);
        }
    }
    path
}

fn collection(request: &sys::Request<'_>, namespace: &str) -> String {
    let mut path = String::from(if request.group.is_empty() { "/api" } else { "/apis/" });
    path.push_str(request.group);
    for segment in
        [request.version, if namespace.is_empty() { "" } else { "namespaces" }, namespace, request.resource]
    {
        if !segment.is_empty() {
            path.push('/');
            path.push_str(segment);
        }
    }
    path
}

/// The answer to a request: that of its path, the matching part of its resource's, or 404.
pub(super) fn find(answers: &[(String, Answer)], request: &sys::Request<'_>) -> Answer {
    let at = |path: &str| {
        let fitting = answers.iter().filter(|(known, _)| is_for(known, path, request.query));
        // The answer with the most query parameters wins; among equals, the last.
        fitting.max_by_key(|(known, _)| known.matches(['?', '&']).count()).map(|(_, answer)| answer.clone())
    };
    if let Some(mut answer) = at(&path(request)) {
        select(&mut answer.content, request);
        if answer.http == Ok(200) && request.subresource == "log" {
            cut_log(&mut answer.content, request.query);
        }
        return answer;
    }
    let wider = [collection(request, request.namespace), collection(request, "")];
    let wider = if request.verb == Verb::RAW || !request.subresource.is_empty() { None } else { Some(wider) };
    let mut answer = match wider.into_iter().flatten().find_map(|path| at(&path)) {
        Some(answer) => answer,
        None => return not_found(),
    };
    if let Content::Items(items) = &mut answer.content {
        if !request.namespace.is_empty() {
            items.retain(|item| text_at(item, "metadata.namespace") == Some(request.namespace));
        }
        if request.verb == Verb::GET {
            // Without a namespace in the path, an API server finds no namespaced object.
            let is_it = |item: &Value| {
                text_at(item, "metadata.name") == Some(request.name)
                    && text_at(item, "metadata.namespace").unwrap_or("") == request.namespace
            };
            match items.iter().position(is_it) {
                Some(index) => answer.content = Content::Object(items.swap_remove(index)),
                None => return not_found(),
            }
        }
    }
    select(&mut answer.content, request);
    answer
}

/// Whether a known path, with its optional parameters, matches a request.
fn is_for(known: &str, path: &str, query: &str) -> bool {
    let (known, pairs) = known.split_once('?').unwrap_or((known, ""));
    let is_given = |pair: &str| pair.is_empty() || query.split('&').any(|given| given == pair);
    known == path && pairs.split('&').all(is_given)
}

/// Keeps the last lines of a log, and their first bytes, as a kubelet does.
fn cut_log(content: &mut Content, query: &str) {
    let Content::Bytes(log) = content else { return };
    let number = |name: &str| -> Option<usize> {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    if let Some(lines) = number("tailLines") {
        let ends = log.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let mut starts: Vec<usize> = [0].into_iter().chain(ends).filter(|start| *start < log.len()).collect();
        let dropped = starts.len().saturating_sub(lines);
        starts.push(log.len());
        log.drain(..starts[dropped]);
    }
    if let Some(bytes) = number("limitBytes") {
        log.truncate(bytes);
    }
}

fn not_found() -> Answer {
    let body = br#"{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"NotFound","code":404}"#;
    Answer { http: Ok(404), ..Answer::of(Content::Bytes(body.to_vec())) }
}

/// Keeps the items that the selectors match, up to the limit.
fn select(content: &mut Content, request: &sys::Request<'_>) {
    let Content::Items(items) = content else { return };
    let label =
        |item: &Value, name: &str| text_in(value_at(item, "metadata.labels")?, name).map(ToOwned::to_owned);
    let field = |item: &Value, name: &str| text_at(item, name).map(ToOwned::to_owned);
    items.retain(|item| {
        matches(request.labels, &|name| label(item, name))
            && matches(request.fields, &|name| field(item, name))
    });
    if request.limit > 0 {
        items.truncate(request.limit as usize);
    }
}

/// Whether a selector matches. Its terms are `a=b`, `a==b`, `a!=b`, `a` and `!a`, joined by commas.
fn matches(selector: &str, value: &dyn Fn(&str) -> Option<String>) -> bool {
    selector.split(',').filter(|term| !term.is_empty()).all(|term| {
        assert!(
            !term.contains(['(', ' ', '>', '<']),
            "the fake host supports only equality in selectors, not `{selector}`"
        );
        match (term.split_once("!="), term.split_once('='), term.strip_prefix('!')) {
            (Some((name, expected)), ..) => value(name).as_deref() != Some(expected),
            (_, Some((name, expected)), _) => {
                value(name).as_deref() == Some(expected.strip_prefix('=').unwrap_or(expected))
            }
            (.., Some(name)) => value(name).is_none(),
            _ => value(term).is_some(),
        }
    })
}

fn value_at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| match value {
        Value::Object(object) => object.get(name),
        _ => None,
    })
}

fn text_in<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    match value {
        Value::Object(object) => match object.get(name)? {
            Value::String(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn text_at<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    match value_at(value, path)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The path of an object in the archive.
pub(super) fn place(request: &sys::Request<'_>, object: &Value) -> String {
    let group = if request.group.is_empty() { "core" } else { request.group };
    let name = text_at(object, "metadata.name").unwrap_or("unnamed");
    match text_at(object, "metadata.namespace") {
        Some(namespace) => std::format!("namespaces/{namespace}/{group}/{}/{name}.json", request.resource),
        None => std::format!("cluster-scoped-resources/{group}/{}/{name}.json", request.resource),
    }
}

/// An object as a guest sees it: without `managedFields`, and only with the fields of the mask.
pub(super) fn project(mut object: Value, mask_text: &str) -> String {
    if let Value::Object(fields) = &mut object
        && let Some(Value::Object(metadata)) = fields.get_mut("metadata")
    {
        metadata.remove("managedFields");
    }
    if !mask_text.is_empty() && mask_text != mask::EVERYTHING {
        tree(mask_text).apply(&mut object);
    }
    miniserde::json::to_string(&object)
}

/// A mask as a tree. A field without its own entry uses that of `*`.
#[derive(Default)]
struct Tree(BTreeMap<String, Option<Box<Tree>>>);

fn tree(text: &str) -> Tree {
    let mut open = std::vec![(Tree::default(), String::new())];
    for event in mask::events(text) {
        match event.expect("the derive writes masks that are well-formed") {
            Event::Field(name) => {
                let (tree, last) = open.last_mut().expect("the events are balanced");
                tree.0.insert(name.to_owned(), None);
                *last = name.to_owned();
            }
            Event::Enter => open.push((Tree::default(), String::new())),
            Event::Leave => {
                let (inner, _) = open.pop().expect("the events are balanced");
                let (tree, last) = open.last_mut().expect("the events are balanced");
                tree.0.insert(last.clone(), Some(Box::new(inner)));
            }
        }
    }
    open.pop().expect("the events are balanced").0
}

impl Tree {
    fn apply(&self, value: &mut Value) {
        match value {
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.apply(element)),
            Value::Object(fields) => {
                let kept = |name: &str| self.0.get(name).or_else(|| self.0.get("*"));
                fields.retain(|name, _| kept(name).is_some());
                for (name, field) in fields.iter_mut() {
                    if let Some(Some(inner)) = kept(name) {
                        inner.apply(field);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_keep_what_they_name() {
        let object = r#"{"a":{"b":1,"c":2},"d":[{"b":1,"c":2},{"c":3}],"e":{"x":{"b":1,"c":2}},"f":7,
            "metadata":{"name":"n","managedFields":[1]}}"#;
        for (mask, expected) in [
            ("a(b),f", r#"{"a":{"b":1},"f":7}"#),
            ("d(b)", r#"{"d":[{"b":1},{}]}"#),
            ("e(*(c))", r#"{"e":{"x":{"c":2}}}"#),
            ("metadata", r#"{"metadata":{"name":"n"}}"#),
        ] {
            assert_eq!(project(super::super::parse(object), mask), expected);
        }
        assert!(!project(super::super::parse(object), "*").contains("managedFields"));
    }

    #[test]
    fn logs_are_cut_as_a_kubelet_cuts() {
        for (query, left) in [
            ("", "one\ntwo\nthree\n"),
            ("container=a", "one\ntwo\nthree\n"),
            ("tailLines=2", "two\nthree\n"),
            ("tailLines=0", ""),
            ("tailLines=9", "one\ntwo\nthree\n"),
            ("limitBytes=5", "one\nt"),
            ("tailLines=1&limitBytes=3", "thr"),
        ] {
            let mut content = Content::Bytes(b"one\ntwo\nthree\n".to_vec());
            cut_log(&mut content, query);
            assert!(matches!(content, Content::Bytes(log) if log == left.as_bytes()), "{query}");
        }
        let mut unfinished = Content::Bytes(b"one\ntwo".to_vec());
        cut_log(&mut unfinished, "tailLines=1");
        assert!(matches!(unfinished, Content::Bytes(log) if log == b"two"));
    }

    #[test]
    fn a_query_is_part_of_a_path() {
        for (known, is_one) in [
            ("/log", true),
            ("/log?a=1", true),
            ("/log?b=2&a=1", true),
            ("/log?a=11", false),
            ("/log?a=1&c=3", false),
            ("/logs", false),
        ] {
            assert_eq!(is_for(known, "/log", "a=1&b=2"), is_one, "{known}");
        }
    }

    #[test]
    fn selectors_match_by_equality() {
        let value = |name: &str| (name == "app").then(|| "web".to_owned());
        for (selector, is_match) in [
            ("", true),
            ("app=web", true),
            ("app==web", true),
            ("app!=web", false),
            ("app,!tier", true),
            ("tier", false),
        ] {
            assert_eq!(matches(selector, &value), is_match, "{selector}");
        }
    }

    #[test]
    #[should_panic(expected = "supports only equality")]
    fn other_selectors_are_a_mistake_in_the_test() {
        matches("app in (a,b)", &|_| None);
    }
}
