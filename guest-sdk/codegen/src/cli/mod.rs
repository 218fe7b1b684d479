//! The command line.

mod arguments;
mod build;
mod check;
mod docs;
mod fetch;
mod fields;
mod fixture;
mod new;
#[cfg(feature = "rbac")]
mod rbac;
mod shown;
mod source;
mod verify;

use crate::{Declaration, Error, Package, Plan, Saved, Schemas, emit};
use arguments::{Arguments, Command, Generate, Input};
use clap::Parser;
use shown::{print, print_file, print_line};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  done; for check, nothing that breaks the gatherer differs
  1  a declaration, a schema or a source is wrong; for check, the module is stale, or something breaks the gatherer
  2  the command line is wrong";

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help, or an error in the command line.
        Err(said) => return shown::clap(&said),
    };
    let done = match arguments.command {
        Command::New(arguments) => new::new(arguments).map(|()| true),
        Command::Generate(generate) => self::generate(&generate).map(|()| true),
        Command::Check(check) => check::check(&check),
        Command::Fields(fields) => fields::fields(&fields).map(|()| true),
        Command::Build(arguments) => build::build(arguments).map(|()| true),
        Command::Fetch(fetch) => fetch::fetch(&fetch).map(|()| true),
        #[cfg(feature = "rbac")]
        Command::Rbac(rbac) => self::rbac::rbac(&rbac).map(|()| true),
        Command::Docs(docs) => self::docs::docs(&docs).map(|()| true),
        Command::Fixture(fixture) => self::fixture::fixture(&fixture).map(|()| true),
        Command::Verify(verify) => verify.run(),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        // The mistakes were printed.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            for mistake in error.mistakes() {
                shown::say(format_args!("error: {mistake}"));
            }
            ExitCode::FAILURE
        }
    }
}

fn generate(generate: &Generate) -> Result<(), Error> {
    let (declaration, plan) = plan(&generate.input)?;
    if let Some(why) = crate::new::refused(&declaration.name) {
        let why = format!("{why}; write 'name: NAME' if the folder has another name");
        return Err(Error::of_file(&declaration.file, why));
    }
    let text = emit::rust(&plan);
    if generate.print {
        return print_file(&text);
    }
    write_and_say(&declaration.output, &text)?;
    if let Some(file) = &declaration.docs {
        write_and_say(file, &emit::docs(&plan, &Package::of(&declaration)?))?;
    }
    if let Some(folder) = &declaration.fixtures {
        for (file, _) in fixture::write(&plan, folder, false)?.iter().filter(|(_, is_new)| *is_new) {
            print_line(format_args!("{} (written)", file.display()))?;
        }
    }
    Ok(())
}

fn plan(input: &Input) -> Result<(Declaration, Plan), Error> {
    let declaration = Declaration::read(&declaration_file(&input.declaration))?;
    let names: Vec<String> = declaration.resources.iter().map(|wanted| wanted.resource.clone()).collect();
    let documents = match input.source.documents(Some(&names))? {
        Some(documents) => documents,
        None if declaration.schemas.is_empty() => {
            let why = "no schema is given: give --schema PATH or --cluster, or write 'schemas: [FILE]'";
            return Err(Error::of_file(&declaration.file, why));
        }
        None => declaration.documents()?,
    };
    let plan = Plan::new(&declaration, &known(&documents)?)?;
    Ok((declaration, plan))
}

/// The schemas of documents. Reports skipped files.
fn known(documents: &[Saved]) -> Result<Schemas, Error> {
    let schemas = Schemas::of(documents)?;
    for skipped in schemas.skipped() {
        shown::say(format_args!("note: {skipped}"));
    }
    Ok(schemas)
}

/// A declaration's file; the argument may be its folder.
fn declaration_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("gather.yaml") } else { path.to_owned() }
}

/// Writes a file, and reports its name and whether it changed.
fn write_and_say(file: &Path, text: &str) -> Result<(), Error> {
    let is_known = std::fs::read(file).is_ok_and(|known| known == text.as_bytes());
    write(file, text)?;
    print_line(format_args!("{} ({})", file.display(), if is_known { "unchanged" } else { "written" }))
}

/// Writes a file atomically, and creates its folder.
fn write(file: &Path, text: impl AsRef<[u8]>) -> Result<(), Error> {
    let failed = |error: io::Error| Error::of_file(file, format!("cannot be written: {error}"));
    let text = text.as_ref();
    if std::fs::read(file).is_ok_and(|known| known == text) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let aside = file.with_extension("incomplete");
    std::fs::write(&aside, text).and_then(|()| std::fs::rename(&aside, file)).map_err(|error| {
        let _ = std::fs::remove_file(&aside);
        failed(error)
    })
}
