//! Lists: the objects of a page, and their bytes, piece by piece.

use std::io;
use std::sync::Arc;

use serde_json::{Value, json};
use wagather_offline::{Reader, Resource, Selector};

use super::content::{Content, RESOURCE_VERSION};
use super::object::{metadata_of, parse};
use super::refusal::Refusal;
use super::request::{Form, Include, Query, token};
use super::target::Target;

/// How large the pieces of a body are.
const PIECE_BYTES: usize = 256 << 10;

/// The objects of a page, by their numbers.
pub(super) struct Page {
    pub(super) numbers: Vec<usize>,
    /// The number of the object that the next page starts at, and how many it and those after it have, if that is known.
    rest: Option<(usize, Option<usize>)>,
}

/// The selector of a query.
pub(super) fn selector(target: &Target, query: &Query) -> Result<Selector, Refusal> {
    let mut selector = Selector::default();
    selector
        .add_labels(&query.labels)
        .and_then(|()| selector.add_fields(&target.group, &target.plural, &query.fields))
        .map_err(|reason| Refusal::bad_request(&reason))?;
    Ok(selector)
}

/// Finds the objects of a page.
pub(super) fn page(
    content: &Content,
    resource: Option<&Resource>,
    target: &Target,
    query: &Query,
) -> Result<Page, Refusal> {
    let Some(resource) = resource else { return Ok(Page { numbers: Vec::new(), rest: None }) };
    let selector = selector(target, query)?;
    let mut reader = content.archive().reader();
    let mut numbers = Vec::new();
    let range = match &target.namespace {
        // Ordered by namespace. A name is never empty, and no namespace is between one and itself with a NUL.
        Some(namespace) => resource.position(namespace, "")..resource.position(&format!("{namespace}\0"), ""),
        None => 0..resource.len(),
    };
    let is_asked = |number: usize| resource.object(number).filter(|object| object.is_of(&target.version));
    for number in range.start.max(query.start)..range.end {
        let Some(object) = is_asked(number) else { continue };
        if !selector.is_everything() {
            let json = reader.object(&object).map_err(|error| Refusal::internal(error.to_string()))?;
            if !selector.admits(json) {
                continue;
            }
        }
        if query.limit > 0 && numbers.len() == query.limit {
            let remaining = (number..range.end).filter(|number| is_asked(*number).is_some()).count();
            return Ok(Page { numbers, rest: Some((number, selector.is_everything().then_some(remaining))) });
        }
        numbers.push(number);
    }
    Ok(Page { numbers, rest: None })
}

impl Page {
    fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": RESOURCE_VERSION});
        if let Some((start, remaining)) = self.rest {
            metadata["continue"] = token(start).into();
            if let Some(remaining) = remaining {
                metadata["remainingItemCount"] = remaining.into();
            }
        }
        metadata
    }
}

/// The bytes of a list, piece by piece: it is never whole in memory.
pub(super) struct Pieces {
    content: Arc<Content>,
    target: Target,
    form: Form,
    include: Include,
    numbers: std::vec::IntoIter<usize>,
    ready: Vec<u8>,
    is_first: bool,
    is_closed: bool,
}

impl Pieces {
    pub(super) fn new(
        content: Arc<Content>,
        target: Target,
        form: Form,
        include: Include,
        page: Page,
        kind: &str,
    ) -> Pieces {
        let metadata = page.metadata();
        let api_version = target.api_version();
        let head = match form {
            Form::Table => {
                let columns = content.columns(&target).definitions();
                format!(
                    r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"columnDefinitions":{columns},"rows":["#
                )
            }
            Form::Metadata => format!(
                r#"{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"items":["#
            ),
            Form::Plain | Form::Aggregated(_) => {
                let [kind, api_version] = [Value::from(format!("{kind}List")), api_version.into()];
                format!(r#"{{"kind":{kind},"apiVersion":{api_version},"metadata":{metadata},"items":["#)
            }
        };
        let numbers = page.numbers.into_iter();
        Pieces {
            content,
            target,
            form,
            include,
            numbers,
            ready: head.into_bytes(),
            is_first: true,
            is_closed: false,
        }
    }

    fn fill(&mut self) -> Result<(), String> {
        if self.numbers.as_slice().is_empty() {
            self.is_closed = true;
            self.ready.extend_from_slice(b"]}\n");
            return Ok(());
        }
        let Target { group, version, plural, .. } = &self.target.clone();
        let content = self.content.clone();
        let resource = content.archive().resource(group, version, plural)?;
        let mut reader = content.archive().reader();
        while self.ready.len() < PIECE_BYTES {
            let Some(number) = self.numbers.next() else { break };
            let written = self.write(&resource, &mut reader, number);
            written.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn write(&mut self, resource: &Resource, reader: &mut Reader, number: usize) -> io::Result<()> {
        let Some(object) = resource.object(number) else { return Ok(()) };
        if !std::mem::take(&mut self.is_first) {
            self.ready.push(b',');
        }
        match self.form {
            Form::Plain | Form::Aggregated(_) => self.ready.extend_from_slice(reader.object(&object)?),
            Form::Table => {
                let json = reader.whole(resource, &object, &self.target.api_version())?;
                let row = self.content.row(&self.target, &parse(&json, &object), self.include);
                self.ready.extend_from_slice(row.to_string().as_bytes());
            }
            Form::Metadata => {
                let metadata = metadata_of(&parse(reader.object(&object)?, &object));
                self.ready.extend_from_slice(metadata.to_string().as_bytes());
            }
        }
        Ok(())
    }
}

impl Iterator for Pieces {
    type Item = Result<Vec<u8>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_closed && self.ready.is_empty() {
            return None;
        }
        if !self.is_closed
            && let Err(reason) = self.fill()
        {
            return Some(Err(reason));
        }
        Some(Ok(std::mem::take(&mut self.ready)))
    }
}
