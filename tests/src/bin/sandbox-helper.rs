//! The helper for the engine tests: a sandbox with both engines, in a process whose main thread runs the guest, as in
//! the host that ships.

fn main() {
    host_min::run_helper();
}
