//! Lists: the objects of a page, and their bytes, piece by piece.

use std::io;
use std::sync::Arc;

use serde_json::{Value, json};
use wagather_offline::{Reader, Resource, Selector};

use super::content::{Content, RESOURCE_VERSION};
use super::object::{METADATA, metadata_of, parse, parse_part};
use super::refusal::Refusal;
use super::request::{Form, Include, Query, token};
use super::table::Columns;
use super::target::Target;

/// How large the pieces of a body are: some hundred rows, or a hundred objects.
const PIECE_BYTES: usize = 1 << 20;

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
    /// One for all pieces, so that no block is decompressed for two of them.
    reader: Reader,
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
        let (reader, numbers) = (content.archive().reader(), page.numbers.into_iter());
        Pieces {
            content,
            reader,
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
        let Target { group, version, plural, namespace } = &self.target.clone();
        let content = self.content.clone();
        let resource = content.archive().resource(group, version, plural, namespace.as_deref())?;
        let columns = (self.form == Form::Table).then(|| content.columns(&self.target));
        while self.ready.len() < PIECE_BYTES {
            let Some(number) = self.numbers.next() else { break };
            let written = self.write(&content, &resource, columns.as_ref(), number);
            written.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        content: &Content,
        resource: &Resource,
        columns: Option<&Columns>,
        number: usize,
    ) -> io::Result<()> {
        let Some(object) = resource.object(number) else { return Ok(()) };
        if !std::mem::take(&mut self.is_first) {
            self.ready.push(b',');
        }
        let value = match columns {
            // With the whole object, it says what it is.
            Some(columns) if self.include == Include::Object => {
                let json = self.reader.whole(resource, &object, &self.target.api_version())?;
                content.row(columns, parse(&json, &object), self.include)
            }
            Some(columns) => {
                let part = parse_part(self.reader.object(&object)?, &object, columns.looked_at());
                content.row(columns, part, self.include)
            }
            None if self.form == Form::Metadata => {
                metadata_of(parse_part(self.reader.object(&object)?, &object, METADATA))
            }
            None => {
                self.ready.extend_from_slice(self.reader.object(&object)?);
                return Ok(());
            }
        };
        serde_json::to_writer(&mut self.ready, &value)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const PODS: usize = 1_200;

    /// Pods of some kilobytes, as those of a cluster, in three namespaces.
    fn content(place: &Path, order: fn(usize) -> usize) -> Arc<Content> {
        let pods: Vec<Value> = (0..PODS)
            .map(order)
            .map(|number| {
                // Random enough for deflate, so that blocks are as large as they are counted.
                let note: String = (0..400_u64)
                    .map(|at| format!("{:x}", (number as u64 * 7919 + at) * 2_654_435_761))
                    .collect();
                json!({
                    "metadata": {
                        "name": format!("pod-{number:05}"),
                        "namespace": format!("ns-{}", number * 3 / PODS),
                        "labels": {"app": "web"},
                        "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:status": {}}}],
                    },
                    "spec": {"containers": [{"name": "main", "image": note}], "nodeName": "edge-1"},
                    "status": {"phase": "Running"},
                })
            })
            .collect();
        let folder = place.join("cluster-scoped-resources/core");
        std::fs::create_dir_all(&folder).expect("a folder");
        let list = json!({"apiVersion": "v1", "kind": "PodList", "items": pods}).to_string();
        std::fs::write(folder.join("pods.json"), list).expect("a file");
        Arc::new(Content::open(place).expect("an archive"))
    }

    /// What a list takes: bytes that were decompressed, and the list itself.
    fn read(content: &Arc<Content>, form: Form, query: &Query) -> (u64, String, Value) {
        let target =
            Target { group: String::new(), version: "v1".into(), plural: "pods".into(), namespace: None };
        let resource = content.archive().resource("", "v1", "pods", None).expect("pods");
        let Ok(page) = page(content, Some(&resource), &target, query) else { panic!("no page") };
        let mut pieces = Pieces::new(content.clone(), target, form, query.include, page, "Pod");
        let mut all = Vec::new();
        for piece in pieces.by_ref() {
            all.extend(piece.expect("a piece"));
        }
        let text = String::from_utf8(all).expect("UTF-8");
        let list = serde_json::from_str(&text).expect("JSON");
        (pieces.reader.decompressed_bytes(), text, list)
    }

    /// `kubectl get pods` asks for pages of 500. Its time is that of decompressing, decoding and writing, so this counts them.
    #[test]
    fn a_table_of_pages_reads_each_object_once_and_writes_what_is_shown() {
        let place = tempfile::tempdir().expect("a folder");
        let content = content(place.path(), |number| number);
        let (_, text, _) = read(&content, Form::Plain, &Query::default());
        let bytes = text.len() as u64;
        assert!(bytes > 4_000_000, "several pieces and many blocks: {bytes}");
        let (mut written, mut rows, mut start) = (0, 0, 0);
        loop {
            let query = Query { limit: 500, start, ..Query::default() };
            let (decompressed, text, list) = read(&content, Form::Table, &query);
            assert_eq!(decompressed, 0, "a list was read before");
            written += text.len();
            rows += list["rows"].as_array().expect("rows").len();
            let Some(next) = list["metadata"]["continue"].as_str() else { break };
            start = next.strip_prefix("archive-").and_then(|start| start.parse().ok()).expect("a number");
        }
        assert_eq!(rows, PODS);
        assert!(written < PODS * 400, "{written} bytes for {PODS} rows");
        assert!(!text.is_empty() && text.contains("managedFields"), "the objects themselves are whole");
    }

    /// In whatever order the objects are in the archive.
    #[test]
    fn a_table_decompresses_each_object_once() {
        for order in [|number| number, |number| number * 7 % PODS] as [fn(usize) -> usize; 2] {
            let place = tempfile::tempdir().expect("a folder");
            let content = content(place.path(), order);
            let (mut decompressed, mut start) = (0, 0);
            loop {
                let query = Query { limit: 100, start, ..Query::default() };
                let (own, _, list) = read(&content, Form::Table, &query);
                decompressed += own;
                let Some(next) = list["metadata"]["continue"].as_str() else { break };
                start = next.strip_prefix("archive-").and_then(|start| start.parse().ok()).expect("a number");
            }
            let (_, text, _) = read(&content, Form::Plain, &Query::default());
            let bytes = text.len() as u64;
            assert!(decompressed <= bytes, "{decompressed} bytes were decompressed for a list of {bytes}");
        }
    }

    #[test]
    fn metadata_alone_is_whole() {
        let place = tempfile::tempdir().expect("a folder");
        let content = content(place.path(), |number| number);
        let (_, _, list) = read(&content, Form::Metadata, &Query { limit: 1, ..Query::default() });
        let object = &list["items"][0];
        assert_eq!(object["kind"], "PartialObjectMetadata");
        assert_eq!(object["metadata"]["managedFields"][0]["manager"], "kubelet");
        assert_eq!(object["spec"], Value::Null);
        let query = Query { limit: 1, include: Include::Object, ..Query::default() };
        let (_, _, table) = read(&content, Form::Table, &query);
        let object = &table["rows"][0]["object"];
        assert_eq!((&object["kind"], &object["spec"]["nodeName"]), (&json!("Pod"), &json!("edge-1")));
        assert_eq!(object["metadata"]["managedFields"][0]["manager"], "kubelet");
    }
}
