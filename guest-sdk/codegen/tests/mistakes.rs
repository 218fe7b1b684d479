//! What people have beside what is wanted, and what they have instead of it: what `codegen` says then.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {plural: widgets, kind: Widget}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {colour: {type: string}}}}}
  - {name: v1alpha1, served: false, storage: false}
";

const DECLARATION: &str = "apiVersion: wagather/v1\nkind: Gather\nschemas: [crds]\nresources:\n  widgets.example.com: metadata.name, colour\n";

/// A gatherer in a folder of this name, with these files.
struct Gatherer(TempDir, String);

impl Gatherer {
    fn new(name: &str, files: &[(&str, &str)]) -> Gatherer {
        let gatherer = Gatherer(tempfile::tempdir().expect("a folder"), name.to_owned());
        for (file, text) in [("gather.yaml", DECLARATION), ("crds/widgets.yaml", CRD)].iter().chain(files) {
            let file = gatherer.path().join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, text).expect("a file");
        }
        gatherer
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join(&self.1)
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut codegen = Command::new(env!("CARGO_BIN_EXE_codegen"));
        codegen.args(words).current_dir(self.path()).output().expect("codegen")
    }

    /// What it says on stderr, after success or not.
    #[track_caller]
    fn says(&self, words: &[&str], is_success: bool) -> String {
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), is_success, "{words:?}: {said}");
        said
    }
}

#[test]
fn what_is_no_schema_in_a_folder_is_skipped_and_said() {
    let gatherer = Gatherer::new(
        "widgets",
        &[
            ("crds/kustomization.yaml", "resources:\n- widgets.yaml\n"),
            ("crds/Chart.yaml", "apiVersion: v2\nname: chart\n"),
            ("crds/deployment.yml", "apiVersion: apps/v1\nkind: Deployment\n"),
            ("crds/empty.json", "[]"),
            ("crds/README.md", "not looked at"),
        ],
    );
    let note = |file: &str| {
        format!(
            "note: ./crds/{file} is skipped: it contains neither OpenAPI nor a CustomResourceDefinition\n"
        )
    };
    let notes = ["Chart.yaml", "deployment.yml", "empty.json", "kustomization.yaml"].map(note).concat();
    for command in ["generate", "check", "docs"] {
        assert_eq!(gatherer.says(&[command], true), notes, "{command}");
    }
    // What somebody named is wanted.
    let named = gatherer.says(&["generate", "--schema", "crds/kustomization.yaml"], false);
    assert!(named.contains("crds/kustomization.yaml: neither OpenAPI"), "{named}");
}

#[test]
fn templates_of_helm_are_said_to_be_such() {
    for (file, place, text) in [
        ("crds/a.yaml", "1:1", "{{- if .Values.crds }}\nkind: CustomResourceDefinition\n{{- end }}\n"),
        ("crds/b.yaml", "1:4", "a: {{ .Values.a }}\n"),
        ("crds/c.yaml", "5:11", &CRD.replace("group: example.com", "group: \"{{ .Values.group }}\"")),
    ] {
        let gatherer = Gatherer::new("widgets", &[(file, text)]);
        let said = gatherer.says(&["generate"], false);
        assert!(said.starts_with(&format!("error: ./{file}:{place}: this is a Helm template")), "{said}");
        assert!(said.contains("helm template") && said.lines().count() == 1, "{said}");
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").display().to_string();
        let said = gatherer.says(&["new", "../other", "--crd", file, "--sdk", &sdk], false);
        assert!(said.contains("this is a Helm template"), "{said}");
    }
}

#[test]
fn versions_that_are_not_served_are_said_not_to_be() {
    let gatherer = Gatherer::new("widgets", &[]);
    let text = DECLARATION.replace("widgets.example.com", "widgets.v1alpha1.example.com");
    fs::write(gatherer.path().join("gather.yaml"), &text).expect("a file");
    let said = gatherer.says(&["generate"], false);
    let why = "widgets.example.com is not served in version v1alpha1 ('served: false' in widgets.yaml): write 'widgets.v1.example.com'\n";
    assert_eq!(said, format!("error: gather.yaml:5:3: {why}"));
    // Of another one nobody has to know.
    let old = CRD.replace("widgets", "gadgets").replace("served: true", "served: false");
    let gatherer = Gatherer::new("widgets", &[("crds/gadgets.yaml", &old)]);
    assert_eq!(gatherer.says(&["generate"], true), "");
    fs::write(gatherer.path().join("gather.yaml"), DECLARATION.replace("widgets", "gadgets"))
        .expect("a file");
    let said = gatherer.says(&["generate"], false);
    assert!(said.contains("gadgets.example.com is not served in version v1 and v1alpha1"), "{said}");
}

