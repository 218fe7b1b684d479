//! What all states of an answer share: the request, and what is known of its answer so far.

use super::asked::Asked;
use super::context::Context;
use super::discovered;
use super::failed::Failed;
use super::namespaces::{self, Namespaces};
use crate::blame::Blame;
use crate::fetch::{Fetcher, Ticket};
use crate::gaps::{self, Consumed, Gap, Impact, impact_of};
use crate::tally::Tally;
use std::time::Instant;
use wagather_abi::{Kind, Status, Verb};
use wagather_policy::canonical::Canonical;
use wagather_policy::rights::{Allowed, describe};

/// Where the requests of a gatherer come from.
pub(crate) struct Origin<'a> {
    pub(crate) fetcher: &'a Fetcher,
    /// The gatherer's deadline.
    pub(crate) deadline: Instant,
    /// How many items each page of a list has, if that is fixed.
    pub(crate) chunk_items: Option<u32>,
}

/// A request and what is known of its answer, apart from the state.
pub(super) struct Exchange {
    /// The request. For a list that is read namespace by namespace, the one for the current namespace.
    pub(super) asked: Asked,
    /// The namespaces of such a list.
    pub(super) namespaces: Option<Box<Namespaces>>,
    /// The path of the whole request. It identifies the request in the tally.
    path: String,
    /// The HTTP status of the newest head.
    pub(super) http_status: Option<u16>,
}

impl Exchange {
    /// Sends the first HTTP request.
    pub(super) fn begin(
        request: Canonical,
        allowed: Allowed,
        origin: &Origin<'_>,
        tally: &mut Tally,
    ) -> (Exchange, Ticket) {
        let fetcher = origin.fetcher;
        let Exchange { mut asked, path, .. } = Exchange::unsent(request, allowed, origin, tally);
        // A recording of a run that was not narrowed has the list of all namespaces. The scope lets one of them through.
        if asked.allowed.narrowed && !fetcher.source().knows(&asked.path_and_query()) {
            asked.widen();
        }
        let namespaces = Namespaces::of(&mut asked, fetcher.source()).map(Box::new);
        let ticket = fetcher.send(asked.order(asked.path_and_query(), tally));
        tally.gaps.request(asked.resource, asked.place());
        (Exchange { asked, namespaces, path, http_status: None }, ticket)
    }

    /// A request that is not sent, or not before it is known what it means.
    pub(super) fn unsent(
        request: Canonical,
        allowed: Allowed,
        origin: &Origin<'_>,
        tally: &mut Tally,
    ) -> Exchange {
        let Origin { deadline, chunk_items, .. } = *origin;
        let asked = Asked {
            resource: tally.gaps.resource(|| gaps::name_of(&request)),
            used: tally.uses.place_of(allowed.about.clone()),
            request,
            allowed,
            deadline,
            chunk_items,
            is_prefetched: false,
            is_elsewhere: false,
            namespaced: false,
            is_typed: false,
        };
        let path = asked.request.path_and_query();
        Exchange { asked, namespaces: None, path, http_status: None }
    }

    /// Turns a list over all namespaces that the server refuses into one in those that the account may be able to read. `None` if there
    /// are none.
    pub(super) fn ask_in_namespaces(&mut self, cx: &mut Context<'_>) -> Result<Option<Ticket>, Failed> {
        let Asked { request, allowed, namespaced, .. } = &self.asked;
        let is_over_all = request.verb == Verb::LIST && request.namespace.is_empty() && *namespaced;
        if !is_over_all || !allowed.by_wildcard || self.namespaces.is_some() {
            return Ok(None);
        }
        let places = allowed.scope.places_to_try(&discovered::namespaces(cx));
        let Some(namespaces) = Namespaces::among(places, &mut self.asked) else { return Ok(None) };
        self.namespaces = Some(Box::new(namespaces));
        cx.send(&self.asked, self.asked.path_and_query()).map(Some)
    }

