//! The process for which a thread works. When it has ended, nobody wants the result any more, so every wait of the thread ends.
//!
//! A broker's thread waits for a server while a sandbox waits for the answer. If the kernel kills that sandbox, the socket between both
//! hangs up. Code that waits for a server checks this between two [slices](crate::stop::slice) of time, as it checks for signals.

use super::fork;
use std::cell::Cell;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// How often a thread that is never kept waiting looks: a look is a system call.
const PERIOD: Duration = Duration::from_millis(20);

/// Why a wait ended before its time.
pub const ENDED: &str = "the sandbox that waits for it has ended";

thread_local! {
    static PEER: Cell<Option<Peer>> = const { Cell::new(None) };
}

#[derive(Clone, Copy)]
struct Peer {
    socket: RawFd,
    /// When it was last looked at.
    looked: Instant,
    has_ended: bool,
}

/// A thread works for a peer until this value is dropped, on the same thread.
#[derive(Debug)]
pub struct Working(PhantomData<*const ()>);

/// From now on, this thread works for the process at the other end of the socket, which stays open until the value is dropped.
pub fn work_for(socket: BorrowedFd<'_>) -> Working {
    PEER.set(Some(Peer { socket: socket.as_raw_fd(), looked: Instant::now(), has_ended: false }));
    Working(PhantomData)
}

impl Drop for Working {
    fn drop(&mut self) {
        PEER.set(None);
    }
}

/// Whether this thread works for a peer.
pub(crate) fn is_there() -> bool {
    PEER.get().is_some()
}

/// Whether this thread works for a peer that has ended.
pub fn has_ended() -> bool {
    let Some(mut peer) = PEER.get() else { return false };
    let now = Instant::now();
    if !peer.has_ended && now.saturating_duration_since(peer.looked) >= PERIOD {
        peer.has_ended = fork::hung_up(peer.socket);
        peer.looked = now;
        PEER.set(Some(peer));
    }
    peer.has_ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    /// Bytes that nobody has read yet are no end, and a thread without a peer has none that could end.
    #[test]
    fn an_end_is_noticed_and_nothing_else() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        std::io::Write::write_all(&mut theirs, b"more").expect("room");
        let working = work_for(ours.as_fd());
        std::thread::sleep(2 * PERIOD);
        assert!(!has_ended() && is_there());
        drop(theirs);
        std::thread::sleep(2 * PERIOD);
        assert!(has_ended());
        std::thread::scope(|scope| {
            let other = scope.spawn(|| has_ended() || is_there());
            assert!(!other.join().expect("a thread"));
        });
        drop(working);
        assert!(!has_ended() && !is_there());
    }
}
