//! The kinds of engines. The channel needs them too, so they are apart from the engines.

use wagather_module::For;

/// wasmi's name, also in a program without it.
pub(super) const WASMI: &str = "wasmi";

/// Larger modules run in wasmi, if the program has it.
pub const MAX_WASM3_MODULE_BYTES: usize = 1 << 20;

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// wasm3: an interpreter in C, small and quick to start.
    #[cfg(feature = "engine-wasm3")]
    Wasm3,
    /// wasmi: an interpreter in Rust.
    #[cfg(feature = "engine-wasmi")]
    Wasmi,
}

impl Kind {
    /// All engines of this program, the default first.
    pub const ALL: &'static [Kind] = &[
        #[cfg(feature = "engine-wasm3")]
        Kind::Wasm3,
        #[cfg(feature = "engine-wasmi")]
        Kind::Wasmi,
    ];

    /// The engine's name.
    pub const fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "engine-wasm3")]
            Kind::Wasm3 => "wasm3",
            #[cfg(feature = "engine-wasmi")]
            Kind::Wasmi => WASMI,
        }
    }

    /// The engine with this name.
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The engine for a module of so many bytes.
    pub fn for_size(module_bytes: usize) -> Kind {
        match Kind::by_name(WASMI) {
            Some(wasmi) if module_bytes > MAX_WASM3_MODULE_BYTES => wasmi,
            _ => Kind::default(),
        }
    }

    /// What a module is checked for.
    pub(super) const fn needs(self) -> For {
        match self {
            #[cfg(feature = "engine-wasm3")]
            Kind::Wasm3 => For::Wasm3,
            #[cfg(feature = "engine-wasmi")]
            Kind::Wasmi => For::Wasmi,
        }
    }

    pub(super) const fn number(self) -> u8 {
        self as u8
    }

    pub(super) fn by_number(number: u8) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.number() == number)
    }
}

impl Default for Kind {
    fn default() -> Self {
        Kind::ALL[0]
    }
}
