//! Overwrites the environment and the command line of this process with zeros.
//!
//! Linux puts both onto the stack of a new program, as one block (`create_elf_tables` and `copy_strings` in the kernel): random
//! bytes, names of the platform, the arguments, the environment, and the name of the executable. The auxiliary vector has the addresses of the
//! first and the last of these (`getauxval(3)`), so the whole block is found even after a program changed its environment.
//! Variables that a program has set itself are on its heap. They are found through `environ`.
#![allow(unsafe_code)] // memory that belongs to no Rust value

use std::ffi::{CStr, c_char};
use std::ops::Range;

/// The length of the random bytes for the C library, which come first.
const RANDOM_BYTES: usize = 16;

/// More than the kernel allows for arguments and environment together (6 MiB).
const MOST_BYTES: usize = 8 << 20;

unsafe extern "C" {
    /// The environment, as `environ(7)` has it.
    static mut environ: *mut *mut c_char;
}

/// Overwrites both. Returns false if the block is not at the expected place.
///
/// The process must have one thread and must be about to run a guest, so that nothing reads its arguments or environment again.
pub(super) fn overwrite() -> bool {
    let block = block();
    // SAFETY: no other thread changes the environment. `environ` is null, or a list of pointers that ends with a null pointer.
    let mut next = unsafe { environ };
    while !next.is_null() {
        // SAFETY: see above; the list was not at its end yet.
        let text = unsafe { *next };
        if text.is_null() {
            break;
        }
        if !block.contains(&text.addr()) {
            // SAFETY: a string that this program has set: a copy on its heap (`setenv`), or one that the program gave away for
            // the environment to be changed in (`putenv`, whose parameter is no const).
            unsafe { text.write_bytes(0, CStr::from_ptr(text).count_bytes()) };
        }
        // SAFETY: the entry was not the last, so there is one more.
        next = unsafe { next.add(1) };
    }
    // SAFETY: no other thread reads the environment.
    unsafe { libc::clearenv() };
    if block.is_empty() {
        return false;
    }
    let start = std::ptr::with_exposed_provenance_mut::<u8>(block.start);
    // SAFETY: the kernel wrote this block of the stack above the first frame, and no Rust value is in it. Pointers of the C
    // library into it (`argv`, the platform's name) point to empty strings from now on.
    unsafe { start.write_bytes(0, block.len()) };
    true
}

/// The address range of the block. Empty if the auxiliary vector does not have it.
fn block() -> Range<usize> {
    // SAFETY: reads the auxiliary vector and touches no other memory.
    let [random, name] =
        [libc::AT_RANDOM, libc::AT_EXECFN].map(|what| unsafe { libc::getauxval(what) } as usize);
    let start = random + RANDOM_BYTES;
    if random == 0 || name < start || name - start > MOST_BYTES {
        return 0..0;
    }
    // SAFETY: the name of the executable is a string that the kernel put at the end of the block.
    let len = unsafe { CStr::from_ptr(std::ptr::with_exposed_provenance(name)) }.count_bytes();
    start..name + len
}
