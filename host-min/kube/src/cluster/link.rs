//! What the link to the server is like, as far as it was measured: it decides whether answers come compressed.
//!
//! The address says little: a tunnel to a cluster far away ends on this machine. What counts is how long the server is away, which
//! the TLS handshake tells before the first request, and how fast an answer comes. What that is worth is in
//! `docs/transport.md`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::compression::Compression;

/// A handshake that takes longer goes to a server that is not nearby. On one machine and within a data centre it takes 1 to 3 ms, most of
/// it arithmetic.
const NEARBY: Duration = Duration::from_millis(8);
/// Below this rate, compression pays. Measured, the rates meet between 12 and 120 MB/s.
const SLOW_BYTES_PER_SECOND: u64 = 20_000_000;
/// How much of an answer tells the rate.
const TELLING_BYTES: u64 = 512 << 10;

/// The link to a server.
pub(super) struct Link {
    /// Whether measurements count.
    adapts: bool,
    /// Whether the next request asks for a compressed answer.
    gzip: AtomicBool,
}

impl Link {
    /// A link that nothing is known of. Without TLS there is no handshake to tell how far away the server is. As API servers speak
    /// TLS, what does not is a way to one, and the link is taken for a slow one.
    pub(super) fn new(compression: Compression, plain_answers: bool, has_tls: bool) -> Link {
        let (adapts, gzip) = match compression {
            Compression::Auto if plain_answers => (false, false),
            Compression::Auto => (true, !has_tls),
            Compression::Gzip => (false, true),
            Compression::None => (false, false),
        };
        Link { adapts, gzip: AtomicBool::new(gzip) }
    }

    /// Whether a request that is sent now asks for a compressed answer.
    pub(super) fn wants_gzip(&self) -> bool {
        self.gzip.load(Ordering::Relaxed)
    }

    /// Whether the rate of answers still decides something.
    pub(super) fn is_measured(&self) -> bool {
        self.adapts && !self.wants_gzip()
    }

    /// A TLS handshake took so long.
    pub(super) fn handshake_took(&self, time: Duration) {
        if self.adapts && time > NEARBY {
            self.gzip.store(true, Ordering::Relaxed);
        }
    }

    /// So much of a plain answer has come, after waiting for it so long.
    pub(super) fn received(&self, bytes: u64, waited: Duration) {
        let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        let is_slow = bytes.saturating_mul(1_000_000) / SLOW_BYTES_PER_SECOND < micros;
        if self.is_measured() && bytes >= TELLING_BYTES && is_slow {
            self.gzip.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto() -> Link {
        Link::new(Compression::Auto, false, true)
    }

    #[test]
    fn options_and_kubeconfig_are_not_overruled() {
        for (compression, plain_answers, gzip) in [
            (Compression::Gzip, true, true),
            (Compression::None, false, false),
            (Compression::Auto, true, false),
        ] {
            for has_tls in [false, true] {
                let link = Link::new(compression, plain_answers, has_tls);
                assert_eq!((link.wants_gzip(), link.is_measured()), (gzip, false), "{compression:?}");
                link.handshake_took(Duration::from_secs(1));
                link.received(1 << 20, Duration::from_secs(9));
                assert_eq!(link.wants_gzip(), gzip, "{compression:?}");
            }
        }
    }

    #[test]
    fn a_server_far_away_compresses_from_the_first_answer() {
        let link = auto();
        link.handshake_took(Duration::from_millis(2));
        assert!(!link.wants_gzip() && link.is_measured());
        link.handshake_took(Duration::from_millis(50));
        assert!(link.wants_gzip() && !link.is_measured());
        // Once it is known to be far, a quick handshake says nothing: sessions are resumed.
        link.handshake_took(Duration::from_millis(2));
        assert!(link.wants_gzip());
        assert!(Link::new(Compression::Auto, false, false).wants_gzip(), "a way to a server");
    }

    #[test]
    fn a_slow_answer_is_the_last_plain_one() {
        let link = auto();
        // 100 MB/s; 50 Mbit/s, but too little of it; nothing at all.
        link.received(10_000_000, Duration::from_millis(100));
        link.received(62_500, Duration::from_millis(10));
        link.received(0, Duration::from_secs(1));
        assert!(!link.wants_gzip());
        link.received(625_000, Duration::from_millis(100));
        assert!(link.wants_gzip());
        let link = auto();
        link.received(u64::MAX, Duration::ZERO);
        assert!(!link.wants_gzip());
        link.received(u64::MAX, Duration::MAX);
    }
}
