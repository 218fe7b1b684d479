//! The command line.

mod arguments;
mod verify;

use crate::{Declaration, Error, Plan, Schemas, emit};
use arguments::{Arguments, Command, Generate, Input};
use clap::Parser;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// The whole program.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Generate(generate) => self::generate(&generate).map(|()| true),
        Command::Verify(verify) => verify.run(),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
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
    write(&declaration.output, &text)
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

/// Writes a file whole, or not at all.
fn write(file: &Path, text: &str) -> Result<(), Error> {
    let failed = |error: io::Error| Error::of_file(file, format!("cannot be written: {error}"));
    if std::fs::read_to_string(file).is_ok_and(|known| known == text) {
        return Ok(());
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
