//! The error type: one word, so a result costs a gatherer no more than a comparison.

use crate::abi::{Kind, Status};
use core::fmt;
use core::num::NonZeroI32;

/// A result of this crate.
pub type Result<T> = core::result::Result<T, Error>;

/// The reason of a failure: a [`Status`] of the host or of this crate, or a number of the gatherer's own.
///
/// It is a nonzero word, so `Result<()>` is one word too: the value that `gather` returns to the host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(NonZeroI32);

impl Error {
    /// The error for a status. [`Status::OK`], which is not an error, becomes [`Status::UNSUPPORTED`].
    pub const fn new(status: Status) -> Self {
        match NonZeroI32::new(status.0) {
            Some(code) if code.get() < 0 => Error(code),
            _ => Error(NonZeroI32::MIN).with_code(Status::UNSUPPORTED.0),
        }
    }

    /// An error code of the gatherer's own, to return from `gather`. It must be above zero; any other number becomes
    /// 1. The report shows it.
    pub const fn own(number: i32) -> Self {
        Error(NonZeroI32::MIN).with_code(if number > 0 { number } else { 1 })
    }

    const fn with_code(self, code: i32) -> Self {
        match NonZeroI32::new(code) {
            Some(code) => Error(code),
            None => self,
        }
    }

    /// The kind of failure, to match on. [`Kind::Ok`] means a number of the gatherer's own.
    pub const fn kind(self) -> Kind {
        self.status().kind()
    }

    /// The host's status.
    pub const fn status(self) -> Status {
        Status(self.0.get())
    }

    /// Whether the API server answered 404: the object or the resource does not exist.
    pub const fn is_not_found(self) -> bool {
        self.0.get() == -404
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Error::new(status)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Kind::Ok => write!(f, "the gatherer's own failure {}", self.0),
            _ => self.status().fmt(f),
        }
    }
}

impl core::error::Error for Error {}

impl embedded_io::Error for Error {
    fn kind(&self) -> embedded_io::ErrorKind {
        match self.status().kind() {
            Kind::Http(404) => embedded_io::ErrorKind::NotFound,
            Kind::Denied | Kind::Http(401 | 403) => embedded_io::ErrorKind::PermissionDenied,
            Kind::TimedOut => embedded_io::ErrorKind::TimedOut,
            Kind::Exists => embedded_io::ErrorKind::AlreadyExists,
            _ => embedded_io::ErrorKind::Other,
        }
    }
}

/// Converts the result of an import: a length, a count or a handle, or a status.
#[inline(always)]
pub(crate) fn check(result: i32) -> Result<u32> {
    match NonZeroI32::new(result) {
        Some(code) if result < 0 => Err(Error(code)),
        _ => Ok(result as u32),
    }
}

/// Converts a gatherer's result to the result of its exported function.
#[inline(always)]
pub fn exit_code(result: Result<()>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(error) => error.0.get(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn an_error_is_one_word_and_so_is_its_result() {
        assert_eq!(size_of::<Error>(), 4);
        assert_eq!(size_of::<Result<()>>(), 4);
    }

    #[test]
    fn every_status_becomes_an_error_that_is_a_failure() {
        for code in -700..=0 {
            assert!(exit_code(Err(Error::new(Status(code)))) < 0, "{code}");
        }
        assert_eq!(Error::new(Status::OK).kind(), Kind::Unsupported);
        assert_eq!(Error::from(Status(-403)).kind(), Kind::Http(403));
        assert!(Error::new(Status(-404)).is_not_found());
    }

    #[test]
    fn a_gatherers_own_number_is_above_zero() {
        assert_eq!(exit_code(Err(Error::own(7))), 7);
        assert_eq!(exit_code(Err(Error::own(0))), 1);
        assert_eq!(exit_code(Ok(())), 0);
        assert_eq!(format!("{}", Error::own(7)), "the gatherer's own failure 7");
    }

    #[test]
    fn results_of_imports_are_checked() {
        assert_eq!(check(0), Ok(0));
        assert_eq!(check(17), Ok(17));
        assert_eq!(check(-404), Err(Error::new(Status(-404))));
        assert_eq!(format!("{:?}", check(-1)), "Err(Error(not declared in the manifest or not granted))");
    }

    #[test]
    fn io_code_sees_the_nearest_kind() {
        let kind = |status| embedded_io::Error::kind(&Error::new(status));
        assert_eq!(kind(Status::DENIED), embedded_io::ErrorKind::PermissionDenied);
        assert_eq!(kind(Status::http(404)), embedded_io::ErrorKind::NotFound);
        assert_eq!(kind(Status::TIMED_OUT), embedded_io::ErrorKind::TimedOut);
        assert_eq!(kind(Status::EXISTS), embedded_io::ErrorKind::AlreadyExists);
        assert_eq!(kind(Status::BAD_ANSWER), embedded_io::ErrorKind::Other);
    }
}
