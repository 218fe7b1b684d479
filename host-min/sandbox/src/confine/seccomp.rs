//! The system call filter (`seccomp(2)`): calls on the list below are allowed, and any other call kills the process.
//!
//! A guest makes no system calls, and the engines make calls only for memory. The rest of the list is for the channel, and for
//! an orderly end if the sandbox itself fails. So a call that is not on the list means that foreign code is running. The
//! filter then kills the process (`SIGSYS`) instead of refusing the call: an attacker gets one try, and the broker notices it.
//!
//! The filter is a hand-written program in classic BPF: a search tree over the numbers of the calls. When the filter is
//! installed, the kernel runs it once for each of its 460 calls, to remember those that are always allowed. These runs
//! are most of the start-up cost of a sandbox, so the tree keeps them short.
#![allow(unsafe_code)] // the system call that sets the filter

mod architecture;
#[cfg(test)]
mod tests;

use architecture::{Architecture, Call, NATIVE};
use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// For which arguments a call is allowed. Arguments are numbered from 0. The filter checks their lower 32 bits; the kernel does not read
/// more of these arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum If {
    Always,
    /// If this argument has none of these bits.
    Clear(u32, u32),
    /// If this argument is one of these two.
    Is(u32, [u32; 2]),
}

/// The allowed calls, and what they are for.
fn rules(process: u32, thread: u32) -> [(Call, If); Call::COUNT] {
    const EXEC: u32 = libc::PROT_EXEC as u32;
    const GIVE_BACK: [u32; 2] = [libc::MADV_DONTNEED as u32, libc::MADV_FREE as u32];
    [
        // The channel: std's UnixStream uses these two. There is no other descriptor, and none can be passed, because
        // that needs sendmsg and recvmsg.
        (Call::Recvfrom, If::Always),
        (Call::Sendto, If::Always),
        // glibc has these instead, where the kernel has them: they are the same without an address.
        (Call::Recv, If::Always),
        (Call::Send, If::Always),
        // std writes a message when memory or stack runs out. The standard error is closed, so the message is lost, but
        // the process must reach its abort, so that the report can say what happened. These calls can also write to the channel.
        (Call::Write, If::Always),
        (Call::Writev, If::Always),
        // Memory, for dlmalloc and for the malloc of musl and glibc. Neither they nor the interpreters need executable memory.
        (Call::Mmap, If::Clear(2, EXEC)),
        (Call::Munmap, If::Always),
        (Call::Mremap, If::Always),
        (Call::Brk, If::Always),
        // musl and glibc reserve memory first and make it accessible later.
        (Call::Mprotect, If::Clear(2, EXEC)),
        // musl (MADV_FREE) and glibc's thread arenas (MADV_DONTNEED) return pages. They need no other advice, and as
        // root some advice takes pages from the machine.
        (Call::Madvise, If::Is(2, GIVE_BACK)),
        // std's handler for SIGSEGV and SIGBUS, which detects stack overflows. For other faults, it restores the default action
        // and returns.
        (Call::RtSigaction, If::Always),
        (Call::RtSigreturn, If::Always),
        // abort(3) of both C libraries: get the ids, block signals, send SIGABRT.
        (Call::RtSigprocmask, If::Always),
        (Call::Getpid, If::Always),
        (Call::Gettid, If::Always),
        (Call::Tkill, If::Is(0, [thread; 2])),
        (Call::Tgkill, If::Is(0, [process; 2])),
        // The end.
        (Call::ExitGroup, If::Always),
        (Call::Exit, If::Always),
    ]
}

/// Installs the filter for every thread of this process. Returns false if the kernel refuses it, or if there is none for the architecture.
pub(super) fn install() -> bool {
    let Some(architecture) = NATIVE else { return false };
    // SAFETY: both only return a number.
    let (process, thread) = unsafe { (libc::getpid(), libc::syscall(libc::SYS_gettid)) };
    let mut program = program(&architecture, rules(process.unsigned_abs(), thread as u32));
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // The code that runs here is hostile, so the flag that disables the processor's mitigations (SPEC_ALLOW) is not set.
    let flags = libc::SECCOMP_FILTER_FLAG_TSYNC;
    // SAFETY: the kernel copies the program, whose length is right and which lives until the call returns.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) == 0 }
}

/// Offsets in `struct seccomp_data`.
const NUMBER_AT_BYTE: u32 = 0;
const ARCHITECTURE_AT_BYTE: u32 = 4;
const ARGUMENTS_AT_BYTE: u32 = 16;

const KILL: sock_filter = instruction(BPF_RET | BPF_K, libc::SECCOMP_RET_KILL_PROCESS, 0, 0);
const ALLOW: sock_filter = instruction(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0);

const fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

const fn load(at_byte: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, at_byte, 0, 0)
}

/// Compares the loaded value with `k`. Skips `if_so` instructions if the comparison holds, and `if_not` otherwise.
const fn jump(how: u32, k: u32, if_so: usize, if_not: usize) -> sock_filter {
    instruction(BPF_JMP | how | BPF_K, k, if_so as u8, if_not as u8)
}

/// A rule with the number of its call.
type Rule = (u32, If);

/// The whole program. The system calls of x32, a second ABI on x86_64, have a bit of their own in their numbers, so none of them is on the list.
fn program(architecture: &Architecture, rules: [(Call, If); Call::COUNT]) -> Vec<sock_filter> {
    let with_number = |(call, allowed)| Some((architecture.number(call)?, allowed));
    let mut rules: Vec<Rule> = rules.into_iter().filter_map(with_number).collect();
    rules.sort_unstable_by_key(|(number, _)| *number);
    let mut program = Vec::with_capacity(96);
    program.extend([
        load(ARCHITECTURE_AT_BYTE),
        jump(BPF_JEQ, architecture.audit, 1, 0),
        KILL,
        load(NUMBER_AT_BYTE),
    ]);
    // The newer half of all calls has numbers above the last one on the list.
    let last = rules.last().map_or(0, |(number, _)| *number);
    program.extend([jump(BPF_JGE, last + 1, 0, 1), KILL]);
    search(&rules, &mut program);
    program
}

/// Looks up the number among sorted rules.
fn search(rules: &[Rule], program: &mut Vec<sock_filter>) {
    if rules.len() > 2 {
        let (low, high) = rules.split_at(rules.len() / 2);
        let at = program.len();
        program.push(KILL);
        search(low, program);
        program[at] = jump(BPF_JGE, high[0].0, program.len() - at - 1, 0);
        return search(high, program);
    }
    for (number, allowed) in rules {
        let at = program.len();
        program.push(KILL);
        match *allowed {
            If::Always => program.push(ALLOW),
            If::Clear(argument, bits) => {
                program.extend([load_argument(argument), jump(BPF_JSET, bits, 0, 1), KILL, ALLOW]);
            }
            If::Is(argument, [one, other]) => program.extend([
                load_argument(argument),
                jump(BPF_JEQ, one, 2, 0),
                jump(BPF_JEQ, other, 1, 0),
                KILL,
                ALLOW,
            ]),
        }
        program[at] = jump(BPF_JEQ, *number, 0, program.len() - at - 1);
    }
    program.push(KILL);
}

/// Loads the lower half of an argument. All architectures with a filter are little-endian.
const fn load_argument(argument: u32) -> sock_filter {
    load(ARGUMENTS_AT_BYTE + 8 * argument)
}
