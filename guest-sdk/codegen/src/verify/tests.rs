//! Tests with small sources and a small schema.

mod crates;

use super::*;
use std::collections::BTreeMap;
use std::io;

const PODS: &str = r##"{"openapi": "3.0.0", "info": {"title": "Test", "version": "1"},
    "paths": {
        "/api/v1/pods": {"get": {"x-kubernetes-action": "list",
            "x-kubernetes-group-version-kind": {"group": "", "version": "v1", "kind": "Pod"}}},
        "/apis/apps/v1/deployments": {"get": {"x-kubernetes-action": "list",
            "x-kubernetes-group-version-kind": {"group": "apps", "version": "v1", "kind": "Deployment"}}},
        "/apis/apps/v1/namespaces/{namespace}/deployments/{name}": {"get": {"x-kubernetes-action": "get",
            "x-kubernetes-group-version-kind": {"group": "apps", "version": "v1", "kind": "Deployment"}}},
        "/api/v1/namespaces/{namespace}/pods": {"get": {"x-kubernetes-action": "list",
            "x-kubernetes-group-version-kind": {"group": "", "version": "v1", "kind": "Pod"}}},
        "/api/v1/namespaces/{namespace}/pods/{name}/log": {"get": {"x-kubernetes-action": "connect",
            "x-kubernetes-group-version-kind": {"group": "", "version": "v1", "kind": "Pod"}}},
        "/api/v1/nodes": {"get": {"x-kubernetes-action": "list",
            "x-kubernetes-group-version-kind": {"group": "", "version": "v1", "kind": "Node"}}}},
    "components": {"schemas": {
        "apps.v1.Deployment": {"type": "object",
            "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Deployment"}],
            "properties": {"metadata": {"$ref": "#/components/schemas/meta.v1.ObjectMeta"}}},
        "core.v1.Node": {"type": "object",
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Node"}],
            "properties": {"metadata": {"$ref": "#/components/schemas/meta.v1.ObjectMeta"}}},
        "core.v1.Pod": {"type": "object",
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}],
            "properties": {
                "metadata": {"allOf": [{"$ref": "#/components/schemas/meta.v1.ObjectMeta"}]},
                "status": {"$ref": "#/components/schemas/core.v1.PodStatus"},
                "tree": {"$ref": "#/components/schemas/core.v1.Tree"},
                "broken": {"$ref": "#/components/schemas/core.v1.Nowhere"},
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "more": {"type": "object", "properties": {"known": {"type": "string"}},
                    "x-kubernetes-preserve-unknown-fields": true}}},
        "meta.v1.ObjectMeta": {"type": "object", "properties": {
            "name": {"type": "string"},
            "created": {"type": "string", "format": "date-time"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
        "core.v1.PodStatus": {"type": "object", "required": ["phase"], "properties": {
            "phase": {"type": "string", "enum": ["Pending", "Running"]},
            "podIP": {"type": "string"},
            "setHostnameAsFQDN": {"type": "boolean"},
            "token": {"type": "string", "format": "byte"},
            "generation": {"type": "integer", "format": "int64"},
            "port": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 65535},
            "plain": {"type": "integer"},
            "ratio": {"type": "number", "format": "double"},
            "surge": {"x-kubernetes-int-or-string": true},
            "limits": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"}},
            "containerStatuses": {"type": "array", "items": {"$ref": "#/components/schemas/core.v1.ContainerStatus"}},
            "initContainerStatuses": {"type": "array", "items": {"$ref": "#/components/schemas/core.v1.ContainerStatus"}}}},
        "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
        "core.v1.ContainerStatus": {"type": "object", "properties": {
            "name": {"type": "string"}, "restartCount": {"type": "integer", "format": "int32"}}},
        "core.v1.Tree": {"type": "object", "properties": {
            "leaf": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/core.v1.Tree"}}}}}}}"##;

fn schemas() -> Schemas {
    let mut schemas = Schemas::default();
    schemas.add("pods.json", PODS.as_bytes()).expect("schemas");
    schemas
}

/// Checks a crate of these files.
fn of_files(files: &[(&str, &str)]) -> Report {
    let files: BTreeMap<&Path, &str> = files.iter().map(|(name, text)| (Path::new(name), *text)).collect();
    verify_with(Path::new("src/lib.rs"), &schemas(), &|file| {
        files.get(file).map(|text| (*text).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
    })
}

fn told(report: &Report) -> Vec<String> {
    report.messages.iter().map(|message| format!("{}: {message}", message.level.as_str())).collect()
}

/// The messages for a source that begins on line 2.
fn of_source(source: &str) -> Vec<String> {
    told(&of_files(&[("src/lib.rs", &format!("use wagather::{{Fields, Resource, json}};\n{source}"))]))
}

/// The messages for a field of `status`, by its name and type, without place and path.
fn of_status(field: &str, of_type: &str) -> Vec<String> {
    let told = of_source(&format!(
        "#[derive(Default, Resource)] #[resource(version = \"v1\", plural = \"pods\", namespaced)] struct Pod {{ status: Status }}\n\
         #[derive(Default, Fields)] struct Status {{\n    {field}: {of_type},\n}}\n\
         #[derive(Default, Fields)] struct ContainerStatus {{ name: String, restart_count: i32 }}\n\
         #[derive(Default, Fields)] struct Phase(String);\n"
    ));
    told.into_iter().map(|line| line.replacen("src/lib.rs:4:", "", 1)).collect()
}

#[test]
fn a_field_that_there_is_not_is_told_with_its_place() {
    assert_eq!(
        of_status("phaze", "String"),
        ["error: 5: Pod.status.phaze: PodStatus has no field 'phaze'; did you mean 'phase'?"]
    );
    assert_eq!(of_status("pod_ip", "String"), [""; 0]);
    assert_eq!(
        of_status("#[field(name = \"podIp\")] pod_ip", "String"),
        ["error: 30: Pod.status.podIp: PodStatus has no field 'podIp'; did you mean 'podIP'?"]
    );
    // A JSON name that no Rust name converts to.
    assert_eq!(
        of_status("set_hostname_as_fqdn", "bool"),
        [
            "error: 5: Pod.status.setHostnameAsFqdn: PodStatus has no field 'setHostnameAsFqdn'; did you mean 'setHostnameAsFQDN', with #[field(name = \"setHostnameAsFQDN\")]?"
        ]
    );
    assert_eq!(of_status("#[field(name = \"setHostnameAsFQDN\")] fqdn", "bool"), [""; 0]);
    assert_eq!(of_status("#[field(skip)] own", "bool"), [""; 0]);
    let none = of_status("quite_another_one", "bool");
    assert!(none[0].contains("; there are containerStatuses, generation"), "{none:?}");
}

#[test]
fn a_type_can_hold_what_the_schema_says() {
    for (field, of_type) in [
        ("phase", "String"),
        ("phase", "Phase"),
        ("phase", "Option<Box<String>>"),
        ("phase", "std::string::String"),
        ("phase", "json::Whole<Whatever>"),
        ("phase", "json::Raw"),
        ("token", "String"),
        ("generation", "i64"),
        ("plain", "i64"),
        ("port", "u16"),
        ("port", "i32"),
        ("port", "f32"),
        ("ratio", "f64"),
        ("ratio", "f32"),
        ("surge", "json::IntOrString"),
        ("surge", "wagather::typed::IntOrString<'static>"),
        ("limits", "wagather::typed::Map<'static, wagather::typed::Quantity<'static>>"),
        ("phase", "Option<&'static str>"),
        ("phase", "wagather::typed::Raw<'static>"),
        ("surge", "wagather::Quantity"),
        ("limits", "json::Pairs<wagather::quantity::Quantity>"),
        ("limits", "std::collections::BTreeMap<String, String>"),
        ("limits", "json::Raw"),
        ("container_statuses", "Vec<ContainerStatus>"),
        ("container_statuses", "Option<Vec<Box<ContainerStatus>>>"),
        ("container_statuses", "Vec<json::Pairs<json::Raw>>"),
        ("container_statuses", "json::Raw"),
    ] {
        assert_eq!(of_status(field, of_type), [""; 0], "{field}: {of_type}");
    }
}

#[test]
fn a_type_that_cannot_is_told() {
    for (field, of_type, column, why) in [
        ("phase", "u32", 12, "a text, which cannot be decoded as u32: write String"),
        ("phase", "Option<bool>", 19, "a text, which cannot be decoded as bool: write String"),
        (
            "phase",
            "ContainerStatus",
            12,
            "a text, which cannot be decoded as the struct ContainerStatus: write String",
        ),
        ("token", "Vec<u8>", 12, "a text, which cannot be decoded as a Vec: write String, in base64"),
        ("generation", "String", 17, "an integer, which cannot be decoded as String: write i64"),
        ("port", "Phase", 0, "an integer, which cannot be decoded as String: write i32"),
        ("ratio", "i64", 12, "a number, which cannot be decoded as i64: write f64"),
        (
            "surge",
            "String",
            12,
            "a number or a text, which cannot be decoded as String: write json::IntOrString",
        ),
        (
            "limits",
            "Vec<String>",
            13,
            "a map, which cannot be decoded as a Vec: write json::Pairs, or a struct with the wanted keys",
        ),
        (
            "container_statuses",
            "ContainerStatus",
            25,
            "a list, which cannot be decoded as the struct ContainerStatus: write Vec",
        ),
    ] {
        let told = of_status(field, of_type);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].ends_with(&format!(": the schema says {why}")), "{field}: {of_type}: {told:?}");
        if column > 0 {
            assert!(told[0].starts_with(&format!("error: {column}: ")), "{field}: {of_type}: {told:?}");
        }
    }
    let inner = of_status("container_statuses", "Vec<String>");
    assert_eq!(
        inner,
        [
            "error: 29: Pod.status.containerStatuses[]: the schema says an object, which cannot be decoded as String: write a struct with #[derive(Fields)], or json::Raw"
        ]
    );
    let value = of_status("limits", "json::Pairs<u32>");
    assert_eq!(
        value,
        [
            "error: 25: Pod.status.limits.*: the schema says a quantity, which cannot be decoded as u32: write Quantity or String"
        ]
    );
    // A map with the fields of an object: each of them must match.
    let map = of_status("container_statuses", "Vec<json::Pairs<String>>");
    assert_eq!(
        map,
        [
            "error: 41: Pod.status.containerStatuses[].restartCount: the schema says an integer, which cannot be decoded as String: write i32"
        ]
    );
}

#[test]
fn numbers_that_a_type_cannot_hold_are_warned_of() {
    for (field, of_type, why) in [
        (
            "generation",
            "i32",
            "the schema allows numbers below -2147483648 and above 2147483647, which cannot be decoded as i32; use i64",
        ),
        ("generation", "u64", "the schema allows numbers below 0, which cannot be decoded as u64; use i64"),
        (
            "plain",
            "usize",
            "the schema allows numbers below 0 and above 4294967295, which cannot be decoded as usize; use i64",
        ),
        ("port", "u8", "the schema allows numbers above 255, which cannot be decoded as u8; use i32"),
        (
            "generation",
            "f64",
            "the schema allows integers beyond 9007199254740992, which f64 rounds; use i64",
        ),
    ] {
        let told = of_status(field, of_type);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("warning: ") && told[0].ends_with(&format!(".{field}: {why}")),
            "{told:?}"
        );
    }
}

#[test]
fn what_the_schema_leaves_open_is_allowed() {
    let pod = "#[derive(Default, Resource)] #[resource(version = \"v1\", plural = \"pods\", namespaced)] struct Pod";
    let any = "#[derive(Default, Fields)] struct Any { anything: Vec<u8>, known: String }";
    assert_eq!(of_source(&format!("{pod} {{ open: Any, more: Any }} {any}")), [""; 0]);
    let wrong =
        format!("{pod} {{ more: Any }} #[derive(Default, Fields)] struct Any {{ other: u8, known: u8 }}");
    let wrong = of_source(&wrong);
    assert!(wrong.len() == 1 && wrong[0].contains("Pod.more.known: the schema says a text"), "{wrong:?}");
    // The keys of a map, by name.
    let labels = format!(
        "{pod} {{ metadata: Meta }} #[derive(Fields)] struct Meta {{ labels: Labels }} #[derive(Fields)] struct Labels {{ app: String, number: u8 }}"
    );
    let told = of_source(&labels);
    assert!(
        told.len() == 1 && told[0].contains("Pod.metadata.labels.number: the schema says a text"),
        "{told:?}"
    );
    let broken = of_source(&format!("{pod} {{ broken: String }}"));
    assert!(
        broken.len() == 1
            && broken[0].contains("Pod.broken: pods.json, ")
            && broken[0].contains("core.v1.Nowhere"),
        "{broken:?}"
    );
}

#[test]
fn what_a_resource_says_of_itself_is_checked() {
    for (attribute, name, why) in [
        ("version = \"v1\", plural = \"pods\", namespaced, log", "Pod", &[][..]),
        ("version = \"v1\", plural = \"pods\", namespace = \"shop\"", "Pod", &[]),
        (
            "group = \"apps\", version = \"v1\", plural = \"deployments\", cluster, verbs(get, list)",
            "Deployment",
            &["deployments.apps are namespaced: write 'namespaced', or 'namespace = \"…\"'"],
        ),
        (
            "version = \"v1\", plural = \"nodes\", namespaced, verbs(get), log",
            "Host",
            &[
                "the kind of nodes is Node, not Host: write 'kind = \"Node\"'",
                "nodes are cluster-scoped: write 'cluster'",
                "nodes do not support get: omit the verb 'get'",
                "nodes have no logs: omit 'log'",
            ],
        ),
        (
            "version = \"v2\", plural = \"pods\", namespaced",
            "Pod",
            &["the schemas have pods in version v1, not in 'v2'"],
        ),
        (
            "version = \"v1\", plural = \"pod\", namespaced",
            "Pod",
            &["the schemas have no resource 'pod'; did you mean 'pods'?"],
        ),
        (
            "version = \"v1\", plural = \"deployments\", namespaced",
            "Deployment",
            &["the schemas have no resource 'deployments'; did you mean 'group = \"apps\"'?"],
        ),
        (
            "group = \"apps\", version = \"v1\", plural = \"pods\", namespaced",
            "Pod",
            &["'pods' are in the core group: omit 'group'"],
        ),
        (
            "version = \"v1\", plural = \"pods\"",
            "Pod",
            &["`#[resource(…)]` lacks scope: `cluster` or `namespaced`"],
        ),
    ] {
        let told = of_source(&format!("#[derive(Resource)]\n#[resource({attribute})]\nstruct {name};\n"));
        let place = if why.first().is_some_and(|why| why.contains("lacks")) { "4:8" } else { "3:3" };
        let wanted: Vec<String> =
            why.iter().map(|why| format!("error: src/lib.rs:{place}: {name}: {why}")).collect();
        assert_eq!(told, wanted, "{attribute}");
    }
}

#[test]
fn names_are_found_as_the_compiler_finds_them() {
    let root = "extern crate alloc as memory;\nmod a;\nmod b { pub mod c; pub use self::c::Meta as Named; }\n#[path = \"other/name.rs\"]\nmod d;\n\
        use memory::string::String as Text;\nuse wagather::json::*;\ntype Many<T> = Option<Vec<T>>;\ntype Maps = Pairs<Text>;\n\
        #[derive(Resource)] #[resource(version = \"v1\", plural = \"pods\", namespaced)]\n\
        struct Pod { metadata: b::Named, status: a::Status, tree: crate::d::Tree }\n\
        #[cfg(test)] mod tests;\n\
        fn inner() {\n    use b::c;\n    #[derive(Resource)] #[resource(version = \"v1\", plural = \"nodes\", cluster)] struct Node { metadata: Own }\n    #[derive(Fields)] struct Own { name: Text, size: Text, x: c::Meta }\n}\n";
    let files = [
        ("src/lib.rs", root),
        (
            "src/a.rs",
            "use super::*;\nmod e;\n#[derive(Fields)] pub struct Status { container_statuses: Many<e::Container>, phase: Text }",
        ),
        ("src/a/e/mod.rs", "#[derive(Fields)] pub struct Container { name: u8, r#restartCount: i32 }"),
        ("src/b/c.rs", "#[derive(Fields)] pub struct Meta { labels: crate::Maps, name: super::super::Text }"),
        ("src/other/name.rs", "mod f;\npub use f::{self, Leaf as Tree};"),
        ("src/other/f.rs", "#[derive(Fields)] pub struct Leaf { leaf: bool }"),
    ];
    let report = of_files(&files);
    assert_eq!(
        told(&report),
        [
            "error: src/lib.rs:16:48: Node.metadata.size: ObjectMeta has no field 'size'; there are created, labels and name",
            "error: src/lib.rs:16:60: Node.metadata.x: ObjectMeta has no field 'x'; there are created, labels and name",
            "error: src/a/e/mod.rs:1:48: Pod.status.containerStatuses[].name: the schema says a text, which cannot be decoded as u8: write String",
            "error: src/other/f.rs:1:43: Pod.tree.leaf: the schema says a text, which cannot be decoded as bool: write String",
        ]
    );
    assert_eq!(report.resources, 2);
    let files: Vec<String> = report.files.iter().map(|file| file.display().to_string()).collect();
    assert_eq!(
        files,
        ["src/lib.rs", "src/a.rs", "src/a/e/mod.rs", "src/b/c.rs", "src/other/name.rs", "src/other/f.rs"]
    );
}

#[test]
fn what_cannot_be_followed_is_noted() {
    let pod = "#[derive(Default, Resource)] #[resource(version = \"v1\", plural = \"pods\", namespaced)] struct Pod";
    for (rest, why) in [
        ("{ metadata: Meta } enum Meta {}", "'Meta' cannot be checked: its own code decodes it"),
        (
            "{ metadata: Meta } struct Meta { x: u8 }",
            "'Meta' cannot be checked: it has no #[derive(Fields)], so its own code decodes it",
        ),
        (
            "{ tree: Deep } #[derive(Fields)] struct Deep { leaf: Leaf } struct Leaf(String);",
            "'Leaf' cannot be checked: it has no #[derive(Fields)], so its own code decodes it",
        ),
        ("{ metadata: other::Meta }", "'other::Meta' cannot be checked: it is not in this crate"),
        ("{ metadata: Meta } use other::*;", "'Meta' cannot be checked: it is not in this crate"),
        ("{ metadata: (u8, u8) }", "this kind of type cannot be checked"),
        ("{ metadata: A } type A = B; type B = A;", "'A' cannot be checked: its aliases form a cycle"),
        (
            "{ metadata: x::A } mod x { pub use super::y::A; } mod y { pub use super::x::A; }",
            "'x::A' cannot be checked: the name is not found",
        ),
    ] {
        let told = of_source(&format!("{pod} {rest}"));
        assert!(told.len() == 1 && told[0].starts_with("note: src/lib.rs:2:"), "{rest}: {told:?}");
        assert!(told[0].ends_with(why), "{told:?}");
    }
}

#[test]
fn a_type_within_itself_is_told_and_ends() {
    let pod = "#[derive(Default, Resource)] #[resource(version = \"v1\", plural = \"pods\", namespaced)] struct Pod { tree: Tree }\n";
    let told =
        of_source(&format!("{pod}#[derive(Fields)] struct Tree {{ leaf: String, children: Vec<Tree> }}"));
    assert_eq!(
        told,
        [
            "error: src/lib.rs:3:61: Pod.tree.children[]: 'Tree' contains itself, so its field mask would not end: use json::Raw for the inner value"
        ]
    );
    let some = format!(
        "{pod}#[derive(Fields)] struct Tree {{ children: Vec<Below> }} #[derive(Fields)] struct Below {{ leaf: String, children: json::Raw }}"
    );
    assert_eq!(of_source(&some), [""; 0]);
}

#[test]
fn what_is_wrong_is_told_once_and_at_once() {
    let source = "#[derive(Resource)] #[resource(version = \"v1\", plural = \"pods\", cluster)]\nstruct Pod { status: Status, mode: u8 }\n\
        #[derive(Fields)] struct Status { container_statuses: Vec<Container>, init_container_statuses: Vec<Container>, plain: u8 }\n\
        #[derive(Fields)] struct Container { nam: String, other: Unknown, restart_count: u32 }\n";
    let places: Vec<String> = of_source(source)
        .iter()
        .map(|line| line.splitn(5, ':').take(4).collect::<Vec<&str>>().join(":"))
        .collect();
    assert_eq!(
        places,
        [
            "error: src/lib.rs:2:23",
            "error: src/lib.rs:3:30",
            "error: src/lib.rs:5:38",
            "error: src/lib.rs:5:51",
            "warning: src/lib.rs:4:119",
            "warning: src/lib.rs:5:82",
        ]
    );
}

#[test]
fn sources_that_cannot_be_read_are_told() {
    let report = of_files(&[]);
    assert!(told(&report)[0].starts_with("error: src/lib.rs:1:1: cannot be read: "), "{report:?}");
    for (files, why) in [
        (
            &[("src/lib.rs", "mod gone;\n#[cfg(windows)] mod other;")][..],
            &[
                "error: src/lib.rs:1:5: the file of the module 'gone' is missing: src/gone.rs or src/gone/mod.rs",
                "note: src/lib.rs:2:21: the file of the module 'other' is missing: src/other.rs or src/other/mod.rs",
            ][..],
        ),
        (&[("src/lib.rs", "struct {")], &["error: src/lib.rs:1:8: not valid Rust: "]),
        (
            &[("src/lib.rs", "#[path = \"lib.rs\"] mod again;")],
            &["error: src/lib.rs:1:24: src/lib.rs is a module of itself"],
        ),
    ] {
        let told = told(&of_files(files));
        assert_eq!(told.len(), why.len(), "{told:?}");
        for (told, why) in told.iter().zip(why) {
            assert!(told.starts_with(why), "{told}");
        }
    }
    // Line 1 is a shebang line.
    assert_eq!(told(&of_files(&[("src/lib.rs", "#!/usr/bin/env rust\nstruct A;")])), [""; 0]);
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("-", ""), ("A<", ">"), ("&", "")] {
        for depth in [100, 1_000, 100_000] {
            for around in ["fn f() { let x = ", "type T = "] {
                let end = if around.starts_with("fn") { "; }" } else { ";" };
                let text = format!("{around}{}1{}{end}", open.repeat(depth), close.repeat(depth));
                let told = told(&of_files(&[("src/lib.rs", &text)]));
                assert!(
                    depth < 1_000 || told.iter().any(|line| line.contains("not valid Rust")),
                    "{open} {depth}: {told:?}"
                );
            }
        }
    }
}
