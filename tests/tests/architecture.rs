//! The dependencies between crates, direct and indirect, are as drawn.
//!
//! [`ARROWS`] is the only table. It is compared with the Cargo manifests and with the drawing in `ARCHITECTURE.md`.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use tests::{programs, workspace};

/// Each crate of the workspace and the crates of the workspace that its manifest names, those of its tests included. The
/// examples are not in it: each depends on `wagather` alone.
const ARROWS: &[(&str, &[&str])] = &[
    // What guests are made of and made with.
    ("wagather-abi", &[]),
    ("wagather-shape", &["wagather-abi"]),
    ("wagather-syntax", &["wagather-abi"]),
    ("wagather-derive", &["wagather-syntax"]),
    ("wagather", &["wagather-abi", "wagather-derive", "wagather-shape"]),
    ("wagather-build", &["wagather-abi", "wagather-printable"]),
    (
        "wagather-codegen",
        &[
            "wagather-abi",
            "wagather-base",
            "wagather-build",
            "wagather-kube",
            "wagather-policy",
            "wagather-printable",
            "wagather-syntax",
            "wagather-yaml",
        ],
    ),
    ("size-report", &["wagather-abi", "wagather-printable"]),
    // The host.
    ("wagather-printable", &[]),
    ("wagather-yaml", &["wagather-printable"]),
    ("wagather-base", &["wagather-abi", "wagather-printable"]),
    ("wagather-archive", &["wagather-abi", "wagather-base"]),
    ("wagather-age", &["wagather-archive", "wagather-base"]),
    ("wagather-json", &["wagather-abi", "wagather-base", "wagather-yaml"]),
    ("wagather-module", &["wagather-abi", "wagather-base"]),
    ("wagather-sandbox", &["wagather-abi", "wagather-base", "wagather-module", "wagather-shape"]),
    (
        "wagather-kube",
        &["wagather-archive", "wagather-base", "wagather-json", "wagather-printable", "wagather-yaml"],
    ),
    (
        "wagather-offline",
        &["wagather-archive", "wagather-base", "wagather-kube", "wagather-printable", "wagather-yaml"],
    ),
    ("wagather-findings", &[]),
    ("wagather-http", &["wagather-base"]),
    (
        "wagather-view",
        &["wagather-base", "wagather-findings", "wagather-http", "wagather-offline", "wagather-printable"],
    ),
    ("wagather-deliver", &["wagather-archive", "wagather-base", "wagather-kube"]),
    ("wagather-registry", &["wagather-base", "wagather-kube"]),
    (
        "wagather-policy",
        &[
            "wagather-abi",
            "wagather-base",
            "wagather-json",
            "wagather-module",
            "wagather-printable",
            "wagather-yaml",
        ],
    ),
    (
        "wagather-broker",
        &[
            "wagather-abi",
            "wagather-archive",
            "wagather-base",
            "wagather-findings",
            "wagather-json",
            "wagather-kube",
            "wagather-policy",
            "wagather-printable",
            "wagather-sandbox",
        ],
    ),
    (
        "wagather-run",
        &[
            "wagather-abi",
            "wagather-age",
            "wagather-archive",
            "wagather-base",
            "wagather-broker",
            "wagather-findings",
            "wagather-json",
            "wagather-kube",
            "wagather-module",
            "wagather-offline",
            "wagather-policy",
            "wagather-printable",
            "wagather-registry",
            "wagather-sandbox",
            "wagather-yaml",
        ],
    ),
    (
        "wagather-cli",
        &[
            "wagather-abi",
            "wagather-age",
            "wagather-archive",
            "wagather-base",
            "wagather-broker",
            "wagather-deliver",
            "wagather-json",
            "wagather-kube",
            "wagather-policy",
            "wagather-printable",
            "wagather-registry",
            "wagather-run",
            "wagather-sandbox",
            "wagather-yaml",
        ],
    ),
    (
        "wagather-admin",
        &[
            "wagather-abi",
            "wagather-archive",
            "wagather-base",
            "wagather-broker",
            "wagather-cli",
            "wagather-deliver",
            "wagather-kube",
            "wagather-module",
            "wagather-policy",
            "wagather-printable",
            "wagather-registry",
            "wagather-run",
            "wagather-sandbox",
            "wagather-yaml",
        ],
    ),
    (
        "host-min",
        &[
            "wagather-abi",
            "wagather-admin",
            "wagather-archive",
            "wagather-base",
            "wagather-broker",
            "wagather-cli",
            "wagather-json",
            "wagather-kube",
            "wagather-policy",
            "wagather-run",
            "wagather-sandbox",
        ],
    ),
    (
        "wagather-serve",
        &[
            "wagather-abi",
            "wagather-archive",
            "wagather-base",
            "wagather-broker",
            "wagather-deliver",
            "wagather-http",
            "wagather-kube",
            "wagather-policy",
            "wagather-printable",
            "wagather-registry",
            "wagather-run",
            "wagather-sandbox",
            "wagather-yaml",
        ],
    ),
    ("wagather-capi", &["host-min", "wagather-policy"]),
    // Declares wasm3 for wasm3-sys.
    ("bindgen", &[]),
    (
        "tests",
        &[
            "host-min",
            "wagather",
            "wagather-abi",
            "wagather-base",
            "wagather-codegen",
            "wagather-json",
            "wagather-kube",
            "wagather-module",
            "wagather-policy",
            "wagather-printable",
            "wagather-run",
            "wagather-sandbox",
            "wagather-serve",
            "wagather-yaml",
        ],
    ),
];

