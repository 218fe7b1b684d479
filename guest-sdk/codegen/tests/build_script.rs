//! A little crate that is really built: with the build script's types, and with the generated ones. It reads the fixtures, and
//! what it read is compared with them field by field.

use serde_json::Value;
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

fn names(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(names).sum::<usize>(),
        Value::Array(items) => items.iter().map(names).sum(),
        _ => 0,
    }
}

#[test]
fn the_types_are_built_and_read_every_field_of_the_fixtures() {
    let place = little_crate();
    let done = cargo(place.path(), "run");
    assert!(done.status.success(), "{}", text(&done.stderr));
    let lines: Vec<String> = text(&done.stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    for line in &lines {
        let (file, object) = line.split_once(' ').expect("a file and an object");
        let read: Value = serde_json::from_str(object).expect("JSON");
        let fixture = std::fs::read_to_string(place.path().join("fixtures").join(file)).expect("a fixture");
        let fixture: Value = serde_json::from_str(&fixture).expect("JSON");
        assert!(agrees(&read, &fixture[0]), "{file}\n{read}\n{}", fixture[0]);
        // `Waiting` is a second type of the pods, with fewer fields.
        let is_whole = !lines[1].ends_with(object);
        if is_whole && !file.starts_with("pods") {
            assert_eq!(names(&read), names(&fixture[0]), "{file}: a field was not read\n{read}");
        }
    }
    // The pods' fixture has the fields of both types.
    assert_eq!(lines[0], lines[4], "the build script's types read something else");
    let both: Vec<Value> = lines[..2]
        .iter()
        .map(|line| serde_json::from_str(line.split_once(' ').expect("an object").1).expect("JSON"))
        .collect();
    assert!(both[0]["status"]["containerStatuses"][0]["state"].get("running").is_none(), "{}", both[0]);
    assert!(both[1]["status"]["containerStatuses"][0]["state"].get("running").is_some(), "{}", both[1]);
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
