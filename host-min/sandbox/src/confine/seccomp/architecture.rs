//! The architectures that have a filter, and their numbers of the calls on its list.
//!
//! The numbers are written down for all of them, so that each architecture's filter is tested wherever the tests run. A build
//! compares the numbers of its own architecture with the C library's.

/// A call that a sandbox may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Recvfrom,
    Sendto,
    Recv,
    Send,
    Write,
    Writev,
    /// On arm, this is `mmap2`, which takes the offset in pages. Everything else is the same.
    Mmap,
    Munmap,
    Mremap,
    Brk,
    Mprotect,
    Madvise,
    RtSigaction,
    RtSigreturn,
    RtSigprocmask,
    Getpid,
    Gettid,
    Tkill,
    Tgkill,
    ExitGroup,
    Exit,
}

impl Call {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Exit as usize + 1;
}

/// An architecture, as the kernel tells a filter.
#[derive(Debug)]
pub(super) struct Architecture {
    /// Its name (`linux/audit.h`).
    pub(super) audit: u32,
    /// The numbers of its calls, in the order of [`Call`].
    numbers: &'static [Option<u32>; Call::COUNT],
}

impl Architecture {
    /// The number of a call. `None` if the architecture does not have it.
    pub(super) const fn number(&self, call: Call) -> Option<u32> {
        self.numbers[call as usize]
    }
}

/// The kernel's name of a little-endian architecture: the number of the machine in ELF files, and two bits.
const fn name(machine: u32, bits: u32) -> u32 {
    let wide = if bits == 64 { 1 << 31 } else { 0 };
    let little_endian = 1 << 30;
    machine | wide | little_endian
}

pub(super) const X86_64: Architecture = Architecture { audit: name(62, 64), numbers: &NUMBERS[0] };
pub(super) const AARCH64: Architecture = Architecture { audit: name(183, 64), numbers: &NUMBERS[1] };
pub(super) const RISCV64: Architecture = Architecture { audit: name(243, 64), numbers: &NUMBERS[1] };
pub(super) const ARM: Architecture = Architecture { audit: name(40, 32), numbers: &NUMBERS[2] };
pub(super) const POWERPC64: Architecture = Architecture { audit: name(21, 64), numbers: &NUMBERS[3] };

/// The one that this is built for. `None` if there is no filter for it.
pub(super) const NATIVE: Option<Architecture> = if cfg!(target_endian = "big") {
    None
} else if cfg!(all(target_arch = "x86_64", target_pointer_width = "64")) {
    Some(X86_64)
} else if cfg!(all(target_arch = "aarch64", target_pointer_width = "64")) {
    Some(AARCH64)
} else if cfg!(target_arch = "riscv64") {
    Some(RISCV64)
} else if cfg!(target_arch = "arm") {
    Some(ARM)
} else if cfg!(target_arch = "powerpc64") {
    Some(POWERPC64)
} else {
    None
};

/// What a row has for a call that the architecture does not have.
const NONE: i32 = -1;

/// The numbers of x86_64, of the newer architectures, of arm and of powerpc64.
#[rustfmt::skip]
const ROWS: [(Call, [i32; 4]); Call::COUNT] = [
    (Call::Recvfrom,      [  45,  207,  292,  337]),
    (Call::Sendto,        [  44,  206,  290,  335]),
    (Call::Recv,          [NONE, NONE,  291,  336]),
    (Call::Send,          [NONE, NONE,  289,  334]),
    (Call::Write,         [   1,   64,    4,    4]),
    (Call::Writev,        [  20,   66,  146,  146]),
    (Call::Mmap,          [   9,  222,  192,   90]),
    (Call::Munmap,        [  11,  215,   91,   91]),
    (Call::Mremap,        [  25,  216,  163,  163]),
    (Call::Brk,           [  12,  214,   45,   45]),
    (Call::Mprotect,      [  10,  226,  125,  125]),
    (Call::Madvise,       [  28,  233,  220,  205]),
    (Call::RtSigaction,   [  13,  134,  174,  173]),
    (Call::RtSigreturn,   [  15,  139,  173,  172]),
    (Call::RtSigprocmask, [  14,  135,  175,  174]),
    (Call::Getpid,        [  39,  172,   20,   20]),
    (Call::Gettid,        [ 186,  178,  224,  207]),
    (Call::Tkill,         [ 200,  130,  238,  208]),
    (Call::Tgkill,        [ 234,  131,  268,  250]),
    (Call::ExitGroup,     [ 231,   94,  248,  234]),
    (Call::Exit,          [  60,   93,    1,    1]),
];

/// The columns of the table, each in the order of [`Call`].
static NUMBERS: [[Option<u32>; Call::COUNT]; 4] = [column(0), column(1), column(2), column(3)];

const fn column(column: usize) -> [Option<u32>; Call::COUNT] {
    let mut numbers = [None; Call::COUNT];
    let mut at = 0;
    while at < ROWS.len() {
        let (call, row) = ROWS[at];
        assert!(call as usize == at, "the rows are not in the order of the calls");
        if row[column] != NONE {
            numbers[at] = Some(row[column].cast_unsigned());
        }
        at += 1;
    }
    numbers
}

/// The C library's numbers.
const LIBC: &[(Call, libc::c_long)] = &[
    (Call::Recvfrom, libc::SYS_recvfrom),
    (Call::Sendto, libc::SYS_sendto),
    #[cfg(any(target_arch = "arm", target_arch = "powerpc64"))]
    (Call::Recv, libc::SYS_recv),
    #[cfg(any(target_arch = "arm", target_arch = "powerpc64"))]
    (Call::Send, libc::SYS_send),
    (Call::Write, libc::SYS_write),
    (Call::Writev, libc::SYS_writev),
    #[cfg(not(target_arch = "arm"))]
    (Call::Mmap, libc::SYS_mmap),
    #[cfg(target_arch = "arm")]
    (Call::Mmap, libc::SYS_mmap2),
    (Call::Munmap, libc::SYS_munmap),
    (Call::Mremap, libc::SYS_mremap),
    (Call::Brk, libc::SYS_brk),
    (Call::Mprotect, libc::SYS_mprotect),
    (Call::Madvise, libc::SYS_madvise),
    (Call::RtSigaction, libc::SYS_rt_sigaction),
    (Call::RtSigreturn, libc::SYS_rt_sigreturn),
    (Call::RtSigprocmask, libc::SYS_rt_sigprocmask),
    (Call::Getpid, libc::SYS_getpid),
    (Call::Gettid, libc::SYS_gettid),
    (Call::Tkill, libc::SYS_tkill),
    (Call::Tgkill, libc::SYS_tgkill),
    (Call::ExitGroup, libc::SYS_exit_group),
    (Call::Exit, libc::SYS_exit),
];

const _: () = {
    if let Some(native) = NATIVE {
        let mut at = 0;
        while at < LIBC.len() {
            let (call, number) = LIBC[at];
            assert!(
                matches!(native.number(call), Some(ours) if ours as libc::c_long == number),
                "a number is not the C library's"
            );
            at += 1;
        }
    }
};
