//! An allocator for programs that do the same work again and again: it keeps freed memory while the program is busy, and gives it back when
//! the program rests.
//!
//! musl's `malloc` returns memory to the system as soon as a group of pieces is free. Work that comes again takes the same memory again, page by page.
//! That was an eighth of a service's processor time. Memory at rest is as much as without this allocator, apart from the rounding of sizes.
#![allow(unsafe_code)] // an allocator

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The program's allocator. Memory is kept once [`keep`] was called.
#[derive(Debug)]
pub struct Allocator;

/// The most that is kept.
const MAX_KEPT_BYTES: usize = 4 << 20;

/// Larger pieces are not kept.
const MAX_PIECE_BYTES: usize = 256 << 10;

/// The alignment of all pieces that are kept.
const ALIGN: usize = 16;

/// Sizes up to 64 bytes have steps of 16 bytes. Larger ones have four steps in each doubling.
const CLASSES: usize = 4 + 4 * (MAX_PIECE_BYTES / 64).ilog2() as usize;

static IS_KEEPING: AtomicBool = AtomicBool::new(false);

static SHELF: Mutex<Shelf> = Mutex::new(Shelf { pieces: [ptr::null_mut(); CLASSES], bytes: 0 });

/// The pieces that are kept.
struct Shelf {
    /// The first piece of each class.
    pieces: [*mut Kept; CLASSES],
    bytes: usize,
}

/// The beginning of a piece that is kept.
struct Kept {
    next: *mut Kept,
}

// SAFETY: nothing else refers to a piece that is kept.
unsafe impl Send for Shelf {}

/// Keeps freed memory from now on.
pub fn keep() {
    IS_KEEPING.store(true, Ordering::Relaxed);
}

/// Gives back what is kept. The program goes on keeping what it frees from now on.
pub fn give_back() {
    let pieces = {
        let mut shelf = shelf();
        shelf.bytes = 0;
        std::mem::replace(&mut shelf.pieces, [ptr::null_mut(); CLASSES])
    };
    for (class, mut piece) in pieces.into_iter().enumerate() {
        while !piece.is_null() {
            // SAFETY: the piece was on the shelf, and nothing else refers to it. It is the system's, with the layout of its class.
            unsafe {
                let next = (*piece).next;
                System.dealloc(piece.cast(), layout_of(class));
                piece = next;
            }
        }
    }
}

fn shelf() -> MutexGuard<'static, Shelf> {
    SHELF.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The class of a layout. `None` if its pieces are not kept.
const fn class_of(layout: Layout) -> Option<usize> {
    let size = layout.size();
    if layout.align() > ALIGN || size > MAX_PIECE_BYTES || size == 0 {
        return None;
    }
    if size <= 64 {
        return Some((size - 1) / 16);
    }
    let doubling = (size - 1).ilog2();
    let step = (size - 1 - (1 << doubling)) >> (doubling - 2);
    Some(4 + 4 * (doubling as usize - 6) + step)
}

/// The size of the pieces of a class.
const fn size_of_class(class: usize) -> usize {
    if class < 4 {
        return 16 * (class + 1);
    }
    let (doubling, step) = (6 + (class - 4) / 4, (class - 4) % 4);
    (1 << doubling) + ((step + 1) << (doubling - 2))
}

fn layout_of(class: usize) -> Layout {
    // SAFETY: the alignment is a power of two, and the size is far below the most that there is.
    unsafe { Layout::from_size_align_unchecked(size_of_class(class), ALIGN) }
}

/// Takes a piece of a class from the shelf. Null if there is none.
fn taken(class: usize) -> *mut u8 {
    if !IS_KEEPING.load(Ordering::Relaxed) {
        return ptr::null_mut();
    }
    let mut shelf = shelf();
    let piece = shelf.pieces[class];
    if !piece.is_null() {
        // SAFETY: the piece is on the shelf, so that it has a successor.
        shelf.pieces[class] = unsafe { (*piece).next };
        shelf.bytes -= size_of_class(class);
    }
    piece.cast()
}

