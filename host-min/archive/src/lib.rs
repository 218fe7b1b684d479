//! Internal to host-min, without any promise of stability: the archive of a run.
//!
//! An archive is a folder or a `.tar.gz` with the gathered files and the report.
//!
//! The broker decides what goes into it. An archive is written under a hidden name and renamed when it is complete. So under its final
//! name it is complete, or it does not exist. Its bytes depend only on what
//! was added and on the given time, not on threads or timing.
//!
//! Two gatherers can write the same path, for example when both pipe the same resource, and the contents can differ. Timing must not decide
//! which file is kept, and neither gatherer may lose data because of the other. So each gatherer has its own section. When sections are
//! joined, the first section with a path keeps it, and a later section's file goes to `<gatherer>/<path>`. Contents are not
//! compared: even an equal file is kept, where its gatherer would have put it.
//! Only an entry of the same gatherer can occupy that path already. Then the file is left out, and the report says so.
//!
//! # Durability
//! A `.tar.gz` is synced before it is renamed, so it survives a power failure. The files of a folder are not synced:
//! syncing 5,000 small files one by one took 6 s, and writing them 0.3 s. Use a folder for inspection, and an
//! archive for storage.

#![forbid(unsafe_code)]

mod encrypted;
mod join;
mod layout;
mod lists;
mod map;
pub mod names;
mod ours;
mod part;
mod paths;
mod place;
mod reader;
mod section;
mod spool;
mod tar;
mod target;
mod template;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use encrypted::{ENCRYPTED, Encryption, SUFFIX as ENCRYPTED_SUFFIX, is_named_encrypted};
pub use layout::{GATHERS_PATH, Layout, List, LogName, ObjectName, TIMESTAMP_PATH, VERSION_PATH};
pub use map::write_map;
pub use ours::{begins_with, is_archive, is_recording, open_regular, open_regular_as};
pub use reader::{Entry, read, read_tar_gz};
pub use section::{AddError, Section};
pub use spool::{MAX_SPOOL_MEMORY_BYTES, Spool, SpoolFull, SpoolReader};
pub use target::Existing;
pub use target::{Partial, Target, create_folder, remove_leftovers_in};
pub use template::Values;

use join::{join_folder, join_tar};
use names::{AUDIT_PATH, REPORT_PATH};
use part::Part;
use paths::Moves;
use place::{Form, Made, Place};
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
    /// A `.tar.gz`, written to stdout at the end of the run.
    Stdout,
    /// A `.tar.gz` without a name, in this folder: only this process reads it.
    Nameless(PathBuf),
}

impl Output {
    /// Checks that the archive can be created. Creates nothing.
    pub fn check(&self, existing: Existing) -> Result<(), Failure> {
        match self {
            // The name is known only when the run starts.
            Output::Folder(_) | Output::TarGz(_) if self.is_template() => Ok(()),
            Output::Folder(path) | Output::TarGz(path) => {
                Target::claim_over(path, "the archive", existing, is_archive).map(|_| ())
            }
            Output::Stdout | Output::Nameless(_) => Ok(()),
        }
    }

    /// Parses `-`, a file that ends in `.tar.gz` or `.tgz`, or a folder. The name of an encrypted file also ends in `.age`.
    pub fn parse(typed: impl AsRef<OsStr>) -> Output {
        let typed = typed.as_ref();
        let name = typed.as_encoded_bytes();
        let name = name.strip_suffix(encrypted::SUFFIX.as_bytes()).unwrap_or(name);
        let ends = |suffix: &[u8]| name.ends_with(suffix);
        if typed == "-" {
            Output::Stdout
        } else if ends(b".tar.gz") || ends(b".tgz") {
            Output::TarGz(typed.into())
        } else {
            Output::Folder(typed.into())
        }
    }
}

/// An archive that is being written. If it is dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub struct Archive {
    place: Arc<Place>,
    existing: Existing,
    sections: usize,
    mtime_seconds: u64,
    encryption: Option<Arc<dyn Encryption>>,
    layout: Layout,
    own: Vec<(String, Vec<u8>)>,
    #[expect(dead_code, reason = "dropping it ends the protection")]
    kept: Kept,
}

/// The contents of an archive, for the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The sections, in order. A section that was not returned is empty.
    pub sections: Vec<SectionContents>,
    /// The paths of lists that were left out, because a gatherer's file or folder is called so.
    pub lists_left_out: Vec<String>,
}

