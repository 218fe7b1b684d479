//! One gatherer's part of an archive, written on that gatherer's thread.
//!
//! [`super::Archive::finish`] joins sections into one archive. In a `.tar.gz`, each section is a separate
//! gzip member, and the last one the host's own files too if it is small. Concatenated members are a valid gzip file (RFC 1952, section 2.2). So gatherers
//! compress in parallel, and the archive does not depend on timing.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::DirBuilder;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::layout::List;
use super::names::is_segment;
use super::paths::{Extent, Paths};
use super::place::Place;
use super::spool::{Spool, SpoolReader};
use super::tar;
use super::target::{Target, create_file, create_folder};
use wagather_base::error::{Class, Failure};

/// Speed matters more than size, because gatherers wait for it. Of a tar of 5,000 pods (23 MB), per level of
/// `miniz_oxide` optimised for speed: 1: 18 %, 187 MB/s; 2: 15 %, 88 MB/s; 6: 13 %, 41 MB/s. `zlib-rs` does level 2
/// at 208 MB/s, for 34 KB more of program, and with unsafe code on what a server sent.
const GZIP_LEVEL: u32 = 1;

/// The host's own files get a gzip member of their own if the last section is larger, so that they are found at the end of an
/// archive. A second compressor takes a twentieth of a small run.
const MAX_OPEN_BYTES: u64 = 256 << 10;

/// One gatherer's files. If it is dropped before [`super::Archive::finish`] gets it, it leaves nothing.
pub struct Section {
    pub(super) index: usize,
    pub(super) gatherer: Box<str>,
    pub(super) paths: Paths,
    pub(super) lists: BTreeMap<String, List>,
    bytes: u64,
    failed: Option<Failure>,
    place: Arc<Place>,
    writer: Writer,
}

/// Why an entry was not added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddError {
    /// An entry has this path, a folder above it, or a path below it. Nothing was added.
    Exists,
    /// Writing the output failed. Every later call fails with the same error.
    Output(Failure),
}

impl fmt::Display for AddError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddError::Exists => f.write_str("another entry has this path"),
            AddError::Output(_) => f.write_str("cannot write the output"),
        }
    }
}

impl std::error::Error for AddError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AddError::Exists => None,
            AddError::Output(failure) => Some(failure),
        }
    }
}

enum Writer {
    /// The encoder is created for the first entry. It clears 300 KB, which would delay the start of the run.
    Tar { encoder: Option<GzEncoder<Spool>>, position: u64, mtime_seconds: u64 },
    Folder {
        /// Empty before it was made.
        root: PathBuf,
        parent: PathBuf,
        position: u64,
    },
}

/// A section that is complete.
pub(super) enum Closed {
    /// A gzip member. `None` without entries.
    Tar(Option<Spool>),
    /// A gzip member that was read before, from its beginning.
    Read(SpoolReader),
    /// A small gzip member that can get more entries.
    Open(GzEncoder<Spool>),
    Folder(PathBuf),
}

impl Section {
    pub(super) fn tar(index: usize, gatherer: &str, place: &Arc<Place>, mtime_seconds: u64) -> Section {
        Section::new(index, gatherer, place, Writer::Tar { encoder: None, position: 0, mtime_seconds })
    }

    pub(super) fn folder(index: usize, gatherer: &str, place: &Arc<Place>) -> Section {
        let writer = Writer::Folder { root: PathBuf::new(), parent: PathBuf::new(), position: 0 };
        Section::new(index, gatherer, place, writer)
    }

    fn new(index: usize, gatherer: &str, place: &Arc<Place>, writer: Writer) -> Section {
        let place = Arc::clone(place);
        Section {
            index,
            gatherer: gatherer.into(),
            paths: Paths::default(),
            lists: BTreeMap::new(),
            bytes: 0,
            failed: None,
            place,
            writer,
        }
    }

