//! `codegen fixture`.

use super::arguments::Fixture;
use crate::{Declaration, Error, Plan, emit};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(super) fn fixture(arguments: &Fixture) -> Result<(), Error> {
    let (declaration, plan) = super::plan(&arguments.input)?;
    let folder = match (&arguments.output, &declaration.fixtures) {
        (Some(folder), _) | (None, Some(folder)) => folder.clone(),
        (None, None) => sources(&declaration).join("fixtures"),
    };
    let made = write(&plan, &folder, arguments.force)?;
    let mut text = String::new();
    for (file, _) in made.iter().filter(|(_, is_new)| !is_new) {
        let _ = writeln!(text, "{} is there and stays as it is; --force writes it anew", file.display());
    }
    for (file, _) in made.iter().filter(|(_, is_new)| *is_new) {
        let _ = writeln!(text, "{} is written", file.display());
    }
    text += &test(&declaration, &plan, &folder);
    super::print(&text)
}

/// Writes the files that are not there yet, or all of them; says of each whether it was written.
pub(super) fn write(plan: &Plan, folder: &Path, force: bool) -> Result<Vec<(PathBuf, bool)>, Error> {
    let mut made = Vec::new();
    for fixture in emit::fixtures(plan) {
        let file = folder.join(&fixture.file);
        // A link that leads nowhere is somebody's as well.
        let is_new = force || file.symlink_metadata().is_err();
        if is_new {
            super::write(&file, &fixture.text)?;
        }
        made.push((file, is_new));
    }
    Ok(made)
}

/// The folder that the module is in, and its tests beside it.
fn sources(declaration: &Declaration) -> PathBuf {
    declaration.output.parent().unwrap_or(declaration.folder()).to_owned()
}

/// How a test begins that has them.
fn test(declaration: &Declaration, plan: &Plan, folder: &Path) -> String {
    let fixtures = emit::fixtures(plan);
    if fixtures.is_empty() {
        return String::new();
    }
    let mut text = "\nA test has them as\n\n    let host = wagather::fake::Host::new()\n".to_owned();
    let prefix = match folder.strip_prefix(sources(declaration)) {
        Ok(below) => below.to_owned(),
        Err(_) => std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()),
    };
    for (index, fixture) in fixtures.iter().enumerate() {
        let file = prefix.join(&fixture.file).display().to_string();
        let end = if index + 1 == fixtures.len() { ";" } else { "" };
        let _ = writeln!(text, "        .list({:?}, include_str!({file:?})){end}", fixture.path);
    }
    text
}
