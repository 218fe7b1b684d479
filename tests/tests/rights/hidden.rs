//! `rest_hides`: a gatherer can distinguish hidden fields from absent ones, and the host and the fake host agree.

use super::grant;
use std::path::Path;
use tests::guest;
use tests::host::Host;
use tests::objects;
use tests::place;
use wagather::{abi::Status, fake};

/// A guest that asks whether a field is hidden of a list, and returns 20 more than the answer.
fn asks(folder: &Path, resource: &str, field: &str) -> std::path::PathBuf {
    let quoted: String = field.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let fields = format!(
        r#"(import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
        (import "wagather_v1" "rest_hides" (func $rest_hides (param i32 i32 i32) (result i32)))
        (data (i32.const 0) "\02\00\00\00" "\00\00\00\00" "\00\01\00\00" "\02\00\00\00" "\02\01\00\00" "\{:02x}\00\00\00")
        (data (i32.const 256) "v1{resource}")
        (data (i32.const 512) "{quoted}")
        (func (export "gather") (result i32)
            (i32.add (i32.const 20)
                (call $rest_hides (call $rest_start (i32.const 0)) (i32.const 512) (i32.const {}))))"#,
        resource.len(),
        field.len(),
    );
    let record = format!("resource list /v1/{resource} * *");
    guest::write(folder, "asks", &guest::module("asks", &[&record], &fields))
}

/// The same of the fake host.
fn faked(resource: &'static str, without: &[&str], field: &'static str) -> Result<bool, Status> {
    let path = format!("/api/v1/{resource}");
    let host =
        without.iter().fold(fake::Host::new().list(&path, "[]"), |host, field| host.without(&path, field));
    let mut hides = Err(Status::OK);
    let run = host.run(|| {
        hides = match resource {
            "pods" => wagather::Api::<Pod>::all().list(&wagather::ListParams::default())?.hides(field),
            _ => wagather::Api::<Secret>::all().list(&wagather::ListParams::default())?.hides(field),
        }
        .map_err(|error| error.status());
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    hides
}

#[derive(wagather::Resource)]
#[resource(version = "v1", plural = "pods", namespaced)]
struct Pod;

#[derive(wagather::Resource)]
#[resource(version = "v1", plural = "secrets", namespaced)]
struct Secret;

#[test]
fn a_field_that_is_hidden_is_told_from_one_that_is_absent() {
    let (place, server) = (place(), objects::server().start());
    let without = ["spec.containers.env", "metadata.annotations['example.com/x']"];
    for (resource, field, hides) in [
        ("pods", "spec.containers.env", 1),
        ("pods", "spec.containers.env.value", 1),
        ("pods", "metadata.annotations[\"example.com/x\"]", 1),
        // Of these only a part is hidden, or nothing.
        ("pods", "spec.containers", 0),
        ("pods", "spec.containers.envFrom", 0),
        ("pods", "metadata.annotations", 0),
        ("pods", "nowhere", 0),
        // Redaction does that, of every object.
        ("pods", "metadata.annotations['kubectl.kubernetes.io/last-applied-configuration']", 1),
        ("pods", "data", 0),
        ("secrets", "data", 1),
        ("secrets", "data['tls.key']", 1),
        ("secrets", "stringData.password", 1),
        ("secrets", "type", 0),
        ("pods", "spec..containers", -4),
        ("pods", "spec.containers[0]", -4),
    ] {
        let rule =
            |resource: &str| format!("  - {{verbs: [list], apiGroups: [\"\"], resources: [{resource}]}}\n");
        let removed: Vec<String> = without.iter().map(|field| format!("{field:?}")).collect();
        let rules = format!(
            "rules:\n{}{}    without: [{}]\n",
            rule("secrets"),
            "  - verbs: [list]\n    apiGroups: [\"\"]\n    resources: [pods]\n",
            removed.join(", ")
        );
        let host = Host::run(asks(place.path(), resource, field)).server(&server.url());
        let output = place.path().join("out");
        let _ = std::fs::remove_dir_all(tests::host::incomplete(&output));
        let grant = grant(place.path(), &rules).display().to_string();
        let done = host.output(&output).args(["--grant", &grant]).wait();
        let said = format!("it returned {}", 20 + hides);
        assert!(done.stderr.contains(&said), "{resource} {field}: not '{said}' but {}", done.stderr);
        let of_fake = faked(resource, if resource == "pods" { &without } else { &[] }, field);
        let expected = if hides < 0 { Err(Status(hides)) } else { Ok(hides == 1) };
        assert_eq!(of_fake, expected, "the fake host of {resource} {field}");
    }
}

#[test]
fn what_is_not_redacted_is_not_hidden() {
    let (place, server) = (place(), objects::server().start());
    let rules = "rules:\n  - verbs: [list]\n    apiGroups: [\"\"]\n    resources: [secrets]\nredact: { except: [secretData] }\n";
    let grant = grant(place.path(), rules).display().to_string();
    let host = Host::run(asks(place.path(), "secrets", "data")).server(&server.url());
    let done = host.output(place.path().join("out")).args(["--grant", &grant]).wait();
    assert!(done.stderr.contains("it returned 20"), "{}", done.stderr);
}
