//! `codegen fixture`.

use super::arguments::Fixture;
use crate::{Declaration, Error, Plan, emit};
use std::path::{Path, PathBuf};
use wagather_printable::Page;

pub(super) fn fixture(arguments: &Fixture) -> Result<(), Error> {
    let (declaration, plan) = super::plan(&arguments.input)?;
    let folder = match (&arguments.output, &declaration.fixtures) {
        (Some(folder), _) | (None, Some(folder)) => folder.clone(),
        (None, None) => sources(&declaration).join("fixtures"),
    };
    let made = write(&plan, &folder, arguments.force)?;
    let mut page = Page::new();
    for (file, _) in made.iter().filter(|(_, is_new)| !is_new) {
        page.line(format_args!("{} exists, so it is not changed; --force overwrites it", file.display()));
    }
    for (file, _) in made.iter().filter(|(_, is_new)| *is_new) {
        page.line(format_args!("{} is written", file.display()));
    }
    show_test(&mut page, &declaration, &plan, &folder);
    super::print(&page)
}

/// Writes the files that do not exist, or all of them, and reports which were written.
pub(super) fn write(plan: &Plan, folder: &Path, force: bool) -> Result<Vec<(PathBuf, bool)>, Error> {
    let mut made = Vec::new();
    for fixture in emit::fixtures(plan) {
        let file = folder.join(&fixture.file);
        // Do not overwrite a dangling link either.
        let is_new = force || file.symlink_metadata().is_err();
        if is_new {
            super::write(&file, &fixture.text)?;
        }
        made.push((file, is_new));
    }
    Ok(made)
}

/// The folder of the module and its tests.
fn sources(declaration: &Declaration) -> PathBuf {
    declaration.output.parent().unwrap_or(declaration.folder()).to_owned()
}

/// Prints the beginning of a test that uses them.
fn show_test(page: &mut Page, declaration: &Declaration, plan: &Plan, folder: &Path) {
    let fixtures = emit::fixtures(plan);
    if fixtures.is_empty() {
        return;
    }
    page.lines("\nA test has them as\n\n    let host = wagather::fake::Host::new()");
    let prefix = relative(&sources(declaration), folder);
    for (index, fixture) in fixtures.iter().enumerate() {
        let file = prefix.join(&fixture.file).display().to_string();
        let end = if index + 1 == fixtures.len() { ";" } else { "" };
        page.line(format_args!("        .list({:?}, include_str!({file:?})){end}", fixture.path));
    }
}

/// The relative path from one folder to a file, for `include_str!`.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (from, to) = (whole(from), whole(to));
    let shared = from.components().zip(to.components()).take_while(|(from, to)| from == to).count();
    let up = from.components().skip(shared).map(|_| "..");
    up.map(PathBuf::from).chain([to.components().skip(shared).collect()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_from_the_sources_to_the_fixtures() {
        for (from, to, path) in [
            ("./src", "src/fixtures", "fixtures"),
            ("./src", "./fixtures", "../fixtures"),
            ("a/src", "b", "../../b"),
            ("src", "src", ""),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), PathBuf::from(path), "{from} {to}");
        }
    }
}
