//! `host-min new`: the crate of a new gatherer, ready to be tested and built.
//!
//! With a CustomResourceDefinition it reads that one's objects, otherwise pods. It only makes a beginning: what the
//! gatherer's types are is `codegen`'s to say, of the declaration that is written here.

mod about;
mod sdk;

#[cfg(test)]
mod tests;

use super::args::wrong;
use super::print;
use super::typed::{Words, Wrong};
use about::About;
use host_min::error::{Class, Failure, Result};
use sdk::Sdk;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wagather_abi::limits::MAX_GATHERER_NAME_BYTES;
use wagather_abi::manifest::is_gatherer_name;

/// Crates that a gatherer's would be taken for.
const TAKEN: &[&str] = &["alloc", "core", "proc-macro", "std", "test", "wagather"];

/// What a new gatherer is made of.
#[derive(Debug)]
pub(super) struct New {
    folder: PathBuf,
    name: String,
    crd: Option<PathBuf>,
    sdk: Option<PathBuf>,
}

impl New {
    /// The words of the command `new`.
    pub(super) fn of(words: &Words) -> Result<New, Wrong> {
        let folder = PathBuf::from(&words.operands[0]);
        let last = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        name_of(&last).map_err(|why| wrong(words.command, why))?;
        let path = |long| words.one(long).map(PathBuf::from);
        Ok(New { folder, name: last, crd: path("crd"), sdk: path("sdk") })
    }
}

/// Whether a gatherer, and its crate, can have that name.
fn name_of(name: &str) -> Result<(), String> {
    let is_plain = |name: &str| is_gatherer_name(name) && name.starts_with(|c: char| c.is_ascii_lowercase());
    if TAKEN.contains(&name) {
        return Err(format!(
            "a gatherer cannot be called '{name}': a crate of Rust or of the SDK is; try 'my-{name}'"
        ));
    }
    if is_plain(name) {
        return Ok(());
    }
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut nearest = words.join("-").trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned();
    nearest.truncate(MAX_GATHERER_NAME_BYTES);
    let hint = match nearest.trim_end_matches('-') {
        nearest if is_plain(nearest) => format!("; try '{nearest}'"),
        _ => String::new(),
    };
    Err(format!(
        "a gatherer cannot be called '{name}': its name begins with a letter, has a-z, 0-9 and '-', and at most \
         {MAX_GATHERER_NAME_BYTES} of them{hint}"
    ))
}

/// Makes the crate.
pub(super) fn new(new: &New) -> Result<()> {
    let sdk = Sdk::find(&new.folder, new.sdk.as_deref())?;
    let (about, definition) = match &new.crd {
        None => (About::pods(), None),
        Some(file) => {
            let text = fs::read_to_string(file).map_err(|error| about::unusable(file, error))?;
            (About::of_definition(file, &text)?, Some(text))
        }
    };
    let files = files(&new.name, &about, &sdk, definition)?;
    write(&new.folder, &files)?;
    print(told(new, &about, &files, &sdk).as_bytes())
}

/// A file's path in the crate, and its text.
type File = (&'static str, String);

fn files(name: &str, about: &About, sdk: &Sdk, definition: Option<String>) -> Result<Vec<File>> {
    let schemas = match &definition {
        Some(_) => DEFINITION.to_owned(),
        None if sdk.has_as_member() => "../schemas".to_owned(),
        None => sdk.path_to("examples/schemas"),
    };
    let filled = |template: &str| about.filled(template, name, &sdk.path_to(""), &schemas);
    let (lib, tests) = about.code();
    let resources = match definition {
        // Their types are those of the schemas that the SDK has; a test holds them to it.
        None => include_str!("templates/pods.rs"),
        Some(_) => include_str!("templates/generate.rs"),
    };
    let mut files = vec![
        ("gather.yaml", filled(include_str!("templates/gather.yaml"))),
        ("src/lib.rs", filled(lib)),
        ("src/tests.rs", filled(tests)),
        ("src/resources.rs", filled(resources)),
        ("README.md", filled(include_str!("templates/README.md"))),
    ];
    if sdk.has_as_member() {
        files.push(("Cargo.toml", filled(include_str!("templates/member.toml"))));
    } else {
        files.push(("Cargo.toml", filled(include_str!("templates/own.toml"))));
        // The versions that the SDK is tested with; cargo leaves out what is not needed.
        files.push(("Cargo.lock", sdk.read("Cargo.lock")?));
        files.push((".gitignore", "/target/\n".to_owned()));
    }
    files.extend(definition.map(|text| (DEFINITION, text)));
    Ok(files)
}

/// Where the definition lies in the crate.
const DEFINITION: &str = "crd.yaml";

/// Writes all files, none of which may be there, or nothing.
fn write(folder: &Path, files: &[File]) -> Result<()> {
    let refused = |reason: String| {
        Failure::new(Class::Output, format!("cannot make {}", folder.display()), reason).advise(
            "Give another path, or remove what is there; nothing is overwritten, and nothing was written.",
        )
    };
    if let Some((path, _)) = files.iter().find(|(path, _)| folder.join(path).symlink_metadata().is_ok()) {
        return Err(refused(format!("it has a {path} already")));
    }
    let mut made = Made::default();
    let written = files.iter().try_for_each(|(path, text)| made.file(&folder.join(path), text.as_bytes()));
    written.map_err(|error| {
        made.undo();
        refused(error.to_string())
    })
}

/// What was made so far, in order.
#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Made {
    fn file(&mut self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            self.folder(folder)?;
        }
        let mut file = fs::File::create_new(path)?;
        self.files.push(path.to_owned());
        file.write_all(bytes)
    }

    fn folder(&mut self, path: &Path) -> std::io::Result<()> {
        if path == Path::new("") || path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent() {
            self.folder(above)?;
        }
        fs::create_dir(path)?;
        self.folders.push(path.to_owned());
        Ok(())
    }

    /// Best effort: what cannot be removed is left.
    fn undo(self) {
        for file in self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// What there is now, and what to type next.
fn told(new: &New, about: &About, files: &[File], sdk: &Sdk) -> String {
    let folder = new.folder.display();
    let mut text = format!("{folder} has a gatherer that reads {}:\n", about.resource);
    for (path, _) in files {
        let what = match *path {
            "gather.yaml" => "what it reads: the place to name more fields",
            "src/lib.rs" => "what it does with that",
            "src/tests.rs" => "its tests, on made-up objects",
            "src/resources.rs" => "the types, made from gather.yaml",
            _ => continue,
        };
        let _ = writeln!(text, "  {path:<17} {what}");
    }
    let test = match sdk.has_as_member() {
        true => format!("-p {}", new.name),
        false => format!("--manifest-path {folder}/Cargo.toml"),
    };
    let _ = write!(
        text,
        "Next, in the SDK's folder:\n  \
         target/dist/codegen generate {folder}\n  \
         cargo test {test}\n  \
         make guests GUESTS={folder}\n  \
         target/dist/host-min inspect target/guests/{}.wasm\n",
        new.name
    );
    text
}
