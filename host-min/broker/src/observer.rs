//! What a run shows while it goes on: lines of gatherers as they come, and gauges that tell how far each one is.
//!
//! A gauge is looked at, not listened to. The broker stores a few numbers as it goes, and whoever watches reads them when it
//! likes, on a thread of its own: nothing is called for an item, and a server that is silent is seen to be. A run that nobody
//! watches has no gauges.

use std::fmt;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wagather_abi::LogLevel;
use wagather_kube::Response;

/// What a run shows while it goes on.
pub trait Observer: Sync {
    /// A gatherer logged a line: one line of text without control characters.
    fn log(&self, gatherer: &str, level: LogLevel, text: &str);

    /// The gauge of a gatherer, from its start to its end, if anybody wants to look at one. Asked once for each gatherer,
    /// in the order of the command line, before the first request is sent: this is no place to take time.
    fn watch(&self, gatherer: &str) -> Option<Arc<Gauge>> {
        let _ = gatherer;
        None
    }
}

/// Shows nothing.
pub struct Silent;

impl Observer for Silent {
    fn log(&self, _: &str, _: LogLevel, _: &str) {}
}

/// How long a gatherer may be waited for before its gauge wakes whoever watches.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// How far a gatherer is.
pub struct Gauge {
    phase: AtomicU8,
    requests: AtomicU64,
    items: AtomicU64,
    bytes_received: AtomicU64,
    awaits_server: AtomicBool,
    doing: Mutex<Doing>,
    began: Instant,
    took_micros: AtomicU64,
    is_awake: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// The request that is consumed, by its handle and in words.
#[derive(Default)]
struct Doing {
    handle: i32,
    text: String,
}

/// What a gauge shows at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where in its life the gatherer is.
    pub phase: Phase,
    /// HTTP requests, pages included.
    pub requests: u64,
    /// Items of lists and objects that were read or piped.
    pub items: u64,
    /// Bytes of bodies that the server sent.
    pub bytes_received: u64,
    /// The request that it is at, or was last, in the manifest's words: `list v1/pods`. Empty before the first one.
    pub doing: String,
    /// Whether it is the server that is waited for at this moment.
    pub awaits_server: bool,
    /// The time since its start; of one that has ended, the time that it took.
    pub elapsed: Duration,
}

/// Where in its life a gatherer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Its module is validated and compiled; it has called nothing yet.
    #[default]
    Waiting,
    /// It runs.
    Running,
    /// It ended, and did all that it set out to do.
    Complete,
    /// It ended otherwise.
    Failed,
}

impl Phase {
    /// All of them, in the order in which they come.
    pub const ALL: [Phase; 4] = [Phase::Waiting, Phase::Running, Phase::Complete, Phase::Failed];

    /// Whether it has ended.
    pub const fn has_ended(self) -> bool {
        matches!(self, Phase::Complete | Phase::Failed)
    }
}

