//! The threads of runs. One that has nothing to do waits for the next run: to start a thread takes longer than a guest takes to its first request.
//! A run that the API is asked for has the thread of the API, in whose place another one serves: no thread has to wake up for the run.

use super::start_thread;
use std::sync::mpsc::{RecvTimeoutError, SendError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{ThreadId, current};
use std::time::Duration;
use wagather_http::Work;

/// Threads that wait.
const MAX_IDLE: usize = 4;

/// How long the first of them waits for another run. A service that runs once a day needs none.
const IDLE_TIME: Duration = Duration::from_secs(300);

/// How long the others wait: as long as runs come together.
const BUSY_TIME: Duration = Duration::from_millis(500);

/// The threads that wait, and how to give them work.
type Idle = Vec<(ThreadId, Sender<Work>)>;

/// The threads that wait.
#[derive(Clone, Default)]
pub(super) struct Workers(Arc<Mutex<Idle>>);

impl Workers {
    /// Does work on the thread of the API if this is one, on a thread that waits, or on a new one.
    pub(super) fn start(&self, work: Work) -> std::io::Result<()> {
        let Err(work) = wagather_http::relay(work) else { return Ok(()) };
        let idle = self.lock().pop();
        let work = match idle {
            None => work,
            Some((_, idle)) => match idle.send(work) {
                Ok(()) => return Ok(()),
                // It has ended.
                Err(SendError(work)) => work,
            },
        };
        let workers = self.clone();
        start_thread("run", move || {
            let mut next = Some(work);
            while let Some(work) = next {
                work();
                next = workers.next();
            }
        })
    }

    /// Ends the threads that wait.
    pub(super) fn end(&self) {
        self.lock().clear();
    }

    /// Waits for work, unless enough threads do.
    fn next(&self) -> Option<Work> {
        let id = current().id();
        let (receiver, time) = {
            let mut idle = self.lock();
            if idle.len() >= MAX_IDLE {
                return None;
            }
            let (sender, receiver) = channel();
            idle.push((id, sender));
            (receiver, if idle.len() == 1 { IDLE_TIME } else { BUSY_TIME })
        };
        match receiver.recv_timeout(time) {
            Ok(work) => return Some(work),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let mut idle = self.lock();
        let at = idle.iter().position(|(other, _)| *other == id);
        let Some(at) = at else {
            drop(idle);
            // Somebody took it from the list, and is about to send.
            return receiver.recv().ok();
        };
        idle.remove(at);
        None
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_used_again_and_others_are_beside_it() {
        let workers = Workers::default();
        let (sender, receiver) = channel();
        let start = |wait: Option<std::sync::mpsc::Receiver<()>>| {
            let sender = sender.clone();
            let work = move || {
                sender.send(current().id()).expect("a receiver");
                wait.map(|wait| wait.recv());
            };
            workers.start(Box::new(work)).expect("a thread");
        };
        start(None);
        let first = receiver.recv().expect("a thread");
        while workers.lock().is_empty() {
            std::thread::yield_now();
        }
        let (release, held) = channel();
        start(Some(held));
        assert_eq!(receiver.recv().expect("a thread"), first);
        // It is busy, so that another one is started.
        start(None);
        assert_ne!(receiver.recv().expect("a thread"), first);
        drop(release);
        while workers.lock().is_empty() {
            std::thread::yield_now();
        }
        workers.end();
        assert!(workers.lock().is_empty());
    }
}
