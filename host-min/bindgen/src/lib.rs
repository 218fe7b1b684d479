//! Replaces bindgen in the build of wasm3-sys.
//!
//! wasm3-sys 0.3 generates its Rust declarations with bindgen 0.59 at build time. This needs libclang, fails with
//! libclang 16 and newer, and adds 35 crates, although the declarations never change: wasm3-sys contains the C
//! source. This crate contains the declarations (`declarations.rs`), and the C compiler, which builds wasm3 in any
//! case, checks them against wasm3's headers.
//!
//! This is not bindgen. It has only the functions that the build script of wasm3-sys calls, and declares what the
//! crate `wasm3` and the host use. `[patch.crates-io]` in the workspace's `Cargo.toml` replaces bindgen with it
//! (decision 34).

mod check;
mod declarations;
mod endian;
mod rust;

use std::io;
use std::path::{Path, PathBuf};

/// Creates a builder.
pub fn builder() -> Builder {
    Builder::default()
}

/// The representation of C enumerations. The build script uses only one.
#[derive(Debug)]
pub enum EnumVariation {
    /// A module with constants for each enumeration.
    ModuleConsts,
}

/// The build script's options. Only the header and the C compiler's flags matter.
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

    /// The C compiler's flags for wasm3.
    pub fn clang_args<I>(mut self, flags: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.flags.extend(flags.into_iter().map(|flag| flag.as_ref().to_owned()));
        self
    }

    /// Checks the declarations against the header.
    pub fn generate(self) -> Result<Bindings, String> {
        endian::require_little();
        if self.flags.iter().any(|flag| flag == "-Dd_m3Use32BitSlots=1") {
            // The declarations would allow it, but the host must not use it (docs/engines.md).
            return Err(
                "wasm3's feature use-32bit-slots is on, but the host's declarations do not support it".into(),
            );
        }
        check::check(&self.header, &self.flags)?;
        Ok(Bindings(()))
    }
}

/// Options whose value is fixed here.
macro_rules! settled {
    ($($(#[$doc:meta])* $name:ident: $value:ty;)*) => {
        impl Builder {
            $($(#[$doc])* pub fn $name(self, _: $value) -> Self { self })*
        }
    };
}

settled! {
    /// The prefix of C types, which is `cty`.
    ctypes_prefix: &str;
    /// Whether to generate layout tests; the C compiler checks the layouts instead.
    layout_tests: bool;
    /// The representation of enumerations.
    default_enum_style: EnumVariation;
    /// Whether to keep C comments.
    generate_comments: bool;
    /// The functions to declare.
    allowlist_function: &str;
    /// The types to declare.
    allowlist_type: &str;
    /// The variables to declare.
    allowlist_var: &str;
    /// The types to leave out.
    blocklist_type: &str;
    /// Whether types implement `Debug`.
    derive_debug: bool;
}

impl Builder {
    /// The declarations are for `core`.
    pub fn use_core(self) -> Self {
        self
    }
}

/// Declarations that the C compiler verified.
#[derive(Debug)]
pub struct Bindings(());

impl Bindings {
    /// Writes them as a Rust source file.
    pub fn write_to_file(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, rust::source())
    }
}
