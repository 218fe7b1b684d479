//! For build scripts: the Rust module is made while the gatherer is built, and is no file of its sources.
//!
//! ```no_run
//! // The main function of build.rs. In Cargo.toml: [build-dependencies] wagather-codegen = { …, default-features = false }
//! wagather_codegen::build::Gather::new("gather.yaml").write();
//! ```
//!
//! ```text
//! // src/lib.rs
//! mod resources {
//!     include!(concat!(env!("OUT_DIR"), "/resources.rs"));
//! }
//! ```
//!
//! It is the module that `codegen generate` writes, but for its head: the documentation of a module cannot be in a file that is
//! included. Who wants to read the types in a review has them generated instead.

use crate::plain::plain;
use crate::{Declaration, Error, Plan, Schemas, emit, schema};
use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The module's file in `OUT_DIR`, unless it is called otherwise.
const FILE: &str = "resources.rs";

/// What a build script makes. Paths are relative to the package.
#[derive(Clone, Debug)]
#[must_use = "it does nothing until `write`"]
pub struct Gather {
    declaration: PathBuf,
    schemas: Vec<PathBuf>,
    file: String,
}

impl Gather {
    /// What a declaration declares.
    pub fn new(declaration: impl Into<PathBuf>) -> Self {
        Gather { declaration: declaration.into(), schemas: Vec::new(), file: FILE.to_owned() }
    }

    /// Adds a file or a folder with schemas; with one, those that the declaration names are not used.
    pub fn schema(mut self, path: impl Into<PathBuf>) -> Self {
        self.schemas.push(path.into());
        self
    }

    /// Calls the file in `OUT_DIR` otherwise: for several declarations in one package.
    pub fn file(mut self, name: impl Into<String>) -> Self {
        self.file = name.into();
        self
    }

    /// Writes the module, tells cargo what it depends on, and what is wrong: the build then ends with that. To be called from a
    /// build script.
    pub fn write(self) {
        let mut told = String::new();
        if let Err(error) = self.try_write(&mut told) {
            for line in error.to_string().lines() {
                told += &format!("cargo::error={line}\n");
            }
        }
        // If cargo does not listen any more there is nobody to tell.
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(told.as_bytes()).and_then(|()| stdout.flush());
    }

    fn try_write(&self, told: &mut String) -> Result<(), Error> {
        let package = variable("CARGO_MANIFEST_DIR")?;
        let out = variable("OUT_DIR")?.join(&self.file);
        let declaration = package.join(&self.declaration);
        // First of all: cargo has to look at a file that is wrong again when it is changed. Folders it looks through.
        let mut depends = |path: &Path| *told += &format!("cargo::rerun-if-changed={}\n", path.display());
        depends(&declaration);
        let declaration = Declaration::read(&declaration)?;
        let given: Vec<PathBuf> = self.schemas.iter().map(|path| package.join(path)).collect();
        let schemas = if given.is_empty() { &declaration.schemas } else { &given };
        schemas.iter().for_each(|path| depends(path));
        if schemas.is_empty() {
            let why = "no schema is named: write 'schemas: [FILE]', or give one to the build script's Gather::schema";
            return Err(Error::of_file(&declaration.file, why));
        }
        let documents = if given.is_empty() { declaration.documents()? } else { schema::files(&given)? };
        let plan = Plan::new(&declaration, &Schemas::of(&documents)?)?;
        std::fs::write(&out, included(&plan))
            .map_err(|error| Error::of_file(&out, format!("cannot be written: {error}")))
    }
}

/// The module's text for `include!`.
pub fn included(plan: &Plan) -> String {
    let module = emit::rust(plan);
    let body: Vec<&str> = module.lines().skip_while(|line| line.starts_with("//!")).collect();
    let head = format!(
        "// What {} reads, as `{}` declares it. Made by the build script.",
        plain(&plan.name),
        plain(&plan.declaration)
    );
    [&head, &body.join("\n"), ""].join("\n")
}

fn variable(name: &str) -> Result<PathBuf, Error> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| {
        Error::of_file(Path::new(name), "is not set: this is for build scripts, which cargo runs")
    })
}
