//! Fields that have the same value under another name, and the fields that a selector's key reveals.
//!
//! The names are those that Kubernetes and OpenShift register for selectors (`AddFieldLabelConversionFunc`, and the functions
//! that make the sets which selectors are matched with), and those that a resource has in another group or had before.

use super::FieldPath;

/// Names of the same value in a resource. The fields below one of them are also below the others.
const TWINS: &[(&str, &[&str])] = &[
    ("pods", &["spec.nodeName", "spec.host"]),
    ("pods", &["spec.serviceAccountName", "spec.serviceAccount"]),
    ("pods", &["status.podIP", "status.podIPs"]),
    ("pods", &["status.hostIP", "status.hostIPs"]),
    ("services", &["spec.clusterIP", "spec.clusterIPs"]),
    ("nodes", &["spec.podCIDR", "spec.podCIDRs"]),
    ("jobs", &["status.succeeded", "status.successful"]),
    // In the core group, and in events.k8s.io.
    ("events", &["involvedObject", "regarding"]),
    ("events", &["message", "note"]),
    ("events", &["source", "deprecatedSource"]),
    ("events", &["firstTimestamp", "deprecatedFirstTimestamp"]),
    ("events", &["lastTimestamp", "deprecatedLastTimestamp"]),
    ("events", &["count", "deprecatedCount"]),
    ("events", &["reportingComponent", "reportingController"]),
];

/// Keys of selectors that are not paths of fields, or that reveal more than the field of their name.
const KEYS: &[(&str, &str, &[&str])] = &[
    ("*", "name", &["metadata.name"]),
    ("*", "namespace", &["metadata.namespace"]),
    ("builds", "podName", &["metadata.annotations"]),
    ("builds", "status", &["status"]),
    // The reporter is looked up under both names if one is empty, and is usually written to both.
    ("events", "source", &["source", "reportingComponent"]),
    ("events", "reportingComponent", &["source", "reportingComponent"]),
    ("events", "reportingController", &["source", "reportingComponent"]),
    ("events", "reason", &["reason"]),
    ("events", "type", &["type"]),
    ("nodes", "spec.unschedulable", &["spec.unschedulable", "spec.taints"]),
    ("secrets", "type", &["type"]),
    ("oauthaccesstokens", "authorizeToken", &["authorizeToken"]),
    ("oauthaccesstokens", "clientName", &["clientName"]),
    ("oauthaccesstokens", "userName", &["userName"]),
    ("oauthaccesstokens", "userUID", &["userUID"]),
    ("oauthauthorizetokens", "clientName", &["clientName"]),
    ("oauthauthorizetokens", "userName", &["userName"]),
    ("oauthauthorizetokens", "userUID", &["userUID"]),
    ("oauthclientauthorizations", "clientName", &["clientName"]),
    ("oauthclientauthorizations", "userName", &["userName"]),
    ("oauthclientauthorizations", "userUID", &["userUID"]),
    ("identities", "providerName", &["providerName"]),
    ("identities", "providerUserName", &["providerUserName"]),
    ("resourceslices", "driverName", &["driverName"]),
    ("resourceslices", "nodeName", &["nodeName"]),
];

impl FieldPath {
    /// The path, and the other paths where a resource has the same value.
    pub fn with_twins(&self, plural: &str) -> Vec<Vec<String>> {
        let own: Vec<String> = self.keys().into_iter().map(str::to_owned).collect();
        let mut all = vec![own.clone()];
        for (_, names) in TWINS.iter().filter(|(of, _)| *of == plural) {
            let Some(rest) = names.iter().find_map(|name| below(&own, name)) else { continue };
            for name in *names {
                let twin: Vec<String> =
                    name.split('.').map(str::to_owned).chain(rest.iter().cloned()).collect();
                if twin != own {
                    all.push(twin);
                }
            }
        }
        all
    }

