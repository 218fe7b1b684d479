//! Sockets that the service manager opened for this process (`sd_listen_fds(3)`).
#![allow(unsafe_code)] // a descriptor that another program names as a number

use std::env;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// The first of them, as the protocol says.
const FIRST: RawFd = 3;

/// More of them are a mistake.
const MAX_SOCKETS: RawFd = 64;

static TAKEN: AtomicBool = AtomicBool::new(false);

/// The sockets that the service manager opened for this process, in its order; empty if there are none, or if they were taken before.
///
/// Call it at the start of the program, before anything else opens files: it takes the descriptors from 3 on, as many as the variable
/// `LISTEN_FDS` says, if `LISTEN_PID` names this process.
pub fn sockets() -> io::Result<Vec<OwnedFd>> {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<RawFd>().ok());
    let is_for_us = number("LISTEN_PID").is_some_and(|pid| u32::try_from(pid) == Ok(std::process::id()));
    let count = number("LISTEN_FDS").filter(|count| (1..=MAX_SOCKETS).contains(count));
    match count.filter(|_| is_for_us && !TAKEN.swap(true, Ordering::Relaxed)) {
        None => Ok(Vec::new()),
        Some(count) => (FIRST..FIRST + count).map(take).collect(),
    }
}

fn take(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: asks about a number, and touches no memory.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    if flags == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open, as was just seen. It belongs to this process and to nobody in it, because the service manager says
    // so with this process's number, and TAKEN lets only one call come here.
    let socket = unsafe { OwnedFd::from_raw_fd(number) };
    // SAFETY: changes a flag of a descriptor that is open, and touches no memory.
    if unsafe { libc::fcntl(number, libc::F_SETFD, flags | libc::FD_CLOEXEC) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::process::{Command, Stdio};

    /// Says that this process is the child, and where its socket is.
    const CHILD: &str = "WAGATHER_TEST_SOCKET";

    /// Runs itself as the service manager would: with a socket as descriptor 3.
    #[test]
    fn sockets_are_taken_once_by_whom_they_are_for() {
        if let Some(path) = env::var_os(CHILD) {
            let is_for_us = env::var("LISTEN_PID").is_ok_and(|pid| pid == std::process::id().to_string());
            let mut sockets = sockets().expect("sockets");
            assert_eq!(sockets.len(), usize::from(is_for_us));
            if let Some(socket) = sockets.pop() {
                let flags = std::fs::read_to_string("/proc/self/fdinfo/3").expect("a descriptor");
                assert!(
                    flags.lines().any(|line| line.starts_with("flags:") && line.contains("02000002")),
                    "{flags}"
                );
                let address = UnixListener::from(socket).local_addr().expect("an address");
                assert_eq!(address.as_pathname().map(AsRef::as_ref), Some(&*path));
                assert!(super::sockets().expect("none").is_empty(), "taken twice");
            }
            return;
        }
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("socket");
        for pid in ["$$", "1"] {
            let socket = UnixListener::bind(&path).expect("a socket");
            let script = format!("LISTEN_PID={pid} LISTEN_FDS=1 exec \"$0\" --exact \"$1\" 3<&0 </dev/null");
            let output = Command::new("sh")
                .args(["-c", &script])
                .arg(env::current_exe().expect("this program"))
                .arg("inherited::tests::sockets_are_taken_once_by_whom_they_are_for")
                .env(CHILD, &path)
                .stdin(Stdio::from(OwnedFd::from(socket)))
                .output()
                .expect("sh");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{pid}: {said}");
            std::fs::remove_file(&path).expect("a socket");
        }
    }
}
