//! A folder in which archives wait for a server that may be away for days: store and forward.
//!
//! | path in it | what it is |
//! |---|---|
//! | `NAME.tar.gz` | an archive that waits |
//! | `refused/NAME.tar.gz`, `….refused.json` | one that the server does not want, and why |
//! | `delivered.jsonl` | what was delivered, a line for each; bounded |
//! | `.deliver.lock`, `.budget.lock` | locks, of those who deliver and of those who make room |
//!
//! An archive comes in by a link or a rename, when it is whole and synced, and leaves after the server's 2xx: first the line in
//! `delivered.jsonl` is synced, then the archive is removed. Whoever is killed between the two leaves an archive that has a line, and the
//! next one removes it without sending it to the same place again. Whoever is killed before that sends it again, with the same checksum and key.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::body::Digest;
use crate::destination::Destination;
use crate::receipt::{self, Receipt};
use crate::send::{NotDelivered, Why, send_digested};
use crate::{Step, Tell};
use wagather_archive::{Existing, Target, is_archive, open_regular, open_regular_as, remove_leftovers_in};
use wagather_base::error::{Class, Failure};

/// What was delivered.
const RECORD: &str = "delivered.jsonl";
/// What was refused.
const REFUSED: &str = "refused";
/// The most that the record may have: some thousand lines. Then the older half goes.
const MAX_RECORD_BYTES: u64 = 1 << 20;
/// How many names are tried for an archive whose name is taken.
const MAX_SAME_NAME: u32 = 1000;
/// How often a lock is tried.
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// How long those who make room may take.
const MAX_BUDGET_TIME: Duration = Duration::from_secs(30);

/// A spool.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
}

/// What came of a delivery.
#[derive(Debug, Default)]
pub struct Delivered {
    /// What the server has now.
    pub receipts: Vec<Receipt>,
    /// How many archives it refused.
    pub refused: usize,
    /// How many still wait.
    pub waiting: usize,
    /// The first failure.
    pub failure: Option<Failure>,
}

/// A file in the spool.
#[derive(Debug)]
struct Entry {
    path: PathBuf,
    name: String,
    bytes: u64,
    modified: SystemTime,
}

