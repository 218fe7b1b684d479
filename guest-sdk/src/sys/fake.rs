//! The imports of a native test: each calls the fake host of this thread.
//!
//! The functions have the signatures of those in `wasm`. [`crate::fake`] has the answers.

// Structures are read and written through raw pointers.
#![allow(unsafe_code)]

use super::Request;
use crate::abi::Status;
use crate::abi::limits::MAX_ARENA_BYTES;
use crate::fake::with_current;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroI32;
use wagather_shape::{Failed, Memory, Scratch, Shape, Width, pointers};

// An import without a fake function below does not compile.
macro_rules! each_has_a_fake {
    ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident $([$len:ident])?),*) -> $ret:ident;)*) => {
        const _: () = { $(let _ = $name;)* };
    };
}
crate::abi::for_each_import!(each_has_a_fake);

macro_rules! plain_call {
    ($name:ident [$($raw:tt)*] [$($param:ident),*]) => {
        with_current(|host| host.$name($($param),*))
    };
}
crate::abi::for_each_import!(plain_calls);

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

pub(crate) fn rest_start_changed<'a>(
    prepared: &Prepared<'static>,
    change: impl FnOnce(&mut Prepared<'a>),
) -> i32 {
    let mut request = *prepared;
    change(&mut request);
    rest_start(&request)
}

pub(crate) fn above_zero(handle: u32) -> NonZeroI32 {
    NonZeroI32::new(handle as i32).expect("the fake host counts from 1")
}

pub(crate) const fn pass(text: &str) -> &str {
    text
}

pub(crate) fn rest_next_vec(handle: i32, item: &mut Vec<u8>) -> i32 {
    item.resize(item.capacity(), 0);
    let len = rest_next(handle, item);
    item.truncate(usize::try_from(len).unwrap_or(0));
    len
}

/// The next item, decoded by a shape; `Ok(None)` after the last.
pub(crate) fn rest_next_as(handle: i32, shape: &'static [u8]) -> Result<Option<Room>, i32> {
    let shape = Shape::parse(shape, Width::Eight).map_err(|_| Status::BAD_SHAPE.0)?;
    let decoded = with_current(|host| host.rest_next_as(handle, &shape, BASE)).map_err(|status| status.0)?;
    Ok(decoded.map(|bytes| room_of(&shape, &bytes)))
}

/// JSON, decoded by a shape.
pub(crate) fn json_read_as(text: &[u8], shape: &'static [u8]) -> Result<Option<Room>, i32> {
    let shape = Shape::parse(shape, Width::Eight).map_err(|_| Status::BAD_SHAPE.0)?;
    let mut scratch = Scratch::default();
    match wagather_shape::decode(text, &shape, BASE, MAX_ARENA_BYTES, &mut scratch) {
        Ok(arena) => Ok(Some(room_of(&shape, arena))),
        Err(Failed::Misfit(..)) => Err(Status::DECODE.0),
        Err(Failed::TooLarge) => Err(Status::TOO_LARGE.0),
    }
}

