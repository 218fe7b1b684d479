//! The other tests run natively, where there is a heap and std. This one compiles the module, and says what would keep hosts from
//! running it.

#[test]
fn hosts_run_the_module() {
    let done = wagather_build::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_TARGET_TMPDIR"));
    done.unwrap_or_else(|error| panic!("{error}"));
}
