//! Which resources there are, by group and version.

use std::cmp::Reverse;
use std::collections::HashMap;

/// What this server does with the objects of every resource.
const VERBS: [&str; 3] = ["get", "list", "watch"];

/// A resource in a version.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::open) struct ApiResource {
    pub(in crate::open) plural: String,
    pub(in crate::open) singular: String,
    pub(in crate::open) kind: String,
    pub(in crate::open) namespaced: bool,
    pub(in crate::open) verbs: Vec<String>,
    pub(in crate::open) short_names: Vec<String>,
    pub(in crate::open) categories: Vec<String>,
}

impl ApiResource {
    pub(super) fn new(plural: &str, kind: &str, namespaced: bool) -> ApiResource {
        ApiResource {
            plural: plural.to_owned(),
            singular: kind.to_lowercase(),
            kind: kind.to_owned(),
            namespaced,
            verbs: VERBS.map(String::from).to_vec(),
            short_names: Vec::new(),
            categories: Vec::new(),
        }
    }

    /// Whether it has objects that can be asked for. Reviews, for example, have none.
    pub(in crate::open) fn has_objects(&self) -> bool {
        self.verbs.iter().any(|verb| VERBS.contains(&&**verb))
    }

    /// Leaves out the verbs that change objects. What has no others, such as a review, keeps its own.
    fn narrow(&mut self) {
        if self.has_objects() {
            self.verbs.retain(|verb| VERBS.contains(&&**verb));
        }
    }
}

/// The resources of a version.
#[derive(Debug, Default)]
pub(in crate::open) struct Version {
    pub(in crate::open) name: String,
    pub(in crate::open) resources: Vec<ApiResource>,
    numbers: HashMap<String, usize>,
}

/// The versions of a group, the preferred one first.
#[derive(Debug, Default)]
pub(in crate::open) struct Group {
    /// Empty for the core group.
    pub(in crate::open) name: String,
    pub(in crate::open) versions: Vec<Version>,
}

/// All groups. The core group is the first.
#[derive(Debug, Default)]
pub(in crate::open) struct Api {
    pub(in crate::open) groups: Vec<Group>,
    numbers: HashMap<String, usize>,
}

impl Api {
    pub(in crate::open) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(*self.numbers.get(name)?)
    }

    pub(in crate::open) fn version(&self, group: &str, version: &str) -> Option<&Version> {
        self.group(group)?.versions.iter().find(|each| each.name == version)
    }

    pub(in crate::open) fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&ApiResource> {
        let version = self.version(group, version)?;
        version.resources.get(*version.numbers.get(plural)?)
    }

    /// Whether a resource is there in any version.
    pub(super) fn has(&self, group: &str, plural: &str) -> bool {
        self.group(group)
            .is_some_and(|group| group.versions.iter().any(|each| each.numbers.contains_key(plural)))
    }

    /// Adds a resource that is not there yet.
    pub(super) fn add(&mut self, group: &str, version: &str, resource: ApiResource) {
        let version = self.version_mut(group, version);
        if !version.numbers.contains_key(&resource.plural) {
            version.numbers.insert(resource.plural.clone(), version.resources.len());
            version.resources.push(resource);
        }
    }

    /// A version, which is added if it is not there yet.
    pub(super) fn version_mut(&mut self, group: &str, version: &str) -> &mut Version {
        let number = *self.numbers.entry(group.to_owned()).or_insert_with(|| {
            self.groups.push(Group { name: group.to_owned(), versions: Vec::new() });
            self.groups.len() - 1
        });
        let versions = &mut self.groups[number].versions;
        let at = versions.iter().position(|each| each.name == version).unwrap_or_else(|| {
            versions.push(Version { name: version.to_owned(), ..Version::default() });
            versions.len() - 1
        });
        &mut versions[at]
    }

    /// Removes a resource from the versions that are not named.
    pub(super) fn keep_versions(&mut self, group: &str, plural: &str, versions: &[&str]) {
        let Some(group) = self.numbers.get(group).and_then(|number| self.groups.get_mut(*number)) else {
            return;
        };
        for version in &mut group.versions {
            if !versions.contains(&&*version.name) && version.numbers.contains_key(plural) {
                version.resources.retain(|resource| resource.plural != plural);
                version.count();
            }
        }
    }

    /// Nothing more will be added. Versions of a group that has no order of its own get the usual one.
    pub(super) fn finish(&mut self, is_ordered: impl Fn(&str) -> bool) {
        for group in &mut self.groups {
            group.versions.retain(|version| !version.resources.is_empty());
            if !is_ordered(&group.name) {
                group.versions.sort_by_cached_key(|version| Reverse(priority(&version.name)));
            }
            let resources = group.versions.iter_mut().flat_map(|version| &mut version.resources);
            resources.for_each(ApiResource::narrow);
        }
        self.groups.retain(|group| !group.versions.is_empty());
        // Stable. kubectl takes the first of several resources with the same name: `events` are those of the core group.
        self.groups.sort_by_key(|group| !group.name.is_empty());
        self.numbers =
            self.groups.iter().enumerate().map(|(number, group)| (group.name.clone(), number)).collect();
    }
}

