//! Calls the host: each import as a safe function.
//!
//! This file contains nothing else. The functions are inlined, so a gatherer pays for a call and not for a wrapper.

// Calling a host function is unsafe, and only this file does it.
#![allow(unsafe_code)]

use super::Request;
use crate::abi::{self, Text};
use alloc::vec::Vec;
use core::num::NonZeroI32;

type RequestPtr = *const abi::Request<*const u8>;
type BytesPtr = *const u8;
type BufferPtr = *mut u8;
type ShapePtr = *const u8;
type TextPtr = *const Text<*const u8>;

mod imports {
    use super::{BufferPtr, BytesPtr, RequestPtr, ShapePtr, TextPtr};

    macro_rules! declare {
        ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident $([$len:ident])?),*) -> $ret:ident;)*) => {
            #[allow(dead_code, reason = "the SDK need not call each")]
            #[link(wasm_import_module = "wagather_v1")]
            unsafe extern "C" {
                $($(#[doc = $doc])* pub(super) fn $name($($param: $ty $(, $len: u32)?),*) -> $ret;)*
            }
        };
    }
    crate::abi::for_each_import!(declare);
}

macro_rules! plain_call {
    ($name:ident [$($raw:tt)*] [$($param:ident),*]) => {
        // SAFETY: the host checks every number, reads and writes only within the slices, and these are borrowed for the call.
        unsafe { imports::$name($($raw)*) }
    };
}
abi::for_each_import!(plain_calls);

/// A request in the layout of the contract. If it is known at compile time, it is a constant of the module, and a
/// request costs one pointer.
pub(crate) type Prepared<'a> = abi::Request<*const u8>;

/// Builds a request at compile time. Empty strings have the address 0, so most of the structure is 0, which takes no
/// space in a module.
#[inline(always)]
pub(crate) const fn prepare<'a>(request: &Request<'a>) -> Prepared<'a> {
    lay_out::<true>(request)
}

#[inline(always)]
const fn lay_out<const IS_CONSTANT: bool>(request: &Request<'_>) -> abi::Request<*const u8> {
    abi::Request {
        verb: request.verb,
        reserved: [0; 3],
        limit: request.limit,
        version: text_of::<IS_CONSTANT>(request.version),
        resource: text_of::<IS_CONSTANT>(request.resource),
        group: text_of::<IS_CONSTANT>(request.group),
        namespace: text_of::<IS_CONSTANT>(request.namespace),
        name: text_of::<IS_CONSTANT>(request.name),
        subresource: text_of::<IS_CONSTANT>(request.subresource),
        labels: text_of::<IS_CONSTANT>(request.labels),
        fields: text_of::<IS_CONSTANT>(request.fields),
        mask: text_of::<IS_CONSTANT>(request.mask),
        query: text_of::<IS_CONSTANT>(request.query),
    }
}

// Like `Text::of`, but always inlined: ten calls and their stack slots would be a third of a small gatherer.
#[inline(always)]
const fn text_of<const IS_CONSTANT: bool>(text: &str) -> Text<*const u8> {
    // Checking each string at run time would add code.
    let ptr = if IS_CONSTANT && text.is_empty() { core::ptr::null() } else { text.as_ptr() };
    Text { ptr, len: text.len() as u32 }
}

/// Starts a request.
#[inline(always)]
pub(crate) fn rest_start(request: &Request<'_>) -> i32 {
    let prepared = lay_out::<false>(request);
    // SAFETY: the structure and its strings outlive the call, and the host keeps no address after it.
    unsafe { imports::rest_start(&prepared) }
}

/// Starts a request that is known at compile time.
#[inline(always)]
pub(crate) fn rest_start_prepared(request: &'static Prepared<'static>) -> i32 {
    // SAFETY: as for `rest_start`; the strings are static.
    unsafe { imports::rest_start(request) }
}

/// Starts a request that is known at compile time except for what `change` sets. It is copied, which is less code than
/// to lay out all of its fields.
#[inline(always)]
pub(crate) fn rest_start_changed<'a>(
    prepared: &Prepared<'static>,
    change: impl FnOnce(&mut Prepared<'a>),
) -> i32 {
    let mut request = *prepared;
    change(&mut request);
    // SAFETY: as for `rest_start`: the caller has the texts that `change` passes.
    unsafe { imports::rest_start(&request) }
}

