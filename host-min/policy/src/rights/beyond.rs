//! What one gatherer may do and another one may not: for a new version of a gatherer that takes the place of an old one.

use super::{Effective, Extent, Granted, Remainder, Rights, without};
use crate::grant::Glob;
use crate::manifest::Resource;
use wagather_json::project::Node;

impl Rights {
    /// What these rights allow and the other ones do not, one line each: `list v1/secrets`. Without lines, these rights are no more than
    /// the others.
    ///
    /// The version of a resource does not count, as in RBAC. Narrower fields, namespaces and names are not more.
    pub fn beyond(&self, other: &Rights) -> Vec<String> {
        let (ours, theirs) = (self.effective(), other.effective());
        let resources = ours.resources.iter().filter(|ours| !matches!(ours.granted, Granted::Nothing(_)));
        let resources = resources.filter_map(|ours| more(ours, &theirs));
        let paths = ours.paths.iter().filter(|ours| {
            let is_known =
                theirs.paths.iter().any(|theirs| theirs.path == ours.path && theirs.granted.is_ok());
            ours.granted.is_ok() && !is_known
        });
        let wasi = (self.manifest.wasi && !other.manifest.wasi).then(|| "WASI".to_owned());
        resources.chain(paths.map(|path| format!("get {}", path.path))).chain(wasi).collect()
    }
}

/// What is more in a part of some rights than in all of the others.
fn more(ours: &Remainder<'_>, theirs: &Effective<'_>) -> Option<String> {
    let resource = ours.resource;
    let of_it: Vec<&Remainder<'_>> = theirs
        .resources
        .iter()
        .filter(|theirs| {
            let other = theirs.resource;
            theirs.verb == ours.verb
                && (&other.group, &other.plural, &other.subresource)
                    == (&resource.group, &resource.plural, &resource.subresource)
                && !matches!(theirs.granted, Granted::Nothing(_))
        })
        .collect();
    let what = |more: &str| {
        let verb = ours.verb.name().unwrap_or_default();
        let place = resource.place().map(|name| format!(" in {name}")).unwrap_or_default();
        Some(format!("{verb} {}{place}{more}", resource.identity()))
    };
    if of_it.is_empty() {
        return what("");
    }
    let reaching: Vec<_> = of_it.into_iter().filter(|theirs| reaches(theirs.resource, resource)).collect();
    // What is granted of ours: all, or several parts, each of which others may cover by several of theirs.
    let parts: Vec<Option<&Extent>> = match &ours.granted {
        Granted::Part(extents) => extents.iter().map(Some).collect(),
        _ => vec![None],
    };
    let shown = shown(ours);
    let mut has_more_fields = false;
    for part in parts {
        let covering = reaching.iter().filter(|theirs| covers(&theirs.granted, part));
        let Some(theirs) = covering.map(|theirs| self::shown(theirs)).reduce(|a, b| a.union(&b)) else {
            return what(", of more objects");
        };
        has_more_fields |= theirs.union(&shown) != theirs;
    }
    if has_more_fields { what(", more fields") } else { None }
}

/// The fields that are seen of it: those that are declared, without those that the grant removes.
fn shown(remainder: &Remainder<'_>) -> Node {
    let resource = remainder.resource;
    remainder.without.iter().fold(resource.mask.clone(), |mask, path| without(&mask, path, &resource.plural))
}

/// Whether one is declared for all namespaces for which the other one is.
fn reaches(theirs: &Resource, ours: &Resource) -> bool {
    match (&theirs.namespace, &theirs.pattern) {
        (Some(_), _) => theirs.namespace == ours.namespace,
        (None, None) => true,
        (None, Some(pattern)) => {
            ours.pattern.as_ref() == Some(pattern)
                || ours.namespace.as_ref().is_some_and(|namespace| pattern.matches(namespace))
        }
    }
}

/// Whether all objects of a part are granted there. Without a part, all objects.
fn covers(theirs: &Granted, part: Option<&Extent>) -> bool {
    match (theirs, part) {
        (Granted::All, _) => true,
        (Granted::Part(theirs), Some(part)) => theirs.iter().any(|theirs| is_within(part, theirs)),
        _ => false,
    }
}

/// Whether one rule covers all that another one does. Patterns are within each other only if they are the same.
fn is_within(ours: &Extent, theirs: &Extent) -> bool {
    let within = |ours: &Option<Vec<Glob>>, theirs: &Option<Vec<Glob>>| match (ours, theirs) {
        (_, None) => true,
        (Some(ours), Some(theirs)) => ours.iter().all(|glob| theirs.contains(glob)),
        (None, Some(_)) => false,
    };
    within(&ours.namespaces, &theirs.namespaces)
        && within(&ours.names, &theirs.names)
        && (theirs.or_in_none || theirs.namespaces.is_none() || !ours.or_in_none)
}

#[cfg(test)]
mod tests {
    use crate::grant::Grant;
    use crate::manifest::Manifest;
    use crate::rights::Rights;
    use std::sync::Arc;

    fn rights(records: &str, grant: &str) -> Rights {
        let manifest = format!("gatherer 1 g 0\n{records}");
        let manifest = Manifest::parse(manifest.as_bytes()).expect("a manifest");
        let grant = match grant {
            "" => Grant::default(),
            rules => {
                Grant::parse(&format!("apiVersion: wagather/v1\nkind: Grant\n{rules}")).expect("a grant")
            }
        };
        Rights::new(manifest, Arc::new(grant))
    }

