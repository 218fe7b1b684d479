//! An Indexed Job whose pods share the namespaces, and what its archives are together.

use super::IMAGE;
use super::cell::{Namespace, kubectl_given, until};
use super::job::{Ended, ended, name};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::Host;
use tests::place;

const SHARDS: usize = 4;
const TEAMS: [&str; 8] = ["team-a", "team-b", "team-c", "team-d", "team-e", "team-f", "team-g", "team-h"];
const IN_EACH: usize = 3;

/// Deploys a gatherer, and waits until its Job is complete.
fn run(namespace: &Namespace, module: &Path, selector: &str, name: &str, words: &[&str]) -> Ended {
    let always =
        ["--namespace", namespace.name, "--volume-claim", "archives", "--image", IMAGE, "--name", name];
    let host = Host::new(["deploy"]).arg(module).args(always).args(["--selector", selector]);
    let objects = host.args(words).wait().expect_success().stdout_text();
    let said = kubectl_given(&objects, &["apply", "--server-side", "--filename", "-"]);
    assert!(said.succeeded && said.stderr.is_empty(), "{}", said.stderr);
    let ended = ended(namespace, name);
    ended.expect_complete();
    ended
}

/// The archives of a Job's pods.
fn files(archives: &Path, ended: &Ended) -> Vec<PathBuf> {
    ended.pods.iter().map(|pod| archives.join(format!("{}.tar.gz", name(pod)))).collect()
}

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
    let run = |name: &str, words: &[&str]| {
        files(&archives, &run(&namespace, &module, "wagather.test/sharded=yes", name, words))
    };
    let one = Archive::read(&run("one", &["--job"])[0]);
    assert_eq!(one.gatherer("configmaps")["items"], TEAMS.len() * IN_EACH);
    let shards = run("four", &["--indexed", &SHARDS.to_string()]);
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

/// The pods of a large cluster, or as many as `WAGATHER_NODE_PODS` says. It takes minutes to make 20,000.
fn how_many() -> usize {
    std::env::var("WAGATHER_NODE_PODS").map_or(1_000, |text| text.parse().expect("a number"))
}

/// The namespaces of these pods.
const MANY: usize = 64;

/// Pods that nobody schedules, so they stay as they are.
fn make_pods(count: usize) {
    let namespace = |number: usize| format!("many-{number:02}");
    let list = |items: Vec<serde_json::Value>| {
        json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
    };
    let create = |objects: &str| {
        let said = kubectl_given(objects, &["create", "--filename", "-", "--output", "name"]);
        assert!(said.succeeded, "{}", said.stderr);
    };
    let namespaces = (0..MANY).map(|number| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace(number), "labels": {"wagather.test/many": "yes"}}})
    });
    create(&list(namespaces.collect()));
    let accounts = || {
        let output = "--output=jsonpath={.items[*].metadata.namespace}";
        let words =
            ["get", "serviceaccounts", "--all-namespaces", "--field-selector=metadata.name=default", output];
        kubectl_given("", &words).stdout.split(' ').filter(|name| name.starts_with("many-")).count()
    };
    until("the accounts", || accounts().to_string(), || (accounts() == MANY).then_some(()));
    let pod = |number: usize| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": format!("pod-{number:05}"), "namespace": namespace(number % MANY), "labels": {"wagather.test/many": "yes"},
            },
            "spec": {
                "schedulerName": "nobody", "automountServiceAccountToken": false,
                "containers": [{"name": "main", "image": "registry.example.com/app:1", "env": [{"name": "NUMBER", "value": number.to_string()}]}],
            },
        })
    };
    // Each kubectl sends one after another.
    std::thread::scope(|scope| {
        for worker in 0..4 {
            scope.spawn(move || {
                let numbers: Vec<usize> = (0..count).filter(|number| number % 4 == worker).collect();
                numbers
                    .chunks(1_000)
                    .for_each(|chunk| create(&list(chunk.iter().copied().map(pod).collect())));
            });
        }
    });
}

/// What sixteen pods gather together is what one does. How long both take is for people: here they share two processors with the
/// API server.
#[test]
fn sixteen_shards_of_many_pods() {
    let count = how_many();
    let namespace = Namespace::new("many");
    let archives = namespace.claim("archives");
    let begin = Instant::now();
    make_pods(count);
    eprintln!("{count} pods were made in {:.0} s", begin.elapsed().as_secs_f64());
    let place = place();
    let texts = Texts { version: "v1", resource: "pods", ..Texts::default() };
    let module = guest::piping("all-pods", &["resource list /v1/pods * *"], &texts);
    let module = guest::write(place.path(), "all-pods", &module);
    let run = |name: &str, words: &[&str]| {
        let begin = Instant::now();
        let files = files(&archives, &run(&namespace, &module, "wagather.test/many=yes", name, words));
        let took = begin.elapsed();
        let gathering = files.iter().map(|file| {
            Archive::read(file).gatherer("all-pods")["durationMs"].as_f64().expect("a time") / 1e3
        });
        let gathering: Vec<f64> = gathering.collect();
        let (all, longest) = (gathering.iter().sum::<f64>(), gathering.iter().copied().fold(0.0, f64::max));
        eprintln!(
            "{name}: {:.1} s from deploy to the Job's end; gathering takes {longest:.1} s at most, {all:.1} s together",
            took.as_secs_f64()
        );
        files
    };
    let one = Archive::read(&run("one", &["--job"])[0]);
    assert_eq!(one.gatherer("all-pods")["items"], count);
    let shards = run("sixteen", &["--indexed", "16"]);
    assert_eq!(shards.len(), 16);
    let merged = place.path().join("merged");
    let begin = Instant::now();
    Host::new(["merge"]).args(&shards).output(&merged).wait().expect_success();
    eprintln!("merge: {:.1} s", begin.elapsed().as_secs_f64());
    assert!(Archive::read(&merged).gathered() == one.gathered(), "the merged archive differs");
    kubectl_given("", &["delete", "namespaces", "--selector=wagather.test/many=yes", "--wait=false"]);
}
