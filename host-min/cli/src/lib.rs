//! Internal to host-min, without any promise of stability: what `host-min` and `host-min-admin` share of the command line.
//!
//! | module | contains |
//! |---|---|
//! | [`table`] | every command and option, and which program has the command |
//! | [`typed`], [`values`] | the words of a command line, and the values of options |
//! | [`args`], [`clusters`], [`fleet`], [`deliver`], [`findings`], [`registry`] | what the options mean that several commands share |
//! | [`plan`], [`run`] | the plan of a run; a run on one cluster, recording or archive |
//! | [`help`] | help texts |
//! | [`display`] | events, progress and results; the only way to the terminal |
//! | [`programs`] | commands in programs of their own |
//! | [`allocator`] | the heap of the programs |
//! | [`ending`] | how a command ends: messages, exit codes, the termination message |

pub mod allocator;
pub mod args;
pub mod clusters;
pub mod deliver;
pub mod display;
pub mod ending;
pub mod findings;
pub mod fleet;
pub mod help;
pub mod plan;
pub mod programs;
pub mod registry;
pub mod run;
pub mod table;
pub mod typed;
pub mod values;

mod termination;
