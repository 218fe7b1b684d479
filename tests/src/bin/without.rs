//! Runs a program as if the kernel lacked some mechanisms: `without landlock,seccomp PROGRAM ARGUMENT…`
//!
//! A system-call filter returns `ENOSYS` for the mechanism's calls, as a kernel without it does. The filter applies
//! to the program and everything that it starts.
#![allow(unsafe_code)] // the filter

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};
use std::io::Error;
use std::os::unix::process::CommandExt;
use std::process::Command;

fn calls_of(mechanism: &str) -> &'static [libc::c_long] {
    match mechanism {
        "landlock" => &[
            libc::SYS_landlock_create_ruleset,
            libc::SYS_landlock_add_rule,
            libc::SYS_landlock_restrict_self,
        ],
        "seccomp" => &[libc::SYS_seccomp],
        "close_range" => &[libc::SYS_close_range],
        "fsync" => &[libc::SYS_fsync, libc::SYS_fdatasync],
        other => panic!("'{other}' cannot be taken away; landlock, seccomp, close_range and fsync can"),
    }
}

fn main() {
    let mut words = std::env::args_os().skip(1);
    let mechanisms = words.next().expect("the mechanisms that are to be missing");
    let program = words.next().expect("a program");
    let instruction = |code: u32, k: u32, jf: u8| sock_filter { code: code as u16, jt: 0, jf, k };
    // The number of the call is the first word.
    let mut filter = vec![instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0)];
    for number in mechanisms.to_str().expect("names").split(',').flat_map(calls_of) {
        filter.push(instruction(BPF_JMP | BPF_JEQ | BPF_K, *number as u32, 1));
        filter.push(instruction(BPF_RET | BPF_K, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32, 0));
    }
    filter.push(instruction(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW, 0));
    let filter = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    let nothing: libc::c_ulong = 0;
    // SAFETY: the first takes plain numbers; the second reads the filter, which lives until the call returns.
    let set = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as libc::c_ulong, nothing, nothing, nothing) == 0
            && libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, nothing, &raw const filter)
                == 0
    };
    assert!(set, "cannot set a filter, which this test needs: {}", Error::last_os_error());
    panic!("cannot run {}: {}", program.display(), Command::new(&program).args(words).exec());
}