// SAFETY: all memory is the system's. Size and alignment decide the class of a piece, and so the layout that the system has for it. The caller passes
// the same ones each time. A piece on the shelf is nobody's.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of `GlobalAlloc`. The layout of a class is not empty.
        unsafe {
            let Some(class) = class_of(layout) else { return System.alloc(layout) };
            let piece = taken(class);
            if piece.is_null() { System.alloc(layout_of(class)) } else { piece }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above. A piece of the class has at least the bytes of the layout.
        unsafe {
            let Some(class) = class_of(layout) else { return System.alloc_zeroed(layout) };
            let piece = taken(class);
            if piece.is_null() {
                return System.alloc_zeroed(layout_of(class));
            }
            piece.write_bytes(0, layout.size());
            piece
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let Some(class) = class_of(layout) else {
            // SAFETY: it was allocated with this layout, which has no class.
            return unsafe { System.dealloc(memory, layout) };
        };
        if IS_KEEPING.load(Ordering::Relaxed) {
            let mut shelf = shelf();
            let bytes = shelf.bytes + size_of_class(class);
            if bytes <= MAX_KEPT_BYTES {
                let kept = memory.cast::<Kept>();
                // SAFETY: the piece is nobody's any more. The smallest class has room for an address, and all are aligned for one.
                unsafe { kept.write(Kept { next: shelf.pieces[class] }) };
                (shelf.pieces[class], shelf.bytes) = (kept, bytes);
                return;
            }
        }
        // SAFETY: it was allocated with the layout of its class.
        unsafe { System.dealloc(memory, layout_of(class)) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller passes a size that is valid for this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class_of(layout), class_of(new)) {
            (Some(old), Some(new)) if old == new => memory,
            // SAFETY: it was allocated with this layout, which has no class.
            (None, None) => unsafe { System.realloc(memory, layout, size) },
            // SAFETY: the copy fits into both pieces, which do not overlap. The old piece was allocated with this layout.
            _ => unsafe {
                let other = self.alloc(new);
                if !other.is_null() {
                    memory.copy_to_nonoverlapping(other, layout.size().min(size));
                    self.dealloc(memory, layout);
                }
                other
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).expect("a layout")
    }

    #[test]
    fn classes_hold_their_sizes_and_waste_little() {
        let mut last = 0;
        for class in 0..CLASSES {
            let size = size_of_class(class);
            assert!(size > last && size.is_multiple_of(ALIGN), "{class}");
            for inside in [last + 1, size] {
                assert_eq!(class_of(layout(inside, 8)), Some(class), "{inside}");
            }
            assert!(size <= 64 || (size - last) * 4 <= last, "{class}");
            last = size;
        }
        assert_eq!(last, MAX_PIECE_BYTES);
        assert_eq!(class_of(layout(last + 1, 1)), None);
        assert_eq!(class_of(layout(64, 32)), None);
    }

    /// One test, because all tests of this process share the shelf.
    #[test]
    fn what_was_freed_comes_again_until_it_is_given_back() {
        let piece = layout(1000, 8);
        // SAFETY: pieces are freed with the layouts that they were allocated with, and not used afterwards.
        unsafe {
            let first = Allocator.alloc(piece);
            Allocator.dealloc(first, piece);
            assert_eq!(shelf().bytes, 0, "nothing is kept yet");

            keep();
            let first = Allocator.alloc(piece);
            first.write_bytes(0xff, piece.size());
            Allocator.dealloc(first, piece);
            assert_eq!(shelf().bytes, 1024);
            let again = Allocator.alloc_zeroed(layout(1024, 16));
            assert_eq!(again, first);
            assert!(std::slice::from_raw_parts(again, 1024).iter().all(|byte| *byte == 0));
            Allocator.dealloc(again, layout(1024, 16));
            give_back();
            assert_eq!(shelf().bytes, 0);

            // There is a limit.
            let all: Vec<*mut u8> = (0..40).map(|_| Allocator.alloc(layout(MAX_PIECE_BYTES, 1))).collect();
            for memory in all {
                Allocator.dealloc(memory, layout(MAX_PIECE_BYTES, 1));
            }
            assert_eq!(shelf().bytes, MAX_KEPT_BYTES);
            give_back();

            let sizes =
                [1, 16, 17, 1000, 1024, 1025, MAX_PIECE_BYTES, MAX_PIECE_BYTES + 1, 3 * MAX_PIECE_BYTES];
            for (align, (from, to)) in [1, 16, 64]
                .into_iter()
                .flat_map(|align| sizes.into_iter().flat_map(move |from| sizes.map(|to| (align, (from, to)))))
            {
                let memory = Allocator.alloc_zeroed(layout(from, align));
                assert!(!memory.is_null() && memory.addr().is_multiple_of(align), "{from} at {align}");
                let bytes = std::slice::from_raw_parts_mut(memory, from);
                assert!(bytes.iter().all(|byte| *byte == 0), "{from} at {align}");
                bytes.iter_mut().zip(0..).for_each(|(byte, number): (_, usize)| *byte = (number % 251) as u8);
                let memory = Allocator.realloc(memory, layout(from, align), to);
                assert!(
                    !memory.is_null() && memory.addr().is_multiple_of(align),
                    "{from} to {to} at {align}"
                );
                let bytes = std::slice::from_raw_parts(memory, from.min(to));
                assert!(
                    bytes.iter().zip(0..).all(|(byte, number): (_, usize)| *byte == (number % 251) as u8)
                );
                Allocator.dealloc(memory, layout(to, align));
            }
            give_back();
        }
    }
}
