//! Atomic output: written next to its target under a hidden name, and renamed when it is complete. Archives and recordings use it.
//!
//! However a run ends, the target never has a partial file. A killed
//! process leaves at most a `.<name>.<pid>.partial`. It can be deleted, and the next run with the same target deletes it.
//!
//! Only the owner can read files and folders, because they contain data of a cluster.
//!
//! The writer of a hidden name holds a lock on it (`flock(2)`), which ends with the process. The process id in the
//! name is not enough to know whether the writer still runs, because containers that share a volume have separate process ids.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use wagather_base::error::{Class, Failure};
use wagather_base::fork;
use wagather_base::rename::{exchange, may_write_in, rename_new};
use wagather_base::stop::Hidden;

/// How many hidden names are tried. Several are taken only if processes with the same id, for example in containers,
/// were killed here before or write here now.
const MAX_HIDDEN_NAMES: u32 = 1000;

/// How many names are tried for incomplete output, if files of other programs have the first ones.
const MAX_INCOMPLETE_NAMES: u32 = 1000;

/// What to do if something has the target's name already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Keep it.
    #[default]
    Keep,
    /// Replace it if this program wrote it. Otherwise keep it.
    Replace,
}

/// A path that can be written.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    folder: PathBuf,
    shown: String,
}

impl Target {
    /// Checks that a path is free. `what` is its name in failures, as in "the archive".
    /// Missing folders above it are created when something is written.
    pub fn claim(path: &Path, what: &str) -> Result<Target, Failure> {
        Target::claim_over(path, what, Existing::Keep, |_| false)
    }

