//! Effective rights as text and as data.

use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;
use wagather_abi::Verb;
use wagather_abi::manifest::ANY;
use wagather_base::limits::PAGE_ITEMS;
use wagather_policy::grant::{Budgets, Glob};
use wagather_policy::manifest::Resource;
use wagather_policy::rights::{Extent, Granted, Narrowing, Remainder, Rights};

/// The part of a manifest that a grant allows.
pub(crate) struct Remaining {
    /// Each declared resource, once per verb.
    pub(crate) resources: Vec<RemainingResource>,
    /// Each declared raw path.
    pub(crate) paths: Vec<RemainingPath>,
}

/// A resource and verb. The field names are part of the JSON output.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemainingResource {
    verb: &'static str,
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// `all`, `part` or `nothing`.
    granted: &'static str,
    /// For `part`: the granted objects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<Objects>,
    /// For a list that is requested namespace by namespace: the namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asked_in: Vec<String>,
    /// Removed fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without: Vec<String>,
    /// For `nothing`: the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What the resource is about, if it is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    means: Option<String>,
    #[serde(skip)]
    shown: String,
    /// How the host requests it, if that differs from the gatherer's request.
    #[serde(skip)]
    asked: &'static str,
    #[serde(skip)]
    requests: Vec<String>,
}

#[derive(Serialize)]
struct Objects {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    namespaces: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", rename = "resourceNames")]
    names: Vec<String>,
}

/// A raw path.
#[derive(Serialize)]
pub(crate) struct RemainingPath {
    path: String,
    granted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Remaining {
    pub(crate) fn of(rights: &Rights) -> Remaining {
        let effective = rights.effective();
        Remaining {
            resources: effective
                .resources
                .iter()
                .map(|rest| RemainingResource::of(rest, rights.narrowing()))
                .collect(),
            paths: effective
                .paths
                .into_iter()
                .map(|rest| RemainingPath {
                    path: rest.path.to_owned(),
                    granted: rest.granted.is_ok(),
                    reason: rest.granted.err().map(|denial| denial.to_string()),
                })
                .collect(),
        }
    }

    /// Lines for people; with `page_items`, including the requests, in pages of this size.
    pub(crate) fn to_lines(&self, page_items: Option<u32>) -> Vec<String> {
        let mut lines = Vec::new();
        for rest in &self.resources {
            let place = match &rest.namespace {
                None => String::new(),
                Some(pattern) if pattern.contains('*') => format!(" in the namespaces {pattern}"),
                Some(name) => format!(" in the namespace {name}"),
            };
            let what = rest.means.as_ref().unwrap_or(&rest.resource);
            let what = format!("{} {what}{place}", rest.verb);
            match &rest.reason {
                Some(why) => lines.push(format!("  not  {what}: {why}")),
                None => {
                    let without = match &rest.without[..] {
                        [] => String::new(),
                        fields => format!(", without {}", fields.join(", ")),
                    };
                    lines.push(format!("  may  {what}: {}{without}{}", rest.shown, rest.asked));
                    for request in rest.requests.iter().filter(|_| page_items.is_some()) {
                        let first_page = |items: u32| format!("?limit={items}");
                        let items = page_items.unwrap_or(PAGE_ITEMS);
                        lines.push(format!(
                            "       {}",
                            request.replace(&first_page(PAGE_ITEMS), &first_page(items))
                        ));
                    }
                }
            }
        }
        for rest in &self.paths {
            match &rest.reason {
                Some(why) => lines.push(format!("  not  get {}: {why}", rest.path)),
                None => lines.push(format!("  may  get the raw path {}", rest.path)),
            }
            if rest.granted && page_items.is_some() {
                lines.push(format!("       GET {}", rest.path));
            }
        }
        if lines.is_empty() {
            lines.push("  asks for nothing".into());
        }
        lines
    }
}

impl RemainingResource {
    fn of(rest: &Remainder<'_>, narrowing: &Narrowing) -> RemainingResource {
        let texts = |globs: &Option<Vec<Glob>>| globs.iter().flatten().map(Glob::to_string).collect();
        let (granted, objects, shown, reason) = match &rest.granted {
            Granted::All if rest.resource.is_wildcard() => {
                ("all", Vec::new(), "of each resource that the grant allows, all".to_owned(), None)
            }
            Granted::All => ("all", Vec::new(), "all".to_owned(), None),
            Granted::Part(extents) => {
                let objects = extents.iter();
                let objects = objects.map(|extent| Objects {
                    namespaces: texts(&extent.namespaces),
                    names: texts(&extent.names),
                });
                let shown: Vec<String> = extents.iter().map(Extent::to_string).collect();
                ("part", objects.collect(), shown.join("; "), None)
            }
            Granted::Nothing(why) => ("nothing", Vec::new(), String::new(), Some(why.to_string())),
        };
        let places = rest.places();
        let asked = match (&rest.granted, &places) {
            (Granted::Part(_), Some(_)) => "; listed in each of these namespaces",
            (Granted::Part(extents), None)
                if rest.is_list_over_all() && !extents.iter().any(|extent| extent.or_in_none) =>
            {
                "; listed over all namespaces, then filtered by the host"
            }
            _ => "",
        };
        let requests = match &places {
            _ if rest.resource.is_wildcard() => vec![
                "GET /api and /apis, to find the resources that the grant allows, and then for each of them:"
                    .into(),
                request(rest.resource, rest.verb, None, narrowing),
            ],
            None => vec![request(rest.resource, rest.verb, None, narrowing)],
            Some(places) => {
                places.iter().map(|place| request(rest.resource, rest.verb, Some(place), narrowing)).collect()
            }
        };
        RemainingResource {
            verb: rest.verb.name().unwrap_or_default(),
            resource: rest.resource.identity(),
            namespace: rest.resource.place(),
            means: rest.resource.words(),
            granted,
            objects,
            without: rest.without.iter().map(ToString::to_string).collect(),
            reason,
            shown,
            asked,
            requests,
            asked_in: places.unwrap_or_default(),
        }
    }
}

/// The request that would be sent, in one namespace if it is given. Values that the gatherer chooses are in braces,
/// optional parts in brackets.
fn request(resource: &Resource, verb: Verb, place: Option<&str>, narrowing: &Narrowing) -> String {
    let named =
        |word: &str, placeholder: &str| if word == ANY { placeholder.to_owned() } else { word.to_owned() };
    let version = named(&resource.version, "{version}");
    let mut path = match &*resource.group {
        "" => format!("GET /api/{version}"),
        group => format!("GET /apis/{}/{version}", named(group, "{group}")),
    };
    match place.or(resource.namespace.as_deref()) {
        Some(namespace) => _ = write!(path, "/namespaces/{namespace}"),
        None if resource.is_namespaces() => {}
        None => {
            let _ = write!(path, "[/namespaces/{}]", narrowing.namespace.as_deref().unwrap_or("{namespace}"));
        }
    }
    let _ = write!(path, "/{}", named(&resource.plural, "{resource}"));
    if verb == Verb::LIST {
        let labels = match &narrowing.selector {
            Some(selector) => format!("&labelSelector={selector}[,…]"),
            None => "[&labelSelector=…]".into(),
        };
        return format!("{path}?limit={PAGE_ITEMS}{labels}[&fieldSelector=…], then pages with &continue=…");
    }
    path += "/{name}";
    if !resource.subresource.is_empty() {
        let _ = write!(path, "/{}", resource.subresource);
    }
    if resource.subresource == "log" { path + "[?…]" } else { path }
}

/// Budgets for the JSON output.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BudgetFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_time_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archive_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_lines: Option<u64>,
}

