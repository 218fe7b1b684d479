//! A list that is asked for namespace by namespace: where the grant names each of them, an account need not be allowed more.
//!
//! The gatherer sees one list: the namespaces come in the order in which one list over all of them has them, and each is a list of its
//! own for the server, with its pages and its errors. While the last page of one is read, the next one's first is on its
//! way. A namespace whose list the server refuses is a gap, and the others are read; a list that is refused in all of them is refused.

use super::{Answer, Asked, Failed, Means, Mode, Result, State, refusal};
use crate::fetch::Ticket;
use crate::gaps::{Consumed, Gap, Lack, lack_of};
use crate::refusal::ServerStatus;
use crate::tally::Tally;
use wagather_abi::{Status, Verb};
use wagather_kube::Source;
use wagather_policy::rights::{Scope, describe};

/// The namespaces of a list, from the one on that is read now.
pub(super) struct Places {
    /// What may be seen over all of them.
    scope: Scope,
    /// Those that were not asked in yet, the last one first.
    rest: Vec<String>,
    /// The next one's first page, if it is on its way.
    ahead: Option<Ticket>,
    /// Items that were given of those before this one.
    given: u32,
    /// The HTTP status of the first one that did not refuse.
    answered: Option<u16>,
    /// How the list is consumed, once one of them was read to its end.
    mode: Option<Mode>,
    /// Those that refused before any other answered: if all do, it may be that the cluster has no such resource.
    refused: Vec<Refused>,
}

/// A namespace whose list the server refuses.
struct Refused {
    namespace: String,
    code: u16,
    why: String,
    advice: &'static str,
}

impl Places {
    /// The namespaces that this list is asked for in, if it is so; the first one is then what is asked for.
    pub(super) fn of(asked: &mut Asked, source: &dyn Source) -> Option<Places> {
        if !asked.request.namespace.is_empty() {
            return None;
        }
        let mut rest = asked.allowed.scope.places()?;
        let whole = asked.path_and_query();
        rest.reverse();
        let first = rest.pop()?;
        let scope = asked.allowed.scope.clone();
        asked.request.namespace.clone_from(&first);
        // A recording that was made under another grant may have the list over all namespaces; what may be seen of it is the same.
        if !source.knows(&asked.path_and_query()) && source.knows(&whole) {
            asked.request.namespace.clear();
            return None;
        }
        asked.allowed.scope = scope.within(&first);
        Some(Places { scope, rest, ahead: None, given: 0, answered: None, mode: None, refused: Vec::new() })
    }
}

impl Refused {
    /// Names it as a gap of the list.
    fn name(self, asked: &Asked, tally: &mut Tally) {
        let Refused { namespace, code, why, advice } = self;
        let mut request = asked.request.clone();
        request.namespace.clone_from(&namespace);
        let what = describe(&request);
        let said = format!("{what}: skipped the namespace: {why}");
        let gap = Gap { asked: what, namespace, status: Some(code), reason: why.clone(), ..Gap::default() };
        tally.skipped(asked.resource, gap, said, Some((Status::http(code), advice)));
    }
}

impl Answer {
    /// Items that were given of the namespaces before the one that is read now.
    pub(super) fn given_before(&self) -> u32 {
        self.places.as_ref().map_or(0, |places| places.given)
    }

    /// Takes down what has come of a namespace's list, and goes on with the next one if it is a refusal. If it is the last one,
    /// the list ends, or is refused.
    pub(super) fn look_at_the_place(&mut self, means: &mut Means<'_>) -> Result<()> {
        let (State::Head(response), Some(places)) = (&self.state, &mut self.places) else { return Ok(()) };
        let (code, is_last) = (response.status, places.rest.is_empty());
        means.tally.asked_in(describe(&self.asked.request), code);
        let is_success = (200..300).contains(&code);
        if is_success || lack_of(&self.asked.request, Status::http(code), Consumed::Not) == Lack::Broken {
            places.answered.get_or_insert(code);
            self.name_the_refused(means);
            return Ok(());
        }
        if is_last && places.answered.is_none() && places.refused.iter().all(|one| one.code == 404) {
            // Nobody has it, or this one alone refuses in another way: that is what is said of the whole list.
            if code != 404 {
                self.name_the_refused(means);
            }
            return Ok(());
        }
        let advice = self.advice(code);
        let State::Head(response) = self.replace(State::Failed(Status::BAD_ANSWER)) else { return Ok(()) };
        let mut message = ServerStatus::read(response, means.tally).message;
        means.redactor.text(&mut message, &mut means.tally.redacted);
        let why = refusal::text(code, &message);
        let Some(places) = &mut self.places else { return Ok(()) };
        places.refused.push(Refused { namespace: self.asked.request.namespace.clone(), code, why, advice });
        if places.answered.is_some() {
            self.name_the_refused(means);
        }
        if !is_last {
            return self.turn_to_the_next_place(0, means).map(|_| ());
        }
        let Some(places) = &mut self.places else { return Ok(()) };
        if let Some(mode) = places.mode {
            self.http_status = places.answered;
            self.state = State::Done(mode);
            self.came_whole(means.tally);
            return Ok(());
        }
        let first = places.refused.iter().position(|one| one.code != 404).unwrap_or_default();
        let Refused { namespace, code, why, advice } = places.refused.remove(first);
        self.name_the_refused(means);
        self.asked.request.namespace = namespace;
        Err(self.fail(Failed::http(code, &why, advice), means))
    }

