//! Sends requests. A thread waits for the head of each response, so a guest's `rest_start` returns at once.
//!
//! The consumer of an answer reads its body. Threads start on demand and stay for the run. The
//! first one warms up the source while the guest is still loading. [`queue`] chooses the next request. [`retry`] decides whether a failed
//! request is sent again. It then goes back into the queue, so that no thread waits for it.

mod account;
mod at_once;
mod bucket;
mod queue;
mod retry;

use super::observer::{Gauge, WAKE_DELAY};
pub(crate) use account::Account;
use at_once::AtOnce;
use bucket::Bucket;
use queue::{Queue, Turn};
pub(crate) use retry::GaveUp;
use retry::{Attempt, Random, RetryReason};
use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wagather_base::limits::{LAST_WORD, MAX_BODY_TRIES, MAX_ERROR_BODY_BYTES};
use wagather_base::stop;
use wagather_base::thread;
use wagather_kube::{Accept, Call, Cause, NoAnswer, Response, Source};

/// How fast a run sends requests.
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    /// Requests per second, after the burst is used up.
    pub qps: u32,
    /// Requests that can be sent at once.
    pub burst: u32,
    /// Gatherers that run in parallel.
    pub parallel: usize,
}

/// Sends the requests of a run.
pub struct Fetchers {
    shared: Arc<Shared>,
}

/// Sends the requests of one gatherer.
pub struct Fetcher {
    shared: Arc<Shared>,
    gatherer: usize,
    account: Arc<Account>,
    gauge: Option<Arc<Gauge>>,
}

/// An HTTP request to send.
#[derive(Clone, Debug)]
pub struct Order {
    /// The path and query, encoded.
    pub path_and_query: String,
    /// The format of the response.
    pub accept: Accept,
    /// The time from sending it to the end of its response.
    pub time: Duration,
    /// The gatherer's deadline.
    pub deadline: Instant,
}

/// A request that was sent.
pub struct Ticket {
    reply: Receiver<Reply>,
    /// What is left to do for the reply, if no thread does it.
    work: Option<Work>,
    /// The gatherer's deadline.
    deadline: Instant,
    gauge: Option<Arc<Gauge>>,
}

/// Work for a reply.
type Work = Box<dyn FnOnce() + Send>;

/// The result of a request.
pub struct Reply {
    /// The response, whose body was not read yet.
    pub answer: Result<Response, NoAnswer>,
    /// How often a request was sent in vain, in words. Empty for a [`NoAnswer`], whose reason says it.
    pub tried: String,
    /// When the response must have ended.
    pub until: Instant,
}

struct Task {
    order: Order,
    account: Arc<Account>,
    sender: SyncSender<Reply>,
    tries: u32,
    /// When it was first sent, and when its response must have ended.
    first: Option<(Instant, Instant)>,
}

struct Shared {
    source: Arc<dyn Source>,
    /// How to send a request at once, for those that do.
    at_once: Option<AtOnce>,
    state: Mutex<State>,
    more: Condvar,
}

struct State {
    queue: Queue<Task>,
    threads: usize,
    idle: usize,
    /// Whether there was a valid response: the server exists and is reachable.
    established: bool,
    random: Random,
    closed: bool,
}

impl Fetchers {
    /// Sends requests of this many gatherers to a source. A recording has no rate limit.
    pub fn new(source: Arc<dyn Source>, gatherers: usize, limits: RateLimits) -> Fetchers {
        Fetchers::with(source, gatherers, limits, None)
    }

    fn with(
        source: Arc<dyn Source>,
        gatherers: usize,
        limits: RateLimits,
        at_once: Option<AtOnce>,
    ) -> Fetchers {
        let bucket = (!source.is_recording()).then(|| Bucket::new(limits.qps, limits.burst));
        let state = State {
            queue: Queue::new(gatherers, limits.parallel, bucket),
            threads: 0,
            idle: 0,
            established: false,
            random: Random::of_clock(),
            closed: false,
        };
        let (state, more) = (Mutex::new(state), Condvar::new());
        Fetchers { shared: Arc::new(Shared { source, at_once, state, more }) }
    }

    /// Warms up the source until the deadline, on a thread that then waits for requests. Where requests are sent at once, the source is warm.
    pub fn warm(&self, deadline: Instant) {
        if self.shared.at_once.is_some() {
            return;
        }
        self.shared.spawn(&mut self.shared.lock(), Some(deadline));
    }

    /// The source of the responses.
    pub fn source(&self) -> &dyn Source {
        &*self.shared.source
    }

    /// A fetcher for the gatherer with this index, which may send at most `most_requests`.
    pub fn fetcher(&self, gatherer: usize, most_requests: u64) -> Fetcher {
        let account = Arc::new(Account::new(most_requests));
        Fetcher { shared: self.shared.clone(), gatherer, account, gauge: None }
    }

