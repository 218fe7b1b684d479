//! Shards on a real API server: an account as `deploy --indexed` prints it, four runs, and their archives merged.

use super::deploy::printed;
use super::rbac::{Account, wait_until};
use super::{PODS, shared};
use serde_json::{Value, json};
use std::path::PathBuf;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::Host;
use tests::{place, programs};

const SHARDS: usize = 4;

#[test]
fn four_shards_with_their_account_are_one_run() {
    let server = shared();
    let place = place();
    // One gatherer for a namespaced resource, one for a cluster-scoped one, and one for what a cluster may not have.
    let lister = |plural: &'static str, group: &'static str, version: &'static str| {
        let texts = Texts { version, resource: plural, group, ..Texts::default() };
        let name = format!("all-{plural}");
        let record = format!("resource list {group}/{version}/{plural} * *");
        guest::write(place.path(), &name, &guest::piping(&name, &[&record], &texts))
    };
    let guests = [
        lister("pods", "", "v1"),
        lister("nodes", "", "v1"),
        lister("deployments", "apps", "v1"),
        programs::guest("events"),
    ];
    let words = ["--indexed", "4", "--name", "sharded", "--namespace", "team-meteo"];
    let mut objects: Vec<Value> = printed(&guests, &words).into_iter().map(|(_, object)| object).collect();
    objects.retain(|object| {
        ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"].map(Value::from).contains(&object["kind"])
    });
    let account = Account::apply(&server, &objects);
    let may = |resource: &str| account.may(&json!({"verb": "list", "resource": resource}));
    wait_until("it is bound", || ["pods", "nodes", "namespaces"].into_iter().all(may));
    let run = |output: &str, words: &[&str]| {
        let output = place.path().join(output);
        let host =
            Host::new(["run"]).args(&guests).args(words).kubeconfig(account.kubeconfig()).output(&output);
        host.wait().expect_success();
        output
    };
    let whole = Archive::read(run("whole", &[]));
    let shards: Vec<PathBuf> = (0..SHARDS)
        .map(|index| run(&format!("{index}"), &["--shard", &format!("{index}/{SHARDS}")]))
        .collect();
    let items: Vec<u64> = shards
        .iter()
        .map(|shard| {
            let archive = Archive::read(shard);
            assert_eq!(archive.report()["warnings"], Value::Null, "the namespaces are known");
            archive.gatherer("all-pods")["items"].as_u64().expect("a number")
        })
        .collect();
    assert_eq!(items.iter().sum::<u64>(), PODS as u64, "{items:?}");
    assert!(items.iter().all(|items| *items < PODS as u64), "{items:?}");
    let merged = place.path().join("merged");
    Host::new(["merge"]).args(&shards).output(&merged).wait().expect_success();
    let merged = Archive::read(&merged);
    let objects = |archive: &Archive| -> Vec<String> {
        let paths = archive.paths().into_iter();
        paths.filter(|path| path.contains("/core/") || path.contains("/apps/")).map(str::to_owned).collect()
    };
    assert_eq!(objects(&merged), objects(&whole));
    assert!(objects(&merged).len() > PODS);
    for path in objects(&whole) {
        assert!(merged.bytes(&path) == whole.bytes(&path), "{path}");
    }
    for name in ["all-pods", "all-nodes", "all-deployments", "events"] {
        assert_eq!(merged.gatherer(name)["items"], whole.gatherer(name)["items"], "{name}");
    }
}