    /// Whether a selector's key reveals something of the field at a path: the field itself, one around it or one within it. A key that
    /// is neither a path nor known may reveal anything.
    pub fn is_revealed_by(&self, plural: &str, key: &str) -> bool {
        let known = KEYS.iter().find(|(of, known, _)| (*of == "*" || *of == plural) && *known == key);
        let revealed: Vec<&str> = match known {
            Some((_, _, paths)) => paths.to_vec(),
            None if key.contains('.') => vec![key],
            None => return true,
        };
        self.with_twins(plural).iter().any(|path| {
            let path = path.join(".");
            revealed.iter().any(|other| is_around(other, &path) || is_around(&path, other))
        })
    }
}

/// The part of a path that is below another path.
fn below<'a>(path: &'a [String], above: &str) -> Option<&'a [String]> {
    let above: Vec<&str> = above.split('.').collect();
    let (head, rest) = path.split_at_checked(above.len())?;
    (head == above).then_some(rest)
}

/// Whether one path is equal to another one, or continues it.
fn is_around(above: &str, path: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FieldPath {
        FieldPath::parse(text).expect(text)
    }

    #[test]
    fn twins_are_of_a_resource() {
        let twins = |text: &str, plural: &str| -> Vec<String> {
            path(text).with_twins(plural).iter().map(|keys| keys.join(".")).collect()
        };
        assert_eq!(twins("spec.nodeName", "pods"), ["spec.nodeName", "spec.host"]);
        assert_eq!(twins("spec.nodeName", "nodes"), ["spec.nodeName"]);
        assert_eq!(twins("regarding.name", "events"), ["regarding.name", "involvedObject.name"]);
        assert_eq!(twins("source.component", "events"), ["source.component", "deprecatedSource.component"]);
        assert_eq!(twins("status.podIPs.ip", "pods"), ["status.podIPs.ip", "status.podIP.ip"]);
        assert_eq!(twins("spec", "pods"), ["spec"]);
    }

    #[test]
    fn keys_tell_of_paths() {
        for (removed, plural, key, tells) in [
            ("spec.nodeName", "pods", "spec.nodeName", true),
            ("spec.nodeName", "pods", "spec.host", true),
            ("spec.host", "pods", "spec.nodeName", true),
            ("spec", "pods", "spec.host", true),
            ("spec.host", "routes", "spec.host", true),
            ("spec.host", "routes", "spec.path", false),
            ("spec.nodeName", "pods", "spec.nodeNames", false),
            ("spec.nodeName", "pods", "status.phase", false),
            ("status.podIP", "pods", "status.podIPs", true),
            ("status.podIPs.ip", "pods", "status.podIP", true),
            ("spec.serviceAccount", "pods", "spec.serviceAccountName", true),
            ("spec.clusterIPs", "services", "spec.clusterIP", true),
            ("source.component", "events", "source", true),
            ("reportingController", "events", "source", true),
            ("source", "events", "reportingComponent", true),
            ("reportingComponent", "events", "reportingController", true),
            ("involvedObject.name", "events", "regarding.name", true),
            ("involvedObject.name", "events", "regarding.kind", false),
            ("message", "events", "reason", false),
            ("status.phase", "builds", "status", true),
            ("metadata.annotations[\"openshift.io/build.pod-name\"]", "builds", "podName", true),
            ("spec.source", "builds", "podName", false),
            ("status.succeeded", "jobs", "status.successful", true),
            ("data", "secrets", "type", false),
            ("metadata.name", "pods", "name", true),
            ("spec.nodeName", "pods", "metadata.name", false),
            ("spec.color", "shirts", "spec.color", true),
            ("spec.color", "shirts", "spec.size", false),
            // Nobody knows what that is.
            ("spec.color", "shirts", "color", true),
            ("spec.nodeName", "pods", "host", true),
            ("spec.nodeName", "pods", "", true),
        ] {
            assert_eq!(
                path(removed).is_revealed_by(plural, key),
                tells,
                "{key} of {plural}, without {removed}"
            );
        }
    }
}
