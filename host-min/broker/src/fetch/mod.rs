//! Requests on their way: each waits for its head on a thread, so that a guest's `rest_start` returns at once.
//!
//! The body is read by whoever consumes it. Threads are made as they are needed and kept for the run; the
//! first one warms the source up while the guest is still being loaded. [`queue`] says whose request is next, [`again`] whether one that came
//! to nothing is sent once more: it goes back into the queue, so that no thread waits with it.

mod account;
mod again;
mod bucket;
mod queue;

use super::observer::{Gauge, PATIENCE};
pub(crate) use account::Account;
use again::{Attempt, GaveUp, Random, Why};
use bucket::Bucket;
use queue::{Queue, Turn};
use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wagather_base::limits::{LAST_WORD, MAX_BODY_TRIES, MAX_ERROR_BODY_BYTES};
use wagather_base::stop;
use wagather_base::thread;
use wagather_kube::{Accept, Call, Cause, NoAnswer, Response, Source};

/// How the requests of a run go to its server.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Requests per second, once a burst is used up.
    pub qps: u32,
    /// Requests at once.
    pub burst: u32,
    /// Gatherers that run side by side.
    pub side_by_side: usize,
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

/// A request to send.
#[derive(Clone, Debug)]
pub struct Order {
    /// The path and query, encoded.
    pub path_and_query: String,
    /// What the answer should be.
    pub accept: Accept,
    /// From its sending to the end of its answer.
    pub time: Duration,
    /// The gatherer's deadline.
    pub deadline: Instant,
}

/// A request on its way.
pub struct Ticket {
    reply: Receiver<Reply>,
    /// The gatherer's.
    deadline: Instant,
    gauge: Option<Arc<Gauge>>,
}

/// What became of a request.
pub struct Reply {
    /// The head of the answer.
    pub answer: Result<Response, NoAnswer>,
    /// How often it was sent and why no more, if it came to nothing; the reason of a [`NoAnswer`] says it already.
    pub tried: String,
    /// When the answer must have ended.
    pub until: Instant,
}

struct Task {
    order: Order,
    account: Arc<Account>,
    sender: SyncSender<Reply>,
    tries: u32,
    /// When it was sent first, and until when its answer may take.
    first: Option<(Instant, Instant)>,
}

struct Shared {
    source: Arc<dyn Source>,
    state: Mutex<State>,
    more: Condvar,
}

struct State {
    queue: Queue<Task>,
    threads: usize,
    idle: usize,
    /// Whether there was an answer that is to be believed: the address is right, and somebody is there.
    established: bool,
    random: Random,
    closed: bool,
}

impl Fetchers {
    /// Sends to a source, for so many gatherers. A recording is asked as fast as it can be.
    pub fn new(source: Arc<dyn Source>, gatherers: usize, pace: Pace) -> Fetchers {
        let bucket = (!source.is_recording()).then(|| Bucket::new(pace.qps, pace.burst));
        let state = State {
            queue: Queue::new(gatherers, pace.side_by_side, bucket),
            threads: 0,
            idle: 0,
            established: false,
            random: Random::of_clock(),
            closed: false,
        };
        Fetchers { shared: Arc::new(Shared { source, state: Mutex::new(state), more: Condvar::new() }) }
    }

    /// Gets the source ready, on a thread that then waits for requests. What is not ready by the deadline is given up.
    pub fn warm(&self, deadline: Instant) {
        self.shared.spawn(&mut self.shared.lock(), Some(deadline));
    }

    /// Where the answers come from.
    pub fn source(&self) -> &dyn Source {
        &*self.shared.source
    }

    /// For the gatherer of that number, from 0, which may send so many requests.
    pub fn of(&self, gatherer: usize, most_requests: u64) -> Fetcher {
        let account = Arc::new(Account::new(most_requests));
        Fetcher { shared: self.shared.clone(), gatherer, account, gauge: None }
    }

    /// For how long requests waited for nothing but the rate.
    pub fn held(&self) -> Duration {
        self.shared.lock().queue.held()
    }
}

impl Fetcher {
    /// Where the answers come from.
    pub fn source(&self) -> &dyn Source {
        &*self.shared.source
    }

    /// The same, under a gauge.
    pub fn watched(self, gauge: Option<Arc<Gauge>>) -> Fetcher {
        Fetcher { gauge, ..self }
    }

    /// What the gatherer has sent.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Starts a request. That there may be one more is the caller's to see to.
    pub fn start(&self, order: Order) -> Ticket {
        self.queued(order, None)
    }

    fn queued(&self, order: Order, not_before: Option<Instant>) -> Ticket {
        let deadline = order.deadline;
        let reply = self.shared.start(self.gatherer, &self.account, order, not_before);
        Ticket { reply, deadline, gauge: self.gauge.clone() }
    }

