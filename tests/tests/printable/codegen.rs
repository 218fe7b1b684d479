//! Places in codegen.

use super::{EVIL, Place, check, evil_line};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tests::server::{Answer, Server};
use tests::{place, programs, workspace};

fn text(path: &Path) -> String {
    path.to_str().expect("a text").to_owned()
}

/// A CustomResourceDefinition of widgets with these names and properties.
fn crd(plural: &str, kind: &str, properties: &Value) -> String {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.example.com")},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "description": EVIL, "properties": {"spec": {"type": "object", "properties": properties}},
            }}}],
        },
    })
    .to_string()
}

fn gather(folder: &Path, name: &str, rest: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, format!("apiVersion: wagather/v1\nkind: Gather\nname: odd\n{rest}\n"))
        .expect("a declaration");
    text(&file)
}

#[test]
fn declarations_schemas_and_sources() {
    let place = place();
    let folder = place.path();
    let evil = json!(EVIL);
    let line = evil_line();
    let properties = json!({
        "size": {"type": "string", "description": EVIL, "enum": [EVIL, "b"]},
        EVIL: {"type": "string", "description": EVIL},
    });
    let write = |name: &str, what: String| {
        let file = folder.join(name);
        fs::write(&file, what).expect("a file");
        text(&file)
    };
    write("widgets.json", crd("widgets", "Widget", &properties));
    let good = gather(
        folder,
        "good.yaml",
        "schemas: [widgets.json]\noutput: good.rs\nresources:\n  widgets: spec.size",
    );
    let missing = format!("{EVIL}-missing");
    let odd = gather(
        folder,
        &format!("{EVIL}.yaml"),
        "schemas: [widgets.json]\noutput: odd.rs\nresources:\n  widgets: spec.size",
    );
    let sdk = text(workspace::root());
    let mut places = Vec::new();
    for (name, words) in [
        ("declaration that is missing", &["generate", &missing][..]),
        ("declaration's file", &["generate", &odd, "--print"]),
        ("schema that is missing", &["generate", &good, "--schema", &missing]),
        ("printed", &["generate", &good, "--print"]),
        ("docs", &["docs", &good]),
        ("rbac", &["rbac", &odd]),
        ("check that is stale", &["check", &odd]),
        ("folder of a new one", &["new", EVIL]),
        ("folder of the SDK", &["new", "fine", "--sdk", EVIL]),
        ("schema of a new one", &["new", "fine", "--sdk", &sdk, "--crd", &missing]),
        ("sources that are missing", &["verify", &missing]),
        ("command", &[EVIL]),
        ("option", &["generate", &format!("--{EVIL}")]),
        ("account's name", &["rbac", &good, "--name", EVIL]),
    ] {
        let place = Place::new(name, words);
        places.push(if matches!(name, "rbac" | "declaration's file") { place.may_be_shown() } else { place });
    }
    places.push(Place::new("check as JSON", ["check", "--json", &odd]).printed_as_json());
    for (name, rest) in [
        ("key", format!("{evil}: 1")),
        (
            "about",
            format!(
                "about: {evil}\nresources: {{widgets: spec.nothing}}\nschemas: [widgets.json]\n{evil}: 1"
            ),
        ),
        ("resources", format!("resources: {evil}")),
        ("resource", format!("schemas: [widgets.json]\nresources: {{{evil}: spec.size}}")),
        (
            "field",
            format!("schemas: [widgets.json]\nresources: {{widgets: {}}}", json!(format!("spec.{EVIL}"))),
        ),
        (
            "field that is unknown",
            format!("schemas: [widgets.json]\nresources: {{widgets: {}}}", json!(format!("spec.'{line}'"))),
        ),
        ("schema", format!("schemas: [{evil}]\nresources: {{widgets: spec.size}}")),
        (
            "types",
            format!("schemas: [widgets.json]\nresources: {{widgets: spec.size}}\ntypes: {{{evil}: x}}"),
        ),
        ("derive", format!("schemas: [widgets.json]\nresources: {{widgets: spec.size}}\nderive: [{evil}]")),
        ("path", format!("schemas: [widgets.json]\nresources: {{widgets: spec.size}}\npaths: [{evil}]")),
        (
            "output",
            format!(
                "schemas: [widgets.json]\nresources: {{widgets: spec.size}}\noutput: {}",
                json!(format!("nowhere/{EVIL}\u{0}"))
            ),
        ),
    ] {
        let file = gather(folder, &format!("bad-{name}.yaml"), &rest);
        let place = Place::new(format!("declaration's {name}"), ["generate", &file]);
        // Of some it is said what they should be, or what comes before is missing.
        let is_left_out = ["resources", "field", "schema"].contains(&name);
        places.push(if is_left_out { place.may_be_shown() } else { place });
    }
    for (name, schema) in [
        ("plural", crd(EVIL, "Widget", &properties)),
        ("kind", crd("widgets", EVIL, &properties)),
        ("type", crd("widgets", "Widget", &json!({"size": {"type": EVIL}}))),
        ("reference", json!({"openapi": "3.0.0", "paths": {}, "components": {"schemas": {"a.Widget": {
            "type": "object", "properties": {"spec": {"$ref": EVIL}},
            "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}],
        }}}}).to_string()),
        ("version", json!({"openapi": EVIL}).to_string()),
        ("apiVersion", json!({"apiVersion": EVIL, "kind": "CustomResourceDefinition"}).to_string()),
        ("text", format!("{EVIL}: [")),
    ] {
        let schema = write(&format!("schema-{name}.json"), schema);
        for words in [&["generate", &good, "--print", "--schema", &schema][..], &["check", &good, "--schema", &schema], &["fetch", &good, "--schema", &schema, "--output", "fetched"]] {
            places.push(Place::new(format!("schema's {name}, {}", words[0]), words).may_be_shown());
        }
    }

    // A crate whose structs are wrong, below a folder with such a name.
    let odd_crate = folder.join(EVIL);
    fs::create_dir_all(odd_crate.join("src")).expect("a folder");
    fs::write(odd_crate.join("gather.yaml"), "apiVersion: wagather/v1\nkind: Gather\nschemas: [../widgets.json]\nresources: {widgets: spec.size}\n").expect("a file");
    let source = format!(
        "use wagather::{{Fields, Resource}};\n#[derive(Fields)]\nstruct Spec {{ #[field(name = {evil:?})] odd: String }}\n\
         #[derive(Resource)]\n#[resource(group = \"example.com\", version = \"v1\", plural = \"widgets\")]\nstruct Widget {{ spec: Spec }}\n"
    );
    fs::write(odd_crate.join("src/lib.rs"), source).expect("a file");
    places.push(Place::new("verify", ["verify", &text(&odd_crate)]));
    places.push(
        Place::new("verify as JSON", ["verify", "--json", &text(&odd_crate)])
            .printed_as_json()
            .may_be_shown(),
    );

    // Servers.
    let mut servers = Vec::new();
    for (name, answer) in [
        ("refusal", Answer::status(403, EVIL, EVIL)),
        ("failure", Answer::status(500, EVIL, EVIL)),
        ("answer that is none", Answer::bytes("text/plain", EVIL)),
        (
            "index",
            Answer::json(
                &json!({"paths": {EVIL: {"serverRelativeURL": EVIL}, "apis/example.com/v1": {"serverRelativeURL": EVIL}}}),
            ),
        ),
    ] {
        let server = Server::new().on("/openapi/v3", answer).start();
        places.push(
            Place::new(
                format!("server's {name}"),
                ["generate", &good, "--cluster", "--server", &server.url()],
            )
            .may_be_shown(),
        );
        servers.push(server);
    }
    places.push(Place::new("server", ["generate", &good, "--cluster", "--server", EVIL]));
    places.push(Place::new("kubeconfig", ["generate", &good, "--cluster", "--kubeconfig", &missing]));
    check(&programs::codegen(), folder, &places);
    // The example's own output is what it would be without all that.
    let pods = text(&workspace::root().join("examples/pods/gather.yaml"));
    check(&programs::codegen(), folder, &[Place::new("nothing foreign", ["check", &pods]).left_out()]);
}
