//! What a request asks for: its path, its query, and the forms that it accepts.

use wagather_http::{Method, Request, header};
use wagather_offline::{LogPart, Since};

use super::refusal::Refusal;
use super::target::Target;

/// A thing that may be asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Asked {
    /// `/`
    Root,
    /// `/version`
    Version,
    /// `/healthz`, `/livez` and `/readyz`
    Health,
    /// `/api` and `/apis`
    Groups { is_core: bool },
    /// `/apis/GROUP`
    Group(String),
    /// `/api/VERSION` and `/apis/GROUP/VERSION`
    Resources { group: String, version: String },
    /// `/openapi/v2`
    OpenApiV2,
    /// `/openapi/v3`
    OpenApi,
    /// `/openapi/v3/apis/GROUP/VERSION`
    OpenApiOf { group: String, version: String },
    /// The objects of a resource.
    List(Target),
    /// An object.
    Object(Target, String),
    /// What is below an object, such as its scale.
    Part(Target, String, String),
    /// The log of a container of a pod.
    Log { namespace: String, pod: String },
    /// Nothing that a server has.
    Nothing,
}

impl Asked {
    /// Reads the parts of a path.
    pub(super) fn of(segments: &[&str]) -> Asked {
        match segments {
            [] => Asked::Root,
            ["version"] => Asked::Version,
            ["healthz" | "livez" | "readyz", ..] => Asked::Health,
            ["api"] => Asked::Groups { is_core: true },
            ["apis"] => Asked::Groups { is_core: false },
            ["openapi", "v2"] => Asked::OpenApiV2,
            ["openapi", "v3"] => Asked::OpenApi,
            ["openapi", "v3", "api", version] => {
                Asked::OpenApiOf { group: String::new(), version: (*version).into() }
            }
            ["openapi", "v3", "apis", group, version] => {
                Asked::OpenApiOf { group: (*group).into(), version: (*version).into() }
            }
            ["api", version, rest @ ..] => Asked::below("", version, rest),
            ["apis", group] => Asked::Group((*group).into()),
            ["apis", group, version, rest @ ..] => Asked::below(group, version, rest),
            _ => Asked::Nothing,
        }
    }

    fn below(group: &str, version: &str, rest: &[&str]) -> Asked {
        let target = |plural: &str, namespace: Option<&str>| Target {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            namespace: namespace.map(str::to_owned),
        };
        match rest {
            [] => Asked::Resources { group: group.into(), version: version.into() },
            [plural] => Asked::List(target(plural, None)),
            // The status of an object is in the object.
            ["namespaces", name] | ["namespaces", name, "status"] => {
                Asked::Object(target("namespaces", None), (*name).into())
            }
            ["namespaces", namespace, plural] => Asked::List(target(plural, Some(namespace))),
            ["namespaces", namespace, "pods", pod, "log"] if group.is_empty() => {
                Asked::Log { namespace: (*namespace).into(), pod: (*pod).into() }
            }
            ["namespaces", namespace, plural, name] | ["namespaces", namespace, plural, name, "status"] => {
                Asked::Object(target(plural, Some(namespace)), (*name).into())
            }
            [plural, name] | [plural, name, "status"] => Asked::Object(target(plural, None), (*name).into()),
            ["namespaces", namespace, plural, name, part, ..] => {
                Asked::Part(target(plural, Some(namespace)), (*name).into(), (*part).into())
            }
            [plural, name, part, ..] => Asked::Part(target(plural, None), (*name).into(), (*part).into()),
        }
    }
}