    /// How long requests waited only for the rate limit.
    pub fn throttled(&self) -> Duration {
        self.shared.lock().queue.throttled()
    }
}

impl Fetcher {
    /// The source of the responses.
    pub fn source(&self) -> &dyn Source {
        &*self.shared.source
    }

    /// Counts its responses in a gauge.
    pub fn watched(self, gauge: Option<Arc<Gauge>>) -> Fetcher {
        Fetcher { gauge, ..self }
    }

    /// The account of the gatherer.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Sends a request. The caller has checked that the budget allows one more.
    pub fn send(&self, order: Order) -> Ticket {
        self.enqueue(order, None)
    }

    fn enqueue(&self, order: Order, not_before: Option<Instant>) -> Ticket {
        let deadline = order.deadline;
        let (reply, work) = self.shared.enqueue(self.gatherer, &self.account, order, not_before);
        Ticket { reply, work, deadline, gauge: self.gauge.clone() }
    }

    /// Sends a request again whose response broke off, for the `cuts`th time without progress.
    ///
    /// # Errors
    /// Why it is not sent again.
    pub(crate) fn send_again(&self, order: Order, cuts: u32) -> Result<Ticket, GaveUp> {
        let not_before = if self.source().is_recording() {
            // As in the recorded run.
            if cuts >= MAX_BODY_TRIES || !self.source().has_answer(&order.path_and_query) {
                return Err(GaveUp::Tried);
            }
            None
        } else {
            let at = Instant::now() + retry::backoff(cuts, self.shared.lock().random.next());
            if cuts >= MAX_BODY_TRIES || at >= order.deadline {
                return Err(GaveUp::Tried);
            }
            Some(at)
        };
        if !self.account.take_retry(RetryReason::Cut) {
            return Err(GaveUp::NoBudget);
        }
        Ok(self.enqueue(order, not_before))
    }
}

impl Drop for Fetchers {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.queue.clear();
        drop(state);
        self.shared.more.notify_all();
        self.shared.source.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(
        self: &Arc<Self>,
        gatherer: usize,
        account: &Arc<Account>,
        order: Order,
        not_before: Option<Instant>,
    ) -> (Receiver<Reply>, Option<Work>) {
        let (sender, receiver) = sync_channel(1);
        let task = Task { order, account: account.clone(), sender, tries: 0, first: None };
        let mut state = self.lock();
        state.queue.push(gatherer, task, not_before);
        if let Some(at_once) = self.at_once
            && let Some(work) = at_once(self, &mut state)
        {
            return (receiver, Some(work));
        }
        self.employ(state);
        (receiver, None)
    }

    /// Has a thread send what waits.
    fn employ(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if state.idle < state.queue.len() && state.threads < state.queue.max_in_flight() {
            self.spawn(&mut state, None);
        }
        drop(state);
        self.more.notify_one();
    }

    fn spawn(self: &Arc<Self>, state: &mut State, warm: Option<Instant>) {
        let shared = self.clone();
        // Without a thread, the task is dropped and its ticket reports that.
        if thread::start("fetch", Box::new(move || shared.work(warm))).is_ok() {
            state.threads += 1;
            // The thread that warms up has the connection, so it takes the first request when it is ready.
            state.idle += usize::from(warm.is_some());
        } else if state.threads == 0 {
            state.queue.clear();
        }
    }

    fn work(&self, warm: Option<Instant>) {
        if let Some(deadline) = warm {
            self.source.warm(deadline);
        }
        let mut state = self.lock();
        if warm.is_some() {
            state.idle -= 1;
        }
        loop {
            match state.queue.next(Instant::now()) {
                Turn::Send(gatherer, task) => {
                    let more = state.queue.len() > 0;
                    drop(state);
                    if more {
                        // The next thread checks when its turn is.
                        self.more.notify_one();
                    }
                    state = self.send(gatherer, task);
                }
                _ if state.closed => return,
                turn => {
                    state.idle += 1;
                    state = match turn {
                        Turn::Wait(at) => {
                            let left = at.saturating_duration_since(Instant::now());
                            self.more.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                        }
                        _ => self.more.wait(state).unwrap_or_else(PoisonError::into_inner),
                    };
                    state.idle -= 1;
                }
            }
        }
    }

