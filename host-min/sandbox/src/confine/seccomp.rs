//! The filter of system calls (`seccomp(2)`): what is on the list below is allowed, anything else ends the process.
//!
//! A guest makes no system calls, and neither engine makes any but for memory; the rest of the list is for the channel, and for
//! ending in order when the sandbox itself fails. So a call that is not on it means that somebody else's code runs here. The
//! process is ended for it (`SIGSYS`) instead of being refused: an attacker gets one try, and the broker sees that there was one.
//!
//! The program for the kernel's classic BPF is written here by hand: a search tree over the numbers of the calls. When the filter is
//! set up, the kernel walks through it once for each of its 460 calls, to remember those that are always allowed. These walks
//! are most of what the sandbox costs at the start, so they are kept short.
#![allow(unsafe_code)] // the system call that sets the filter

use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// The architecture that the numbers of the system calls are of (`linux/audit.h`).
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// On which arguments a call is allowed. Arguments are numbered from 0; the lower 32 bits of one are looked at, which is all that
/// the kernel reads of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum If {
    Always,
    /// This argument has none of these bits.
    Clear(u32, u32),
    /// This argument is one of these two.
    Is(u32, [u32; 2]),
}

type Rule = (libc::c_long, If);

/// What a sandbox may call, and what for.
fn rules(process: u32, thread: u32) -> [Rule; 19] {
    const EXEC: u32 = libc::PROT_EXEC as u32;
    const GIVE_BACK: [u32; 2] = [libc::MADV_DONTNEED as u32, libc::MADV_FREE as u32];
    [
        // The channel: std's UnixStream receives and sends with these two. There is no other descriptor, and none can be passed
        // along: that would take sendmsg and recvmsg.
        (libc::SYS_recvfrom, If::Always),
        (libc::SYS_sendto, If::Always),
        // std's last words when there is no memory or no stack left, to a standard error that is closed. They come to nothing, but
        // the process must get to its abort, so that the report can say what happened. The channel could be written to as well.
        (libc::SYS_write, If::Always),
        (libc::SYS_writev, If::Always),
        // Memory: dlmalloc, musl's and glibc's malloc. None of them, and no interpreter, needs memory that can be executed.
        (libc::SYS_mmap, If::Clear(2, EXEC)),
        (libc::SYS_munmap, If::Always),
        (libc::SYS_mremap, If::Always),
        (libc::SYS_brk, If::Always),
        // musl and glibc reserve first and make usable later.
        (libc::SYS_mprotect, If::Clear(2, EXEC)),
        // musl (MADV_FREE) and glibc's arenas of threads (MADV_DONTNEED) give pages back. Other advice is none of theirs: as
        // root, some of it takes pages from the machine.
        (libc::SYS_madvise, If::Is(2, GIVE_BACK)),
        // The handler that std has for SIGSEGV and SIGBUS: it tells a stack that overflowed from another fault, which it
        // gives back to the default action by returning.
        (libc::SYS_rt_sigaction, If::Always),
        (libc::SYS_rt_sigreturn, If::Always),
        // abort(3) of both C libraries: who am I, hold other signals, end me.
        (libc::SYS_rt_sigprocmask, If::Always),
        (libc::SYS_getpid, If::Always),
        (libc::SYS_gettid, If::Always),
        (libc::SYS_tkill, If::Is(0, [thread; 2])),
        (libc::SYS_tgkill, If::Is(0, [process; 2])),
        // The end.
        (libc::SYS_exit_group, If::Always),
        (libc::SYS_exit, If::Always),
    ]
}

/// Sets the filter, for every thread of this process. False if the kernel does not take it.
pub(super) fn install() -> bool {
    // SAFETY: both only answer with a number.
    let (process, thread) = unsafe { (libc::getpid(), libc::syscall(libc::SYS_gettid)) };
    let mut program = program(rules(process.unsigned_abs(), thread as u32));
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // The flag that would leave out the processor's mitigations (SPEC_ALLOW) is not set: what runs here is hostile.
    let flags = libc::SECCOMP_FILTER_FLAG_TSYNC;
    // SAFETY: the kernel copies the program, whose length is right and which lives until the call returns.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) == 0 }
}

/// Where things are in `struct seccomp_data`.
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

/// Compares what was loaded with `k`; skips so many instructions if it holds, and so many if it does not.
const fn jump(how: u32, k: u32, if_so: usize, if_not: usize) -> sock_filter {
    instruction(BPF_JMP | how | BPF_K, k, if_so as u8, if_not as u8)
}

/// The whole program. The numbers of x32, another way to make calls on x86_64, have a bit of their own, and are none of these.
fn program(mut rules: [Rule; 19]) -> Vec<sock_filter> {
    rules.sort_unstable_by_key(|(number, _)| *number);
    let mut program = Vec::with_capacity(96);
    program.extend([
        load(ARCHITECTURE_AT_BYTE),
        jump(BPF_JEQ, ARCHITECTURE, 1, 0),
        KILL,
        load(NUMBER_AT_BYTE),
    ]);
    // The newer half of all calls is above the last one of the list.
    let last = rules.last().map_or(0, |(number, _)| *number as u32);
    program.extend([jump(BPF_JGE, last + 1, 0, 1), KILL]);
    search(&rules, &mut program);
    program
}

