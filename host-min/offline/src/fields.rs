//! The fields that the API server's field selectors know. Some of them are no fields, and some have a value when they are absent.

/// A field of a selector.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Where its value is.
    pub(crate) path: &'a str,
    /// Where it is if that is empty.
    pub(crate) or: &'a str,
    /// What it is if it is absent.
    pub(crate) absent: &'static str,
}

/// What a field of a resource's selector stands for. Of resources that are not the API server's own, every field may be selected by:
/// nothing says which ones the cluster knows.
pub(crate) fn field<'a>(group: &str, plural: &str, name: &'a str) -> Result<Field<'a>, String> {
    let plain = Field { path: name, or: "", absent: "" };
    if matches!(name, "metadata.name" | "metadata.namespace") {
        return Ok(plain);
    }
    let field = match (group, plural, name) {
        (
            "",
            "pods",
            "spec.nodeName"
            | "spec.restartPolicy"
            | "spec.schedulerName"
            | "spec.serviceAccountName"
            | "status.phase"
            | "status.podIP"
            | "status.nominatedNodeName",
        ) => plain,
        ("", "pods", "spec.host") => Field { path: "spec.nodeName", ..plain },
        ("", "pods", "spec.hostNetwork") | ("", "nodes", "spec.unschedulable") => {
            Field { absent: "false", ..plain }
        }
        ("", "events", "source") => Field { path: "source.component", or: "reportingComponent", ..plain },
        ("", "events", "type" | "reason" | "reportingComponent") => plain,
        ("", "events", _) if is_of_object(name.strip_prefix("involvedObject.")) => plain,
        ("events.k8s.io", "events", "type" | "reason" | "reportingController") => plain,
        ("events.k8s.io", "events", _) if is_of_object(name.strip_prefix("regarding.")) => plain,
        ("", "namespaces", "status.phase")
        | ("", "secrets", "type")
        | ("", "services", "spec.clusterIP" | "spec.type")
        | ("certificates.k8s.io", "certificatesigningrequests", "spec.signerName") => plain,
        ("", "replicationcontrollers", "status.replicas") | ("apps", "replicasets", "status.replicas") => {
            Field { absent: "0", ..plain }
        }
        ("batch", "jobs", "status.successful") => Field { path: "status.succeeded", absent: "0", ..plain },
        _ if is_own(group) => return Err(format!("field label not supported: {name}")),
        _ => plain,
    };
    Ok(field)
}

/// Whether a field is one of the object that an event is about.
fn is_of_object(field: Option<&str>) -> bool {
    let known = ["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"];
    field.is_some_and(|field| known.contains(&field))
}

/// Whether a group is one of the API server's own.
fn is_own(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions")
        || group.ends_with(".k8s.io")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_those_of_the_server() {
        for (group, plural, name) in [
            ("", "pods", "status.phase"),
            ("apps", "deployments", "metadata.name"),
            ("", "events", "involvedObject.uid"),
            ("events.k8s.io", "events", "regarding.name"),
            ("config.openshift.io", "clusteroperators", "spec.any"),
        ] {
            assert_eq!(field(group, plural, name), Ok(Field { path: name, or: "", absent: "" }), "{name}");
        }
        let unschedulable = field("", "nodes", "spec.unschedulable").expect("a field");
        assert_eq!(unschedulable.absent, "false");
        for (group, plural, name) in [
            ("", "pods", "spec.foo"),
            ("apps", "deployments", "spec.replicas"),
            ("", "nodes", "status.phase"),
            ("", "events", "involvedObject.color"),
            ("events.k8s.io", "events", "involvedObject.name"),
        ] {
            assert_eq!(field(group, plural, name), Err(format!("field label not supported: {name}")));
        }
    }
}