#[test]
fn a_folder_that_no_gatherer_can_be_called_by_is_refused() {
    for name in ["Widgets", "my_widgets", "7widgets", "core"] {
        let gatherer = Gatherer::new(name, &[]);
        let said = gatherer.says(&["generate"], false);
        assert!(said.starts_with(&format!("error: gather.yaml: '{name}' ")), "{said}");
        assert!(said.contains("'name: NAME'") && !gatherer.path().join("src").exists(), "{said}");
        let named = format!("{DECLARATION}name: widgets\n");
        fs::write(gatherer.path().join("gather.yaml"), named).expect("a file");
        assert_eq!(gatherer.says(&["generate"], true), "");
    }
}

#[test]
fn schemas_that_are_not_there_are_told_where_they_are_named() {
    let gatherer = Gatherer::new("widgets", &[]);
    let text = DECLARATION.replace("[crds]", "[crds, ../shemas]");
    fs::write(gatherer.path().join("gather.yaml"), text).expect("a file");
    let said = gatherer.says(&["generate"], false);
    assert_eq!(
        said,
        "error: gather.yaml:3:17: ./../shemas does not exist, but the declaration names it for schemas\n"
    );
}

#[test]
fn fields_are_listed_as_gather_yaml_takes_them() {
    let gatherer = Gatherer::new("widgets", &[("core.json", include_str!("schemas/core-v1.json"))]);
    let fields = |words: &[&str]| {
        let output = gatherer.run(&[&["fields"], words].concat());
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    // Of the declaration; and a path may be a word of its own.
    let widgets = fields(&["widgets.example.com"]);
    assert!(
        widgets.starts_with("widgets.example.com: example.com/v1, Widget, of the cluster; get, list\n"),
        "{widgets}"
    );
    assert!(widgets.contains("\n  colour       text\n"), "{widgets}");
    let metadata = fields(&["widgets", "metadata"]);
    let line = metadata.lines().find(|line| line.contains("finalizers[]")).expect("a line");
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["finalizers[]", "list", "of", "texts"]);
    let core = ["--schema", "core.json"];
    let fields_of = |words: &[&str]| fields(&[words, &core].concat());
    let conditions = fields_of(&["nodes.status.conditions"]);
    assert!(conditions.contains("\nnodes.status.conditions: list of objects\n"), "{conditions}");
    assert!(conditions.contains("\n  type               ! text\n"), "{conditions}");
    let kind = fields_of(&["nodes", "status.conditions[].type"]);
    assert!(kind.ends_with("\nnodes.status.conditions[].type: text\n"), "{kind}");
    let status = fields_of(&["nodes.status", "--recursive"]);
    assert!(status.contains("\n  addresses[] ") && status.contains("\n    address ! text\n"), "{status}");
    // What it lists is what a declaration may have.
    let text = DECLARATION
        .replace("crds", "core.json")
        .replace("  widgets.example.com: metadata.name, colour", "  nodes: status.{");
    let names: Vec<&str> = status
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| name.ends_with("[]"))
        .collect();
    assert!(names.len() > 3, "{status}");
    fs::write(gatherer.path().join("gather.yaml"), format!("{}{}}}\n", text.trim_end(), names.join(", ")))
        .expect("a file");
    gatherer.says(&["generate"], true);
    for (words, why) in [
        (&["nodse"][..], "error: the schemas have no resource 'nodse'; did you mean 'nodes'?\n"),
        (&["nodes.status.fase"], "error: nodes.status has no field 'fase'; did you mean 'phase'?\n"),
        (&["nodes", "status.phase.x"], "error: nodes.status.phase is a text: it has no fields\n"),
        (&["nodes", "status..x"], "error: status..x: a name is missing\n"),
    ] {
        assert_eq!(gatherer.says(&[&["fields"], words, &core].concat(), false), why);
    }
    fs::remove_file(gatherer.path().join("gather.yaml")).expect("a file");
    let said = gatherer.says(&["fields", "nodes"], false);
    assert!(said.contains("gather.yaml: does not exist: give schemas with --schema PATH"), "{said}");
}
