//! How many archives stay in the folder of `--output`: the newest. Only those go that this program made, under names that this output
//! gives.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{Step, Tell};
use wagather_archive::is_archive;

/// How much stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So many archives.
    Archives(usize),
    /// As many as have so many bytes together.
    Bytes(u64),
    /// As many as are younger.
    Younger(Duration),
}

/// Files that were found to be archives. Whoever looks at the same folder again and again need not read them again.
#[derive(Debug, Default)]
pub struct Known(HashMap<PathBuf, Identity>);

/// What changes with the content of a file: its device and number, its size, and when it was written.
type Identity = (u64, u64, u64, Option<SystemTime>);

/// From so many files on, all are forgotten and read again.
const MAX_KNOWN: usize = 10_000;

impl Known {
    fn is_archive(&mut self, path: &Path, metadata: &Metadata) -> bool {
        if self.0.get(path) == Some(&identity(metadata)) {
            return true;
        }
        let is_archive = is_archive(path);
        if is_archive {
            self.add(path, metadata);
        }
        is_archive
    }

    fn add(&mut self, path: &Path, metadata: &Metadata) {
        if self.0.len() >= MAX_KNOWN {
            self.0.clear();
        }
        self.0.insert(path.to_owned(), identity(metadata));
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino(), metadata.len(), metadata.modified().ok())
}

/// Removes older archives, of the names that a template gives, from a folder. `newest`, which the caller has written, always stays.
///
/// A receipt goes with its archive. A map of obfuscated values stays: who has the archive elsewhere needs it.
pub fn keep(folder: &Path, template: &str, newest: &Path, most: Keep, tell: Tell<'_>) {
    keep_again(folder, template, newest, most, &mut Known::default(), tell);
}

/// The same for whoever does it again and again.
pub fn keep_again(
    folder: &Path,
    template: &str,
    newest: &Path,
    most: Keep,
    known: &mut Known,
    tell: Tell<'_>,
) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let newest = newest.file_name();
    let mut archives: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| matches(template, name))?;
            let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
            let is_newest = newest == Some(OsStr::new(&name));
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            Some(((is_newest, modified, name), entry.path(), metadata))
        })
        .collect();
    archives.sort_by(|(a, ..), (b, ..)| b.cmp(a));
    let (mut count, mut bytes, now) = (0, 0_u64, SystemTime::now());
    for ((is_newest, modified, _), path, metadata) in archives {
        if is_newest {
            // The caller has just written it.
            known.add(&path, &metadata);
        } else if !known.is_archive(&path, &metadata) {
            continue;
        }
        (count, bytes) = (count + 1, bytes.saturating_add(metadata.len()));
        let is_kept = match most {
            Keep::Archives(most) => count <= most,
            Keep::Bytes(most) => bytes <= most,
            // A time in the future is no age.
            Keep::Younger(age) => now.duration_since(modified).is_ok_and(|old| old < age) || modified > now,
        };
        if is_kept || is_newest {
            continue;
        }
        match fs::remove_file(&path) {
            Ok(()) => {
                known.0.remove(&path);
                let mut receipt = path.as_os_str().to_owned();
                receipt.push(".delivered.json");
                if crate::receipt::is_receipt(Path::new(&receipt)) {
                    let _ = fs::remove_file(receipt);
                }
                tell(&Step::Removed(&path));
            }
            Err(error) => tell(&Step::Warning(&format!("cannot remove {}: {error}", path.display()))),
        }
    }
}

/// Whether a template with placeholders gives a name. A placeholder stands for letters, digits and `-_.@`, at least one.
fn matches(template: &str, name: &str) -> bool {
    let Some((literal, rest)) = template.split_once('{') else { return template == name };
    let Some(name) = name.strip_prefix(literal) else { return false };
    let rest = rest.split_once('}').map_or("", |(_, rest)| rest);
    let is_value = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    let ends = name.char_indices().take_while(|(_, c)| is_value(*c)).map(|(at, c)| at + c.len_utf8());
    ends.into_iter().any(|end| matches(rest, &name[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_template() {
        let template = "wagather-{context}-{time}.tar.gz";
        for (name, is_one) in [
            ("wagather-prod-20260102T030405Z.tar.gz", true),
            ("wagather-a-b.c-20260102T030405Z-2.tar.gz", true),
            ("wagather-prod-.tar.gz", false),
            ("wagather--x.tar.gz", false),
            ("wagather-prod-x.tar.gz.incomplete", false),
            ("other-prod-x.tar.gz", false),
            ("wagather-a b-x.tar.gz", false),
            (".wagather-prod-x.tar.gz.1.partial", false),
        ] {
            assert_eq!(matches(template, name), is_one, "{name}");
        }
        assert!(matches("x.tar.gz", "x.tar.gz") && !matches("x.tar.gz", "y.tar.gz"));
    }

    /// What was read is not read again, unless it has changed: then it may be somebody else's.
    #[test]
    fn a_file_that_has_changed_is_not_known() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("x.tar.gz");
        fs::write(&path, "no archive").expect("a file");
        let metadata = || path.metadata().expect("a file");
        let mut known = Known::default();
        assert!(!known.is_archive(&path, &metadata()) && known.0.is_empty());
        let identity = (metadata().dev(), metadata().ino(), metadata().len(), metadata().modified().ok());
        known.0.insert(path.clone(), identity);
        assert!(known.is_archive(&path, &metadata()));
        fs::write(&path, "no archive either").expect("a file");
        assert!(!known.is_archive(&path, &metadata()));
    }
}
