//! The attempts, each a few lines of C-like code. Each returns `did it` or `refused: ERRNO`, or what it found.
#![allow(unsafe_code)] // system calls, and memory that belongs to nobody

use libc::{c_int, c_long, c_void};
use std::ffi::CStr;
use std::io::Error;
use std::os::fd::AsRawFd;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use tests::canary;
use wagather_sandbox::channel::Channel;

/// What an attempt may need to know.
pub(crate) struct Facts<'a> {
    /// Its word on the command line.
    pub(crate) word: &'a str,
    /// The process of the broker.
    pub(crate) broker: libc::pid_t,
    /// The channel.
    pub(crate) channel: &'a Channel,
}

type Attempt = fn(&Facts<'_>) -> String;

const ATTEMPTS: &[(&str, Attempt)] = &[
    ("open", |_| open(c"/etc/passwd", libc::O_RDONLY)),
    ("open-environ", |_| open(c"/proc/self/environ", libc::O_RDONLY)),
    ("open-memory", |_| open(c"/proc/self/mem", libc::O_RDWR)),
    ("mkdir", |facts| {
        let path = std::ffi::CString::new(facts.word).expect("a path");
        call(libc::SYS_mkdirat, [libc::AT_FDCWD as c_long, path.as_ptr() as c_long, 0o700])
    }),
    ("connect", connect),
    ("fork", |_| fork()),
    ("thread", |_| match std::thread::Builder::new().spawn(|| ()) {
        Ok(thread) => thread.join().map_or("it panicked".into(), |()| "did it".into()),
        Err(error) => refused(&error),
    }),
    ("exec", |_| {
        let [name, argv] = [c"/bin/true".as_ptr(), null()];
        // SAFETY: a string, and two lists that end with a null pointer.
        unsafe { libc::execve(name, [name, argv].as_ptr(), [argv].as_ptr()) };
        refused(&Error::last_os_error())
    }),
    ("ptrace", |facts| call(libc::SYS_ptrace, [PTRACE_SEIZE, facts.broker.into(), 0])),
    ("kill", |facts| call(libc::SYS_kill, [facts.broker.into(), 0, 0])),
    ("tgkill", |facts| call(libc::SYS_tgkill, [facts.broker.into(), facts.broker.into(), 0])),
    ("read-broker", read_broker),
    ("map-executable", |_| {
        map(libc::PROT_READ | libc::PROT_EXEC).map_or_else(|error| error, |_| "did it".into())
    }),
    ("make-executable", |_| match map(libc::PROT_READ) {
        Ok(at) => call(libc::SYS_mprotect, [at as c_long, 4096, (libc::PROT_READ | libc::PROT_EXEC).into()]),
        Err(error) => error,
    }),
    // 120 bytes of zeros are valid parameters.
    ("io-uring", |_| call(libc::SYS_io_uring_setup, [4, [0_u64; 15].as_mut_ptr() as c_long, 0])),
    // The next identifier of a map: BPF_MAP_GET_NEXT_ID.
    ("bpf", |_| call(libc::SYS_bpf, [12, [0_u64; 16].as_mut_ptr() as c_long, 128])),
    ("userfaultfd", |_| call(libc::SYS_userfaultfd, [0, 0, 0])),
    ("memfd", |_| call(libc::SYS_memfd_create, [c"x".as_ptr() as c_long, 0, 0])),
    ("duplicate", |facts| match facts.channel.socket().try_clone() {
        Ok(_) => "did it".into(),
        Err(error) => refused(&error),
    }),
    ("send-descriptor", |facts| message(libc::SYS_sendmsg, facts)),
    ("receive-descriptor", |facts| message(libc::SYS_recvmsg, facts)),
    ("unlimit", |_| {
        let limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        call(libc::SYS_prlimit64, [0, libc::RLIMIT_CORE as c_long, (&raw const limit) as c_long])
    }),
    ("dumpable", |_| call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 1, 0])),
    ("unshare", |_| call(libc::SYS_unshare, [0, 0, 0])),
    ("getppid", |_| call(libc::SYS_getppid, [0; 3])),
    ("advise", |_| match map(libc::PROT_READ) {
        Ok(at) => call(libc::SYS_madvise, [at as c_long, 4096, libc::MADV_WILLNEED.into()]),
        Err(error) => error,
    }),
    #[cfg(target_arch = "x86_64")]
    ("x32", |_| call(0x4000_0000 | libc::SYS_getpid, [0; 3])),
    #[cfg(target_arch = "x86_64")]
    ("int80", |_| int80()),
    ("descriptors", |_| descriptors()),
    ("environment", |_| {
        let arguments = std::env::args_os().filter(|argument| !argument.is_empty()).count();
        format!("{} variables, {arguments} arguments", std::env::vars_os().count())
    }),
    ("memory", |_| format!("the canary is in memory {} times", canaries())),
    ("exhaust-memory", |_| {
        let mut kept = Vec::new();
        loop {
            // SAFETY: memory that is never used nor freed.
            let at = unsafe { libc::malloc(16 << 20) };
            if at.is_null() {
                return format!("refused after {} MiB", 16 * kept.len());
            }
            kept.push(at as usize);
        }
    }),
    ("abort-without-memory", |_| format!("{} bytes", Vec::<u8>::with_capacity(1 << 40).capacity())),
    ("panic", |_| panic!("an attempt")),
    ("overflow-stack", |_| format!("{}", descend(1))),
    ("spin", |_| {
        loop {
            std::hint::spin_loop();
        }
    }),
    ("nothing", |_| "did it".into()),
];

