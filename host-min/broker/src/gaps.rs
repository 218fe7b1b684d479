//! What is missing of what a gatherer requested. The host keeps track of it, whatever the gatherer does with the statuses that it gets.
//!
//! docs/decisions/0035 describes the three outcomes, and which status leads to which.

use super::blame::Blame;
use serde::Serialize;
use wagather_abi::{Kind, Status, Verb};
use wagather_base::limits::{MAX_REPORT_GAPS, MAX_REPORT_NAMESPACES, MAX_REPORT_RESOURCES};
use wagather_policy::canonical::Canonical;

/// The result for one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// The resource, as `apps/v1/deployments`. For a raw path, the path.
    pub resource: String,
    /// Whether nothing is missing.
    pub complete: bool,
    /// Whether the cluster does not have the resource: the server answered a list with 404.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
    /// The result: `complete`, `absent`, `gaps`, `forbidden` (the server refuses all of it), `failed`, or why a list of any resource left
    /// it out: `notListable`, `denied` (by the manifest or the grant), `alias` (of a resource with the same objects).
    pub status: &'static str,
    /// How many items and objects were read or piped.
    pub items: u64,
    /// How many requests were sent for it, pages included.
    #[serde(skip_serializing_if = "is_zero")]
    pub requests: u64,
    /// How many gaps there are: objects that were skipped, and answers that failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub gaps: u64,
    /// The results by namespace, of lists that were read in namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<InNamespace>,
    /// How many of the gaps are refusals of the server.
    #[serde(skip)]
    forbidden: u64,
}

/// The result for one resource in one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InNamespace {
    /// The namespace.
    pub namespace: String,
    /// The result, as in [`Resource`].
    pub status: &'static str,
    /// How many items were read or piped.
    pub items: u64,
    /// How many requests were sent, pages included.
    pub requests: u64,
}

const COMPLETE: &str = "complete";
const ABSENT: &str = "absent";
const FORBIDDEN: &str = "forbidden";
const GAPS: &str = "gaps";
const FAILED: &str = "failed";

const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Something that is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Gap {
    /// The gatherer.
    pub gatherer: String,
    /// The resource, as in [`Resource`].
    pub resource: String,
    /// The request in words: `list v1/pods in shop`.
    pub asked: String,
    /// The namespace of the request, if the whole answer is missing and the request names one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The HTTP status of the missing answer, if the server sent one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The object, as `NAMESPACE/NAME` or `NAME`. Empty if the whole answer is missing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// The field of the object, as `spec.containers[0].image`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// The byte offset in the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// Why.
    pub reason: String,
}

/// What a failure means for the archive, if the gatherer continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Impact {
    /// Nothing is missing: the object or resource does not exist.
    Nothing,
    /// The archive has a gap, and a retry does not help until the cluster changes.
    Gap,
    /// The archive is incomplete, and a retry may help.
    Broken,
}

/// How much of an answer was consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consumed {
    /// Nothing.
    Not,
    /// Some of its items.
    Begun,
    /// The body of a refusal, which goes to the guest.
    Body,
}

/// What is missing if a request has this status and the gatherer continues.
pub(super) fn impact_of(request: &Canonical, status: Status, consumed: Consumed) -> Impact {
    let code = match status.kind() {
        Kind::Http(code) => code,
        // What the server answered is not for the gatherer.
        Kind::Denied => return Impact::Gap,
        _ => return Impact::Broken,
    };
    match code {
        // The rest of the list is missing.
        _ if consumed == Consumed::Begun => Impact::Broken,
        401 | 408 | 429 => Impact::Broken,
        404 => Impact::Nothing,
        // The container has not started, or has no previous instance.
        400 if request.subresource == "log" => Impact::Nothing,
        // The kubelet says why there is no log, and the gatherer gets its words. Each container's log is requested separately.
        403 | 500 if request.subresource == "log" && consumed == Consumed::Body => Impact::Nothing,
        // A health endpoint that reports a failure.
        500.. if request.verb == Verb::RAW && consumed == Consumed::Body => Impact::Nothing,
        400..=499 => Impact::Gap,
        _ => Impact::Broken,
    }
}

/// An answer that broke off, or may come if it is requested again.
#[derive(Debug)]
struct Broken {
    resource: usize,
    /// The path of the request, which identifies it.
    path: String,
    gap: Gap,
    blame: Blame,
}

/// What is missing of what one gatherer requested.
#[derive(Debug, Default)]
pub struct Gaps {
    resources: Vec<Resource>,
    /// How many results of single namespaces they have.
    rows: usize,
    gaps: Vec<Gap>,
    /// The number of gaps beyond the limit.
    more: u64,
    broken: Vec<Broken>,
}

