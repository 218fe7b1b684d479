//! Round trips: everything that the API server can list goes through types that the generator made, and comes out as it went in.
//!
//! The resources and their fields are read from the server's own OpenAPI documents, twice: by the generator, and by [`schema`], which
//! writes the declarations and shares no code with it. Gatherers that are compiled as the examples are write each decoded object
//! back as JSON, and what they write is [compared](compare) with the server's raw answer: once for [objects](fill) that
//! the server holds, and once for [objects](synthetic) that are made up of the schemas, in which every field has a value.

mod compare;
mod guests;
mod schema;

use guests::Guest;
use schema::Listed;
use serde_json::Value;
use std::collections::BTreeMap;
use tests::apiserver::Server;
use tests::archive::Archive;
use tests::host::Host;
use wagather_codegen::Schemas;

/// All that can be granted, Secrets too, and nothing made unreadable: redaction has tests of its own.
const GRANT: &str = r#"apiVersion: wagather/v1
kind: Grant
rules:
  - {verbs: [get, list], groups: ["*"], resources: ["*", secrets]}
redact: {except: [secretData, env, lastApplied, tokens, privateKeys, urlCredentials]}
"#;

#[test]
fn everything_that_can_be_listed_comes_back_as_it_is() {
    let server = Server::start();
    server.load_all(&[("operators", 4), ("pods", 40), ("nodes", 3), ("events", 20), ("workloads", 10)]);
    let documents = schema::documents(&server);
    let mut schemas = Schemas::default();
    let mut all: Vec<Listed> = Vec::new();
    for (name, document) in &documents {
        // What is no API, such as /version, has no schemas.
        let value: Value = serde_json::from_slice(document).expect("JSON");
        if value.pointer("/components/schemas").is_some() {
            schemas.add(name, document).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        all.extend(schema::listed(&value));
    }
    let guests = guests::build(&schemas, &all);
    let raw: Vec<Vec<Value>> = all.iter().map(|listed| server.items(&listed.path)).collect();
    let archive = gathered(&guests, |host| host.kubeconfig(server.kubeconfig("token.yaml")));
    let mut wrong = Vec::new();
    for guest in &guests {
        for index in &guest.lists {
            let listed = &all[*index];
            let entry = archive.json(&format!("{}/{}", guest.name, guests::entry(listed)));
            let expected: Value = raw[*index].iter().map(|item| compare::expected(&listed.wanted, item)).collect();
            compare::differences(&listed.name(), &expected, &entry, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn gathered(guests: &[Guest], from: impl FnOnce(Host) -> Host) -> Archive {
    let place = tests::place();
    let grant = place.path().join("grant.yaml");
    std::fs::write(&grant, GRANT).expect("a file");
    let output = place.path().join("out");
    let host = Host::run_all(guests.iter().map(|guest| &guest.module)).arg("--grant").arg(&grant).output(&output);
    from(host).wait().expect_success();
    Archive::read(&output)
}