const PTRACE_SEIZE: c_long = 0x4206;

pub(crate) fn names() -> Vec<&'static str> {
    ATTEMPTS.iter().map(|(name, _)| *name).collect()
}

/// Makes an attempt.
pub(crate) fn attempt(name: &str, facts: &Facts<'_>) -> String {
    match ATTEMPTS.iter().find(|(known, _)| *known == name) {
        Some((_, attempt)) => attempt(facts),
        None => panic!("there is no attempt '{name}'"),
    }
}

fn refused(error: &Error) -> String {
    format!("refused: {}", error.raw_os_error().unwrap_or_default())
}

/// A system call of three numbers.
fn call(number: c_long, [a, b, c]: [c_long; 3]) -> String {
    // SAFETY: the callers pass numbers, and pointers to what lives until the call returns.
    match unsafe { libc::syscall(number, a, b, c, 0, 0) } {
        -1 => refused(&Error::last_os_error()),
        _ => "did it".into(),
    }
}

fn open(path: &CStr, flags: c_int) -> String {
    call(libc::SYS_openat, [libc::AT_FDCWD as c_long, path.as_ptr() as c_long, flags.into()])
}

fn connect(facts: &Facts<'_>) -> String {
    match std::net::TcpStream::connect(facts.word) {
        Ok(_) => "did it".into(),
        Err(error) => refused(&error),
    }
}

fn fork() -> String {
    // SAFETY: the child ends at once.
    match unsafe { libc::fork() } {
        -1 => refused(&Error::last_os_error()),
        // SAFETY: see above.
        0 => unsafe { libc::_exit(0) },
        pid => {
            // SAFETY: waits for the child that was just made, and asks for no status.
            unsafe { libc::waitpid(pid, null_mut(), 0) };
            "did it".into()
        }
    }
}

/// Memory of another process: the broker's copy of a constant, which is at the same place.
fn read_broker(facts: &Facts<'_>) -> String {
    let mut byte = 0_u8;
    let local = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let remote = libc::iovec { iov_base: ATTEMPTS.as_ptr() as *mut c_void, iov_len: 1 };
    // SAFETY: both vectors have one element; the call writes one byte into a variable.
    match unsafe { libc::process_vm_readv(facts.broker, &local, 1, &remote, 1, 0) } {
        -1 => refused(&Error::last_os_error()),
        _ => "did it".into(),
    }
}

