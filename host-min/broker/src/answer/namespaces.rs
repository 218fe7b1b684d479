//! A list over all namespaces that is read namespace by namespace. If the grant names each namespace, the account needs no right beyond
//! them. If the run has a shard of the namespaces, it reads no others.
//!
//! The gatherer sees one list. The namespaces come in the order that they have in a list over all of them. To the server, each is a list of its
//! own, with its own pages and errors. While the last page of one is read, the first page of the next is already on its way. If the
//! server refuses the list of one namespace, that namespace is a gap and the others are read. If it refuses all of them, the list is refused.

use super::Mode;
use super::asked::Asked;
use super::context::Context;
use super::failed::Failed;
use crate::fetch::Ticket;
use crate::gaps::Gap;
use crate::refusal::{self, ServerStatus};
use crate::tally::Tally;
use wagather_abi::{Status, Verb};
use wagather_kube::{Response, Source};
use wagather_policy::rights::{Scope, describe};

/// The namespaces of a list, apart from the current one.
pub(super) struct Namespaces {
    /// The scope over all of them.
    scope: Scope,
    /// Those that were not requested yet, the last one first.
    rest: Vec<String>,
    /// The first page of the next one, if it is on its way.
    prefetched: Option<Ticket>,
    /// How many items were given of those before the current one.
    given: u32,
    /// The HTTP status of the first one that did not refuse.
    answered: Option<u16>,
    /// How the list is consumed, once one of them was read to its end.
    mode: Option<Mode>,
    /// Those that refused before any other answered. If all refuse, the cluster may not have the resource.
    refused: Vec<Refused>,
}

/// A namespace whose list the server refuses.
struct Refused {
    namespace: String,
    code: u16,
    why: String,
    advice: &'static str,
}

impl Namespaces {
    /// The namespaces that a list is read in, if it is read that way. Turns the request into the one for the first of them.
    pub(super) fn of(asked: &mut Asked, source: &dyn Source) -> Option<Namespaces> {
        if !asked.request.namespace.is_empty() {
            return None;
        }
        let mut rest = asked.allowed.scope.places()?;
        let whole = asked.path_and_query();
        rest.reverse();
        // Whether the resource is cluster-scoped, a list in one of them tells.
        let is_sharded = asked.allowed.scope.is_sharded();
        let Some(first) = rest.pop() else {
            asked.request.namespace = asked.allowed.scope.place_to_ask()?;
            (asked.allowed.narrowed, asked.is_elsewhere) = (true, true);
            return None;
        };
        let scope = asked.allowed.scope.clone();
        asked.request.namespace.clone_from(&first);
        // A recording that was made under another grant may have the list over all namespaces. The scope shows the same part of it.
        if !source.knows(&asked.path_and_query()) && source.knows(&whole) {
            asked.request.namespace.clear();
            return None;
        }
        asked.allowed.scope = scope.within(&first);
        asked.allowed.narrowed = is_sharded;
        Some(Namespaces {
            scope,
            rest,
            prefetched: None,
            given: 0,
            answered: None,
            mode: None,
            refused: Vec::new(),
        })
    }

    /// A list over all namespaces, in these. Turns the request into the one for the first of them.
    pub(super) fn among(places: Vec<String>, asked: &mut Asked) -> Option<Namespaces> {
        let mut rest = places;
        rest.reverse();
        let first = rest.pop()?;
        let scope = asked.allowed.scope.clone();
        asked.allowed.scope = scope.within(&first);
        asked.allowed.narrowed = false;
        asked.request.namespace = first;
        Some(Namespaces {
            scope,
            rest,
            prefetched: None,
            given: 0,
            answered: None,
            mode: None,
            refused: Vec::new(),
        })
    }

    /// The scope over all of them.
    pub(super) const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The same, for a list that is not read in namespaces after all.
    pub(super) fn into_scope(self) -> Scope {
        self.scope
    }

    /// How many items were given of those before the current one.
    pub(super) const fn given(&self) -> u32 {
        self.given
    }

