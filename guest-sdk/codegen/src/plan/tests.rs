use super::*;
use std::path::Path;
use wagather_abi::limits::MAX_MASK_BYTES;

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
        // A recursive schema is kept undecoded.
        ("tree", "tree(children,leaf)"),
        ("tree.children[].leaf", "tree(children(leaf))"),
    ] {
        assert_eq!(mask(fields), wanted, "{fields}");
    }
}

#[test]
fn what_the_schema_has_otherwise_is_told() {
    for (fields, column, why) in [
        ("status.podIp", 27, "pods.status has no field 'podIp'; did you mean 'podIP'?"),
        (
            "status.xyz",
            27,
            "pods.status has no field 'xyz'; there are containerStatuses, initContainerStatuses, phase and podIP",
        ),
        (
            "metadata.name, status.containerStatuses.name",
            42,
            "pods.status.containerStatuses: this is a list: write 'containerStatuses[].…'",
        ),
        ("status.phase[]", 27, "pods.status.phase: this is a text, not a list: omit '[]'"),
        ("metadata.managedFields", 29, "pods.metadata.managedFields: gatherers never get these: omit them"),
        ("status.phase.x", 27, "pods.status.phase: this is a text, which has no fields"),
    ] {
        assert_eq!(mask(fields), format!("gather.yaml:3:{column}: {why}"));
    }
    let resources = |resources: &str| plan(&format!("resources: {{{resources}}}")).expect_err("nothing");
    assert!(
        resources("Pod: metadata.name").ends_with("the schemas have no resource 'Pod'; did you mean 'pods'?")
    );
    assert!(resources("pod: metadata.name").ends_with("did you mean 'pods'?"));
    assert!(resources("pods.apps: metadata.name").ends_with("did you mean 'pods'?"));
    assert!(resources("pods: {log: true}").ends_with("pods: this resource has no logs"));
    let both = resources("pods: 'status.a, metadata.b'");
    assert_eq!(both.lines().count(), 2, "{both}");
}

#[test]
fn a_mistake_is_told_where_it_is_and_has_no_others_in_its_wake() {
    for (resources, told) in [
        ("resources:\n  pods:\n    fields: |\n      metadata.name,\n      status.{phase, podIp}\n", ":7:22"),
        (
            "resources:\n  pods:\n    fields:\n    - metadata.name\n    - \"status.{phase,\n        podIp}\"\n",
            ":8:9",
        ),
        ("resources:\n  pods:\n    fields: metadata.name,,\n", ":5:27"),
        (
            "resources:\n  pods:\n    fields:\n    - status.containerStatuses[].name\n    - status.containerStatuses.name\n",
            ":7:14",
        ),
        // Type names refer to a missing field of a missing resource: only the first mistake is reported.
        ("resources:\n  pods: status.phse\ntypes:\n  Phase: pods.status.phase\n", ":4:16"),
        ("resources:\n  pod: status.phase\ntypes:\n  Phase: pods.status.phase\n", ":4:3"),
        ("resources:\n  Pod:\n    resource: podz\n    fields: status.phase\n", ":5:15"),
        ("resources:\n  pods:\n    log: true\n    fields: status.phase\n", ":5:10"),
        ("resources:\n  pods:\n    feilds: status.phase\n", ":5:5"),
        ("resource:\n  pods: status.phase\ntypes:\n  Phase: pods.status.phase\n", ":3:1"),
    ] {
        let error = plan(resources).map(|plan| plan.name).expect_err(resources);
        assert!(
            error.starts_with(&format!("gather.yaml{told}: ")) && error.lines().count() == 1,
            "{resources}\n{error}"
        );
    }
    // An independent mistake is reported as well.
    let both = plan(
        "resources:\n  pods: status.phse, metadata.name\ntypes: {Name: pods.metadata.nam, Other: nodes.x}",
    );
    let both = both.map(|plan| plan.name).expect_err("two");
    assert_eq!(both.lines().count(), 1, "{both}");
}

