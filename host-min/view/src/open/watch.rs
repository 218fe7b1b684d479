//! Watches: what there is, and then nothing more, because an archive does not change.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wagather_http::{Body, Response};

use super::content::{Content, Found, RESOURCE_VERSION};
use super::list;
use super::object::{metadata_of, parse};
use super::refusal::Refusal;
use super::request::{Form, Query};
use super::target::Target;

/// Bytes of what there is. Who watches more lists it first.
const MAX_INITIAL_BYTES: usize = 256 << 20;

/// How long a watch stays if the client does not say it.
const WATCH_TIME: Duration = Duration::from_secs(30 * 60);

/// Answers a watch.
pub(super) fn answer(
    content: &Arc<Content>,
    found: &Found,
    target: &Target,
    query: &Query,
    form: Form,
) -> Result<Response, Refusal> {
    let mut first = Vec::new();
    let mut events = Events { content, target, query, form, has_columns: false };
    if query.with_initial
        && let Some(resource) = &found.gathered
    {
        let mut reader = content.archive().reader();
        let page = list::page(content, Some(resource), target, &Query { limit: 0, start: 0, ..copy(query) })?;
        for object in page.numbers.iter().filter_map(|number| resource.object(*number)) {
            let json = reader.whole(resource, &object, &target.api_version());
            let json = json.map_err(|error| Refusal::internal(error.to_string()))?;
            events.write("ADDED", parse(&json, &object), &mut first);
            if first.len() > MAX_INITIAL_BYTES {
                let qualified = target.qualified();
                return Err(Refusal::bad_request(&format!(
                    "{qualified} are too many to watch from the beginning: list them, and watch from there"
                )));
            }
        }
    }
    if query.with_bookmark {
        let bookmark = json!({
            "kind": found.known.kind,
            "apiVersion": target.api_version(),
            "metadata": {
                "resourceVersion": RESOURCE_VERSION,
                "creationTimestamp": null,
                "annotations": {"k8s.io/initial-events-end": "true"},
            },
        });
        events.write("BOOKMARK", bookmark, &mut first);
    }
    let time = query.timeout_seconds.map_or(WATCH_TIME, Duration::from_secs).min(2 * WATCH_TIME);
    Ok(Response::typed("application/json", Body::held(first, time)))
}

/// The parts of a query that select objects.
fn copy(query: &Query) -> Query {
    Query { labels: query.labels.clone(), fields: query.fields.clone(), ..Query::default() }
}

/// What writes events.
struct Events<'a> {
    content: &'a Content,
    target: &'a Target,
    query: &'a Query,
    form: Form,
    /// The first table has the columns of all.
    has_columns: bool,
}

impl Events<'_> {
    fn write(&mut self, kind: &str, object: Value, out: &mut Vec<u8>) {
        let object = match self.form {
            Form::Table => {
                let columns = self.content.columns(self.target);
                let row = self.content.row(&columns, object, self.query.include);
                let columns = match std::mem::replace(&mut self.has_columns, true) {
                    true => json!([]),
                    false => columns.definitions(),
                };
                json!({
                    "kind": "Table",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"resourceVersion": RESOURCE_VERSION},
                    "columnDefinitions": columns,
                    "rows": [row],
                })
            }
            Form::Metadata => metadata_of(object),
            Form::Plain | Form::Aggregated(_) => object,
        };
        out.extend_from_slice(json!({"type": kind, "object": object}).to_string().as_bytes());
        out.push(b'\n');
    }
}
