//! Small implementations of the functions that compilers call to copy, move, fill and compare memory.
//!
//! The compiler's own versions are optimized for speed: they have a path for every alignment, and `memmove` alone is
//! 1.1 KB. A gatherer copies short strings, and WebAssembly 1.0 lacks the instructions for it. These functions copy a
//! word at a time, which is one instruction at any alignment, and then bytes.
//!
//! They replace the compiler's versions, whose symbols are weak, and are linked only if they are called.

// `copy_nonoverlapping` and similar functions compile to these functions, so they cannot be used here.
#![allow(unsafe_code)]

/// Copies `len` bytes between ranges that do not overlap.
///
/// # Safety
///
/// As in C: both pointers are valid for `len` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller's guarantee.
    unsafe { copy_upwards(to, from, len) };
    to
}

/// Copies `len` bytes between ranges that may overlap.
///
/// # Safety
///
/// As in C: both pointers are valid for `len` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= len {
        // The start of `to` is not within `from`, so no byte is overwritten before it is read.
        // SAFETY: the caller's guarantee.
        unsafe { copy_upwards(to, from, len) };
        return to;
    }
    for at in (0..len).rev() {
        // SAFETY: `at` is below `len`.
        unsafe { to.add(at).write_volatile(from.add(at).read()) };
    }
    to
}

/// Copies in ascending order, and reads a word before it writes it. The bytes are volatile, because otherwise the
/// compiler would recognize the pattern and call `memcpy`. The words cannot be volatile, because they are unaligned.
/// If a compiler recognized that pattern, the function would call itself without end, and every guest that copies a
/// string would trap in its first test.
#[inline(always)]
unsafe fn copy_upwards(to: *mut u8, from: *const u8, len: usize) {
    let mut at = 0;
    // SAFETY: every access lies between `at` and `len`.
    unsafe {
        while at + 4 <= len {
            to.add(at).cast::<u32>().write_unaligned(from.add(at).cast::<u32>().read_unaligned());
            at += 4;
        }
        while at < len {
            to.add(at).write_volatile(from.add(at).read());
            at += 1;
        }
    }
}

/// Fills `len` bytes.
///
/// # Safety
///
/// As in C: the pointer is valid for `len` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
    for at in 0..len {
        // SAFETY: `at` is below `len`.
        unsafe { to.add(at).write_volatile(byte as u8) };
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn ranges_are_copied_whether_or_not_they_overlap() {
        let before: Vec<u8> = (0..48).collect();
        // Miri takes a thousand times as long, so it tests every fifth.
        let stride = if cfg!(miri) { 5 } else { 1 };
        for len in (0..24).step_by(stride) {
            for from in (0..24).step_by(stride) {
                for to in (0..24).step_by(stride) {
                    let mut expected = before.clone();
                    expected.copy_within(from..from + len, to);
                    let mut moved = before.clone();
                    let start = moved.as_mut_ptr();
                    // SAFETY: both ranges end below 48.
                    unsafe { memmove(start.add(to), start.add(from), len) };
                    assert_eq!(moved, expected, "{len} bytes from {from} to {to}");
                    let mut copied = before.clone();
                    // SAFETY: as above; the ranges belong to different vectors.
                    unsafe { memcpy(copied.as_mut_ptr().add(to), before.as_ptr().add(from), len) };
                    assert_eq!(copied, expected, "{len} bytes from {from} to {to}");
                }
            }
        }
    }

    #[test]
    fn a_range_is_filled_and_no_more() {
        let mut bytes = [1; 8];
        // SAFETY: the five bytes from the second on are within the eight.
        unsafe { memset(bytes.as_mut_ptr().add(1), 0x1ff, 5) };
        assert_eq!(bytes, [1, 255, 255, 255, 255, 255, 1, 1]);
    }
}
