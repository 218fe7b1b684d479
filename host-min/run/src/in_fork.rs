//! A part of the work in a process of its own, so that this one has nothing of it but the result.

use crate::codec::Codec;
use std::io::{self, Read, Write};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork;
use wagather_sandbox::process::SingleThreaded;

/// Runs a function in a forked process, so that this process has nothing of it but the result.
pub(crate) fn in_fork<T: Codec>(
    single_threaded: SingleThreaded,
    what: &str,
    work: impl FnOnce() -> T,
) -> Result<T> {
    let failure = |reason: &dyn std::fmt::Display| {
        Failure::new(Class::Internal, format!("cannot {what} in a separate process"), reason)
    };
    let (mut from, mut to) = io::pipe().map_err(|error| failure(&error))?;
    // The closure takes the pipe's end, so reading below ends when the forked process ends.
    let process = fork::fork(single_threaded, move || {
        abort_on_panic();
        let mut bytes = Vec::new();
        work().encode(&mut bytes);
        let _ = to.write_all(&bytes);
    });
    let process = process.map_err(|error| failure(&error))?;
    let mut bytes = Vec::new();
    let read = from.read_to_end(&mut bytes);
    let exit = fork::wait(process);
    read.map_err(|error| failure(&error))?;
    T::decode(&mut &bytes[..]).ok_or_else(|| match exit.signal {
        Some(signal) => failure(&format_args!("it was killed by signal {signal}")),
        None => failure(&"it exited without a result"),
    })
}

/// Makes a panic on any thread end the process like a crash, after it was reported.
pub(crate) fn abort_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
}
