//! Credentials in files that somebody rotates: read again when a file changes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What a file was when it was read: a Secret that is mounted changes by a link, so its inode does.
type Stamp = Option<(u64, u64, i64, i64, u64)>;

fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let of = fs::metadata(path).ok()?;
        Some((of.dev(), of.ino(), of.mtime(), of.mtime_nsec(), of.len()))
    };
    paths.iter().map(stamp).collect()
}

/// A value that is made from files.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    paths: Vec<PathBuf>,
    current: Mutex<(Vec<Stamp>, T)>,
}

impl<T: Clone> Watched<T> {
    pub(crate) fn new<E>(paths: Vec<PathBuf>, make: impl FnOnce() -> Result<T, E>) -> Result<Self, E> {
        // Taken before, so that a change in between is seen later.
        let before = stamps(&paths);
        Ok(Watched { current: Mutex::new((before, make()?)), paths })
    }

    /// The value; made again if a file changed. If that fails, the earlier value holds until the files change once more.
    pub(crate) fn get<E>(&self, make: impl FnOnce() -> Result<T, E>, warn: impl FnOnce(&E)) -> T {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps(&self.paths);
        if current.0 != now {
            current.0 = now;
            match make() {
                Ok(value) => current.1 = value,
                Err(error) => warn(&error),
            }
        }
        current.1.clone()
    }
}
