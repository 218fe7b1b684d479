//! Creates objects of every kind on the server, with as many fields as it accepts.
//!
//! They are in `objects/`, a list per file: the path for creating an object, the object, and its status, which goes
//! to its subresource.

use serde_json::Value;
use std::time::{Duration, Instant};
use tests::apiserver::Server;

const FILES: &[&str] = &[
    include_str!("objects/core.json"),
    include_str!("objects/workloads.json"),
    include_str!("objects/cluster.json"),
    include_str!("objects/custom.json"),
];

/// How often a status is sent: the server has controllers of its own, which may come between.
const TRIES: usize = 5;

/// The document of the custom resources of `custom.json`.
const CUSTOM: &str = "apis/roundtrip.example.com/v1";

/// A new CustomResourceDefinition is served, and has a document, within a second or two.
const CUSTOM_LIMIT: Duration = Duration::from_secs(60);

/// Creates them all, and waits for the custom resources' document; the server must take each object.
pub(super) fn fill(server: &Server) {
    for file in FILES {
        let items: Vec<Value> = serde_json::from_str(file).expect("a list of objects");
        for item in &items {
            let collection = item["in"].as_str().expect("where it goes");
            if collection.contains(CUSTOM) {
                wait_for(&format!("{collection} is not served"), || {
                    server.admin().get(collection).status == 200
                });
            }
            let created = server.admin().send("POST", collection, "application/json", Some(&item["object"]));
            assert_eq!(created.status, 201, "{collection}: {}", String::from_utf8_lossy(&created.body));
            if let Some(status) = item.get("status") {
                let name = created.json()["metadata"]["name"].clone();
                set_status(server, &format!("{collection}/{}", name.as_str().expect("a name")), status);
            }
        }
    }
    wait_for("the custom resources have no document", || {
        let place = server.get("/openapi/v3")["paths"][CUSTOM]["serverRelativeURL"].take();
        place
            .as_str()
            .is_some_and(|place| server.get(place)["paths"].as_object().is_some_and(|all| !all.is_empty()))
    });
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < CUSTOM_LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn set_status(server: &Server, path: &str, status: &Value) {
    for _ in 0..TRIES {
        let mut object = server.get(path);
        object["status"] = status.clone();
        let answer = server.admin().send("PUT", &format!("{path}/status"), "application/json", Some(&object));
        match answer.status {
            200 => return,
            409 => {}
            code => panic!("{path}/status: {code}: {}", String::from_utf8_lossy(&answer.body)),
        }
    }
    panic!("{path}/status: somebody else changes it all the time");
}
