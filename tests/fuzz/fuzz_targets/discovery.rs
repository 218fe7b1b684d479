//! What an API server says of its resources: in one document, or in lists of versions and a document for each of them.
//!
//! Input: documents, a zero byte between them. They answer `/api`, `/apis`, and then the paths that these ask for, in their order; an
//! empty document is a failed request.
#![no_main]

use std::collections::{BTreeSet, VecDeque};
use wagather_abi::manifest::is_name;
use wagather_policy::discovery::{ApiResource, Catalog, Discovery, MAX_DOCUMENT_BYTES, ROOTS, document};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut documents = data.split(|byte| *byte == 0);
    let mut paths: VecDeque<String> = ROOTS.map(String::from).into();
    let mut discovery = Discovery::default();
    while let Some(path) = paths.pop_front() {
        let is_root = ROOTS.contains(&&*path);
        assert!(is_root || is_path(&path), "{path}");
        match documents.next().unwrap_or_default() {
            b"" if is_root => return,
            b"" => discovery.failed(&path, "no answer"),
            body => match discovery.answered(&path, &body[..body.len().min(MAX_DOCUMENT_BYTES)]) {
                Ok(more) => paths.extend(more),
                Err(error) => {
                    assert!(error.to_string().contains(&path) || error.to_string().contains("more than"));
                    return;
                }
            },
        }
        // A server that names versions in each document asks for no end.
        assert!(paths.len() < ROOTS.len() + 2_000);
    }
    check(&discovery.finish());
});

/// `/api/v1`, `/apis/apps/v1`: nothing that leads elsewhere.
fn is_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        ["api", version] => is_name(version),
        ["apis", group, version] => is_name(group) && is_name(version),
        _ => false,
    }
}

fn check(catalog: &Catalog) {
    let all: Vec<&ApiResource> = catalog.versions().iter().flat_map(|version| &version.resources).collect();
    for resource in &all {
        let ApiResource { group, version, api_version, plural, .. } = *resource;
        assert!((group.is_empty() || is_name(group)) && is_name(version) && is_name(plural), "{resource:?}");
        assert_eq!(resource.identity(), format!("{api_version}/{plural}"));
        let position = catalog.position(resource).expect("one of the catalog");
        assert!(catalog.at(position).is_some_and(|found| std::ptr::eq(found, *resource)));
        assert!(catalog.find(group, version, plural).is_some_and(|found| found.version == *version));
        catalog.original(resource);
    }
    // Of each resource one version, which is the one that is found without a version.
    let mut names = BTreeSet::new();
    for resource in catalog.preferred("") {
        assert!(names.insert((&resource.group, &resource.plural)), "{} twice", resource.identity());
        let found = catalog.find(&resource.group, "", &resource.plural);
        assert!(found.is_some_and(|found| std::ptr::eq(found, resource)));
    }
    assert_eq!(names, all.iter().map(|resource| (&resource.group, &resource.plural)).collect());
    // Guests get such a document of what they may read: it says the same.
    let mut again = Discovery::default();
    let written = document(all.iter().copied()).to_string();
    again.answered("/apis", written.as_bytes()).expect("a document of our own");
    let again = again.finish();
    let again = again.versions().iter().flat_map(|version| &version.resources);
    assert_eq!(facts(again), facts(all.iter().copied()));
}

type Facts = Vec<(String, String, bool, Vec<String>)>;

fn facts<'a>(resources: impl Iterator<Item = &'a ApiResource>) -> Facts {
    let mut facts: Facts = resources
        .map(|resource| {
            (resource.identity(), resource.kind.clone(), resource.namespaced, resource.verbs.clone())
        })
        .collect();
    facts.sort();
    facts
}