impl Gauge {
    /// A gauge of a gatherer that starts now. `wake` is called once, as soon as watching delays no first request any more: its
    /// answer has begun, or something is waited for that takes its time. Of a run that is over before, it is never called.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Gauge {
        Gauge {
            phase: AtomicU8::new(Phase::Waiting as u8),
            requests: AtomicU64::new(0),
            items: AtomicU64::new(0),
            bytes_received: AtomicU64::new(0),
            awaits_server: AtomicBool::new(false),
            doing: Mutex::default(),
            began: Instant::now(),
            took_micros: AtomicU64::new(0),
            is_awake: AtomicBool::new(false),
            wake: Box::new(wake),
        }
    }

    /// What it shows.
    pub fn read(&self) -> Progress {
        let phase = Phase::ALL[usize::from(self.phase.load(Ordering::Acquire)) % Phase::ALL.len()];
        let took = Duration::from_micros(self.took_micros.load(Ordering::Relaxed));
        Progress {
            phase,
            requests: self.requests.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            bytes_received: self.bytes_received.load(Ordering::Relaxed),
            doing: self.doing.lock().unwrap_or_else(PoisonError::into_inner).text.clone(),
            awaits_server: self.awaits_server.load(Ordering::Relaxed),
            elapsed: if phase.has_ended() { took } else { self.began.elapsed() },
        }
    }

    /// Whether whoever watches was told that it can begin.
    pub(super) fn is_awake(&self) -> bool {
        self.is_awake.load(Ordering::Relaxed)
    }

    /// Tells whoever watches that it can begin.
    pub(super) fn wake(&self) {
        if !self.is_awake.swap(true, Ordering::Relaxed) {
            (self.wake)();
        }
    }

    /// The gatherer has called, and used so much by now.
    pub(super) fn called(&self, requests: u64, items: u64) {
        self.requests.store(requests, Ordering::Relaxed);
        self.items.store(items, Ordering::Relaxed);
        self.phase.store(Phase::Running as u8, Ordering::Relaxed);
    }

    /// The gatherer turns to the request of that handle.
    pub(super) fn turn_to(&self, handle: i32, describe: impl FnOnce() -> String) {
        let mut doing = self.doing.lock().unwrap_or_else(PoisonError::into_inner);
        if doing.handle != handle {
            *doing = Doing { handle, text: describe() };
        }
    }

    /// The gatherer has ended.
    pub(super) fn end(&self, is_complete: bool) {
        let phase = if is_complete { Phase::Complete } else { Phase::Failed };
        let took = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.took_micros.store(took, Ordering::Relaxed);
        // Who sees the end sees the time that it took.
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Does something that waits for the server.
    pub(super) fn awaiting<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.awaits_server.store(true, Ordering::Relaxed);
        let value = wait();
        self.awaits_server.store(false, Ordering::Relaxed);
        value
    }

    /// A response whose body is counted as it comes.
    pub(super) fn over(self: &Arc<Self>, response: Response) -> Response {
        Response { body: Box::new(Watched { body: response.body, gauge: self.clone() }), ..response }
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

/// A body under a gauge.
struct Watched {
    body: Box<dyn Read + Send>,
    gauge: Arc<Gauge>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.gauge.awaiting(|| self.body.read(buffer))?;
        self.gauge.bytes_received.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_shows_a_life() {
        let gauge = Arc::new(Gauge::new(|| {}));
        assert_eq!(gauge.read().phase, Phase::Waiting);
        gauge.called(2, 30);
        gauge.turn_to(7, || "list v1/pods".into());
        gauge.turn_to(7, || unreachable!("it is at that request already"));
        let probe = gauge.clone();
        let body = Body(Box::new(move || probe.read().awaits_server), false);
        let response = Response { status: 200, content_type: None, retry_after: None, body: Box::new(body) };
        let mut text = String::new();
        gauge.over(response).body.read_to_string(&mut text).expect("a body");
        let progress = gauge.read();
        assert_eq!((text.as_str(), progress.bytes_received), ("awaited", 7));
        assert_eq!((progress.requests, progress.items, &*progress.doing), (2, 30, "list v1/pods"));
        assert!(progress.phase == Phase::Running && !progress.awaits_server, "{progress:?}");
        gauge.end(false);
        let ended = gauge.read();
        assert!(ended.phase == Phase::Failed && ended.phase.has_ended());
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(gauge.read().elapsed, ended.elapsed, "the time of what has ended stands still");
    }

    /// A body that says whether it was waited for.
    struct Body(Box<dyn Fn() -> bool + Send>, bool);

    impl Read for Body {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.1, true) {
                return Ok(0);
            }
            (&b"not awaited"[if (self.0)() { 4 } else { 0 }..]).read(buffer)
        }
    }

    #[test]
    fn whoever_watches_is_woken_once() {
        let woken = Arc::new(AtomicU64::new(0));
        let counted = woken.clone();
        let gauge = Gauge::new(move || _ = counted.fetch_add(1, Ordering::Relaxed));
        assert!(!gauge.is_awake());
        gauge.wake();
        gauge.wake();
        assert!(gauge.is_awake());
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    }
}