fn map(protection: c_int) -> Result<*mut c_void, String> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: new memory, where the kernel chooses.
    match unsafe { libc::mmap(null_mut(), 4096, protection, flags, -1, 0) } {
        libc::MAP_FAILED => Err(refused(&Error::last_os_error())),
        at => Ok(at),
    }
}

/// A message without bytes, as one is that carries descriptors.
fn message(number: c_long, facts: &Facts<'_>) -> String {
    // SAFETY: all zeroes is a valid header: an empty message.
    let header: libc::msghdr = unsafe { std::mem::zeroed() };
    let socket = facts.channel.socket().as_raw_fd();
    call(number, [socket.into(), (&raw const header) as c_long, libc::MSG_DONTWAIT.into()])
}

/// The way in which 32-bit programs call, with other numbers: 20 is getpid there.
#[cfg(target_arch = "x86_64")]
fn int80() -> String {
    let answer: i64;
    // SAFETY: the call takes nothing and answers with a number.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("rax") 20_i64 => answer, out("r8") _, out("r9") _, out("r10") _, out("r11") _)
    };
    if answer > 0 { "did it".into() } else { format!("refused: {}", -answer) }
}

/// Descriptors that a sandbox would inherit if nobody closed them, some far above the others.
pub(crate) fn leave_descriptors_open() {
    for fd in [20, 300, 900] {
        // SAFETY: copies stdout to a number that nothing has.
        assert!(unsafe { libc::dup2(1, fd) } == fd, "descriptor {fd}");
    }
}

/// The open descriptors, found with a call that a sandbox has: reading nothing from each.
fn descriptors() -> String {
    let is_open = |fd: &c_int| {
        let mut byte = 0_u8;
        let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        // SAFETY: writes at most one byte into a variable.
        let read = unsafe { libc::recv(*fd, (&raw mut byte).cast(), 1, flags) };
        read >= 0 || Error::last_os_error().raw_os_error() != Some(libc::EBADF)
    };
    format!("{} descriptors are open", (0..1024).filter(is_open).count())
}

static MAPS: OnceLock<Vec<(usize, usize)>> = OnceLock::new();

/// Remembers what is mapped, since a sandbox cannot look it up. A fork's memory is where its parent's is.
pub(crate) fn remember_maps() {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("/proc");
    let readable =
        maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with('r')));
    // What the kernel shares with every process cannot all be read.
    let own = readable.filter(|line| !line.contains("[v"));
    let ranges = own.map(|line| {
        let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let number = |text| usize::from_str_radix(text, 16).expect("an address");
        (number(start), number(end))
    });
    let _ = MAPS.set(ranges.collect());
}

/// How often the canary is in this process's memory.
fn canaries() -> usize {
    let ranges = MAPS.get().expect("the maps were remembered").iter();
    let mut found = 0;
    for &(start, end) in ranges {
        let last = end - canary::MASKED.len();
        let mut at = start;
        while at < last {
            let first = c_int::from(canary::MASKED[0] ^ canary::MASK);
            // SAFETY: the range was mapped, and nothing was unmapped since. Whatever is there is only looked at.
            let next = unsafe { libc::memchr(std::ptr::with_exposed_provenance(at), first, last - at) };
            if next.is_null() {
                break;
            }
            let is_here = canary::MASKED.iter().enumerate().all(|(index, masked)| {
                // SAFETY: see above; what follows the byte for the canary's length is in the range as well.
                unsafe { next.cast::<u8>().add(index).read_volatile() ^ canary::MASK == *masked }
            });
            found += usize::from(is_here);
            at = next.addr() + 1;
        }
    }
    found
}

/// Calls itself until there is no stack left.
fn descend(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 512]);
    if depth == u64::MAX { 0 } else { descend(depth + 1) + frame[1] }
}
