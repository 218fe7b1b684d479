//! `--token`: removes the token from this process before anything else happens.
//!
//! Sandboxes are copies of this process, and all users of the machine can see the command line. So the program
//! executes itself again without the token in its arguments. The new process reads the token from a pipe when it
//! opens the cluster. At that time, the sandboxes have started and have closed their copies of the pipe.

use host_min::{Class, Failure};
use std::ffi::OsString;
use std::io::{self, PipeReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use wagather_cli::typed::Words;

/// The capacity of a pipe on any kernel: a write of this size does not wait for a reader.
const MAX_TOKEN_BYTES: usize = 4096;

/// Executes the program again; returns only if that fails. `keep_open` makes the pipe survive the exec.
pub(super) fn start_again(
    words: &Words,
    token: &OsString,
    keep_open: fn(&PipeReader) -> io::Result<()>,
) -> Failure {
    let failure = |reason: &dyn std::fmt::Display| {
        Failure::new(Class::Config, "cannot hide the token of --token", reason)
            .advise("use --token-file instead")
    };
    if token.len() > MAX_TOKEN_BYTES {
        return failure(&format_args!("it has more than {MAX_TOKEN_BYTES} bytes"));
    }
    let again = io::pipe().and_then(|(from, mut to)| {
        to.write_all(token.as_bytes())?;
        keep_open(&from)?;
        let program = std::env::current_exe()?;
        let path = format!("/dev/fd/{}", from.as_raw_fd());
        let mut command = Command::new(program);
        command.args(words.typed_with("token", "token-file", path.as_ref()));
        drop(to);
        Err::<(), _>(command.exec())
    });
    match again {
        Err(error) => failure(&error),
        Ok(()) => failure(&"it did not start"),
    }
}
