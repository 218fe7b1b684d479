//! Contexts and their files: unusual names, similar names, and the sources of contexts.

use super::{archive, index, operators};
use std::collections::BTreeSet;
use tests::host::{Host, left_in};
use tests::kubeconfig::Contexts;
use tests::{objects, place, programs};

#[test]
fn odd_names_have_files_that_are_safe_unique_and_the_same_each_time() {
    let (place, server) = (place(), objects::server().start());
    let long = "long-".repeat(400);
    let names = [
        "default/api-prod-example-com:6443/admin",
        "default/api-prod-example-com:6443/other",
        "default:api-prod-example-com/6443/admin",
        "arn:aws:eks:eu-west-1:123456789012:cluster/shop",
        "prod",
        "Prod",
        "PROD",
        "produção",
        "生产",
        "../../../tmp/x",
        ".hidden",
        "-rf",
        "a\u{1b}[31mb",
        "index.json",
        "index",
        &long,
    ];
    let kubeconfig = names.iter().fold(Contexts::new(), |all, name| all.add(name, &server.url()));
    let kubeconfig = kubeconfig.write(place.path().join("config"));
    let files = |folder: &str| {
        let folder = place.path().join(folder);
        let done = operators(&kubeconfig).args(["--all-contexts"]).output(&folder).wait();
        done.expect_success();
        assert!(!done.stderr.contains('\u{1b}'), "{}", done.stderr);
        let (_, rows) = index(&folder);
        assert_eq!(rows.keys().map(String::as_str).collect::<BTreeSet<_>>(), names.iter().copied().collect());
        for row in rows.values() {
            assert_eq!(archive(&folder, row).gathered().len(), 3);
        }
        left_in(&folder)
    };
    let first = files("first");
    assert_eq!(first, files("second"));
    assert_eq!(left_in(place.path()), ["config", "first", "second"], "nothing is elsewhere");
    let folded: BTreeSet<String> = first.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), names.len() + 1, "unique where cases are folded");
    for name in &first {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+=~".contains(&byte);
        assert!(name.bytes().all(plain) && name.len() < 130 && !name.starts_with(['.', '-']), "{name}");
    }
    assert!(
        first.contains(&"default_api-prod-example-com_6443_admin~e2204539.tar.gz".to_owned()),
        "{first:?}"
    );
    assert!(first.contains(&"prod.tar.gz".to_owned()) && first.contains(&"index.tar.gz".to_owned()));
}

#[test]
fn all_contexts_of_all_files_of_the_variable() {
    let (place, one, other) = (place(), objects::server().start(), objects::server().start());
    Contexts::new().add("a", &one.url()).add("both", &one.url()).write(place.path().join("first"));
    Contexts::new()
        .add("both", "http://127.0.0.1:1")
        .add("b", &other.url())
        .write(place.path().join("second"));
    let folder = place.path().join("fleet");
    let host = Host::run(programs::guest("cluster-operators")).current_folder(place.path());
    host.env("KUBECONFIG", "first:not-there:second")
        .args(["--all-contexts"])
        .output(&folder)
        .wait()
        .expect_success();
    let (index, rows) = index(&folder);
    let order: Vec<_> =
        index["clusters"].as_array().expect("clusters").iter().map(|row| &row["context"]).collect();
    assert_eq!(order, ["a", "both", "b"]);
    assert_eq!(rows["both"]["server"], one.url(), "the first file that has it wins");
    assert_eq!((one.seen().len(), other.seen().len()), (2, 1));
}

#[test]
fn one_context_of_all_has_a_folder_too() {
    let (place, server) = (place(), objects::server().start());
    let kubeconfig = Contexts::new().add("only", &server.url()).write(place.path().join("config"));
    let folder = place.path().join("fleet");
    operators(&kubeconfig).args(["--all-contexts"]).output(&folder).wait().expect_success();
    assert_eq!(left_in(&folder), ["index.json", "only.tar.gz"]);
    // One that is named is one run, as ever.
    let output = place.path().join("only.tar.gz");
    operators(&kubeconfig).args(["--context", "only"]).output(&output).wait().expect_success();
    assert!(output.is_file());
}
