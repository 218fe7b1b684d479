//! The system call filter (`seccomp(2)`): calls on the list below are allowed, and any other call kills the process.
//!
//! A guest makes no system calls, and the engines make calls only for memory. The rest of the list is for the channel, and for
//! an orderly end if the sandbox itself fails. So a call that is not on the list means that foreign code is running. The
//! filter then kills the process (`SIGSYS`) instead of refusing the call: an attacker gets one try, and the broker notices it.
//!
//! The filter is a program in classic BPF: a search tree over the numbers of the calls. When the filter is installed, the kernel
//! compiles it, and runs it once for each of its 460 calls, to remember those that are always allowed. That is a large part of a
//! sandbox's start, so the program is short, and the tree keeps its runs short.
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

/// A rule with the number of its call.
type Rule = (u32, If);

/// The whole program. The system calls of x32, a second ABI on x86_64, have a bit of their own in their numbers, so none of them is on the list.
fn program(architecture: &Architecture, rules: [(Call, If); Call::COUNT]) -> Vec<sock_filter> {
    let with_number = |(call, allowed)| Some((architecture.number(call)?, allowed));
    let mut rules: Vec<Rule> = rules.into_iter().filter_map(with_number).collect();
    rules.sort_unstable_by_key(|(number, _)| *number);
    let mut program = Backwards(Vec::with_capacity(64));
    let (kill, allow) = (program.push(KILL), program.push(ALLOW));
    let mut known: Vec<(If, Place)> = vec![(If::Always, allow)];
    let mut tests: Vec<Test> = Vec::with_capacity(Call::COUNT);
    for (number, allowed) in rules {
        let known_verdict = known.iter().find(|(known, _)| *known == allowed).map(|(_, verdict)| *verdict);
        let verdict = known_verdict.unwrap_or_else(|| program.arguments(allowed, kill, allow));
        if known_verdict.is_none() {
            known.push((allowed, verdict));
        }
        match tests.last_mut() {
            // Neighbours have one test.
            Some(test) if test.end == number && test.verdict == verdict => test.end += 1,
            _ => tests.push(Test { start: number, end: number + 1, verdict }),
        }
    }
    let tree = program.search(&tests, kill);
    // The newer half of all calls has numbers above the last one on the list.
    program.jump(BPF_JGE, tests.last().map_or(0, |test| test.end), kill, tree);
    let begin = program.push(load(NUMBER_AT_BYTE));
    program.jump(BPF_JEQ, architecture.audit, begin, kill);
    program.push(load(ARCHITECTURE_AT_BYTE));
    program.0.reverse();
    program.0
}

/// Calls whose numbers follow each other, and where the program continues for them.
struct Test {
    start: u32,
    end: u32,
    verdict: Place,
}

/// A program that is written from its end to its beginning, so that the targets of jumps are there already.
struct Backwards(Vec<sock_filter>);

/// An instruction of such a program, by the number of those behind it.
type Place = usize;

impl Backwards {
    fn push(&mut self, instruction: sock_filter) -> Place {
        self.0.push(instruction);
        self.0.len() - 1
    }

    /// Compares the loaded value with `k`.
    fn jump(&mut self, how: u32, k: u32, if_so: Place, if_not: Place) -> Place {
        let skips = |place: Place| (self.0.len() - 1 - place) as u8;
        self.push(instruction(BPF_JMP | how | BPF_K, k, skips(if_so), skips(if_not)))
    }

    /// Looks at the arguments of a call.
    fn arguments(&mut self, allowed: If, kill: Place, allow: Place) -> Place {
        match allowed {
            If::Always => allow,
            If::Clear(argument, bits) => {
                self.jump(BPF_JSET, bits, kill, allow);
                self.push(load_argument(argument))
            }
            If::Is(argument, [one, other]) => {
                let place = self.jump(BPF_JEQ, other, allow, kill);
                if one != other {
                    self.jump(BPF_JEQ, one, allow, place);
                }
                self.push(load_argument(argument))
            }
        }
    }

    /// Looks up the number among sorted tests.
    fn search(&mut self, tests: &[Test], kill: Place) -> Place {
        if tests.len() > MOST_IN_A_ROW {
            let (low, high) = tests.split_at(tests.len() / 2);
            let start = high[0].start;
            let (high, low) = (self.search(high, kill), self.search(low, kill));
            return self.jump(BPF_JGE, start, high, low);
        }
        tests.iter().rev().fold(kill, |next, &Test { start, end, verdict }| {
            if end == start + 1 {
                return self.jump(BPF_JEQ, start, verdict, next);
            }
            let within = self.jump(BPF_JGE, end, next, verdict);
            self.jump(BPF_JGE, start, within, next)
        })
    }
}

/// So many numbers are compared one after the other. More would be a shorter program that takes longer.
const MOST_IN_A_ROW: usize = 3;

/// Loads the lower half of an argument. All architectures with a filter are little-endian.
const fn load_argument(argument: u32) -> sock_filter {
    load(ARGUMENTS_AT_BYTE + 8 * argument)
}
