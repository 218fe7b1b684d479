//! The paths of the programs and guests that the tests run.
//!
//! They are what ships: the static host of `make host` and the guests of `make guests`. Tests never build them,
//! because cargo's test build is not what a user gets. Tests never skip if one is missing, because that would look
//! like a passed test.

use crate::workspace;
use std::path::{Path, PathBuf};
use wagather_policy::manifest::Manifest;

/// The host's executable: `$WAGATHER_HOST_MIN`, or the one that `make host` made.
pub fn host_min() -> PathBuf {
    let path = match std::env::var_os("WAGATHER_HOST_MIN") {
        Some(path) => PathBuf::from(path),
        None => workspace::root().join("target/dist/host-min"),
    };
    made(path, "the host")
}

/// The host with both engines: `$WAGATHER_HOST_MIN_FULL`, or the one that `make host-full` made.
pub fn host_min_full() -> PathBuf {
    let path = match std::env::var_os("WAGATHER_HOST_MIN_FULL") {
        Some(path) => PathBuf::from(path),
        None => dist_host_min_full(),
    };
    made(path, "the host with both engines")
}

/// The executable of `make host-full`.
pub fn dist_host_min_full() -> PathBuf {
    made(workspace::root().join("target/dist/host-min-full"), "the static host with both engines")
}

/// The program that shows and compares archives: `$WAGATHER_HOST_MIN_VIEW`, or the one that `make host-view` made.
pub fn host_min_view() -> PathBuf {
    let path = match std::env::var_os("WAGATHER_HOST_MIN_VIEW") {
        Some(path) => PathBuf::from(path),
        None => workspace::root().join("target/dist/host-min-view"),
    };
    made(path, "the program that shows archives")
}

/// kubectl, of the version of the tests' API server: `$WAGATHER_KUBECTL`, or the one that `make apiserver` made.
pub fn kubectl() -> PathBuf {
    let path = match std::env::var_os("WAGATHER_KUBECTL") {
        Some(path) => PathBuf::from(path),
        None => workspace::root().join("target/apiserver/kubectl"),
    };
    assert!(
        is_file(&path),
        "kubectl is missing: {} is not there; run 'make apiserver' first",
        path.display()
    );
    path
}

/// The program that makes types: `$WAGATHER_CODEGEN`, or the one that `make codegen` made.
pub fn codegen() -> PathBuf {
    let path = match std::env::var_os("WAGATHER_CODEGEN") {
        Some(path) => PathBuf::from(path),
        None => workspace::root().join("target/dist/codegen"),
    };
    made(path, "the program that makes types")
}

/// The folder of the C API: `$WAGATHER_CAPI`, or the one to which `make capi` puts it.
pub fn capi() -> PathBuf {
    let folder = match std::env::var_os("WAGATHER_CAPI") {
        Some(path) => PathBuf::from(path),
        None => workspace::root().join("target/dist"),
    };
    for file in ["libwagather.so", "libwagather.a", "wagather.h"] {
        made(folder.join(file), "the C API");
    }
    folder
}

/// The executable of `make host`, whatever the environment says: for what is only true of that one.
pub fn dist_host_min() -> PathBuf {
    made(workspace::root().join("target/dist/host-min"), "the static host")
}

/// The service's executable: `$WAGATHER_HOST_MIN_SERVE`, or the one that `make host-serve` made.
pub fn host_min_serve() -> PathBuf {
    let path = match std::env::var_os("WAGATHER_HOST_MIN_SERVE") {
        Some(path) => PathBuf::from(path),
        None => workspace::root().join("target/dist/host-min-serve"),
    };
    made(path, "the service")
}

/// The report's executable: `$WAGATHER_SIZE_REPORT`, or the one that `make host` made.
pub fn size_report() -> PathBuf {
    let path = match std::env::var_os("WAGATHER_SIZE_REPORT") {
        Some(path) => PathBuf::from(path),
        None => workspace::root().join("target/dist/size-report"),
    };
    made(path, "the size report")
}

/// An example's module.
pub fn guest(name: &str) -> PathBuf {
    made(workspace::root().join(format!("target/guests/{name}.wasm")), "a guest")
}

/// The names of all examples, in alphabetical order.
pub fn examples() -> Vec<String> {
    let mut names: Vec<String> = workspace::folder("examples")
        .into_iter()
        .filter(|path| path.join("Cargo.toml").exists())
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(!names.is_empty(), "there is no example");
    names
}

/// The examples whose manifests name what they read. What the others read depends on the cluster.
pub fn examples_that_name() -> Vec<String> {
    let has_wildcards = |name: &String| {
        let module = std::fs::read(guest(name)).unwrap_or_default();
        Manifest::of_module(&module).expect("a manifest").has_wildcards()
    };
    examples().into_iter().filter(|name| !has_wildcards(name)).collect()
}

fn made(path: PathBuf, what: &str) -> PathBuf {
    assert!(
        is_file(&path),
        "{what} is missing: {} is not there; run 'make guests host host-full host-serve host-view capi codegen' first",
        path.display()
    );
    path
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}
