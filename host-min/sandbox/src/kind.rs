//! The kinds of engines. The channel needs them too, so they are apart from the engines.

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
            Kind::Wasmi => "wasmi",
        }
    }

    /// The engine with this name.
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether the engine reads a function's body at its first call, and not before.
    pub(super) const fn compiles_on_call(self) -> bool {
        match self {
            #[cfg(feature = "engine-wasm3")]
            Kind::Wasm3 => true,
            #[cfg(feature = "engine-wasmi")]
            Kind::Wasmi => false,
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
