//! Complete crates: the examples, generated code, a crate with a build script, and mutated ones.

use super::*;

#[test]
fn no_text_makes_it_panic() {
    let source = include_str!("../tests.rs");
    let seeds = [
        include_str!("../../schema/view.rs"),
        "use wagather::{Fields, Resource, json::{self, *}};\nmod a { pub use super::*; pub type B<T> = Vec<T>; }\n\
         #[derive(Default, Resource)] #[resource(version = \"v1\", plural = \"pods\", namespaced, verbs(get, list))]\n\
         struct Pod { metadata: a::B<Meta>, status: Option<Status>, tree: Tree }\n\
         #[derive(Fields)] struct Meta { #[field(name = \"labels\")] labels: json::Pairs<String>, name: Name }\n\
         #[derive(Fields)] struct Name(String);\n\
         #[derive(Fields)] struct Status { container_statuses: Vec<Meta>, limits: Pairs<Quantity>, port: u16 }\n\
         #[derive(Fields)] struct Tree { leaf: String, children: Vec<a::B<Tree>> }\nfn f() { struct X; }\n",
    ];
    let words: Vec<&str> =
        source.split_whitespace().chain(seeds[1].split_inclusive([' ', '<', '{', ':'])).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    let mut readable = 0;
    for round in 0..1_000 {
        let mut text: Vec<char> = seeds[usize::from(round % 10 != 0)].chars().collect();
        for _ in 0..=random(3) {
            let at = random(text.len());
            match random(4) {
                0 => drop(text.drain(at..(at + 1 + random(20)).min(text.len()))),
                1 => drop(text.splice(at..at, words[random(words.len())].chars())),
                2 => text[at] = char::from_u32(random(0x250) as u32).unwrap_or('ä'),
                _ => {
                    let copied = text[at..(at + random(60)).min(text.len())].to_vec();
                    let to = random(text.len());
                    drop(text.splice(to..to, copied));
                }
            }
        }
        let text: String = text.into_iter().collect();
        let report = of_files(&[("src/lib.rs", &text), ("src/a.rs", "pub struct A;")]);
        readable += usize::from(report.resources > 0);
    }
    // A test with only unreadable texts would prove little.
    assert!(readable > 100, "{readable}");
}

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[test]
fn the_examples_are_right() {
    let schemas = Schemas::read(&[repository("examples/schemas")]).expect("schemas");
    let mut found = (0, 0);
    for entry in std::fs::read_dir(repository("examples")).expect("the examples") {
        let folder = entry.expect("an example").path();
        if !folder.join("Cargo.toml").is_file() {
            continue;
        }
        let report = verify(&root_of(&folder).expect("sources"), &schemas);
        assert_eq!(told(&report), [""; 0], "{}", folder.display());
        let texts = report.files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
        let declared: usize = texts.map(|text| text.matches("#[resource(").count()).sum();
        assert_eq!(report.resources, declared, "{}", folder.display());
        found = (found.0 + report.resources, found.1 + report.fields);
    }
    assert!(found.0 > 10 && found.1 > 100, "{found:?}");
    // Compared with OpenShift's document.
    let crd = Schemas::read(&[repository("tests/apiserver/clusteroperators.crd.yaml")]).expect("schemas");
    let report = verify(&repository("examples/degraded-operators/src/lib.rs"), &crd);
    assert_eq!((told(&report), report.resources), (Vec::new(), 1));
    assert!(report.fields > 5, "{report:?}");
}

#[test]
fn what_is_generated_is_right() {
    let text = "apiVersion: wagather/v1\nkind: Gather\nresources:\n  pods: 'metadata.*, status.*, tree.{leaf, children}, open, more.{known?, other}'\n  nodes: metadata.labels.app\n";
    let declaration = Declaration::parse(Path::new("gather.yaml"), text).expect("a declaration");
    let plan = crate::Plan::new(&declaration, &schemas()).expect("a plan");
    let report = of_files(&[("src/lib.rs", &crate::emit::rust(&plan))]);
    assert_eq!(told(&report), [""; 0]);
    // 5 fields of the pod, 3 of its metadata, 12 of its status, 2 of the shared struct of statuses, 2 of tree, the
    // known one of more, and 3 of the node.
    assert_eq!((report.resources, report.fields), (2, 28));
}

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: backups.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: backups, kind: Backup}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                schedule: {type: string}
                keep: {type: integer, minimum: 0}
