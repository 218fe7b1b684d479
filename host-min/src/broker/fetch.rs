//! Requests on their way: each waits for its head on a thread, so that a guest's `rest_start` returns at once.
//!
//! The body is read by whoever consumes it. Threads are made as they are needed and kept for the run; the
//! first one warms the source up while the guest is still being loaded. Each gatherer has its share of them: one whose
//! requests get no answer waits for itself, and for nobody else.

use super::observer::{Gauge, PATIENCE};
use crate::limits::MAX_REQUESTS_IN_FLIGHT;
use crate::source::{Call, Cause, NoAnswer, Response, Source};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

type Answer = Result<Response, NoAnswer>;

/// Sends the requests of a run.
pub struct Fetchers {
    shared: Arc<Shared>,
}

/// Sends the requests of one gatherer.
pub struct Fetcher {
    shared: Arc<Shared>,
    gatherer: usize,
    gauge: Option<Arc<Gauge>>,
}

struct Task {
    gatherer: usize,
    call: Call,
    sender: SyncSender<Answer>,
}

struct Shared {
    source: Arc<dyn Source>,
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    tasks: VecDeque<Task>,
    /// How many requests of each gatherer are on their way.
    on_their_way: Vec<usize>,
    threads: usize,
    idle: usize,
    closed: bool,
}

/// A request on its way.
pub struct Ticket {
    answer: Receiver<Answer>,
    gauge: Option<Arc<Gauge>>,
}

impl Fetchers {
    /// Sends to a source, for so many gatherers.
    pub fn new(source: Arc<dyn Source>, gatherers: usize) -> Fetchers {
        let queue = Queue { on_their_way: vec![0; gatherers], ..Queue::default() };
        Fetchers { shared: Arc::new(Shared { source, queue: Mutex::new(queue), more: Condvar::new() }) }
    }

    /// Gets the source ready, on a thread that then waits for requests.
    pub fn warm(&self) {
        self.shared.spawn(&mut self.shared.lock(), true);
    }

    /// Where the answers come from.
    pub fn source(&self) -> &dyn Source {
        &*self.shared.source
    }

    /// For the gatherer of that number, from 0.
    pub fn of(&self, gatherer: usize) -> Fetcher {
        Fetcher { shared: self.shared.clone(), gatherer, gauge: None }
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

    /// Starts a request.
    pub fn start(&self, call: Call) -> Ticket {
        let (sender, receiver) = sync_channel(1);
        let mut queue = self.shared.lock();
        queue.tasks.push_back(Task { gatherer: self.gatherer, call, sender });
        if queue.idle < queue.tasks.len() && queue.threads < queue.most_threads() {
            self.shared.spawn(&mut queue, false);
        }
        drop(queue);
        self.shared.more.notify_one();
        Ticket { answer: receiver, gauge: self.gauge.clone() }
    }
}

impl Queue {
    /// With more gatherers than requests may be on their way, one for each.
    fn most_threads(&self) -> usize {
        MAX_REQUESTS_IN_FLIGHT.max(self.on_their_way.len())
    }

    /// The first request whose gatherer has something left of its share.
    fn next(&mut self) -> Option<Task> {
        let share = self.most_threads() / self.on_their_way.len();
        let index = self.tasks.iter().position(|task| self.on_their_way[task.gatherer] < share)?;
        let task = self.tasks.remove(index)?;
        self.on_their_way[task.gatherer] += 1;
        Some(task)
    }
}

impl Drop for Fetchers {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.more.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(self: &Arc<Self>, queue: &mut Queue, warm: bool) {
        let shared = self.clone();
        let thread = std::thread::Builder::new().name("fetch".into()).stack_size(256 << 10);
        // Without a thread the task is dropped, which its ticket reports.
        if thread.spawn(move || shared.work(warm)).is_ok() {
            queue.threads += 1;
            // A thread that warms up takes the first request when it is ready: it has the connection.
            queue.idle += usize::from(warm);
        } else if queue.threads == 0 {
            queue.tasks.clear();
        }
    }

    fn work(&self, warm: bool) {
        if warm {
            self.source.warm();
        }
        let mut queue = self.lock();
        if warm {
            queue.idle -= 1;
        }
        loop {
            match queue.next() {
                Some(Task { gatherer, call, sender }) => {
                    drop(queue);
                    // If the guest is gone nobody waits for the answer.
                    let _ = sender.send(self.source.send(&call));
                    queue = self.lock();
                    queue.on_their_way[gatherer] -= 1;
                }
                None if queue.closed => return,
                None => {
                    queue.idle += 1;
                    queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
                    queue.idle -= 1;
                }
            }
        }
    }
}

impl Ticket {
    /// Waits for the head of the answer.
    pub fn wait(self) -> Answer {
        let answer = match &self.gauge {
            None => self.answer.recv().ok(),
            Some(gauge) => gauge.awaiting(|| self.wait_watched(gauge)),
        };
        let answer = answer.unwrap_or_else(|| {
            Err(NoAnswer {
                cause: Cause::Final,
                reason: "the request could not be started: no thread".into(),
                advice: String::new(),
            })
        });
        match self.gauge {
            Some(gauge) => answer.map(|response| gauge.over(response)),
            None => answer,
        }
    }

