//! The door to the host: each import as a safe function.
//!
//! Nothing but the calls themselves is here. They are inlined, so that a gatherer pays for a call and not for a
//! wrapper.

// Calling a function of the host is unsafe, and this is the one file that does it.
#![allow(unsafe_code)]

use super::Request;
use crate::abi::{self, Text};
use alloc::vec::Vec;

type RequestPtr = *const abi::Request<*const u8>;
type BytesPtr = *const u8;
type BufferPtr = *mut u8;
type ShapePtr = *const u8;

mod imports {
    use super::{BufferPtr, BytesPtr, RequestPtr, ShapePtr};

    macro_rules! declare {
        ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident),*) -> $ret:ident;)*) => {
            #[allow(dead_code, reason = "the SDK need not call each")]
            #[link(wasm_import_module = "wagather_v1")]
            unsafe extern "C" {
                $($(#[doc = $doc])* pub(super) fn $name($($param: $ty),*) -> $ret;)*
            }
        };
    }
    crate::abi::for_each_import!(declare);
}

/// A request as it crosses. One that is known while compiling is a constant of the module: asking costs one pointer.
pub(crate) type Prepared<'a> = abi::Request<*const u8>;

/// Lays a request out as it crosses, while compiling. Texts without a byte have no address: most of the structure is 0 then, which takes no
/// room in a module.
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

// Like `Text::of`, but always inlined: ten calls and their stack slots are a third of a small gatherer.
#[inline(always)]
const fn text_of<const IS_CONSTANT: bool>(text: &str) -> Text<*const u8> {
    // To look at each at run time would be code.
    let ptr = if IS_CONSTANT && text.is_empty() { core::ptr::null() } else { text.as_ptr() };
    Text { ptr, len: text.len() as u32 }
}

/// Starts a request.
#[inline(always)]
pub(crate) fn rest_start(request: &Request<'_>) -> i32 {
    let prepared = lay_out::<false>(request);
    // SAFETY: the structure and the texts that it points to outlive the call, and the host keeps no address after it.
    unsafe { imports::rest_start(&prepared) }
}

/// Starts a request that is known while compiling.
#[inline(always)]
pub(crate) fn rest_start_prepared(request: &'static Prepared<'static>) -> i32 {
    // SAFETY: as for `rest_start`: what `prepare` made of texts that are static stays valid.
    unsafe { imports::rest_start(request) }
}

/// Waits for the head of the answer.
#[inline(always)]
pub(crate) fn rest_status(handle: i32) -> i32 {
    // SAFETY: only a number crosses, and the host judges every number.
    unsafe { imports::rest_status(handle) }
}

/// Copies the next bytes of the body.
#[inline(always)]
pub(crate) fn rest_read(handle: i32, buffer: &mut [u8]) -> i32 {
    // SAFETY: the host writes within `buffer`, which is borrowed for the call, and nowhere else.
    unsafe { imports::rest_read(handle, buffer.as_mut_ptr(), buffer.len() as u32) }
}

/// Copies the next item.
#[inline(always)]
pub(crate) fn rest_next(handle: i32, buffer: &mut [u8]) -> i32 {
    // SAFETY: as for `rest_read`.
    unsafe { imports::rest_next(handle, buffer.as_mut_ptr(), buffer.len() as u32) }
}

/// Copies the next item into the room that `item` has, and makes it as long as what was copied.
#[inline(always)]
pub(crate) fn rest_next_vec(handle: i32, item: &mut Vec<u8>) -> i32 {
    item.clear();
    // SAFETY: the host writes within the capacity, which `item` owns, and nowhere else.
    let len = unsafe { imports::rest_next(handle, item.as_mut_ptr(), item.capacity() as u32) };
    if usize::try_from(len).is_ok_and(|len| len <= item.capacity()) {
        // SAFETY: a result within the capacity says how many bytes the host has written there (contract, "Requests").
        unsafe { item.set_len(len as usize) };
    }
    len
}

