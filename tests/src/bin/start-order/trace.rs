//! Runs a program, its forks and its threads with a breakpoint at each function (`ptrace(2)`).
#![allow(unsafe_code)] // system calls that std does not have

use super::Result;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus};

/// The instruction `int3`, which stops a process with SIGTRAP.
const BREAKPOINT: u8 = 0xcc;

/// The addresses of the functions that were called, each once, in the order of their first calls. Addresses are as in the program's
/// file.
pub(super) fn called(mut command: Command, program: &Path, functions: &[u64]) -> Result<Vec<u64>> {
    // SAFETY: what runs between fork and exec is one system call.
    unsafe { command.pre_exec(|| ptrace(libc::PTRACE_TRACEME, 0, 0, 0).map(drop)) };
    let child = command.spawn()?;
    let first = child.id().cast_signed();
    wait(first)?;
    let options = libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_EXITKILL;
    ptrace(libc::PTRACE_SETOPTIONS, first, 0, options as usize)?;
    let base = base(first, program)?;
    let (memory, mut replaced) = (memory(first)?, BTreeMap::new());
    for &function in functions {
        let mut byte = [0];
        memory.read_exact_at(&mut byte, base + function)?;
        memory.write_all_at(&[BREAKPOINT], base + function)?;
        replaced.insert(base + function, byte[0]);
    }
    let (mut seen, mut order) = (HashSet::new(), Vec::new());
    go_on(first, 0)?;
    loop {
        let (process, status) = wait(-1)?;
        if status.code().is_some() || status.signal().is_some() {
            if process != first {
                continue;
            }
            let is_fine = status.success();
            return if is_fine { Ok(order) } else { Err(format!("the run failed: {status}").into()) };
        }
        let signal = status.stopped_signal().unwrap_or(0);
        let is_event = status.into_raw() >> 16 != 0;
        if signal == libc::SIGTRAP && !is_event {
            let at = instruction(process)?.wrapping_sub(1);
            let byte = replaced.get(&at).ok_or("a stop that is at no function")?;
            self::memory(process)?.write_all_at(&[*byte], at)?;
            ptrace(libc::PTRACE_POKEUSER, process, INSTRUCTION, at as usize)?;
            if seen.insert(at) {
                order.push(at - base);
            }
        }
        // A stop is how a new process or thread begins to be traced.
        let is_ours = matches!(signal, libc::SIGTRAP | libc::SIGSTOP);
        go_on(process, if is_ours { 0 } else { signal as usize })?;
    }
}

/// Where the first page of the program is in a process.
fn base(process: i32, program: &Path) -> Result<u64> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps"))?;
    let program = program.display().to_string();
    let line = maps.lines().find(|line| line.ends_with(&program)).ok_or("the program is not in memory")?;
    Ok(u64::from_str_radix(line.split('-').next().unwrap_or_default(), 16)?)
}

/// The memory of a process. Through this file, code can be written, too.
fn memory(process: i32) -> std::io::Result<File> {
    File::options().read(true).write(true).open(format!("/proc/{process}/mem"))
}

/// Where the kernel keeps the address of a process's next instruction.
#[cfg(target_arch = "x86_64")]
const INSTRUCTION: usize = std::mem::offset_of!(libc::user_regs_struct, rip);
/// Not used: [`super::main`] refuses other processors.
#[cfg(not(target_arch = "x86_64"))]
const INSTRUCTION: usize = 0;

/// The address of the next instruction.
fn instruction(process: i32) -> Result<u64> {
    // SAFETY: reads a word of a stopped process, which the C library returns.
    let word = unsafe { libc::ptrace(libc::PTRACE_PEEKUSER, process, INSTRUCTION, 0) };
    Ok(u64::from_ne_bytes(word.to_ne_bytes()))
}

/// Lets a process run. One that was killed meanwhile is told of by the next wait.
fn go_on(process: i32, signal: usize) -> Result<()> {
    match ptrace(libc::PTRACE_CONT, process, 0, signal) {
        Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error.into()),
        _ => Ok(()),
    }
}

/// The C library's type for requests.
#[cfg(target_env = "musl")]
type Request = libc::c_int;
#[cfg(not(target_env = "musl"))]
type Request = libc::c_uint;

fn ptrace(request: Request, process: i32, at: usize, data: usize) -> std::io::Result<()> {
    // SAFETY: these requests take numbers and touch no memory of this process.
    match unsafe { libc::ptrace(request, process, at, data) } {
        -1 => Err(std::io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Waits until a traced process stops or ends; -1 stands for any.
fn wait(process: i32) -> Result<(i32, ExitStatus)> {
    let mut status = 0;
    // SAFETY: writes one number that lives until the call returns.
    match unsafe { libc::waitpid(process, &mut status, libc::__WALL) } {
        -1 => Err(std::io::Error::last_os_error().into()),
        process => Ok((process, ExitStatus::from_raw(status))),
    }
}
