//! The filter of each architecture, run by an interpreter of the few instructions that it has.

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

/// Each architecture, with the kernel's name for it and its numbers of two calls (`man 2 syscall`, `ausyscall`).
const ALL: [(&Architecture, u32, [u32; 2]); 5] = [
    (&architecture::X86_64, 0xc000_003e, [1, 231]),
    (&architecture::AARCH64, 0xc000_00b7, [64, 94]),
    (&architecture::RISCV64, 0xc000_00f3, [64, 94]),
    (&architecture::ARM, 0x4000_0028, [4, 248]),
    (&architecture::POWERPC64, 0xc000_0015, [4, 234]),
];

/// The x32 calls of x86_64, the private ones of arm, and numbers that nothing has are above this.
const MOST: u32 = 2000;

#[test]
fn what_is_on_the_list_is_allowed_and_nothing_else() {
    for (architecture, audit, [write, exit_group]) in ALL {
        let rules = rules(PROCESS, THREAD);
        let program = program(architecture, rules);
        // A jump's distance is a byte, and each instruction costs a third of a microsecond of a sandbox's start.
        assert!(program.len() <= 48, "{architecture:?}: {} instructions", program.len());
        let mut allowed = Vec::new();
        for number in 0..MOST {
            let rule = rules.iter().find(|(call, _)| architecture.number(*call) == Some(number));
            let expected = match rule {
                None | Some((_, If::Is(..))) => SECCOMP_RET_KILL_PROCESS,
                Some((_, If::Always | If::Clear(..))) => SECCOMP_RET_ALLOW,
            };
            let judged = judge(&program, audit, number, [0; 6]);
            assert_eq!(judged, expected, "{architecture:?}: system call {number}");
            if judged == SECCOMP_RET_ALLOW {
                allowed.push(number);
            }
        }
        assert!(allowed.contains(&write) && allowed.contains(&exit_group), "{architecture:?}: {allowed:?}");
        let conditional = rules.iter().filter(|(_, allowed)| matches!(allowed, If::Is(..))).count();
        let known = rules.iter().filter(|(call, _)| architecture.number(*call).is_some()).count();
        assert_eq!(allowed.len(), known - conditional, "{architecture:?}: {allowed:?}");
    }
}

/// Every call has a rule, and no number stands for two calls.
#[test]
fn every_call_has_one_rule() {
    let rules = rules(PROCESS, THREAD);
    let mut calls: Vec<usize> = rules.iter().map(|(call, _)| *call as usize).collect();
    calls.sort_unstable();
    assert!(calls.iter().copied().eq(0..Call::COUNT), "{calls:?}");
    for (architecture, ..) in ALL {
        let mut numbers: Vec<u32> = rules.iter().filter_map(|(call, _)| architecture.number(*call)).collect();
        let known = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), known, "{architecture:?}");
    }
}

#[test]
fn other_ways_to_make_calls_are_refused() {
    for (architecture, audit, _) in ALL {
        let program = program(architecture, rules(PROCESS, THREAD));
        let refuse = |audit, number| {
            let judged = judge(&program, audit, number, [0; 6]);
            assert_eq!(judged, SECCOMP_RET_KILL_PROCESS, "{architecture:?}: {number:#x} of {audit:#x}");
        };
        for number in 0..MOST {
            // 32-bit programs on x86_64, x32, and the private calls of arm.
            refuse(0x4000_0003, number);
            refuse(0, number);
            for bits in [0x4000_0000, 1 << 31, 0x000f_0000] {
                refuse(audit, number | bits);
            }
            for (_, other, _) in ALL.iter().filter(|(_, other, _)| *other != audit) {
                refuse(*other, number);
            }
        }
    }
}

#[test]
fn arguments_are_looked_at() {
    let (allow, kill) = (SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
    for (architecture, audit, _) in ALL {
        let program = program(architecture, rules(PROCESS, THREAD));
        let call = |call, arguments| {
            let number = architecture.number(call).expect("a call of every architecture");
            judge(&program, audit, number, arguments)
        };
        for number in [Call::Mmap, Call::Mprotect] {
            for protection in 0..16 {
                let expected = if protection & 4 == 0 { allow } else { kill };
                assert_eq!(call(number, [1, 2, protection, 4, 5, 6]), expected);
                // The kernel reads only the lower half, and so does the filter.
                assert_eq!(call(number, [1, 2, protection | 1 << 40, 4, 5, 6]), expected);
            }
        }
        for advice in 0..110 {
            let expected = if [4, 8].contains(&advice) { allow } else { kill };
            assert_eq!(call(Call::Madvise, [0, 4096, advice, 0, 0, 0]), expected, "advice {advice}");
        }
        for target in [0, 1, u64::from(PROCESS) - 1, u64::from(PROCESS), u64::from(THREAD), u64::MAX] {
            let allowed = |only: u32| if target == u64::from(only) { allow } else { kill };
            assert_eq!(call(Call::Tkill, [target, 6, 0, 0, 0, 0]), allowed(THREAD));
            assert_eq!(call(Call::Tgkill, [target, u64::from(PROCESS), 6, 0, 0, 0]), allowed(PROCESS));
        }
    }
}