fn room_of(shape: &Shape, bytes: &[u8]) -> Room {
    // All pointers derive from the one that is kept.
    let words = Box::into_raw(std::vec![0_u64; bytes.len() / 8].into_boxed_slice());
    let arena = words.cast::<u8>();
    // SAFETY: the allocation has this many bytes, because their number is a multiple of 8.
    unsafe { arena.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    pointers(shape, bytes, BASE, &mut |at, to| {
        // SAFETY: both offsets are within the copied arena, and `at` has space for a pointer.
        unsafe { arena.add(at).cast::<*const u8>().write_unaligned(arena.add(to)) };
    });
    Room { words }
}

/// Addresses are offsets into an arena at first. The arena begins here, so no address is 0.
const BASE: u64 = 8;

/// The memory of an item.
pub(crate) struct Room {
    words: *mut [u64],
}

impl Room {
    /// The item's address.
    pub(crate) fn start(&self) -> *const u8 {
        self.words.cast()
    }

    /// Keeps the memory for the rest of the process, in a list so that leak checkers accept it.
    pub(crate) fn keep(self) {
        kept().push(Kept(self.words));
        core::mem::forget(self);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box, and it is dropped once.
        drop(unsafe { Box::from_raw(self.words) });
    }
}

struct Kept(*mut [u64]);

// SAFETY: only the owner, which frees it, accesses the memory.
unsafe impl Send for Kept {}

fn kept() -> std::sync::MutexGuard<'static, Vec<Kept>> {
    static KEPT: std::sync::Mutex<Vec<Kept>> = std::sync::Mutex::new(Vec::new());
    KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Reallocates `old` bytes at `at` to `new` bytes; null if there is no memory.
///
/// # Safety
///
/// `old` bytes are allocated at `at`, and nothing refers to them.
pub(crate) unsafe fn resize(at: *mut u8, old: usize, new: usize) -> *mut u8 {
    // The limit of a gatherer's memory.
    if new > u32::MAX as usize / 2 {
        return core::ptr::null_mut();
    }
    let words = Box::into_raw(std::vec![0_u64; new / 8].into_boxed_slice());
    let room = words.cast::<u8>();
    // SAFETY: both ranges have this many bytes, and one of them is new, so they do not overlap.
    unsafe {
        room.copy_from_nonoverlapping(at, old);
        give_back(at, old);
    }
    kept().push(Kept(words));
    room
}

/// Frees this many bytes.
///
/// # Safety
///
/// `resize` returned them, or their number is 0; nothing refers to them.
pub(crate) unsafe fn give_back(at: *mut u8, bytes: usize) {
    let mut kept = kept();
    if bytes > 0
        && let Some(index) = kept.iter().rposition(|kept| kept.0.cast::<u8>() == at)
    {
        // SAFETY: `resize` made the pointer from a box, and it is removed from the list once.
        drop(unsafe { Box::from_raw(kept.swap_remove(index).0) });
    }
}

/// Appends a structure to an entry, as JSON.
///
/// # Safety
///
/// `from` points to a structure of this shape, and its pointers are valid.
pub(crate) unsafe fn archive_write_as(handle: i32, shape: &'static [u8], from: *const u8, before: u8) -> i32 {
    let Ok(shape) = Shape::parse(shape, Width::Eight) else { return Status::BAD_SHAPE.0 };
    let mut out: Vec<u8> = Some(before).filter(|before| *before != 0).into_iter().collect();
    match wagather_shape::append(&Native, &shape, from, MAX_ARENA_BYTES, &mut out) {
        Ok(()) => archive_write(handle, &out),
        Err(status) => status.0,
    }
}

/// Writes a structure to the log, as a line.
///
/// # Safety
///
/// As for `archive_write_as`.
pub(crate) unsafe fn log_as(level: i32, shape: &'static [u8], from: *const u8) -> i32 {
    let Ok(shape) = Shape::parse(shape, Width::Eight) else { return Status::BAD_SHAPE.0 };
    let mut out = Vec::new();
    match wagather_shape::line(&Native, &shape, from, MAX_ARENA_BYTES, &mut out) {
        Ok(()) => log(level, &out),
        Err(status) => status.0,
    }
}

/// The memory of this process, with the guarantees of `archive_write_as`.
struct Native;

impl Memory for Native {
    type At = *const u8;

    fn offset(&self, at: *const u8, bytes: usize) -> Option<*const u8> {
        Some(at.wrapping_add(bytes))
    }

    fn bytes(&self, at: *const u8, len: usize) -> Option<&[u8]> {
        // SAFETY: by the shape, this many bytes are there.
        Some(if len == 0 { &[] } else { unsafe { core::slice::from_raw_parts(at, len) } })
    }

    fn follow(&self, at: *const u8) -> Result<Option<*const u8>, Status> {
        // SAFETY: by the shape, an address is there.
        let to = unsafe { at.cast::<*const u8>().read_unaligned() };
        Ok(if to.is_null() { None } else { Some(to) })
    }
}

/// The string of an item or a parameter. It is checked here, so a test cannot return invalid UTF-8.
pub(crate) fn text(bytes: &[u8]) -> crate::Result<&str> {
    core::str::from_utf8(bytes).map_err(|_| Status::NOT_TEXT.into())
}
