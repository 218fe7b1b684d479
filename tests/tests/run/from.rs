//! Archives that were gathered earlier, as a source.

use std::process::Command;
use tests::archive::Archive;
use tests::host::Host;
use tests::layouts::{self, must_gather};
use tests::pipers::demo;
use tests::{place, programs, workspace};

/// What `everything` finds is what its source happens to have.
pub(super) fn examples() -> Vec<std::path::PathBuf> {
    let names = programs::examples();
    names.iter().filter(|name| *name != "everything").map(|name| programs::guest(name)).collect()
}

#[test]
fn gatherers_find_in_an_archive_what_they_find_in_the_cluster() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    Host::run_all(examples()).replay(demo()).output(path("replayed")).wait().expect_success();
    let replayed = Archive::read(path("replayed"));
    for (layout, make) in layouts::WHOLE {
        make(&path(layout));
        let done = Host::run_all(examples()).arg("--from").arg(path(layout)).output(path("found")).wait();
        done.expect_success();
        assert!(done.stderr.contains(&format!("warning: the source is the {layout} ")), "{}", done.stderr);
        let found = Archive::read(path("found"));
        assert_eq!(found.gathered(), replayed.gathered(), "{layout}");
        assert_eq!(found.report()["source"], format!("{layout}, partial"));
        std::fs::remove_dir_all(path("found")).expect("ours");
    }
}

#[test]
fn an_insights_archive_gives_what_it_has_and_tells_the_rest() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    layouts::insights(&path("insights"));
    // As the operator packs it.
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(path("insights")).arg("-czf").arg(path("insights.tar.gz")).arg(".");
    assert!(tar.status().expect("tar").success());
    Host::run_all(examples()).replay(demo()).output(path("replayed")).wait().expect_success();
    let replayed = Archive::read(path("replayed"));
    for source in ["insights", "insights.tar.gz"] {
        let done = Host::run_all(examples())
            .arg("--from")
            .arg(path(source))
            .arg("--overwrite")
            .output(path("found"))
            .wait();
        let done = done.expect_code(9);
        let found = Archive::read(path("found.incomplete"));
        let report = found.report();
        assert_eq!(report["source"], "Insights archive, partial", "{source}");
        // Events have no names there, so they are no objects.
        let mut gaps: Vec<&str> = report["gaps"].as_array().expect("gaps").iter().map(text_of).collect();
        gaps.sort_unstable();
        assert_eq!(gaps, ["deployments.apps were not gathered", "events were not gathered"], "{report:#}");
        for failed in ["events", "image-inventory"] {
            assert!(done.stderr.contains(&format!("the gatherer {failed} failed: list ")), "{}", done.stderr);
        }
        let is_there = |path: &&str| !path.starts_with("events/") && !path.starts_with("image-inventory/");
        let expected: Vec<_> = replayed.gathered().into_iter().filter(|(path, _)| is_there(path)).collect();
        assert!(found.gathered().into_iter().collect::<Vec<_>>() == expected, "{source}: {found:?}");
        assert!(expected.len() > 60, "{}", expected.len());
        std::fs::remove_dir_all(path("found.incomplete")).expect("ours");
    }
}

/// The reason of a gap, without the archive's name.
fn text_of(gap: &serde_json::Value) -> &str {
    let reason = gap["reason"].as_str().expect("a reason");
    reason.rsplit(": ").next().expect("words")
}

/// A gatherer that asks for anything gets the objects that are there, and no list of what is not.
#[test]
fn everything_of_an_archive_is_what_it_has() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    for (layout, make) in
        layouts::WHOLE.into_iter().chain([("Insights archive", layouts::insights as layouts::Make)])
    {
        make(&path(layout));
        let run =
            Host::run(programs::guest("everything")).arg("--from").arg(path(layout)).output(path("found"));
        run.wait().expect_success();
        let found = Archive::read(path("found"));
        let resources = found.gatherer("everything")["resources"].as_array().expect("resources").clone();
        let mut counts: Vec<String> = resources
            .iter()
            .filter(|resource| resource["items"] != 0)
            .map(|resource| {
                format!("{} {}", resource["resource"].as_str().expect("a name"), resource["items"])
            })
            .collect();
        counts.sort_unstable();
        let mut expected = vec!["config.openshift.io/v1/clusteroperators 32", "v1/nodes 6", "v1/pods 60"];
        if layout != "Insights archive" {
            let others =
                ["daemonsets", "deployments", "statefulsets"].map(|name| format!("apps/v1/{name} 3"));
            expected.extend(["batch/v1/cronjobs 3", "batch/v1/jobs 3", "v1/events 23"]);
            let mut all: Vec<String> = expected.iter().map(ToString::to_string).chain(others).collect();
            all.sort_unstable();
            assert_eq!(counts, all, "{layout}");
        } else {
            assert_eq!(counts, expected, "{layout}");
        }
        assert_eq!(found.report()["source"], format!("{layout}, partial"));
        std::fs::remove_dir_all(path("found")).expect("ours");
    }
}

#[test]
fn what_was_not_gathered_is_a_gap() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    must_gather(&path("all"));
    for file in workspace::walk(&path("all"), &|_| true) {
        if file.contains("/previous.log") || file.contains("/batch/") {
            std::fs::remove_file(path("all").join(file)).expect("ours");
        }
    }
    let run = |guest: &str, output: &str| {
        Host::run(programs::guest(guest)).arg("--from").arg(path("all")).output(path(output)).wait()
    };
    // It goes on without the logs.
    let done = run("crash-logs", "logs");
    assert_eq!(done.status.code(), Some(8), "{}", done.stderr);
    let report = Archive::read(path("logs")).report();
    assert_eq!(report["complete"], false);
    assert_eq!(report["gaps"].as_array().map(Vec::len), Some(3), "{report:#}");
    let reason = report["gaps"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("the previous log of the container main of the pod "), "{reason}");
    // It does not go on without the jobs.
    let done = run("image-inventory", "images");
    assert!(done.stderr.contains("jobs.batch were not gathered"), "{}", done.stderr);
    assert_eq!(done.status.code(), Some(9), "{}", done.stderr);
    assert!(path("images.incomplete").is_dir() && !path("images").exists());
}

#[test]
fn the_grant_holds_for_an_archive_as_for_a_cluster() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    must_gather(&path("all"));
    std::fs::write(
        path("grant.yaml"),
        "apiVersion: wagather/v1\nkind: Grant\nrules:\n  - verbs: [list]\n    apiGroups: ['']\n    resources: [pods]\n    namespaces: [team-meteo]\n",
    )
    .expect("a file");
    let done = Host::run(programs::guest("pods"))
        .args(["--grant"])
        .arg(path("grant.yaml"))
        .arg("--from")
        .arg(path("all"))
        .output(path("out"))
        .wait();
    done.expect_success();
    let report = Archive::read(path("out")).gatherer("pods");
    assert_eq!(report["items"], 6, "{report:#}");
}
