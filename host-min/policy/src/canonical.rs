//! A guest's request in the one form in which it is judged and sent.
//!
//! Texts become a checked request, or a status and a reason. Every field of a [`Canonical`] is
//! well-formed, so the path that is made of it has exactly the segments of the request. Whether
//! the request is *allowed* is decided in [`rights`](crate::rights).

use crate::grant::CONNECTIONS;
use crate::query;
use std::fmt::{self, Write as _};
use wagather_abi::limits::{MAX_MASK_BYTES, MAX_SELECTOR_BYTES};
use wagather_abi::manifest::{ANY, is_name, is_object_name, is_raw_path};
use wagather_abi::{Status, Verb};
use wagather_base::limits::PAGE_ITEMS;
use wagather_base::percent::encode;
use wagather_base::request::Accept;
use wagather_base::request::RestRequest;
use wagather_json::project::Node;

/// A refusal: a status for the guest, and a reason for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For the guest.
    pub status: Status,
    /// For people.
    pub reason: String,
}

impl Refusal {
    /// A refusal with that status, and why.
    pub fn new(status: Status, reason: impl Into<String>) -> Refusal {
        Refusal { status, reason: reason.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

/// A well-formed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// get, list, raw or discover.
    pub verb: Verb,
    /// The most items that are wanted, or 0 for all.
    pub limit: u32,
    /// The API group, or empty.
    pub group: String,
    /// The API version; empty for raw paths, and for the version that the server prefers.
    pub version: String,
    /// The plural name, the raw path, or [`ANY`] for each resource that may be listed.
    pub resource: String,
    /// The namespace, or empty.
    pub namespace: String,
    /// The object's name, or empty.
    pub name: String,
    /// The subresource, or empty.
    pub subresource: String,
    /// The label selector, or empty.
    pub labels: String,
    /// The field selector, or empty.
    pub fields: String,
    /// The fields that the request wants. Everything if it has no mask.
    pub mask: Node,
    /// The query, encoded, or empty.
    pub query: String,
}

/// The subresources of a Namespace. Any other word behind a Namespace's name is a resource in it.
const NAMESPACE_SUBRESOURCES: &[&str] = &["finalize", "status"];

impl Canonical {
    /// Checks a request of a guest.
    pub fn new(request: RestRequest) -> Result<Canonical, Refusal> {
        let bad = |reason: &str| Refusal::new(Status::BAD_REQUEST, reason);
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .map_err(|_| Refusal::new(Status::NOT_TEXT, "a text of the request is not UTF-8"))
        };
        let version = text(request.version)?;
        let resource = text(request.resource)?;
        let group = text(request.group)?;
        let namespace = text(request.namespace)?;
        let name = text(request.name)?;
        let subresource = text(request.subresource)?;
        let labels = text(request.labels)?;
        let fields = text(request.fields)?;
        let mask = text(request.mask)?;
        let query = text(request.query)?;
        let Some(verb) = request.verb.name() else { return Err(bad("an unknown verb")) };
        let empty = |text: &str, what: &str| {
            if text.is_empty() { Ok(()) } else { Err(bad(&format!("a {verb} request that has a {what}"))) }
        };
        match request.verb {
            Verb::RAW => {
                if !is_raw_path(&resource) {
                    return Err(bad("a raw path that is not a plain absolute path"));
                }
                for (text, what) in
                    [(&version, "version"), (&group, "group"), (&namespace, "namespace"), (&name, "name")]
                {
                    empty(text, what)?;
                }
                empty(&subresource, "subresource")?;
                empty(&mask, "field mask")?;
            }
            _ if resource == ANY => {
                if !matches!(request.verb, Verb::LIST | Verb::DISCOVER) {
                    return Err(bad("a get that does not name its resource"));
                }
                if !(group.is_empty() || group == ANY || is_name(&group)) {
                    return Err(bad("a group that is not a plain name"));
                }
                if !(version.is_empty() || is_name(&version)) {
                    return Err(bad("a version that is not a plain name"));
                }
                if !namespace.is_empty() && !is_name(&namespace) {
                    return Err(bad("a namespace that is not a plain name"));
                }
                // Few resources know more fields than an object's name and namespace, and the others would refuse.
                empty(&fields, "field selector for any resource")?;
            }
            Verb::DISCOVER => return Err(bad("a discover request that names a resource")),
            _ => {
                let plain = (version.is_empty() || is_name(&version))
                    && is_name(&resource)
                    && (group.is_empty() || is_name(&group));
                if !plain {
                    return Err(bad("a group, version or resource that is not a plain name"));
                }
                if !namespace.is_empty() && !is_name(&namespace) {
                    return Err(bad("a namespace that is not a plain name"));
                }
            }
        }
        if request.verb == Verb::GET && !is_object_name(&name) {
            return Err(bad("an object name that is empty or cannot be one segment of a path"));
        }
        if request.verb == Verb::DISCOVER {
            empty(&namespace, "namespace")?;
            empty(&mask, "field mask")?;
        }
        if matches!(request.verb, Verb::LIST | Verb::DISCOVER) {
            empty(&name, "name")?;
            empty(&subresource, "subresource")?;
        }
        if request.verb != Verb::LIST {
            empty(&labels, "label selector")?;
            empty(&fields, "field selector")?;
        }
        if !subresource.is_empty() && !is_name(&subresource) {
            return Err(bad("a subresource that is not a plain name"));
        }
        if CONNECTIONS.contains(&&*subresource) {
            return Err(Refusal::new(
                Status::DENIED,
                format!("the subresource '{subresource}' is a connection"),
            ));
        }
        if let Some(why) =
            is_another_path(&resource, &namespace, &subresource).filter(|_| request.verb != Verb::RAW)
        {
            return Err(Refusal::new(Status::DENIED, format!("{why}, not a resource")));
        }
        for selector in [&labels, &fields] {
            if selector.len() > MAX_SELECTOR_BYTES || selector.chars().any(char::is_control) {
                return Err(bad("a selector that is too long or has control characters"));
            }
        }
        if mask.len() > MAX_MASK_BYTES {
            return Err(bad("a field mask that is too long"));
        }
        let mask = match &*mask {
            "" => Node::Keep,
            text => Node::parse(text).map_err(|error| bad(&error.to_string()))?,
        };
        let query = query::canonical(&query, request.verb, &subresource).map_err(|why| bad(&why))?;
        Ok(Canonical {
            verb: request.verb,
            limit: request.limit,
            group,
            version,
            resource,
            namespace,
            name,
            subresource,
            labels,
            fields,
            mask,
            query,
        })
    }

    /// Whether the answer is an object or a list of Kubernetes, so that the mask applies.
    pub fn is_document(&self) -> bool {
        self.verb != Verb::RAW && self.subresource != "log"
    }

    /// The value of a parameter of a log, as the query has it: encoded.
    pub fn query_value(&self, parameter: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(name, value)| (name == parameter).then_some(value))
    }

