use super::*;
use std::path::Path;

const PODS: &str = r##"{"openapi": "3.0.0", "info": {"title": "Test", "version": "1"},
    "paths": {
        "/api/v1/pods": {"get": {"x-kubernetes-action": "list",
            "x-kubernetes-group-version-kind": {"group": "", "version": "v1", "kind": "Pod"}}},
        "/api/v1/namespaces/{namespace}/pods/{name}": {"get": {"x-kubernetes-action": "get",
            "x-kubernetes-group-version-kind": {"group": "", "version": "v1", "kind": "Pod"}}}},
    "components": {"schemas": {
        "core.v1.Pod": {"type": "object",
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}],
            "properties": {
                "metadata": {"allOf": [{"$ref": "#/components/schemas/meta.v1.ObjectMeta"}]},
                "status": {"$ref": "#/components/schemas/core.v1.PodStatus"},
                "tree": {"$ref": "#/components/schemas/core.v1.Tree"},
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}},
        "meta.v1.ObjectMeta": {"type": "object", "properties": {
            "name": {"type": "string"}, "managedFields": {"type": "array", "items": {"type": "object"}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
        "core.v1.PodStatus": {"type": "object", "required": ["phase"], "properties": {
            "phase": {"type": "string", "enum": ["Pending", "Running"]},
            "podIP": {"type": "string"},
            "containerStatuses": {"type": "array", "items": {"$ref": "#/components/schemas/core.v1.ContainerStatus"}},
            "initContainerStatuses": {"type": "array", "items": {"$ref": "#/components/schemas/core.v1.ContainerStatus"}}}},
        "core.v1.ContainerStatus": {"type": "object", "properties": {
            "name": {"type": "string"}, "restartCount": {"type": "integer", "format": "int32"}}},
        "core.v1.Tree": {"type": "object", "properties": {
            "leaf": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/core.v1.Tree"}}}}}}}"##;

fn plan(resources: &str) -> Result<Plan, String> {
    let mut schemas = Schemas::default();
    schemas.add("pods.json", PODS.as_bytes()).expect("schemas");
    let text = format!("apiVersion: wagather/v1\nkind: Gather\n{resources}\n");
    let declaration =
        Declaration::parse(Path::new("gather.yaml"), &text).map_err(|error| error.to_string())?;
    Plan::new(&declaration, &schemas).map_err(|error| error.to_string())
}

fn mask(fields: &str) -> String {
    match plan(&format!("resources: {{pods: '{fields}'}}")) {
        Ok(plan) => plan.resources[0].mask.clone(),
        Err(why) => why,
    }
}

#[test]
fn a_mask_is_what_is_wanted() {
    for (fields, wanted) in [
        ("metadata.name, status.phase", "metadata(name),status(phase)"),
        ("status.containerStatuses", "status(containerStatuses(name,restartCount))"),
        ("status.containerStatuses[].restartCount?", "status(containerStatuses(restartCount))"),
        ("metadata.labels", "metadata(labels)"),
        ("metadata", "metadata(labels,name)"),
        ("metadata.labels.app", "metadata(labels(app))"),
        ("metadata.*", "metadata(labels,name)"),
        ("open", "open"),
        ("open.a.b[].c", "open(a(b(c)))"),
        // A schema within itself is wanted as it is.
        ("tree", "tree(children,leaf)"),
        ("tree.children[].leaf", "tree(children(leaf))"),
    ] {
        assert_eq!(mask(fields), wanted, "{fields}");
    }
}

#[test]
fn what_the_schema_has_otherwise_is_told() {
    for (fields, why) in [
        ("status.podIp", "pods.status has no field 'podIp'; did you mean 'podIP'?"),
        (
            "status.xyz",
            "pods.status has no field 'xyz'; there are containerStatuses, initContainerStatuses, phase and podIP",
        ),
        (
            "status.containerStatuses.name",
            "pods.status.containerStatuses: this is a list: write 'containerStatuses[].…'",
        ),
        ("status.phase[]", "pods.status.phase: this is a text, not a list: leave out '[]'"),
        ("metadata.managedFields", "pods.metadata.managedFields: no gatherer is given these: leave them out"),
        ("status.phase.x", "pods.status.phase: this is a text, and has no fields"),
    ] {
        assert_eq!(mask(fields), format!("gather.yaml, line 3, column 13: {why}"));
    }
    let resources = |resources: &str| plan(&format!("resources: {{{resources}}}")).expect_err("nothing");
    assert!(
        resources("Pod: metadata.name").ends_with("the schemas have no resource 'Pod'; did you mean 'pods'?")
    );
    assert!(resources("pod: metadata.name").ends_with("did you mean 'pods'?"));
    assert!(resources("pods.apps: metadata.name").ends_with("did you mean 'pods'?"));
    assert!(resources("pods: {log: true}").ends_with("pods: there are no logs of these"));
    let both = resources("pods: 'status.a, metadata.b'");
    assert_eq!(both.lines().count(), 2, "{both}");
}

#[test]
fn types_have_the_names_that_they_are_given() {
    let names = |resources: &str| -> Result<Vec<String>, String> {
        plan(resources).map(|plan| plan.structs.iter().map(|made| made.name.clone()).collect())
    };
    let pods = "status.{containerStatuses, initContainerStatuses[].name}";
    assert_eq!(
        names(&format!("resources: {{pods: '{pods}'}}")),
        Ok(["Pod", "PodStatus", "PodStatusContainerStatus", "PodStatusInitContainerStatus"]
            .map(String::from)
            .to_vec())
    );
    assert_eq!(
        names("resources: {pods: status.containerStatuses}\ntypes: {State: pods.status.containerStatuses}"),
        Ok(["Pod", "PodStatus", "State"].map(String::from).to_vec())
    );
    let differ = names(&format!(
        "resources: {{pods: '{pods}'}}\ntypes: {{State: [pods.status.containerStatuses, pods.status.initContainerStatuses]}}"
    ));
    assert!(differ.is_err_and(|why| why.contains("State cannot be both")));
    let unused = names("resources: {pods: metadata.name}\ntypes: {State: pods.status}");
    assert!(unused.is_err_and(|why| why.contains("no wanted field is at 'pods.status'")));
    let twice = names("resources: {pods: metadata.name, Pod: {resource: pods, fields: status.phase}}");
    assert!(twice.is_err_and(|why| why.contains("would be called Pod, which is taken")));
}
