//! One page of a list, and how much of it was read: enough to request it again and to continue in its middle.

use super::Failed;
use super::order::key_of;
use crate::fetch::Reply;
use crate::refusal::{ServerStatus, advice};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;
use wagather_json::project::list::PageMeta;
use wagather_json::project::{Identity, ListReader, Node, Odd, ProjectError};
use wagather_kube::Response;

/// A page that is being read.
pub(super) struct Page {
    reader: ListReader,
    content_type: Option<String>,
    /// The continue token of its request. Empty for a first page.
    pub(super) token: String,
    /// Whether the same request returns the same items again. Tokens pin a state of the server, except for those that it sends in
    /// place of an expired one.
    pub(super) pinned: bool,
    /// How many items were requested.
    pub(super) items: u32,
    /// When it must have ended.
    pub(super) until: Instant,
    /// The items that were read.
    read: Run,
    /// Those of them that another response repeated so far.
    again: Run,
    /// Whether the response has the same items but may show another moment.
    is_inconsistent: bool,
    /// The resource version of the response that broke off, if it had arrived.
    version: String,
    counted_bytes: u64,
}

/// A sequence of items: how many, and a digest of their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    items: u32,
    keys: u64,
}

impl Run {
    fn add(&mut self, identity: &Identity) {
        let mut digest = DefaultHasher::new();
        (self.keys, key_of(identity)).hash(&mut digest);
        *self = Run { items: self.items + 1, keys: digest.finish() };
    }
}

/// The next part of a page.
pub(super) enum Next {
    /// An item.
    Item(PageItem),
    /// The end.
    End,
    /// The response may show another moment than the one that broke off. It begins with this item, or is empty.
    OtherState(Option<PageItem>),
    /// The response should repeat the one that broke off, and does not.
    Mismatch(&'static str),
    /// The page cannot be read.
    Error(ProjectError),
}

/// An item that was read.
pub(super) struct PageItem {
    pub(super) identity: Identity,
    /// Its size as the server sent it.
    pub(super) bytes: u64,
    /// Why it cannot be used.
    pub(super) odd: Option<Odd>,
}

impl Page {
    /// A page whose response is a success and was not read yet.
    pub(super) fn new(response: Response, until: Instant, items: u32, token: String) -> Page {
        Page {
            reader: ListReader::new(response.body),
            content_type: response.content_type,
            token,
            pinned: true,
            items,
            until,
            read: Run::default(),
            again: Run::default(),
            is_inconsistent: false,
            version: String::new(),
            counted_bytes: 0,
        }
    }

    /// The page's metadata, as far as it has arrived.
    pub(super) fn meta(&self) -> &PageMeta {
        self.reader.meta()
    }

    /// The fields that the mask hides of the newest item.
    pub(super) fn hidden(&self) -> &[u16] {
        self.reader.hidden()
    }

    /// How many of its items were read.
    pub(super) const fn read(&self) -> u32 {
        self.read.items
    }

    /// Whether the new response repeats all items that were read and may show another moment. True once.
    pub(super) fn take_inconsistency(&mut self) -> bool {
        self.again == self.read && std::mem::take(&mut self.is_inconsistent)
    }

    /// The resource version, if it has arrived.
    pub(super) fn version(&self) -> &str {
        match &*self.meta().resource_version {
            "" => &self.version,
            said => said,
        }
    }

    /// Continues with another response to the same request, after the items that were read.
    pub(super) fn resume(&mut self, response: Response, until: Instant, pinned: bool) {
        self.version = self.version().to_owned();
        self.reader = ListReader::new(response.body);
        self.content_type = response.content_type;
        (self.counted_bytes, self.until, self.pinned) = (0, until, pinned);
        (self.again, self.is_inconsistent) = (Run::default(), false);
        if self.read.items == 0 {
            self.version.clear();
        }
    }

    /// Why the page cannot be read.
    pub(super) fn failed(&self, error: &ProjectError) -> Failed {
        let meta = self.meta();
        if matches!(error, ProjectError::Malformed { .. }) && meta.kind == "Status" {
            let code = meta.status.code.parse().unwrap_or(0);
            let (status, why) = ServerStatus::in_a_success(&meta.status.message, code);
            return Failed::new(status, &why, advice(code));
        }
        Failed::of_body(error, self.reader.beginning(), self.content_type.as_deref())
    }

    /// The bytes that were received since the last call.
    pub(super) fn received(&mut self) -> u64 {
        let read = self.reader.bytes_read();
        read - std::mem::replace(&mut self.counted_bytes, read)
    }

    /// The next item that was not read yet, projected into `out`. If the response shows another moment and the list is `in_order`, the
    /// caller continues by key. Otherwise the response is used if it begins with the same items.
    pub(super) fn next(&mut self, mask: &Node, out: &mut Vec<u8>, in_order: bool) -> Next {
        while self.again.items < self.read.items {
            let is_first = self.again.items == 0;
            let before = self.reader.bytes_read();
            let item = match self.reader.next_any(if is_first { mask } else { &Node::Drop }, out) {
                Err(error) => return Next::Error(error),
                Ok(item) => item,
            };
            // The first item decides whether the response shows the same moment.
            if is_first && !self.is_the_same() {
                self.version.clear();
                if in_order {
                    (self.read, self.again) = Default::default();
                    let bytes = self.reader.bytes_read() - before;
                    return Next::OtherState(item.map(|(identity, odd)| self.add(identity, bytes, odd)));
                }
                self.is_inconsistent = true;
            }
            let Some((identity, _)) = item else {
                return Next::Mismatch("it has fewer items than in the first response");
            };
            self.again.add(&identity);
            if self.again.items == self.read.items && self.again != self.read {
                return Next::Mismatch("it has different items than in the first response");
            }
        }
        let before = self.reader.bytes_read();
        match self.reader.next_any(mask, out) {
            Err(error) => Next::Error(error),
            Ok(None) => Next::End,
            Ok(Some((identity, odd))) => {
                Next::Item(self.add(identity, self.reader.bytes_read() - before, odd))
            }
        }
    }

    fn add(&mut self, identity: Identity, bytes: u64, odd: Option<Odd>) -> PageItem {
        self.read.add(&identity);
        self.again = self.read;
        PageItem { identity, bytes, odd }
    }

    /// Whether the response shows the same state as the one that broke off: by its resource version, or because the token pins it.
    fn is_the_same(&self) -> bool {
        let said = &*self.meta().resource_version;
        if self.version.is_empty() || said.is_empty() { self.pinned } else { self.version == said }
    }
}

/// The response of a reply, if it is a success.
pub(super) fn success(reply: Reply) -> Result<(Response, Instant), Reply> {
    match reply.answer {
        Ok(response) if (200..300).contains(&response.status) => Ok((response, reply.until)),
        answer => Err(Reply { answer, ..reply }),
    }
}
