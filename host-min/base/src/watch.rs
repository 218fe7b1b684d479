//! Notices changes in folders (`inotify`), which std does not have.
//!
//! It only says that something may have changed, not what: events can be lost, and a file's name says little where folders are replaced by links
//! (a ConfigMap in a pod). Whoever is told looks at the files.
#![allow(unsafe_code)] // system calls that std does not have

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Folders that are watched.
#[derive(Debug)]
pub struct Watch {
    events: File,
}

/// A file was written and closed, got another name, was made or removed, or the folder itself was. Not each write: a file that is being written
/// is told when it is closed.
const CHANGES: u32 = libc::IN_CLOSE_WRITE
    | libc::IN_MOVED_TO
    | libc::IN_MOVED_FROM
    | libc::IN_CREATE
    | libc::IN_DELETE
    | libc::IN_ATTRIB
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF
    | libc::IN_ONLYDIR;

impl Watch {
    /// Watches nothing yet.
    pub fn new() -> io::Result<Watch> {
        // SAFETY: takes flags and touches no memory.
        let fd = unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new, and nobody else's.
        Ok(Watch { events: File::from(unsafe { OwnedFd::from_raw_fd(fd) }) })
    }

    /// Watches a folder, too. A folder that is watched already stays so. A removed folder is forgotten.
    pub fn add(&self, folder: &Path) -> io::Result<()> {
        let path = CString::new(folder.as_os_str().as_bytes())?;
        // SAFETY: reads a path that lives until the call returns.
        let watched = unsafe { libc::inotify_add_watch(self.events.as_raw_fd(), path.as_ptr(), CHANGES) };
        if watched < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Takes all events. Says whether there was one.
    pub fn take(&self) -> bool {
        let (mut any, mut buffer) = (false, [0; 4096]);
        while (&self.events).read(&mut buffer).is_ok_and(|len| len > 0) {
            any = true;
        }
        any
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_way_to_change_a_file_is_noticed() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        let watch = Watch::new().expect("inotify");
        assert!(watch.add(&at("nothing")).is_err());
        watch.add(place.path()).expect("a folder");
        assert!(!watch.take());
        fs::write(at("a"), "1").expect("a file");
        assert!(watch.take(), "written");
        fs::rename(at("a"), at("b")).expect("a file");
        assert!(watch.take(), "renamed");
        symlink("b", at("link")).expect("a link");
        assert!(watch.take(), "linked");
        fs::remove_file(at("b")).expect("a file");
        assert!(watch.take(), "removed");
        assert!(!watch.take());
    }
}
