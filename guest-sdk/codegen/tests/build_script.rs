//! A little crate that is really built: with the build script's types, and with the generated ones. It reads the fixtures, and
//! what it read is compared with them field by field.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where this crate is.
const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// The crate of `tests/everything` in a folder of its own.
fn little_crate() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    copy(&Path::new(CRATE).join("tests/everything"), place.path());
    let sdk = Path::new(CRATE).parent().expect("the SDK").to_owned();
    let manifest = format!(
        "[package]\nname = \"everything\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nwagather = {{ path = {sdk:?} }}\n\n\
         [build-dependencies]\nwagather-codegen = {{ path = {CRATE:?}, default-features = false }}\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n"
    );
    std::fs::write(place.path().join("Cargo.toml"), manifest).expect("a file");
    // The versions that the workspace has, so that nothing is fetched.
    let lock = sdk.parent().expect("the workspace").join("Cargo.lock");
    std::fs::copy(lock, place.path().join("Cargo.lock")).expect("a file");
    let declaration = std::fs::read_to_string(place.path().join("gather.yaml")).expect("a declaration");
    let owned = declaration.replace("\nkind: Gather\n", "\nkind: Gather\ndecoding: gatherer\n");
    assert_ne!(owned, declaration);
    std::fs::write(place.path().join("owned.yaml"), owned).expect("a file");
    place
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(std::fs::copy(&path, &target).expect("a file")),
        }
    }
}

/// Where cargo puts what it builds for these tests: beside what it builds for all others.
fn target() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_codegen"));
    program.ancestors().nth(2).expect("the target folder").join("little")
}

fn cargo(place: &Path, command: &str) -> Output {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(cargo)
        .args([command, "--offline", "--quiet"])
        .current_dir(place)
        .env("CARGO_TARGET_DIR", target())
        .output()
        .expect("cargo")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether all that is read is as the fixture has it; what no type asks for is not there.
fn agrees(read: &Value, fixture: &Value) -> bool {
    match (read, fixture) {
        (Value::Object(read), Value::Object(fixture)) => {
            read.iter().all(|(name, value)| fixture.get(name).is_some_and(|other| agrees(value, other)))
        }
        (Value::Array(read), Value::Array(fixture)) => {
            read.len() == fixture.len() && read.iter().zip(fixture).all(|(read, other)| agrees(read, other))
        }
        _ => read == fixture,
    }
}

/// Where there are values: the names on the way to each.
fn places(value: &Value, at: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| places(field, &format!("{at}/{name}"), all));
        }
        Value::Array(items) => items.iter().for_each(|item| places(item, &format!("{at}[]"), all)),
        _ => _ = all.insert(at.to_owned()),
    }
}

#[test]
fn the_types_are_built_and_read_every_field_of_the_fixtures() {
    let place = little_crate();
    let done = cargo(place.path(), "run");
    assert!(done.status.success(), "{}", text(&done.stderr));
    let output = text(&done.stdout);
    // By the module that read it, and by the file.
    let mut read: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let mut objects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in output.lines() {
        let [module, file, object] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let value: Value = serde_json::from_str(object).expect("JSON");
        let mut fixture = fixture(place.path(), file);
        // What the host decodes is written as a text, be it a number or a text.
        let port = fixture.pointer_mut("/spec/port").filter(|_| module != "owned");
        if let Some(port) = port {
            *port = Value::String(port.to_string());
        }
        assert!(agrees(&value, &fixture), "{module} {file}\n{value}\n{fixture}");
        // Several types can be of one file; all of it is read by one of them.
        places(&value, "", read.entry((module, file)).or_default());
        objects.entry(module).or_default().push(object);
    }
    for ((module, file), read) in read {
        let mut wanted = BTreeSet::new();
        places(&fixture(place.path(), file), "", &mut wanted);
        assert!(wanted.len() > 5, "{file} has next to nothing");
        assert_eq!(read, wanted, "{module} {file}: read (left) is not what it has (right)");
    }
    let numbers: Vec<usize> = objects.values().map(Vec::len).collect();
    assert_eq!(numbers, [6, 6, 6]);
    assert_eq!(objects["built"], objects["resources"], "the build script's types read something else");
}

/// The one object of a fixture.
fn fixture(place: &Path, file: &str) -> Value {
    let text = std::fs::read_to_string(place.join("fixtures").join(file)).expect("a fixture");
    let list: Value = serde_json::from_str(&text).expect("JSON");
    list[0].clone()
}

#[test]
fn what_the_build_script_made_is_the_generated_module_but_for_its_head() {
    let place = little_crate();
    let done = cargo(place.path(), "check");
    assert!(done.status.success(), "{}", text(&done.stderr));
    let mut made: Vec<PathBuf> = Vec::new();
    let builds = std::fs::read_dir(target().join("debug/build")).expect("a folder");
    for entry in builds {
        let file = entry.expect("an entry").path().join("out/resources.rs");
        let is_ours = file.to_string_lossy().contains("/everything-");
        if is_ours && file.is_file() {
            made.push(file);
        }
    }
    let body = |text: String| -> Vec<String> {
        text.lines().skip_while(|line| line.starts_with("//")).map(str::to_owned).collect()
    };
    let generated = std::fs::read_to_string(place.path().join("src/resources.rs")).expect("a file");
    let expected = body(generated);
    // Folders of earlier runs may be there as well: the newest is this one's.
    made.sort_by_key(|file| file.metadata().and_then(|metadata| metadata.modified()).ok());
    let newest = std::fs::read_to_string(made.last().expect("a module")).expect("a file");
    assert!(newest.starts_with("// What everything reads"), "{newest}");
    assert_eq!(body(newest), expected);
}

#[test]
fn a_declaration_that_is_wrong_ends_the_build_with_what_is_wrong() {
    let place = little_crate();
    let file = place.path().join("gather.yaml");
    let declaration = std::fs::read_to_string(&file).expect("a declaration");
    std::fs::write(&file, declaration.replace("status.{phase,", "status.{phse,")).expect("a file");
    let done = cargo(place.path(), "check");
    let told = text(&done.stderr);
    assert!(!done.status.success(), "{told}");
    assert!(told.contains("pods.status has no field 'phse'; did you mean 'phase'?"), "{told}");
    assert!(!told.contains("panicked"), "{told}");
}