/// The name for all resources beyond the limit.
const OTHERS: &str = "others";

impl Gaps {
    /// The index of the resource with this name.
    pub(super) fn resource(&mut self, name: impl FnOnce() -> String) -> usize {
        let name = if self.resources.len() < MAX_REPORT_RESOURCES { name() } else { OTHERS.to_owned() };
        match self.resources.iter().position(|known| known.resource == name) {
            Some(number) => number,
            None => {
                self.resources.push(Resource { resource: name, ..Resource::default() });
                self.resources.len() - 1
            }
        }
    }

    /// Counts an item or object.
    pub(super) fn item(&mut self, resource: usize) {
        if let Some(resource) = self.resources.get_mut(resource) {
            resource.items += 1;
        }
    }

    /// Counts a request. For a list in a namespace, `namespace` is that.
    pub(super) fn request(&mut self, resource: usize, namespace: &str) {
        if let Some(known) = self.resources.get_mut(resource) {
            known.requests += 1;
        }
        if let Some(row) = self.row(resource, namespace) {
            row.requests += 1;
        }
    }

    /// The result of a list in a namespace, if there is one and there is room for it.
    fn row(&mut self, resource: usize, namespace: &str) -> Option<&mut InNamespace> {
        let rows = &mut self.resources.get_mut(resource)?.namespaces;
        if namespace.is_empty() {
            return None;
        }
        if let Some(at) = rows.iter().rposition(|row| row.namespace == namespace) {
            return rows.get_mut(at);
        }
        if self.rows >= MAX_REPORT_NAMESPACES {
            return None;
        }
        self.rows += 1;
        rows.push(InNamespace { namespace: namespace.to_owned(), status: FAILED, ..InNamespace::default() });
        rows.last_mut()
    }

    /// Records how many items a list in a namespace gave, and whether it was read to its end.
    pub(super) fn read_in(&mut self, resource: usize, namespace: &str, items: u32, is_complete: bool) {
        if let Some(row) = self.row(resource, namespace) {
            row.items += u64::from(items);
            row.status = if is_complete { COMPLETE } else { FAILED };
        }
    }

    /// Records that the cluster does not have the resource.
    pub(super) fn absent(&mut self, resource: usize, namespace: &str) {
        if let Some(row) = self.row(resource, namespace) {
            row.status = ABSENT;
        }
        if let Some(resource) = self.resources.get_mut(resource) {
            resource.absent = true;
        }
    }

    /// Records why a list of any resource leaves this one out.
    pub(super) fn leave_out(&mut self, resource: usize, why: &'static str) {
        if let Some(resource) = self.resources.get_mut(resource) {
            resource.status = why;
        }
    }

    fn gap_of(&mut self, resource: usize, gap: Gap) -> Gap {
        let is_refused = gap.object.is_empty() && matches!(gap.status, Some(401 | 403));
        if let Some(row) = self.row(resource, &gap.namespace).filter(|_| gap.object.is_empty()) {
            row.status = match gap.status {
                Some(401 | 403) => FORBIDDEN,
                Some(404) => ABSENT,
                _ => FAILED,
            };
        }
        match self.resources.get_mut(resource) {
            Some(known) => {
                known.gaps += 1;
                known.forbidden += u64::from(is_refused);
                Gap { resource: known.resource.clone(), ..gap }
            }
            None => gap,
        }
    }

    /// Adds a gap.
    pub(super) fn add(&mut self, resource: usize, gap: Gap) {
        let gap = self.gap_of(resource, gap);
        self.keep(gap);
    }

    fn keep(&mut self, gap: Gap) {
        if self.gaps.len() < MAX_REPORT_GAPS {
            self.gaps.push(gap);
        } else {
            self.more += 1;
        }
    }

    /// Records that an answer broke off.
    pub(super) fn broke(&mut self, resource: usize, path: String, gap: Gap, blame: Blame) {
        if self.broken.iter().any(|known| known.path == path) {
            return;
        }
        // The report names the first one. Beyond the limit, a count is enough.
        if self.broken.len() >= MAX_REPORT_GAPS {
            self.more += 1;
            return;
        }
        let gap = self.gap_of(resource, gap);
        self.broken.push(Broken { resource, path, gap, blame });
    }

    /// Records that a request was complete, so that its earlier failure no longer counts.
    pub(super) fn completed(&mut self, path: &str) {
        let Some(number) = self.broken.iter().position(|known| known.path == path) else { return };
        let Broken { resource, .. } = self.broken.remove(number);
        if let Some(known) = self.resources.get_mut(resource) {
            known.gaps -= 1;
        }
    }

