//! What clients ask before they offer to do something: who am I, and may I. Everybody with the token may read what was gathered.
//!
//! A client that may list something takes the error of the list for an empty one, at times. So nobody may list what was not gathered.

use serde_json::{Value, json};
use wagather_http::{Request, Response, StatusCode};

use super::content::Content;
use super::discovery::ApiResource;
use super::lookup;
use super::protobuf;
use super::refusal::Refusal;
use super::request::is_of_k9s;
use super::target::Target;

/// The verbs that an archive knows.
const READING: [&str; 3] = ["get", "list", "watch"];

/// The status of a review, from its body; none if that is no review.
type Review = fn(&Content, &Request) -> Option<Value>;

/// Answers a review, if the target is one.
pub(super) fn answer(
    content: &Content,
    target: &Target,
    request: &Request,
) -> Option<Result<Response, Refusal>> {
    let Target { group, version, plural, namespace: None } = target else { return None };
    let (kind, status): (&str, Review) = match (&**group, &**version, &**plural) {
        ("authorization.k8s.io", "v1", "selfsubjectaccessreviews") => ("SelfSubjectAccessReview", access),
        ("authorization.k8s.io", "v1", "selfsubjectrulesreviews") => ("SelfSubjectRulesReview", rules),
        ("authentication.k8s.io", "v1", "selfsubjectreviews") => ("SelfSubjectReview", user),
        _ => return None,
    };
    let Some(status) = status(content, request) else {
        return Some(Err(Refusal::bad_request("the body is no review")));
    };
    let review = json!({
        "kind": kind,
        "apiVersion": target.api_version(),
        "metadata": {"creationTimestamp": null},
        "spec": {},
        "status": status,
    });
    Some(Ok(Response::json(&review).status(StatusCode::CREATED)))
}

/// What somebody wants to do. Of a path, only the verb is read.
#[derive(Debug, Default, PartialEq)]
struct Attributes {
    namespace: String,
    verb: String,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    name: String,
}

impl Attributes {
    /// Reads a review.
    fn of(body: &[u8]) -> Option<Attributes> {
        // The spec is field 2; in it, the attributes of a resource are field 1, those of a path 2.
        if let Some(review) = protobuf::object(body) {
            let text = |field: u64| protobuf::text(review, &[2, 1, field]).unwrap_or_default().to_owned();
            let Some(verb) = protobuf::text(review, &[2, 1, 2]) else {
                let verb = protobuf::text(review, &[2, 2, 2])?.to_owned();
                return Some(Attributes { verb, ..Attributes::default() });
            };
            return Some(Attributes {
                namespace: text(1),
                verb: verb.to_owned(),
                group: text(3),
                version: text(4),
                resource: text(5),
                subresource: text(6),
                name: text(7),
            });
        }
        let review: Value = serde_json::from_slice(body).ok()?;
        let text =
            |of: &str, name: &str| review.pointer(&format!("/spec/{of}/{name}")).and_then(Value::as_str);
        let Some(verb) = text("resourceAttributes", "verb") else {
            let verb = text("nonResourceAttributes", "verb")?.to_owned();
            return Some(Attributes { verb, ..Attributes::default() });
        };
        let text = |name: &str| text("resourceAttributes", name).unwrap_or_default().to_owned();
        Some(Attributes {
            namespace: text("namespace"),
            verb: verb.to_owned(),
            group: text("group"),
            version: text("version"),
            resource: text("resource"),
            subresource: text("subresource"),
            name: text("name"),
        })
    }

    /// The resource in the version that is named, or in the first one. None if it is unknown, or if all are meant.
    fn resource<'a>(&self, content: &'a Content) -> Option<(Target, &'a ApiResource)> {
        let group = content.api().group(&self.group)?;
        let is_any = matches!(&*self.version, "" | "*");
        let mut versions = group.versions.iter().filter(|version| is_any || version.name == self.version);
        let (version, resource) = versions.find_map(|version| {
            Some((version, content.api().resource(&self.group, &version.name, &self.resource)?))
        })?;
        let namespace =
            Some(&self.namespace).filter(|namespace| resource.namespaced && !namespace.is_empty());
        let target = Target {
            group: self.group.clone(),
            version: version.name.clone(),
            plural: self.resource.clone(),
            namespace: namespace.cloned(),
        };
        Some((target, resource))
    }

    fn are_namespaces(&self) -> bool {
        (&*self.verb, &*self.group, &*self.resource) == ("list", "", "namespaces")
    }

    /// Why nobody can do this.
    fn refusal(&self, content: &Content) -> Option<String> {
        if !READING.contains(&&*self.verb) {
            return Some("an archive can only be read".into());
        }
        // Of what is unknown, a client gets the answer of the server.
        let (target, resource) = self.resource(content)?;
        if !resource.has_objects() {
            return None;
        }
        let is_log = (&*target.group, &*target.plural, &*self.subresource) == ("", "pods", "log");
        match &*self.subresource {
            "" | "status" => {}
            // Each log has an answer that says more.
            _ if is_log => return None,
            part => return Some(format!("{part:?} of {} was not gathered", target.qualified())),
        }
        let is_one =
            self.verb == "get" && !self.name.is_empty() && resource.namespaced == target.namespace.is_some();
        let found = match is_one {
            true => lookup::find(content, &target, &self.name).map(drop),
            false => lookup::list(content, &target).map(drop),
        };
        found.err()?.lack().map(String::from)
    }
}

/// Whether somebody can do something with what was gathered.
fn access(content: &Content, request: &Request) -> Option<Value> {
    let attributes = Attributes::of(request.body())?;
    // Who may not list namespaces has no key for all of them in k9s. Nobody believes in a cluster that has none.
    let is_all_of_k9s = is_of_k9s(request) && attributes.are_namespaces();
    let refusal = attributes.refusal(content).filter(|_| !is_all_of_k9s);
    Some(json!({"allowed": refusal.is_none(), "reason": refusal.unwrap_or_default()}))
}

/// What of a namespace was gathered, and what of the cluster.
fn rules(content: &Content, request: &Request) -> Option<Value> {
    let body = request.body();
    let namespace = match protobuf::object(body) {
        Some(review) => protobuf::text(review, &[2, 1]).unwrap_or_default().to_owned(),
        None => {
            let review: Value = serde_json::from_slice(body).ok()?;
            review.pointer("/spec/namespace").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
    };
    let mut rules = Vec::new();
    for group in &content.api().groups {
        let mut gathered = Vec::new();
        for (version, resource) in
            group.versions.iter().flat_map(|version| version.resources.iter().map(move |of| (version, of)))
        {
            let target = Target {
                group: group.name.clone(),
                version: version.name.clone(),
                plural: resource.plural.clone(),
                namespace: Some(namespace.clone()).filter(|name| resource.namespaced && !name.is_empty()),
            };
            if lookup::list(content, &target).is_ok() {
                gathered.push(&*resource.plural);
            }
        }
        gathered.sort_unstable();
        gathered.dedup();
        if !gathered.is_empty() {
            rules.push(json!({"verbs": READING, "apiGroups": [group.name], "resources": gathered}));
        }
    }
    if content.archive().logs().next().is_some() {
        rules.push(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}));
    }
    Some(json!({
        "resourceRules": rules,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
        "incomplete": false,
    }))
}

fn user(_: &Content, _: &Request) -> Option<Value> {
    Some(json!({"userInfo": {"username": "archive-reader", "groups": ["system:authenticated"]}}))
}
