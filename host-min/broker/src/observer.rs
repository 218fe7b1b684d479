//! What a run shows while it is running: log lines of gatherers, and gauges with the progress of each.
//!
//! A gauge is polled. The broker stores a few numbers as it goes, and an observer reads them at any time, on a thread of its own. So
//! items cause no callbacks, and a server that does not respond is visible. Without an observer that
//! watches, there are no gauges.

use std::fmt;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wagather_abi::LogLevel;
use wagather_kube::Response;

/// Sees a run while it is running.
pub trait Observer: Sync {
    /// A gatherer logged a line. The text is one line without control characters.
    fn log(&self, gatherer: &str, level: LogLevel, text: &str);

    /// Returns a gauge for a gatherer, to watch its progress. Called once for each gatherer,
    /// in the order of the command line, before the first request is sent. It should return quickly.
    fn watch(&self, gatherer: &str) -> Option<Arc<Gauge>> {
        let _ = gatherer;
        None
    }
}

/// Observes nothing.
pub struct Silent;

impl Observer for Silent {
    fn log(&self, _: &str, _: LogLevel, _: &str) {}
}

/// How long a wait may take before a gauge wakes its observer.
pub(super) const WAKE_DELAY: Duration = Duration::from_millis(100);

/// The progress of a gatherer, as it changes.
pub struct Gauge {
    phase: AtomicU8,
    requests: AtomicU64,
    items: AtomicU64,
    bytes_received: AtomicU64,
    awaits_server: AtomicBool,
    request: Mutex<CurrentRequest>,
    began: Instant,
    took_micros: AtomicU64,
    is_awake: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// The request that is being consumed, by its handle and in words.
#[derive(Default)]
struct CurrentRequest {
    handle: i32,
    text: String,
}

/// The progress of a gatherer at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The phase of the gatherer.
    pub phase: Phase,
    /// HTTP requests, including pages.
    pub requests: u64,
    /// Items and objects that were read or piped.
    pub items: u64,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// The current or newest request, in the manifest's words: `list v1/pods`. Empty before the first one.
    pub doing: String,
    /// Whether it is waiting for the server.
    pub awaits_server: bool,
    /// The time since its start, or from its start to its end.
    pub elapsed: Duration,
}

/// The phase of a gatherer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// It has made no call yet. Its module may still be validated and compiled.
    #[default]
    Waiting,
    /// It is running.
    Running,
    /// It ended successfully.
    Complete,
    /// It failed.
    Failed,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Phase; 4] = [Phase::Waiting, Phase::Running, Phase::Complete, Phase::Failed];

    /// Whether it has ended.
    pub const fn has_ended(self) -> bool {
        matches!(self, Phase::Complete | Phase::Failed)
    }
}

impl Gauge {
    /// A gauge for a gatherer that starts now. `wake` is called once, as soon as watching cannot delay the first request: when its
    /// response begins, or when a wait takes long. A gatherer that ends before never calls it.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Gauge {
        Gauge {
            phase: AtomicU8::new(Phase::Waiting as u8),
            requests: AtomicU64::new(0),
            items: AtomicU64::new(0),
            bytes_received: AtomicU64::new(0),
            awaits_server: AtomicBool::new(false),
            request: Mutex::default(),
            began: Instant::now(),
            took_micros: AtomicU64::new(0),
            is_awake: AtomicBool::new(false),
            wake: Box::new(wake),
        }
    }

    /// Reads the progress.
    pub fn read(&self) -> Progress {
        let phase = Phase::ALL[usize::from(self.phase.load(Ordering::Acquire)) % Phase::ALL.len()];
        let took = Duration::from_micros(self.took_micros.load(Ordering::Relaxed));
        Progress {
            phase,
            requests: self.requests.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            bytes_received: self.bytes_received.load(Ordering::Relaxed),
            doing: self.request.lock().unwrap_or_else(PoisonError::into_inner).text.clone(),
            awaits_server: self.awaits_server.load(Ordering::Relaxed),
            elapsed: if phase.has_ended() { took } else { self.began.elapsed() },
        }
    }

    /// Whether `wake` was called.
    pub(super) fn is_awake(&self) -> bool {
        self.is_awake.load(Ordering::Relaxed)
    }

    /// Calls `wake`, the first time.
    pub(super) fn wake(&self) {
        if !self.is_awake.swap(true, Ordering::Relaxed) {
            (self.wake)();
        }
    }

    /// Updates the figures after a call.
    pub(super) fn update(&self, requests: u64, items: u64) {
        self.requests.store(requests, Ordering::Relaxed);
        self.items.store(items, Ordering::Relaxed);
        self.phase.store(Phase::Running as u8, Ordering::Relaxed);
    }

    /// Sets the current request.
    pub(super) fn set_request(&self, handle: i32, describe: impl FnOnce() -> String) {
        let mut request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        if request.handle != handle {
            *request = CurrentRequest { handle, text: describe() };
        }
    }

    /// Records that the gatherer ended.
    pub(super) fn end(&self, is_complete: bool) {
        let phase = if is_complete { Phase::Complete } else { Phase::Failed };
        let took = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.took_micros.store(took, Ordering::Relaxed);
        // Released after the time, so that a reader of this phase sees it.
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Waits for the server, and shows that.
    pub(super) fn while_waiting<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.awaits_server.store(true, Ordering::Relaxed);
        let value = wait();
        self.awaits_server.store(false, Ordering::Relaxed);
        value
    }

    /// Counts the body of a response as it arrives.
    pub(super) fn count_body(self: &Arc<Self>, response: Response) -> Response {
        Response { body: Box::new(CountedBody { body: response.body, gauge: self.clone() }), ..response }
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

/// A body that a gauge counts.
struct CountedBody {
    body: Box<dyn Read + Send>,
    gauge: Arc<Gauge>,
}

impl Read for CountedBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.gauge.while_waiting(|| self.body.read(buffer))?;
        self.gauge.bytes_received.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_shows_progress() {
        let gauge = Arc::new(Gauge::new(|| {}));
        assert_eq!(gauge.read().phase, Phase::Waiting);
        gauge.update(2, 30);
        gauge.set_request(7, || "list v1/pods".into());
        gauge.set_request(7, || unreachable!("it is at that request already"));
        let probe = gauge.clone();
        let body = Body(Box::new(move || probe.read().awaits_server), false);
        let response = Response { status: 200, content_type: None, retry_after: None, body: Box::new(body) };
        let mut text = String::new();
        gauge.count_body(response).body.read_to_string(&mut text).expect("a body");
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
    fn wake_is_called_once() {
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
