//! Requests that are sent at once: the thread that has a request writes it, and waits for the answer when it needs it. No other thread has to
//! wake up. The source must have a connection that waits, so this is for programs that stay; for others, threads are faster.
//!
//! Everything else is as ever: turns, the rate limit, and whether a failed request is sent again, which a thread does then.
//!
//! Such a request is in flight until somebody wants its answer, which may be never. So there is always room for one that a thread sends: otherwise,
//! a gatherer could wait for a request that waits for the gatherer.

use super::{Fetchers, RateLimits, Shared, State, Task, Turn, Work};
use std::sync::{Arc, MutexGuard};
use std::time::Instant;
use wagather_kube::{Source, Written};

/// Sends the request that was queued last, if it is the only one, its turn is now and the source is ready. Gives what is left to do for its reply.
pub(super) type AtOnce = fn(&Arc<Shared>, &mut State) -> Option<Work>;

impl Fetchers {
    /// Sends requests of this many gatherers to a source, at once if the source is ready for one.
    pub fn at_once(source: Arc<dyn Source>, gatherers: usize, limits: RateLimits) -> Fetchers {
        Fetchers::with(source, gatherers, limits, Some(send))
    }
}

/// A request that was written, whose answer nobody waits for yet.
struct Underway {
    shared: Arc<Shared>,
    gatherer: usize,
    /// Both are taken by who waits for the answer.
    rest: Option<(Task, Box<dyn Written>)>,
}

fn send(shared: &Arc<Shared>, state: &mut State) -> Option<Work> {
    if state.queue.len() != 1 || !state.queue.has_room_beside_next() {
        return None;
    }
    let ready = shared.source.ready()?;
    let Turn::Send(gatherer, mut task) = state.queue.next(Instant::now()) else { return None };
    let written = ready.write(&task.call());
    let mut underway = Underway { shared: shared.clone(), gatherer, rest: Some((task, written)) };
    Some(Box::new(move || underway.finish()))
}

impl Underway {
    fn finish(&mut self) {
        if let Some((task, written)) = self.rest.take() {
            let answer = written.answer();
            let state = self.shared.settle(self.gatherer, task, answer);
            self.makes_room(state);
        }
    }

    /// What waits for its turn may have it now.
    fn makes_room(&self, state: MutexGuard<'_, State>) {
        if state.queue.len() > 0 {
            self.shared.employ(state);
        }
    }
}

impl Drop for Underway {
    /// Nobody wants the answer.
    fn drop(&mut self) {
        if self.rest.take().is_some() {
            let mut state = self.shared.lock();
            state.queue.arrived(self.gatherer);
            self.makes_room(state);
        }
    }
}
