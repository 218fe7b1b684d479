//! Internal to host-min, without any promise of stability: what a run leaves behind.
//!
//! That is a folder or a `.tar.gz` of what was gathered, with the report.
//!
//! Not here: what goes into it and what the report says (the broker decides both). An archive is written aside,
//! made whole, and renamed: under its final name it is complete, or it is not there. Its bytes depend on what
//! was added and on the time given, not on when, by which thread or how fast.
//!
//! Two gatherers may want the same file (two that pipe the same resource, say), with more in it or less. Which one comes first in
//! time is chance, and neither may take anything from the other. So each has a section of its own; when they are
//! joined, the first section that has a path keeps it, and a later one's file goes to `<gatherer>/<path>`. Contents are not
//! compared: that two are the same is no reason for one to be missing where its gatherer would have put it.
//! Only an entry of the gatherer's own can be in the way there; then the file is left out, and the report says so.
//!
//! # What lasts
//! A `.tar.gz` is synced before it is renamed, so it survives a loss of power. The files of a folder are not:
//! syncing 5,000 small files one by one took 6 s here, writing them 0.3 s. A folder is for looking into, an
//! archive for keeping.

#![forbid(unsafe_code)]

mod aside;
mod beside;
mod join;
mod known;
pub mod names;
mod paths;
mod section;
mod spool;
mod tar;
mod template;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use aside::Existing;
pub use aside::{Partial, Target, create_folder};
pub use beside::write_map;
pub use known::is_recording;
pub use section::{AddError, Section};
pub use spool::{MAX_SPOOL_MEMORY_BYTES, Spool, SpoolFull, SpoolReader};
pub use template::Values;

use join::{Part, join_folder, join_tar};
use known::is_archive;
use names::{AUDIT_PATH, REPORT_PATH, RESOURCE_FOLDERS};
use paths::Moves;
use wagather_abi::manifest::is_gatherer_name;
use wagather_base::error::{Class, Failure};
use wagather_base::stop::Kept;

/// Where the archive goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A new folder.
    Folder(PathBuf),
    /// A new file.
    TarGz(PathBuf),
    /// A `.tar.gz`, to stdout when the run is over.
    Stdout,
}

impl Output {
    /// Whether there is room for something new at its place; nothing is made there.
    pub fn check(&self, existing: Existing) -> Result<(), Failure> {
        match self {
            // What its name will be is known when it runs.
            Output::Folder(_) | Output::TarGz(_) if self.is_template() => Ok(()),
            Output::Folder(path) | Output::TarGz(path) => {
                Target::claim_over(path, "the archive", existing, is_archive).map(|_| ())
            }
            Output::Stdout => Ok(()),
        }
    }

    /// What was typed: `-`, a file that ends in `.tar.gz` or `.tgz`, or a folder.
    pub fn parse(typed: impl AsRef<OsStr>) -> Output {
        let typed = typed.as_ref();
        let ends = |suffix: &[u8]| typed.as_encoded_bytes().ends_with(suffix);
        if typed == "-" {
            Output::Stdout
        } else if ends(b".tar.gz") || ends(b".tgz") {
            Output::TarGz(typed.into())
        } else {
            Output::Folder(typed.into())
        }
    }
}

/// An archive that is being written. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub struct Archive {
    form: Form,
    target: Arc<Target>,
    existing: Existing,
    sections: usize,
    mtime_seconds: u64,
    #[expect(dead_code, reason = "what it does is to be dropped")]
    kept: Kept,
}

#[derive(Debug)]
enum Form {
    Folder(Partial),
    TarGz(File, Partial),
    Stdout,
}

/// What an archive holds, for the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Per section, in order; a section that was not given back is empty.
    pub sections: Vec<SectionContents>,
}

/// What one section has in the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionContents {
    /// Files in the archive.
    pub entries: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// How many of them are below the gatherer's folder because an earlier section has the same path, or needs it for
    /// a folder; by the first folder of that path.
    pub moved: Vec<(String, u64)>,
    /// Files left out because what the gatherer itself put below its folder is in their way there.
    pub lost: Option<Lost>,
}

/// Files that are not in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many.
    pub files: u64,
    /// The path that the first of them would have had, in alphabetical order.
    pub first: String,
}

/// An archive that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Where it is; `None` for stdout.
    pub path: Option<PathBuf>,
}

impl Archive {
    /// Claims the output before anything runs: an output that exists, or cannot be written, is refused now.
    /// `mtime_seconds` is the time of every entry, in seconds since the Unix epoch.
    pub fn create(
        output: &Output,
        existing: Existing,
        sections: usize,
        mtime_seconds: u64,
    ) -> Result<Archive, Failure> {
        let (form, target) = match output {
            Output::Folder(path) => {
                let target = Target::claim_over(path, "the archive", existing, is_archive)?;
                (Form::Folder(target.new_folder()?), target)
            }
            Output::TarGz(path) => {
                let target = Target::claim_over(path, "the archive", existing, is_archive)?;
                let (file, partial) = target.new_file()?;
                (Form::TarGz(file, partial), target)
            }
            Output::Stdout if io::stdout().is_terminal() => {
                let attempt = "cannot write the archive to stdout";
                return Err(Failure::new(Class::Output, attempt, "it is a terminal")
                    .advise("redirect it to a file, or pipe it into a program such as 'tar tz'"));
            }
            Output::Stdout => (Form::Stdout, Target::stream("the archive to stdout")),
        };
        Ok(Archive { form, target: Arc::new(target), existing, sections, mtime_seconds, kept: Kept::begin() })
    }