    /// Makes the place of the archive, unless that was done. Whatever is added does so, too. A run does it while it waits for the server.
    pub fn begin(&mut self) -> Result<(), Failure> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone());
        }
        let begun = self.place.folder().and_then(|folder| match (folder, &mut self.writer) {
            (Some(folder), Writer::Folder { root, parent, .. }) if root.as_os_str().is_empty() => {
                let made = folder.join(self.index.to_string());
                create_folder(&made).map_err(|error| self.place.target.failure(&error))?;
                made.clone_into(parent);
                *root = made;
                Ok(())
            }
            _ => Ok(()),
        });
        if let Err(failure) = &begun {
            self.failed = Some(failure.clone());
        }
        begun
    }

    /// Adds an entry. Its path is from [`super::names::resource_path`], or a gatherer's name and an entry name.
    pub fn add(&mut self, path: &str, content: &[u8]) -> Result<(), AddError> {
        self.put(path, content.len() as u64, |to| to.write_all(content))
    }

    /// Adds an entry from a spool.
    pub fn add_spool(&mut self, path: &str, spool: Spool) -> Result<(), AddError> {
        self.put(path, spool.len(), |to| spool.into_reader()?.copy_to(to).map(drop))
    }

    /// Asks for a list of entries, which [`super::Archive::finish`] makes.
    pub fn list(&mut self, list: List) {
        if self.lists.get(&list.path).is_none_or(|known| known.kind.is_empty()) {
            self.lists.insert(list.path.clone(), list);
        }
    }

    /// Whether an entry has this path, or is in its way.
    pub fn has(&self, path: &str) -> bool {
        self.paths.conflict(path)
    }

    /// A spool for an entry whose length is not known yet.
    pub fn spool(&mut self, max_bytes: u64) -> Spool {
        // A failure is kept, and is that of whatever is added.
        let _ = self.begin();
        Spool::new(&self.place.target, max_bytes)
    }

    /// The failure for an error of a spool.
    pub fn failure(&self, error: &io::Error) -> Failure {
        self.place.target.failure(error)
    }

    /// The number of entries.
    pub fn entries(&self) -> u64 {
        self.paths.len() as u64
    }

    /// The total size of their contents.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn put(
        &mut self,
        path: &str,
        len: u64,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), AddError> {
        self.begin().map_err(AddError::Output)?;
        if self.paths.conflict(path) {
            return Err(AddError::Exists);
        }
        match self.writer.put(&self.place.target, path, len, content) {
            Ok(extent) => {
                self.paths.insert(path, extent);
                self.bytes += len;
                Ok(())
            }
            // Some file systems treat different names as the same.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(AddError::Exists),
            Err(error) => Err(AddError::Output(self.fail(path, &error))),
        }
    }

    fn fail(&mut self, path: &str, error: &io::Error) -> Failure {
        let failure = match error.kind() {
            ErrorKind::InvalidInput => {
                Failure::new(Class::Internal, format!("cannot archive '{path}'"), error)
            }
            _ => self.place.target.failure(error),
        };
        self.failed.insert(failure).clone()
    }

    /// Ends the section. The last one can stay open if it is small.
    pub(super) fn close(mut self, is_last: bool) -> Result<Closed, Failure> {
        self.begin()?;
        match self.writer {
            Writer::Tar { encoder: Some(encoder), position: 1..=MAX_OPEN_BYTES, .. } if is_last => {
                Ok(Closed::Open(encoder))
            }
            Writer::Tar { encoder: Some(encoder), position: 1.., .. } => match encoder.finish() {
                Ok(spool) => Ok(Closed::Tar(Some(spool))),
                Err(error) => Err(self.place.target.failure(&error)),
            },
            Writer::Tar { .. } => Ok(Closed::Tar(None)),
            Writer::Folder { root, .. } => Ok(Closed::Folder(root)),
        }
    }
}

impl Writer {
    fn put(
        &mut self,
        target: &Arc<Target>,
        path: &str,
        len: u64,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Extent> {
        if !path.split('/').all(is_segment) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "not a valid path in an archive"));
        }
        match self {
            Writer::Tar { encoder: made, position, mtime_seconds } => {
                let encoder = made.get_or_insert_with(|| encoder(Spool::new(target, u64::MAX)));
                let header_bytes = put_tar(encoder, path, len, *mtime_seconds, content)?;
                let extent = Extent { start: *position, len, header_bytes, is_moved: false };
                *position = extent.end();
                Ok(extent)
            }
            Writer::Folder { root, parent, position } => {
                let file = root.join(path);
                make_parent(&file, parent)?;
                content(&mut create_file(&file)?)?;
                let extent = Extent { start: *position, len, header_bytes: 0, is_moved: false };
                *position += 1;
                Ok(extent)
            }
        }
    }
}

/// Creates the folders above a file, unless they are those of the previous file.
pub(super) fn make_parent(file: &Path, last: &mut PathBuf) -> io::Result<()> {
    if let Some(parent) = file.parent().filter(|parent| parent != last) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        parent.clone_into(last);
    }
    Ok(())
}

/// A gzip encoder whose header has no time and no operating system.
pub(super) fn encoder<W: Write>(to: W) -> GzEncoder<W> {
    GzEncoder::new(to, Compression::new(GZIP_LEVEL))
}

/// Writes an entry. Returns the length of its header.
pub(super) fn put_tar(
    to: &mut dyn Write,
    path: &str,
    len: u64,
    mtime_seconds: u64,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<u32> {
    if len > tar::MAX_FILE_BYTES {
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            "an entry of 8 GiB or more does not fit into a tar archive",
        ));
    }
    let header = tar::header(path, len, mtime_seconds);
    to.write_all(&header)?;
    content(to)?;
    to.write_all(&tar::END[..tar::padding(len)])?;
    u32::try_from(header.len()).map_err(|_| ErrorKind::InvalidFilename.into())
}

#[cfg(test)]
mod tests {
    use super::super::place::Form;
    use super::*;

    #[test]
    fn bad_paths_are_our_fault() {
        let scratch = tempfile::tempdir().expect("a folder");
        let target = Target::claim(&scratch.path().join("x.tgz"), "the archive").expect("free");
        let place = Place::new(Form::TarGz, target);
        for path in ["", "/a", "a/", "../a", "a/../../b", "a b", "a\n"] {
            let mut section = Section::tar(0, "g", &place, 0);
            let Err(AddError::Output(failure)) = section.add(path, b"") else { panic!("{path}") };
            assert_eq!(failure.class, Class::Internal);
            assert_eq!(section.add("fine", b""), Err(AddError::Output(failure)));
            assert!(section.close(true).is_err());
        }
    }
}
