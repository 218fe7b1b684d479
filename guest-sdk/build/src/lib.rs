//! Builds gatherers into small modules: it compiles Rust's library from source, optimizes the whole module,
//! and writes the names of its functions to a separate file, because the module no longer contains them.
//! size-report reads that file.
//!
//! `make guests` uses it for this repository, and `codegen build` for any other folder. It installs
//! nothing: [`Toolchain::find`] looks for the tools and reports what is missing. It refuses a module that
//! no host would run (one that needs a heap but has none, or has unknown imports) when it is built;
//! [`check`] does the same in the tests of a crate.
#![forbid(unsafe_code)]

mod check;
mod module;
mod package;
mod shrink;
mod toolchain;

pub use check::check;
pub use toolchain::{Library, Toolchain};

use package::Package;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target: WebAssembly 1.0 without an operating system.
const TARGET: &str = "wasm32v1-none";

/// The profile for gatherers in a workspace without a profile of that name. New gatherers have it in their
/// Cargo.toml.
const PROFILE: &[&str] = &[
    "inherits=\"release\"",
    "opt-level=\"z\"",
    "lto=\"fat\"",
    "codegen-units=1",
    "panic=\"abort\"",
    "strip=false",
];

/// What to build, and where to put it.
#[derive(Clone, Debug)]
pub struct Build {
    /// The folders of the crates.
    pub folders: Vec<PathBuf>,
    /// The output folder for modules and symbol files.
    pub output: PathBuf,
    /// The folder for cargo's and other intermediate files.
    pub scratch: PathBuf,
}

/// A module that was built, or that was already up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The gatherer's name.
    pub name: String,
    /// The module's file.
    pub module: PathBuf,
    /// The module's size.
    pub bytes: u64,
    /// The module's size with gzip, if a program that measures it is installed.
    pub gzip_bytes: Option<u64>,
    /// The number of its functions.
    pub functions: usize,
}

/// The reason why nothing was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

type Result<T> = std::result::Result<T, Error>;

fn fail<T>(why: impl Into<String>) -> Result<T> {
    Err(Error(why.into()))
}

impl Build {
    /// Builds all crates.
    ///
    /// # Errors
    ///
    /// A mistake in a folder, a crate or its module, or the tool that failed; the tool's own messages are
    /// on stderr.
    pub fn run(&self, toolchain: &Toolchain) -> Result<Vec<Built>> {
        let packages: Vec<Package> =
            self.folders.iter().map(|folder| Package::read(folder)).collect::<Result<_>>()?;
        for (index, package) in packages.iter().enumerate() {
            if let Some(same) = packages[..index].iter().find(|other| other.name == package.name) {
                let (one, other) = (same.folder.display(), package.folder.display());
                return fail(format!("{one} and {other} have the same name, '{}': rename one", package.name));
            }
        }
        let output = made(&self.output)?;
        let scratch = made(&self.scratch)?;
        let mut workspaces: Vec<(PathBuf, Vec<&Package>)> = Vec::new();
        for package in &packages {
            let root = package.workspace(&toolchain.cargo)?;
            match workspaces.iter_mut().find(|(known, _)| *known == root) {
                Some((_, members)) => members.push(package),
                None => workspaces.push((root, vec![package])),
            }
        }
        let mut built = Vec::new();
        for (root, members) in &workspaces {
            compile(toolchain, root, members, &scratch)?;
            // Build one workspace after another, because two may have a library of the same name.
            for package in members {
                shrink::shrink(&package.name, &package.linked(&scratch), &scratch, &output)?;
            }
        }
        for package in &packages {
            built.push(measured(&package.name, &output)?);
        }
        Ok(built)
    }
}

/// The absolute path of a folder, for tools that run in another folder. Creates the folder if necessary.
fn made(folder: &Path) -> Result<PathBuf> {
    let made = std::fs::create_dir_all(folder).and_then(|()| folder.canonicalize());
    made.map_err(|error| Error(format!("cannot make {}: {error}", folder.display())))
}