/// The handle of a request, which is above 0 by the contract.
#[inline(always)]
pub(crate) fn above_zero(handle: u32) -> NonZeroI32 {
    // SAFETY: the host returned it as a handle (contract, "Handles"). As for `text`, checking it would protect against nothing.
    unsafe { NonZeroI32::new_unchecked(handle as i32) }
}

/// A text as it crosses.
#[inline(always)]
pub(crate) const fn pass(text: &str) -> Text<*const u8> {
    text_of::<false>(text)
}

/// Copies the next item into the capacity of `item`, and sets its length.
#[inline(always)]
pub(crate) fn rest_next_vec(handle: i32, item: &mut Vec<u8>) -> i32 {
    item.clear();
    // SAFETY: the host writes only within the capacity, which `item` owns.
    let len = unsafe { imports::rest_next(handle, item.as_mut_ptr(), item.capacity() as u32) };
    if usize::try_from(len).is_ok_and(|len| len <= item.capacity()) {
        // SAFETY: a result within the capacity is the number of bytes that the host wrote (contract, "Requests").
        unsafe { item.set_len(len as usize) };
    }
    len
}

/// The next item, decoded by a shape; `Ok(None)` after the last.
#[inline(always)]
pub(crate) fn rest_next_as(handle: i32, shape: &'static [u8]) -> Result<Option<Room>, i32> {
    decoded(From::Item(handle), shape)
}

/// JSON, decoded by a shape.
#[inline(always)]
pub(crate) fn json_read_as(text: &[u8], shape: &'static [u8]) -> Result<Option<Room>, i32> {
    decoded(From::Text(&Text { ptr: text.as_ptr(), len: text.len() as u32 }), shape)
}

/// What the host decodes.
enum From<'a> {
    Item(i32),
    Text(&'a Text<*const u8>),
}

/// Lets the host decode into the arena's free bytes; `Ok(None)` if there is nothing to decode. A gatherer that decodes both has it once.
#[inline]
fn decoded(from: From<'_>, shape: &'static [u8]) -> Result<Option<Room>, i32> {
    loop {
        let (at, end) = arena::ITEMS.free();
        let (room, cap) = (core::ptr::with_exposed_provenance_mut(at), (end - at) as u32);
        // SAFETY: the host reads the shape, which is static, and the text, and writes only within the given bytes, to which nothing refers.
        let used = unsafe {
            match from {
                From::Item(handle) => imports::rest_next_as(handle, shape.as_ptr(), room, cap),
                From::Text(text) => imports::json_read_as(text, shape.as_ptr(), room, cap),
            }
        };
        let Ok(used) = usize::try_from(used) else { return Err(used) };
        if used == 0 {
            return Ok(None);
        }
        if used <= end - at {
            arena::ITEMS.take(at + used);
            return Ok(Some(Room { at, end: at + used }));
        }
        if arena::ITEMS.grow(used) == 0 {
            return Err(abi::Status::NO_ROOM.0);
        }
    }
}

/// The memory of an item. Dropping it frees the memory for the next item.
pub(crate) struct Room {
    at: usize,
    end: usize,
}

impl Room {
    /// The item's address.
    #[inline(always)]
    pub(crate) fn start(&self) -> *const u8 {
        core::ptr::with_exposed_provenance(self.at)
    }

    /// Keeps the memory for the rest of the run.
    #[inline(always)]
    pub(crate) fn keep(self) {
        core::mem::forget(self);
    }
}

impl Drop for Room {
    #[inline(always)]
    fn drop(&mut self) {
        arena::ITEMS.give_back(self.at, self.end);
    }
}

/// Reallocates `old` bytes at `at` to `new` bytes: in place, if they were allocated last, or elsewhere. Returns 0 if
/// there is no memory. Both numbers are multiples of 8. For a first allocation, `old` is 0 and `at` is outside the
/// arena.
///
/// # Safety
///
/// `old` bytes are allocated at `at`, and nothing refers to them.
#[inline(always)]
pub(crate) unsafe fn resize(at: *mut u8, old: usize, new: usize) -> *mut u8 {
    let from = at.expose_provenance();
    let room = arena::KEPT.resize(from, old, new);
    let to = core::ptr::with_exposed_provenance_mut::<u8>(room);
    if room == 0 || room == from {
        return to;
    }
    let mut word = 0;
    while word < old {
        // A word at a time, and volatile, so that the compiler does not make it a call.
        // SAFETY: both ranges are aligned and have this many bytes, and the new range does not overlap the old one.
        unsafe { to.add(word).cast::<u64>().write_volatile(at.add(word).cast::<u64>().read()) };
        word += 8;
    }
    to
}

