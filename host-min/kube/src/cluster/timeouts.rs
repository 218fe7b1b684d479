//! How long each part of an exchange may take, and what is said when it took longer.
//!
//! | timeout | from | to |
//! |---|---|---|
//! | connect | the look-up of the name | the end of the TLS handshake |
//! | first byte | the request was sent | the first byte of the answer's head |
//! | idle | a read of the answer begins | it brings a byte |
//! | the call's deadline | | the end of the answer |
//!
//! Only the deadline bounds a server that sends a byte now and then. That it has passed is [`ErrorKind::TimedOut`]: there
//! is no time to ask again. The others end the connection while there is time left, so they are
//! [`ErrorKind::ConnectionAborted`], like a connection that broke.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use wagather_base::stop;

/// The timeouts of a cluster's connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) first_byte: Duration,
    pub(super) idle: Duration,
}

/// When the reads and writes of a socket give up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) deadline: Instant,
    pub(super) silence: Silence,
}

/// How long nothing may come, if that is shorter than until the deadline.
#[derive(Clone, Copy, Debug)]
pub(super) enum Silence {
    /// Only the deadline counts.
    Any,
    /// Until then, whatever reads there are.
    Until(Instant),
    /// So long in each read.
    For(Duration),
}

impl Limits {
    pub(super) const fn only(deadline: Instant) -> Limits {
        Limits { deadline, silence: Silence::Any }
    }

    /// When a read that begins now must have brought something.
    pub(super) fn of_read(&self, now: Instant) -> Instant {
        match self.silence {
            Silence::Any => self.deadline,
            Silence::Until(end) => end.min(self.deadline),
            Silence::For(time) => after(now, time, self.deadline),
        }
    }

    /// The error of a read that brought nothing by then.
    pub(super) fn passed(&self, now: Instant) -> io::Error {
        if now >= self.deadline {
            io::Error::from(ErrorKind::TimedOut)
        } else {
            io::Error::new(ErrorKind::ConnectionAborted, Silent)
        }
    }
}

/// Some time after now, but not after the deadline.
pub(super) fn after(now: Instant, time: Duration, deadline: Instant) -> Instant {
    now.checked_add(time).map_or(deadline, |end| end.min(deadline))
}

/// Nothing came for too long, while the deadline was not there yet.
#[derive(Debug)]
struct Silent;

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no data arrived for too long")
    }
}

impl std::error::Error for Silent {}

/// Whether it was silence that ended a read.
pub(super) fn is_silence(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Silent>())
}

/// An error in words that are for people already.
#[derive(Debug)]
struct Explained(String);

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Explained {}

/// The words of an error that has some.
pub(super) fn explanation(error: &io::Error) -> Option<&str> {
    error.get_ref()?.downcast_ref::<Explained>().map(|Explained(text)| text.as_str())
}

/// Says which timeout it was that a head was waited for in vain, and how long it is; other errors as they are. `time` is what
/// there was until the deadline.
pub(super) fn explain_head(error: io::Error, timeouts: &Timeouts, begun: bool, time: Duration) -> io::Error {
    if is_silence(&error) {
        let (time, which) = match begun {
            false => (timeouts.first_byte, "until the first byte (--first-byte-timeout)"),
            true => (timeouts.idle, "without a byte within the response's head (--idle-timeout)"),
        };
        let text = format!("no response in time: {} {which}", seconds(time));
        return io::Error::new(ErrorKind::ConnectionAborted, Explained(text));
    }
    explain_deadline(error, "no response in time", time)
}

/// The same of a body, of which so many bytes have come.
pub(super) fn explain_body(error: io::Error, timeouts: &Timeouts, bytes: u64, time: Duration) -> io::Error {
    if is_silence(&error) {
        let time = seconds(timeouts.idle);
        let text = format!("it stopped sending: no byte for {time} (--idle-timeout), after {bytes} bytes");
        return io::Error::new(ErrorKind::ConnectionAborted, Explained(text));
    }
    explain_deadline(error, "no complete response in time", time)
}

/// The error of a wait that ends because the run is to, or because nobody wants the answer any more.
pub(super) fn stopped() -> Option<io::Error> {
    stop::why().map(|why| io::Error::new(ErrorKind::ConnectionAborted, Explained(why.into())))
}

fn explain_deadline(error: io::Error, what: &str, time: Duration) -> io::Error {
    if error.kind() != ErrorKind::TimedOut {
        return error;
    }
    let text = format!("{what}: {} {ALL_TIME}", seconds(time));
    io::Error::new(ErrorKind::TimedOut, Explained(text))
}

/// Whose time it is that a deadline ends.
pub(super) const ALL_TIME: &str = "(--request-timeout, or the rest of --timeout)";

/// A time for people, in tenths of a second: `10 s`, `1.5 s`; below a tenth in milliseconds.
pub(super) fn seconds(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    match (tenths / 10, tenths % 10) {
        (0, 0) => format!("{} ms", time.as_millis()),
        (whole, 0) => format!("{whole} s"),
        (whole, tenth) => format!("{whole}.{tenth} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_for_people() {
        let of = |millis| seconds(Duration::from_millis(millis));
        assert_eq!((of(10_000), of(1_500), of(9_970)), ("10 s".into(), "1.5 s".into(), "10 s".into()));
        assert_eq!((of(120_049), of(150), of(49)), ("120 s".into(), "0.2 s".into(), "49 ms".into()));
    }

    #[test]
    fn silence_is_told_from_the_deadline() {
        let now = Instant::now();
        let deadline = now + Duration::from_secs(60);
        let limits = Limits { deadline, silence: Silence::For(Duration::from_secs(15)) };
        assert_eq!(limits.of_read(now), now + Duration::from_secs(15));
        assert_eq!(limits.of_read(deadline - Duration::from_secs(1)), deadline);
        let silent = limits.passed(now + Duration::from_secs(15));
        assert!(is_silence(&silent) && silent.kind() == ErrorKind::ConnectionAborted);
        let late = limits.passed(deadline);
        assert!(!is_silence(&late) && late.kind() == ErrorKind::TimedOut);
        let until = Limits { deadline, silence: Silence::Until(now + Duration::from_secs(30)) };
        assert_eq!(until.of_read(now + Duration::from_secs(20)), now + Duration::from_secs(30));
        let endless = Limits { deadline, silence: Silence::For(Duration::MAX) };
        assert_eq!((endless.of_read(now), Limits::only(deadline).of_read(now)), (deadline, deadline));
    }
}
