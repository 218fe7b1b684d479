//! Creates the crate of a new gatherer, ready to be tested and built.
//!
//! With a CustomResourceDefinition, it reads the objects of that type, otherwise pods. It is a starting point: it
//! declares what it reads in a `gather.yaml`, from which its types are generated.

mod about;
mod language;
mod sdk;

#[cfg(test)]
mod tests;

use crate::{Declaration, Error, Plan, Saved, Schemas, emit, schema};
use about::About;
pub use language::Language;
use sdk::Sdk;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wagather_abi::limits::MAX_GATHERER_NAME_BYTES;
use wagather_abi::manifest::is_gatherer_name;

/// Crate names that conflict with a gatherer's.
const TAKEN: &[&str] = &["alloc", "core", "proc-macro", "std", "test", "wagather"];

/// The path of the definition in the crate.
const DEFINITION: &str = "crd.yaml";

/// The settings of a new gatherer.
#[derive(Clone, Debug)]
pub struct New {
    /// The folder of its crate, which has the gatherer's name.
    pub folder: PathBuf,
    /// The file with the CustomResourceDefinition of its objects; `None` for pods.
    pub crd: Option<PathBuf>,
    /// The checkout with the SDK, if the crate is not in one; `None` for the checkout around the current folder.
    pub sdk: Option<PathBuf>,
    /// The language.
    pub language: Language,
}

/// The created gatherer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The gatherer's name.
    pub name: String,
    /// The resource that it reads, as in `gather.yaml`: `widgets.example.com`.
    pub resource: String,
    /// Whether the crate is a member of the checkout's workspace.
    pub is_member: bool,
    /// The checkout with the SDK.
    pub sdk: PathBuf,
}

/// The name of the gatherer in a folder.
///
/// # Errors
///
/// The reason why the name is invalid, and a valid one.
pub fn name_of(folder: &Path) -> Result<String, String> {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    match refused(&name) {
        None => Ok(name.into_owned()),
        Some(why) => Err(why),
    }
}

/// The reason why a name is invalid, if it is.
pub(crate) fn refused(name: &str) -> Option<String> {
    let is_plain = |name: &str| is_gatherer_name(name) && name.starts_with(|c: char| c.is_ascii_lowercase());
    if TAKEN.contains(&name) {
        return Some(format!(
            "'{name}' cannot be a gatherer's name: a crate of Rust or of the SDK has it; try 'my-{name}'"
        ));
    }
    if is_plain(name) {
        return None;
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
    Some(format!(
        "'{name}' is not a valid gatherer name: begin with a letter, and use at most {MAX_GATHERER_NAME_BYTES} of a-z, 0-9 and '-'{hint}"
    ))
}

impl New {
    /// Creates the crate, or the folder for another language.
    ///
    /// # Errors
    ///
    /// The name is invalid, the SDK is missing, the definition is invalid or given for a language other than Rust, or
    /// a file of the gatherer already exists. Then nothing is written.
    pub fn make(&self) -> Result<Made, Error> {
        let name = name_of(&self.folder).map_err(|why| Error::of_file(&self.folder, why))?;
        let sdk = Sdk::find(&self.folder, self.sdk.as_deref())?;
        if self.language != Language::Rust {
            if let Some(file) = &self.crd {
                let why = "only gatherers in Rust are made from a definition: leave out --crd or --lang";
                return Err(Error::of_file(file, why.to_owned()));
            }
            write(&self.folder, &self.language.files(&name, &sdk)?)?;
            return Ok(self.language.made(name, &sdk));
        }
        let (about, definition) = match &self.crd {
            None => (About::pods(), None),
            Some(file) => {
                let text = fs::read_to_string(file).map_err(|error| Error::unreadable(file, &error))?;
                (About::of_definition(file, &text)?, Some(text))
            }
        };
        write(&self.folder, &self.files(&name, &about, &sdk, definition)?)?;
        Ok(Made { name, resource: about.resource, is_member: sdk.has_as_member(), sdk: sdk.place_of("") })
    }

    fn files(
        &self,
        name: &str,
        about: &About,
        sdk: &Sdk,
        definition: Option<String>,
    ) -> Result<Vec<File>, Error> {
        let schemas = match &definition {
            Some(_) => DEFINITION.to_owned(),
            None if sdk.has_as_member() => "../schemas".to_owned(),
            None => sdk.path_to("examples/schemas"),
        };
        let filled = |template: &str| about.filled(template, name, &sdk.path_to(""), &schemas);
        let (lib, tests) = about.code();
        let declaration = filled(include_str!("templates/gather.yaml"));
        let documents = match &definition {
            Some(text) => vec![Saved {
                name: DEFINITION.to_owned(),
                from: self.crd.clone().unwrap_or_default(),
                bytes: text.clone().into_bytes(),
                is_found: false,
            }],
            None => schema::files(&[sdk.place_of("examples/schemas")])?,
        };
        let plan = plan(&self.folder.join("gather.yaml"), &declaration, &documents);
        let plan = plan.map_err(|error| match &self.crd {
            // The error names files of the crate, which do not exist.
            Some(file) => Error::of_file(file, format!("cannot generate types from it: {error}")),
            None => error,
        })?;
        let mut files = vec![
            ("gather.yaml", declaration),
            ("src/lib.rs", about::with_types(filled(lib), &plan)),
            ("src/tests.rs", filled(tests)),
            ("src/resources.rs", emit::rust(&plan)),
            ("tests/module.rs", include_str!("templates/module.rs").to_owned()),
            ("README.md", filled(include_str!("templates/README.md"))),
        ];
        if sdk.has_as_member() {
            files.push(("Cargo.toml", filled(include_str!("templates/member.toml"))));
        } else {
            files.push(("Cargo.toml", filled(include_str!("templates/own.toml"))));
            // The versions that the SDK is tested with; cargo removes what is not needed.
            files.push(("Cargo.lock", sdk.read("Cargo.lock")?));
            files.push((".gitignore", "/target/\n".to_owned()));
        }
        files.extend(definition.map(|text| (DEFINITION, text)));
        Ok(files)
    }
}

/// The plan of a declaration that is not written yet.
fn plan(file: &Path, declaration: &str, documents: &[Saved]) -> Result<Plan, Error> {
    let declaration = Declaration::parse(file, declaration)?;
    Plan::new(&declaration, &Schemas::of(documents)?)
}

/// A file's path in the crate, and its text.
type File = (&'static str, String);

/// Writes all files, none of which may exist. Writes nothing on an error.
fn write(folder: &Path, files: &[File]) -> Result<(), Error> {
    let refused = |reason: String| {
        let advice = "give another path, or remove the existing file; nothing was written";
        Error::of_file(folder, format!("{reason}: {advice}"))
    };
    if let Some((path, _)) = files.iter().find(|(path, _)| folder.join(path).symlink_metadata().is_ok()) {
        return Err(refused(format!("it already has a {path}")));
    }
    let mut written = Written::default();
    let done = files.iter().try_for_each(|(path, text)| written.file(&folder.join(path), text.as_bytes()));
    done.map_err(|error| {
        written.undo();
        refused(format!("cannot create a gatherer there: {error}"))
    })
}

/// What was written so far, in order.
#[derive(Default)]
struct Written {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Written {
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

    /// Best effort: leaves what cannot be removed.
    fn undo(self) {
        for file in self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