    /// Whether it is about each resource that may be read, and not about one that it names.
    pub fn is_of_any(&self) -> bool {
        self.resource == ANY
    }

    /// Whether only the server's discovery says what it asks for.
    pub fn needs_discovery(&self) -> bool {
        self.is_of_any() || (self.verb != Verb::RAW && self.version.is_empty())
    }

    /// The media type to ask the server for.
    pub fn accept(&self) -> Accept {
        if self.is_document() { Accept::Json } else { Accept::Any }
    }

    /// The path and query. For a list, those of its first page.
    pub fn path_and_query(&self) -> String {
        if self.verb == Verb::LIST {
            self.page(self.page_items(0, PAGE_ITEMS), "")
        } else {
            with_query(self.path(), &self.query)
        }
    }

    /// How many items to ask for, with pages of `page` items, after `given` were given.
    pub fn page_items(&self, given: u32, most: u32) -> u32 {
        match self.limit {
            0 => most,
            limit => limit.saturating_sub(given).clamp(1, most),
        }
    }

    /// The path and query of one page of a list. The first page has no `resourceVersion`, which asks for the most recent
    /// state. `0` would ask for any state, from a cache that ignores the limit. A `continue` token has its own version.
    pub fn page(&self, items: u32, token: &str) -> String {
        self.list_query(items, &[("continue", token)])
    }

    /// The first page again, of a state that was answered before. The server refuses if it no longer has that state.
    pub fn page_of_version(&self, items: u32, version: &str) -> String {
        self.list_query(items, &[("resourceVersion", version), ("resourceVersionMatch", "Exact")])
    }

    fn list_query(&self, items: u32, more: &[(&str, &str)]) -> String {
        let mut query = format!("limit={items}");
        let selectors = [("labelSelector", &*self.labels), ("fieldSelector", &*self.fields)];
        for (name, value) in selectors.iter().chain(more) {
            if !value.is_empty() {
                let _ = write!(query, "&{name}=");
                encode(value, &mut query);
            }
        }
        with_query(self.path(), &query)
    }

    fn path(&self) -> String {
        if self.verb == Verb::RAW {
            return self.resource.clone();
        }
        let mut path =
            if self.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", self.group) };
        let _ = write!(path, "/{}", self.version);
        if !self.namespace.is_empty() {
            let _ = write!(path, "/namespaces/{}", self.namespace);
        }
        let _ = write!(path, "/{}", self.resource);
        for segment in [&self.name, &self.subresource] {
            if !segment.is_empty() {
                path.push('/');
                encode(segment, &mut path);
            }
        }
        path
    }
}