/// The compiler's flags, and additional arguments of cargo.
fn flags(library: Library) -> (String, &'static [&'static str]) {
    // Half of the first 64 KiB page is the stack, the rest is for constants. With the linker's default of 1
    // MiB, the host would clear 17 pages before the first instruction. The stack lies below the constants
    // (--stack-first), so an overflow leaves the memory and traps instead of overwriting them.
    let linked = "-Clink-arg=--stack-first -Clink-arg=-zstack-size=32768";
    match library {
        Library::Prebuilt => (linked.to_owned(), &[]),
        // A panic becomes one `unreachable`: a guest cannot print a message, and formatting would be a
        // third of a JSON guest. Source positions are off too, because they would put the build machine's
        // paths into the module. Inlining before LLVM sees the code is off at this optimization level. That
        // makes decoding guests 4 to 7 % smaller, because much of what they call is one field of a struct.
        Library::Source => (
            format!(
                "{linked} -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zinline-mir=yes"
            ),
            &["-Zbuild-std=core,alloc"],
        ),
    }
}

fn compile(toolchain: &Toolchain, root: &Path, members: &[&Package], scratch: &Path) -> Result<()> {
    let (rustflags, arguments) = flags(toolchain.library);
    let mut cargo = Command::new(&toolchain.cargo);
    cargo.args(["build", "--quiet", "--lib", "--target", TARGET, "--profile", "guest"]);
    cargo.args(arguments).arg("--manifest-path").arg(root);
    members.iter().for_each(|package| _ = cargo.args(["-p", &package.name]));
    if !package::has_line(root, "[profile.guest]") {
        PROFILE.iter().for_each(|setting| _ = cargo.arg("--config").arg(format!("profile.guest.{setting}")));
    }
    cargo
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTFLAGS", rustflags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_TARGET_WASM32V1_NONE_LINKER", &toolchain.linker)
        .env("CARGO_TARGET_DIR", scratch);
    if toolchain.library == Library::Source {
        cargo.env("RUSTC_BOOTSTRAP", "1");
    }
    let names: Vec<&str> = members.iter().map(|package| &*package.name).collect();
    run(&mut cargo, &format!("compile {}", names.join(", ")))
}

/// Runs a tool that prints its own error messages.
fn run(command: &mut Command, what: &str) -> Result<()> {
    let program = command.get_program().display().to_string();
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => fail(format!("cannot {what}: {program} exited with {status}; its output is above")),
        Err(error) => fail(format!("cannot {what}: {program} cannot be run: {error}")),
    }
}

fn measured(name: &str, output: &Path) -> Result<Built> {
    let module = output.join(format!("{name}.wasm"));
    let unreadable =
        |path: &Path, error: std::io::Error| Error(format!("cannot read {}: {error}", path.display()));
    let bytes = std::fs::metadata(&module).map_err(|error| unreadable(&module, error))?.len();
    let symbols = output.join(format!("{name}.symbols"));
    let functions =
        std::fs::read_to_string(&symbols).map_err(|error| unreadable(&symbols, error))?.lines().count();
    let gzip = Command::new("gzip").arg("-9nc").arg(&module).stderr(Stdio::null()).output().ok();
    let gzip_bytes = gzip.filter(|gzip| gzip.status.success()).map(|gzip| gzip.stdout.len() as u64);
    Ok(Built { name: name.to_owned(), module, bytes, gzip_bytes, functions })
}

/// The built modules, as a table.
pub fn table(built: &[Built]) -> String {
    let mut text = format!("{:<28} {:>9} {:>9} {:>9}\n", "guest", "bytes", "gzip", "functions");
    for Built { name, bytes, gzip_bytes, functions, .. } in built {
        let gzip = gzip_bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
        let _ = writeln!(text, "{name:<28} {bytes:>9} {gzip:>9} {functions:>9}");
    }
    text
}

/// The path of a program, if it is on the PATH.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| program(&folder, name)).find(|file| file.is_file())
}

/// The path of a program in a folder: `name`, or `name.exe` on Windows.
fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
