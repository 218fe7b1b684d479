//! Whether an archive is still the one that was opened: its page is made later, from the same path.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use ring::digest::{Context, SHA256};

/// How deep folders nest: what is deeper is not read.
const MAX_DEPTH: usize = 32;
/// As many files as are read.
const MAX_FILES: usize = 1_000_000;

/// What an archive is known by: its files, their lengths, and when they were written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp([u8; 32]);

impl Stamp {
    /// That of a file or a folder; `None` if it cannot be read.
    pub(super) fn of(archive: &Path) -> Option<Stamp> {
        let mut digest = Context::new(&SHA256);
        let metadata = fs::metadata(archive).ok()?;
        add(&mut digest, b"", &metadata);
        let mut open = Vec::new();
        if metadata.is_dir() {
            open.push((archive.to_owned(), 0));
        }
        let mut files = 0;
        while let Some((folder, depth)) = open.pop() {
            let left = MAX_FILES - files;
            let entries = folder.read_dir().ok()?.take(left + 1);
            let mut entries: Vec<_> = entries.collect::<Result<_, _>>().ok()?;
            if entries.len() > left {
                return None;
            }
            files += entries.len();
            entries.sort_unstable_by_key(fs::DirEntry::file_name);
            for entry in entries {
                // Does not follow links.
                let metadata = entry.metadata().ok()?;
                add(&mut digest, entry.file_name().as_encoded_bytes(), &metadata);
                if metadata.is_dir() && depth < MAX_DEPTH {
                    open.push((entry.path(), depth + 1));
                }
            }
        }
        let mut stamp = [0; 32];
        stamp.copy_from_slice(digest.finish().as_ref());
        Some(Stamp(stamp))
    }
}

fn add(digest: &mut Context, name: &[u8], metadata: &Metadata) {
    // A name has no NUL, so what follows it cannot be taken for a part of it.
    digest.update(name);
    digest.update(&[0]);
    // The time of a folder is that of its entries, which are here themselves.
    let (len, seconds, nanos) = match metadata.is_dir() {
        true => (0, 0, 0),
        false => (metadata.len(), metadata.mtime(), metadata.mtime_nsec()),
    };
    digest.update(&metadata.dev().to_le_bytes());
    digest.update(&metadata.ino().to_le_bytes());
    digest.update(&len.to_le_bytes());
    digest.update(&seconds.to_le_bytes());
    digest.update(&nanos.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn every_change_makes_another_archive() {
        let place = tempfile::tempdir().expect("a folder");
        let (archive, inner) = (place.path().join("a"), place.path().join("a/namespaces/shop"));
        fs::create_dir_all(&inner).expect("a folder");
        let file = inner.join("pods.json");
        let other = place.path().join("other");
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let write = |path: &Path, text: &str, at: SystemTime| {
            fs::write(path, text).expect("a file");
            fs::File::options()
                .write(true)
                .open(path)
                .and_then(|file| file.set_modified(at))
                .expect("a time");
        };
        write(&file, "1", written);
        let all = || [Stamp::of(&archive), Stamp::of(&file)].map(|stamp| stamp.expect("it can be read"));
        let before = all();
        assert_eq!(all(), before);
        let changes: [&dyn Fn(); 3] = [
            &|| write(&file, "22", written),
            &|| write(&file, "1", written + Duration::from_nanos(1)),
            // Another one of the same length and time takes its place.
            &|| {
                write(&other, "1", written);
                fs::rename(&other, &file).expect("ours");
            },
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let before = all();
            change();
            let [folder, file] = all();
            assert!(folder != before[0] && file != before[1], "{number}");
        }
        let [before, _] = all();
        write(&inner.join("events.json"), "1", written);
        assert_ne!(Stamp::of(&archive), Some(before));
        assert_eq!(Stamp::of(&place.path().join("none")), None);
    }
}
