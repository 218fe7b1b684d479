//! Reads archives back that this program wrote: a folder, or a `.tar.gz` as [`super::tar`] writes it.
//!
//! An archive may come from elsewhere by now, so nothing of it is believed: paths are checked, and lengths have bounds.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::encrypted::{MAGIC, UNREADABLE};
use super::names::is_segment;
use super::tar;

/// An entry: its path, its length, and its content.
pub struct Entry<'a> {
    /// The path in the archive.
    pub path: &'a str,
    /// The length of the content.
    pub len: u64,
    /// When it was gathered, in seconds since the Unix epoch. 0 in a folder.
    pub mtime_seconds: u64,
    /// The content. What is left unread is skipped.
    pub content: &'a mut dyn Read,
}

/// The longest extended header: one path.
const MAX_PAX_BYTES: u64 = 64 << 10;

/// How deep a folder may nest. Gatherers' entries have at most a hundred segments.
const MAX_DEPTH: usize = 256;

/// Calls `each` for every entry of an archive, in its order; in a folder, by path.
///
/// # Errors
/// The first of `each`, or [`ErrorKind::InvalidData`] if it is no archive of this program.
pub fn read(path: &Path, each: &mut dyn FnMut(Entry<'_>) -> io::Result<()>) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() {
        return read_folder(path, "", 0, each);
    }
    let mut file = BufReader::new(File::open(path)?);
    if file.fill_buf()?.starts_with(MAGIC) {
        return Err(io::Error::new(ErrorKind::InvalidData, UNREADABLE));
    }
    read_compressed(file, each)
}

/// The same for the bytes of a `.tar.gz`.
///
/// # Errors
/// As [`read`].
pub fn read_tar_gz(file: impl Read, each: &mut dyn FnMut(Entry<'_>) -> io::Result<()>) -> io::Result<()> {
    read_compressed(BufReader::new(file), each)
}

fn read_compressed(file: impl BufRead, each: &mut dyn FnMut(Entry<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut tar = BufReader::new(MultiGzDecoder::new(file));
    let mut long_path = None;
    loop {
        let mut header = [0; tar::BLOCK_BYTES];
        tar.read_exact(&mut header)?;
        let Some(tar::Head { path, len, mtime_seconds, kind }) = tar::head(&header) else {
            if header != [0; tar::BLOCK_BYTES] {
                return Err(invalid("a header is malformed"));
            }
            // The end of the file has the checksum.
            return io::copy(&mut tar, &mut io::sink()).map(drop);
        };
        let mut content = (&mut tar).take(len);
        match kind {
            b'x' if len <= MAX_PAX_BYTES => {
                let mut record = String::new();
                content.read_to_string(&mut record)?;
                long_path = Some(
                    tar::path_of_pax(&record).ok_or_else(|| invalid("an extended header is malformed"))?,
                );
            }
            b'0' => {
                let path = long_path.take().unwrap_or(path);
                if !path.split('/').all(is_segment) {
                    return Err(invalid("a path is not one of an archive"));
                }
                each(Entry { path: &path, len, mtime_seconds, content: &mut content })?;
            }
            _ => return Err(invalid("an entry is no regular file")),
        }
        let rest = content.limit() + tar::padding(len) as u64;
        if io::copy(&mut (&mut tar).take(rest), &mut io::sink())? != rest {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    depth: usize,
    each: &mut dyn FnMut(Entry<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().filter(|name| is_segment(name));
        names.push((name.ok_or_else(|| invalid("a path is not one of an archive"))?, entry.file_type()?));
    }
    names.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, kind) in names {
        let path = format!("{prefix}{name}");
        if kind.is_dir() && depth < MAX_DEPTH {
            read_folder(&folder.join(name), &format!("{path}/"), depth + 1, each)?;
        } else if kind.is_file() {
            let mut file = File::open(folder.join(name))?;
            let len = file.metadata()?.len();
            each(Entry { path: &path, len, mtime_seconds: 0, content: &mut file })?;
        } else {
            return Err(invalid("an entry is no regular file"));
        }
    }
    Ok(())
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("it is no archive of host-min: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::encoder;
    use std::io::Write;

    fn entries(path: &Path) -> io::Result<Vec<(String, Vec<u8>, u64)>> {
        let mut all = Vec::new();
        read(path, &mut |entry| {
            let mut content = Vec::new();
            entry.content.read_to_end(&mut content)?;
            if content.len() as u64 != entry.len {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            all.push((entry.path.to_owned(), content, entry.mtime_seconds));
            Ok(())
        })
        .map(|()| all)
    }

    #[test]
    fn what_was_written_is_read_in_members_and_with_long_paths() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("a.tar.gz");
        let long =
            format!("namespaces/{}/core/pods/{}%/{}.json", "n".repeat(63), "p".repeat(250), "q".repeat(3));
        let prefixed = format!("{}/{}", "a".repeat(90), "b".repeat(90));
        let written =
            [("a/b.json", &b"{}"[..]), (&*long, &[7; 513]), (&*prefixed, b""), ("wagather.json", &[1; 512])];
        let mut file = File::create(&path).expect("a file");
        for (number, (path, content)) in written.iter().enumerate() {
            let mut member = encoder(&mut file);
            member.write_all(&tar::header(path, content.len() as u64, 1_700_000_000)).expect("a header");
            member.write_all(content).expect("content");
            member.write_all(&tar::END[..tar::padding(content.len() as u64)]).expect("padding");
            if number == 3 {
                member.write_all(&tar::END).expect("the end");
            }
            member.finish().expect("a member");
        }
        let read = entries(&path).expect("an archive");
        let expected = written.map(|(path, content)| (path.to_owned(), content.to_vec(), 1_700_000_000));
        assert_eq!(read, expected);

        // Cut short anywhere, it is an error.
        let whole = fs::read(&path).expect("bytes");
        for len in (0..whole.len()).step_by(7) {
            fs::write(&path, &whole[..len]).expect("a file");
            assert!(entries(&path).is_err(), "{len} of {} bytes", whole.len());
        }
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("a.tar.gz");
        let with = |header: &[u8]| {
            let mut member = encoder(File::create(&path).expect("a file"));
            member.write_all(header).expect("a header");
            member.write_all(&tar::END).expect("the end");
            member.finish().expect("a member");
            entries(&path)
        };
        assert_eq!(with(&tar::header("a", 0, 0)).expect("an entry").len(), 1);
        for evil in ["../a", "/a", "a//b", "a b", "a/..", "é"] {
            let mut header = tar::header("x", 0, 0);
            header[..100].fill(0);
            header[..evil.len()].copy_from_slice(evil.as_bytes());
            assert!(with(&header).is_err(), "{evil}");
        }
        // A link, a negative length, and one that is longer than the rest.
        for (at, bytes) in [(156, &b"2"[..]), (124, b"-0000000001"), (124, b"00000010000")] {
            let mut header = tar::header("x", 0, 0);
            header[at..at + bytes.len()].copy_from_slice(bytes);
            assert!(with(&header).is_err(), "{bytes:?}");
        }
        fs::write(&path, "plain").expect("a file");
        assert!(entries(&path).is_err());
        let folder = place.path().join("folder");
        fs::create_dir_all(folder.join("a")).expect("a folder");
        fs::write(folder.join("a/b"), "c").expect("a file");
        assert_eq!(entries(&folder).expect("an archive"), [("a/b".to_owned(), b"c".to_vec(), 0)]);
        std::os::unix::fs::symlink("b", folder.join("a/c")).expect("a link");
        assert!(entries(&folder).is_err());
    }
}
