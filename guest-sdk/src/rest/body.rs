//! Answers as bytes: raw paths, logs, and objects that are not decoded.

use super::{InFlight, RawPath};
use crate::abi::Status;
use crate::error::check;
use crate::{Error, Result, json, sys};
use alloc::vec::Vec;

/// Starts to read a raw path such as `/version`, and returns at once. [`manifest_path!`](crate::manifest_path)
/// declares the path.
///
/// # Errors
///
/// Those of [`Api::list`](super::Api::list).
pub fn raw(path: RawPath) -> Result<Body> {
    Body::start_raw(path.as_str())
}

/// An answer in flight, as bytes.
///
/// Reading returns the server's bytes for any [status](Body::status), because the body of a refusal has the reason.
/// The methods that consume the whole answer return an error for an unsuccessful status.
#[must_use = "an answer that is not read is dropped by the host"]
pub struct Body {
    handle: InFlight,
}

impl Body {
    pub(super) const fn new(handle: InFlight) -> Self {
        Body { handle }
    }

    pub(super) const fn handle(&self) -> i32 {
        self.handle.handle()
    }

    /// Waits for the HTTP status.
    ///
    /// # Errors
    ///
    /// A status of the host, if there is no answer.
    #[inline(always)]
    pub fn status(&self) -> Result<u16> {
        self.http_status().map(|status| status as u16)
    }

    /// Writes the body to the archive, as the gatherer's entry `name`. The bytes do not pass through the gatherer. An
    /// object from [`get_raw`](super::Api::get_raw) goes to its conventional path instead, and `name` is ignored.
    ///
    /// # Errors
    ///
    /// The server's status, if it is unsuccessful; [`Status::BAD_NAME`]; [`Status::EXISTS`].
    pub fn pipe(self, name: &str) -> Result<u32> {
        self.handle.pipe(name)
    }

    /// The whole body. Needs the heap.
    ///
    /// # Errors
    ///
    /// The server's status, if it is unsuccessful, and read errors.
    pub fn bytes(self) -> Result<Vec<u8>> {
        read_whole(&self)
    }

    /// The whole body, decoded. Needs the heap.
    ///
    /// # Errors
    ///
    /// Those of [`Body::bytes`], and [`Status::DECODE`].
    pub fn json<T: json::Decode>(self) -> Result<T> {
        json::from_slice(&read_whole(&self)?)
    }
}

fn read_whole(body: &Body) -> Result<Vec<u8>> {
    let status = body.status()?;
    if !(200..300).contains(&status) {
        return Err(Error::new(Status::http(status)));
    }
    let mut bytes = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let len = check(sys::rest_read(body.handle(), &mut chunk))? as usize;
        match chunk.get(..len) {
            Some(read) if len > 0 => bytes.extend_from_slice(read),
            _ => return Ok(bytes),
        }
    }
}

impl embedded_io::ErrorType for Body {
    type Error = Error;
}

impl embedded_io::Read for Body {
    #[inline(always)]
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        // The host returns 0 only at the end, so an empty buffer must neither call it nor wait.
        if buf.is_empty() {
            return Ok(0);
        }
        check(sys::rest_read(self.handle(), buf)).map(|len| len as usize)
    }
}
