//! What an archive tells of objects that it does not have: whether somebody looked for them, so that they are gone.

use crate::gathered::Gathered;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use wagather_offline::Resource;

/// Where objects of a resource were looked for.
#[derive(Default)]
struct Where {
    /// In all namespaces, or the resource is in none.
    everywhere: bool,
    namespaces: BTreeSet<String>,
    /// Objects that were there and could not be used.
    skipped: BTreeSet<String>,
}

/// What was looked for, by the report of the run that made the archive. Other programs leave no report.
pub(super) struct Looked {
    resources: BTreeMap<(String, String), Where>,
    /// Whether only objects of a selection were looked for, which the other archive does not have.
    is_selection: bool,
}

/// The resources that a run listed in all namespaces. The report does not tell them from those of which it got some objects by their names.
pub(super) struct Listed(BTreeSet<(String, String)>);

/// The most resources that are remembered.
const MAX_LISTED: usize = 10_000;

/// A line of the audit.
#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    call: Cow<'a, str>,
    #[serde(borrow, default)]
    what: Cow<'a, str>,
}

impl Listed {
    /// What an audit has.
    pub(super) fn of(audit: &[u8]) -> Listed {
        let calls = audit.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        let lists = calls.filter_map(|Call { call, what }| {
            let resource =
                what.strip_prefix("list ").filter(|of| call == "rest_start" && !of.contains(' '))?;
            Some(key_of(resource))
        });
        let mut listed = BTreeSet::new();
        for key in lists {
            if listed.len() < MAX_LISTED {
                listed.insert(key);
            }
        }
        Listed(listed)
    }
}

/// The group and the name of a resource: of `apps/v1/deployments` or `/v1/pods`.
fn key_of(resource: &str) -> (String, String) {
    let mut parts = resource.rsplit('/');
    let plural = parts.next().unwrap_or_default().to_owned();
    (parts.nth(1).unwrap_or_default().to_owned(), plural)
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap_or_default()
}

fn all<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of[name].as_array().into_iter().flatten()
}

impl Looked {
    /// What the report of one archive says, beside another archive.
    pub(super) fn of(this: &Gathered, listed: Option<&Listed>, other: &Gathered) -> Looked {
        let mut looked = Looked { resources: BTreeMap::new(), is_selection: false };
        let Some(report) = &this.report else { return looked };
        let selector = |gathered: &Gathered| {
            gathered.report.as_ref().map_or(Value::Null, |report| report["narrowedTo"]["selector"].clone())
        };
        let own = selector(this);
        looked.is_selection = !own.is_null() && own != selector(other);
        for gatherer in all(report, "gatherers") {
            for row in all(gatherer, "resources") {
                let key = key_of(text(&row["resource"]));
                let is_list = listed.is_none_or(|Listed(listed)| listed.contains(&key));
                let known = looked.resources.entry(key).or_default();
                let complete = |row: &&Value| row["status"] == "complete" || row["complete"] == true;
                let mut namespaces = all(row, "namespaces").peekable();
                // What was skipped has a name, unless there was no room for it.
                let is_told = |gap: &Value| gap["resource"] != row["resource"] || gap["object"].is_string();
                known.everywhere |= is_list
                    && namespaces.peek().is_none()
                    && (complete(&row)
                        || row["status"] == "gaps"
                            && report["gapsNotNamed"].is_null()
                            && all(report, "gaps").all(is_told));
                let names = namespaces.filter(complete).filter_map(|row| row["namespace"].as_str());
                known.namespaces.extend(names.map(str::to_owned));
            }
            // The grant kept some of them back.
            for row in all(gatherer, "withheld") {
                looked.resources.insert(key_of(text(&row["resource"])), Where::default());
            }
        }
        for gap in all(report, "gaps") {
            if let (Some(known), Some(object)) =
                (looked.resources.get_mut(&key_of(text(&gap["resource"]))), gap["object"].as_str())
            {
                known.skipped.insert(object.to_owned());
            }
        }
        looked
    }

    /// Whether an object that an archive does not have is gone, as far as that archive tells. `resource` is what it has of the resource.
    pub(super) fn is_gone(
        &self,
        gathered: &Gathered,
        (group, plural): (&str, &str),
        resource: Option<&Resource>,
        namespace: &str,
        name: &str,
    ) -> bool {
        let lost = gathered.archive.lost(group, plural, namespace);
        if self.is_selection || lost {
            return false;
        }
        match self.resources.get(&(group.to_owned(), plural.to_owned())) {
            Some(known) => {
                let object =
                    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
                (known.everywhere || known.namespaces.contains(namespace)) && !known.skipped.contains(&object)
            }
            None => resource.is_some_and(|resource| resource.was_gathered(Some(namespace))),
        }
    }
}
