//! Programs in Go and Python.

use super::{embedding, gathers};
use std::path::Path;
use std::process::Command;
use tests::{place, programs};

#[test]
fn a_program_in_go_gathers() {
    let place = place();
    let program = place.path().join("gather");
    let go = std::env::var_os("WAGATHER_GO").expect("WAGATHER_GO; 'make test-languages' sets it");
    let folder = programs::capi();
    let folder = folder.display();
    let built = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(embedding("go"))
        .env("CGO_ENABLED", "1")
        .env("CGO_CFLAGS", format!("-I{folder}"))
        .env("CGO_LDFLAGS", format!("-L{folder}"))
        .output()
        .expect("go");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    gathers(&[&program], &["complete: true", "cluster-operators: complete, files: 32"]);
}

#[test]
fn a_program_in_python_gathers() {
    let program = [Path::new("python3"), &embedding("python/gather.py")];
    gathers(&program, &["complete: True", "cluster-operators: complete, files: 32"]);
}