    /// Checks that a path is free, or that what is there can be replaced. `is_ours` says whether this program wrote it.
    pub fn claim_over(
        path: &Path,
        what: &str,
        existing: Existing,
        is_ours: fn(&Path) -> bool,
    ) -> Result<Target, Failure> {
        let shown = format!("{what} {}", path.display());
        let failure = |reason: &str, advice: &str| {
            Failure::new(Class::Output, format!("cannot write {shown}"), reason).advise(advice)
        };
        if path.file_name().is_none() {
            return Err(failure(
                "not a name for a new file or folder",
                "name a file or folder that does not exist yet",
            ));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let target = Target { path: path.to_owned(), folder: folder.to_owned(), shown: shown.clone() };
        // The nearest ancestor that exists, which may not be a folder.
        let there = folder.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok());
        let there = there.unwrap_or(Path::new("."));
        match fs::metadata(there) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                return Err(failure(&format!("{} is not a folder", there.display()), "choose another place"));
            }
            Err(error) => return Err(target.failure(&error)),
        }
        match existing {
            _ if !target.is_taken() => {}
            Existing::Keep => {
                return Err(failure(
                    "it already exists",
                    "choose another name, or replace it with --overwrite",
                ));
            }
            Existing::Replace if is_ours(path) => {}
            Existing::Replace => {
                return Err(failure(
                    "it already exists, and host-min did not write it",
                    "remove it yourself, or choose another name",
                ));
            }
        }
        Ok(target)
    }

    /// Checks that it can be written, as far as that is known without writing: the rights to the folder above it, or to the nearest one that exists, and
    /// the length of the name.
    pub(super) fn check_folder(&self) -> Result<(), Failure> {
        let there = self.folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        may_write_in(there).map_err(|error| self.failure(&error))?;
        match fs::symlink_metadata(self.folder.join(self.hidden_name(0))) {
            Err(error) if error.kind() == ErrorKind::InvalidFilename => Err(self.failure(&error)),
            _ => Ok(()),
        }
    }

    /// A target without a name. It only needs room for temporary files, in this folder.
    pub fn stream(what: &str, folder: PathBuf) -> Target {
        Target { path: folder.join("wagather"), folder, shown: what.to_owned() }
    }

    /// A target without the check.
    #[cfg(test)]
    pub(super) fn claim_taken(path: &Path, what: &str) -> Target {
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Target { path: path.to_owned(), folder, shown: what.to_owned() }
    }

    /// The folder in which it is, and its temporary files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The final path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path for incomplete output, next to the final path. From 2 on, the number is part of the name.
    pub(super) fn incomplete_path(&self, number: u32) -> PathBuf {
        let mut name = self.name().to_owned();
        name.push(".incomplete");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        self.path.with_file_name(name)
    }

    /// Renames complete output to the final path. Something that exists there is replaced if `existing` says so and this program wrote it, by
    /// `is_ours`. Otherwise it is kept, and the error is [`ErrorKind::AlreadyExists`].
    pub fn place(&self, whole: &Path, existing: Existing, is_ours: fn(&Path) -> bool) -> io::Result<()> {
        if existing == Existing::Replace && is_ours(&self.path) {
            self.replace(whole)?;
        } else {
            rename_new(whole, &self.path)?;
        }
        self.sync_folder();
        Ok(())
    }

    /// Exchanges both in one step, so that the name always exists. File systems without that operation need two steps.
    fn replace(&self, whole: &Path) -> io::Result<()> {
        match exchange(whole, &self.path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                let (_, old) = self.hidden(|path| rename_new(&self.path, path))?;
                rename_new(whole, &self.path)?;
                return remove(&old);
            }
            Err(error) => return Err(error),
        }
        remove(whole)
    }

    /// Renames incomplete output to a name that says so. Replaces only what an earlier run left. Returns the path.
    pub fn place_incomplete(&self, whole: &Path, is_ours: fn(&Path) -> bool) -> io::Result<PathBuf> {
        for number in 1..=MAX_INCOMPLETE_NAMES {
            let path = self.incomplete_path(number);
            if is_ours(&path) {
                remove(&path)?;
            }
            match rename_new(whole, &path) {
                Ok(()) => {
                    self.sync_folder();
                    return Ok(path);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        let path = self.incomplete_path(1);
        Err(io::Error::other(format!(
            "{} and similar names are taken by files that host-min did not write",
            path.display()
        )))
    }

    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Whether something has the final path. A dangling link counts.
    pub(crate) fn is_taken(&self) -> bool {
        fs::symlink_metadata(self.path()).is_ok()
    }

    /// Creates a file under a hidden name.
    pub fn new_file(&self) -> Result<(File, Partial), Failure> {
        self.make_folder()?;
        self.remove_leftovers();
        self.hidden(|path| create_file(path).and_then(locked))
            .map(|(file, path)| (file, Partial { hidden: Hidden::new(&path), path, folder: None }))
            .map_err(|error| self.failure(&error))
    }

    /// Creates a folder under a hidden name.
    pub(crate) fn new_folder(&self) -> Result<Partial, Failure> {
        self.make_folder()?;
        self.remove_leftovers();
        self.hidden(|path| create_folder(path).and_then(|()| locked(File::open(path)?)))
            .map(|(folder, path)| Partial { hidden: Hidden::new(&path), path, folder: Some(folder) })
            .map_err(|error| self.failure(&error))
    }

    /// Creates the missing folders above it, which only their owner can read.
    pub fn make_folder(&self) -> Result<(), Failure> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| self.failure(&error))
    }

    /// Creates a file without a name. It disappears when it is closed, however this process ends.
    pub fn nameless_file(&self) -> io::Result<File> {
        self.hidden(create_file).and_then(|(file, path)| fs::remove_file(path).map(|()| file)).map_err(
            |error| {
                io::Error::new(
                    error.kind(),
                    format!("cannot create a temporary file in {}: {error}", self.folder.display()),
                )
            },
        )
    }

    /// Removes what killed runs left of this target: files of this user, of a process that no longer exists, without a lock.
    fn remove_leftovers(&self) {
        let mut begin = OsString::from(".");
        begin.push(self.name());
        begin.push(".");
        remove_leftovers(&self.folder, |name| name.strip_prefix(begin.as_encoded_bytes()));
    }

    /// Removes what a killed process left of this target.
    pub fn remove_leftovers_of(&self, process: u32) {
        let mut begin = OsString::from(".");
        begin.push(self.name());
        begin.push(format!(".{process}"));
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let rest = name.as_encoded_bytes().strip_prefix(begin.as_encoded_bytes());
            if rest.is_some_and(|rest| rest == b".partial" || rest.starts_with(b"-")) {
                let _ = remove(&entry.path());
            }
        }
    }

    fn hidden_name(&self, number: u32) -> OsString {
        let mut name = OsString::from(".");
        name.push(self.name());
        name.push(format!(".{}", std::process::id()));
        if number > 0 {
            name.push(format!("-{number}"));
        }
        name.push(".partial");
        name
    }

    fn hidden<T>(&self, create: impl Fn(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
        for number in 0..MAX_HIDDEN_NAMES {
            let path = self.folder.join(self.hidden_name(number));
            match create(&path) {
                Ok(created) => return Ok((created, path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("killed runs left too many files (.*.partial) there"))
    }

    /// The failure for an error while writing, with advice.
    pub fn failure(&self, error: &io::Error) -> Failure {
        let advice = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or choose another place",
            ErrorKind::FileTooLarge if error.raw_os_error().is_some() => {
                "the file system or a limit (ulimit -f) refuses larger files; raise it, or choose another place"
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "choose a folder that this user can write to"
            }
            ErrorKind::NotFound => {
                "create the folder first; with --output -, it is the folder that TMPDIR names"
            }
            ErrorKind::InvalidFilename => "choose a shorter or plainer name",
            _ => "",
        };
        Failure::new(Class::Output, format!("cannot write {}", self.shown), error).advise(advice)
    }

    /// Syncs the folder, so that the new name survives a power failure. File systems that cannot are ignored.
    pub fn sync_folder(&self) {
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
    }
}

/// Removes what killed runs left in a folder in which every run has its own names: files of this user, of a process that no longer exists,
/// without a lock.
pub fn remove_leftovers_in(folder: &Path) {
    remove_leftovers(folder, |name| {
        let name = name.strip_prefix(b".")?;
        let end = name.len() - b".partial".len().min(name.len());
        let dot = name[..end].iter().rposition(|&byte| byte == b'.')?;
        (dot > 0).then(|| &name[dot + 1..])
    });
}

/// `rest` gives what follows the dot after a target's name.
fn remove_leftovers(folder: &Path, rest: impl Fn(&[u8]) -> Option<&[u8]>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if let Some(process) = rest(name.as_encoded_bytes()).and_then(process_of)
            && (process == std::process::id() || !fork::is_there(process))
        {
            let _ = remove_abandoned(&entry.path());
        }
    }
}

/// Creates a file that only its owner can read.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Creates a folder that only its owner can read.
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Locks a new file or folder. If another process removed it meanwhile, the name counts as taken.
fn locked(file: File) -> io::Result<File> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(ErrorKind::AlreadyExists.into()),
        Ok(()) if file.metadata()?.nlink() == 0 => Err(ErrorKind::AlreadyExists.into()),
        // Some file systems do not support locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// The process id in the rest of a hidden name: `10.partial`, `10-1.partial`.
fn process_of(rest: &[u8]) -> Option<u32> {
    let numbers = std::str::from_utf8(rest.strip_suffix(b".partial")?).ok()?;
    let (process, number) = numbers.split_once('-').unwrap_or((numbers, "0"));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits(process) && all_digits(number) { process.parse().ok() } else { None }
}

/// Removes a file or folder of this user, unless it is locked.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == fork::user() && (metadata.is_file() || metadata.is_dir());
    if is_ours && !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) { remove(path) } else { Ok(()) }
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// Output under a hidden name. Dropping it removes it.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    /// The open folder, which holds the lock. A file holds its own.
    folder: Option<File>,
    #[expect(dead_code, reason = "dropping it removes the path")]
    hidden: Hidden,
}

