//! `--html` and `--svg`: files that are written completely or not at all.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
    process::ExitCode,
};

use super::{arguments::Arguments, complain, print};
use crate::{By, Error, Report, emit};

/// The default views of a page. The page opens with the first one.
const VIEWS: [By; 8] =
    [By::Crate, By::Function, By::Section, By::Kind, By::Dominator, By::Data, By::Generic, By::Import];

pub(super) fn draw(arguments: &Arguments, mut output: impl Write) -> Result<ExitCode, Error> {
    let wrong = |message: &str| {
        complain(message);
        Ok(ExitCode::from(2))
    };
    let [guest] = &*arguments.guests else {
        return wrong("--html and --svg take one module; run size-report once for each");
    };
    if arguments.svg.is_some() && arguments.by.len() > 1 {
        return wrong("--svg takes one view; select one with --by, or run size-report once for each");
    }
    if [&arguments.html, &arguments.svg].iter().all(|file| file.as_deref() == Some(Path::new("-"))) {
        return wrong("only one of --html and --svg can go to stdout; give the other a file");
    }
    let by = match (&*arguments.by, &arguments.html) {
        ([], Some(_)) => VIEWS.to_vec(),
        ([], None) => vec![By::Crate],
        (by, _) => by.to_vec(),
    };
    let report = Report::of_file(guest, arguments.names.sources(), &by)?;
    let mut exit = ExitCode::SUCCESS;
    if let Some(file) = &arguments.html {
        exit = put(file, &mut output, |output| emit::html::write(&report, output))?;
    }
    // With both options, the picture shows the view that the page opens with.
    if let (Some(file), [view, ..], ExitCode::SUCCESS) = (&arguments.svg, &*report.views, exit) {
        exit = put(file, &mut output, |output| emit::svg::write(&report, view, output))?;
    }
    Ok(exit)
}

/// Writes to a file, or to stdout for `-`.
fn put(
    file: &Path,
    output: &mut impl Write,
    write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> Result<ExitCode, Error> {
    let unwritable = |source| Error::Unwritable { file: file.to_owned(), source };
    let mut picture = Vec::new();
    write(&mut picture).map_err(unwritable)?;
    if file == Path::new("-") {
        return Ok(print(output, |output| output.write_all(&picture)));
    }
    replace(file, &picture).map_err(unwritable)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a temporary file and renames it, so no reader sees a partial file.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(file) {
        // Pipes and devices are written directly.
        Ok(metadata) if !metadata.is_file() => {
            return fs::OpenOptions::new().write(true).open(file)?.write_all(bytes);
        }
        // `size-report --html a.wasm b.wasm` is an easy mistake.
        Ok(_) if is_module(file)? => {
            return Err(io::Error::other(
                "it is a WebAssembly module, and a picture must not overwrite it; the picture's name comes first",
            ));
        }
        Ok(_) | Err(_) => {}
    }
    let name = file.file_name().ok_or_else(|| io::Error::other("it is not a file name"))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.new", std::process::id()));
    let beside = file.with_file_name(beside);
    let written = fs::File::create_new(&beside)
        .and_then(|mut new| new.write_all(bytes))
        .and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // The file may not exist; the first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn is_module(file: &Path) -> io::Result<bool> {
    let mut first = Vec::new();
    fs::File::open(file)?.take(4).read_to_end(&mut first)?;
    Ok(first == b"\0asm")
}