impl Spool {
    /// Opens or makes the folder, and finds out whether it can be written.
    ///
    /// # Errors
    /// [`Class::Output`].
    pub fn open(folder: &Path, max_bytes: u64) -> Result<Spool, Failure> {
        let spool = Spool { folder: folder.to_owned(), max_bytes };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .and_then(|()| spool.lock_file(".budget.lock").map(drop))
            .map_err(|error| spool.failure(&error))?;
        remove_leftovers_in(folder);
        Ok(spool)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes an archive in: as a link, or as a copy if it is on another file system. Makes room for it first. The archive itself stays
    /// where it is.
    ///
    /// # Errors
    /// [`Class::Output`]. Then the spool does not have it.
    pub fn put(&self, archive: &Path, tell: Tell<'_>) -> Result<PathBuf, Failure> {
        let has_name = archive.file_name().and_then(|name| name.to_str()).is_some_and(has_archives_name);
        if !has_name || !is_archive(archive) {
            let why = format!(
                "{} is not a complete archive (.tar.gz or .tgz, or either with .age) of host-min",
                archive.display()
            );
            return Err(Failure::new(Class::Output, self.attempt(), why).advise("upload it without --spool"));
        }
        if archive.parent().is_some_and(|parent| same_folder(parent, &self.folder)) {
            self.make_room(0, Some(archive), tell)?;
            return Ok(archive.to_owned());
        }
        let fail = |error: io::Error| self.failure(&error);
        let bytes = fs::metadata(archive).map_err(fail)?.len();
        if bytes > self.max_bytes {
            let why = format!("{} has {bytes} bytes, more than the whole spool may have", archive.display());
            return Err(Failure::new(Class::Output, self.attempt(), why).advise("raise --spool-size"));
        }
        self.make_room(bytes, None, tell)?;
        let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for number in 1..MAX_SAME_NAME {
            let path = self.folder.join(numbered(&name, number));
            match fs::hard_link(archive, &path) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(_) => match copy(archive, &path) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                    Err(error) => return Err(fail(error)),
                },
            }
            self.sync();
            return Ok(path);
        }
        Err(Failure::new(Class::Output, self.attempt(), format!("{name} and similar names are taken")))
    }

    /// Delivers what waits, the oldest first, until nothing waits or the time is over.
    pub fn deliver(&self, to: &Destination, tell: Tell<'_>) -> Delivered {
        let mut done = Delivered::default();
        let until = to.until();
        // Held until the end of this function.
        let lock = match self.lock(".deliver.lock", until, Some(tell)) {
            Ok(lock) => lock,
            Err(failure) => {
                done.failure = Some(failure);
                done.waiting = self.waiting(&HashSet::new()).len();
                return done;
            }
        };
        let (mut passed, mut foreign) = (HashSet::new(), HashSet::new());
        while let Some(entry) = self.waiting(&passed).into_iter().next() {
            if !is_archive(&entry.path) {
                tell(&Step::Foreign(&entry.name));
                foreign.insert(entry.name.clone());
                passed.insert(entry.name);
                continue;
            }
            // Whatever comes of it, it has its turn once: an archive that cannot be removed stays there.
            passed.insert(entry.name.clone());
            match self.deliver_one(&entry, to, until, tell) {
                Ok(receipt) => done.receipts.extend(receipt),
                Err(NotDelivered { why, failure }) => {
                    if why == Why::Refused {
                        self.refuse(&entry, &failure, tell);
                        done.refused += 1;
                    }
                    done.failure.get_or_insert(failure);
                    if matches!(why, Why::Away | Why::Unwilling) {
                        break;
                    }
                }
            }
        }
        drop(lock);
        done.waiting = self.waiting(&foreign).len();
        done
    }

    /// Sends one archive and removes it. There is no receipt if an earlier run has one, or if the archive is gone.
    fn deliver_one(
        &self,
        entry: &Entry,
        to: &Destination,
        until: Instant,
        tell: Tell<'_>,
    ) -> Result<Option<Receipt>, NotDelivered> {
        let unreadable = |error: io::Error| NotDelivered {
            why: Why::Unreadable,
            failure: Failure::new(Class::Delivery, format!("cannot deliver {}", entry.path.display()), error),
        };
        let file = match open_regular(&entry.path) {
            Ok(file) => file,
            // Somebody made room.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let digest = Digest::of(&file).map_err(unreadable)?;
        if self.has_receipt(&entry.name, &digest.sha256, to) {
            self.remove(&entry.path, tell);
            tell(&Step::Already(&entry.name));
            return Ok(None);
        }
        let receipt = send_digested(&entry.name, &file, &digest, to, true, until, tell)?;
        if let Err(error) = self.record(&receipt) {
            let why = format!("cannot write {}: {error}", self.folder.join(RECORD).display());
            tell(&Step::Warning(&why));
        }
        self.remove(&entry.path, tell);
        tell(&Step::Delivered(&receipt));
        Ok(Some(receipt))
    }

    fn remove(&self, path: &Path, tell: Tell<'_>) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let why = format!("cannot remove {}, which is delivered: {error}", path.display());
                tell(&Step::Warning(&why));
            }
            _ => self.sync(),
        }
    }

    /// Moves an archive to where it is not sent again, and writes why.
    fn refuse(&self, entry: &Entry, failure: &Failure, tell: Tell<'_>) {
        let folder = self.folder.join(REFUSED);
        let moved = || -> Result<PathBuf, Failure> {
            let fail = |error: io::Error| self.failure(&error);
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(fail)?;
            if !is_folder(&folder) {
                return Err(fail(ErrorKind::NotADirectory.into()));
            }
            for number in 1..MAX_SAME_NAME {
                let path = folder.join(numbered(&entry.name, number));
                if fs::symlink_metadata(&path).is_ok() {
                    continue;
                }
                let reason = format!(
                    "{{\"archive\":{},\"refused\":{},\"time\":\"{}\"}}",
                    receipt::json(&entry.name),
                    receipt::json(&failure.reason),
                    wagather_base::time::rfc3339(wagather_base::time::clock_millis())
                );
                receipt::write(&beside(&path), "the reason", &reason, receipt::is_receipt)?;
                match wagather_base::rename::rename_new(&entry.path, &path) {
                    Ok(()) => return Ok(path),
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(fail(error)),
                }
            }
            Err(fail(ErrorKind::AlreadyExists.into()))
        };
        match moved() {
            Ok(kept) => {
                self.sync();
                tell(&Step::Refused { archive: &entry.name, reason: &failure.reason, kept: &kept });
            }
            Err(why) => tell(&Step::Warning(&format!("{}: {}", why.attempt, why.reason))),
        }
    }

    /// The archives that wait, the oldest first.
    fn waiting(&self, passed: &HashSet<String>) -> Vec<Entry> {
        let mut waiting = entries(&self.folder, has_archives_name);
        waiting.retain(|entry| !passed.contains(&entry.name));
        waiting
    }

    /// Removes archives until so many more bytes fit: those that were refused, then those of runs that failed, then those that wait,
    /// each the oldest first. The newest, which was just written, stays.
    fn make_room(&self, more: u64, newest: Option<&Path>, tell: Tell<'_>) -> Result<(), Failure> {
        let _lock = self.lock(".budget.lock", Instant::now() + MAX_BUDGET_TIME, None)?;
        let refused = Some(self.folder.join(REFUSED)).filter(|folder| is_folder(folder));
        let refused = refused.map(|folder| entries(&folder, has_archives_name)).unwrap_or_default();
        let incomplete = entries(&self.folder, is_incompletes_name);
        let waiting = entries(&self.folder, has_archives_name);
        let all: Vec<Entry> = refused.into_iter().chain(incomplete).chain(waiting).collect();
        let mut sum: u64 = all.iter().map(|entry| entry.bytes).sum::<u64>() + more;
        for entry in all {
            if sum <= self.max_bytes {
                break;
            }
            if newest == Some(&*entry.path) || !is_archive(&entry.path) {
                continue;
            }
            match fs::remove_file(&entry.path) {
                Ok(()) => {
                    let reason = beside(&entry.path);
                    if receipt::is_receipt(&reason) {
                        let _ = fs::remove_file(reason);
                    }
                    tell(&Step::Evicted { archive: &entry.name, bytes: entry.bytes });
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(self.failure(&error)),
            }
            sum -= entry.bytes;
        }
        self.sync();
        Ok(())
    }

    /// Whether an archive was delivered before, to the same place.
    fn has_receipt(&self, name: &str, sha256: &str, to: &Destination) -> bool {
        let Ok(address) = to.address(name, sha256, true) else { return false };
        let place = Receipt::place(&address.shown());
        let mut text = String::new();
        let read = open_regular(&self.folder.join(RECORD))
            .and_then(|file| file.take(2 * MAX_RECORD_BYTES).read_to_string(&mut text));
        let beginning = Receipt::beginning(name, sha256);
        // A line that was cut, because its writer was killed, ends in nothing.
        read.is_ok()
            && text
                .lines()
                .any(|line| line.starts_with(&beginning) && line.contains(&place) && line.ends_with('}'))
    }

    /// Adds a line, and syncs it.
    fn record(&self, receipt: &Receipt) -> io::Result<()> {
        let path = self.folder.join(RECORD);
        let open =
            || open_regular_as(OpenOptions::new().read(true).append(true).create(true).mode(0o600), &path);
        let mut file = open()?;
        let len = file.metadata()?.len();
        if len > MAX_RECORD_BYTES {
            halve(&path, &mut file)?;
            file = open()?;
        }
        let mut line = receipt.json() + "\n";
        let mut last = [b'\n'];
        if file.metadata()?.len() > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        // The line before this one was cut.
        if last != [b'\n'] {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        self.sync();
        Ok(())
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        open_regular_as(&mut options, &self.folder.join(name))
    }

    /// Waits for a lock, which ends with the value or the process. Without one where the file system has none.
    fn lock(&self, name: &str, until: Instant, tell: Option<Tell<'_>>) -> Result<File, Failure> {
        let file = self.lock_file(name).map_err(|error| self.failure(&error))?;
        let mut is_told = false;
        loop {
            match file.try_lock() {
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                    let why = "another process has its lock";
                    let class = if tell.is_some() { Class::Delivery } else { Class::Output };
                    return Err(Failure::new(class, self.attempt(), why)
                        .advise("that process delivers what waits there; the next run delivers the rest"));
                }
                Err(TryLockError::WouldBlock) => {
                    if let Some(tell) = tell.filter(|_| !std::mem::replace(&mut is_told, true)) {
                        tell(&Step::Busy);
                    }
                    std::thread::sleep(LOCK_PAUSE);
                }
            }
        }
    }

    fn attempt(&self) -> String {
        format!("cannot use the spool {}", self.folder.display())
    }

    fn failure(&self, error: &io::Error) -> Failure {
        let advice = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or lower --spool-size",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "choose a folder that this user can write to"
            }
            _ => "",
        };
        Failure::new(Class::Output, self.attempt(), error).advise(advice)
    }

    /// Syncs the names. File systems that cannot are ignored.
    fn sync(&self) {
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
    }
}