    /// Whether a list that the server does not have in a namespace is asked for at the cluster scope: the resource may be cluster-scoped.
    pub(super) fn may_be_widened(&self) -> bool {
        let scope =
            self.namespaces.as_ref().map_or(&self.asked.allowed.scope, |namespaces| namespaces.scope());
        self.asked.allowed.narrowed && scope.reaches_none()
    }

    /// Turns a list in namespaces back into a list at the cluster scope.
    pub(super) fn widen(&mut self) {
        if let Some(namespaces) = self.namespaces.take() {
            self.asked.allowed.scope = namespaces.into_scope();
        }
        self.asked.widen();
    }

    /// How many items were given of the namespaces before the current one.
    pub(super) fn given_before(&self) -> u32 {
        self.namespaces.as_ref().map_or(0, |namespaces| namespaces.given())
    }

    /// What to do about an answer that is not a success.
    pub(super) fn advice(&self, code: u16) -> &'static str {
        namespaces::advice(&self.asked, self.namespaces.is_some(), code)
    }

    pub(super) fn is_success(&self) -> bool {
        self.http_status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Records why the answer fails, and returns the status that the guest gets. `given` is how many items of the current list the
    /// guest was given.
    pub(super) fn fail(&mut self, failed: Failed, given: u32, cx: &mut Context<'_>) -> Status {
        if let Kind::Http(code) = failed.status.kind() {
            self.http_status = Some(code);
        }
        self.record_failure(failed, given, cx)
    }

    /// The same for a request that never was sent.
    pub(super) fn fail_unsent(&self, failed: Failed, cx: &mut Context<'_>) -> Status {
        self.record_failure(failed, 0, cx)
    }

    fn record_failure(&self, failed: Failed, given: u32, cx: &mut Context<'_>) -> Status {
        let Failed { status, mut why, advice, .. } = failed;
        // The reason may contain the server's words.
        cx.redactor.text(&mut why, &mut cx.tally.redacted);
        if given > 0 {
            let (resource, namespace) = (self.asked.resource, self.asked.place().to_owned());
            cx.tally.when_taken(move |tally| tally.gaps.read_in(resource, &namespace, given, false));
        }
        let consumed = if self.given_before() + given > 0 { Consumed::Begun } else { Consumed::Not };
        cx.tally.error(status, format!("{}: {why}", describe(&self.asked.request)), &advice);
        self.record_missing(status, consumed, &why, &advice, cx);
        status
    }

    /// Records what is missing because of a status, whatever the guest does about it.
    pub(super) fn record_missing(
        &self,
        status: Status,
        consumed: Consumed,
        why: &str,
        advice: &str,
        cx: &mut Context<'_>,
    ) {
        let (request, resource) = (&self.asked.request, self.asked.resource);
        let asked = describe(request);
        let blame = Blame::of(status, format!("{asked}: {why}"), advice);
        let code = if let Kind::Http(code) = status.kind() { Some(code) } else { None };
        let (namespace, reason) = (request.namespace.clone(), why.to_owned());
        let gap = Gap { asked, namespace, status: code, reason, ..Gap::default() };
        match impact_of(request, status, consumed) {
            Impact::Nothing => {
                if request.verb == Verb::LIST {
                    let namespace = request.namespace.clone();
                    cx.tally.when_taken(move |tally| tally.gaps.absent(resource, &namespace));
                }
            }
            Impact::Gap => cx.tally.when_taken(move |tally| tally.gaps.add(resource, gap)),
            Impact::Broken => {
                let path = self.path.clone();
                cx.tally.when_taken(move |tally| tally.gaps.broke(resource, path, gap, blame));
            }
        }
    }

    /// Records that the answer is complete: what an earlier answer to the same request lacked is no longer missing.
    pub(super) fn complete(&self, tally: &mut Tally) {
        let path = self.path.clone();
        tally.when_taken(move |tally| tally.gaps.completed(&path));
    }
}
