//! The C API of host-min: `libwagather`, as `wagather.h` describes it.
//!
//! | module | content |
//! |---|---|
//! | [`exports`] | the functions and types of the header, with its documentation |
//! | `foreign` | what C passes: texts, bytes, places for results, a callback |
//! | `handles` | the table of handles |
//! | `settings` | a plan's options, by name |
//! | `signals` | keeps SIGPIPE away from the embedder |
//! | `outcome`, `failed` | results and failures, as texts of C |
//!
//! It wraps the public items of `host_min` and decides nothing about a run. C code is trusted to keep to its own memory, and to
//! nothing else: a handle is a number that is looked up, so a wrong one is an error, and a panic becomes a failure.

pub mod exports;
mod failed;
mod foreign;
mod handles;
mod outcome;
mod settings;
mod signals;

// A panic that aborts would end the embedder's process.
#[cfg(panic = "abort")]
compile_error!(
    "wagather-capi turns panics into failures: build it with panic = \"unwind\", as the profile capi does"
);