/// The walls: what a crate must not reach, however long the way is.
const WALLS: &[(&str, &[&str])] = &[
    ("wagather-sandbox", &["wagather-kube", "wagather-policy", "wagather-json", "wagather-archive"]),
    ("wagather-policy", &["wagather-kube", "wagather-sandbox", "wagather-archive"]),
    ("wagather-kube", &["wagather-policy", "wagather-sandbox"]),
    ("wagather-deliver", &["wagather-policy", "wagather-sandbox", "wagather-broker", "wagather-run"]),
    ("wagather-registry", &["wagather-policy", "wagather-sandbox", "wagather-broker", "wagather-run"]),
    ("wagather-http", &["wagather-kube", "wagather-policy", "wagather-sandbox"]),
    ("wagather-json", &["wagather-kube", "wagather-policy", "wagather-sandbox"]),
    ("wagather-archive", &["wagather-json", "wagather-kube", "wagather-policy", "wagather-sandbox"]),
    ("wagather-broker", &["wagather-run", "host-min"]),
    ("wagather-run", &["wagather-cli", "host-min"]),
    ("wagather-admin", &["host-min"]),
    (
        "wagather-view",
        &["wagather-broker", "wagather-policy", "wagather-run", "wagather-sandbox", "host-min"],
    ),
    ("wagather-codegen", &["wagather-sandbox", "wagather-broker", "host-min"]),
    ("wagather", &["wagather-base"]),
];

/// The only crate roots without `forbid(unsafe_code)`.
const MAY_HAVE_UNSAFE: &[&str] = &[
    "guest-sdk/src/lib.rs",
    "host-min/admin/src/main.rs",
    "host-min/base/src/lib.rs",
    "host-min/bindgen/src/lib.rs",
    "host-min/capi/src/lib.rs",
    "host-min/cli/src/lib.rs",
    "host-min/sandbox/src/lib.rs",
    "host-min/src/main.rs",
];

type Arrows = BTreeMap<String, BTreeSet<String>>;

