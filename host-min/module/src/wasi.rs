//! The functions of WASI preview 1: which of them a sandbox implements, and how the others fail.
//!
//! A gatherer that imports one declares it in its manifest. WASI gives a gatherer no additional access: the sandbox
//! implements the functions. Only log lines, requests for the time, and the exit leave the sandbox.

use wasmparser::{FuncType, ValType};

/// The module from which they are imported.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// An implemented function.
#[allow(non_camel_case_types)] // as they are imported
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wasi {
    args_get,
    args_sizes_get,
    environ_get,
    environ_sizes_get,
    clock_res_get,
    clock_time_get,
    fd_fdstat_get,
    fd_fdstat_set_flags,
    fd_write,
    poll_oneoff,
    proc_exit,
    random_get,
    sched_yield,
}

/// The file descriptor is not open.
const BADF: u8 = 8;
/// The function is not supported.
const NOSYS: u8 = 52;

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The sandbox implements it.
    Given(Wasi),
    /// It returns this number.
    Refused(u8),
}

/// An imported function that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub name: &'static str,
    /// Its parameters: `i` for 32 bits, `I` for 64. Its result has 32 bits.
    pub params: &'static str,
    /// The returned number.
    pub number: u8,
}

/// A function: its name, its parameters (`i` for 32 bits, `I` for 64), and the outcome of a call. All except
/// `proc_exit` have a 32-bit result.
pub(super) type Row = (&'static str, &'static str, Answer);

const fn given(name: &'static str, params: &'static str, wasi: Wasi) -> Row {
    (name, params, Answer::Given(wasi))
}

const fn file(name: &'static str, params: &'static str) -> Row {
    (name, params, Answer::Refused(BADF))
}

const fn other(name: &'static str, params: &'static str) -> Row {
    (name, params, Answer::Refused(NOSYS))
}

const ROWS: &[Row] = &[
    given("args_get", "ii", Wasi::args_get),
    given("args_sizes_get", "ii", Wasi::args_sizes_get),
    given("environ_get", "ii", Wasi::environ_get),
    given("environ_sizes_get", "ii", Wasi::environ_sizes_get),
    given("clock_res_get", "ii", Wasi::clock_res_get),
    given("clock_time_get", "iIi", Wasi::clock_time_get),
    given("fd_fdstat_get", "ii", Wasi::fd_fdstat_get),
    given("fd_fdstat_set_flags", "ii", Wasi::fd_fdstat_set_flags),
    given("fd_write", "iiii", Wasi::fd_write),
    given("poll_oneoff", "iiii", Wasi::poll_oneoff),
    given("proc_exit", "i", Wasi::proc_exit),
    given("random_get", "ii", Wasi::random_get),
    given("sched_yield", "", Wasi::sched_yield),
    file("fd_advise", "iIIi"),
    file("fd_allocate", "iII"),
    file("fd_close", "i"),
    file("fd_datasync", "i"),
    file("fd_fdstat_set_rights", "iII"),
    file("fd_filestat_get", "ii"),
    file("fd_filestat_set_size", "iI"),
    file("fd_filestat_set_times", "iIIi"),
    file("fd_pread", "iiiIi"),
    file("fd_prestat_get", "ii"),
    file("fd_prestat_dir_name", "iii"),
    file("fd_pwrite", "iiiIi"),
    file("fd_read", "iiii"),
    file("fd_readdir", "iiiIi"),
    file("fd_renumber", "ii"),
    file("fd_seek", "iIii"),
    file("fd_sync", "i"),
    file("fd_tell", "ii"),
    other("path_create_directory", "iii"),
    other("path_filestat_get", "iiiii"),
    other("path_filestat_set_times", "iiiiIIi"),
    other("path_link", "iiiiiii"),
    other("path_open", "iiiiiIIii"),
    other("path_readlink", "iiiiii"),
    other("path_remove_directory", "iii"),
    other("path_rename", "iiiiii"),
    other("path_symlink", "iiiii"),
    other("path_unlink_file", "iii"),
    other("proc_raise", "i"),
    other("sock_accept", "iii"),
    other("sock_recv", "iiiiii"),
    other("sock_send", "iiiii"),
    other("sock_shutdown", "ii"),
];

impl Wasi {
    fn row(self) -> &'static Row {
        // The implemented functions come first, in the order of the enum.
        &ROWS[self as usize]
    }

    /// The name of the import.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Its parameters: `i` for 32 bits, `I` for 64.
    pub fn params(self) -> &'static str {
        self.row().1
    }

    /// Whether it returns, with a number.
    pub fn has_result(self) -> bool {
        self != Wasi::proc_exit
    }
}

/// The function with this name, and the outcome of a call.
pub(super) fn find(name: &str) -> Option<Row> {
    ROWS.iter().find(|row| row.0 == name).copied()
}

/// Whether a function with these parameters has this type.
pub(super) fn fits(params: &str, answer: Answer, ty: &FuncType) -> bool {
    let results: &[ValType] = if answer == Answer::Given(Wasi::proc_exit) { &[] } else { &[ValType::I32] };
    let expected = params.bytes().map(|letter| if letter == b'I' { ValType::I64 } else { ValType::I32 });
    ty.results() == results && ty.params().iter().copied().eq(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_that_are_answered_come_first() {
        for (index, (name, params, answer)) in ROWS.iter().enumerate() {
            assert_eq!(find(name), Some((*name, *params, *answer)), "{name} comes twice");
            match answer {
                Answer::Given(wasi) => assert_eq!((wasi.name(), *wasi as usize), (*name, index)),
                Answer::Refused(_) => assert!(index > Wasi::sched_yield as usize, "{name}"),
            }
        }
        // Preview 1 has 46 functions.
        assert_eq!(ROWS.len(), 46);
    }
}
