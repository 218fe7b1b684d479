//! Whether this program wrote what is at a path. Nothing else is ever replaced or removed.
//!
//! A name proves nothing. A folder is recognized by its report, a `.tar.gz` by the report in its last member, an encrypted one by a stanza
//! of its header, and a recording by its `creator`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::encrypted::ENCRYPTED;
use super::names::REPORT_PATH;
use super::tar;

/// How much of an archive's end is searched. The last member has the audit and the report.
const MAX_TAIL_BYTES: u64 = 8 << 20;

/// How many possible beginnings of a member are tried.
const MAX_PLACES: usize = 64;

/// The maximum decompressed size of that member.
const MAX_MEMBER_BYTES: u64 = 256 << 20;

/// The beginning of a member: gzip, deflate, no flags, no time (RFC 1952, section 2.3).
const MEMBER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0];

/// How much of a report or a recording is read.
const HEAD_BYTES: u64 = 256;

/// Whether it is an archive, complete or not.
pub fn is_archive(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => begins_with(&path.join(REPORT_PATH), b"\"wagather\""),
        Ok(metadata) if metadata.is_file() => has_report(path).unwrap_or(false),
        _ => false,
    }
}

/// Whether it is a recording.
pub fn is_recording(path: &Path) -> bool {
    let maker = format!("\"creator\":{{\"name\":\"{}\"", env!("CARGO_PKG_NAME"));
    begins_with(path, maker.as_bytes())
}

/// Whether it is an obfuscation map.
pub(crate) fn is_map(path: &Path) -> bool {
    begins_with(path, b"\"wagatherObfuscation\"")
}

/// Opens a regular file. Does not follow links, and does not block.
pub fn open_regular(path: &Path) -> io::Result<File> {
    open_regular_as(OpenOptions::new().read(true), path)
}

/// The same, with other rights than to read.
pub fn open_regular_as(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// Whether the beginning of a regular file contains a text.
pub fn begins_with(path: &Path, text: &[u8]) -> bool {
    let mut head = Vec::new();
    let read = open_regular(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_ok() && memchr::memmem::find(&head, text).is_some()
}

fn has_report(path: &Path) -> io::Result<bool> {
    let mut file = open_regular(path)?;
    let len = file.metadata()?.len();
    let mut head = [0; ENCRYPTED.len()];
    if len >= head.len() as u64 && file.read_exact(&mut head).is_ok() && head == ENCRYPTED {
        return Ok(true);
    }
    file.seek(SeekFrom::Start(len.saturating_sub(MAX_TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.take(MAX_TAIL_BYTES).read_to_end(&mut tail)?;
    let places = memchr::memmem::rfind_iter(&tail, MEMBER).take(MAX_PLACES);
    Ok(places.into_iter().any(|at| names_report(GzDecoder::new(&tail[at..]).take(MAX_MEMBER_BYTES))))
}

/// Whether a tar contains the report.
fn names_report(mut member: impl Read) -> bool {
    let mut header = [0; tar::BLOCK_BYTES];
    while member.read_exact(&mut header).is_ok() {
        let Some((name, len)) = tar::name_and_len(&header) else { return false };
        if name == REPORT_PATH.as_bytes() {
            return true;
        }
        let padded = len + tar::padding(len) as u64;
        if io::copy(&mut (&mut member).take(padded), &mut io::sink()).ok() != Some(padded) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_made_is_not_known() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        fs::write(at("text"), "wagather.json").expect("a file");
        fs::write(at("member"), [MEMBER, &[4, 255], &[0; 600]].concat()).expect("a file");
        fs::write(at("empty"), "").expect("a file");
        fs::create_dir(at("folder")).expect("a folder");
        fs::write(at("folder").join(REPORT_PATH), r#"{"other": 1}"#).expect("a file");
        std::os::unix::fs::symlink(at("folder"), at("link")).expect("a link");
        for name in ["text", "member", "empty", "folder", "link", "nothing"] {
            assert!(!is_archive(&at(name)) && !is_recording(&at(name)), "{name}");
        }
    }
}
