//! The imports of a native test: each asks the fake host that runs on this thread.
//!
//! The functions have the shape of those in `wasm`. What the fake host answers is in [`crate::fake`].

use super::Request;
use crate::abi::Status;
use crate::fake::with_current;
use alloc::vec::Vec;

// The table's names, each as a function below: an import without a fake does not compile.
macro_rules! each_has_a_fake {
    ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident),*) -> $ret:ident;)*) => {
        const _: () = { $(let _ = $name;)* };
    };
}
crate::abi::for_each_import!(each_has_a_fake);

pub(crate) fn rest_start(request: &Request<'_>) -> i32 {
    with_current(|host| host.rest_start(request))
}

pub(crate) type Prepared<'a> = Request<'a>;

pub(crate) const fn prepare<'a>(request: &Request<'a>) -> Prepared<'a> {
    *request
}

pub(crate) fn rest_start_prepared(request: &'static Prepared<'static>) -> i32 {
    rest_start(request)
}

pub(crate) fn rest_status(handle: i32) -> i32 {
    with_current(|host| host.rest_status(handle))
}

pub(crate) fn rest_read(handle: i32, buffer: &mut [u8]) -> i32 {
    with_current(|host| host.rest_read(handle, buffer))
}

pub(crate) fn rest_next(handle: i32, buffer: &mut [u8]) -> i32 {
    with_current(|host| host.rest_next(handle, buffer))
}

pub(crate) fn rest_next_vec(handle: i32, item: &mut Vec<u8>) -> i32 {
    item.resize(item.capacity(), 0);
    let len = rest_next(handle, item);
    item.truncate(usize::try_from(len).unwrap_or(0));
    len
}

pub(crate) fn rest_reject(handle: i32, at: u32, wanted: u32) -> i32 {
    with_current(|host| host.rest_reject(handle, at, wanted))
}

pub(crate) fn rest_hides(handle: i32, field: &str) -> i32 {
    with_current(|host| host.rest_hides(handle, field))
}

pub(crate) fn rest_close(handle: i32) -> i32 {
    with_current(|host| host.rest_close(handle))
}

pub(crate) fn archive_pipe(handle: i32, name: &str) -> i32 {
    with_current(|host| host.archive_pipe(handle, name))
}

pub(crate) fn archive_open(name: &str) -> i32 {
    with_current(|host| host.archive_open(name))
}

pub(crate) fn archive_write(handle: i32, bytes: &[u8]) -> i32 {
    with_current(|host| host.archive_write(handle, bytes))
}

pub(crate) fn archive_close(handle: i32) -> i32 {
    with_current(|host| host.archive_close(handle))
}

pub(crate) fn log(level: i32, text: &[u8]) -> i32 {
    with_current(|host| host.log(level, text))
}

pub(crate) fn param(name: &str, buffer: &mut [u8]) -> i32 {
    with_current(|host| host.param(name, buffer))
}

pub(crate) fn now() -> i64 {
    with_current(|host| host.now())
}

/// The text of an item or a parameter; checked here, so that a test cannot hand out what is none.
pub(crate) fn text(bytes: &[u8]) -> crate::Result<&str> {
    core::str::from_utf8(bytes).map_err(|_| Status::NOT_TEXT.into())
}