/// The next item, decoded by a shape; `Ok` with `None` after the last.
#[inline]
pub(crate) fn rest_next_as(handle: i32, shape: &'static [u8]) -> Result<Option<Room>, i32> {
    // SAFETY: the host reads the shape, which is static, and writes within the bytes that it is given.
    decoded(|room, cap| unsafe { imports::rest_next_as(handle, shape.as_ptr(), room, cap) })
}

/// JSON, decoded by a shape.
#[inline]
pub(crate) fn json_read_as(text: &[u8], shape: &'static [u8]) -> Result<Option<Room>, i32> {
    let text = Text { ptr: text.as_ptr(), len: text.len() as u32 };
    // SAFETY: the host reads the shape, which is static, and the text, and writes within the bytes that it is given.
    decoded(|room, cap| unsafe {
        imports::json_read_as(core::ptr::from_ref(&text).cast(), shape.as_ptr(), room, cap)
    })
}

/// What a host decodes into the free bytes that it is given; `Ok` with `None` if there is nothing.
#[inline(always)]
fn decoded(by: impl Fn(BufferPtr, u32) -> i32) -> Result<Option<Room>, i32> {
    loop {
        let (at, end) = arena::ITEMS.free();
        // Nobody refers to the arena's free bytes.
        let used = by(core::ptr::with_exposed_provenance_mut(at), (end - at) as u32);
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

/// The memory of an item, which is used again when this is dropped.
pub(crate) struct Room {
    at: usize,
    end: usize,
}

impl Room {
    /// Where the item is.
    #[inline(always)]
    pub(crate) fn start(&self) -> *const u8 {
        core::ptr::with_exposed_provenance(self.at)
    }

    /// It stays.
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

/// Room for `new` bytes, of which the first `old` are those at `at`: there, if that is what was taken last, or elsewhere. 0 if there is no
/// memory. Both numbers are multiples of 8, and what is not taken yet is `old` 0 bytes at no address of the arena.
///
/// # Safety
///
/// `old` bytes are at `at`, and nobody refers to them.
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
        // A word at a time, and volatile, so that it does not become a call.
        // SAFETY: both are aligned and have so many bytes, and what is taken is not what was taken before.
        unsafe { to.add(word).cast::<u64>().write_volatile(at.add(word).cast::<u64>().read()) };
        word += 8;
    }
    to
}

/// Gives back so many bytes, if they are what was taken last.
///
/// # Safety
///
/// `resize` gave them, and nobody refers to them.
#[inline(always)]
pub(crate) unsafe fn give_back(at: *mut u8, bytes: usize) {
    let at = at.expose_provenance();
    arena::KEPT.give_back(at, at + bytes);
}

/// The memory behind the module's own data, in two parts: items, and what a gatherer collects of them. What was taken of a part lies below its
/// top, what is free above it. So an item that is dropped is given back whatever was collected of it.
///
/// A heap takes pages of its own. So the items begin with what is left of the last page that the linker made, and either part goes on in new
/// pages wherever those are; what was left before them is not used any more.
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
        /// Where the linker's data and stack end.
        static __heap_base: u8;
    }

    impl Part {
        const fn new() -> Self {
            Part { top: AtomicUsize::new(0), end: AtomicUsize::new(0) }
        }

        /// Where the free part of that of the items begins and ends.
        #[inline(always)]
        pub(super) fn free(&self) -> (usize, usize) {
            let mut top = self.top.load(Relaxed);
            if top == 0 {
                top = (&raw const __heap_base).expose_provenance().next_multiple_of(8);
            }
            // What is left of the first page is free until more is taken.
            (top, self.end.load(Relaxed).max(top.next_multiple_of(PAGE_BYTES)))
        }

        #[inline(always)]
        pub(super) fn take(&self, upto: usize) {
            self.top.store(upto, Relaxed);
        }

        /// Makes room for so many bytes: where it begins, or 0.
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

        /// Gives back what was taken last. What is below something that is still used stays taken.
        #[inline(always)]
        pub(super) fn give_back(&self, at: usize, end: usize) {
            if self.top.load(Relaxed) == end {
                self.top.store(at, Relaxed);
            }
        }
    }
}