/// How the names of archives end.
const ENDS: [&str; 4] = [".tar.gz", ".tgz", ".tar.gz.age", ".tgz.age"];

fn has_archives_name(name: &str) -> bool {
    !name.starts_with('.') && ENDS.iter().any(|end| name.ends_with(end))
}

/// `NAME.tar.gz.incomplete`, `NAME.tar.gz.incomplete-2`.
fn is_incompletes_name(name: &str) -> bool {
    name.rsplit_once(".incomplete").is_some_and(|(archive, number)| {
        has_archives_name(archive) && number.bytes().all(|b| b == b'-' || b.is_ascii_digit())
    })
}

/// The plain files of a folder with such a name, the oldest first.
fn entries(folder: &Path, is_one: fn(&str) -> bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| is_one(name))?;
            // Of the entry itself, not of what a link leads to.
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            Some(Entry { path: entry.path(), name, bytes: metadata.len(), modified })
        })
        .collect();
    entries.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
    entries
}

/// Where the reason of a refusal is.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".refused.json");
    name.into()
}

/// `NAME.tar.gz`, `NAME-2.tar.gz`, and so with the other ends.
fn numbered(name: &str, number: u32) -> String {
    let end = ENDS.into_iter().find_map(|end| name.strip_suffix(end).map(|stem| (stem, end)));
    match end {
        _ if number < 2 => name.to_owned(),
        Some((stem, end)) => format!("{stem}-{number}{end}"),
        None => format!("{name}-{number}"),
    }
}