impl BudgetFacts {
    pub(crate) fn of(budgets: &Budgets) -> BudgetFacts {
        let millis =
            |time: Option<Duration>| time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        BudgetFacts {
            time_ms: millis(budgets.time),
            request_time_ms: millis(budgets.request_time),
            memory_bytes: budgets.memory_bytes,
            requests: budgets.requests,
            received_bytes: budgets.received_bytes,
            items: budgets.items,
            archive_bytes: budgets.archive_bytes,
            entries: budgets.entries,
            log_lines: budgets.log_lines,
        }
    }
}

/// Budgets in one line.
pub(crate) fn budgets(budgets: &Budgets) -> String {
    let time = |time: Duration| humantime::format_duration(time).to_string();
    let parts = [
        budgets.time.map(|all| format!("{} of time", time(all))),
        budgets
            .request_time
            .filter(|each| *each != Duration::MAX)
            .map(|each| format!("{} for each request", time(each))),
        budgets.memory_bytes.map(|bytes| format!("{} of memory", size(bytes))),
        budgets.requests.map(|number| format!("{number} requests")),
        budgets.received_bytes.map(|bytes| format!("{} received", size(bytes))),
        budgets.items.map(|number| format!("{number} items")),
        budgets.archive_bytes.map(|bytes| format!("{} archived", size(bytes))),
        budgets.entries.map(|number| format!("{number} files")),
        budgets.log_lines.map(|number| format!("{number} log lines")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A size in the largest unit that divides it.
fn size(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")] {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    format!("{bytes} bytes")
}
