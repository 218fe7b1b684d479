//! Internal to host-min, without any promise of stability: shows, serves and compares archives, those of host-min and of others.
//!
//! The program host-min-view is its only user: a run needs none of this code. host-min calls it with the words of the command line.
//!
//! | module | does |
//! |---|---|
//! | `cli` | the commands, and which module runs each |
//! | `terminal` | the only place that writes to stdout and stderr |
//! | `bounded` | JSON as a value, with limits |
//! | `part` | a part of a JSON text as a value |
//! | `gathered` | an archive with its report, its audit and its findings |
//! | `diff` | `diff`: what differs between two archives |
//! | `report` | `report`: what an archive has, and findings in the forms of others |
//! | `page` | `report --html`: the same as a page for a browser |
//! | `open` | `open`: an archive as a read-only API server |
//!
//! A command is a module of its own: its options are a `clap::Args`, and its function `run` returns the exit code.
//!
//! Archives are foreign: whatever of them is shown is escaped. Reading them is `wagather-offline`'s task.
#![forbid(unsafe_code)]

mod bounded;
mod cli;
mod diff;
mod gathered;
mod open;
mod page;
mod part;
mod report;
mod terminal;

pub use cli::main;
#[cfg(fuzzing)]
pub use open::fuzz;
