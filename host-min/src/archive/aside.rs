//! Output that is not yet what it will be called: written beside its target under a hidden name, and renamed
//! when it is whole. Archives and recordings are both written so.
//!
//! Not here: what is written. Whatever stops a run, the target's name is never taken by half a file; a killed
//! process leaves at most a `.<name>.<pid>.partial`, which anyone may remove.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::{Class, Failure};

/// Hidden names that are tried: more than one is taken only if processes of the same id (in containers, say)
/// were killed here before, or write here now.
const MAX_HIDDEN_NAMES: u32 = 1000;

/// A path that will be written, and has been found free.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    folder: PathBuf,
    shown: String,
}

impl Target {
    /// The target at a path; `what` is what it is called in failures, as in "the archive".
    pub(crate) fn claim(path: &Path, what: &str) -> Result<Target, Failure> {
        let shown = format!("{what} {}", path.display());
        let failure = |reason: &str, advice: &str| {
            Failure::new(Class::Output, format!("cannot write {shown}"), reason).advise(advice)
        };
        if path.file_name().is_none() {
            return Err(failure(
                "that is no name for something new",
                "name a file or folder that is not there yet",
            ));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let target = Target { path: path.to_owned(), folder: folder.to_owned(), shown: shown.clone() };
        match fs::metadata(folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                return Err(failure(
                    &format!("{} is not a folder", folder.display()),
                    "choose another place",
                ));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let reason = format!("the folder {} does not exist", folder.display());
                return Err(failure(&reason, "create it first, or choose another place"));
            }
            Err(error) => return Err(target.failure(&error)),
        }
        if target.is_taken() {
            return Err(failure(
                "it exists already, and is not replaced",
                "remove it, or choose another name",
            ));
        }
        Ok(target)
    }

    /// A target that is a stream, and only needs room for what is not yet sent.
    pub(crate) fn stream(what: &str) -> Target {
        let folder = std::env::temp_dir();
        Target { path: folder.join("wagather"), folder, shown: what.to_owned() }
    }

    /// The final path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where it goes if it is not complete: beside the final path, and told apart by its name.
    pub(crate) fn incomplete_path(&self) -> PathBuf {
        let mut name = self.name().to_owned();
        name.push(".incomplete");
        self.path.with_file_name(name)
    }

    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Whether something has the final path, a dangling link included.
    pub(crate) fn is_taken(&self) -> bool {
        fs::symlink_metadata(self.path()).is_ok()
    }

    /// A new file under a hidden name.
    pub(crate) fn new_file(&self) -> Result<(File, Partial), Failure> {
        self.hidden(create_file)
            .map(|(file, path)| (file, Partial { path, is_folder: false }))
            .map_err(|error| self.failure(&error))
    }

    /// A new folder under a hidden name.
    pub(crate) fn new_folder(&self) -> Result<Partial, Failure> {
        self.hidden(|path| fs::create_dir(path))
            .map(|((), path)| Partial { path, is_folder: true })
            .map_err(|error| self.failure(&error))
    }

    /// A file without a name, which is gone when it is closed, however this process ends.
    pub(crate) fn nameless_file(&self) -> io::Result<File> {
        self.hidden(create_file).and_then(|(file, path)| fs::remove_file(path).map(|()| file)).map_err(
            |error| {
                io::Error::new(
                    error.kind(),
                    format!("no temporary file in {}: {error}", self.folder.display()),
                )
            },
        )
    }

    /// Removes what a process that was killed left of this target.
    pub(crate) fn clear_up_after(&self, process: u32) {
        let mut begin = OsString::from(".");
        begin.push(self.name());
        begin.push(format!(".{process}"));
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let rest = name.as_encoded_bytes().strip_prefix(begin.as_encoded_bytes());
            if rest.is_some_and(|rest| rest == b".partial" || rest.starts_with(b"-")) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn hidden<T>(&self, create: impl Fn(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
        for number in 0..MAX_HIDDEN_NAMES {
            let mut name = OsString::from(".");
            name.push(self.name());
            name.push(format!(".{}", std::process::id()));
            if number > 0 {
                name.push(format!("-{number}"));
            }
            name.push(".partial");
            let path = self.folder.join(name);
            match create(&path) {
                Ok(created) => return Ok((created, path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("too many files of killed runs (.*.partial) are left there"))
    }

    /// The failure to write it, with what to do.
    pub(crate) fn failure(&self, error: &io::Error) -> Failure {
        let advice = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or choose another place",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "choose a folder that this user may write to"
            }
            ErrorKind::NotFound => {
                "create the folder first; for the standard output it is the one that TMPDIR names"
            }
            ErrorKind::InvalidFilename => "choose a shorter or plainer name",
            _ => "",
        };
        Failure::new(Class::Output, format!("cannot write {}", self.shown), error).advise(advice)
    }

    /// Makes the folder's entry last beyond a loss of power. Some file systems cannot; then it is no failure.
    pub(crate) fn sync_folder(&self) {
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
    }
}

fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

/// Something under a hidden name, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    is_folder: bool,
}

impl Partial {
    /// Its hidden path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Renamed by now, if all went well; nobody could be told if this failed.
        let _ = if self.is_folder { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_said_with_what_to_do() {
        let scratch = tempfile::tempdir().expect("a folder");
        let file = scratch.path().join("file");
        fs::write(&file, "").expect("a file");
        std::os::unix::fs::symlink("nowhere", scratch.path().join("link")).expect("a link");
        for (path, reason) in [
            (scratch.path().join("no/x"), "does not exist"),
            (file.join("x"), "is not a folder"),
            (file, "exists already"),
            (scratch.path().join("link"), "exists already"),
            (scratch.path().to_owned(), "exists already"),
            ("..".into(), "no name"),
            ("/".into(), "no name"),
            ("".into(), "no name"),
        ] {
            let failure = Target::claim(&path, "the archive").expect_err("refused");
            assert_eq!(failure.class, Class::Output);
            assert!(failure.reason.contains(reason), "{failure}");
            assert!(!failure.advice.is_empty(), "{failure}");
        }
        let long = Target::claim(&scratch.path().join("x".repeat(254)), "the archive").expect("free");
        assert!(!long.new_file().expect_err("too long").advice.is_empty());
    }

    #[test]
    fn hidden_names_are_not_shared_and_go_away() {
        let scratch = tempfile::tempdir().expect("a folder");
        let target = Target::claim(&scratch.path().join("out"), "the archive").expect("free");
        let first = target.new_file().expect("a file");
        let second = target.new_folder().expect("a folder");
        assert_ne!(first.1.path(), second.path());
        let _nameless = target.nameless_file().expect("a file");
        assert_eq!(fs::read_dir(scratch.path()).expect("a folder").count(), 2);
        drop((first, second));
        assert_eq!(fs::read_dir(scratch.path()).expect("a folder").count(), 0);

        let (first, second) = (target.new_file().expect("a file"), target.new_file().expect("a file"));
        fs::write(scratch.path().join(".out.10.partial"), "").expect("another process's file");
        target.clear_up_after(std::process::id());
        assert!(!first.1.path().exists() && !second.1.path().exists());
        assert_eq!(fs::read_dir(scratch.path()).expect("a folder").count(), 1);
    }
}
