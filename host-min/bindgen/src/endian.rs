//! Refuses targets on which wasm3 builds and does not work, before anything else can fail there, such as a C compiler that is missing.

/// The sandbox says the same (`host-min/sandbox/src/engine/mod.rs`), where bindgen is not this one.
const BIG: &str = "wasm3 does not run on big-endian processors: build with --no-default-features --features cli,engine-wasmi";

/// Ends the build script with one sentence if the target is big-endian. An `Err` would be a panic with its trace around it.
#[expect(clippy::print_stdout, reason = "what a build script prints is read by cargo")]
pub(crate) fn require_little() {
    let endian = std::env::var("CARGO_CFG_TARGET_ENDIAN").unwrap_or_default();
    if let Some(why) = refused(&endian) {
        // Cargo prints the sentence as an error and ends the build, whatever the exit code is; with 0 it prints nothing else.
        println!("cargo::error={why}");
        std::process::exit(0);
    }
}

/// Why there can be no build for processors with that order of bytes, if there can be none.
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
