//! The header is what cbindgen makes of the library; `BLESS=1` writes it anew.

use std::path::Path;

/// The most functions that the library may have.
const MAX_FUNCTIONS: usize = 20;

fn made() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml")).expect("the configuration");
    let builder = cbindgen::Builder::new().with_config(config).with_src(here.join("src/exports.rs"));
    let mut header = Vec::new();
    builder.generate().expect("a header").write(&mut header);
    String::from_utf8(header).expect("text")
}

#[test]
fn the_header_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/wagather.h");
    let made = made();
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &made).expect("the header");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == made,
        "include/wagather.h is out of date; 'BLESS=1 cargo test -p wagather-capi --test header' makes it anew"
    );
}

#[test]
fn the_library_has_few_functions() {
    let made = made();
    let functions: Vec<&str> = made
        .lines()
        .filter(|line| !line.starts_with(" *") && line.contains("wagather_") && line.contains('('))
        .collect();
    assert!((10..=MAX_FUNCTIONS).contains(&functions.len()), "{} functions: {functions:#?}", functions.len());
}
