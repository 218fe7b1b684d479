//! The response to a list, item by item: it is never whole in memory.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use crate::request::{Page, Wanted};
use crate::shelf::{Object, Resource, Shelf};
use crate::store::{Reader, Span};
use crate::twins::Form;

/// The body of a response.
pub(crate) enum Body {
    /// One that is in memory.
    Whole(Cursor<Vec<u8>>),
    /// A list.
    List(Items),
}

impl Body {
    pub(crate) fn of(bytes: Vec<u8>) -> Body {
        Body::Whole(Cursor::new(bytes))
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Body::Whole(bytes) => bytes.read(buffer),
            Body::List(items) => items.read(buffer),
        }
    }
}

/// A list that is being read.
pub(crate) struct Items {
    shelf: Arc<Shelf>,
    reader: Reader,
    rest: std::vec::IntoIter<Span>,
    form: Form,
    is_first: bool,
    is_closed: bool,
    /// What is ready to be read, and how much of it was.
    ready: Vec<u8>,
    taken: usize,
}

/// What an API server says if it does not have an object.
pub(crate) fn not_found(wanted: &Wanted, name: &str) -> Body {
    let Wanted { group, plural, .. } = wanted;
    let mut details = serde_json::json!({ "name": name, "kind": plural });
    if !group.is_empty() {
        details["group"] = group.as_str().into();
    }
    let message = format!("{} {name:?} not found", wanted.qualified());
    let status = serde_json::json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "NotFound",
        "details": details,
        "code": 404,
    });
    Body::of(status.to_string().into_bytes())
}

/// A page of the objects of a resource.
pub(crate) fn list(shelf: &Arc<Shelf>, wanted: &Wanted, page: &Page) -> Result<Body, String> {
    let nothing;
    let (resource, form) = match shelf.resource(wanted) {
        Err(_) if shelf.has_all(wanted) => {
            nothing = Resource::nothing_of(&wanted.group, &wanted.plural);
            (&nothing, Form::Own)
        }
        found => found?,
    };
    if !Shelf::has_namespace(resource, wanted.namespace.as_deref()) && !shelf.has_all(wanted) {
        let namespace = wanted.namespace.as_deref().unwrap_or_default();
        return Err(format!("{} of the namespace {namespace} were not gathered", wanted.plural));
    }
    let (spans, rest) = selected(shelf, resource, form, wanted, page)?;
    let kind = serde_json::Value::from(format!("{}List", resource.kind_of(&wanted.plural)));
    let api_version = serde_json::Value::from(wanted.api_version());
    let metadata = match rest {
        Some(start) => format!(r#"{{"resourceVersion":"","continue":"{}"}}"#, Page::token(start)),
        None => r#"{"resourceVersion":""}"#.to_owned(),
    };
    let head = format!(r#"{{"kind":{kind},"apiVersion":{api_version},"metadata":{metadata},"items":["#);
    Ok(Body::List(Items {
        shelf: shelf.clone(),
        reader: Reader::new(),
        rest: spans.into_iter(),
        form,
        is_first: true,
        is_closed: false,
        ready: head.into_bytes(),
        taken: 0,
    }))
}

/// The objects of a page, and the number of the object that the next one starts at.
fn selected(
    shelf: &Shelf,
    resource: &Resource,
    form: Form,
    wanted: &Wanted,
    page: &Page,
) -> Result<(Vec<Span>, Option<usize>), String> {
    let mut reader = Reader::new();
    let mut spans = Vec::new();
    let is_asked =
        |object: &Object| object.is_in(wanted.namespace.as_deref()) && object.is_of(&wanted.version);
    for (number, object) in resource.objects.iter().enumerate().skip(page.start) {
        if !is_asked(object) {
            continue;
        }
        if !page.selector.is_everything() {
            let json = reader.read(&shelf.store, object.span).map_err(|error| error.to_string())?;
            if !page.selector.admits(&form.of(json)) {
                continue;
            }
        }
        if page.limit > 0 && spans.len() == page.limit {
            return Ok((spans, Some(number)));
        }
        spans.push(object.span);
    }
    Ok((spans, None))
}

impl Items {
    /// Makes the next item ready, or the end.
    fn advance(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.taken = 0;
        match self.rest.next() {
            Some(span) => {
                if !std::mem::take(&mut self.is_first) {
                    self.ready.push(b',');
                }
                let json = self.reader.read(&self.shelf.store, span)?;
                self.ready.extend_from_slice(&self.form.of(json));
            }
            None if self.is_closed => {}
            None => {
                self.is_closed = true;
                self.ready.extend_from_slice(b"]}\n");
            }
        }
        Ok(())
    }
}

impl Read for Items {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.advance()?;
        }
        let ready = &self.ready[self.taken..];
        let len = ready.len().min(buffer.len());
        buffer[..len].copy_from_slice(&ready[..len]);
        self.taken += len;
        Ok(len)
    }
}
