//! The folders of archives. Each gatherer has one, with an archive for each run and `latest.tar.gz`, which is the newest complete one.

use crate::config::Outputs;
use crate::status::RunId;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use wagather_archive::Output;
use wagather_base::error::{Class, Failure, Result};
use wagather_deliver::{Keep, Known, Tell, keep_again};

/// The name of the newest complete archive.
const LATEST: &str = "latest.tar.gz";

/// Before it has that name.
const NEXT_LATEST: &str = ".latest.tar.gz.next";

/// Makes the folder of a gatherer. Only its owner may read it.
pub(super) fn prepare(outputs: &Outputs, gatherer: &str) -> Result<PathBuf> {
    let folder = outputs.folder.join(gatherer);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
        Failure::new(Class::Output, format!("cannot create the folder {}", folder.display()), error)
    })?;
    Ok(folder)
}

/// Where a run writes its archive.
pub(super) fn of_run(outputs: &Outputs, gatherer: &str, run: &RunId) -> Output {
    Output::TarGz(outputs.folder.join(gatherer).join(format!("{gatherer}-{run}.tar.gz")))
}

/// Held while archives get their places: runs of a gatherer may end at the same time. It has the archives that were read.
static PLACING: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

fn placing() -> MutexGuard<'static, Known> {
    PLACING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the archive of a run the second name `latest.tar.gz`, in one step, and removes the archives that are too old.
pub(super) fn publish(outputs: &Outputs, gatherer: &str, archive: &Path, tell: Tell<'_>) -> Result<()> {
    let mut known = placing();
    let folder = outputs.folder.join(gatherer);
    let (next, latest) = (folder.join(NEXT_LATEST), folder.join(LATEST));
    let linked = link(archive, &next)
        .and_then(|()| fs::rename(&next, &latest))
        .map_err(|error| Failure::new(Class::Output, format!("cannot replace {}", latest.display()), error));
    keep_all(outputs, gatherer, ("", archive), &mut known, tell);
    linked
}

/// Removes the archives that are too old, of runs that failed. They count by themselves, so that failures cost no complete archive.
pub(super) fn keep_incomplete(outputs: &Outputs, gatherer: &str, archive: &Path, tell: Tell<'_>) {
    let mut known = placing();
    keep_all(outputs, gatherer, (".incomplete", archive), &mut known, tell);
}

/// Removes the archives of a gatherer that are too old, of those whose names end so.
fn keep_all(
    outputs: &Outputs,
    gatherer: &str,
    (ending, newest): (&str, &Path),
    known: &mut Known,
    tell: Tell<'_>,
) {
    let folder = outputs.folder.join(gatherer);
    let template = format!("{gatherer}-{{run}}.tar.gz{ending}");
    let limits = [
        Some(Keep::Archives(outputs.keep)),
        outputs.keep_bytes.map(Keep::Bytes),
        outputs.keep_age.map(Keep::Younger),
    ];
    for most in limits.into_iter().flatten() {
        keep_again(&folder, &template, newest, most, known, tell);
    }
}

/// The file of the newest complete archive of a gatherer, if there is one.
pub(super) fn latest(outputs: &Outputs, gatherer: &str) -> PathBuf {
    let name = outputs.folder.join(gatherer).join(LATEST);
    // Where there are no hard links, it is a symbolic one to a file beside it.
    match fs::read_link(&name) {
        Ok(target) => name.with_file_name(target.file_name().unwrap_or_default()),
        Err(_) => name,
    }
}

/// A second name for the archive. Where there are no hard links, a symbolic one.
fn link(archive: &Path, name: &Path) -> io::Result<()> {
    match fs::remove_file(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::hard_link(archive, name).or_else(|_| {
        let target = archive.file_name().unwrap_or_default();
        std::os::unix::fs::symlink(target, name)
    })
}