impl Partial {
    /// Its hidden path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // It was renamed on success. An error here cannot be reported.
        let _ = match self.folder {
            Some(_) => fs::remove_dir_all(&self.path),
            None => fs::remove_file(&self.path),
        };
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
            (file.join("x"), "is not a folder"),
            (file, "already exists"),
            (scratch.path().join("link"), "already exists"),
            (scratch.path().to_owned(), "already exists"),
            ("..".into(), "not a name"),
            ("/".into(), "not a name"),
            ("".into(), "not a name"),
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
        target.remove_leftovers_of(std::process::id());
        assert!(!first.1.path().exists() && !second.1.path().exists());
        assert_eq!(fs::read_dir(scratch.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn in_a_folder_of_many_names_what_killed_runs_left_goes() {
        let scratch = tempfile::tempdir().expect("a folder");
        let mut child = std::process::Command::new("true").spawn().expect("a process");
        let gone = child.id();
        child.wait().expect("its end");
        let parent = std::os::unix::process::parent_id();
        let left = [
            format!(".a.tar.gz.{parent}.partial"),
            format!(".{gone}.partial"),
            "a.tar.gz".into(),
            ".lock".into(),
            ".partial".into(),
            "..partial".into(),
        ];
        for name in left.iter().chain(&[format!(".a.tar.gz.{gone}.partial"), format!(".b.{gone}-2.partial")])
        {
            fs::write(scratch.path().join(name), "").expect("a file");
        }
        remove_leftovers_in(scratch.path());
        let names =
            fs::read_dir(scratch.path()).expect("a folder").map(|entry| entry.expect("one").file_name());
        let names: std::collections::BTreeSet<OsString> = names.collect();
        assert_eq!(names, left.iter().map(OsString::from).collect());
    }

    #[test]
    fn what_killed_runs_left_goes_and_nothing_else() {
        let scratch = tempfile::tempdir().expect("a folder");
        let at = |name: &str| scratch.path().join(name);
        // A process that was, and one that is.
        let mut child = std::process::Command::new("true").spawn().expect("a process");
        let gone = child.id();
        child.wait().expect("its end");
        let (own, parent) = (std::process::id(), std::os::unix::process::parent_id());
        let held = create_file(&at(&format!(".out.{own}-7.partial"))).expect("a file");
        held.lock().expect("a lock");
        for name in [
            format!(".out.{gone}.partial"),
            format!(".out.{gone}-2.partial"),
            format!(".out.{own}.partial"),
            format!(".out.{parent}.partial"),
            format!(".other.{gone}.partial"),
            format!(".out.x.{gone}.partial"),
            format!(".out.{gone}"),
            ".out.+1.partial".into(),
            ".out..partial".into(),
        ] {
            fs::write(at(&name), "").expect("a file");
        }
        fs::create_dir_all(at(&format!(".out.{gone}-3.partial")).join("0")).expect("a folder");
        std::os::unix::fs::symlink(at("."), at(&format!(".out.{gone}-4.partial"))).expect("a link");
        let target = Target::claim(&at("out"), "the archive").expect("free");
        drop(target.new_file().expect("a file"));
        let mut left: Vec<String> = fs::read_dir(scratch.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        left.sort();
        let mut expected = [
            format!(".out.{own}-7.partial"),
            format!(".out.{parent}.partial"),
            format!(".other.{gone}.partial"),
            format!(".out.x.{gone}.partial"),
            format!(".out.{gone}"),
            format!(".out.{gone}-4.partial"),
            ".out.+1.partial".into(),
            ".out..partial".into(),
        ];
        expected.sort();
        assert_eq!(left, expected);
    }
}
