//! Finds the tools that build modules. It never installs any.
//!
//! It prefers a compiler that has the source of Rust's library: with that, a panic is one trap (decision
//! 9). With the precompiled library, modules are about 60 % larger.

use crate::{Result, TARGET, fail, on_path, program};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest supported compiler, as 1.MINOR: the workspace's `rust-version`.
const RUST_MINOR: u32 = minor_of(env!("CARGO_PKG_RUST_VERSION"));

/// The 95 of "1.95" or "1.95.0".
const fn minor_of(version: &str) -> u32 {
    let bytes = version.as_bytes();
    assert!(bytes.len() > 2 && bytes[0] == b'1' && bytes[1] == b'.', "a version of Rust 1");
    let (mut minor, mut at) = (0, 2);
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        minor = minor * 10 + (bytes[at] - b'0') as u32;
        at += 1;
    }
    assert!(at == bytes.len() || bytes[at] == b'.', "a number");
    minor
}

/// The file in which the repository's setup records what it found.
const RECORD: &str = "target/toolchain.env";

/// The origin of the guests' `core` and `alloc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Compiled from source, without panic messages.
    Source,
    /// Precompiled, from the target.
    Prebuilt,
}

/// The tools that build modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// The compiler.
    pub rustc: PathBuf,
    /// The cargo that belongs to the compiler.
    pub cargo: PathBuf,
    /// A linker for WebAssembly.
    pub linker: PathBuf,
    /// The origin of Rust's library.
    pub library: Library,
}

impl Toolchain {
    /// Finds the tools, in this order: from the environment (`GUEST_RUSTC`, `GUEST_CARGO`, `GUEST_LINKER`,
    /// `GUEST_STD`); in a checkout, from what `.ci/setup` chose; otherwise the compiler on the PATH or
    /// Debian's, with its own linker or the one on the PATH. If `rustc` is given, it replaces any other
    /// compiler.
    ///
    /// # Errors
    ///
    /// What is missing, and how to install it.
    pub fn find(rustc: Option<&Path>) -> Result<Toolchain> {
        let chosen = Toolchain::chosen(rustc, Library::Source)?;
        for tool in ["wasm-opt", "wasm-metadce"] {
            if on_path(tool).is_none() {
                return fail(format!(
                    "{tool} is not on the PATH: install binaryen (apt-get install binaryen; dnf install binaryen; brew install binaryen)"
                ));
            }
        }
        Ok(chosen)
    }

    /// Finds the tools for a module that does not ship. This prefers the faster build with the precompiled
    /// library, and needs no optimizer.
    ///
    /// # Errors
    ///
    /// What is missing, and how to install it.
    pub(crate) fn to_check() -> Result<Toolchain> {
        Toolchain::chosen(None, Library::Prebuilt)
    }

    fn chosen(rustc: Option<&Path>, preferred: Library) -> Result<Toolchain> {
        let recorded = recorded();
        let said = |name: &str| {
            env::var(name).ok().or_else(|| recorded.as_deref().and_then(|text| value(text, name)))
        };
        let chosen = match (
            rustc,
            said("GUEST_RUSTC"),
            said("GUEST_CARGO"),
            said("GUEST_LINKER"),
            said("GUEST_STD"),
        ) {
            (None, Some(rustc), Some(cargo), Some(linker), Some(library)) => Toolchain {
                rustc: rustc.into(),
                cargo: cargo.into(),
                linker: linker.into(),
                library: if library == "source" { Library::Source } else { Library::Prebuilt },
            },
            _ => search(rustc, preferred)?,
        };
        let tools = [&chosen.rustc, &chosen.cargo, &chosen.linker];
        if let Some(missing) = tools.iter().find(|tool| !tool.is_file()) {
            return fail(format!(
                "{} does not exist; in a checkout, run 'make setup' to find the tools again",
                missing.display()
            ));
        }
        Ok(chosen)
    }
}

/// What the setup of a checkout chose, if the current folder is in one.
fn recorded() -> Option<String> {
    let here = env::current_dir().ok()?;
    here.ancestors().find_map(|folder| fs::read_to_string(folder.join(RECORD)).ok())
}

/// The value of a variable, in lines that bash wrote with `%q`.
fn value(text: &str, name: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    let mut plain = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(plain)
}

