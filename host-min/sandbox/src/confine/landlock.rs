//! Landlock (`landlock(7)`): a ruleset that handles every right that the kernel knows, and allows none.
//!
//! The system call filter already refuses all of this. Landlock works where there is no filter, and against features that the kernel may
//! add to an allowed call.
#![allow(unsafe_code)] // system calls that std does not have

/// `struct landlock_ruleset_attr`. An older kernel requires zeros in the fields that it does not know.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Handled {
    access_fs: u64,
    access_net: u64,
    scoped: u64,
}

/// The calls' numbers, which are the same on all architectures: those that are newer than 5.0 are. Some C libraries lack them.
const CREATE_RULESET: libc::c_long = 444;
const RESTRICT_SELF: libc::c_long = 446;

/// Requests the ABI version instead of a ruleset.
const CREATE_RULESET_VERSION: libc::c_uint = 1;

/// The rights of an ABI version (`linux/landlock.h`). Rights of versions after the last one here are not handled.
const fn every_right(abi: libc::c_long) -> Handled {
    // Each bit is a right, in the order of the header: 13 rights from executing a file to making a symbolic link, then moving a file between
    // folders, truncating a file, and operations on devices.
    let access_fs = match abi {
        ..=0 => 0,
        1 => (1 << 13) - 1,
        2 => (1 << 14) - 1,
        3..=4 => (1 << 15) - 1,
        5.. => (1 << 16) - 1,
    };
    Handled {
        access_fs,
        // Binding and connecting TCP sockets.
        access_net: if abi >= 4 { 0b11 } else { 0 },
        // Abstract Unix sockets of processes outside, and signals to them.
        scoped: if abi >= 6 { 0b11 } else { 0 },
    }
}

/// Removes every right that landlock can remove, from this thread and from all that it might start. Returns false if the kernel has no landlock.
pub(super) fn restrict() -> bool {
    let nothing = std::ptr::null::<Handled>();
    // SAFETY: without a structure, the call only returns a number.
    let abi = unsafe { libc::syscall(CREATE_RULESET, nothing, 0_usize, CREATE_RULESET_VERSION) };
    if abi < 1 {
        return false;
    }
    let handled = every_right(abi);
    let len = size_of::<Handled>();
    // SAFETY: reads one structure that lives until the call returns.
    let ruleset = unsafe { libc::syscall(CREATE_RULESET, &raw const handled, len, 0) };
    if ruleset < 0 {
        return false;
    }
    // SAFETY: both take plain numbers; the descriptor was made above and is used nowhere else.
    unsafe {
        let restricted = libc::syscall(RESTRICT_SELF, ruleset, 0) == 0;
        libc::close(ruleset as libc::c_int);
        restricted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_by_version() {
        assert_eq!(every_right(0), Handled::default());
        assert_eq!(every_right(1), Handled { access_fs: 0x1fff, ..Handled::default() });
        assert_eq!(every_right(2).access_fs, 0x3fff);
        assert_eq!(every_right(3), Handled { access_fs: 0x7fff, ..Handled::default() });
        assert_eq!(every_right(4), Handled { access_fs: 0x7fff, access_net: 3, scoped: 0 });
        assert_eq!(every_right(5), Handled { access_fs: 0xffff, access_net: 3, scoped: 0 });
        assert_eq!(every_right(6), Handled { access_fs: 0xffff, access_net: 3, scoped: 3 });
        assert_eq!(every_right(99), every_right(6));
    }
}
