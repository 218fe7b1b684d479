//! Stands in for bindgen in the build of wasm3-sys.
//!
//! wasm3-sys 0.3 makes its Rust declarations with bindgen 0.59 while it builds. That takes libclang, fails with libclang 16 and
//! newer, and brings 35 crates, to declare what never changes: wasm3-sys has the C source in it. Here the declarations are
//! written down (`declarations.rs`), and the C compiler, which builds wasm3 anyway, checks them against wasm3's headers.
//!
//! This is not bindgen. It offers the calls that the build script of wasm3-sys makes, and declares what the crate `wasm3` and
//! the host use. `[patch.crates-io]` in the workspace's `Cargo.toml` puts it in bindgen's place (decision 34).

mod check;
mod declarations;
mod endian;
mod rust;

use std::io;
use std::path::{Path, PathBuf};

/// Starts to describe what is declared.
pub fn builder() -> Builder {
    Builder::default()
}

/// How C's enumerations are declared. The build script asks for one way, so there is one.
#[derive(Debug)]
pub enum EnumVariation {
    /// A module for each, with constants.
    ModuleConsts,
}

/// What the build script says of its bindings. Only the header and the C compiler's flags are of interest.
#[derive(Debug, Default)]
pub struct Builder {
    header: PathBuf,
    flags: Vec<String>,
}

impl Builder {
    /// The C header that includes all of wasm3's headers.
    pub fn header(mut self, path: impl Into<String>) -> Self {
        self.header = PathBuf::from(path.into());
        self
    }

    /// The flags with which wasm3 is compiled.
    pub fn clang_args<I>(mut self, flags: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.flags.extend(flags.into_iter().map(|flag| flag.as_ref().to_owned()));
        self
    }

    /// Holds the declarations against the header.
    pub fn generate(self) -> Result<Bindings, String> {
        endian::require_little();
        if self.flags.iter().any(|flag| flag == "-Dd_m3Use32BitSlots=1") {
            // The declarations could do it; the host must not (docs/engines.md).
            return Err(
                "wasm3's feature use-32bit-slots is on, but the host's declarations do not support it".into(),
            );
        }
        check::check(&self.header, &self.flags)?;
        Ok(Bindings(()))
    }
}

/// The calls whose answer is always the same here.
macro_rules! settled {
    ($($(#[$doc:meta])* $name:ident: $value:ty;)*) => {
        impl Builder {
            $($(#[$doc])* pub fn $name(self, _: $value) -> Self { self })*
        }
    };
}

settled! {
    /// The prefix of C's types, which is `cty`.
    ctypes_prefix: &str;
    /// Whether there are tests of the layouts; the C compiler checks them instead.
    layout_tests: bool;
    /// How enumerations are declared.
    default_enum_style: EnumVariation;
    /// Whether C's comments are kept.
    generate_comments: bool;
    /// Which functions are declared.
    allowlist_function: &str;
    /// Which types are declared.
    allowlist_type: &str;
    /// Which variables are declared.
    allowlist_var: &str;
    /// Which types are not declared.
    blocklist_type: &str;
    /// Whether the types have `Debug`.
    derive_debug: bool;
}

impl Builder {
    /// The declarations are for `core`.
    pub fn use_core(self) -> Self {
        self
    }
}

/// Declarations that the C compiler has agreed to.
#[derive(Debug)]
pub struct Bindings(());

impl Bindings {
    /// Writes them as a Rust source file.
    pub fn write_to_file(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, rust::source())
    }
}
