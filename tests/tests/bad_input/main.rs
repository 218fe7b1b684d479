//! Bad input: each kind gives one clear message (what, where, why, what to do), the exit code of its class, no panic,
//! and no archive that looks complete.
//!
//! The messages are golden files, because only a person can judge whether they are clear. Elsewhere: guests that
//! attack (`hostile.rs`).

mod cluster;
mod guests;
mod options;
mod outputs;

use tests::host::Host;
use tests::programs;

const MODULE: i32 = 3;
const CONFIG: i32 = 4;
const CLUSTER: i32 = 5;
const REFUSED: i32 = 9;
const OUTPUT: i32 = 6;
const GATHERER: i32 = 7;

fn cluster_operators() -> Host {
    Host::run(programs::guest("cluster-operators"))
}
