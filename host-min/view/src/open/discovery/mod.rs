//! Which resources the server of an archive has.
//!
//! | module | has |
//! |---|---|
//! | `model` | the groups, versions and resources |
//! | `documents` | what the archive's discovery documents say |
//! | `definitions` | what its CustomResourceDefinitions say |
//! | `forms` | the answers to clients |
//!
//! A resource with objects is there in the versions of these objects only, so that a client asks for a version that has an answer.

pub(super) mod definitions;
mod documents;
pub(super) mod forms;
mod model;

use std::collections::{HashMap, HashSet};

use wagather_offline::{Archive, known};

use definitions::ByResource;
pub(super) use model::{Api, ApiResource, Group};

/// The resources, and the columns of custom ones.
pub(super) struct Discovered {
    pub(super) api: Api,
    pub(super) columns: ByResource,
}

/// Finds out which resources there are.
pub(super) fn of(archive: &Archive) -> Discovered {
    let mut api = Api::default();
    let mut has_documents = false;
    for json in archive.discovery() {
        has_documents |= documents::add(&mut api, json);
    }
    let has_namespaces = api.has("", "namespaces");
    let ordered: HashSet<String> = api.groups.iter().map(|group| group.name.clone()).collect();
    let columns = definitions::add(&mut api, archive);
    let known: HashMap<(&str, &str), known::Known> =
        known::all().map(|known| ((known.group, known.plural), known)).collect();
    for resource in archive.resources() {
        // What does not say its group is in the core group's place.
        let says_nothing = resource.versions().next().is_none();
        let group = match resource.group {
            "" if says_nothing => group_of(&api, &known, resource.plural),
            group => group.to_owned(),
        };
        let known = known.get(&(&*group, resource.plural));
        let versions: Vec<&str> = resource.versions().collect();
        let is_namespaced = resource.objects().any(|object| !object.namespace.is_empty());
        let made = || match known {
            Some(known) => ApiResource::of(known),
            None => ApiResource::new(resource.plural, &resource.kind, is_namespaced),
        };
        if versions.is_empty() && !api.has(&group, resource.plural) {
            api.add(&group, known.map_or("v1", |known| known.version), made());
        }
        for version in &versions {
            api.add(&group, version, made());
        }
        if !versions.is_empty() && !resource.is_empty() {
            api.keep_versions(&group, resource.plural, &versions);
        }
    }
    // Every server has namespaces. Documents without them are a part of what a server says: what they lack may be there.
    if !has_documents || !has_namespaces {
        known.values().for_each(|known| api.name(known.group, &ApiResource::of(known)));
        for known in known::of_kubernetes() {
            if !api.has(known.group, known.plural) {
                api.add(known.group, known.version, ApiResource::of(&known));
            }
        }
    }
    add_reviews(&mut api);
    api.finish(|group| ordered.contains(group));
    Discovered { api, columns }
}

/// The group of a resource of which nothing says it.
fn group_of(api: &Api, known: &HashMap<(&str, &str), known::Known>, plural: &str) -> String {
    if known.contains_key(&("", plural)) || api.has("", plural) {
        return String::new();
    }
    let defined = api.first_group(plural).map(str::to_owned);
    let mut of_known: Vec<&str> =
        known.keys().filter(|(_, known)| *known == plural).map(|(group, _)| *group).collect();
    of_known.sort_unstable();
    defined.or_else(|| of_known.first().map(|group| (*group).to_owned())).unwrap_or_default()
}

/// What clients ask before they show or hide what they can do. This server answers it.
fn add_reviews(api: &mut Api) {
    for (group, plural, kind) in [
        ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
        ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    ] {
        let review = ApiResource { verbs: vec!["create".into()], ..ApiResource::new(plural, kind, false) };
        api.add(group, "v1", review);
    }
}
