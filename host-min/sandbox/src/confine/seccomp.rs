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

use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// The architecture of the system call numbers (`linux/audit.h`).
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

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

type Rule = (libc::c_long, If);

/// The allowed calls, and what they are for.
fn rules(process: u32, thread: u32) -> [Rule; 19] {
    const EXEC: u32 = libc::PROT_EXEC as u32;
    const GIVE_BACK: [u32; 2] = [libc::MADV_DONTNEED as u32, libc::MADV_FREE as u32];
    [
        // The channel: std's UnixStream uses these two. There is no other descriptor, and none can be passed, because
        // that needs sendmsg and recvmsg.
        (libc::SYS_recvfrom, If::Always),
        (libc::SYS_sendto, If::Always),
        // std writes a message when memory or stack runs out. The standard error is closed, so the message is lost, but
        // the process must reach its abort, so that the report can say what happened. These calls can also write to the channel.
        (libc::SYS_write, If::Always),
        (libc::SYS_writev, If::Always),
        // Memory, for dlmalloc and for the malloc of musl and glibc. Neither they nor the interpreters need executable memory.
        (libc::SYS_mmap, If::Clear(2, EXEC)),
        (libc::SYS_munmap, If::Always),
        (libc::SYS_mremap, If::Always),
        (libc::SYS_brk, If::Always),
        // musl and glibc reserve memory first and make it accessible later.
        (libc::SYS_mprotect, If::Clear(2, EXEC)),
        // musl (MADV_FREE) and glibc's thread arenas (MADV_DONTNEED) return pages. They need no other advice, and as
        // root some advice takes pages from the machine.
        (libc::SYS_madvise, If::Is(2, GIVE_BACK)),
        // std's handler for SIGSEGV and SIGBUS, which detects stack overflows. For other faults, it restores the default action
        // and returns.
        (libc::SYS_rt_sigaction, If::Always),
        (libc::SYS_rt_sigreturn, If::Always),
        // abort(3) of both C libraries: get the ids, block signals, send SIGABRT.
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

/// Installs the filter for every thread of this process. Returns false if the kernel refuses it.
pub(super) fn install() -> bool {
    // SAFETY: both only return a number.
    let (process, thread) = unsafe { (libc::getpid(), libc::syscall(libc::SYS_gettid)) };
    let mut program = program(rules(process.unsigned_abs(), thread as u32));
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

/// The whole program. The system calls of x32, a second ABI on x86_64, have a bit of their own in their numbers, so none of them is on the list.
fn program(mut rules: [Rule; 19]) -> Vec<sock_filter> {
    rules.sort_unstable_by_key(|(number, _)| *number);
    let mut program = Vec::with_capacity(96);
    program.extend([
        load(ARCHITECTURE_AT_BYTE),
        jump(BPF_JEQ, ARCHITECTURE, 1, 0),
        KILL,
        load(NUMBER_AT_BYTE),
    ]);
    // The newer half of all calls has numbers above the last one on the list.
    let last = rules.last().map_or(0, |(number, _)| *number as u32);
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

/// Loads the lower half of an argument. This is correct for little-endian processors.
const fn load_argument(argument: u32) -> sock_filter {
    load(ARGUMENTS_AT_BYTE + 8 * argument)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS};

    /// Runs a program like the kernel, with the few instructions that are used here.
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
                // The kernel reads only the lower half, and so does the filter.
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