/// Frees this many bytes, if they were allocated last.
///
/// # Safety
///
/// `resize` returned them, and nothing refers to them.
#[inline(always)]
pub(crate) unsafe fn give_back(at: *mut u8, bytes: usize) {
    let at = at.expose_provenance();
    arena::KEPT.give_back(at, at + bytes);
}

/// The memory after the module's own data, in two parts: one for items, one for what a gatherer collects. In each
/// part, the allocated bytes lie below the top and the free bytes above it. So dropping an item frees its memory,
/// whatever was collected in the meantime.
///
/// A heap allocates its own pages. So the items begin in the rest of the last page that the linker used, and each
/// part continues in new pages at any address; the free bytes before them stay unused.
mod arena {
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    const PAGE_BYTES: usize = 64 << 10;

    pub(super) struct Part {
        top: AtomicUsize,
        end: AtomicUsize,
    }

    pub(super) static ITEMS: Part = Part::new();
    pub(super) static KEPT: Part = Part::new();

    unsafe extern "C" {
        /// The end of the linker's data and stack.
        static __heap_base: u8;
    }

    impl Part {
        const fn new() -> Self {
            Part { top: AtomicUsize::new(0), end: AtomicUsize::new(0) }
        }

        /// The bounds of the free bytes in the part for items.
        #[inline(always)]
        pub(super) fn free(&self) -> (usize, usize) {
            let mut top = self.top.load(Relaxed);
            if top == 0 {
                top = (&raw const __heap_base).expose_provenance().next_multiple_of(8);
            }
            // Until the first growth, the rest of the first page is free.
            (top, self.end.load(Relaxed).max(top.next_multiple_of(PAGE_BYTES)))
        }

        #[inline(always)]
        pub(super) fn take(&self, upto: usize) {
            self.top.store(upto, Relaxed);
        }

        /// Allocates this many bytes; returns the address, or 0.
        #[inline(never)]
        pub(super) fn grow(&self, bytes: usize) -> usize {
            let pages = bytes / PAGE_BYTES + 1;
            let before = core::arch::wasm32::memory_grow(0, pages);
            if before == usize::MAX {
                return 0;
            }
            let at = before * PAGE_BYTES;
            self.top.store(at, Relaxed);
            self.end.store(at + pages * PAGE_BYTES, Relaxed);
            at
        }

        /// See `resize` above.
        #[inline(always)]
        pub(super) fn resize(&self, from: usize, old: usize, new: usize) -> usize {
            let mut at = self.top.load(Relaxed);
            if from + old == at {
                at = from;
            }
            if new > self.end.load(Relaxed) - at {
                at = self.grow(new);
                if at == 0 {
                    return 0;
                }
            }
            self.take(at + new);
            at
        }

        /// Frees the last allocation. Memory below an allocation that is still used stays allocated.
        #[inline(always)]
        pub(super) fn give_back(&self, at: usize, end: usize) {
            if self.top.load(Relaxed) == end {
                self.top.store(at, Relaxed);
            }
        }
    }
}

/// Appends a structure to an entry, as JSON.
///
/// # Safety
///
/// `from` points to a structure of this shape.
#[inline(always)]
pub(crate) unsafe fn archive_write_as(handle: i32, shape: &'static [u8], from: *const u8, before: u8) -> i32 {
    // SAFETY: the host reads the shape, the structure and what it points to, and checks each address.
    unsafe { imports::archive_write_as(handle, shape.as_ptr(), from, before.into()) }
}

/// Writes a structure to the log, as a line.
///
/// # Safety
///
/// `from` points to a structure of this shape.
#[inline(always)]
pub(crate) unsafe fn log_as(level: i32, shape: &'static [u8], from: *const u8) -> i32 {
    // SAFETY: as for `archive_write_as`.
    unsafe { imports::log_as(level, shape.as_ptr(), from) }
}

/// The string of an item or a parameter, which is UTF-8 by the contract; or a part of it between two ASCII
/// characters.
#[inline(always)]
pub(crate) fn text(bytes: &[u8]) -> crate::Result<&str> {
    // SAFETY: the host checked these bytes before it returned them (contract, "Pointers"). The host also owns this
    // memory and the code in it, so another check would cost half a kilobyte and protect against nothing.
    Ok(unsafe { core::str::from_utf8_unchecked(bytes) })
}

// A panic is a trap, which the host reports; the module contains no panic message.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
