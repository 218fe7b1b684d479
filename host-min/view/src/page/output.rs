//! Where the page goes: a file that is whole, or is not there.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use wagather_base::error::{Class, Failure, Result};

/// The name of an archive's page, in the current folder.
pub(super) fn name_of(archive: &Path) -> PathBuf {
    let name = archive.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_owned()));
    let name = name.unwrap_or_else(|| "archive".into()).to_string_lossy().into_owned();
    let stem = [".tar.gz", ".tgz", ".tar"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    PathBuf::from(format!("{stem}.html"))
}

/// Writes a file, under another name until it is whole. It replaces a file only if it is told to.
pub(super) fn write(file: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    let shown = file.display();
    let failure =
        |reason: &dyn std::fmt::Display| Failure::new(Class::Output, format!("cannot write {shown}"), reason);
    if !overwrite && file.symlink_metadata().is_ok() {
        return Err(
            failure(&"it exists").advise("name another file with --output, or replace it with --overwrite")
        );
    }
    let name = file.file_name().ok_or_else(|| failure(&"it is not the name of a file"))?.to_string_lossy();
    let partial = file.with_file_name(format!(".{name}.{}.partial", std::process::id()));
    let done = in_full(&partial, bytes).and_then(|()| fs::rename(&partial, file));
    done.map_err(|error| {
        // It may never have been there.
        let _ = fs::remove_file(&partial);
        failure(&error)
    })
}

/// What the archive has may be for few eyes: the file is its owner's.
fn in_full(partial: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(partial)?;
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial)?
        }
        opened => opened?,
    };
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_if_it_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("page.html");
        write(&file, b"one", false).expect("a new file");
        let refused = write(&file, b"two", false).expect_err("it exists");
        assert!(refused.to_string().contains("--overwrite"), "{refused}");
        write(&file, b"three", true).expect("replaced");
        assert_eq!(fs::read(&file).expect("a file"), b"three");
        assert!(write(&folder.path().join("no/page.html"), b"", false).is_err());
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 1, "nothing else is left behind");
    }

    #[test]
    fn a_page_is_named_after_its_archive() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = folder.path().join("must-gather.tar.gz");
        fs::write(&archive, "").expect("a file");
        assert_eq!(name_of(&archive), Path::new("must-gather.html"));
    }
}
