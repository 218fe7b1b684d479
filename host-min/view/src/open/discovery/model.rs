//! Which resources there are, by group and version.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use wagather_offline::known::Known;

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
    /// One that is known without an archive.
    pub(super) fn of(known: &Known) -> ApiResource {
        ApiResource {
            short_names: known.short_names().map(String::from).collect(),
            categories: known.categories().map(String::from).collect(),
            ..ApiResource::new(known.plural, known.kind, known.is_namespaced)
        }
    }

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
    /// Those that are left out at the end.
    removed: HashSet<String>,
}

/// The versions of a group, the preferred one first.
#[derive(Debug, Default)]
pub(in crate::open) struct Group {
    /// Empty for the core group.
    pub(in crate::open) name: String,
    pub(in crate::open) versions: Vec<Version>,
    numbers: HashMap<String, usize>,
    /// The numbers of the versions that a resource was added to.
    versions_of: HashMap<String, Vec<usize>>,
}

/// All groups. The core group is the first.
///
/// An archive may name a million of anything, so everything is found by an index.
#[derive(Debug, Default)]
pub(in crate::open) struct Api {
    pub(in crate::open) groups: Vec<Group>,
    numbers: HashMap<String, usize>,
    /// The first group that has a resource of this name.
    first_groups: HashMap<String, usize>,
}

impl Api {
    pub(in crate::open) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(*self.numbers.get(name)?)
    }

    pub(in crate::open) fn version(&self, group: &str, version: &str) -> Option<&Version> {
        let group = self.group(group)?;
        group.versions.get(*group.numbers.get(version)?)
    }

    pub(in crate::open) fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&ApiResource> {
        let version = self.version(group, version)?;
        version.resources.get(*version.numbers.get(plural)?)
    }

    /// Whether a resource is there in any version.
    pub(super) fn has(&self, group: &str, plural: &str) -> bool {
        self.group(group).is_some_and(|group| group.versions_of.contains_key(plural))
    }

    /// The first group that has a resource of this name in any version.
    pub(super) fn first_group(&self, plural: &str) -> Option<&str> {
        Some(&self.groups.get(*self.first_groups.get(plural)?)?.name)
    }

    /// Adds a resource that is not there yet.
    pub(super) fn add(&mut self, group: &str, version: &str, resource: ApiResource) {
        let (of_group, of_version) = self.numbers_of(group, version);
        let first = self.first_groups.entry(resource.plural.clone()).or_insert(of_group);
        *first = of_group.min(*first);
        let group = &mut self.groups[of_group];
        let version = &mut group.versions[of_version];
        version.removed.remove(&resource.plural);
        if !version.numbers.contains_key(&resource.plural) {
            version.numbers.insert(resource.plural.clone(), version.resources.len());
            group.versions_of.entry(resource.plural.clone()).or_default().push(of_version);
            version.resources.push(resource);
        }
    }

    /// Gives a resource its short names and categories, where it has none.
    pub(super) fn name(&mut self, group: &str, known: &ApiResource) {
        let Some(group) = self.numbers.get(group).and_then(|number| self.groups.get_mut(*number)) else {
            return;
        };
        for number in group.versions_of.get(&known.plural).into_iter().flatten() {
            let version = &mut group.versions[*number];
            let at = version.numbers.get(&known.plural);
            let Some(resource) = at.and_then(|at| version.resources.get_mut(*at)) else { continue };
            if resource.short_names.is_empty() && resource.categories.is_empty() {
                resource.short_names.clone_from(&known.short_names);
                resource.categories.clone_from(&known.categories);
            }
        }
    }

    /// Adds a version that is not there yet.
    pub(super) fn add_version(&mut self, group: &str, version: &str) {
        self.numbers_of(group, version);
    }

    fn numbers_of(&mut self, group: &str, version: &str) -> (usize, usize) {
        let number = *self.numbers.entry(group.to_owned()).or_insert_with(|| {
            self.groups.push(Group { name: group.to_owned(), ..Group::default() });
            self.groups.len() - 1
        });
        let Group { versions, numbers, .. } = &mut self.groups[number];
        let at = *numbers.entry(version.to_owned()).or_insert_with(|| {
            versions.push(Version { name: version.to_owned(), ..Version::default() });
            versions.len() - 1
        });
        (number, at)
    }

    /// Removes a resource from the versions that are not named.
    pub(super) fn keep_versions(&mut self, group: &str, plural: &str, versions: &[&str]) {
        let Some(group) = self.numbers.get(group).and_then(|number| self.groups.get_mut(*number)) else {
            return;
        };
        let kept: HashSet<&str> = versions.iter().copied().collect();
        for number in group.versions_of.get(plural).into_iter().flatten() {
            let version = &mut group.versions[*number];
            if !kept.contains(&*version.name) {
                version.removed.insert(plural.to_owned());
            }
        }
    }

    /// Nothing more will be added. Versions of a group that has no order of its own get the usual one.
    pub(super) fn finish(&mut self, is_ordered: impl Fn(&str) -> bool) {
        for group in &mut self.groups {
            group.versions.iter_mut().for_each(Version::leave_out);
            group.versions.retain(|version| !version.resources.is_empty());
            if !is_ordered(&group.name) {
                group.versions.sort_by_cached_key(|version| Reverse(priority(&version.name)));
            }
            let names = group.versions.iter().enumerate();
            group.numbers = names.map(|(number, version)| (version.name.clone(), number)).collect();
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
    fn leave_out(&mut self) {
        if self.removed.is_empty() {
            return;
        }
        self.resources.retain(|resource| !self.removed.contains(&resource.plural));
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

    /// By the time that a search from the beginning would take: minutes.
    #[test]
    fn a_million_of_anything_takes_no_more_than_a_look_at_each() {
        const MANY: usize = 200_000;
        let begin = std::time::Instant::now();
        let mut api = Api::default();
        for number in 0..MANY {
            api.add("a", &format!("v{number}"), ApiResource::new("things", "Thing", true));
            api.add(&format!("g{number}"), "v1", ApiResource::new(&format!("p{number}"), "Thing", true));
            api.add("b", "v1", ApiResource::new(&format!("p{number}"), "Thing", true));
        }
        for number in 0..MANY {
            let plural = format!("p{number}");
            assert!(api.has("b", &plural) && api.has("a", "things"));
            // The group b came after the first one of those that have a resource each.
            assert_eq!(api.first_group(&plural), Some(if number == 0 { "g0" } else { "b" }));
            api.keep_versions("b", &plural, if number % 2 == 0 { &["v1"] } else { &["v2"] });
        }
        api.finish(|_| true);
        assert!(api.resource("b", "v1", "p0").is_some() && api.resource("b", "v1", "p1").is_none());
        assert_eq!(api.version("b", "v1").map(|version| version.resources.len()), Some(MANY / 2));
        assert!(api.version("a", &format!("v{}", MANY - 1)).is_some());
        assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
    }

    #[test]
    fn what_is_added_again_is_there() {
        let mut api = Api::default();
        let scaler = || ApiResource::new("scalers", "Scaler", true);
        api.add("a", "v1", scaler());
        api.add("a", "v2", scaler());
        api.keep_versions("a", "scalers", &["v1"]);
        api.add("a", "v2", scaler());
        api.finish(|_| false);
        assert_eq!(versions(&api, "a"), ["v2", "v1"]);
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
