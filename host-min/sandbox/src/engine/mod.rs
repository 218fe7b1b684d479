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
pub use super::kind::Kind;
use super::link::Link;
use wagather_module::{Bodies, Checked};

#[cfg(not(any(feature = "engine-wasm3", feature = "engine-wasmi")))]
compile_error!("enable an engine: the feature engine-wasm3 or engine-wasmi");

// wasm3 keeps an i32 in a slot of 64 bits, and its binding reads the first four bytes of the slot. On big-endian processors, these are 0.
#[cfg(all(feature = "engine-wasm3", target_endian = "big"))]
compile_error!(
    "wasm3 does not run on big-endian processors: build with --no-default-features --features cli,engine-wasmi"
);

/// Runs a guest to its end. Returns the link. With `bodies`, the functions' bodies are not validated yet: only an engine that
/// [compiles on call](Kind::compiles_on_call) may get them.
pub(super) fn run(kind: Kind, module: Checked, bodies: Option<Bodies<'_>>, mut link: Link) -> (End, Link) {
    if let Some(name) = &module.wasi {
        link.with_wasi(name);
    }
    match kind {
        #[cfg(feature = "engine-wasm3")]
        Kind::Wasm3 => wasm3::run(module, bodies, link),
        #[cfg(feature = "engine-wasmi")]
        Kind::Wasmi => match bodies {
            None => wasmi::run(&module, link),
            Some(_) => unreachable!("it compiles at once"),
        },
    }
}

/// The end of a guest, for both engines. If a gatherer exited through WASI, its exit code counts.
fn end(result: Result<i32, String>, exit: Option<u32>, memory_bytes: u64) -> End {
    // Codes below 0 are statuses, and an exit code is not a status.
    let result = exit.map_or(result, |code| Ok(code.min(i32::MAX as u32).cast_signed()));
    match result {
        Ok(code) => End { ending: Ending::Returned(code), text: String::new(), memory_bytes },
        Err(text) => End { ending: Ending::Trapped, text, memory_bytes },
    }
}
