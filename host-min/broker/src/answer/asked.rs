//! A request as admission let it through, with what each HTTP request for it needs.

use super::page_size;
use crate::fetch::Order;
use crate::tally::Tally;
use std::time::Instant;
use wagather_abi::Verb;
use wagather_json::redact::Subject;
use wagather_policy::canonical::Canonical;
use wagather_policy::rights::{Allowed, describe};

/// A request, and the time that it may take.
pub(super) struct Asked {
    pub(super) request: Canonical,
    pub(super) allowed: Allowed,
    /// The gatherer's deadline.
    pub(super) deadline: Instant,
    /// How many items each page of a list has, if that is fixed.
    pub(super) chunk_items: Option<u32>,
    /// Whether it was sent before its answer was needed. Its time can then pass while it waits.
    pub(super) is_prefetched: bool,
    /// Whether all objects of the list are in other shards than the run's. It is asked for, because the server may refuse it, and it is empty.
    pub(super) is_elsewhere: bool,
    /// Whether its objects are known to be in namespaces.
    pub(super) namespaced: bool,
    /// Whether each item must say of which type it is.
    pub(super) is_typed: bool,
    /// The index of the resource in the tally.
    pub(super) resource: usize,
    /// The index in the tally of what the grant says about it.
    pub(super) used: usize,
}

impl Asked {
    /// What is known of the objects before the answer arrives.
    pub(super) fn subject(&self) -> Subject {
        Subject::of(&self.request.resource, &self.request.subresource)
    }

    /// The namespace of a list in one.
    pub(super) fn place(&self) -> &str {
        if self.request.verb == Verb::LIST { &self.request.namespace } else { "" }
    }

    /// The time and the page size that requests for it have.
    pub(super) const fn limits(&self) -> (Instant, Option<u32>) {
        (self.deadline, self.chunk_items)
    }

    /// An HTTP request for it.
    pub(super) fn order(&self, path_and_query: String, tally: &Tally) -> Order {
        let (accept, time) = (self.request.accept(), tally.budget().request_time);
        Order { path_and_query, accept, time, deadline: self.deadline }
    }

    /// Turns a list of one namespace back into a list at the cluster scope. The scope still filters its items.
    pub(super) fn widen(&mut self) {
        self.request.namespace.clear();
        self.allowed.narrowed = false;
        // Now the objects are in no namespace.
        self.is_elsewhere = self.allowed.scope.is_elsewhere("", "");
    }

    /// How many items the first page of a list asks for.
    pub(super) fn first_page_items(&self) -> u32 {
        let most = if self.is_elsewhere { 1 } else { page_size::first(self.chunk_items) };
        self.request.page_items(0, most)
    }

    /// What is asked for, in words. They tell a list of which the manifest declares some namespaces.
    pub(super) fn describe(&self) -> String {
        let mut words = describe(&self.request);
        if self.request.namespace.is_empty() && self.allowed.scope.is_declared_in_part() {
            words.push_str(" of some namespaces");
        }
        words
    }

    /// The path and query of the first HTTP request.
    pub(super) fn path_and_query(&self) -> String {
        match self.request.verb {
            Verb::LIST => self.request.page(self.first_page_items(), ""),
            _ => self.request.path_and_query(),
        }
    }
}