/// Looks for a compiler with the preferred library, or with the other one.
fn search(rustc: Option<&Path>, preferred: Library) -> Result<Toolchain> {
    let candidates = match rustc {
        Some(rustc) => vec![rustc.to_owned()],
        None => vec![PathBuf::from("rustc"), PathBuf::from("/usr/bin/rustc")],
    };
    let sysroots: Vec<PathBuf> = candidates.iter().filter_map(|rustc| sysroot(rustc)).collect();
    let source = |root: &&PathBuf| {
        root.join("lib/rustlib/src/rust/library/core/Cargo.toml").is_file() && aborts_at_once(root)
    };
    let prebuilt = |root: &&PathBuf| root.join("lib/rustlib").join(TARGET).is_dir();
    let from_source = || sysroots.iter().find(source).map(|root| (root, Library::Source));
    let as_it_came = || sysroots.iter().find(prebuilt).map(|root| (root, Library::Prebuilt));
    let found = match preferred {
        Library::Source => from_source().or_else(as_it_came),
        Library::Prebuilt => as_it_came().or_else(from_source),
    };
    let Some((root, library)) = found else {
        let named = rustc.map_or("no compiler".to_owned(), |rustc| format!("{} is none", rustc.display()));
        return fail(missing(&named, preferred));
    };
    let Some(linker) = linker(root) else {
        return fail(
            "there is no linker for WebAssembly: a toolchain of rustup brings rust-lld, the package lld brings wasm-ld \
             (apt-get install lld; dnf install lld; brew install lld)",
        );
    };
    let tools = root.join("bin");
    Ok(Toolchain { rustc: program(&tools, "rustc"), cargo: program(&tools, "cargo"), linker, library })
}

/// The error for a compiler without either library.
fn missing(named: &str, preferred: Library) -> String {
    let source = "the source of its library is needed (rustup component add rust-src; Debian: apt-get install rustc-web cargo-web \
        rust-web-src)";
    let target = match preferred {
        Library::Source => String::new(),
        Library::Prebuilt => format!("the target {TARGET} (rustup target add {TARGET}) or "),
    };
    format!("{named} that can build gatherers: Rust 1.{RUST_MINOR} or newer with {target}{source}")
}

/// The compiler's sysroot, if the compiler is new enough and has a cargo beside it.
fn sysroot(rustc: &Path) -> Option<PathBuf> {
    let said = |argument: &[&str]| {
        let output = Command::new(rustc).args(argument).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if !is_new_enough(&said(&["--version"])?) {
        return None;
    }
    let root = PathBuf::from(said(&["--print", "sysroot"])?);
    ["rustc", "cargo"].iter().all(|tool| program(&root.join("bin"), tool).is_file()).then_some(root)
}

fn is_new_enough(version: &str) -> bool {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    major > 1 || (major == 1 && minor >= RUST_MINOR)
}

/// Whether the compiler accepts the unstable flag that the small size depends on.
fn aborts_at_once(root: &Path) -> bool {
    let mut rustc = Command::new(program(&root.join("bin"), "rustc"));
    rustc
        .args(["-Zunstable-options", "-Cpanic=immediate-abort", "--print", "cfg"])
        .env("RUSTC_BOOTSTRAP", "1");
    rustc.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The toolchain's own linker, one of rustup's, or LLVM's.
fn linker(root: &Path) -> Option<PathBuf> {
    let of_root = |root: &Path| {
        let targets = entries(&root.join("lib/rustlib"));
        targets
            .into_iter()
            .map(|target| program(&target.join("bin"), "rust-lld"))
            .find(|linker| linker.is_file())
    };
    let home = env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".rustup")));
    let rustups = home.map(|home| entries(&home.join("toolchains"))).unwrap_or_default();
    let versioned = || {
        let is_linker = |file: &PathBuf| {
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("wasm-ld-"))
        };
        entries(Path::new("/usr/bin")).into_iter().find(is_linker)
    };
    of_root(root)
        .or_else(|| rustups.iter().find_map(|root| of_root(root)))
        .or_else(|| on_path("wasm-ld"))
        .or_else(versioned)
}

/// The entries of a folder, sorted by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_are_told_apart_by_their_version() {
        for (version, expected) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", true),
            ("rustc 1.96.0-nightly", true),
            ("rustc 2.0.0", true),
            ("rustc 1.94.1", false),
            ("rustc", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }

    #[test]
    fn what_is_missing_is_told_with_its_command() {
        let [build, check] =
            [Library::Source, Library::Prebuilt].map(|library| missing("no compiler", library));
        assert!(
            check.contains("with the target wasm32v1-none (rustup target add wasm32v1-none) or the source"),
            "{check}"
        );
        assert!(
            build.contains("newer with the source of its library is needed (rustup component add rust-src;"),
            "{build}"
        );
        assert!(!build.contains("target add"), "{build}");
    }

    #[test]
    fn what_bash_wrote_is_read() {
        let text = "# by\nGUEST_RUSTC=/opt/my\\ rust/bin/rustc\nGUEST_STD=source\n";
        assert_eq!(value(text, "GUEST_RUSTC").as_deref(), Some("/opt/my rust/bin/rustc"));
        assert_eq!(value(text, "GUEST_STD").as_deref(), Some("source"));
        assert_eq!(value(text, "GUEST"), None);
    }
}
