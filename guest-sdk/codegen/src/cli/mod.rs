//! The command line.

mod arguments;
mod docs;
mod fixture;
#[cfg(feature = "rbac")]
mod rbac;

use crate::{Declaration, Error, Package, Plan, Schemas, emit};
use arguments::{Arguments, Command, Generate, Input};
use clap::Parser;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// The whole program.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Generate(generate) => self::generate(&generate),
        #[cfg(feature = "rbac")]
        Command::Rbac(rbac) => self::rbac::rbac(&rbac),
        Command::Docs(docs) => self::docs::docs(&docs),
        Command::Fixture(fixture) => self::fixture::fixture(&fixture),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr().lock(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn generate(generate: &Generate) -> Result<(), Error> {
    let (declaration, plan) = plan(&generate.input)?;
    let text = emit::rust(&plan);
    if generate.print {
        return print(&text);
    }
    write(&declaration.output, &text)?;
    if let Some(file) = &declaration.docs {
        write(file, &emit::docs(&plan, &Package::of(&declaration)?))?;
    }
    if let Some(folder) = &declaration.fixtures {
        fixture::write(&plan, folder, false)?;
    }
    Ok(())
}

fn plan(input: &Input) -> Result<(Declaration, Plan), Error> {
    let file = match input.declaration.is_dir() {
        true => input.declaration.join("gather.yaml"),
        false => input.declaration.clone(),
    };
    let declaration = Declaration::read(&file)?;
    let paths = if input.schema.is_empty() { &declaration.schemas } else { &input.schema };
    if paths.is_empty() {
        let why = "no schema is named: give --schema FILE, or write 'schemas: [FILE]'";
        return Err(Error::of_file(&file, why));
    }
    let schemas = Schemas::read(paths)?;
    let plan = Plan::new(&declaration, &schemas)?;
    Ok((declaration, plan))
}

/// Writes a file whole, or not at all; makes its folder.
fn write(file: &Path, text: &str) -> Result<(), Error> {
    let failed = |error: io::Error| Error::of_file(file, format!("cannot be written: {error}"));
    if std::fs::read_to_string(file).is_ok_and(|known| known == text) {
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

/// Prints a result; a reader that went away is no error.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::of_file(Path::new("standard output"), error.to_string()))
        }
        _ => Ok(()),
    }
}
