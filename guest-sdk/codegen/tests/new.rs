//! `codegen new` as it is typed: what it writes, and what it refuses. That the crates compile and run is tested by
//! `tests/tests/newcomer.rs`.

use std::fs;
use std::path::Path;
use std::process::Command;

const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {plural: gadgets, kind: Gadget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
";

/// The exit code, and what is printed, both ways.
fn codegen(folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_codegen")).args(words).current_dir(folder).output();
    let done = done.expect("codegen");
    (done.status.code(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

/// The checkout that this test is in.
fn checkout() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
}

fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        match path.is_dir() {
            true => names.extend(files(&path).iter().map(|inner| format!("{name}/{inner}"))),
            false => names.push(name),
        }
    }
    names.sort();
    names
}

#[test]
fn a_crate_has_the_types_of_its_declaration() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    fs::write(place.join("gadgets.yaml"), DEFINITION).expect("a file");
    let all = [
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "README.md",
        "gather.yaml",
        "src/lib.rs",
        "src/resources.rs",
        "src/tests.rs",
        "tests/module.rs",
    ];
    for (name, options, resource, also) in [
        ("gadgets", &["--crd", "gadgets.yaml"][..], "gadgets.example.com", Some("crd.yaml")),
        ("unready", &[], "pods", None),
    ] {
        let words = [&["new", name, "--sdk", checkout()], options].concat();
        let (code, printed) = codegen(place, &words);
        assert_eq!(code, Some(0), "{printed}");
        assert!(printed.starts_with(&format!("{name} is a gatherer that reads {resource}:\n")), "{printed}");
        // What is to be typed works from here.
        let absolute = place.canonicalize().expect("a folder").join(name);
        for command in [
            format!("cargo test --manifest-path {name}/Cargo.toml"),
            format!("make -C {} guests GUESTS={}", checkout(), absolute.display()),
            format!("{0}/target/dist/host-min inspect {0}/target/guests/{name}.wasm", checkout()),
            format!("{}/target/dist/codegen generate {name}", checkout()),
        ] {
            assert!(printed.contains(&format!("  {command}\n")), "{command}\n{printed}");
        }
        let mut expected: Vec<&str> = all.iter().copied().chain(also).collect();
        expected.sort_unstable();
        assert_eq!(files(&place.join(name)), expected);
        let (code, printed) = codegen(place, &["check", name]);
        assert!(code == Some(0) && printed.ends_with("src/resources.rs is up to date\n"), "{printed}");
        // Once more, and nothing is changed.
        fs::write(place.join(name).join("src/lib.rs"), "mine").expect("a file");
        let (code, printed) = codegen(place, &words);
        let refused = format!("error: {name}: it already has a gather.yaml: give another path");
        assert!(code == Some(1) && printed.starts_with(&refused), "{printed}");
        assert_eq!(fs::read_to_string(place.join(name).join("src/lib.rs")).expect("a file"), "mine");
    }
}

#[test]
fn what_cannot_be_made_is_told_and_nothing_is_written() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    fs::write(place.join("pod.yaml"), "kind: Pod\n").expect("a file");
    // Of a type that no field has.
    fs::write(place.join("broken.yaml"), DEFINITION.replace("type: object", "type: thing")).expect("a file");
    for (words, code, told) in [
        (
            &["My_Gatherer", "--sdk", checkout()][..],
            2,
            "invalid value 'My_Gatherer' for '<PATH>': 'My_Gatherer' is not a valid gatherer name: ",
        ),
        (&["a"], 1, "a: cannot create a gatherer there: it needs the SDK, "),
        (&["a", "--sdk", "."], 1, "a: cannot create a gatherer there: --sdk . is not a checkout of wagather"),
        (
            &["b/a", "--sdk", checkout()],
            1,
            "b/a: cannot create a gatherer there: cannot create the folder b: ",
        ),
        (&["a", "--sdk", checkout(), "--crd", "none.yaml"], 1, "none.yaml: cannot be read: "),
        (
            &["a", "--sdk", checkout(), "--crd", "pod.yaml"],
            1,
            "pod.yaml: it must have one CustomResourceDefinition",
        ),
        (
            &["a", "--sdk", checkout(), "--crd", "broken.yaml"],
            1,
            "broken.yaml: cannot generate types from it: ",
        ),
    ] {
        let (is, printed) = codegen(place, &[&["new"], words].concat());
        assert!(
            is == Some(code) && printed.starts_with(&format!("error: {told}")),
            "{words:?}: {is:?} {printed}"
        );
        assert_eq!(files(place), ["broken.yaml", "pod.yaml"], "{words:?}");
    }
    let within = format!("{}/tests/a", checkout());
    let (code, printed) = codegen(place, &["new", &within]);
    assert!(
        code == Some(1) && printed.contains("which has its gatherers in examples/; use examples/a, "),
        "{printed}"
    );
    assert!(!Path::new(&within).exists());
}

#[test]
fn a_gatherer_in_another_language_brings_its_sdk() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    for (language, own) in [
        ("c", &["gatherer.c", "wagather.h"][..]),
        ("zig", &["gatherer.zig", "wagather.zig"]),
        ("assemblyscript", &["gatherer.manifest", "gatherer.ts", "package.json", "wagather.ts"]),
        (
            "go",
            &[
                "gatherer.manifest",
                "go.mod",
                "main.go",
                "wagather/contract.go",
                "wagather/go.mod",
                "wagather/shape.go",
                "wagather/wagather.go",
            ],
        ),
    ] {
        let name = format!("in-{language}");
        let (code, said) = codegen(place, &["new", &name, "--lang", language, "--sdk", checkout()]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("make -C {name} test")), "{said}");
        let mut expected: Vec<&str> =
            [".gitignore", "Makefile", "README.md", "tests/findings.json", "tests/recording.har"]
                .iter()
                .chain(own)
                .copied()
                .collect();
        expected.sort_unstable();
        assert_eq!(files(&place.join(&name)), expected);
        for file in files(&place.join(&name)) {
            let text = fs::read_to_string(place.join(&name).join(&file)).expect("a text");
            assert!(!text.contains("__NAME__") && !text.contains("__NEEDS__"), "{file}");
        }
        // What is there is left alone.
        let (code, said) = codegen(place, &["new", &name, "--lang", language, "--sdk", checkout()]);
        assert!(code == Some(1) && said.contains("already has"), "{said}");
    }
    let (code, said) =
        codegen(place, &["new", "both", "--lang", "c", "--crd", "x.yaml", "--sdk", checkout()]);
    assert!(code == Some(1) && said.contains("leave out --crd or --lang"), "{said}");
    let (code, said) = codegen(place, &["new", "cobol", "--lang", "cobol"]);
    assert!(code == Some(2) && said.contains("assemblyscript"), "{said}");
    assert!(!place.join("both").exists() && !place.join("cobol").exists());
}