    /// Each namespace that refused is missing.
    fn name_the_refused(&mut self, means: &mut Means<'_>) {
        let Some(places) = &mut self.places else { return };
        for refused in std::mem::take(&mut places.refused) {
            refused.name(&self.asked, means.tally);
        }
    }

    /// One was read to its end and gave so many items: goes on with the next one, if there is one and more may be given.
    pub(super) fn leave_the_place(&mut self, given: u32, mode: Mode, means: &mut Means<'_>) -> Result<bool> {
        if let Some(places) = &mut self.places {
            places.mode = Some(mode);
        }
        self.turn_to_the_next_place(given, means)
    }

    /// Goes on with the next namespace after one that gave so many items, if there is one and more may be given.
    fn turn_to_the_next_place(&mut self, given: u32, means: &mut Means<'_>) -> Result<bool> {
        let Some(places) = &mut self.places else { return Ok(false) };
        places.given = places.given.saturating_add(given);
        let limit = &mut self.asked.request.limit;
        if *limit != 0 {
            if given >= *limit {
                return Ok(false);
            }
            *limit -= given;
        }
        let Some(place) = places.rest.pop() else { return Ok(false) };
        self.asked.allowed.scope = places.scope.within(&place);
        self.asked.request.namespace = place;
        let ahead = places.ahead.take();
        self.asked.is_ahead = ahead.is_some();
        let ticket = match ahead {
            Some(ticket) => ticket,
            None => match means.start(&self.asked, self.asked.path_and_query()) {
                Ok(ticket) => ticket,
                Err(failed) => return Err(self.fail(failed, means)),
            },
        };
        self.cuts = 0;
        self.state = State::OnItsWay(ticket);
        Ok(true)
    }

    /// Asks for the next namespace's first page, while the last page of this one is read. How many items a list with a limit
    /// still wants is only known at its end.
    pub(super) fn look_ahead(&mut self, is_last_page: bool, means: &mut Means<'_>) -> Result<()> {
        let Some(places) = &mut self.places else { return Ok(()) };
        if !is_last_page || places.ahead.is_some() || self.asked.request.limit != 0 {
            return Ok(());
        }
        let Some(place) = places.rest.last() else { return Ok(()) };
        let here = std::mem::replace(&mut self.asked.request.namespace, place.clone());
        let path_and_query = self.asked.path_and_query();
        self.asked.request.namespace = here;
        match means.start(&self.asked, path_and_query) {
            Ok(ticket) => places.ahead = Some(ticket),
            Err(failed) => return Err(self.fail(failed, means)),
        }
        Ok(())
    }

    /// What to do about an answer that is not a success.
    pub(super) fn advice(&self, code: u16) -> &'static str {
        let Asked { request, allowed, .. } = &self.asked;
        match (code, &self.places) {
            (403, Some(_)) => IN_EACH,
            (404, Some(_)) => NOT_IN_NAMESPACES,
            (403, None) if request.verb == Verb::LIST && request.namespace.is_empty() => {
                if allowed.scope.is_everything() { OVER_ALL } else { BY_PATTERN }
            }
            _ => refusal::advice(code),
        }
    }
}

/// For a list that the server refuses in the namespaces that it was asked for in.
const IN_EACH: &str =
    "the host lists each namespace that the grant names: 'host-min rbac --grant' prints the roles for that";

/// For what the server has in none of the namespaces that it was asked for in.
const NOT_IN_NAMESPACES: &str = "the host listed the namespaces that the grant names. Either this cluster does not have the resource, or the resource is cluster-scoped, and rules with 'namespaces' exclude it";

/// For a list that the server refuses over all namespaces.
const OVER_ALL: &str = "the account lacks this permission: grant it, or use another account. For namespaced resources, -n limits the request to one namespace, and a grant that names namespaces limits it to those";

/// For a list that the server refuses over all namespaces, under a grant that has patterns.
const BY_PATTERN: &str = "the account may not list all namespaces, and the grant does not name each namespace: name them in the grant, or allow the account to list all";