    fn beyond(new: &str, old: &str) -> Vec<String> {
        rights(new, "").beyond(&rights(old, ""))
    }

    #[test]
    fn the_same_and_less_are_not_more() {
        let old = "resource get,list /v1/pods * metadata(name),spec\npath /version\n";
        assert!(beyond(old, old).is_empty());
        for less in [
            "resource list /v1/pods * spec\n",
            "resource list /v1/pods shop metadata(name)\n",
            "path /version\n",
            "",
            // Two parts that are one together.
        ] {
            assert!(beyond(less, old).is_empty(), "{less}: {:?}", beyond(less, old));
        }
        let parts = "resource list /v1/pods * spec\nresource list /v1/pods * status\n";
        assert!(beyond("resource list /v1/pods * spec,status\n", parts).is_empty());
    }

    #[test]
    fn each_kind_of_more_is_named() {
        let old = "resource list /v1/pods shop spec\n";
        for (new, more) in [
            ("resource get /v1/pods shop spec\n", "get v1/pods in shop"),
            ("resource list /v1/pods * spec\n", "list v1/pods, of more objects"),
            ("resource list /v1/pods shop spec,status\n", "list v1/pods in shop, more fields"),
            ("resource list /v1/pods shop *\n", "list v1/pods in shop, more fields"),
            ("resource list apps/v1/deployments * spec\n", "list apps/v1/deployments"),
            ("path /version\n", "get /version"),
        ] {
            assert_eq!(beyond(new, old), [more], "{new}");
        }
        // What the grant refuses is no right.
        assert!(beyond("resource list /v1/secrets * *\n", old).is_empty());
    }

    #[test]
    fn a_grant_that_gives_more_is_named() {
        let manifest = "resource list /v1/pods * *\n";
        let rule =
            |rest: &str| format!("rules:\n- {{verbs: [list], apiGroups: [''], resources: [pods]{rest}}}\n");
        let of = |new: &str, old: &str| rights(manifest, &rule(new)).beyond(&rights(manifest, &rule(old)));
        assert!(of(", namespaces: [a]", "").is_empty());
        assert!(of(", namespaces: [a]", ", namespaces: [a, b]").is_empty());
        assert_eq!(of(", namespaces: [a, c]", ", namespaces: [a, b]"), ["list v1/pods, of more objects"]);
        assert_eq!(of("", ", namespaces: [a]"), ["list v1/pods, of more objects"]);
        assert_eq!(of("", ", without: [.spec]"), ["list v1/pods, more fields"]);
        assert!(of(", without: [.spec]", "").is_empty());
    }

    /// What one part hides is not shown by another one that does not have it.
    #[test]
    fn a_field_that_only_one_part_hides_is_more() {
        let parts = "resource list /v1/pods * spec\nresource list /v1/pods * status\n";
        let rule =
            |rest: &str| format!("rules:\n- {{verbs: [list], apiGroups: [''], resources: [pods]{rest}}}\n");
        let (all, hiding) = (rule(""), rule(", without: [.spec.containers]"));
        let more = ["list v1/pods, more fields"];
        assert_eq!(rights(parts, &all).beyond(&rights(parts, &hiding)), more);
        assert!(rights(parts, &hiding).beyond(&rights(parts, &all)).is_empty());
        let whole = "resource list /v1/pods * spec,status\n";
        assert_eq!(rights(whole, &all).beyond(&rights(parts, &hiding)), more);
        assert!(rights(whole, &hiding).beyond(&rights(parts, &hiding)).is_empty());
    }

    /// Objects that several parts cover together are covered.
    #[test]
    fn objects_of_several_parts_are_no_more() {
        let each = "resource list /v1/pods a spec\nresource list /v1/pods b status\nresource list /v1/pods * metadata\n";
        assert!(beyond("resource list /v1/pods a spec,metadata\n", each).is_empty());
        assert_eq!(
            beyond("resource list /v1/pods a spec,status\n", each),
            ["list v1/pods in a, more fields"]
        );
        let rules = |namespaces: &[&str]| {
            let rules = namespaces.iter().map(|namespace| {
                format!(
                    "- {{verbs: [list], apiGroups: [''], resources: [pods], namespaces: [{namespace}]}}\n"
                )
            });
            format!("rules:\n{}", rules.collect::<String>())
        };
        let of = |records: &str, namespaces: &[&str]| rights(records, &rules(namespaces));
        let pods = "resource list /v1/pods * spec\n";
        assert!(of(pods, &["a", "b"]).beyond(&of(pods, &["b", "c", "a"])).is_empty());
        assert_eq!(of(pods, &["a", "d"]).beyond(&of(pods, &["b", "a"])), ["list v1/pods, of more objects"]);
    }

    #[test]
    fn more_namespaces_than_a_pattern_has_are_more() {
        let some = "resource list /v1/pods openshift-* spec\n";
        assert!(beyond(some, some).is_empty());
        assert!(beyond("resource list /v1/pods openshift-etcd spec\n", some).is_empty());
        for (more, what) in [
            ("resource list /v1/pods * spec\n", "list v1/pods, of more objects"),
            ("resource list /v1/pods shop spec\n", "list v1/pods in shop, of more objects"),
            ("resource list /v1/pods kube-* spec\n", "list v1/pods in kube-*, of more objects"),
        ] {
            assert_eq!(beyond(more, some), [what], "{more}");
        }
    }
}