";

/// A crate in its own folder.
fn crate_of(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }
    folder
}

#[test]
fn a_build_script_tells_cargo() {
    let source = "mod spec;\n#[derive(Default, wagather::Resource)]\n\
        #[resource(group = \"example.com\", version = \"v1\", plural = \"backups\", namespaced)]\n\
        struct Backup { spec: spec::Spec, more: Other }\n";
    let spec = "#[derive(Default, wagather::Fields)]\npub struct Spec { schedul: String, keep: u32 }\n";
    let declaration =
        "apiVersion: wagather/v1\nkind: Gather\nschemas: [crd]\nresources: {backups: spec.keep}\n";
    let folder = crate_of(&[
        ("Cargo.toml", ""),
        ("src/lib.rs", source),
        ("src/spec.rs", spec),
        ("crd/backups.yaml", CRD),
        ("gather.yaml", declaration),
    ]);
    let said = |schemas: &[&str]| -> Vec<String> {
        let shown = format!("{}/", folder.path().display());
        crate::verify::build::lines(folder.path(), schemas)
            .lines()
            .map(|line| line.replace(&shown, ""))
            .collect()
    };
    let found = [
        "cargo::error=src/lib.rs:4:35: Backup.more: Backup has no field 'more'; there are apiVersion, kind, metadata and spec",
        "cargo::error=src/spec.rs:2:19: Backup.spec.schedul: this object has no field 'schedul'; did you mean 'schedule'?",
        "cargo::warning=src/spec.rs:2:42: Backup.spec.keep: the schema allows numbers above 4294967295, which cannot be decoded as u32; use i64",
    ];
    let changed = |files: &[&str]| -> Vec<String> {
        files.iter().map(|file| format!("cargo::rerun-if-changed={file}")).collect()
    };
    let all = |files: &[&str]| [changed(files), found.map(str::to_owned).to_vec()].concat();
    assert_eq!(said(&["crd"]), all(&["src/lib.rs", "crd", "src/spec.rs"]));
    assert_eq!(said(&[]), all(&["gather.yaml", "src/lib.rs", "crd", "src/spec.rs"]));

    std::fs::write(folder.path().join("src/spec.rs"), spec.replace("schedul:", "schedule:")).expect("a file");
    std::fs::write(folder.path().join("src/lib.rs"), source.replace(", more: Other", "")).expect("a file");
    assert!(!said(&["crd"]).iter().any(|line| line.starts_with("cargo::error")), "{:?}", said(&["crd"]));
    // Cargo waits for the missing file.
    std::fs::remove_file(folder.path().join("src/spec.rs")).expect("no file");
    let lines = said(&["crd"]);
    assert_eq!(lines[2..4], changed(&["src/spec.rs", "src/spec/mod.rs"]));
    assert!(
        lines[4].starts_with("cargo::error=src/lib.rs:1:5: the file of the module 'spec' is missing"),
        "{lines:?}"
    );
    let lines = said(&["nowhere"]);
    assert_eq!(lines[..2], changed(&["src/lib.rs", "nowhere"]));
    assert!(lines[2].starts_with("cargo::error=nowhere: cannot be read: "), "{lines:?}");
    std::fs::remove_file(folder.path().join("gather.yaml")).expect("no file");
    let lines = said(&[]);
    assert_eq!(lines[..2], changed(&["gather.yaml", "src/lib.rs"]));
    assert!(lines[2].starts_with("cargo::error=src/lib.rs: no schema is given: "), "{lines:?}");
    std::fs::remove_file(folder.path().join("src/lib.rs")).expect("no file");
    let lines = said(&["crd"]);
    assert_eq!(lines[..1], changed(&["src"]));
    assert!(lines[1].contains("neither src/lib.rs nor src/main.rs"), "{lines:?}");
}