/// The contents of one section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionContents {
    /// The number of files.
    pub entries: u64,
    /// Their total size.
    pub bytes: u64,
    /// How many of them were moved below the gatherer's folder, because an earlier section has the same path or has
    /// a folder there. Grouped by the first folder of the path.
    pub moved: Vec<(String, u64)>,
    /// Files that were left out, because an entry of the gatherer itself occupies the path below its folder.
    pub lost: Option<Lost>,
}

/// Files that were left out of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many.
    pub files: u64,
    /// The intended path of the first of them, in alphabetical order.
    pub first: String,
}

/// An archive that was written.
#[derive(Debug)]
pub struct Finished {
    /// Its path, if it has one.
    pub path: Option<PathBuf>,
    /// The file of an archive without a name, complete or not.
    pub nameless: Option<File>,
}

impl Finished {
    fn at(path: Option<PathBuf>) -> Finished {
        Finished { path, nameless: None }
    }
}

impl Archive {
    /// Claims the output before anything runs. Fails if it exists, or is in a folder that cannot be written. It is made [later](Section::begin).
    /// `mtime_seconds` is the time of every entry, in seconds since the Unix epoch.
    pub fn create(
        output: &Output,
        existing: Existing,
        sections: usize,
        mtime_seconds: u64,
    ) -> Result<Archive, Failure> {
        let claimed = |path| {
            let target = Target::claim_over(path, "the archive", existing, is_archive)?;
            target.check_folder().map(|()| target)
        };
        let place = match output {
            Output::Folder(path) => Place::new(Form::Folder, claimed(path)?),
            Output::TarGz(path) => Place::new(Form::TarGz, claimed(path)?),
            Output::Stdout if io::stdout().is_terminal() => {
                let attempt = "cannot write the archive to stdout";
                return Err(Failure::new(Class::Output, attempt, "it is a terminal")
                    .advise("redirect it to a file, or pipe it into a program such as 'tar tz'"));
            }
            Output::Stdout => {
                Place::new(Form::Stdout, Target::stream("the archive to stdout", std::env::temp_dir()))
            }
            Output::Nameless(folder) => {
                Place::new(Form::Nameless, Target::stream("a temporary archive", folder.clone()))
            }
        };
        let kept = Kept::begin();
        Ok(Archive {
            place,
            existing,
            sections,
            mtime_seconds,
            encryption: None,
            layout: Layout::default(),
            own: Vec::new(),
            kept,
        })
    }

    /// Encrypts the archive. Its name must say so, and a folder cannot be encrypted. Without an encryption, its name must not end in
    /// `.age`.
    pub fn encrypted(self, encryption: Option<Arc<dyn Encryption>>) -> Result<Archive, Failure> {
        let form = self.place.form;
        let is_named = form == Form::TarGz && is_named_encrypted(self.place.target.path());
        let failure = |reason: &str, advice: &str| {
            let path = self.place.target.path().display();
            Err(Failure::new(Class::Output, format!("cannot write the archive {path}"), reason)
                .advise(advice))
        };
        match (&encryption, form) {
            (Some(_), Form::Folder) => {
                failure("a folder cannot be encrypted", "let --output end in .tar.gz.age")
            }
            (Some(_), Form::TarGz) if !is_named => {
                failure("its name does not say that it is encrypted", "let --output end in .tar.gz.age")
            }
            (None, _) if is_named => failure(
                "its name says that it is encrypted, and there is no recipient",
                "name one with --encrypt, or choose another name",
            ),
            _ => Ok(Archive { encryption, ..self }),
        }
    }

    /// The same archive in this layout.
    pub fn in_layout(self, layout: Layout) -> Archive {
        Archive { layout, ..self }
    }

    /// Adds a file of the host. It follows the gatherers' files.
    pub fn add_own(&mut self, path: impl Into<String>, content: Vec<u8>) {
        self.own.push((path.into(), content));
    }

    /// The section for one gatherer's files. Call it once per index and gatherer.
    pub fn section(&self, index: usize, gatherer: &str) -> Result<Section, Failure> {
        let attempt = || format!("cannot archive what '{gatherer}' gathers");
        if !is_gatherer_name(gatherer) || Layout::Wagather.reserved().contains(&gatherer) {
            return Err(Failure::new(Class::Internal, attempt(), "not a valid name for a gatherer's folder"));
        }
        if self.layout.reserved().contains(&gatherer) {
            let reason = format!("the layout {} has a file or a folder of that name", self.layout.name());
            return Err(Failure::new(Class::Config, attempt(), reason)
                .advise("use another --layout, or give the gatherer another name"));
        }
        Ok(match self.place.form {
            Form::Folder => Section::folder(index, gatherer, &self.place),
            _ => Section::tar(index, gatherer, &self.place, self.mtime_seconds),
        })
    }

