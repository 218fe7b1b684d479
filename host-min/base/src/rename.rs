//! Renaming without replacing: a file or folder that has the name already stays.
//!
//! `rename(2)` replaces. To look before it is not enough, because another process may take the name between the two. `renameat2(2)` does
//! both in one step. Some file systems and kernels lack it (NFS, FUSE, Linux before 3.15). There, a hard link does both in one step for
//! files. Folders are renamed after a look; `rename(2)` itself never replaces a file with a folder, nor a folder that is not empty.
#![allow(unsafe_code)] // a system call that std does not have

use std::ffi::CString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Renames. Fails with [`ErrorKind::AlreadyExists`] if something has the new name.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match rename_with(from, to, libc::RENAME_NOREPLACE) {
        Err(error) if is_unknown(&error) => rename_after_a_look(from, to),
        result => result,
    }
}

/// Checks that this user may make and rename files in a folder. Nothing is written, so a full disk is not noticed.
pub fn may_write_in(folder: &Path) -> io::Result<()> {
    let folder = CString::new(folder.as_os_str().as_bytes())?;
    // SAFETY: reads a text that ends in a zero byte and lives until the call returns.
    let done = unsafe { libc::access(folder.as_ptr(), libc::W_OK | libc::X_OK) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Exchanges two names. Fails with [`ErrorKind::Unsupported`] where that is not possible.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    match rename_with(one, other, libc::RENAME_EXCHANGE) {
        Err(error) if is_unknown(&error) => Err(ErrorKind::Unsupported.into()),
        result => result,
    }
}

fn rename_with(from: &Path, to: &Path, flags: libc::c_uint) -> io::Result<()> {
    let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(io::Error::from);
    let (from, to) = (text(from)?, text(to)?);
    let here = libc::AT_FDCWD;
    // SAFETY: reads two texts that end in a zero byte and live until the call returns.
    let done = unsafe { libc::syscall(libc::SYS_renameat2, here, from.as_ptr(), here, to.as_ptr(), flags) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether the kernel or the file system does not know the flags.
fn is_unknown(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL | libc::EOPNOTSUPP))
}

fn rename_after_a_look(from: &Path, to: &Path) -> io::Result<()> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    if fs::symlink_metadata(from)?.is_dir() {
        return fs::rename(from, to);
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // There are no hard links here.
        Err(_) => fs::rename(from, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_name_stays() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        for rename in [rename_new, rename_after_a_look] {
            for (number, make) in
                [(0, true), (1, false)].into_iter().enumerate().map(|(n, (_, file))| (n, file))
            {
                let (from, to) = (at(&format!("from{number}")), at(&format!("to{number}")));
                for path in [&from, &to] {
                    if make {
                        fs::write(path, path.as_os_str().as_bytes()).expect("a file")
                    } else {
                        fs::create_dir_all(path.join("in it")).expect("a folder")
                    }
                }
                assert_eq!(rename(&from, &to).expect_err("taken").kind(), ErrorKind::AlreadyExists);
                assert!(from.exists(), "nothing is lost");
                if make {
                    fs::remove_file(&to).expect("removed")
                } else {
                    fs::remove_dir_all(&to).expect("removed")
                }
                rename(&from, &to).expect("free");
                assert!(to.exists() && !from.exists());
                if make {
                    fs::remove_file(&to).expect("removed")
                } else {
                    fs::remove_dir_all(&to).expect("removed")
                }
            }
            std::os::unix::fs::symlink("nowhere", at("link")).expect("a link");
            fs::write(at("file"), "").expect("a file");
            assert_eq!(rename(&at("file"), &at("link")).expect_err("taken").kind(), ErrorKind::AlreadyExists);
            fs::remove_file(at("link")).expect("removed");
        }
    }
}