/// The parts of a path. As at the API server, a slash may follow what its groups have and its version: some clients send it.
pub(super) fn segments(request: &Request) -> Option<Vec<String>> {
    let path = request.path();
    let shorter = path.strip_suffix('/').filter(|path| {
        let first = path.trim_start_matches('/').split('/').next();
        matches!(first, Some("api" | "apis" | "version"))
    });
    match shorter {
        Some(shorter) => Request::new(Method::GET, shorter, "").segments(),
        None => request.segments(),
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Plain,
    /// As rows and columns.
    Table,
    /// The metadata of objects only.
    Metadata,
    /// All groups at once, in this version.
    Aggregated(&'static str),
}

/// The first form that a client accepts.
pub(super) fn form(request: &Request) -> Result<Form, Refusal> {
    let accepted = request.headers().get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted = accepted.collect::<Vec<_>>().join(",");
    if accepted.trim().is_empty() {
        return Ok(Form::Plain);
    }
    accepted.split(',').find_map(form_of).ok_or_else(Refusal::not_acceptable)
}

/// The form of a media type, if it is one of ours.
fn form_of(media_type: &str) -> Option<Form> {
    let mut parts = media_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|name| {
        ["application/json", "application/*", "*/*"].contains(&&*name.to_ascii_lowercase())
    });
    let (mut named, mut group, mut version) = ("", "", "");
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name.trim() {
            "as" => named = value.trim(),
            "g" => group = value.trim(),
            "v" => version = value.trim(),
            _ => {}
        }
    }
    let is_of_meta = group == "meta.k8s.io" && matches!(version, "v1" | "v1beta1");
    match (named, group, version) {
        _ if !is_json => None,
        ("", ..) => Some(Form::Plain),
        ("Table", ..) if is_of_meta => Some(Form::Table),
        ("PartialObjectMetadata" | "PartialObjectMetadataList", ..) if is_of_meta => Some(Form::Metadata),
        ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => Some(Form::Aggregated("v2")),
        ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2beta1") => Some(Form::Aggregated("v2beta1")),
        _ => None,
    }
}

/// The parameters of a query.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// How many items; 0 for all.
    pub(super) limit: usize,
    /// The number of the first object that may be in the page.
    pub(super) start: usize,
    pub(super) labels: String,
    pub(super) fields: String,
    pub(super) is_watch: bool,
    /// Whether a watch begins with what there is.
    pub(super) with_initial: bool,
    /// Whether a watch says where that ends.
    pub(super) with_bookmark: bool,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) include: Include,
    pub(super) container: String,
    pub(super) is_previous: bool,
    pub(super) log: LogPart,
}

/// What the rows of a table have beside their cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    #[default]
    Metadata,
    Object,
}

/// The beginning of tokens for the rest of a list.
const TOKEN: &str = "archive-";

/// The token of a page that starts at an object.
pub(super) fn token(start: usize) -> String {
    format!("{TOKEN}{start}")
}

impl Query {
    /// Reads the query of a request. Parameters that change nothing here are left alone.
    pub(super) fn of(request: &Request) -> Result<Query, Refusal> {
        let pairs = request.query().ok_or_else(|| Refusal::bad_request("the query cannot be decoded"))?;
        let mut query = Query::default();
        let (mut resource_version, mut sends_initial) = (String::new(), false);
        for (name, value) in pairs {
            let is_on = || !matches!(&*value, "" | "0" | "false");
            let number = || {
                value
                    .parse()
                    .map_err(|_| Refusal::bad_request(&format!("the parameter {name}={value} is no number")))
            };
            match &*name {
                "limit" => query.limit = number()?,
                "continue" if !value.is_empty() => {
                    let start = value.strip_prefix(TOKEN).and_then(|start| start.parse().ok());
                    query.start = start.ok_or_else(|| {
                        Refusal::bad_request("continue key is not valid: it is not one of this archive")
                    })?;
                }
                "labelSelector" => query.labels = value,
                "fieldSelector" => query.fields = value,
                "watch" => query.is_watch = is_on(),
                "resourceVersion" => resource_version = value,
                "sendInitialEvents" => sends_initial = is_on(),
                "allowWatchBookmarks" => query.with_bookmark = is_on(),
                "timeoutSeconds" => query.timeout_seconds = value.parse().ok(),
                "includeObject" => {
                    query.include = match &*value {
                        "None" => Include::Nothing,
                        "Object" => Include::Object,
                        _ => Include::Metadata,
                    }
                }
                "container" => query.container = value,
                "previous" => query.is_previous = is_on(),
                "timestamps" => query.log.timestamps = is_on(),
                "tailLines" => query.log.tail_lines = Some(number()?),
                "limitBytes" => query.log.limit_bytes = Some(number()?),
                "sinceSeconds" => query.log.since = Some(Since::seconds(number()?)),
                "sinceTime" => {
                    query.log.since =
                        Some(Since::time(&value).map_err(|reason| Refusal::bad_request(&reason))?);
                }
                _ => {}
            }
        }
        // Who begins to watch at a version knows what there was: the archive does not change.
        query.with_initial = sends_initial || matches!(&*resource_version, "" | "0");
        query.with_bookmark &= sends_initial;
        Ok(query)
    }
}

/// Whether k9s sent a request. It needs other answers than those that are right for everybody else, in two places.
pub(super) fn is_of_k9s(request: &Request) -> bool {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("k9s/"))
}