/// Whether the name of a resource is a part of other paths. Only a server that means harm has such a resource.
pub(crate) fn is_part_of_paths(plural: &str) -> bool {
    VERBS_IN_PATHS.contains(&plural) || NAMESPACE_SUBRESOURCES.contains(&plural)
}

/// Old forms of requests have a verb in place of a resource.
const VERBS_IN_PATHS: &[&str] = &["proxy", "watch"];

/// Whether an API server would understand a path differently: `namespaces/NAME/pods` is the list of
/// pods in a namespace, and `watch/secrets` and `proxy/…` are old forms of requests with other verbs.
fn is_another_path(resource: &str, namespace: &str, subresource: &str) -> Option<String> {
    let of_a_namespace = |part: &str| NAMESPACE_SUBRESOURCES.contains(&part);
    if VERBS_IN_PATHS.contains(&resource) {
        return Some(format!("'{resource}' is a verb in a path"));
    }
    if resource == "namespaces" && !subresource.is_empty() && !of_a_namespace(subresource) {
        return Some(format!("namespaces/NAME/{subresource} is a namespaced list"));
    }
    (of_a_namespace(resource) && !namespace.is_empty())
        .then(|| format!("namespaces/{namespace}/{resource} is a part of the Namespace"))
}

fn with_query(mut path: String, query: &str) -> String {
    if !query.is_empty() {
        path.push('?');
        path.push_str(query);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the order: version, resource, group, namespace, name, subresource, labels, fields, mask, query.
    fn request(verb: Verb, texts: [&str; 10]) -> Result<Canonical, Refusal> {
        Canonical::new(RestRequest::new(verb, 0, texts.map(|text| text.as_bytes().to_vec())))
    }

    #[test]
    fn urls() {
        for (verb, texts, expected) in [
            (Verb::LIST, ["v1", "pods", "", "", "", "", "", "", "", ""], "/api/v1/pods?limit=500"),
            (
                Verb::LIST,
                [
                    "v1",
                    "deployments",
                    "apps",
                    "kube-system",
                    "",
                    "",
                    "app in (a, b)",
                    "metadata.name=x",
                    "",
                    "",
                ],
                "/apis/apps/v1/namespaces/kube-system/deployments?limit=500&labelSelector=app%20in%20%28a%2C%20b%29&fieldSelector=metadata.name%3Dx",
            ),
            (
                Verb::GET,
                ["v1", "clusterroles", "rbac.authorization.k8s.io", "", "system:node", "", "", "", "", ""],
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
            ),
            (
                Verb::GET,
                ["v1", "pods", "", "a", "b", "log", "", "", "", "container=c&tailLines=10"],
                "/api/v1/namespaces/a/pods/b/log?container=c&tailLines=10",
            ),
            (Verb::RAW, ["", "/version", "", "", "", "", "", "", "", ""], "/version"),
        ] {
            assert_eq!(request(verb, texts).expect(expected).path_and_query(), expected);
        }
    }

    #[test]
    fn pages() {
        let mut list = request(Verb::LIST, ["v1", "pods", "", "", "", "", "", "", "", ""]).expect("list");
        assert_eq!(list.page(500, "a/b="), "/api/v1/pods?limit=500&continue=a%2Fb%3D");
        list.limit = 700;
        assert_eq!(
            (list.page_items(0, 500), list.page_items(500, 500), list.page_items(0, 9)),
            (500, 200, 9)
        );
        list.labels = "a=b".into();
        assert_eq!(
            list.page_of_version(7, "4711"),
            "/api/v1/pods?limit=7&labelSelector=a%3Db&resourceVersion=4711&resourceVersionMatch=Exact"
        );
    }

    #[test]
    fn what_discovery_has_to_say() {
        let ask = |verb, version: &str, resource: &str, group: &str| {
            request(verb, [version, resource, group, "", "", "", "", "", "", ""])
        };
        for group in ["", "*", "apps"] {
            let list = ask(Verb::LIST, "", "*", group).expect(group);
            assert!(list.is_of_any() && list.needs_discovery());
            assert!(ask(Verb::LIST, "v1", "*", group).is_ok() && ask(Verb::DISCOVER, "", "*", group).is_ok());
        }
        let pods = ask(Verb::LIST, "", "pods", "").expect("the preferred version");
        assert!(!pods.is_of_any() && pods.needs_discovery());
        assert!(!ask(Verb::LIST, "v1", "pods", "").expect("a version").needs_discovery());
        assert!(
            !request(Verb::RAW, ["", "/version", "", "", "", "", "", "", "", ""])
                .expect("raw")
                .needs_discovery()
        );
        for (verb, texts) in [
            (Verb::GET, ["", "*", "*", "", "x", "", "", "", "", ""]),
            (Verb::LIST, ["*", "*", "*", "", "", "", "", "", "", ""]),
            (Verb::LIST, ["v1", "pods", "*", "", "", "", "", "", "", ""]),
            (Verb::LIST, ["*", "pods", "", "", "", "", "", "", "", ""]),
            (Verb::LIST, ["", "p*", "", "", "", "", "", "", "", ""]),
            (Verb::LIST, ["", "*", "a*", "", "", "", "", "", "", ""]),
            (Verb::LIST, ["", "*", "*", "shop-*", "", "", "", "", "", ""]),
            (Verb::LIST, ["", "*", "*", "", "", "", "", "spec.nodeName=a", "", ""]),
            (Verb::LIST, ["", "*", "*", "", "", "status", "", "", "", ""]),
            (Verb::DISCOVER, ["", "pods", "", "", "", "", "", "", "", ""]),
            (Verb::DISCOVER, ["", "*", "*", "a", "", "", "", "", "", ""]),
            (Verb::DISCOVER, ["", "*", "*", "", "x", "", "", "", "", ""]),
            (Verb::DISCOVER, ["", "*", "*", "", "", "", "a=b", "", "", ""]),
            (Verb::DISCOVER, ["", "*", "*", "", "", "", "", "", "kind", ""]),
            (Verb::DISCOVER, ["", "*", "*", "", "", "", "", "", "", "a=b"]),
        ] {
            let status = request(verb, texts).expect_err("refused").status;
            assert_eq!(status, Status::BAD_REQUEST, "{texts:?}");
        }
    }

    #[test]
    fn what_would_leave_its_place_is_refused() {
        for evil in ["..", ".", "a/b", "a%2fb", "//", "a?b", "a#b", "a\0", "a\r\nHost: b", "ä", "a b", "a\\b"]
        {
            for place in [0, 1, 2, 3, 5] {
                let mut texts = ["v1", "pods", "apps", "a", "b", "status", "", "", "", ""];
                texts[place] = evil;
                assert!(request(Verb::GET, texts).is_err(), "{evil:?} in place {place}");
            }
            let texts = ["v1", "pods", "", "a", evil, "", "", "", "", ""];
            assert!(request(Verb::GET, texts).is_err(), "{evil:?} as a name");
            let texts = ["", &*format!("/{evil}"), "", "", "", "", "", "", "", ""];
            assert_eq!(request(Verb::RAW, texts).is_err(), evil != "a/b", "{evil:?} as a path");
        }
    }

    #[test]
    fn refusals() {
        for (verb, texts, status) in [
            (Verb(9), ["v1", "pods", "", "", "", "", "", "", "", ""], Status::BAD_REQUEST),
            (Verb::GET, ["v1", "pods", "", "a", "", "", "", "", "", ""], Status::BAD_REQUEST),
            (Verb::LIST, ["v1", "pods", "", "a", "b", "", "", "", "", ""], Status::BAD_REQUEST),
            (Verb::LIST, ["v1", "pods", "", "", "", "", "", "", "a(", ""], Status::BAD_REQUEST),
            (Verb::LIST, ["v1", "pods", "", "", "", "", "a\n", "", "", ""], Status::BAD_REQUEST),
            (Verb::LIST, ["v1", "pods", "", "", "", "", "", "", "", "watch=true"], Status::BAD_REQUEST),
            (Verb::GET, ["v1", "pods", "", "a", "b", "log", "", "", "", "follow=true"], Status::BAD_REQUEST),
            (
                Verb::GET,
                ["v1", "pods", "", "a", "b", "log", "", "", "", "container=a/../b"],
                Status::BAD_REQUEST,
            ),
            (Verb::GET, ["v1", "pods", "", "a", "b", "exec", "", "", "", ""], Status::DENIED),
            (Verb::GET, ["v1", "nodes", "", "", "b", "proxy", "", "", "", ""], Status::DENIED),
            // Each of these paths is one of Secrets, and has none of their name in its resource.
            (Verb::GET, ["v1", "watch", "", "", "secrets", "", "", "", "", ""], Status::DENIED),
            (Verb::GET, ["v1", "watch", "", "", "namespaces", "a", "", "", "", ""], Status::DENIED),
            (Verb::GET, ["v1", "namespaces", "", "", "a", "secrets", "", "", "", ""], Status::DENIED),
            (Verb::GET, ["v1", "namespaces", "apps", "", "a", "deployments", "", "", "", ""], Status::DENIED),
            (Verb::LIST, ["v1", "status", "", "a", "", "", "", "", "", ""], Status::DENIED),
        ] {
            assert_eq!(request(verb, texts).expect_err("refusal").status, status, "{texts:?}");
        }
    }
}
