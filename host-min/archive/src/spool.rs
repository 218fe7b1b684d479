//! A buffer for bytes of unknown length: in memory while they are few, then in a nameless
//! file next to the output.
//!
//! It is not a pipe: everything is written before anything is read. A tar header needs the length of its content, and a HAR entry needs to know
//! whether it is text. Memory must stay bounded, whatever a server sends.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use super::target::Target;

/// The most bytes that a spool keeps in memory. Most objects and pages with a mask fit, so small runs do not use the disk. Multiplied by
/// the requests in flight, it is far below the memory of the guests.
pub const MAX_SPOOL_MEMORY_BYTES: usize = 256 << 10;

/// The error of a write beyond a spool's limit.
///
/// Its kind is [`ErrorKind::FileTooLarge`], but the kind alone does not identify it: file systems and `ulimit -f` use the
/// same kind, which is a failure of the disk.
#[derive(Debug)]
pub struct SpoolFull;

impl SpoolFull {
    /// Whether an error is a spool's limit, rather than a failure of the disk.
    pub fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<SpoolFull>())
    }
}

impl std::error::Error for SpoolFull {}

impl fmt::Display for SpoolFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is larger than its limit")
    }
}

impl From<SpoolFull> for io::Error {
    fn from(full: SpoolFull) -> io::Error {
        io::Error::new(ErrorKind::FileTooLarge, full)
    }
}

/// A buffer that is written first and read later. A write beyond the limit fails with
/// [`SpoolFull`]. Any other error is from the disk.
pub struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    len: u64,
    max_bytes: u64,
    max_memory_bytes: usize,
    target: Arc<Target>,
}

impl Spool {
    /// An empty spool for a target, with at most `max_bytes` bytes.
    pub fn new(target: &Arc<Target>, max_bytes: u64) -> Spool {
        let (memory, max_memory_bytes) = (Vec::new(), MAX_SPOOL_MEMORY_BYTES);
        Spool { memory, file: None, len: 0, max_bytes, max_memory_bytes, target: Arc::clone(target) }
    }

    /// Uses a file from the first byte on. For a spool that is one of many.
    pub fn on_disk(self) -> Spool {
        Spool { max_memory_bytes: 0, ..self }
    }

    /// How many bytes were written.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What was written, in memory. For a spool that is known to be small.
    pub fn content(&mut self) -> io::Result<Cow<'_, [u8]>> {
        let Some(file) = &mut self.file else { return Ok(Cow::Borrowed(&self.memory)) };
        let mut content = Vec::new();
        file.rewind()?;
        // Ends where the next write goes.
        file.read_to_end(&mut content)?;
        Ok(Cow::Owned(content))
    }

    /// Reads what was written, from the beginning.
    pub fn into_reader(self) -> io::Result<SpoolReader> {
        match self.file {
            None => Ok(SpoolReader(Content::Memory(Cursor::new(self.memory)))),
            Some(mut file) => {
                file.rewind()?;
                Ok(SpoolReader(Content::File(file)))
            }
        }
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.len + bytes.len() as u64;
        if len > self.max_bytes {
            return Err(SpoolFull.into());
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes)?,
            None if len <= self.max_memory_bytes as u64 => self.memory.extend_from_slice(bytes),
            None => {
                let mut file = self.target.nameless_file()?;
                file.write_all(&self.memory)?;
                file.write_all(bytes)?;
                self.memory = Vec::new();
                self.file = Some(file);
            }
        }
        self.len = len;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The content of a spool.
pub struct SpoolReader(Content);

enum Content {
    Memory(Cursor<Vec<u8>>),
    File(File),
}

impl SpoolReader {
    /// Copies the rest. The kernel does that if both ends are files.
    pub(crate) fn copy_to<W: Write + ?Sized>(&mut self, to: &mut W) -> io::Result<u64> {
        match &mut self.0 {
            Content::Memory(bytes) => io::copy(bytes, to),
            Content::File(file) => io::copy(file, to),
        }
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Content::Memory(bytes) => bytes.read(buffer),
            Content::File(file) => file.read(buffer),
        }
    }
}

impl Seek for SpoolReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            Content::Memory(bytes) => bytes.seek(position),
            Content::File(file) => file.seek(position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_then_disk_then_the_bound() {
        let scratch = tempfile::tempdir().expect("a folder");
        let target = Arc::new(Target::claim(&scratch.path().join("out"), "the archive").expect("free"));
        for len in [0, 1, MAX_SPOOL_MEMORY_BYTES, MAX_SPOOL_MEMORY_BYTES + 1, 3 * MAX_SPOOL_MEMORY_BYTES] {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let mut spool = Spool::new(&target, len as u64);
            for chunk in bytes.chunks(10_000) {
                spool.write_all(chunk).expect("room");
            }
            assert!(SpoolFull::is(&spool.write(b"x").expect_err("full")));
            assert!(!SpoolFull::is(&ErrorKind::FileTooLarge.into()), "the same kind, from the system");
            assert_eq!(*spool.content().expect("content"), bytes);
            assert_eq!((spool.len(), spool.is_empty()), (len as u64, len == 0));
            assert_eq!(spool.file.is_some(), len > MAX_SPOOL_MEMORY_BYTES);
            assert_eq!(std::fs::read_dir(scratch.path()).expect("a folder").count(), 0);
            let mut read = Vec::new();
            let mut reader = spool.into_reader().expect("a reader");
            reader.read_to_end(&mut read).expect("content");
            assert_eq!(read, bytes);
            reader.rewind().expect("the start");
            assert_eq!(reader.copy_to(&mut io::sink()).expect("content"), len as u64);
        }
    }
}