    /// Sends a request once. The result goes to the ticket, or the request goes back into the queue.
    fn send(&self, gatherer: usize, mut task: Task) -> MutexGuard<'_, State> {
        let answer = self.source.send(&task.call());
        self.settle(gatherer, task, answer)
    }

    /// What becomes of a request that was sent once.
    fn settle(
        &self,
        gatherer: usize,
        mut task: Task,
        mut answer: Result<Response, NoAnswer>,
    ) -> MutexGuard<'_, State> {
        let (first, until) = task.times();
        task.tries += 1;
        let (mut not_before, mut tried) = (None, String::new());
        match RetryReason::of(&answer) {
            None => {
                if answer.is_ok() {
                    self.lock().established = true;
                }
            }
            Some(why) => match self.retry_at(&task, &answer, why, first, until) {
                Ok(at) => not_before = Some(at),
                Err(gave_up) => tried = gave_up.text(task.tries),
            },
        }
        if not_before.is_some() {
            // Read the body to its end, so that the connection can be reused and a recording is complete.
            if let Ok(response) = answer {
                let _ = response.body.take(MAX_ERROR_BODY_BYTES as u64).read_to_end(&mut Vec::new());
            }
            let mut state = self.lock();
            state.queue.arrived(gatherer);
            state.queue.push(gatherer, task, not_before);
            return state;
        }
        if let Err(no_answer) = &mut answer
            && !tried.is_empty()
        {
            no_answer.reason = format!("{} ({tried})", no_answer.reason);
        }
        // If the guest is gone, nobody waits for the response.
        let _ = task.sender.send(Reply { answer, tried, until });
        let mut state = self.lock();
        state.queue.arrived(gatherer);
        state
    }

    /// When a failed request is sent again.
    fn retry_at(
        &self,
        task: &Task,
        answer: &Result<Response, NoAnswer>,
        why: RetryReason,
        first: Instant,
        until: Instant,
    ) -> Result<Instant, GaveUp> {
        let now = Instant::now();
        let wait = if self.source.is_recording() {
            // As often as in the recorded run, without the waits.
            if !self.source.has_answer(&task.order.path_and_query) {
                return Err(GaveUp::Tried);
            }
            Duration::ZERO
        } else {
            let mut state = self.lock();
            let attempt = Attempt {
                tries: task.tries,
                retry_after: answer.as_ref().ok().and_then(|response| response.retry_after),
                elapsed: now.saturating_duration_since(first),
                left: until.saturating_duration_since(now),
                established: state.established,
            };
            attempt.wait(state.random.next())?
        };
        if task.account.take_retry(why) { Ok(now + wait) } else { Err(GaveUp::NoBudget) }
    }
}

impl Task {
    /// When it was first sent, which is now if it was not, and when its response must have ended.
    fn times(&mut self) -> (Instant, Instant) {
        *self.first.get_or_insert_with(|| {
            let now = Instant::now();
            let own = now.checked_add(self.order.time).unwrap_or(self.order.deadline);
            (now, own.min(self.order.deadline))
        })
    }

    /// The call to send now.
    fn call(&mut self) -> Call {
        let (_, deadline) = self.times();
        let Order { path_and_query, accept, .. } = self.order.clone();
        Call { path_and_query, accept, deadline }
    }
}

impl Ticket {
    /// Waits for the head of the response.
    pub fn wait(mut self) -> Reply {
        let work = self.work.take();
        let receive = || {
            if let Some(work) = work {
                work();
            }
            match &self.gauge {
                None => self.receive(),
                Some(gauge) => self.wait_watched(gauge),
            }
        };
        let reply = match &self.gauge {
            None => receive(),
            Some(gauge) => gauge.while_waiting(receive),
        };
        let reply = reply.unwrap_or_else(|error| {
            let (cause, reason) = match error {
                RecvTimeoutError::Disconnected => (Cause::Final, "cannot start a thread for the request"),
                RecvTimeoutError::Timeout => stop::why()
                    .map_or((Cause::Late, "no response before the gatherer's deadline (--timeout)"), |why| {
                        (Cause::Final, why)
                    }),
            };
            let answer = Err(NoAnswer { cause, reason: reason.into(), advice: String::new() });
            Reply { answer, tried: String::new(), until: Instant::now() }
        });
        match &self.gauge {
            Some(gauge) => Reply { answer: reply.answer.map(|response| gauge.count_body(response)), ..reply },
            None => reply,
        }
    }

    /// Wakes the observer with the first response, or after a while without one.
    fn wait_watched(&self, gauge: &Gauge) -> Result<Reply, RecvTimeoutError> {
        let soon = self.reply.recv_timeout(WAKE_DELAY);
        gauge.wake();
        match soon {
            Err(RecvTimeoutError::Timeout) => self.receive(),
            soon => soon,
        }
    }

    /// Waits until the deadline and a little longer, because the sender knows better why there is no response.
    fn receive(&self) -> Result<Reply, RecvTimeoutError> {
        loop {
            let left = (self.deadline + LAST_WORD).saturating_duration_since(Instant::now());
            match self.reply.recv_timeout(stop::slice(left)) {
                Err(RecvTimeoutError::Timeout) if !left.is_zero() && stop::why().is_none() => {}
                reply => return reply,
            }
        }
    }
}

#[cfg(test)]
mod tests;
