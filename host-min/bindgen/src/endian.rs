//! Refuses targets on which wasm3 compiles but does not work. It runs before anything else can fail there, such as a
//! missing C compiler.

/// `host-min/sandbox/src/engine/mod.rs` has the same check, for builds with the real bindgen.
const BIG: &str = "wasm3 does not run on big-endian processors: build with --no-default-features --features cli,engine-wasmi";

/// Stops the build script with an error if the target is big-endian. An `Err` would become a panic with a backtrace.
#[expect(clippy::print_stdout, reason = "what a build script prints is read by cargo")]
pub(crate) fn require_little() {
    let endian = std::env::var("CARGO_CFG_TARGET_ENDIAN").unwrap_or_default();
    if let Some(why) = refused(&endian) {
        // Cargo prints this line as an error and stops the build for any exit code; for 0, it prints nothing else.
        println!("cargo::error={why}");
        std::process::exit(0);
    }
}

/// The error for processors with this byte order, if they are not supported.
fn refused(endian: &str) -> Option<&'static str> {
    (endian == "big").then_some(BIG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn big_endian_targets_are_refused_in_the_words_of_the_sandbox() {
        let why = refused("big").expect("a refusal");
        assert_eq!(refused("little"), None);
        let sandbox = include_str!("../../sandbox/src/engine/mod.rs");
        assert!(sandbox.contains(&format!("compile_error!(\n    \"{why}\"\n)")), "{why}");
    }
}
