//! Paged lists, as the API server makes them: `limit` items and a `continue` token for the rest.

use super::Seen;
use super::answer::{Answer, status_object};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A list to serve.
pub struct List {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Value>,
    most_per_page: usize,
    expiry: Option<Expiry>,
    faults: BTreeMap<usize, Answer>,
    pages_served: AtomicUsize,
}

/// What becomes of a `continue` token that is too old: the server says 410.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// With a fresh token, from which the list goes on as it is now.
    FreshToken,
    /// Without one.
    NoToken,
}

impl List {
    /// A list of these items, of a kind such as `PodList`.
    pub fn new(api_version: &'static str, kind: &'static str, items: Vec<Value>) -> List {
        let (faults, pages_served) = (BTreeMap::new(), AtomicUsize::new(0));
        List { api_version, kind, items, most_per_page: usize::MAX, expiry: None, faults, pages_served }
    }

    /// Gives fewer items per page than the client asks for, so that a few items make several pages.
    pub fn pages_of(mut self, items: usize) -> List {
        self.most_per_page = items;
        self
    }

    /// Lets the first `continue` token expire.
    pub fn expiring(mut self, expiry: Expiry) -> List {
        self.expiry = Some(expiry);
        self
    }

    /// Answers the request for one page, from 1, with something else.
    pub fn page_is(mut self, page: usize, answer: Answer) -> List {
        self.faults.insert(page, answer);
        self
    }

    /// Whether each of its items is in a namespace.
    pub(super) fn is_in_namespaces(&self) -> bool {
        self.items.iter().all(|item| item["metadata"]["namespace"].is_string())
    }

    /// The kind of its items.
    pub(super) fn kind_of_items(&self) -> &str {
        self.kind.strip_suffix("List").unwrap_or(self.kind)
    }

    /// The page that is asked for, of all items or of those in one namespace.
    pub(super) fn page(&self, seen: &Seen, namespace: Option<&str>) -> Answer {
        let number = self.pages_served.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(fault) = self.faults.get(&number) {
            return fault.clone();
        }
        let token = seen.parameter("continue").unwrap_or("from-0");
        let Some((is_fresh, from)) = read_token(token) else {
            return Answer::status(400, "BadRequest", "continue key is not valid");
        };
        if let Some(expiry) = self.expiry.filter(|_| from > 0 && !is_fresh) {
            let mut body = status_object(410, "Expired", "The provided continue parameter is too old");
            if expiry == Expiry::FreshToken {
                body["metadata"]["continue"] = json!(format!("fresh-{from}"));
            }
            return Answer { status: 410, ..Answer::json(&body) };
        }
        let limit = seen.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        let items = self.items.iter();
        let items: Vec<&Value> = items
            .filter(|item| namespace.is_none_or(|name| item["metadata"]["namespace"] == *name))
            .collect();
        let upto = from.saturating_add(limit.min(self.most_per_page)).min(items.len());
        let mut metadata = json!({"resourceVersion": "4711"});
        if upto < items.len() {
            let word = if is_fresh { "fresh" } else { "from" };
            metadata["continue"] = json!(format!("{word}-{upto}"));
            metadata["remainingItemCount"] = json!(items.len() - upto);
        }
        Answer::bytes("application/json", self.text(&metadata, items.get(from..upto).unwrap_or_default()))
    }

    /// A page in the API server's order of keys: for built-in types, whose items do not say their kind, as the Go structure
    /// has them; for custom resources by the alphabet.
    fn text(&self, metadata: &Value, items: &[&Value]) -> String {
        let (kind, version, items) = (json!(self.kind), json!(self.api_version), json!(items));
        if self.items.iter().all(|item| item["kind"].is_string()) {
            return format!(
                r#"{{"apiVersion":{version},"items":{items},"kind":{kind},"metadata":{metadata}}}"#
            );
        }
        format!(r#"{{"kind":{kind},"apiVersion":{version},"metadata":{metadata},"items":{items}}}"#)
    }
}

/// `from-3` or `fresh-3`: whether it is fresh, and the item that comes next.
fn read_token(token: &str) -> Option<(bool, usize)> {
    let (word, from) = token.split_once('-')?;
    Some((word == "fresh", from.parse().ok()?))
}
