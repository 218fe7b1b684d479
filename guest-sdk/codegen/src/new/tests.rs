//! What is refused, and the result for a definition. `tests/tests/newcomer.rs` tests from outside that the crate
//! compiles and runs.

use super::about::About;
use super::{DEFINITION as FILE, about, emit, name_of, plan, write};
use crate::Saved;
use std::path::Path;

#[test]
fn a_name_that_cannot_be_has_a_suggestion() {
    let name_of = |name: &str| name_of(Path::new(name));
    assert_eq!(name_of("../My/widgets"), Ok("widgets".to_owned()));
    for name in ["a", "my-gatherer", "w2"] {
        assert_eq!(name_of(name), Ok(name.to_owned()), "{name}");
    }
    for (name, suggestion) in [
        ("My_Gatherer", Some("my-gatherer")),
        ("widgets.yaml", Some("widgets-yaml")),
        ("2nd", Some("nd")),
        ("-a-", Some("a")),
        ("core", Some("my-core")),
        ("Ü", None),
        ("..", None),
        ("", None),
    ] {
        let why = name_of(name).expect_err(name);
        let tried = why.split("try '").nth(1).and_then(|rest| rest.strip_suffix('\''));
        assert_eq!(tried, suggestion, "{why}");
        assert!(tried.is_none_or(|name| name_of(name).is_ok()), "{why}");
    }
    let long = "x".repeat(64);
    assert!(name_of(&long).is_err_and(|why| why.ends_with(&format!("try '{}'", &long[1..]))));
}

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {plural: gadgets, kind: Gadget}
  versions:
  - {name: v1alpha1, served: false, storage: false}
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        properties:
          kind: {type: string}
          spec: {properties: {size: {type: integer}, parts: {type: array}}}
          status: {properties: {conditions: {type: array, items: {properties: {type: {type: string}}}}}}
"#;

fn about(text: &str) -> Result<About, String> {
    About::of_definition(Path::new(FILE), text).map_err(|error| error.to_string())
}

#[test]
fn a_definition_says_what_the_gatherer_reads() {
    let gadgets = about(DEFINITION).expect("a definition");
    assert_eq!(gadgets.resource, "gadgets.example.com");
    let declaration = gadgets.filled(include_str!("templates/gather.yaml"), "g", "../sdk", "crd.yaml");
    assert!(
        declaration.contains("  #   spec.{size, parts[]}\n  #   status.{conditions[]}\n"),
        "{declaration}"
    );
    // A condition without a status does not follow the API conventions.
    assert!(declaration.contains("    fields: metadata.name\n"), "{declaration}");
    assert!(!declaration.contains("__"), "{declaration}");
    let with_status =
        DEFINITION.replace("{type: {type: string}}", "{type: {type: string}, status: {type: string}}");
    let gadgets = about(&with_status).expect("a definition");
    // The types match this code.
    let declaration = gadgets.filled(include_str!("templates/gather.yaml"), "g", "../sdk", FILE);
    let plan_of = |definition: &str| {
        let bytes = definition.to_owned().into_bytes();
        let document = Saved { name: FILE.into(), from: FILE.into(), bytes, is_found: false };
        plan(Path::new("gather.yaml"), &declaration, &[document]).expect("a plan")
    };
    let planned = plan_of(&with_status);
    for template in [gadgets.code().0, gadgets.code().1] {
        let text = about::with_types(gadgets.filled(template, "g", "../sdk", "crd.yaml"), &planned);
        assert!(!text.contains("namespace") && !text.contains("__"), "{text}");
        assert!(!text.contains(".as_str()"), "{text}");
    }
    let types = emit::rust(&planned);
    assert!(types.contains("pub(crate) struct Gadget<'a> {\n") && types.contains("//! crd.yaml"), "{types}");
    assert!(types.contains("    pub(crate) conditions: &'a ["), "{types}");
    // An enumeration is compared by its string.
    let known =
        with_status.replace("status: {type: string}", "status: {type: string, enum: ['True', 'False']}");
    let code = about::with_types(gadgets.code().0.to_owned(), &plan_of(&known));
    assert!(code.contains("condition.r#type == ") && code.contains("condition.status.as_str();"), "{code}");
    // If another version is served too, the resource's name has the version.
    let two = about(&DEFINITION.replace("served: false", "served: true")).expect("a definition");
    assert_eq!(two.resource, "gadgets.v1.example.com");
    let in_list = DEFINITION.trim().replace('\n', "\n  ");
    let list = about(&format!("kind: List\nitems:\n- {in_list}\n")).expect("a list");
    assert_eq!(list, about(DEFINITION).expect("a definition"));
}

#[test]
fn a_file_without_one_definition_is_refused() {
    for (text, reason) in [
        ("a: [", ":1:5: a value is missing here"),
        ("kind: Pod\n", ": it must have one CustomResourceDefinition, and has none: 'kubectl"),
        ("", ": it must have one CustomResourceDefinition, and has none: 'kubectl"),
        (
            &*format!("{DEFINITION}---{DEFINITION}"),
            ": it must have one CustomResourceDefinition, and has several, gadgets.example.com and gadgets.example.com: ",
        ),
        (&*DEFINITION.replace("  scope: Cluster\n", ""), ":6:3: there is no scope"),
        (&*DEFINITION.replace("Cluster", "All"), ":7:10: scope must be Namespaced or Cluster"),
        (&*DEFINITION.replace("Gadget}", "'a b'}"), ":8:34: kind is not a valid type name"),
        (
            &*DEFINITION.replace("plural: gadgets", "plural: ../x"),
            ":8:19: plural is not a valid resource name",
        ),
        (&*DEFINITION.replace("served: true", "served: false"), ":10:5: no version is served"),
    ] {
        let why = about(text).expect_err(reason);
        assert!(why.starts_with(&format!("{FILE}{reason}")), "{why}");
    }
}

#[test]
fn files_are_written_all_or_none() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("a/b");
    let files = [("one", "1".to_owned()), ("src/two", "2".to_owned())];
    write(&folder, &files).expect("an empty place");
    assert_eq!(std::fs::read_to_string(folder.join("src/two")).expect("a file"), "2");
    let before = std::fs::read_to_string(folder.join("one")).expect("a file");
    let error =
        write(&folder, &[("new", String::new()), ("one", "other".to_owned())]).expect_err("there is a one");
    assert!(error.to_string().contains(": it already has a one: give another path"), "{error}");
    assert!(!folder.join("new").exists());
    assert_eq!(std::fs::read_to_string(folder.join("one")).expect("a file"), before);
    // A file is in place of a folder, so everything written before is removed.
    let other = place.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    std::fs::write(other.join("src"), "a file").expect("a file");
    write(&other, &files).expect_err("a file in the way");
    let left: Vec<_> = std::fs::read_dir(&other)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["src"]);
}
