//! One server under several contexts: the server decides what each account may gather, and each cluster fails
//! independently.

use super::{OPERATORS, OPERATORS_PATH, assert_no_credentials, shared};
use serde_json::{Value, json};
use std::path::PathBuf;
use tests::apiserver::Server;
use tests::archive::Archive;
use tests::host::{Host, left_in};
use tests::kubeconfig::Contexts;
use tests::programs;

/// As OpenShift names them.
const ADMIN: &str = "default/api-prod-example-com:6443/admin";

fn kubeconfig(server: &Server, place: &tempfile::TempDir) -> PathBuf {
    let cluster = || json!({ "server": server.url(), "certificate-authority": server.text("/ca") });
    let token = |user: &str| json!({ "token": server.text(&format!("/users/{user}/token")) });
    Contexts::new()
        .add_with(ADMIN, cluster(), token("admin"))
        .add_with("restricted", cluster(), token("restricted"))
        .add_with("nobody", cluster(), token("nobody"))
        .write(place.path().join("config"))
}

/// The index's rows, after all that was written and said was searched for credentials.
fn gather(server: &Server, place: &tempfile::TempDir, code: i32, more: &[&str]) -> Vec<Value> {
    let folder = place.path().join("fleet");
    let guests = ["cluster-operators", "pods"].map(programs::guest);
    let host = Host::run_all(guests).kubeconfig(kubeconfig(server, place)).arg("--all-contexts").args(more);
    let done = host.output(&folder).wait();
    done.expect_code(code);
    assert_no_credentials(server, "stderr", done.stderr.as_bytes());
    let index = std::fs::read(folder.join("index.json")).expect("an index");
    assert_no_credentials(server, "the index", &index);
    let mut index: Value = serde_json::from_slice(&index).expect("JSON");
    assert_eq!(index["exitCode"], code);
    let Value::Array(rows) = index["clusters"].take() else { panic!("no clusters in {index:#}") };
    let contexts: Vec<_> = rows.iter().map(|row| &row["context"]).collect();
    assert_eq!(contexts, [ADMIN, "restricted", "nobody"]);
    assert!(rows.iter().all(|row| row["server"] == server.url()));
    rows
}

#[test]
fn each_context_gathers_what_its_user_may() {
    let (server, place) = (shared(), tests::place());
    let rows = gather(&server, &place, 9, &[]);
    let folder = place.path().join("fleet");
    assert_eq!(
        left_in(&folder),
        [
            "default_api-prod-example-com_6443_admin~e2204539.tar.gz",
            "index.json",
            "nobody.tar.gz.incomplete",
            "restricted.tar.gz.incomplete"
        ]
    );
    let items = server.items(OPERATORS_PATH).len() as u64;
    assert_eq!(items, OPERATORS as u64);
    for (row, (status, code, operators, failures)) in
        rows.iter().zip([("complete", 0, items, 0), ("incomplete", 9, items, 1), ("incomplete", 9, 0, 2)])
    {
        assert_eq!((&row["status"], &row["exitCode"]), (&status.into(), &code.into()), "{row:#}");
        assert_eq!(row["failures"].as_array().map(Vec::len), Some(failures), "{row:#}");
        assert_eq!(row["gatherers"][0]["items"], operators, "{row:#}");
        let archive = Archive::read(folder.join(row["archive"]["file"].as_str().expect("a file")));
        assert_eq!(archive.report()["complete"], status == "complete");
        let objects = archive.paths().into_iter().filter(|path| path.contains("/clusteroperators/")).count();
        assert_eq!(objects as u64, operators);
        for path in archive.paths() {
            assert_no_credentials(&server, path, archive.bytes(path));
        }
    }
    let reason = rows[1]["failures"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains(r#"User "restricted" cannot list resource "pods""#), "{reason}");
}

#[test]
fn access_is_asked_for_each_context() {
    let (server, place) = (shared(), tests::place());
    let rows = gather(&server, &place, 9, &["--check-access"]);
    assert_eq!(rows[0]["status"], "complete");
    for row in &rows[1..] {
        assert_eq!((&row["status"], &row["archive"]), (&"failed".into(), &Value::Null), "{row:#}");
        assert!(row["failures"][0].to_string().contains("pods: list v1/pods"), "{row:#}");
    }
    let archive = "default_api-prod-example-com_6443_admin~e2204539.tar.gz";
    assert_eq!(left_in(&place.path().join("fleet")), [archive, "index.json"], "nothing else was gathered");
}
