//! The output of `rbac`. `cluster/rbac.rs` tests whether an API server accepts it, and whether it is exactly
//! sufficient.

use crate::{NARROW, curious, grant};
use tests::host::Host;
use tests::{golden, place, programs};

#[test]
fn the_objects() {
    let place = place();
    let folder = place.path();
    curious(folder);
    grant(folder, NARROW);
    let mut text = String::new();
    for words in [
        &["curious.wasm"][..],
        &["curious.wasm", "--grant", "grant.yaml", "--name", "gatherers", "-n", "support"],
    ] {
        let done = Host::new(["rbac"]).args(words).current_folder(folder).wait();
        text += &format!("# {}\n{}\n", words.join(" "), done.expect_success().stdout_text());
    }
    golden::check("rbac.txt", &text);
}

#[test]
fn the_same_gatherers_give_the_same_bytes() {
    let all: Vec<_> = programs::examples_that_name().iter().map(|name| programs::guest(name)).collect();
    let print = |guests: &mut dyn Iterator<Item = &std::path::PathBuf>| {
        let host = guests.fold(Host::new(["rbac"]), |host, guest| host.arg(guest));
        host.wait().expect_success().stdout_text()
    };
    let once = print(&mut all.iter());
    assert_eq!(once, print(&mut all.iter()));
    // The order is that of the command line in the first line, and of nothing else.
    let rest = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned());
    assert_eq!(rest(&once), rest(&print(&mut all.iter().rev())));
}

#[test]
fn names_are_checked() {
    for words in [["--name", "A"], ["--namespace", "a/b"], ["--name", ""]] {
        let done = Host::new(["rbac"]).arg(programs::guest("hello")).args(words).wait();
        done.expect_code(2);
        assert!(done.stderr.contains("a name consists of a-z"), "{}", done.stderr);
    }
}
