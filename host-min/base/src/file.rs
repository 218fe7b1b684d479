//! Reads files whose path somebody typed or wrote into a configuration. Such a path may name a pipe that never delivers anything,
//! or a device without an end.
//!
//! So both the bytes and the waiting have a limit:
//!
//! - A plain file is read as it is.
//! - A pipe (`<(…)` in a shell) is read until it ends. The read fails after ten seconds without a byte, and at the time that
//!   [`reading_until`] sets.
//! - Little is read of a device: `/dev/null` is an empty file, and `/dev/zero` is an error.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::fork;

/// How long a pipe may deliver nothing.
const MAX_SILENCE: Duration = Duration::from_secs(10);

/// What is read of a device at most.
const MAX_DEVICE_BYTES: u64 = 1 << 20;

thread_local! {
    /// Until when this thread may read what is no plain file.
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs a function. The files that it reads on this thread are not waited for beyond that time.
pub fn reading_until<T>(until: Instant, work: impl FnOnce() -> T) -> T {
    let before = UNTIL.replace(Some(UNTIL.get().map_or(until, |before| before.min(until))));
    let result = work();
    UNTIL.set(before);
    result
}

/// Reads a file. One with more bytes than `most` is an error of the kind [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    Bounded::open(path, max_bytes)?.read_all()
}

/// Reads stdin, with the same limit.
pub fn read_stdin(max_bytes: u64) -> io::Result<Vec<u8>> {
    let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    Bounded::of(file, max_bytes)?.read_all()
}

/// Reads a text file, with the same limit. One that is not UTF-8 is an error of the kind [`ErrorKind::InvalidData`].
pub fn read_text(path: &Path, max_bytes: u64) -> io::Result<String> {
    String::from_utf8(read(path, max_bytes)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not a text file (not UTF-8)"))
}

/// A file being read, with its bounds.
pub struct Bounded {
    file: File,
    is_plain: bool,
    /// Its length, if it has one.
    len: u64,
    max_bytes: u64,
    left: u64,
}

impl Bounded {
    /// Opens it. Does not wait for somebody to write to a pipe.
    pub fn open(path: &Path, max_bytes: u64) -> io::Result<Bounded> {
        let file =
            OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
        Bounded::of(file, max_bytes)
    }

    fn of(file: File, max_bytes: u64) -> io::Result<Bounded> {
        let metadata = file.metadata()?;
        let kind = metadata.file_type();
        let is_device = kind.is_char_device() || kind.is_block_device();
        let max_bytes = if is_device { max_bytes.min(MAX_DEVICE_BYTES) } else { max_bytes };
        if kind.is_file() && metadata.len() > max_bytes {
            return Err(too_large(max_bytes));
        }
        Ok(Bounded { file, is_plain: kind.is_file(), len: metadata.len(), max_bytes, left: max_bytes })
    }

    /// Room for a plain file, which is read in one piece. One byte more shows its end.
    fn read_all(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let room = if self.is_plain { self.len.min(self.max_bytes) + 1 } else { 0 };
        bytes.try_reserve_exact(usize::try_from(room).unwrap_or(usize::MAX))?;
        if !self.is_plain {
            self.read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
        // Read from the file itself, so that the memory is not cleared first. One byte more than the limit shows that the file is larger.
        match (&self.file).take(self.max_bytes.saturating_add(1)).read_to_end(&mut bytes)? as u64 {
            read if read > self.max_bytes => Err(too_large(self.max_bytes)),
            _ => Ok(bytes),
        }
    }

    fn read_in_time(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let silent = Instant::now() + MAX_SILENCE;
        let until = UNTIL.get().map_or(silent, |until| until.min(silent));
        loop {
            // A pipe that nobody has opened for writing yet reads like one that has ended.
            if fork::wait_for(&[self.file.as_fd()], Some(until))?[0] {
                match self.file.read(buffer) {
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                    other => return other,
                }
            }
            if Instant::now() >= until {
                let why = if until < silent {
                    "it is not a regular file, and no data arrived within --timeout".to_owned()
                } else {
                    format!("it is not a regular file, and no data arrived for {} s", MAX_SILENCE.as_secs())
                };
                return Err(io::Error::new(ErrorKind::TimedOut, why));
            }
        }
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One byte above the limit shows that there is more.
        let len = buffer.len().min(usize::try_from(self.left + 1).unwrap_or(usize::MAX));
        let buffer = &mut buffer[..len];
        let read = if self.is_plain { self.file.read(buffer)? } else { self.read_in_time(buffer)? };
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| too_large(self.max_bytes))?;
        Ok(read)
    }
}

fn too_large(max_bytes: u64) -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {max_bytes} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::Command;

    #[test]
    fn bounds_hold_for_files_and_devices() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("file");
        std::fs::write(&path, "12345").expect("a file");
        assert_eq!(read(&path, 5).expect("all of it"), b"12345");
        for (path, bytes) in
            [(&*path, 4), (Path::new("/dev/zero"), 7), (Path::new("/dev/zero"), u64::MAX - 1)]
        {
            assert_eq!(read(path, bytes).expect_err("too large").kind(), ErrorKind::FileTooLarge);
        }
        assert_eq!(read(Path::new("/dev/null"), 5).expect("nothing"), b"");
        assert!(read(place.path(), 5).is_err() && read(&place.path().join("none"), 5).is_err());
        // Larger than memory, and not read at all.
        File::options().write(true).open(&path).and_then(|file| file.set_len(1 << 40)).expect("a hole");
        assert_eq!(read(&path, 1 << 30).expect_err("too large").kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn pipes_are_read_to_their_end_and_waited_for_only_so_long() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        let begin = Instant::now();
        let error = reading_until(begin + Duration::from_millis(50), || read(&path, 9)).expect_err("nothing");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(begin.elapsed() < Duration::from_secs(5));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                let mut pipe = File::options().write(true).open(&path).expect("a reader");
                for piece in ["123", "45"] {
                    pipe.write_all(piece.as_bytes()).expect("room");
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            assert_eq!(read(&path, 9).expect("all of it"), b"12345");
        });
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut pipe = File::options().write(true).open(&path).expect("a reader");
                while pipe.write_all(&[b'x'; 100]).is_ok() {}
            });
            assert_eq!(read(&path, 1000).expect_err("no end").kind(), ErrorKind::FileTooLarge);
        });
    }
}
