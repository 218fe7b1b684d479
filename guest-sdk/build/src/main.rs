//! `wagather-build OUTPUT SCRATCH FOLDER…`: the program behind `make guests`. For users, `codegen build`
//! does the same.
#![forbid(unsafe_code)]

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use wagather_build::{Build, Toolchain, table};
use wagather_printable::{Line, Page};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(output), Some(scratch)) = (arguments.next(), arguments.next()) else {
        eprintln!("error: wagather-build OUTPUT SCRATCH FOLDER…");
        return ExitCode::from(2);
    };
    let build = Build { folders: arguments.collect(), output, scratch };
    match Toolchain::find(None).and_then(|toolchain| build.run(&toolchain)) {
        Ok(built) => {
            // The reader of stdout may be gone, so ignore errors.
            let mut page = Page::new();
            page.lines(&table(&built));
            let _ = std::io::stdout().lock().write_all(page.as_str().as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}", Line(format_args!("error: {error}")));
            ExitCode::FAILURE
        }
    }
}
