//! What C passes to this library, each as a claim that is checked as far as it can be.
//!
//! Whether a pointer is to readable memory cannot be checked. The header says what a caller promises.
#![allow(unsafe_code)] // pointers of C

use crate::failed::{Failed, text};
use host_min::{LogLevel, Observer};
use std::ffi::{CStr, c_char, c_void};

fn missing(attempt: &str, name: &str) -> Failed {
    Failed::usage(attempt, format_args!("{name} is NULL"), "wagather.h says what each function takes")
}

/// The text at a pointer.
///
/// # Safety
/// The pointer is NULL, or to bytes that end with a zero byte and do not change during `'a`.
pub(crate) unsafe fn text_at<'a>(
    pointer: *const c_char,
    attempt: &str,
    name: &str,
) -> Result<&'a str, Failed> {
    if pointer.is_null() {
        return Err(missing(attempt, name));
    }
    // SAFETY: not NULL, and the caller's promise.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|error| {
        Failed::usage(attempt, format_args!("{name} is not UTF-8: {error}"), "pass texts in UTF-8")
    })
}

/// The bytes at a pointer.
///
/// # Safety
/// The pointer is NULL, or to as many bytes, which do not change during `'a`.
pub(crate) unsafe fn bytes_at<'a>(
    pointer: *const u8,
    len: usize,
    attempt: &str,
    name: &str,
) -> Result<&'a [u8], Failed> {
    if pointer.is_null() {
        return Err(missing(attempt, name));
    }
    if isize::try_from(len).is_err() {
        return Err(Failed::usage(attempt, format_args!("{name} has {len} bytes, more than can be"), ""));
    }
    // SAFETY: not NULL, not longer than any object, and the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

/// A place for a handle, which holds NULL until something is put there.
pub(crate) struct Place<T>(*mut *mut T);

impl<T> Place<T> {
    /// The place at a pointer.
    ///
    /// # Safety
    /// The pointer is NULL, or to a pointer that only the caller uses as long as this value lives.
    pub(crate) unsafe fn at(pointer: *mut *mut T, attempt: &str, name: &str) -> Result<Place<T>, Failed> {
        if pointer.is_null() {
            return Err(missing(attempt, name));
        }
        let place = Place(pointer);
        place.put(std::ptr::null_mut());
        Ok(place)
    }

    /// Puts a handle there.
    pub(crate) fn put(&self, handle: *mut T) {
        // SAFETY: `at` has checked that it is not NULL, and its caller promised the rest.
        unsafe { self.0.write(handle) }
    }
}

/// `wagather_log`, as the header describes it.
pub(crate) type LogFunction = Option<
    unsafe extern "C" fn(context: *mut c_void, level: i32, gatherer: *const c_char, line: *const c_char),
>;

/// An observer that calls a function of C, if there is one.
pub(crate) struct Caller {
    log: LogFunction,
    context: *mut c_void,
}

impl Caller {
    /// An observer.
    ///
    /// # Safety
    /// As long as this value lives, any thread may call the function with this context, also several at once.
    pub(crate) const unsafe fn new(log: LogFunction, context: *mut c_void) -> Caller {
        Caller { log, context }
    }
}

// SAFETY: the context is only passed on, and whoever made this promised that any thread may do so.
unsafe impl Sync for Caller {}

impl Observer for Caller {
    fn log(&self, gatherer: &str, level: LogLevel, line: &str) {
        let Some(log) = self.log else { return };
        let (gatherer, line) = (text(gatherer), text(line));
        // SAFETY: both texts live until the call returns, and `new` was promised the rest.
        unsafe { log(self.context, level.0, gatherer.as_ptr(), line.as_ptr()) }
    }
}