impl Version {
    fn count(&mut self) {
        let names = self.resources.iter().enumerate();
        self.numbers = names.map(|(number, resource)| (resource.plural.clone(), number)).collect();
    }
}

/// The order of versions: v2, v1, v1beta2, v1alpha1, others.
fn priority(version: &str) -> (u8, u64, u64, Reverse<String>) {
    let name = || Reverse(version.to_owned());
    let parts = version.strip_prefix('v').and_then(|rest| {
        let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let major: u64 = rest[..end].parse().ok()?;
        let stage = &rest[end..];
        let minor = |text: &str| text.parse::<u64>().ok();
        match stage {
            "" => Some((3, major, 0)),
            _ => match (stage.strip_prefix("beta"), stage.strip_prefix("alpha")) {
                (Some(number), _) => Some((2, major, minor(number)?)),
                (_, Some(number)) => Some((1, major, minor(number)?)),
                _ => None,
            },
        }
    });
    let (stage, major, minor) = parts.unwrap_or((0, 0, 0));
    (stage, major, minor, name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(api: &Api, group: &str) -> Vec<String> {
        api.group(group).expect("a group").versions.iter().map(|version| version.name.clone()).collect()
    }

    #[test]
    fn versions_have_their_order() {
        let mut api = Api::default();
        for version in ["v1beta1", "v1alpha1", "x", "v2", "v10", "v1", "v1beta2"] {
            api.add("a", version, ApiResource::new("things", "Thing", true));
            api.add("b", version, ApiResource::new("things", "Thing", true));
        }
        api.add("", "v1", ApiResource::new("pods", "Pod", true));
        api.finish(|group| group == "b");
        assert_eq!(versions(&api, "a"), ["v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "x"]);
        assert_eq!(versions(&api, "b")[..2], ["v1beta1", "v1alpha1"]);
        assert_eq!(api.groups[0].name, "");
    }

    #[test]
    fn a_resource_is_only_in_the_versions_that_are_there() {
        let mut api = Api::default();
        for version in ["v1", "v2"] {
            api.add("autoscaling", version, ApiResource::new("scalers", "Scaler", true));
        }
        api.keep_versions("autoscaling", "scalers", &["v1"]);
        api.finish(|_| false);
        assert_eq!(versions(&api, "autoscaling"), ["v1"]);
        assert!(api.resource("autoscaling", "v1", "scalers").is_some());
    }

    #[test]
    fn writing_is_left_out() {
        let mut api = Api::default();
        let with = |plural: &str, verbs: &[&str]| ApiResource {
            verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
            ..ApiResource::new(plural, "Any", true)
        };
        api.add("", "v1", with("pods", &["create", "delete", "get", "list"]));
        api.add("", "v1", with("reviews", &["create"]));
        api.finish(|_| false);
        assert_eq!(api.resource("", "v1", "pods").expect("pods").verbs, ["get", "list"]);
        assert_eq!(api.resource("", "v1", "reviews").expect("reviews").verbs, ["create"]);
    }
}