/// Whether a request only reads.
pub(super) fn is_reading(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str) -> Asked {
        let segments = segments(&Request::new(Method::GET, path, "")).expect("a path");
        Asked::of(&segments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn target(group: &str, version: &str, plural: &str, namespace: Option<&str>) -> Target {
        let [group, version, plural] = [group, version, plural].map(String::from);
        Target { group, version, plural, namespace: namespace.map(String::from) }
    }

    #[test]
    fn paths_are_those_of_the_server() {
        let pods = |namespace| target("", "v1", "pods", namespace);
        for (path, expected) in [
            ("/", Asked::Root),
            ("/readyz/ping", Asked::Health),
            ("/apis", Asked::Groups { is_core: false }),
            ("/apis/apps", Asked::Group("apps".into())),
            ("/apis/apps/v1", Asked::Resources { group: "apps".into(), version: "v1".into() }),
            ("/api/v1/pods", Asked::List(pods(None))),
            ("/api/v1/namespaces/shop/pods", Asked::List(pods(Some("shop")))),
            ("/api/v1/namespaces/shop/pods/web", Asked::Object(pods(Some("shop")), "web".into())),
            ("/api/v1/namespaces/shop/pods/web/status", Asked::Object(pods(Some("shop")), "web".into())),
            (
                "/api/v1/namespaces/shop/pods/web/exec",
                Asked::Part(pods(Some("shop")), "web".into(), "exec".into()),
            ),
            (
                "/api/v1/nodes/a/proxy/stats/summary",
                Asked::Part(target("", "v1", "nodes", None), "a".into(), "proxy".into()),
            ),
            ("/version/", Asked::Version),
            ("/apis/", Asked::Groups { is_core: false }),
            ("/api/v1/", Asked::Resources { group: String::new(), version: "v1".into() }),
            ("/api/v1/namespaces/shop/pods/", Asked::List(pods(Some("shop")))),
            (
                "/api/v1/namespaces/shop/pods/web/log",
                Asked::Log { namespace: "shop".into(), pod: "web".into() },
            ),
            ("/api/v1/namespaces", Asked::List(target("", "v1", "namespaces", None))),
            ("/api/v1/namespaces/shop", Asked::Object(target("", "v1", "namespaces", None), "shop".into())),
            (
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
                Asked::Object(
                    target("rbac.authorization.k8s.io", "v1", "clusterroles", None),
                    "system:node".into(),
                ),
            ),
            ("/metrics", Asked::Nothing),
        ] {
            assert_eq!(asked(path), expected, "{path}");
        }
    }

    #[test]
    fn other_slashes_are_in_no_path() {
        for path in ["/healthz/", "/openapi/v3/", "/api/v1//", "//api/v1", "/api//v1", "//"] {
            assert_eq!(segments(&Request::new(Method::GET, path, "")), None, "{path}");
        }
    }

    #[test]
    fn forms_are_those_that_clients_accept() {
        let form =
            |accept: &str| form(&Request::new(Method::GET, "/", "").header(header::ACCEPT, accept)).ok();
        for (accept, expected) in [
            ("", Some(Form::Plain)),
            ("*/*", Some(Form::Plain)),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Some(Form::Table)),
            ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Some(Form::Plain)),
            ("application/vnd.kubernetes.protobuf, application/json", Some(Form::Plain)),
            ("application/vnd.kubernetes.protobuf", None),
            ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Some(Form::Metadata)),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
                Some(Form::Aggregated("v2")),
            ),
            ("text/html, */*;q=0.8", Some(Form::Plain)),
        ] {
            assert_eq!(form(accept), expected, "{accept}");
        }
    }

    #[test]
    fn queries_are_read() {
        let query = |query: &str| Query::of(&Request::new(Method::GET, &format!("/?{query}"), ""));
        let read = query(
            "limit=500&continue=archive-7&labelSelector=a%3Db&watch=1&resourceVersion=5&includeObject=None",
        )
        .expect("a query");
        assert_eq!((read.limit, read.start, &*read.labels), (500, 7, "a=b"));
        assert!(read.is_watch && !read.with_initial && read.include == Include::Nothing);
        let read = query("watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersion=5")
            .expect("a query");
        assert!(read.with_initial && read.with_bookmark);
        for bad in ["limit=x", "continue=x", "sinceTime=x", "tailLines=-1", "a=%zz"] {
            assert!(query(bad).is_err(), "{bad}");
        }
    }
}
