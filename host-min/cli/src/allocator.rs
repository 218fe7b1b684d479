//! The program's allocator.
//!
//! A start takes about a millisecond, and the first access to a page takes 1 to 2 µs. So a large piece of memory comes directly from the
//! system: it is zero, so nothing clears it, and pages that nobody writes to are never allocated. Small pieces come from dlmalloc, which asks
//! the system for larger blocks than musl's `malloc` does. wasm3, which is C, uses this allocator too.
#![allow(unsafe_code)] // an allocator

use dlmalloc::GlobalDlmalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

/// Pieces of this size and larger come from the system.
const LARGE_BYTES: usize = 64 << 10;

/// The system allocates whole pages.
const PAGE_BYTES: usize = 4 << 10;

/// The program's allocator.
#[derive(Debug)]
pub struct Allocator;

fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE_BYTES && layout.align() <= PAGE_BYTES
}

/// Allocates pages from the system. Returns null if there is no memory.
fn map(bytes: usize) -> *mut u8 {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: this creates a new mapping, to which nothing refers.
    let pages = unsafe { libc::mmap(ptr::null_mut(), bytes, access, kind, -1, 0) };
    if pages == libc::MAP_FAILED { ptr::null_mut() } else { pages.cast() }
}

// SAFETY: size and alignment decide which of two allocators a piece comes from, and the caller passes both each time.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of `GlobalAlloc`.
        if is_large(layout) { map(layout.size()) } else { unsafe { GlobalDlmalloc.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above. New mappings are zero.
        if is_large(layout) { map(layout.size()) } else { unsafe { GlobalDlmalloc.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the piece was allocated with this layout, so it comes from there.
        unsafe {
            if is_large(layout) {
                libc::munmap(memory.cast(), layout.size());
            } else {
                GlobalDlmalloc.dealloc(memory, layout);
            }
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller passes a size that is valid for this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the piece was allocated with this layout, so it comes from there. The copy fits into both pieces, which do not overlap.
        unsafe {
            match (is_large(layout), is_large(new)) {
                (false, false) => GlobalDlmalloc.realloc(memory, layout, size),
                // Most pieces grow by a few bytes at a time.
                (true, true) if size.div_ceil(PAGE_BYTES) == layout.size().div_ceil(PAGE_BYTES) => memory,
                (true, true) => {
                    let moved = libc::mremap(memory.cast(), layout.size(), size, libc::MREMAP_MAYMOVE);
                    if moved == libc::MAP_FAILED { ptr::null_mut() } else { moved.cast() }
                }
                _ => {
                    let other = self.alloc(new);
                    if !other.is_null() {
                        memory.copy_to_nonoverlapping(other, layout.size().min(size));
                        self.dealloc(memory, layout);
                    }
                    other
                }
            }
        }
    }
}

/// `malloc` and its relatives for C code. musl supports replacing them, and then uses these itself.
#[cfg(target_env = "musl")]
mod c {
    use super::Allocator;
    use std::alloc::{GlobalAlloc, Layout};
    use std::ffi::{c_int, c_void};
    use std::ptr;

    /// The size of a piece is in front of it, because `free` does not get it. C expects alignment for every type.
    const HEAD_BYTES: usize = 16;

    fn layout(bytes: usize) -> Option<Layout> {
        Layout::from_size_align(bytes.checked_add(HEAD_BYTES)?, HEAD_BYTES).ok()
    }

    /// Stores the size in front of a piece.
    ///
    /// # Safety
    ///
    /// The memory is null, or a new piece with room for the head.
    unsafe fn with_head(memory: *mut u8, bytes: usize) -> *mut c_void {
        if memory.is_null() {
            // SAFETY: this is the address of the thread's `errno`.
            unsafe { *libc::__errno_location() = libc::ENOMEM };
            return ptr::null_mut();
        }
        // SAFETY: guaranteed by the caller.
        unsafe {
            memory.cast::<usize>().write(bytes);
            memory.add(HEAD_BYTES).cast()
        }
    }

    /// The start of a piece with its head, and its layout.
    ///
    /// # Safety
    ///
    /// The piece was allocated by this module.
    unsafe fn whole(memory: *mut c_void) -> (*mut u8, Layout) {
        // SAFETY: the piece has a head. Its layout was valid when it was allocated.
        unsafe {
            let begin = memory.cast::<u8>().sub(HEAD_BYTES);
            let bytes = begin.cast::<usize>().read();
            (begin, Layout::from_size_align_unchecked(bytes + HEAD_BYTES, HEAD_BYTES))
        }
    }

    #[unsafe(no_mangle)]
    extern "C" fn malloc(bytes: usize) -> *mut c_void {
        // SAFETY: the layout is not empty.
        unsafe { with_head(layout(bytes).map_or(ptr::null_mut(), |layout| Allocator.alloc(layout)), bytes) }
    }

    #[unsafe(no_mangle)]
    extern "C" fn calloc(count: usize, each: usize) -> *mut c_void {
        let bytes = count.saturating_mul(each);
        // SAFETY: the layout is not empty.
        unsafe {
            with_head(layout(bytes).map_or(ptr::null_mut(), |layout| Allocator.alloc_zeroed(layout)), bytes)
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(memory: *mut c_void, bytes: usize) -> *mut c_void {
        if memory.is_null() {
            return malloc(bytes);
        }
        // SAFETY: C's rules: the piece was allocated here, and its old address is not used if there is a new one.
        unsafe {
            let (begin, old) = whole(memory);
            let new = layout(bytes).map_or(ptr::null_mut(), |new| Allocator.realloc(begin, old, new.size()));
            with_head(new, bytes)
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(memory: *mut c_void) {
        if !memory.is_null() {
            // SAFETY: C's rules: the piece was allocated here and is not used any more.
            unsafe {
                let (begin, layout) = whole(memory);
                Allocator.dealloc(begin, layout);
            }
        }
    }

    /// Fails for larger alignments, which would need another head. Nothing in this program asks for them.
    #[unsafe(no_mangle)]
    extern "C" fn aligned_alloc(align: usize, bytes: usize) -> *mut c_void {
        if align <= HEAD_BYTES { malloc(bytes) } else { ptr::null_mut() }
    }

    /// As `aligned_alloc`.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn posix_memalign(memory: *mut *mut c_void, align: usize, bytes: usize) -> c_int {
        let aligned = aligned_alloc(align, bytes);
        if aligned.is_null() {
            return libc::ENOMEM;
        }
        // SAFETY: C's rules: there is room for an address.
        unsafe { memory.write(aligned) };
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_survive_a_change_of_the_allocator() {
        let sizes = [1, 4095, LARGE_BYTES - 1, LARGE_BYTES, LARGE_BYTES + 1, 3 * LARGE_BYTES + 7];
        let all = sizes.into_iter().flat_map(|from| sizes.map(|to| (from, to)));
        for (align, (from, to)) in [1, 16, PAGE_BYTES, 2 * PAGE_BYTES]
            .into_iter()
            .flat_map(|align| all.clone().map(move |pair| (align, pair)))
        {
            let layout = |size| Layout::from_size_align(size, align).expect("a layout");
            // SAFETY: the layout is not empty.
            let memory = unsafe { Allocator.alloc_zeroed(layout(from)) };
            assert!(!memory.is_null() && memory.addr().is_multiple_of(align), "{from} at {align}");
            // SAFETY: `from` bytes were allocated, and are zero.
            let bytes = unsafe { std::slice::from_raw_parts_mut(memory, from) };
            assert!(bytes.iter().all(|byte| *byte == 0), "{from} at {align}");
            bytes.iter_mut().zip(0..).for_each(|(byte, number): (_, usize)| *byte = (number % 251) as u8);
            // SAFETY: it was allocated with this layout, and only the new address is used from here on.
            let memory = unsafe { Allocator.realloc(memory, layout(from), to) };
            assert!(!memory.is_null() && memory.addr().is_multiple_of(align), "{from} to {to} at {align}");
            // SAFETY: this many bytes were written.
            let bytes = unsafe { std::slice::from_raw_parts(memory, from.min(to)) };
            assert!(bytes.iter().zip(0..).all(|(byte, number): (_, usize)| *byte == (number % 251) as u8));
            // SAFETY: this is its layout now.
            unsafe { Allocator.dealloc(memory, layout(to)) };
        }
    }
}
