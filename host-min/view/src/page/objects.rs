//! The objects of an archive: a line for each, and the whole of those that matter most.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;
use wagather_offline::{Archive, Object, Reader};

use super::blocks::{Blocks, Place};
use super::columns::{Names, Steps, Texts};
use super::events::Events;
use super::summary::{Tone, summary};
use super::text::cut;
use crate::bounded;

/// The most objects that the page lists.
const MAX_OBJECTS: usize = 100_000;
/// The largest object that is read. An API server accepts 1.5 MiB.
const MAX_OBJECT_BYTES: usize = 4 << 20;
/// The longest name and status, in characters.
const MAX_NAME_CHARS: usize = 300;

/// What identifies an object for findings: kind, namespace and name.
pub(super) type Key = (String, String, String);

/// The objects, and where the whole ones are.
pub(super) struct Objects<'a> {
    all: Vec<Listed<'a>>,
    kinds: Vec<Kind>,
    columns: Columns,
    texts: [Texts; 4],
    left_out: usize,
}

struct Listed<'a> {
    object: Object<'a>,
    /// How late it gets its place: those with findings first, and rare kinds before frequent ones.
    rank: (u8, usize),
    place: Option<Place>,
}

/// A resource.
#[derive(Serialize)]
pub(super) struct Kind {
    group: String,
    version: String,
    kind: String,
    plural: String,
    /// How many rows are its.
    rows: usize,
}

/// The columns of the objects. Rows are ordered by resource, namespace and name.
#[derive(Default, Serialize)]
pub(super) struct Columns {
    /// Pairs: a namespace, and how many rows in a row are in it.
    spaces: Vec<usize>,
    name: Names,
    /// Seconds since the Unix epoch; 0 if nobody knows.
    created: Steps,
    /// The first character of a status is its tone.
    status: Vec<usize>,
    note: Vec<usize>,
    node: Vec<usize>,
}

/// The objects as they are in the page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing<'a> {
    kinds: &'a [Kind],
    columns: &'a Columns,
    namespaces: &'a Texts,
    statuses: &'a Texts,
    notes: &'a Texts,
    nodes: &'a Texts,
    whole: Vec<Whole>,
    left_out: usize,
}

/// The whole objects in a block, one behind the other.
#[derive(Serialize)]
struct Whole {
    block: u32,
    rows: Steps,
    /// Bytes.
    len: Vec<u32>,
}

/// Reads all objects. Those of the kind Event are events.
pub(super) fn read<'a>(archive: &'a Archive, found: &HashSet<Key>, events: &mut Events) -> Objects<'a> {
    let mut reader = archive.reader();
    let mut objects = Objects {
        all: Vec::new(),
        kinds: Vec::new(),
        columns: Columns::default(),
        texts: Default::default(),
        left_out: 0,
    };
    let mut resources: Vec<_> = archive.resources().collect();
    // The rarest first: if there are too many, those of the most frequent ones are left out.
    let mut sizes: Vec<usize> = resources.iter().map(|resource| resource.objects().len()).collect();
    sizes.sort_unstable();
    let mut left = MAX_OBJECTS;
    let mut most = usize::MAX;
    for size in sizes {
        if size > left {
            most = left;
            break;
        }
        left -= size;
    }
    resources.sort_by(|a, b| (&a.kind, a.group).cmp(&(&b.kind, b.group)));
    for resource in resources {
        let is_event = resource.kind == "Event" && ["", "events.k8s.io"].contains(&resource.group);
        let count = resource.objects().len();
        let taken = if is_event { count } else { count.min(most).min(MAX_OBJECTS - objects.all.len()) };
        objects.left_out += count - taken;
        let mut version = None;
        for object in resource.objects().take(taken) {
            version = version.or(object.version);
            let value = value(&mut reader, &object);
            if is_event {
                events.add(object.namespace, &value);
            } else {
                let key = (resource.kind.clone(), object.namespace.to_owned(), object.name.to_owned());
                objects.add(&resource, &object, &value, found.contains(&key), count);
            }
        }
        if !is_event && taken > 0 {
            objects.kinds.push(Kind {
                group: cut(resource.group, MAX_NAME_CHARS),
                version: cut(version.unwrap_or_default(), MAX_NAME_CHARS),
                kind: cut(&resource.kind, MAX_NAME_CHARS),
                plural: cut(resource.plural, MAX_NAME_CHARS),
                rows: taken,
            });
        }
    }
    objects
}

