use super::*;
use crate::{Declaration, Plan, emit};
use std::path::{Path, PathBuf};

/// A document of a real server, reduced to two resources.
const CORE: &str = include_str!("../../tests/schemas/core-v1.json");

fn saved(name: &str, text: &str) -> Saved {
    Saved {
        name: name.to_owned(),
        from: PathBuf::from(name),
        bytes: text.as_bytes().to_vec(),
        is_found: false,
    }
}

fn crd(plural: &str, kind: &str, versions: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
         metadata: {{name: {plural}.example.com, annotations: {{a: b}}}}\n\
         spec: {{group: example.com, scope: Cluster, names: {{plural: {plural}, kind: {kind}}}, versions: [{versions}]}}\n"
    )
}

const VERSIONS: &str = "{name: v1, served: true, storage: true, additionalPrinterColumns: [], schema: {openAPIV3Schema: {type: object, \
    description: A widget., properties: {spec: {type: object, properties: {size: {x-kubernetes-int-or-string: true}}}}}}}, \
    {name: v1beta1, served: true}";

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn as_documents(cut: &[Cut]) -> Vec<Saved> {
    cut.iter().map(|Cut { name, text }| saved(name, text)).collect()
}

/// The module generated from documents, without the lines that name them.
fn module(documents: &[Saved], resources: &str) -> String {
    let text = format!("apiVersion: wagather/v1\nkind: Gather\nname: it\nresources: {resources}\n");
    let declaration = Declaration::parse(Path::new("gather.yaml"), &text).expect("a declaration");
    let schemas = Schemas::of(documents).expect("schemas");
    let mut plan = Plan::new(&declaration, &schemas).expect("a plan");
    plan.sources.clear();
    format!("{plan:?}\n{}", emit::rust(&plan)).replace(&index_of(documents, &plan), "")
}

/// The plan's name for the document, which may differ in the reduced ones.
fn index_of(_: &[Saved], plan: &Plan) -> String {
    let text = format!("{:?}", plan.resources.first().map(|planned| &planned.resource));
    let at = text.find("document: ").expect("its document");
    text[at..].split(',').next().unwrap_or_default().to_owned()
}

#[test]
fn a_cut_document_says_the_same() {
    let whole = [saved("core.json", CORE), saved("w.yaml", &crd("widgets", "Widget", VERSIONS))];
    for (resource, fields, cut_name) in [
        ("nodes", "metadata, spec, status", "core-v1.json"),
        ("services", "metadata.labels, spec.ports[].{port, targetPort}, status", "core-v1.json"),
        ("widgets.example.com", "metadata.name, spec", "example.com-v1.json"),
        ("widgets.v1beta1.example.com", "metadata.name, anything.at.all", "example.com-v1beta1.json"),
    ] {
        let cut = cut(&whole, &names(&[resource]), Descriptions::Kept).expect("cut");
        assert_eq!(cut.iter().map(|cut| &*cut.name).collect::<Vec<_>>(), [cut_name]);
        let documents = as_documents(&cut);
        let resources = format!("{{{resource}: '{fields}'}}");
        assert_eq!(module(&documents, &resources), module(&whole, &resources), "{resource}");
        // Reducing again changes nothing.
        assert_eq!(super::cut(&documents, &names(&[resource]), Descriptions::Kept).expect("cut again"), cut);
        // Only the resource is left.
        assert_eq!(Schemas::of(&documents).expect("schemas").resources().len(), 1, "{resource}");
    }
}

#[test]
fn only_what_is_led_to_stays() {
    let cut =
        cut(&[saved("core.json", CORE)], &names(&["services", "services"]), Descriptions::Kept).expect("cut");
    let value: Value = serde_json::from_str(&cut[0].text).expect("JSON");
    let schemas = value["components"]["schemas"].as_object().expect("schemas");
    assert!(schemas.contains_key("io.k8s.api.core.v1.ServiceSpec"));
    assert!(!schemas.keys().any(|name| name.contains("Node")), "{:?}", schemas.keys());
    let paths: Vec<&String> = value["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(
        paths,
        [
            "/api/v1/namespaces/{namespace}/services",
            "/api/v1/namespaces/{namespace}/services/{name}",
            "/api/v1/services"
        ]
    );
    assert_eq!(value["info"]["version"], "1.36");
    // Sorted, one entry per line, and the same each time.
    assert!(cut[0].text.starts_with("{\n  \"components\": {\n") && cut[0].text.ends_with("}\n"));
}

#[test]
fn what_is_of_one_version_of_a_group_is_in_one_file() {
    let documents = [
        saved("w.yaml", &crd("widgets", "Widget", VERSIONS)),
        saved("g.yaml", &crd("gadgets", "Gadget", VERSIONS)),
        saved("core.json", CORE),
    ];
    let cut = cut(&documents, &names(&["nodes", "gadgets", "services", "widgets"]), Descriptions::Kept)
        .expect("cut");
    assert_eq!(cut.iter().map(|cut| &*cut.name).collect::<Vec<_>>(), ["core-v1.json", "example.com-v1.json"]);
    let schemas = Schemas::of(&as_documents(&cut)).expect("schemas");
    let found: Vec<String> = schemas.resources().iter().map(schema_name).collect();
    assert_eq!(found, ["nodes", "services", "widgets.example.com", "gadgets.example.com"]);
}

fn schema_name(resource: &Resource) -> String {
    resource.name()
}

#[test]
fn a_resource_that_no_document_has_is_told() {
    let documents = [saved("core.json", CORE)];
    let why = cut(&documents, &names(&["node", "nodes", "gizmos"]), Descriptions::Kept)
        .expect_err("missing")
        .to_string();
    assert!(
        why.contains("no resource 'node'; did you mean 'nodes'?") && why.contains("no resource 'gizmos'"),
        "{why}"
    );
    let why = cut(&[saved("a/b.json", "{")], &[], Descriptions::Kept).expect_err("not JSON").to_string();
    assert!(why.starts_with("a/b.json:1:1: not JSON: EOF"), "{why}");
}

#[test]
fn documents_have_names_of_files() {
    for (name, file) in [
        ("/openapi/v3/api/v1", "core-v1.json"),
        ("/openapi/v3/apis/apps/v1", "apps-v1.json"),
        ("/openapi/v3/apis/apps", "apis-apps.json"),
        ("/openapi/v3/.well-known/openid-configuration", "_.well-known-openid-configuration.json"),
        ("/openapi/v3/../../etc/passwd", "_..-..-etc-passwd.json"),
        ("/openapi/v2", "openapi-v2.json"),
        ("crds.yaml", "crds.yaml"),
    ] {
        assert_eq!(file_name(&saved(name, "")), file);
    }
}

#[test]
fn descriptions_can_be_left_out() {
    let whole = [saved("w.yaml", &crd("widgets", "Widget", VERSIONS))];
    let text = |descriptions| {
        let cut = cut(&whole, &names(&["widgets.example.com"]), descriptions).expect("cut");
        cut[0].text.clone()
    };
    let (kept, left_out) = (text(Descriptions::Kept), text(Descriptions::LeftOut));
    assert!(kept.contains("\"description\": \"A widget.\""), "{kept}");
    assert!(
        !left_out.contains("description") && left_out.contains("x-kubernetes-int-or-string"),
        "{left_out}"
    );
}
