//! The files of an archive: a folder, a tar, or a compressed tar.
//!
//! Links are not followed: they are files that cannot be read. Devices and everything else that is no plain file are skipped. Only files
//! that are wanted are read: [`is_wanted`] names those that may have objects or logs. A tar is read once, from its beginning to its end.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::EntryType;

/// Files and folders of an archive.
const MAX_FILES: u64 = 1_000_000;
/// Bytes of a path.
const MAX_PATH_BYTES: u64 = 4096;
/// Bytes of the extended header of a file in a tar.
const MAX_HEADER_BYTES: u64 = 64 << 10;
/// Bytes of one file.
pub(crate) const MAX_FILE_BYTES: u64 = 128 << 20;
/// Bytes of a tar, after decompression.
const MAX_TAR_BYTES: u64 = 64 << 30;
/// How deep folders nest.
const MAX_DEPTH: usize = 32;
/// Bytes at the beginning of a file that say what it is.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What is no archive of a known kind.
const NEITHER: &str = "it is neither a tar nor compressed with gzip";
/// What begins as an archive of another kind.
const OTHERS: &[(&[u8], &str)] = &[
    (b"age-encryption.org/v1\n", "it is encrypted; decrypt it first, with 'age --decrypt'"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd; decompress it first, with 'zstd -d'"),
    (b"\xfd7zXZ\0", "it is compressed with xz; decompress it first, with 'xz -d'"),
    (b"BZh", "it is compressed with bzip2; decompress it first, with 'bzip2 -d'"),
    (b"PK\x03\x04", "it is a zip file; unpack it, and name the folder"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z file; unpack it, and name the folder"),
];

/// Why a link is not read.
const LINK: &str = "it is a link, and links are not followed";

/// A file of the archive.
pub(crate) struct Found {
    /// Its path in the archive, with slashes.
    pub(crate) path: String,
    /// Its bytes, or why they are not read.
    pub(crate) content: Result<Vec<u8>, String>,
    /// When it was written, in milliseconds since the Unix epoch.
    pub(crate) modified_millis: i64,
}

/// Why an archive cannot be read.
#[derive(Debug)]
pub(crate) enum Error {
    /// The file system says so.
    Read(io::Error),
    /// It is neither a folder nor a tar.
    NotAnArchive(String),
    /// It ends within a file, or its compression is damaged.
    Damaged(io::Error),
    /// It is larger than what is read.
    TooLarge(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Read(error) => error.fmt(f),
            Error::NotAnArchive(what) => write!(f, "it is not an archive: {what}"),
            Error::Damaged(error) => write!(f, "it is damaged or incomplete: {error}"),
            Error::TooLarge(what) => write!(f, "it is too large: {what}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Read(error) | Error::Damaged(error) => Some(error),
            Error::NotAnArchive(_) | Error::TooLarge(_) => None,
        }
    }
}

impl Error {
    /// What to do about it.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Error::Read(_) => "name a folder or a .tar.gz that exists with --from",
            Error::NotAnArchive(_) => "--from reads a folder, a .tar, or a .tar.gz; unpack other formats",
            Error::Damaged(_) => "fetch the archive again, or unpack what is left of it and name the folder",
            Error::TooLarge(_) => "unpack it, and name the folders that you need",
        }
    }
}

/// Whether a file may have objects, logs or what else is read.
pub(crate) fn is_wanted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["timestamp", "audit.jsonl"].contains(&name)
        || [".json", ".yaml", ".yml", ".log"].iter().any(|end| name.ends_with(end))
}

/// Which paths are wanted.
pub(crate) type Wanted<'a> = &'a dyn Fn(&str) -> bool;

/// Gives each file that is wanted. `each` fails if the archive does not fit into memory.
pub(crate) fn each_file(
    path: &Path,
    is_wanted: Wanted,
    each: &mut dyn FnMut(Found) -> Result<(), String>,
) -> Result<(), Error> {
    if path.is_dir() {
        return in_folder(path, is_wanted, &mut |found| each(found).map_err(Error::TooLarge));
    }
    let file = File::open(path).map_err(Error::Read)?;
    let kind = file.metadata().map_err(Error::Read)?;
    if !kind.is_file() {
        return Err(Error::NotAnArchive("it is neither a folder nor a file".into()));
    }
    each_file_of(BufReader::with_capacity(64 << 10, file), is_wanted, each)
}

/// The same for the bytes of a tar.
pub(crate) fn each_file_of(
    mut input: impl BufRead,
    is_wanted: Wanted,
    each: &mut dyn FnMut(Found) -> Result<(), String>,
) -> Result<(), Error> {
    let mut each = |found| each(found).map_err(Error::TooLarge);
    let beginning = input.fill_buf().map_err(Error::Read)?;
    if beginning.starts_with(&GZIP) {
        let mut unpacked = BufReader::with_capacity(8 << 10, MultiGzDecoder::new(input));
        if unpacked.fill_buf().is_ok_and(|beginning| beginning.starts_with(&GZIP)) {
            return Err(Error::NotAnArchive(
                "it is compressed twice; decompress it first, with 'gzip -d'".into(),
            ));
        }
        in_tar(&mut unpacked, is_wanted, &mut each)
    } else if beginning.get(257..262) == Some(b"ustar") {
        in_tar(&mut input, is_wanted, &mut each)
    } else if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| beginning.starts_with(magic)) {
        Err(Error::NotAnArchive((*what).into()))
    } else {
        Err(Error::NotAnArchive(NEITHER.into()))
    }
}

