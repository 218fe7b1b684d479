//! What a request of a gatherer asks for.

use wagather_base::percent::decode_lossy;

use crate::part::{LogPart, Since};
use crate::place::LogKey;
use crate::select::Selector;

/// A request for an archive.
#[derive(Debug)]
pub(crate) struct Request {
    /// What it asks for.
    pub(crate) asked: Asked,
}

/// What may be asked for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// `/version`
    Version,
    /// `/api` or `/apis`: which resources there are, of the core group or of the others.
    Discovery { of_core: bool },
    /// An object by its name.
    Object(Wanted, String),
    /// The objects of a resource.
    List(Wanted, Page),
    /// A container's log.
    Log(Log),
}

/// A resource, in all namespaces or in one.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
}

impl Wanted {
    /// `apps/v1`, or `v1` for the core group.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, or `pods` for the core group.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Which part of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// How many items; 0 for all.
    pub(crate) limit: usize,
    /// The number of the first object that may be in it.
    pub(crate) start: usize,
    pub(crate) selector: Selector,
}

/// A log, and which part of it.
#[derive(Debug)]
pub(crate) struct Log {
    /// Whose. The container is empty if the pod has one.
    pub(crate) key: LogKey,
    pub(crate) part: LogPart,
}

impl Log {
    /// The pods of its namespace.
    pub(crate) fn pods(&self) -> Wanted {
        let [version, plural] = ["v1", "pods"].map(String::from);
        Wanted { group: String::new(), version, plural, namespace: Some(self.key.namespace.clone()) }
    }
}

/// The beginning of our tokens for the rest of a list.
const TOKEN: &str = "archive-";

impl Page {
    /// The token of a page that starts at an object.
    pub(crate) fn token(start: usize) -> String {
        format!("{TOKEN}{start}")
    }
}

impl Request {
    /// Reads a path and its query.
    pub(crate) fn of(path_and_query: &str) -> Result<Request, String> {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let segments: Vec<String> = path.split('/').skip(1).map(decode_lossy).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (group, version, rest) = match &segments[..] {
            ["api"] => return Ok(Request { asked: Asked::Discovery { of_core: true } }),
            ["apis"] => return Ok(Request { asked: Asked::Discovery { of_core: false } }),
            ["version"] => return Ok(Request { asked: Asked::Version }),
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(format!("the path {path} was not gathered")),
        };
        let wanted = |plural: &str, namespace: Option<&str>| Wanted {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            namespace: namespace.map(str::to_owned),
        };
        let asked = match rest {
            [plural] => Asked::List(wanted(plural, None), page(group, plural, query)?),
            ["namespaces", name] => Asked::Object(wanted("namespaces", None), (*name).to_owned()),
            ["namespaces", namespace, plural] => {
                Asked::List(wanted(plural, Some(namespace)), page(group, plural, query)?)
            }
            ["namespaces", namespace, "pods", pod, "log"] if group.is_empty() => {
                Asked::Log(log(namespace, pod, query)?)
            }
            ["namespaces", namespace, plural, name] => {
                Asked::Object(wanted(plural, Some(namespace)), (*name).to_owned())
            }
            [plural, name] => Asked::Object(wanted(plural, None), (*name).to_owned()),
            _ => return Err(format!("subresources, as in {path}, were not gathered")),
        };
        Ok(Request { asked })
    }
}

/// The parameters of a query, decoded.
fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode_lossy(name), decode_lossy(&value.replace('+', " ")))
    })
}

fn number(name: &str, value: &str) -> Result<usize, String> {
    value.parse().map_err(|_| format!("the parameter {name}={value} is not a number"))
}

fn page(group: &str, plural: &str, query: &str) -> Result<Page, String> {
    let mut page = Page::default();
    for (name, value) in parameters(query) {
        match &*name {
            "limit" => page.limit = number(&name, &value)?,
            "continue" if !value.is_empty() => {
                let start = value.strip_prefix(TOKEN).and_then(|start| start.parse().ok());
                page.start = start.ok_or("the continue token is not one of this archive")?;
            }
            "labelSelector" => page.selector.add_labels(&value)?,
            "fieldSelector" => page.selector.add_fields(group, plural, &value)?,
            "watch" if !matches!(&*value, "" | "0" | "false") => {
                return Err("an archive cannot be watched".into());
            }
            // The rest does not change which objects there are.
            _ => {}
        }
    }
    Ok(page)
}

fn log(namespace: &str, pod: &str, query: &str) -> Result<Log, String> {
    let mut log = Log {
        key: LogKey {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: String::new(),
            previous: false,
        },
        part: LogPart::default(),
    };
    let is_on = |value: &str| !matches!(value, "" | "0" | "false");
    for (name, value) in parameters(query) {
        match &*name {
            "container" => log.key.container = value,
            "previous" => log.key.previous = is_on(&value),
            "timestamps" => log.part.timestamps = is_on(&value),
            "tailLines" => log.part.tail_lines = Some(number(&name, &value)?),
            "limitBytes" => log.part.limit_bytes = Some(number(&name, &value)?),
            "follow" if is_on(&value) => return Err("the log in an archive cannot be followed".into()),
            "sinceSeconds" => log.part.since = Some(Since::seconds(number(&name, &value)?)),
            "sinceTime" => log.part.since = Some(Since::time(&value)?),
            _ => {}
        }
    }
    Ok(log)
}
