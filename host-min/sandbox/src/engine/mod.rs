//! The engines that run guests, behind one function.
//!
//! An engine gets a validated module and a `Link` for its imports. It knows nothing about requests,
//! archives or policy, and no other code depends on a specific engine.

#[cfg(feature = "engine-wasm3")]
mod on_call;
#[cfg(feature = "engine-wasm3")]
mod wasm3;
#[cfg(feature = "engine-wasmi")]
mod wasmi;

use super::channel::{End, Ending};
use super::kind::WASMI;
pub use super::kind::{Kind, MAX_WASM3_MODULE_BYTES};
use super::link::Link;
use wagather_base::limits::MAX_VALIDATED_BYTES;
use wagather_module::{self as module, Bodies, Checked, For, ModuleError};

#[cfg(not(any(feature = "engine-wasm3", feature = "engine-wasmi")))]
compile_error!("enable an engine: the feature engine-wasm3 or engine-wasmi");

// wasm3 keeps an i32 in a slot of 64 bits, and its binding reads the first four bytes of the slot. On big-endian processors, these are 0.
#[cfg(all(feature = "engine-wasm3", target_endian = "big"))]
compile_error!(
    "wasm3 does not run on big-endian processors: build with --no-default-features --features cli,engine-wasmi"
);

/// A module that was checked for an engine.
pub struct Fit<'a> {
    /// The engine.
    pub kind: Kind,
    /// Whether the engine is another than [`Kind::for_size`] returns, because that one cannot run the module.
    pub is_second_choice: bool,
    /// The module.
    pub checked: Checked<'a>,
}

/// Checks a module for this engine, or for the first one that can run it.
pub fn check(module: &[u8], memory_limit_bytes: u64, engine: Option<Kind>) -> Result<Fit<'_>, String> {
    let kind = engine.unwrap_or_else(|| Kind::for_size(module.len()));
    match module::check(module, memory_limit_bytes, kind.needs()) {
        Ok(checked) => Ok(Fit { kind, is_second_choice: false, checked }),
        Err(reason) => second_choice(module, memory_limit_bytes, engine, kind, &reason),
    }
}

/// The same before a run, in which a large module's bodies are validated when they are called.
pub(super) fn prepare(
    module: &[u8],
    memory_limit_bytes: u64,
    engine: Option<Kind>,
) -> Result<(Fit<'_>, Option<Bodies<'_>>), String> {
    let kind = engine.unwrap_or_else(|| Kind::for_size(module.len()));
    if kind.needs() == For::Wasmi || module.len() <= MAX_VALIDATED_BYTES {
        return check(module, memory_limit_bytes, engine).map(|fit| (fit, None));
    }
    match module::check_but_bodies(module, memory_limit_bytes) {
        Ok((checked, bodies)) => Ok((Fit { kind, is_second_choice: false, checked }, Some(bodies))),
        Err(reason) => {
            second_choice(module, memory_limit_bytes, engine, kind, &reason).map(|fit| (fit, None))
        }
    }
}

/// wasmi runs all that wasm3 does, and more.
fn second_choice<'a>(
    module: &'a [u8],
    memory_limit_bytes: u64,
    engine: Option<Kind>,
    refused: Kind,
    reason: &ModuleError,
) -> Result<Fit<'a>, String> {
    if refused.needs() == For::Wasmi {
        return Err(reason.to_string());
    }
    let Ok(checked) = module::check(module, memory_limit_bytes, For::Wasmi) else {
        return Err(reason.to_string());
    };
    match (Kind::by_name(WASMI), engine) {
        (Some(kind), None) => Ok(Fit { kind, is_second_choice: true, checked }),
        (Some(_), Some(_)) => Err(format!("{reason}. {WASMI} runs it")),
        (None, _) => Err(format!("{reason}. host-min-full, which has {WASMI}, runs it")),
    }
}

/// Runs a guest to its end. Returns the link. With `bodies`, the functions' bodies are not validated yet: only wasm3 may get them.
pub(super) fn run(
    kind: Kind,
    module: Checked<'_>,
    #[cfg_attr(not(feature = "engine-wasm3"), expect(unused_variables))] bodies: Option<Bodies<'_>>,
    mut link: Link,
) -> (End, Link) {
    if let Some(name) = &module.wasi {
        link.with_wasi(name);
    }
    match kind {
        #[cfg(feature = "engine-wasm3")]
        Kind::Wasm3 => wasm3::run(module, bodies, link),
        #[cfg(feature = "engine-wasmi")]
        Kind::Wasmi => wasmi::run(&module, link),
    }
}

/// The end of a guest, for both engines. If a gatherer exited through WASI or aborted, that counts.
fn end(result: Result<i32, String>, link: Option<&Link>, memory_bytes: u64) -> End {
    // Codes below 0 are statuses, and an exit code is not a status.
    let exit = link.and_then(Link::exit).map(|code| Ok(code.min(i32::MAX as u32).cast_signed()));
    let aborted = || link.and_then(Link::aborted).map(|words| Err(words.to_owned()));
    let result = exit.or_else(aborted).unwrap_or(result);
    match result {
        Ok(code) => End { ending: Ending::Returned(code), text: String::new(), memory_bytes },
        Err(text) => End { ending: Ending::Trapped, text, memory_bytes },
    }
}