    /// The place of one gatherer's files; asked for once per index and per gatherer.
    pub fn section(&self, index: usize, gatherer: &str) -> Result<Section, Failure> {
        if !is_gatherer_name(gatherer) || RESOURCE_FOLDERS.contains(&gatherer) {
            let attempt = format!("cannot archive what '{gatherer}' gathers");
            return Err(Failure::new(Class::Internal, attempt, "not a valid name for a gatherer's folder"));
        }
        let Form::Folder(partial) = &self.form else {
            return Ok(Section::tar(index, gatherer, &self.target, self.mtime_seconds));
        };
        let root = partial.path().join(index.to_string());
        create_folder(&root).map_err(|error| self.target.failure(&error))?;
        Ok(Section::folder(index, gatherer, &self.target, root))
    }

    /// Joins the sections in order, adds the audit and the report, makes it whole, and renames it into place. If the run was not
    /// `complete`, it goes to `<name>.incomplete` instead, in place of an older one, or to `<name>.incomplete-2` if something else has
    /// that name; nothing is then written to stdout.
    pub fn finish(
        self,
        mut sections: Vec<Section>,
        complete: bool,
        audit: &[u8],
        report: impl FnOnce(&Contents) -> Vec<u8>,
    ) -> Result<Finished, Failure> {
        sections.sort_by_key(|section| section.index);
        let mut contents = Contents { sections: vec![SectionContents::default(); self.sections] };
        let mut parts: Vec<Part> = Vec::new();
        for mut section in sections {
            let mut paths = std::mem::take(&mut section.paths);
            let Moves { moved, lost } =
                paths.make_way(parts.iter().map(|part| &part.paths), &section.gatherer);
            if let Some(of) = contents.sections.get_mut(section.index) {
                of.entries = paths.len() as u64;
                of.bytes = section.bytes() - lost.iter().map(|(_, extent)| extent.len).sum::<u64>();
                of.moved = moved;
                of.lost = lost
                    .first()
                    .map(|(first, _)| Lost { files: lost.len() as u64, first: first.to_string() });
            }
            let lost = lost.into_iter().map(|(_, extent)| extent).collect();
            parts.push(Part { closed: section.close()?, paths, lost });
        }
        let report = report(&contents);
        let own = [(AUDIT_PATH, audit), (REPORT_PATH, &*report)];
        let failure = |error: io::Error| self.target.failure(&error);
        let existing = self.existing;
        match self.form {
            Form::Folder(partial) => {
                let whole = partial.path().join("whole");
                join_folder(&whole, parts, own).map_err(failure)?;
                Ok(Finished { path: Some(place(&self.target, &whole, complete, existing)?) })
            }
            Form::TarGz(mut file, partial) => {
                join_tar(&mut file, parts, own, self.mtime_seconds)
                    .and_then(|()| file.sync_all())
                    .map_err(failure)?;
                Ok(Finished { path: Some(place(&self.target, partial.path(), complete, existing)?) })
            }
            Form::Stdout if !complete => Ok(Finished { path: None }),
            Form::Stdout => {
                let mut stdout = io::stdout().lock();
                match join_tar(&mut stdout, parts, own, self.mtime_seconds).and_then(|()| stdout.flush()) {
                    // Who reads it has seen enough.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                    result => result.map_err(failure)?,
                }
                Ok(Finished { path: None })
            }
        }
    }
}

/// Renames what is whole into its place, which nothing else may have taken meanwhile.
fn place(target: &Target, whole: &Path, complete: bool, existing: Existing) -> Result<PathBuf, Failure> {
    let failure = |error: io::Error| target.failure(&error);
    if !complete {
        return target.place_incomplete(whole, is_archive).map_err(failure);
    }
    match target.place(whole, existing, is_archive) {
        Ok(()) => Ok(target.path().to_owned()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let path = target.place_incomplete(whole, is_archive).map_err(failure)?;
            let reason = match existing {
                Existing::Keep => {
                    format!("another program wrote to {} during the run", target.path().display())
                }
                Existing::Replace => {
                    format!("host-min did not write {}", target.path().display())
                }
            };
            Err(Failure::new(Class::Output, "cannot rename the archive", reason)
                .advise(format!("the archive is complete; it is kept as {}", path.display())))
        }
        Err(error) => Err(failure(error)),
    }
}

#[cfg(test)]
mod tests;