    /// Whether the current one is the last.
    pub(super) fn is_last(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether no namespace up to now has the resource.
    pub(super) fn is_absent_so_far(&self) -> bool {
        self.answered.is_none() && self.refused.iter().all(|one| one.code == 404)
    }

    /// The current one did not refuse. Those that refused before it are gaps.
    pub(super) fn answered(&mut self, asked: &Asked, code: u16, tally: &mut Tally) {
        self.answered.get_or_insert(code);
        self.record_refused(asked, tally);
    }

    /// The current one refuses. It is a gap, at the latest when another one answers.
    pub(super) fn refuse(&mut self, asked: &Asked, response: Response, cx: &mut Context<'_>) {
        let code = response.status;
        let mut message = ServerStatus::read(response, cx.tally).message;
        cx.redactor.text(&mut message, &mut cx.tally.redacted);
        let why = refusal::text(code, &message);
        let namespace = asked.request.namespace.clone();
        self.refused.push(Refused { namespace, code, why, advice: advice(asked, true, code) });
        if self.answered.is_some() {
            self.record_refused(asked, cx.tally);
        }
    }

    /// Records each one that refused as missing.
    pub(super) fn record_refused(&mut self, asked: &Asked, tally: &mut Tally) {
        for refused in std::mem::take(&mut self.refused) {
            refused.record(asked, tally);
        }
    }

    /// What the list comes to when the last one refuses. If another was read, the list is done, with its mode and HTTP status. Otherwise
    /// the list is refused for the first reason that is not 404.
    pub(super) fn finish_refused(
        &mut self,
        asked: &mut Asked,
        tally: &mut Tally,
    ) -> Result<(Mode, Option<u16>), Failed> {
        if let Some(mode) = self.mode {
            return Ok((mode, self.answered));
        }
        let first = self.refused.iter().position(|one| one.code != 404).unwrap_or_default();
        let Refused { namespace, code, why, advice } = self.refused.remove(first);
        self.record_refused(asked, tally);
        asked.request.namespace = namespace;
        Err(Failed::http(code, &why, advice))
    }

    /// The current one was read to its end, in this mode.
    pub(super) fn set_read(&mut self, mode: Mode) {
        self.mode = Some(mode);
    }

    /// Leaves the current one, which gave this many items. Sends for the next one, if there is one and the limit allows more items.
    pub(super) fn next(
        &mut self,
        asked: &mut Asked,
        given: u32,
        cx: &mut Context<'_>,
    ) -> Result<Option<Ticket>, Failed> {
        self.given = self.given.saturating_add(given);
        let limit = &mut asked.request.limit;
        if *limit != 0 {
            if given >= *limit {
                return Ok(None);
            }
            *limit -= given;
        }
        let Some(namespace) = self.rest.pop() else { return Ok(None) };
        // The server has such lists in namespaces.
        asked.allowed.narrowed = false;
        asked.allowed.scope = self.scope.within(&namespace);
        asked.request.namespace = namespace;
        let prefetched = self.prefetched.take();
        asked.is_prefetched = prefetched.is_some();
        match prefetched {
            Some(ticket) => Ok(Some(ticket)),
            None => cx.send(asked, asked.path_and_query()).map(Some),
        }
    }

    /// Sends for the first page of the next one, while the last page of the current one is read. Not with a limit: how many items are
    /// still wanted is known only at the end.
    pub(super) fn prefetch(&mut self, asked: &mut Asked, cx: &mut Context<'_>) -> Result<(), Failed> {
        if self.prefetched.is_some() || asked.request.limit != 0 {
            return Ok(());
        }
        let Some(next) = self.rest.last() else { return Ok(()) };
        let current = std::mem::replace(&mut asked.request.namespace, next.clone());
        let sent = cx.send(asked, asked.path_and_query());
        asked.request.namespace = current;
        self.prefetched = Some(sent?);
        Ok(())
    }
}

impl Refused {
    /// Records it as a gap of the list.
    fn record(self, asked: &Asked, tally: &mut Tally) {
        let Refused { namespace, code, why, advice } = self;
        let mut request = asked.request.clone();
        request.namespace.clone_from(&namespace);
        let what = describe(&request);
        let line = format!("{what}: skipped the namespace: {why}");
        let gap = Gap { asked: what, namespace, status: Some(code), reason: why.clone(), ..Gap::default() };
        tally.record_skipped(asked.resource, gap, line, Some((Status::http(code), advice)));
    }
}

/// What to do about an answer that is not a success.
pub(super) fn advice(asked: &Asked, has_namespaces: bool, code: u16) -> &'static str {
    let Asked { request, allowed, .. } = asked;
    match (code, has_namespaces) {
        (403, true) => IN_EACH,
        (404, true) => NOT_IN_NAMESPACES,
        (403, false) if request.verb == Verb::LIST && request.namespace.is_empty() => {
            if allowed.scope.is_everything() { OVER_ALL } else { BY_PATTERN }
        }
        _ => refusal::advice(code),
    }
}

/// For a list that the server refuses in each of its namespaces.
const IN_EACH: &str =
    "the host lists each namespace that the grant names: 'host-min rbac --grant' prints the roles for that";

/// For a resource that the server has in none of the list's namespaces.
const NOT_IN_NAMESPACES: &str = "the host listed the namespaces that the grant names. Either this cluster does not have the resource, or the resource is cluster-scoped, and rules with 'namespaces' exclude it";

/// For a list that the server refuses over all namespaces.
const OVER_ALL: &str = "the account lacks this permission: grant it, or use another account. For namespaced resources, -n limits the request to one namespace, and a grant that names namespaces limits it to those";

/// For a list that the server refuses over all namespaces, under a grant that has patterns.
const BY_PATTERN: &str = "the account may not list all namespaces, and the grant does not name each namespace: name them in the grant, or allow the account to list all";
