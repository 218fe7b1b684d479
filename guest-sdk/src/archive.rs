//! Entries of the archive that the gatherer writes itself. To store answers of the API server unchanged,
//! [pipe](crate::List::pipe) them instead: then they do not pass through the gatherer.

use crate::error::check;
use crate::{Error, Result, sys};

/// An entry being written: a file below the gatherer's own folder.
///
/// It becomes a file when it is [closed](Entry::close). If it is dropped before that, for example because of an
/// error, the archive does not contain it, and the report names it. So an archive never contains half an entry.
#[derive(Debug)]
#[must_use = "an entry that is not closed is left out of the archive"]
pub struct Entry {
    handle: i32,
}

impl Entry {
    /// Opens an entry. `name` is a relative path of plain segments, such as `nodes/worker-1.json`.
    ///
    /// # Errors
    ///
    /// [`Status::BAD_NAME`](crate::abi::Status::BAD_NAME), [`Status::EXISTS`](crate::abi::Status::EXISTS), or an
    /// exhausted budget.
    #[inline(always)]
    pub fn create(name: &str) -> Result<Self> {
        check(sys::archive_open(name.as_bytes())).map(|handle| Entry { handle: handle as i32 })
    }

    #[inline(always)]
    pub(crate) const fn handle(&self) -> i32 {
        self.handle
    }

    /// Completes the entry.
    ///
    /// # Errors
    ///
    /// [`Status::OUTPUT_FAILED`](crate::abi::Status::OUTPUT_FAILED) if the archive could not be written.
    #[inline(always)]
    pub fn close(self) -> Result<()> {
        check(sys::archive_close(self.handle)).map(|_| ())
    }

    /// Appends all of `bytes`. On an error, it appends nothing. Unlike [`embedded_io::Write`], this needs neither the
    /// trait in scope nor a loop, because the host takes everything at once.
    ///
    /// # Errors
    ///
    /// An exhausted budget, or [`Status::OUTPUT_FAILED`](crate::abi::Status::OUTPUT_FAILED).
    #[inline(always)]
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        append(self.handle, bytes)
    }
}

// It takes the handle, not the entry, so an entry need not be in memory.
fn append(handle: i32, bytes: &[u8]) -> Result<()> {
    check(sys::archive_write(handle, bytes)).map(|_| ())
}

impl embedded_io::ErrorType for Entry {
    type Error = Error;
}

impl embedded_io::Write for Entry {
    /// Writes all of `buf`. It returns `Ok(0)` only for an empty `buf`, so `write_all` does not panic.
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.append(buf).map(|()| buf.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Status;
    use crate::fake::Host;
    use embedded_io::Write;

    #[test]
    fn what_is_written_and_closed_is_an_entry() {
        let run = Host::new().run(|| {
            let mut entry = Entry::create("notes/a.txt")?;
            entry.write_all(b"one ")?;
            entry.append(b"two")?;
            assert_eq!(entry.write(b""), Ok(0));
            entry.flush()?;
            entry.close()
        });
        assert_eq!(run.result, Ok(()));
        assert_eq!(run.entry("notes/a.txt"), "one two");
    }

    #[test]
    fn what_is_not_closed_is_left_out() {
        let run = Host::new().run(|| {
            let mut entry = Entry::create("a.txt")?;
            entry.append(b"half")
        });
        assert_eq!(run.result, Ok(()));
        assert!(run.entries.is_empty());
        assert_eq!(run.unclosed, ["a.txt"]);
    }

    #[test]
    fn a_name_is_plain_and_used_once() {
        let run = Host::new().run(|| {
            for name in ["", "/a", "a/../b", "a b", "a//b", "."] {
                assert_eq!(Entry::create(name).map(|_| ()), Err(Error::new(Status::BAD_NAME)), "{name}");
            }
            Entry::create("a")?.close()?;
            assert_eq!(Entry::create("a").map(|_| ()), Err(Error::new(Status::EXISTS)));
            Ok(())
        });
        assert_eq!(run.result, Ok(()));
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let run = Host::new().entries_fail(Status::OUTPUT_FAILED).run(|| {
            let mut entry = Entry::create("a")?;
            entry.append(b"x")
        });
        assert_eq!(run.result, Err(Error::new(Status::OUTPUT_FAILED)));
    }
}
