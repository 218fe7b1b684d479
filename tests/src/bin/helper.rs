//! A helper executable with both engines, as an embedder would write it: its main does nothing else.

fn main() {
    host_min::run_helper()
}
