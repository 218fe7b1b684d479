//! An Indexed Job whose pods share the namespaces, and what its archives are together.

use super::IMAGE;
use super::cell::{Namespace, kubectl_given};
use super::job::{Ended, ended, name};
use serde_json::json;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::Host;
use tests::place;

const SHARDS: usize = 4;
const TEAMS: [&str; 8] = ["team-a", "team-b", "team-c", "team-d", "team-e", "team-f", "team-g", "team-h"];
const IN_EACH: usize = 3;

#[test]
fn four_shards_are_one_run() {
    let namespace = Namespace::new("sharded");
    let archives = namespace.claim("archives");
    let teams = TEAMS.map(Namespace::new);
    for team in &teams {
        for number in 0..IN_EACH {
            let labels = json!({"wagather.test/sharded": "yes"});
            let metadata = json!({"name": format!("one-{number}"), "labels": labels});
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"team": team.name}});
            team.apply(&object.to_string());
        }
    }
    let place = place();
    let texts = Texts { version: "v1", resource: "configmaps", ..Texts::default() };
    let module = guest::piping("configmaps", &["resource list /v1/configmaps * *"], &texts);
    let module = guest::write(place.path(), "configmaps", &module);
    let run = |name: &str, words: &[&str]| -> Ended {
        let always =
            ["--namespace", namespace.name, "--volume-claim", "archives", "--image", IMAGE, "--name", name];
        let host =
            Host::new(["deploy"]).arg(&module).args(always).args(["--selector", "wagather.test/sharded=yes"]);
        let objects = host.args(words).wait().expect_success().stdout_text();
        let said = kubectl_given(&objects, &["apply", "--server-side", "--filename", "-"]);
        assert!(said.succeeded && said.stderr.is_empty(), "{}", said.stderr);
        let ended = ended(&namespace, name);
        ended.expect_complete();
        ended
    };
    let files = |ended: &Ended| -> Vec<_> {
        ended.pods.iter().map(|pod| archives.join(format!("{}.tar.gz", name(pod)))).collect()
    };
    let one = Archive::read(&files(&run("one", &["--job"]))[0]);
    assert_eq!(one.gatherer("configmaps")["items"], TEAMS.len() * IN_EACH);
    let shards = files(&run("four", &["--indexed", &SHARDS.to_string()]));
    assert_eq!(shards.len(), SHARDS);
    let all = u64::try_from(TEAMS.len() * IN_EACH).expect("a number");
    let items = shards
        .iter()
        .map(|shard| Archive::read(shard).gatherer("configmaps")["items"].as_u64().expect("a number"));
    let items: Vec<u64> = items.collect();
    assert!(items.iter().sum::<u64>() == all && items.iter().all(|items| *items < all), "{items:?}");
    let merged = place.path().join("merged");
    Host::new(["merge"]).args(&shards).output(&merged).wait().expect_success();
    assert_eq!(Archive::read(&merged).gathered(), one.gathered());
}