    /// Starts a request whose answer broke off, after so many that broke off and brought nothing; or why not, in words that tell how
    /// often it was asked.
    pub fn again(&self, order: Order, cuts: u32) -> Result<Ticket, String> {
        let not_before = if self.source().is_recording() {
            // As when it was made.
            if cuts >= MAX_BODY_TRIES || !self.source().has_answer(&order.path_and_query) {
                return Err(GaveUp::Tried.text(cuts));
            }
            None
        } else {
            let at = Instant::now() + again::backoff(cuts, self.shared.lock().random.next());
            if cuts >= MAX_BODY_TRIES || at >= order.deadline {
                return Err(GaveUp::Tried.text(cuts));
            }
            Some(at)
        };
        if !self.account.take_again(Why::Cut) {
            return Err(GaveUp::NoBudget.text(cuts));
        }
        Ok(self.queued(order, not_before))
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

    fn start(
        self: &Arc<Self>,
        gatherer: usize,
        account: &Arc<Account>,
        order: Order,
        not_before: Option<Instant>,
    ) -> Receiver<Reply> {
        let (sender, receiver) = sync_channel(1);
        let task = Task { order, account: account.clone(), sender, tries: 0, first: None };
        let mut state = self.lock();
        state.queue.push(gatherer, task, not_before);
        if state.idle < state.queue.len() && state.threads < state.queue.most_on_their_way() {
            self.spawn(&mut state, None);
        }
        drop(state);
        self.more.notify_one();
        receiver
    }

    fn spawn(self: &Arc<Self>, state: &mut State, warm: Option<Instant>) {
        let shared = self.clone();
        // Without a thread the task is dropped, which its ticket reports.
        if thread::start("fetch", Box::new(move || shared.work(warm))).is_ok() {
            state.threads += 1;
            // A thread that warms up takes the first request when it is ready: it has the connection.
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
                        // Whoever is woken next looks when its turn is.
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

    /// Sends a request once; it goes to whoever waits for it, or back into the queue.
    fn send(&self, gatherer: usize, mut task: Task) -> MutexGuard<'_, State> {
        let now = Instant::now();
        let (first, until) = *task.first.get_or_insert_with(|| {
            let own = now.checked_add(task.order.time).unwrap_or(task.order.deadline);
            (now, own.min(task.order.deadline))
        });
        let Order { path_and_query, accept, .. } = task.order.clone();
        let mut answer = self.source.send(&Call { path_and_query, accept, deadline: until });
        task.tries += 1;
        let (mut not_before, mut tried) = (None, String::new());
        match Why::of(&answer) {
            None => {
                if answer.is_ok() {
                    self.lock().established = true;
                }
            }
            Some(why) => match self.wait_of(&task, &answer, why, first, until) {
                Ok(at) => not_before = Some(at),
                Err(gave_up) => tried = gave_up.text(task.tries),
            },
        }
        if not_before.is_some() {
            // Read to its end, so that its connection serves again, and a recording has it whole.
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
        // If the guest is gone nobody waits for the answer.
        let _ = task.sender.send(Reply { answer, tried, until });
        let mut state = self.lock();
        state.queue.arrived(gatherer);
        state
    }

    /// When a request is sent again that came to nothing.
    fn wait_of(
        &self,
        task: &Task,
        answer: &Result<Response, NoAnswer>,
        why: Why,
        first: Instant,
        until: Instant,
    ) -> Result<Instant, GaveUp> {
        let now = Instant::now();
        let wait = if self.source.is_recording() {
            // As often as when it was made, and without the waits.
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
        if task.account.take_again(why) { Ok(now + wait) } else { Err(GaveUp::NoBudget) }
    }
}

impl Ticket {
    /// Waits for the head of the answer.
    pub fn wait(self) -> Reply {
        let reply = match &self.gauge {
            None => self.receive(),
            Some(gauge) => gauge.awaiting(|| self.wait_watched(gauge)),
        };
        let reply = reply.unwrap_or_else(|error| {
            let (cause, reason) = match error {
                RecvTimeoutError::Disconnected => (Cause::Final, "cannot start a thread for the request"),
                RecvTimeoutError::Timeout if stop::asked().is_some() => (Cause::Final, stop::STOPPED),
                RecvTimeoutError::Timeout => {
                    (Cause::Late, "no response before the gatherer's deadline (--timeout)")
                }
            };
            let answer = Err(NoAnswer { cause, reason: reason.into(), advice: String::new() });
            Reply { answer, tried: String::new(), until: Instant::now() }
        });
        match &self.gauge {
            Some(gauge) => Reply { answer: reply.answer.map(|response| gauge.over(response)), ..reply },
            None => reply,
        }
    }

    /// Whoever watches may begin with the first answer, or while that is long in coming.
    fn wait_watched(&self, gauge: &Gauge) -> Result<Reply, RecvTimeoutError> {
        let soon = self.reply.recv_timeout(PATIENCE);
        gauge.wake();
        match soon {
            Err(RecvTimeoutError::Timeout) => self.receive(),
            soon => soon,
        }
    }

    /// Waits until the deadline, and a little longer: whoever sends knows better why there is no answer.
    fn receive(&self) -> Result<Reply, RecvTimeoutError> {
        loop {
            let left = (self.deadline + LAST_WORD).saturating_duration_since(Instant::now());
            match self.reply.recv_timeout(stop::slice(left)) {
                Err(RecvTimeoutError::Timeout) if !left.is_zero() && stop::asked().is_none() => {}
                reply => return reply,
            }
        }
    }
}

#[cfg(test)]
mod tests;
