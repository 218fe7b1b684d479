//! The other tests run natively, with a heap and std. This one compiles the module, and fails if hosts would refuse to
//! run it.

#[test]
fn hosts_run_the_module() {
    let done = wagather_build::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_TARGET_TMPDIR"));
    done.unwrap_or_else(|error| panic!("{error}"));
}