    /// Why the first answer broke off, among those that were not complete later.
    pub fn broken(&self) -> Option<&Blame> {
        self.broken.first().map(|broken| &broken.blame)
    }

    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.gaps.is_empty() && self.broken.is_empty() && self.more == 0
    }

    /// The number of gaps.
    pub fn count(&self) -> u64 {
        (self.gaps.len() + self.broken.len()) as u64 + self.more
    }

    /// The results by resource, in the order of the first requests.
    pub fn resources(&self) -> Vec<Resource> {
        let is_broken = |at: usize| self.broken.iter().any(|broken| broken.resource == at);
        let status = |at: usize, resource: &Resource| match resource {
            _ if is_broken(at) => FAILED,
            Resource { gaps: 0, absent: true, items: 0, .. } => ABSENT,
            Resource { gaps: 0, status: "", .. } => COMPLETE,
            Resource { gaps: 0, status, .. } => status,
            // A namespace may have been read, and have nothing.
            Resource { items: 0, gaps, forbidden, namespaces, .. }
                if gaps == forbidden && namespaces.iter().all(|row| row.status != COMPLETE) =>
            {
                FORBIDDEN
            }
            _ => GAPS,
        };
        let is_used = |resource: &Resource| {
            let Resource { requests, items, gaps, absent, status, .. } = resource;
            // What discovery had to explain first has a row under the name that it got then.
            *requests > 0 || *items > 0 || *gaps > 0 || *absent || !status.is_empty()
        };
        let resources = self.resources.iter().enumerate().filter(|(_, resource)| is_used(resource));
        resources
            .map(|(at, resource)| Resource {
                complete: resource.gaps == 0,
                status: status(at, resource),
                ..resource.clone()
            })
            .collect()
    }

    /// The gaps within the limit, for a gatherer with this name.
    pub fn named(&self, gatherer: &str) -> Vec<Gap> {
        let gaps = self.gaps.iter().chain(self.broken.iter().map(|broken| &broken.gap));
        gaps.map(|gap| Gap { gatherer: gatherer.to_owned(), ..gap.clone() }).collect()
    }
}

