//! What compilers call to copy, move, fill and compare memory, in few bytes.
//!
//! The versions that come with the compiler are for speed: each has a path for every alignment, and `memmove` alone is 1.1 KB.
//! A gatherer copies texts of some ten bytes, and the instructions that would do it are not in the first version of
//! WebAssembly. These take a word at a time, which wherever it begins is one instruction, and then bytes.
//!
//! They are linked in place of the compiler's, whose symbols are weak, and only where they are called.

// These are the functions that `copy_nonoverlapping` and the like become, so they cannot be written with them.
#![allow(unsafe_code)]

/// Copies `len` bytes; the two ranges do not overlap.
///
/// # Safety
///
/// As C has it: both are valid for `len` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: as promised to this one.
    unsafe { copy_upwards(to, from, len) };
    to
}

/// Copies `len` bytes; the two ranges may overlap.
///
/// # Safety
///
/// As C has it: both are valid for `len` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= len {
        // The start of `to` is not within `from`, so nothing is overwritten before it was read.
        // SAFETY: as promised to this one.
        unsafe { copy_upwards(to, from, len) };
        return to;
    }
    for at in (0..len).rev() {
        // SAFETY: below `len`.
        unsafe { to.add(at).write_volatile(from.add(at).read()) };
    }
    to
}

/// Copies in ascending order, and reads a word before it writes one. The bytes are volatile, or the compiler would see what this is and
/// call `memcpy`. The words cannot be, as volatile ones are aligned: a compiler that saw through them would make a function that
/// calls itself without end, and every guest that copies a text would trap in its first test.
#[inline(always)]
unsafe fn copy_upwards(to: *mut u8, from: *const u8, len: usize) {
    let mut at = 0;
    // SAFETY: what is read and written begins at `at` and ends at `len` at most.
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
/// As C has it: valid for `len` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
    for at in 0..len {
        // SAFETY: below `len`.
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
        // Miri takes a thousand times as long: every fifth.
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
                    // SAFETY: as above, and of different vectors.
                    unsafe { memcpy(copied.as_mut_ptr().add(to), before.as_ptr().add(from), len) };
                    assert_eq!(copied, expected, "{len} bytes from {from} to {to}");
                }
            }
        }
    }

    #[test]
    fn a_range_is_filled_and_no_more() {
        let mut bytes = [1; 8];
        // SAFETY: five bytes from the second on are within the eight.
        unsafe { memset(bytes.as_mut_ptr().add(1), 0x1ff, 5) };
        assert_eq!(bytes, [1, 255, 255, 255, 255, 255, 1, 1]);
    }
}