    /// Whoever watches may begin with the first answer, or while that is long in coming.
    fn wait_watched(&self, gauge: &Gauge) -> Option<Answer> {
        let soon = self.answer.recv_timeout(PATIENCE);
        gauge.wake();
        match soon {
            Err(RecvTimeoutError::Timeout) => self.answer.recv().ok(),
            soon => soon.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Accept;
    use std::time::{Duration, Instant};

    struct Slow;

    fn echo(call: &Call) -> Answer {
        let body = Box::new(std::io::Cursor::new(call.path_and_query.clone().into_bytes()));
        Ok(Response { status: 200, content_type: None, retry_after: None, body })
    }

    impl Source for Slow {
        fn send(&self, call: &Call) -> Answer {
            std::thread::sleep(Duration::from_millis(50));
            echo(call)
        }
        fn now_millis(&self) -> i64 {
            0
        }
        fn is_recording(&self) -> bool {
            true
        }
        fn describe(&self) -> String {
            "slow".into()
        }
    }

    #[test]
    fn requests_overlap_and_none_is_lost() {
        let fetchers = Fetchers::new(Arc::new(Slow), 1);
        fetchers.warm();
        let fetcher = fetchers.of(0);
        let begin = Instant::now();
        let tickets: Vec<_> = (0..40)
            .map(|n| {
                fetcher.start(Call {
                    path_and_query: n.to_string(),
                    accept: Accept::Json,
                    deadline: begin + Duration::from_secs(9),
                })
            })
            .collect();
        for (n, ticket) in tickets.into_iter().enumerate() {
            let mut text = String::new();
            ticket.wait().expect("answer").body.read_to_string(&mut text).expect("body");
            assert_eq!(text, n.to_string());
        }
        assert!(begin.elapsed() < Duration::from_millis(40 * 50 / 4), "{:?}", begin.elapsed());
    }

    #[test]
    fn whoever_watches_is_woken_with_the_first_answer_or_by_its_delay() {
        let call = |path: &str| Call {
            path_and_query: path.into(),
            accept: Accept::Json,
            deadline: Instant::now() + Duration::from_secs(9),
        };
        let (release, held) = sync_channel(1);
        let (wake, woken) = sync_channel(1);
        // An answer that does not come before somebody was woken: without the delay's wake, this test would not end.
        let gauge = Arc::new(Gauge::new(move || wake.send(()).expect("nobody was woken before")));
        let fetcher = Fetchers::new(Arc::new(Stuck(Mutex::new(held))), 1).of(0).watched(Some(gauge.clone()));
        let ticket = fetcher.start(call("/stuck"));
        assert!(woken.try_recv().is_err() && !gauge.is_awake(), "a request that is on its way wakes nobody");
        let waiting = std::thread::spawn(move || ticket.wait());
        woken.recv().expect("the delay");
        assert!(gauge.read().awaits_server);
        drop(release);
        let mut text = String::new();
        let answer = waiting.join().expect("no panic").expect("an answer");
        assert!(!gauge.read().awaits_server);
        { answer }.body.read_to_string(&mut text).expect("a body");
        assert_eq!((text.as_str(), gauge.read().bytes_received), ("/stuck", 6));
        // Of an answer that comes at once.
        let prompt = Arc::new(Gauge::new(|| {}));
        let fetcher = Fetcher { gauge: Some(prompt.clone()), ..fetcher };
        fetcher.start(call("/other")).wait().expect("an answer");
        assert!(prompt.is_awake());
    }

    /// Answers nothing to the first gatherer until it is told to.
    struct Stuck(Mutex<Receiver<()>>);

    impl Source for Stuck {
        fn send(&self, call: &Call) -> Answer {
            if call.path_and_query == "/stuck" {
                let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
            }
            echo(call)
        }
        fn now_millis(&self) -> i64 {
            0
        }
        fn is_recording(&self) -> bool {
            true
        }
        fn describe(&self) -> String {
            "stuck".into()
        }
    }

    #[test]
    fn one_gatherers_requests_do_not_hold_anothers() {
        for gatherers in [2, 5, MAX_REQUESTS_IN_FLIGHT, 3 * MAX_REQUESTS_IN_FLIGHT] {
            let (release, held) = sync_channel(100);
            let fetchers = Fetchers::new(Arc::new(Stuck(Mutex::new(held))), gatherers);
            let call = |path: &str| Call {
                path_and_query: path.into(),
                accept: Accept::Json,
                deadline: Instant::now() + Duration::from_secs(9),
            };
            // All but the last gatherer ask more than they may, and get nothing.
            let stuck: Vec<_> = (0..gatherers - 1)
                .flat_map(|gatherer| vec![gatherer; 2 * MAX_REQUESTS_IN_FLIGHT])
                .map(|gatherer| fetchers.of(gatherer).start(call("/stuck")))
                .collect();
            let other = fetchers.of(gatherers - 1);
            for _ in 0..3 {
                assert_eq!(other.start(call("/other")).wait().expect("an answer").status, 200);
            }
            drop(release);
            assert!(stuck.into_iter().all(|ticket| ticket.wait().is_ok()), "none is lost");
        }
    }
}