#[test]
fn what_is_too_long_for_a_mask_can_be_raw() {
    let fields: Vec<String> = (0..MAX_MASK_BYTES / 8)
        .map(|number| format!("\"field{number:05}\": {{\"type\": \"string\"}}"))
        .collect();
    let fields = format!("{{\"type\": \"object\", \"properties\": {{{}}}}}", fields.join(","));
    let spec = format!(
        "{{\"type\": \"object\", \"properties\": {{\"large\": {fields}, \"small\": {{\"type\": \"string\"}}}}}}"
    );
    let definition = format!(
        "{{\"apiVersion\": \"apiextensions.k8s.io/v1\", \"kind\": \"CustomResourceDefinition\", \"spec\": {{\"group\": \"example.com\", \
         \"scope\": \"Cluster\", \"names\": {{\"plural\": \"widgets\", \"kind\": \"Widget\"}}, \"versions\": [{{\"name\": \"v1\", \"served\": true, \
         \"schema\": {{\"openAPIV3Schema\": {{\"type\": \"object\", \"properties\": {{\"spec\": {spec}}}}}}}}}]}}}}"
    );
    let mut schemas = Schemas::default();
    schemas.add("widgets.json", definition.as_bytes()).expect("schemas");
    let plan = |types: &str| {
        let text = format!(
            "apiVersion: wagather/v1\nkind: Gather\nresources:\n  widgets.example.com: spec\n{types}"
        );
        let declaration = Declaration::parse(Path::new("gather.yaml"), &text).expect("a declaration");
        Plan::new(&declaration, &schemas).map_err(|error| error.to_string())
    };
    let told = plan("").map(|plan| plan.name).expect_err("too long");
    assert!(told.starts_with("gather.yaml:4:24: "), "{told}");
    let (_, advice) = told.split_once("which is one field: '").expect("advice");
    assert_eq!(advice, "types: {json::Raw: widgets.example.com.spec.large}'");
    // The advice solves the problem.
    let plan = plan(advice.trim_end_matches('\'')).expect("a plan");
    assert_eq!(plan.resources[0].mask, "spec(large,small)");
}

#[test]
fn fields_that_the_host_cannot_decode_are_a_mistake_with_advice() {
    let wide = |number: usize| -> String {
        let fields: Vec<String> = (0..number)
            .map(|at| format!("a{at}: {{type: object, properties: {{b: {{type: string}}}}}}"))
            .collect();
        format!("{{type: object, properties: {{{}}}}}", fields.join(", "))
    };
    let plan = |number: usize, more: &str| {
        let definition = format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  group: example.com\n  names: {{plural: widgets, kind: Widget}}\n  scope: Cluster\n  \
             versions:\n  - name: v1\n    served: true\n    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {}}}}}}}\n",
            wide(number)
        );
        let mut schemas = Schemas::default();
        schemas.add("widgets.json", definition.as_bytes()).expect("schemas");
        let text =
            format!("apiVersion: wagather/v1\nkind: Gather\nresources:\n  widgets.example.com: spec\n{more}");
        let declaration = Declaration::parse(Path::new("gather.yaml"), &text).expect("a declaration");
        Plan::new(&declaration, &schemas).map_err(|error| error.to_string())
    };
    // With the resource and the spec, these are 96 structs.
    assert!(plan(94, "").is_ok());
    let told = plan(95, "").map(|plan| plan.name).expect_err("too many");
    assert!(
        told.starts_with("gather.yaml:4:24: the fields of widgets.example.com are 97 objects "),
        "{told}"
    );
    // Each advice solves the problem.
    assert!(told.contains("'types: {json::Raw: widgets.example.com.spec}'"), "{told}");
    assert!(told.ends_with("'decoding: gatherer'"), "{told}");
    assert!(plan(95, "types: {json::Raw: widgets.example.com.spec}").is_ok());
    assert!(plan(95, "decoding: gatherer\n").is_ok());
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
    assert!(unused.is_err_and(|why| why.contains("no selected field is at 'pods.status'")));
    let twice = names("resources: {pods: metadata.name, Pod: {resource: pods, fields: status.phase}}");
    assert!(twice.is_err_and(|why| why.contains("would be called Pod, which is taken")));
}

#[test]
fn an_integer_that_is_passed_on_is_text() {
    let types = |types: &str| {
        let containers = "status.containerStatuses[].{name, restartCount}";
        let plan = plan(&format!("resources: {{pods: '{containers}'}}\n{types}"));
        plan.map(|plan| {
            plan.structs.iter().flat_map(|made| &made.fields).map(|field| field.of_type.clone()).collect()
        })
    };
    let counts: Vec<Type> = types("").expect("a plan");
    assert!(counts.contains(&Type::Integer("i32")) && !counts.contains(&Type::IntOrString), "{counts:?}");
    let texts = types("types: {IntOrString: pods.status.containerStatuses.restartCount}").expect("a plan");
    assert!(texts.contains(&Type::IntOrString) && !texts.contains(&Type::Integer("i32")), "{texts:?}");
}
