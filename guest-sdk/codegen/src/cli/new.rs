//! `codegen new`.

use super::print;
use crate::Error;
use crate::new::{Language, Made, New, name_of};
use clap::Args;
use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};
use wagather_printable::Page;

/// Create a new gatherer (see docs/codegen.md and docs/languages.md)
// host-min's own table has the same options, since 'host-min new' leads here.
#[derive(Args)]
pub(super) struct Arguments {
    /// Folder to create; its name becomes the gatherer's name. Existing files are not overwritten
    #[arg(value_name = "PATH", value_parser = PathBufValueParser::new().try_map(folder))]
    folder: PathBuf,

    /// CustomResourceDefinition of the resource to read (default: read pods)
    #[arg(long, value_name = "FILE.yaml")]
    crd: Option<PathBuf>,

    /// Checkout of wagather (default: the one that contains the current folder)
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,

    /// Language of the gatherer
    #[arg(
        long,
        value_name = "LANGUAGE",
        default_value = "rust",
        value_parser = PossibleValuesParser::new(Language::ALL.map(|(name, _)| name)).map(language)
    )]
    lang: Language,
}

fn language(typed: String) -> Language {
    Language::ALL.iter().find(|(name, _)| *name == typed).map_or_else(Language::default, |known| known.1)
}

fn folder(typed: PathBuf) -> Result<PathBuf, String> {
    name_of(&typed).map(|_| typed)
}

pub(super) fn new(arguments: Arguments) -> Result<(), Error> {
    let Arguments { folder, crd, sdk, lang: language } = arguments;
    let new = New { folder, crd, sdk, language };
    let made = new.make()?;
    if language != Language::Rust {
        return print(&told_of(&new.folder, &made, language));
    }
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let is_here = here.as_deref() == made.sdk.canonicalize().ok().as_deref();
    // The checkout as the user typed it, if given.
    let sdk = if is_here { None } else { Some(new.sdk.as_deref().unwrap_or(&made.sdk)) };
    print(&told(&new.folder, &made, sdk))
}

/// The same for a gatherer in another language.
fn told_of(folder: &Path, Made { name, resource, .. }: &Made, language: Language) -> Page {
    let mut page = Page::new();
    page.line(format_args!("{} is a gatherer that reads {resource}:", folder.display()));
    for (path, what) in language.shown() {
        page.line(format_args!("  {path:<17} {what}"));
    }
    page.line("Next, with host-min on the PATH:");
    page.line(format_args!("  make -C {} test", in_shell(&folder.display().to_string())));
    page.line(format_args!(
        "  host-min inspect {}",
        in_shell(&folder.join(format!("{name}.wasm")).display().to_string())
    ));
    page
}

/// The created files, and the next commands for the current folder.
fn told(folder: &Path, Made { name, resource, is_member, .. }: &Made, sdk: Option<&Path>) -> Page {
    let mut page = Page::new();
    page.line(format_args!("{} is a gatherer that reads {resource}:", folder.display()));
    for (path, what) in [
        ("gather.yaml", "what it reads: declare more fields here"),
        ("src/resources.rs", "the types, generated from gather.yaml"),
        ("src/lib.rs", "what it does with them"),
        ("src/tests.rs", "its tests, with made-up objects"),
        ("tests/module.rs", "a check that hosts accept its module"),
    ] {
        page.line(format_args!("  {path:<17} {what}"));
    }
    let typed = |path: &Path| in_shell(&path.display().to_string());
    let test = match (is_member, sdk) {
        (true, None) => format!("-p {name}"),
        _ => format!("--manifest-path {}", typed(&folder.join("Cargo.toml"))),
    };
    let in_sdk = |path: &str| typed(&sdk.unwrap_or(Path::new("")).join(path));
    let make = match sdk {
        None => format!("make guests GUESTS={}", typed(folder)),
        // make changes to the checkout, so a path relative to the current folder would not work.
        Some(sdk) => {
            let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
            format!("make -C {} guests GUESTS={}", typed(sdk), typed(&absolute))
        }
    };
    page.line("Next:");
    page.line(format_args!("  cargo test {test}"));
    page.line(format_args!("  {make}"));
    let module = in_sdk(&format!("target/guests/{name}.wasm"));
    page.line(format_args!("  {} inspect {module}", in_sdk("target/dist/host-min")));
    page.line("After each change of gather.yaml:");
    page.line(format_args!("  {} generate {}", in_sdk("target/dist/codegen"), typed(folder)));
    page
}

/// Quotes a word for a shell.
fn in_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