/// Looks the number up among these, which are in order.
fn search(rules: &[Rule], program: &mut Vec<sock_filter>) {
    if rules.len() > 2 {
        let (low, high) = rules.split_at(rules.len() / 2);
        let at = program.len();
        program.push(KILL);
        search(low, program);
        program[at] = jump(BPF_JGE, high[0].0 as u32, program.len() - at - 1, 0);
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
        program[at] = jump(BPF_JEQ, *number as u32, 0, program.len() - at - 1);
    }
    program.push(KILL);
}

/// The lower half of an argument, on processors that put it first.
const fn load_argument(argument: u32) -> sock_filter {
    load(ARGUMENTS_AT_BYTE + 8 * argument)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS};

    /// What the kernel does with a program: the few instructions that are used here.
    fn judge(program: &[sock_filter], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let mut data = [number.to_le_bytes(), architecture.to_le_bytes()].concat();
        data.extend([0; 8]);
        data.extend(arguments.iter().flat_map(|argument| argument.to_le_bytes()));
        let (mut at, mut loaded) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            let code = u32::from(code);
            let skip = |holds| usize::from(if holds { jt } else { jf });
            at += 1;
            match code {
                _ if code == BPF_LD | BPF_W | BPF_ABS => {
                    let bytes = &data[k as usize..k as usize + 4];
                    loaded = u32::from_le_bytes(bytes.try_into().expect("4 bytes"));
                }
                _ if code == BPF_RET | BPF_K => return k,
                _ if code == BPF_JMP | BPF_JEQ | BPF_K => at += skip(loaded == k),
                _ if code == BPF_JMP | BPF_JGE | BPF_K => at += skip(loaded >= k),
                _ if code == BPF_JMP | BPF_JSET | BPF_K => at += skip(loaded & k != 0),
                _ => panic!("an instruction that is not used here: {code:#x}"),
            }
        }
    }

    const PROCESS: u32 = 0x0001_2345;
    const THREAD: u32 = 0x0001_2346;

    fn call(number: libc::c_long, arguments: [u64; 6]) -> u32 {
        judge(&program(rules(PROCESS, THREAD)), ARCHITECTURE, number as u32, arguments)
    }

    #[test]
    fn what_is_on_the_list_is_allowed_and_nothing_else() {
        let rules = rules(PROCESS, THREAD);
        let program = program(rules);
        assert!(program.len() < 256, "{} instructions: a jump's distance is a byte", program.len());
        for number in 0..2000 {
            let rule = rules.iter().find(|(known, _)| *known == libc::c_long::from(number));
            let expected = match rule {
                None | Some((_, If::Is(..))) => SECCOMP_RET_KILL_PROCESS,
                Some((_, If::Always | If::Clear(..))) => SECCOMP_RET_ALLOW,
            };
            assert_eq!(judge(&program, ARCHITECTURE, number, [0; 6]), expected, "system call {number}");
        }
    }

    #[test]
    fn other_ways_to_make_calls_are_refused() {
        let program = program(rules(PROCESS, THREAD));
        for number in 0..2000 {
            for (architecture, number) in [
                (0x4000_0003, number),
                (0, number),
                (ARCHITECTURE, number | 0x4000_0000),
                (ARCHITECTURE, number | 1 << 31),
            ] {
                assert_eq!(judge(&program, architecture, number, [0; 6]), SECCOMP_RET_KILL_PROCESS);
            }
        }
    }

    #[test]
    fn arguments_are_looked_at() {
        let (allow, kill) = (SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
        for number in [libc::SYS_mmap, libc::SYS_mprotect] {
            for protection in 0..16 {
                let expected = if protection & 4 == 0 { allow } else { kill };
                assert_eq!(call(number, [1, 2, protection, 4, 5, 6]), expected);
                // The kernel reads the lower half alone; so does the filter.
                assert_eq!(call(number, [1, 2, protection | 1 << 40, 4, 5, 6]), expected);
            }
        }
        for advice in 0..110 {
            let expected = if [4, 8].contains(&advice) { allow } else { kill };
            assert_eq!(call(libc::SYS_madvise, [0, 4096, advice, 0, 0, 0]), expected, "advice {advice}");
        }
        for target in [0, 1, u64::from(PROCESS) - 1, u64::from(PROCESS), u64::from(THREAD), u64::MAX] {
            let allowed = |only: u32| if target == u64::from(only) { allow } else { kill };
            assert_eq!(call(libc::SYS_tkill, [target, 6, 0, 0, 0, 0]), allowed(THREAD));
            assert_eq!(call(libc::SYS_tgkill, [target, u64::from(PROCESS), 6, 0, 0, 0]), allowed(PROCESS));
        }
    }
}