/// Says that the item that was given last does not fit.
#[inline(always)]
pub(crate) fn rest_reject(handle: i32, at: u32, wanted: u32) -> i32 {
    // SAFETY: only numbers cross, and the host judges every number.
    unsafe { imports::rest_reject(handle, at, wanted) }
}

/// Whether a field is hidden.
#[inline(always)]
pub(crate) fn rest_hides(handle: i32, field: &str) -> i32 {
    // SAFETY: the host reads `field`, which is borrowed for the call.
    unsafe { imports::rest_hides(handle, field.as_ptr(), field.len() as u32) }
}

/// Gives the handle back.
#[inline(always)]
pub(crate) fn rest_close(handle: i32) -> i32 {
    // SAFETY: only a number crosses, and the host judges every number.
    unsafe { imports::rest_close(handle) }
}

/// Writes the whole answer to the archive.
#[inline(always)]
pub(crate) fn archive_pipe(handle: i32, name: &str) -> i32 {
    // SAFETY: the host reads `name`, which is borrowed for the call.
    unsafe { imports::archive_pipe(handle, name.as_ptr(), name.len() as u32) }
}

/// Opens an entry.
#[inline(always)]
pub(crate) fn archive_open(name: &str) -> i32 {
    // SAFETY: the host reads `name`, which is borrowed for the call.
    unsafe { imports::archive_open(name.as_ptr(), name.len() as u32) }
}

/// Appends to an entry.
#[inline(always)]
pub(crate) fn archive_write(handle: i32, bytes: &[u8]) -> i32 {
    // SAFETY: the host reads `bytes`, which are borrowed for the call.
    unsafe { imports::archive_write(handle, bytes.as_ptr(), bytes.len() as u32) }
}

/// Appends a structure to an entry, as JSON.
///
/// # Safety
///
/// A structure of that shape is at `from`.
#[inline(always)]
pub(crate) unsafe fn archive_write_as(handle: i32, shape: &'static [u8], from: *const u8, before: u8) -> i32 {
    // SAFETY: the host reads the shape and the structure, and what it points to, and judges each address.
    unsafe { imports::archive_write_as(handle, shape.as_ptr(), from, before.into()) }
}

/// Completes an entry.
#[inline(always)]
pub(crate) fn archive_close(handle: i32) -> i32 {
    // SAFETY: only a number crosses, and the host judges every number.
    unsafe { imports::archive_close(handle) }
}

/// Writes a line to the log.
#[inline(always)]
pub(crate) fn log(level: i32, text: &[u8]) -> i32 {
    // SAFETY: the host reads `text`, which is borrowed for the call.
    unsafe { imports::log(level, text.as_ptr(), text.len() as u32) }
}

/// Writes a structure to the log, as a line.
///
/// # Safety
///
/// A structure of that shape is at `from`.
#[inline(always)]
pub(crate) unsafe fn log_as(level: i32, shape: &'static [u8], from: *const u8) -> i32 {
    // SAFETY: as for `archive_write_as`.
    unsafe { imports::log_as(level, shape.as_ptr(), from) }
}

/// Copies a parameter.
#[inline(always)]
pub(crate) fn param(name: &str, buffer: &mut [u8]) -> i32 {
    // SAFETY: the host reads `name` and writes within `buffer`; both are borrowed for the call.
    unsafe { imports::param(name.as_ptr(), name.len() as u32, buffer.as_mut_ptr(), buffer.len() as u32) }
}

/// Milliseconds since the Unix epoch.
#[inline(always)]
pub(crate) fn now() -> i64 {
    // SAFETY: nothing crosses but the result.
    unsafe { imports::now() }
}

/// The text of an item or a parameter, which the contract says is UTF-8; or a piece of it between two ASCII characters.
#[inline(always)]
pub(crate) fn text(bytes: &[u8]) -> crate::Result<&str> {
    // SAFETY: the host has checked these bytes before it handed them over (contract, "Pointers"). It also owns this
    // memory and the code in it, so checking again would cost half a kilobyte and guard against nobody.
    Ok(unsafe { core::str::from_utf8_unchecked(bytes) })
}

// A panic is a trap: the host reports it, and no text of it is in the module.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
