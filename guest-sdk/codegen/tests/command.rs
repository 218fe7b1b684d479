//! The command line as it is typed: which files it writes, which it leaves alone, and what it says.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the tests of the outputs hold them against.
fn known(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/everything").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// A package in a workspace, with the declaration and its schemas, and nothing made yet.
struct Gatherer {
    workspace: tempfile::TempDir,
}

impl Gatherer {
    fn new() -> Gatherer {
        let workspace = tempfile::tempdir().expect("a folder");
        let gatherer = Gatherer { workspace };
        gatherer.put("gather.yaml", &known("gather.yaml"));
        for schema in ["schemas/kinds.json", "schemas/gateways.crd.yaml"] {
            gatherer.put(schema, &known(schema));
        }
        gatherer.put("Cargo.toml", "[package]\nname = \"everything\"\nversion.workspace = true\n");
        gatherer.put(
            "../Cargo.toml",
            "[workspace]\nmembers = [\"*\"]\n\n[workspace.package]\nversion = \"1.2.3\"\n",
        );
        gatherer
    }

    fn path(&self, file: &str) -> PathBuf {
        self.workspace.path().join("gatherer").join(file)
    }

    fn put(&self, file: &str, text: &str) {
        let path = self.path(file);
        // "../" needs the folder that it leads out of.
        std::fs::create_dir_all(self.path("")).expect("a folder");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    fn get(&self, file: &str) -> String {
        let path = self.path(file);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Standard output, or the error.
    fn run(&self, words: &[&str]) -> Result<String, String> {
        let done = Command::new(env!("CARGO_BIN_EXE_codegen"))
            .args(words)
            .current_dir(self.path(""))
            .output()
            .expect("codegen");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&done.stderr)) }
    }
}

#[test]
fn generate_writes_all_that_is_declared() {
    let gatherer = Gatherer::new();
    let written = gatherer.run(&["generate"]).expect("generated");
    assert!(written.starts_with("./src/resources.rs (written)\n./page.md (written)\n"), "{written}");
    assert!(written.contains("fixtures/pods.json (written)\n"), "{written}");
    for file in ["src/resources.rs", "page.md", "fixtures/pods.json", "fixtures/gateways.example.com.json"] {
        assert_eq!(gatherer.get(file), known(file), "{file}");
    }
    // A fixture is the developer's as soon as it is there; the module and the page are not.
    for file in ["src/resources.rs", "page.md", "fixtures/pods.json"] {
        gatherer.put(file, "changed");
    }
    std::fs::remove_file(gatherer.path("fixtures/nodes.json")).expect("a file");
    let written = gatherer.run(&["generate"]).expect("generated");
    let lines = ["./src/resources.rs (written)", "./page.md (written)", "./fixtures/nodes.json (written)"];
    assert_eq!(written.lines().collect::<Vec<_>>(), lines);
    assert_eq!(gatherer.get("fixtures/pods.json"), "changed");
    for file in ["src/resources.rs", "page.md", "fixtures/nodes.json"] {
        assert_eq!(gatherer.get(file), known(file), "{file}");
    }
}

#[test]
fn print_writes_nothing() {
    let gatherer = Gatherer::new();
    assert_eq!(gatherer.run(&["generate", "--print"]), Ok(known("src/resources.rs")));
    assert_eq!(gatherer.run(&["docs"]), Ok(known("page.md")));
    for file in ["src/resources.rs", "page.md", "fixtures"] {
        assert!(!gatherer.path(file).exists(), "{file}");
    }
    assert_eq!(gatherer.run(&["docs", "--output", "docs/everything.md"]), Ok(String::new()));
    assert_eq!(gatherer.get("docs/everything.md"), known("page.md"));
}

#[test]
fn fixtures_that_are_there_stay_as_they_are() {
    let gatherer = Gatherer::new();
    let said = gatherer.run(&["fixture"]).expect("fixtures");
    assert!(said.contains("./fixtures/pods.json is written\n"), "{said}");
    let said = gatherer.run(&["fixture", "--output", "src/fixtures"]).expect("fixtures");
    let host = "    let host = wagather::fake::Host::new()\n        .list(\"/api/v1/pods\", include_str!(\"fixtures/pods.json\"))\n";
    assert!(said.contains(host) && said.ends_with(";\n"), "{said}");
    gatherer.put("fixtures/pods.json", "mine");
    let said = gatherer.run(&["fixture"]).expect("fixtures");
    assert!(
        said.contains("./fixtures/pods.json exists, so it is not changed; --force overwrites it\n"),
        "{said}"
    );
    assert_eq!(gatherer.get("fixtures/pods.json"), "mine");
    gatherer.run(&["fixture", "--force"]).expect("fixtures");
    assert_eq!(gatherer.get("fixtures/pods.json"), known("fixtures/pods.json"));
}

#[test]
#[cfg(feature = "rbac")]
fn the_account_has_the_version_of_the_package() {
    let gatherer = Gatherer::new();
    assert_eq!(gatherer.run(&["rbac"]), Ok(known("rbac.yaml")));
    let named = gatherer.run(&["rbac", "--name", "support", "-n", "tools"]).expect("an account");
    assert!(named.contains("  name: support\n  namespace: tools\n"), "{named}");
    assert!(
        gatherer.run(&["rbac", "--name", "a/b"]).is_err_and(|why| why.contains("a name consists of a-z"))
    );
    gatherer.put("../Cargo.toml", "[workspace]\n");
    let why = gatherer.run(&["rbac"]).expect_err("no version");
    assert!(why.contains("Cargo.toml: the version is inherited from a workspace"), "{why}");
    std::fs::remove_file(gatherer.path("Cargo.toml")).expect("a file");
    let text = gatherer.run(&["rbac"]).expect("an account");
    assert!(
        text.starts_with("# Exactly the permissions that these gatherers need: everything 0.0.0.\n"),
        "{text}"
    );
}