    /// Joins the sections in order, adds the audit and the report, and renames the archive into place. If the run is not
    /// `complete`, the archive becomes `<name>.incomplete` instead. That replaces an older incomplete archive. If anything else has
    /// that name, it becomes `<name>.incomplete-2`. An incomplete archive is not written to stdout.
    pub fn finish(
        self,
        mut sections: Vec<Section>,
        complete: bool,
        audit: &[u8],
        report: impl FnOnce(&Contents) -> Vec<u8>,
    ) -> Result<Finished, Failure> {
        sections.sort_by_key(|section| section.index);
        let made = self.place.make()?;
        let target = &self.place.target;
        let failure = |error: io::Error| target.failure(&error);
        let mut contents =
            Contents { sections: vec![SectionContents::default(); self.sections], ..Contents::default() };
        let mut parts: Vec<Part> = Vec::new();
        let count = sections.len();
        let wanted: BTreeMap<String, List> =
            sections.iter_mut().rev().flat_map(|section| std::mem::take(&mut section.lists)).collect();
        for mut section in sections {
            let mut paths = std::mem::take(&mut section.paths);
            let Moves { moved, lost } =
                paths.resolve_conflicts(parts.iter().map(|part| &part.paths), &section.gatherer);
            if let Some(of) = contents.sections.get_mut(section.index) {
                of.entries = paths.len() as u64;
                of.bytes = section.bytes() - lost.iter().map(|(_, extent)| extent.len).sum::<u64>();
                of.moved = moved;
                of.lost = lost
                    .first()
                    .map(|(first, _)| Lost { files: lost.len() as u64, first: first.to_string() });
            }
            let lost = lost.into_iter().map(|(_, extent)| extent).collect();
            // Lists are made of whole parts.
            let may_stay_open = parts.len() + 1 == count && wanted.is_empty();
            parts.push(Part { closed: section.close(may_stay_open)?, paths, lost });
        }
        let mut lists;
        (lists, contents.lists_left_out) = lists::make(wanted, &mut parts, target).map_err(failure)?;
        let report = report(&contents);
        let mut own: Vec<(&str, &[u8])> =
            self.own.iter().map(|(path, content)| (&**path, &**content)).collect();
        own.extend([(AUDIT_PATH, audit), (REPORT_PATH, &*report)]);
        let existing = self.existing;
        let mut put = |to: &mut dyn Write, parts: Vec<Part>| {
            let mut parts = Some(parts);
            let mut plain = |to: &mut dyn Write| {
                join_tar(to, parts.take().unwrap_or_default(), &mut lists, &own, self.mtime_seconds)
            };
            match &self.encryption {
                Some(encryption) => encryption.encrypt(to, &mut plain),
                None => plain(to),
            }
        };
        match (made, self.place.form) {
            (Made::Folder(partial), _) => {
                let whole = partial.path().join("whole");
                join_folder(&whole, parts, &mut lists, &own).map_err(failure)?;
                Ok(Finished::at(Some(rename_whole(target, &whole, complete, existing)?)))
            }
            (Made::TarGz(file, partial), _) => {
                put(&mut &*file, parts).and_then(|()| file.sync_all()).map_err(failure)?;
                Ok(Finished::at(Some(rename_whole(target, partial.path(), complete, existing)?)))
            }
            (Made::Nothing, Form::Nameless) => {
                let mut file = target.nameless_file().map_err(failure)?;
                put(&mut file, parts).and_then(|()| file.rewind()).map_err(failure)?;
                Ok(Finished { path: None, nameless: Some(file) })
            }
            (Made::Nothing, _) if !complete => Ok(Finished::at(None)),
            (Made::Nothing, _) => {
                let mut stdout = io::stdout().lock();
                match put(&mut stdout, parts).and_then(|()| stdout.flush()) {
                    // The reader has closed the pipe on purpose.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                    result => result.map_err(failure)?,
                }
                Ok(Finished::at(None))
            }
        }
    }
}

/// Renames a complete archive into place. Fails if something else took the name meanwhile.
fn rename_whole(
    target: &Target,
    whole: &Path,
    complete: bool,
    existing: Existing,
) -> Result<PathBuf, Failure> {
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