/// An object's JSON. What is too large or damaged has no members.
fn value(reader: &mut Reader, object: &Object<'_>) -> Value {
    match reader.object(object) {
        Ok(json) if json.len() <= MAX_OBJECT_BYTES => bounded::parse(json).unwrap_or_default(),
        _ => Value::Null,
    }
}

impl<'a> Objects<'a> {
    fn add(
        &mut self,
        resource: &wagather_offline::Resource<'_>,
        object: &Object<'a>,
        value: &Value,
        is_found: bool,
        of_kind: usize,
    ) {
        let summary = summary(resource.group, &resource.kind, value);
        let rank = match summary.tone {
            _ if is_found => 0,
            Tone::Bad => 1,
            Tone::Warn => 2,
            _ => 3,
        };
        self.all.push(Listed { object: *object, rank: (rank, of_kind), place: None });
        let [namespaces, statuses, notes, nodes] = &mut self.texts;
        let namespace = namespaces.number(&cut(object.namespace, MAX_NAME_CHARS));
        let columns = &mut self.columns;
        match columns.spaces.as_mut_slice() {
            [.., last, rows] if *last == namespace => *rows += 1,
            _ => columns.spaces.extend([namespace, 1]),
        }
        columns.name.add(&cut(object.name, MAX_NAME_CHARS));
        columns.created.add(summary.created.unwrap_or(0));
        let status = cut(&summary.status, MAX_NAME_CHARS);
        columns.status.push(statuses.number(&format!("{}{status}", u8::from(summary.tone))));
        columns.note.push(notes.number(&cut(&summary.note, MAX_NAME_CHARS)));
        columns.node.push(nodes.number(&cut(&summary.node, MAX_NAME_CHARS)));
    }

    /// Forgets all places.
    pub(super) fn forget(&mut self) {
        self.all.iter_mut().for_each(|listed| listed.place = None);
    }

    /// Puts whole objects into blocks: those with findings, or the rest.
    pub(super) fn place(&mut self, archive: &Archive, blocks: &mut Blocks, with_findings: bool) {
        let mut reader = archive.reader();
        let mut order: Vec<usize> =
            (0..self.all.len()).filter(|row| (self.all[*row].rank.0 == 0) == with_findings).collect();
        order.sort_by_key(|row| self.all[*row].rank);
        for row in order {
            let listed = &mut self.all[row];
            let mut value = value(&mut reader, &listed.object);
            if !value.is_object() {
                continue;
            }
            // It is as long as the rest, and only says who wrote which field.
            if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove("managedFields");
            }
            match blocks.add(value.to_string().as_bytes()) {
                Some(place) => listed.place = Some(place),
                None => break,
            }
        }
    }

    /// Forgets places that had no room.
    pub(super) fn keep(&mut self, is_in: impl Fn(&Place) -> bool) {
        for listed in &mut self.all {
            listed.place = listed.place.filter(&is_in);
        }
    }

    /// As the page has them.
    pub(super) fn listing(&self) -> Listing<'_> {
        let Objects { all, kinds, columns, texts: [namespaces, statuses, notes, nodes], left_out } = self;
        let placed = all.iter().enumerate().filter_map(|(row, listed)| Some((listed.place?, row as i64)));
        let mut placed: Vec<(Place, i64)> = placed.collect();
        placed.sort_unstable();
        let mut whole: Vec<Whole> = Vec::new();
        for (Place(block, _, len), row) in placed {
            if whole.last().is_none_or(|last| last.block != block) {
                whole.push(Whole { block, rows: Steps::default(), len: Vec::new() });
            }
            if let Some(last) = whole.last_mut() {
                last.rows.add(row);
                last.len.push(len);
            }
        }
        Listing { kinds, columns, namespaces, statuses, notes, nodes, whole, left_out: *left_out }
    }

    /// The note of the first object of a kind.
    pub(super) fn note_of(&self, kind: &str) -> Option<&str> {
        let at = self.kinds.iter().position(|known| known.kind == kind)?;
        let row: usize = self.kinds[..at].iter().map(|kind| kind.rows).sum();
        Some(self.texts[2].get(*self.columns.note.get(row)?)).filter(|note| !note.is_empty())
    }
}