/// The name of a resource in reports.
pub(super) fn name_of(request: &Canonical) -> String {
    if request.verb == Verb::RAW {
        return request.resource.clone();
    }
    let parts = [&request.group, &request.version, &request.resource, &request.subresource];
    parts.map(String::as_str).into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(verb: Verb, subresource: &str) -> Canonical {
        Canonical {
            verb,
            limit: 0,
            version: "v1".into(),
            resource: "pods".into(),
            group: String::new(),
            namespace: String::new(),
            name: String::new(),
            subresource: subresource.into(),
            labels: String::new(),
            fields: String::new(),
            mask: wagather_json::project::Node::Keep,
            query: String::new(),
        }
    }

    #[test]
    fn what_a_status_leaves_missing() {
        use Consumed::{Begun, Body, Not};
        use Impact::{Broken, Gap, Nothing};
        let (list, get, raw) = (request(Verb::LIST, ""), request(Verb::GET, ""), request(Verb::RAW, ""));
        let log = request(Verb::GET, "log");
        for (request, status, consumed, impact) in [
            (&get, -404, Not, Nothing),
            (&log, -404, Body, Nothing),
            (&raw, -404, Not, Nothing),
            (&list, -404, Not, Nothing),
            (&list, -404, Begun, Broken),
            (&list, -403, Not, Gap),
            (&get, -403, Not, Gap),
            (&get, -403, Body, Gap),
            (&raw, -403, Body, Gap),
            (&list, -403, Begun, Broken),
            (&list, -410, Begun, Broken),
            (&list, -400, Not, Gap),
            (&get, -400, Not, Gap),
            (&log, -400, Body, Nothing),
            (&log, -403, Body, Nothing),
            (&log, -403, Not, Gap),
            (&log, -500, Body, Nothing),
            (&log, -500, Not, Broken),
            (&log, -503, Body, Broken),
            (&list, -401, Not, Broken),
            (&get, -401, Body, Broken),
            (&raw, -401, Body, Broken),
            (&raw, -429, Body, Broken),
            (&get, -429, Not, Broken),
            (&list, -503, Not, Broken),
            (&get, -500, Body, Broken),
            (&raw, -500, Not, Broken),
            (&raw, -500, Body, Nothing),
            (&list, -302, Not, Broken),
            (&list, Status::UNREACHABLE.0, Not, Broken),
            (&get, Status::TIMED_OUT.0, Not, Broken),
            (&get, Status::TOO_LARGE.0, Not, Broken),
            (&list, Status::BAD_ANSWER.0, Begun, Broken),
            (&list, Status::OUT_OF_BUDGET.0, Begun, Broken),
        ] {
            assert_eq!(
                impact_of(request, Status(status), consumed),
                impact,
                "{request:?} {status} {consumed:?}"
            );
        }
    }

    fn blame(reason: &str) -> Blame {
        Blame::of(Status::BAD_ANSWER, reason.into(), "")
    }

    #[test]
    fn what_broke_off_is_remembered_until_it_comes_whole() {
        let mut gaps = Gaps::default();
        let pods = gaps.resource(|| "v1/pods".into());
        assert_eq!(gaps.resource(|| "v1/pods".into()), pods);
        gaps.broke(pods, "/api/v1/pods".into(), Gap::default(), blame("one"));
        gaps.broke(pods, "/api/v1/pods".into(), Gap::default(), blame("again"));
        gaps.broke(pods, "/api/v1/namespaces/x/pods".into(), Gap::default(), blame("two"));
        assert_eq!((gaps.count(), gaps.resources()[0].gaps), (2, 2));
        gaps.completed("/api/v1/nodes");
        gaps.completed("/api/v1/pods");
        assert_eq!(gaps.broken().map(|blame| &*blame.reason), Some("two"));
        assert!(!gaps.resources()[0].complete);
        gaps.completed("/api/v1/namespaces/x/pods");
        gaps.request(pods, "");
        assert!(gaps.is_empty() && gaps.broken().is_none());
        assert_eq!(
            gaps.resources()[0],
            Resource {
                resource: "v1/pods".into(),
                complete: true,
                status: COMPLETE,
                requests: 1,
                ..Resource::default()
            }
        );
    }

    #[test]
    fn each_resource_has_a_result() {
        let mut gaps = Gaps::default();
        let refused = |namespace: &str, status| Gap {
            namespace: namespace.to_owned(),
            status: Some(status),
            ..Gap::default()
        };
        let [pods, nodes, jobs, secrets, leases, quotas] =
            ["pods", "nodes", "jobs", "secrets", "leases", "quotas"]
                .map(|name| gaps.resource(|| name.into()));
        for (namespace, status) in [("a", 0), ("b", 403), ("c", 500), ("d", 404)] {
            gaps.request(pods, namespace);
            match status {
                0 => gaps.read_in(pods, namespace, 7, true),
                status => gaps.add(pods, refused(namespace, status)),
            }
        }
        gaps.item(pods);
        gaps.request(nodes, "");
        gaps.add(nodes, refused("", 403));
        gaps.absent(jobs, "");
        gaps.leave_out(secrets, "denied");
        gaps.broke(leases, "/leases".into(), Gap::default(), blame("cut"));
        gaps.request(quotas, "");
        let tokens = gaps.resource(|| "tokens".into());
        gaps.read_in(tokens, "a", 0, true);
        gaps.add(tokens, refused("b", 403));
        let resources = gaps.resources();
        let statuses: Vec<&str> = resources.iter().map(|resource| resource.status).collect();
        // Of the last, one namespace was read, and has none.
        assert_eq!(statuses, ["gaps", "forbidden", "absent", "denied", "failed", "complete", "gaps"]);
        assert_eq!((resources[0].requests, resources[1].requests), (4, 1));
        let rows = resources[0].namespaces.iter().map(|row| (&*row.namespace, row.status, row.items));
        let rows: Vec<_> = rows.collect();
        assert_eq!(
            rows,
            [("a", "complete", 7), ("b", "forbidden", 0), ("c", "failed", 0), ("d", "absent", 0)]
        );
        assert!(resources[1].namespaces.is_empty());
    }

    #[test]
    fn there_is_room_for_some_and_all_are_counted() {
        let mut gaps = Gaps::default();
        let all = MAX_REPORT_RESOURCES + 7;
        for number in 0..all {
            let resource = gaps.resource(|| format!("v1/r{number}"));
            gaps.item(resource);
            for _ in 0..3 {
                gaps.add(resource, Gap::default());
            }
        }
        let resources = gaps.resources();
        assert_eq!(resources.len(), MAX_REPORT_RESOURCES + 1);
        assert_eq!(resources.iter().map(|resource| resource.items).sum::<u64>(), all as u64);
        assert_eq!(resources.last().map(|others| (&*others.resource, others.gaps)), Some((OTHERS, 21)));
        assert_eq!((gaps.named("pods").len(), gaps.count()), (MAX_REPORT_GAPS, 3 * all as u64));
        assert_eq!(gaps.named("pods")[0].gatherer, "pods");
    }
}
