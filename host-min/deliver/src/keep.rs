//! How many archives stay in the folder of `--output`: the newest. Only those go that this program made, under names that this output
//! gives.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
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

/// Removes older archives, of the names that a template gives, from a folder. `newest` always stays.
///
/// A receipt goes with its archive. A map of obfuscated values stays: who has the archive elsewhere needs it.
pub fn keep(folder: &Path, template: &str, newest: &Path, most: Keep, tell: Tell<'_>) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let newest = newest.file_name();
    let mut archives: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| matches(template, name))?;
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let is_newest = newest == Some(OsStr::new(&name));
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            Some(((is_newest, modified, name), entry.path(), metadata.len()))
        })
        .collect();
    archives.sort_by(|(a, ..), (b, ..)| b.cmp(a));
    let (mut count, mut bytes, now) = (0, 0_u64, SystemTime::now());
    for ((is_newest, modified, _), path, len) in archives {
        if !is_archive(&path) {
            continue;
        }
        (count, bytes) = (count + 1, bytes.saturating_add(len));
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
}