/// Whether it is a folder, and no link to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn same_folder(a: &Path, b: &Path) -> bool {
    let a = if a.as_os_str().is_empty() { Path::new(".") } else { a };
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// A copy under a hidden name, which gets its own when it is whole and synced.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let other = |failure: Failure| io::Error::other(failure.reason);
    if fs::symlink_metadata(to).is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let mut source = File::open(from)?;
    let target = Target::claim(to, "the archive").map_err(other)?;
    let (mut file, partial) = target.new_file().map_err(other)?;
    io::copy(&mut source, &mut file)?;
    // Its age is that of the archive.
    file.set_modified(source.metadata()?.modified()?)?;
    file.sync_all()?;
    target.place(partial.path(), Existing::Keep, |_| false)
}

/// Leaves the newer half of the lines.
fn halve(path: &Path, file: &mut File) -> io::Result<()> {
    let mut text = Vec::new();
    file.rewind()?;
    file.take(2 * MAX_RECORD_BYTES).read_to_end(&mut text)?;
    let middle = text.len() / 2;
    let start =
        text[middle..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |at| middle + at + 1);
    let target = Target::claim_over(path, "the record", Existing::Replace, |_| true)
        .map_err(|failure| io::Error::other(failure.reason))?;
    let (mut new, partial) = target.new_file().map_err(|failure| io::Error::other(failure.reason))?;
    new.write_all(&text[start..])?;
    new.sync_all()?;
    target.place(partial.path(), Existing::Replace, |_| true)
}
