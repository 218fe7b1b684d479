//! What an archive tells of objects that it does not have: whether somebody looked for them, so that they are gone.

use crate::gathered::Gathered;
use serde_json::Value;
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

/// The group and the name of a resource, as the report has it: `apps/v1/deployments`.
fn key_of(resource: &Value) -> (String, String) {
    let mut parts = resource.as_str().unwrap_or_default().rsplit('/');
    let plural = parts.next().unwrap_or_default().to_owned();
    (parts.nth(1).unwrap_or_default().to_owned(), plural)
}

fn all<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of[name].as_array().into_iter().flatten()
}

impl Looked {
    /// What the report of one archive says, beside another archive.
    pub(super) fn of(this: &Gathered, other: &Gathered) -> Looked {
        let mut looked = Looked { resources: BTreeMap::new(), is_selection: false };
        let Some(report) = &this.report else { return looked };
        let selector = |gathered: &Gathered| {
            gathered.report.as_ref().map_or(Value::Null, |report| report["narrowedTo"]["selector"].clone())
        };
        let own = selector(this);
        looked.is_selection = !own.is_null() && own != selector(other);
        for gatherer in all(report, "gatherers") {
            for row in all(gatherer, "resources") {
                let known = looked.resources.entry(key_of(&row["resource"])).or_default();
                let complete = |row: &&Value| row["status"] == "complete" || row["complete"] == true;
                let mut namespaces = all(row, "namespaces").peekable();
                // What was skipped has a name, unless there was no room for it.
                let is_told = |gap: &Value| gap["resource"] != row["resource"] || gap["object"].is_string();
                known.everywhere |= namespaces.peek().is_none()
                    && (complete(&row)
                        || row["status"] == "gaps"
                            && report["gapsNotNamed"].is_null()
                            && all(report, "gaps").all(is_told));
                let names = namespaces.filter(complete).filter_map(|row| row["namespace"].as_str());
                known.namespaces.extend(names.map(str::to_owned));
            }
            // The grant kept some of them back.
            for row in all(gatherer, "withheld") {
                looked.resources.insert(key_of(&row["resource"]), Where::default());
            }
        }
        for gap in all(report, "gaps") {
            if let (Some(known), Some(object)) =
                (looked.resources.get_mut(&key_of(&gap["resource"])), gap["object"].as_str())
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