fn in_folder(
    root: &Path,
    is_wanted: Wanted,
    each: &mut dyn FnMut(Found) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut files = 0;
    let mut open = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, below, depth)) = open.pop() {
        let mut entries: Vec<_> =
            folder.read_dir().and_then(Iterator::collect::<io::Result<_>>).map_err(Error::Read)?;
        entries.sort_unstable_by_key(std::fs::DirEntry::file_name);
        let mut folders = Vec::new();
        for entry in entries {
            files += 1;
            if files > MAX_FILES {
                return Err(Error::TooLarge(format!("it has more than {MAX_FILES} files")));
            }
            let path = format!("{below}{}", entry.file_name().to_string_lossy());
            // Does not follow links.
            let metadata = entry.metadata().map_err(Error::Read)?;
            if metadata.is_dir() {
                if depth < MAX_DEPTH {
                    folders.push((entry.path(), format!("{path}/"), depth + 1));
                }
            } else if metadata.is_file() && is_wanted(&path) {
                let modified = metadata.modified().ok();
                let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                let mut content = File::open(entry.path()).map_err(Error::Read)?;
                let content = content_of(&mut content, metadata.len()).map_err(Error::Read)?;
                let modified_millis = since.map_or(0, |since| since.as_millis().try_into().unwrap_or(0));
                each(Found { path, content, modified_millis })?;
            } else if metadata.is_symlink() && is_wanted(&path) {
                each(Found { path, content: Err(LINK.into()), modified_millis: 0 })?;
            }
        }
        open.extend(folders.into_iter().rev());
    }
    Ok(())
}

/// Not generic: there is one copy of the reader in the program, whatever it reads from.
fn in_tar(
    input: &mut dyn Read,
    is_wanted: Wanted,
    each: &mut dyn FnMut(Found) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut archive = tar::Archive::new(Limited { input, left: MAX_TAR_BYTES });
    // The long names of the next file: of GNU tar, and of POSIX (pax).
    let mut long_name: Option<String> = None;
    let mut files = 0;
    // Raw entries: the library would read an endless name into memory.
    for entry in archive.entries().map_err(tar_error)?.raw(true) {
        let mut entry = entry.map_err(tar_error)?;
        files += 1;
        if files > MAX_FILES {
            return Err(Error::TooLarge(format!("it has more than {MAX_FILES} files")));
        }
        let size = entry.header().entry_size().map_err(tar_error)?;
        let kind = entry.header().entry_type();
        match kind {
            EntryType::GNULongName | EntryType::XHeader => {
                let most = if kind == EntryType::XHeader { MAX_HEADER_BYTES } else { MAX_PATH_BYTES };
                if size > most {
                    return Err(Error::TooLarge(format!("a header in it has {size} bytes")));
                }
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map_err(tar_error)?;
                let name = if kind == EntryType::XHeader { pax_path(&bytes) } else { Some(bytes) };
                if let Some(name) = name {
                    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
                    long_name = Some(String::from_utf8_lossy(&name[..end]).into_owned());
                }
                continue;
            }
            EntryType::Regular | EntryType::Continuous | EntryType::Link | EntryType::Symlink => {}
            _ => {
                long_name = None;
                continue;
            }
        }
        let path = match long_name.take() {
            Some(path) => path,
            None => String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
        };
        let path = path.trim_start_matches("./").to_owned();
        if !is_wanted(&path) {
            continue;
        }
        if matches!(kind, EntryType::Link | EntryType::Symlink) {
            each(Found { path, content: Err(LINK.into()), modified_millis: 0 })?;
        } else {
            let modified = entry.header().mtime().unwrap_or(0);
            let modified_millis = i64::try_from(modified).unwrap_or(0).saturating_mul(1000);
            let content = content_of(&mut entry, size).map_err(tar_error)?;
            if content.as_ref().is_ok_and(|content| content.len() as u64 != size) {
                let ended = io::Error::new(ErrorKind::UnexpectedEof, format!("it ends within {path}"));
                return Err(Error::Damaged(ended));
            }
            each(Found { path, content, modified_millis })?;
        }
    }
    // What follows the end of the tar is read too: a damaged end of the compressed data shows only there.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(tar_error)?;
    Ok(())
}

/// The bytes of a file, or why it is not read.
fn content_of(input: &mut dyn Read, size: u64) -> io::Result<Result<Vec<u8>, String>> {
    if size > MAX_FILE_BYTES {
        return Ok(Err(format!("it has {size} bytes, and at most {MAX_FILE_BYTES} are read")));
    }
    let mut bytes = Vec::new();
    input.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(Ok(bytes))
}

/// The path in an extended header of POSIX: records `LENGTH KEY=VALUE\n`.
fn pax_path(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let mut path = None;
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let len: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let record = rest.get(space + 1..len)?;
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(value.strip_suffix(b"\n").unwrap_or(value).to_vec());
        }
        rest = &rest[len..];
    }
    path
}

/// A tar is never endless.
struct Limited<'a> {
    input: &'a mut dyn Read,
    left: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(
                ErrorKind::FileTooLarge,
                format!("it decompresses to more than {MAX_TAR_BYTES} bytes"),
            )
        })?;
        Ok(read)
    }
}

fn tar_error(error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::FileTooLarge => Error::TooLarge(error.to_string()),
        _ => Error::Damaged(error),
    }
}