fn cargo(words: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(words)
        .arg("--offline")
        .current_dir(workspace::root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The packages of the workspace, as cargo sees them.
fn packages() -> Vec<Value> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps"])).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

fn name(value: &Value) -> String {
    value["name"].as_str().expect("a name").to_owned()
}

/// The arrows that the manifests make.
fn made() -> Arrows {
    let packages = packages();
    let known: BTreeSet<String> = packages.iter().map(name).collect();
    let of = |package: &Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        let ours = all.filter(|dependency| !dependency["path"].is_null()).map(name);
        ours.filter(|name| known.contains(name)).collect()
    };
    packages.iter().map(|package| (name(package), of(package))).collect()
}

/// The arrows that [`ARROWS`] allows.
fn planned() -> Arrows {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ARROWS.iter().map(|(package, on)| ((*package).to_owned(), owned(on))).collect()
}

/// Every crate that a crate reaches.
fn reached(arrows: &Arrows, from: &str) -> BTreeSet<String> {
    let (mut reached, mut left) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(package) = left.pop() {
        for on in arrows.get(&package).into_iter().flatten() {
            if reached.insert(on.clone()) {
                left.push(on.clone());
            }
        }
    }
    reached
}

#[test]
fn crates_depend_on_what_the_table_says() {
    let mut made = made();
    for example in programs::examples() {
        let on = made.remove(&example).unwrap_or_default();
        assert_eq!(on.into_iter().collect::<Vec<_>>(), ["wagather"], "{example} is no gatherer of the SDK");
    }
    let planned = planned();
    for (package, on) in &made {
        let allowed = planned.get(package).unwrap_or_else(|| panic!("{package} is not in the table"));
        assert_eq!(on, allowed, "{package}: its manifest (left) and the table (right) differ");
    }
    assert_eq!(made.len(), planned.len(), "the table has crates that are not there");
    for package in made.keys() {
        assert!(!reached(&made, package).contains(package), "{package} depends on itself, by way of others");
    }
}

#[test]
fn no_wall_has_a_way_around() {
    let made = made();
    for (package, walls) in WALLS {
        let reached = reached(&made, package);
        for wall in *walls {
            assert!(made.contains_key(*wall), "there is no crate {wall}");
            assert!(!reached.contains(*wall), "{package} reaches {wall}: it reaches {reached:?}");
        }
    }
}

/// The drawing leaves out what follows: an arrow beside a way that is longer.
#[test]
fn the_drawing_is_the_table() {
    let page = workspace::read("ARCHITECTURE.md");
    let drawing = page.split("<!-- crates -->").nth(1).and_then(|rest| rest.split("<!-- /crates -->").next());
    let drawing =
        drawing.expect("ARCHITECTURE.md has a drawing between <!-- crates --> and <!-- /crates -->");
    let rows = drawing.lines().filter_map(|line| line.split_once('►'));
    let full = |short: &str| {
        let long = format!("wagather-{short}");
        if ARROWS.iter().any(|(known, _)| *known == long) { long } else { short.to_owned() }
    };
    let drawn: Arrows = rows
        .map(|(package, on)| {
            let on = on.split(',').map(str::trim).filter(|on| !on.is_empty()).map(full);
            (full(package.trim()), on.collect())
        })
        .collect();
    let planned = planned();
    let needed: Arrows = planned
        .iter()
        .map(|(package, on)| {
            let follows = |one: &&String| on.iter().any(|other| reached(&planned, other).contains(*one));
            (package.clone(), on.iter().filter(|one| !follows(one)).cloned().collect())
        })
        .collect();
    assert_eq!(drawn, needed, "ARCHITECTURE.md (left) does not draw what the table (right) comes to");
}

/// The names of everything that is built for codegen with these features, its build scripts' included.
fn built_for_codegen(features: &[&str]) -> BTreeSet<String> {
    let tree = ["tree", "--locked", "--edges=normal,build", "--prefix=none", "--package=wagather-codegen"];
    let tree = cargo(&[&tree[..], features].concat());
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn codegen_is_built_without_an_engine_and_a_c_compiler() {
    let whole = built_for_codegen(&["--all-features"]);
    for engine in ["wasm3", "wasm3-sys", "wasmi", "wagather-sandbox", "wagather-broker"] {
        assert!(!whole.contains(engine), "codegen builds {engine}");
    }
    // TLS has some C. Without that the test below would say nothing.
    assert!(whole.contains("ring") && whole.contains("cc"), "{whole:?}");
    let bare = built_for_codegen(&["--no-default-features", "--features=cli,rbac"]);
    assert!(bare.contains("wagather-policy") && bare.contains("wagather-build"), "{bare:?}");
    for c in ["cc", "cmake", "pkg-config", "bindgen", "ring", "wagather-kube"] {
        assert!(!bare.contains(c), "codegen without its feature cluster builds {c}");
    }
}

#[test]
fn crates_forbid_unsafe_code() {
    let mut found = BTreeSet::new();
    for package in packages().iter().filter(|package| name(package) != "tests") {
        for target in package["targets"].as_array().expect("targets") {
            let kind = target["kind"][0].as_str().expect("a kind");
            if ["lib", "rlib", "cdylib", "bin", "proc-macro"].contains(&kind) {
                let path = target["src_path"].as_str().expect("a path");
                let path = path.strip_prefix(&*workspace::root().to_string_lossy()).expect("a path of ours");
                let path = path.trim_start_matches('/').to_owned();
                if !workspace::read(&path).lines().any(|line| line == "#![forbid(unsafe_code)]") {
                    found.insert(path);
                }
            }
        }
    }
    let named: BTreeSet<String> = MAY_HAVE_UNSAFE.iter().map(|file| (*file).to_owned()).collect();
    assert_eq!(
        found, named,
        "the crates that do not forbid unsafe code (left) are not those that this test names (right)"
    );
}

/// The most that an embedder should have to look at.
const MAX_PUBLIC_ITEMS: usize = 41;

/// The library's root says what is public, item by item: no module, no star, nothing of its own.
#[test]
fn the_library_has_few_public_items() {
    let root = workspace::read("host-min/src/lib.rs");
    let code: String = root.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let statements: Vec<&str> = code.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
    let mut items = BTreeSet::new();
    for statement in statements {
        // Attributes end where the statement begins.
        let statement = statement.rsplit(']').next().unwrap_or_default().trim();
        if statement == "struct Embedding" {
            continue;
        }
        let used =
            statement.strip_prefix("pub use ").unwrap_or_else(|| panic!("{statement}: not a `pub use`"));
        let names = match used.split_once('{') {
            Some((_, names)) => names.trim_end_matches('}').split(',').map(str::trim).collect(),
            None => vec![used.rsplit("::").next().unwrap_or_default()],
        };
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let name = name.rsplit(" as ").next().unwrap_or_default();
            let is_module = name.starts_with(char::is_lowercase) && !["run", "run_helper"].contains(&name);
            assert!(name != "*" && name != "self" && !is_module, "{statement}: a whole module");
            assert!(items.insert(name.to_owned()), "{name} twice");
        }
    }
    assert!(items.contains("Plan") && items.contains("run"), "{items:?}");
    assert!(items.len() <= MAX_PUBLIC_ITEMS, "{} public items: {items:?}", items.len());
    // Whoever is told of an item is told what it is for.
    let page = workspace::read("docs/embedding.md");
    let shown =
        page.split("use host_min::{").nth(1).and_then(|rest| rest.split('}').next()).expect("an example");
    for name in shown.split(',').map(str::trim) {
        assert!(items.contains(name), "docs/embedding.md uses {name}, which is not public");
    }
}
