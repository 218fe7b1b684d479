//! The registry and the library of crane, which others use: what they make is pulled, and what is pushed, they read.

use super::{guest, inspect, signed};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tests::host::Host;
use tests::{place, programs, workspace};

/// A registry that ends with the value.
struct Crane(Child, String);

fn program() -> Command {
    let path = workspace::root().join("target/image/oci");
    assert!(path.exists(), "{} is missing: make registry", path.display());
    Command::new(path)
}

impl Crane {
    fn start(module: &Path) -> Crane {
        let mut command = program();
        command.arg("registry").arg(module).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the registry");
        let mut host = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut host).expect("its address");
        Crane(child, host.trim_end().to_owned())
    }
}

impl Drop for Crane {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn what_one_pushes_the_other_pulls() {
    let place = place();
    let crane = Crane::start(&programs::guest("cluster-operators"));
    let sum = super::digest(&guest()).replace("sha256:", "");
    for name in ["artifact", "index"] {
        let text = inspect(&format!("oci://{}/{name}:1", crane.1)).wait().expect_success().stdout_text();
        assert!(text.contains(&sum), "{text}");
    }
    let (path, _) = signed(place.path());
    let signature = fs::metadata(place.path().join("guest.wasm.minisig")).expect("a file").len();
    let pushed = Host::new(["push"]).arg(&path).arg(format!("oci://{}/deep/er/name:v1.0", crane.1)).wait();
    let pinned = pushed.expect_success().stdout_text().trim_end().to_owned();
    inspect(&pinned).wait().expect_success();
    // Their library takes a tag or a digest.
    let (named, by_digest) = pinned.trim_start_matches("oci://").split_once('@').expect("a digest");
    let name = named.rsplit_once(':').expect("a tag").0;
    for reference in [named.to_owned(), format!("{name}@{by_digest}")] {
        let listed = program().arg("pulled").arg(&reference).output().expect("the program");
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let expected = format!(
            "application/vnd.wasm.content.layer.v1+wasm {}\napplication/vnd.wagather.minisig {signature}\n",
            guest().len()
        );
        assert_eq!(String::from_utf8_lossy(&listed.stdout), expected);
    }
}
