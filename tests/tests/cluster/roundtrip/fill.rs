//! Objects of every kind, put on the server with as many fields as it takes.
//!
//! They are in `objects/`, a list in each file: where an object is created, what it is, and its status, which goes to its
//! subresource.

use serde_json::Value;
use tests::apiserver::Server;

const FILES: &[&str] = &[
    include_str!("objects/core.json"),
    include_str!("objects/workloads.json"),
    include_str!("objects/cluster.json"),
];

/// How often a status is sent: the server has controllers of its own, which may come between.
const TRIES: usize = 5;

/// Creates them all; the server must take each.
pub(super) fn fill(server: &Server) {
    for file in FILES {
        let items: Vec<Value> = serde_json::from_str(file).expect("a list of objects");
        for item in &items {
            let collection = item["in"].as_str().expect("where it goes");
            let created = server.admin().send("POST", collection, "application/json", Some(&item["object"]));
            assert_eq!(created.status, 201, "{collection}: {}", String::from_utf8_lossy(&created.body));
            if let Some(status) = item.get("status") {
                let name = created.json()["metadata"]["name"].clone();
                set_status(server, &format!("{collection}/{}", name.as_str().expect("a name")), status);
            }
        }
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
