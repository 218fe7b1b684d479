//! Everything that is made of a declaration which has one of each thing, held against the files in `tests/everything`.
//!
//! `BLESS=1 cargo test -p wagather-codegen` writes them anew; a change of them is then seen in a review.

use std::path::{Path, PathBuf};
use std::process::Command;
use wagather_codegen::{Declaration, Error, Package, Plan, Schemas, emit};

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/everything")
}

fn package() -> Package {
    Package { name: "everything".into(), version: "1.2.3".into() }
}

fn plan() -> Plan {
    let read = || -> Result<Plan, Error> {
        let declaration = Declaration::read(&place().join("gather.yaml"))?;
        Plan::new(&declaration, &Schemas::read(&declaration.schemas)?)
    };
    read().unwrap_or_else(|error| panic!("{error}"))
}

/// Compares a text with a file.
fn check(file: &str, actual: &str) {
    let path = place().join(file);
    if std::env::var_os("BLESS").is_some() {
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, actual)).expect("a file");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expected.lines().zip(actual.lines()).position(|(expected, actual)| expected != actual);
    let line = differs.unwrap_or(expected.lines().count().min(actual.lines().count()));
    assert!(
        expected == actual,
        "line {} of {file} differs; BLESS=1 writes it anew\n- {}\n+ {}",
        line + 1,
        expected.lines().nth(line).unwrap_or("(its end)"),
        actual.lines().nth(line).unwrap_or("(its end)"),
    );
}

#[test]
fn the_rust_module() {
    check("src/resources.rs", &emit::rust(&plan()));
    let formatted = Command::new("rustfmt")
        .args(["--check", "--edition=2024", "--config-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rustfmt.toml"))
        .arg(place().join("src/resources.rs"))
        .output()
        .expect("rustfmt");
    assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));
}

#[test]
fn the_manifest() {
    let text = emit::manifest(&plan(), &package());
    check("manifest.txt", &text);
    for record in wagather_abi::manifest::records(text.as_bytes()) {
        record.unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}

#[test]
#[cfg(feature = "rbac")]
fn the_account() {
    let text = emit::rbac(&plan(), &package(), "wagather", "default").expect("an account");
    check("rbac.yaml", &text);
    let wrong = Package { name: "no_label".into(), ..package() };
    let why = emit::rbac(&plan(), &wrong, "wagather", "default").expect_err("the name is no DNS label");
    assert!(why.contains("not a DNS label"), "{why}");
}

#[test]
fn the_page() {
    let page = emit::docs(&plan(), &package());
    check("page.md", &page);
    // A table whose rows have not as many cells as its head is none.
    for table in page.split("\n\n").filter(|block| block.starts_with('|')) {
        let cells = |row: &str| row.replace("\\|", "").matches('|').count();
        let head = table.lines().next().map(cells);
        for row in table.lines() {
            assert_eq!(Some(cells(row)), head, "{row}");
        }
    }
}

#[test]
fn the_fixtures() {
    let fixtures = emit::fixtures(&plan());
    for fixture in &fixtures {
        check(&format!("fixtures/{}", fixture.file), &fixture.text);
        let list: serde_json::Value = serde_json::from_str(&fixture.text).expect("JSON");
        assert_eq!(list.as_array().map(Vec::len), Some(1), "{}", fixture.file);
    }
    let files: Vec<(&str, &str)> = fixtures.iter().map(|fixture| (&*fixture.file, &*fixture.path)).collect();
    assert_eq!(
        files,
        [
            ("pods.json", "/api/v1/pods"),
            ("nodes.json", "/api/v1/nodes"),
            ("secrets.json", "/api/v1/namespaces/shop/secrets"),
            ("deployments.apps.json", "/apis/apps/v1/namespaces/kube-system/deployments"),
            ("gateways.example.com.json", "/apis/example.com/v1/gateways"),
        ]
    );
}

#[test]
fn the_same_again() {
    let (once, again) = (plan(), plan());
    assert_eq!(emit::rust(&once), emit::rust(&again));
    assert_eq!(emit::docs(&once, &package()), emit::docs(&again, &package()));
    assert_eq!(emit::fixtures(&once), emit::fixtures(&again));
}
