//! Requests on their way: each waits for its head on a thread, so that a guest's `rest_start` returns at once.
//!
//! The body is read by whoever consumes it. Threads are made as they are needed and kept for the run; the
//! first one warms the source up while the guest is still being loaded.

use crate::limits::MAX_REQUESTS_IN_FLIGHT;
use crate::source::{Call, NoAnswer, Response, Source};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

type Answer = Result<Response, NoAnswer>;
type Task = (Call, SyncSender<Answer>);

/// Sends the requests of a run.
pub struct Fetcher {
    shared: Arc<Shared>,
}

struct Shared {
    source: Arc<dyn Source>,
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    tasks: VecDeque<Task>,
    threads: usize,
    idle: usize,
    closed: bool,
}

/// A request on its way.
pub struct Ticket(Receiver<Answer>);

impl Fetcher {
    /// Sends to a source.
    pub fn new(source: Arc<dyn Source>) -> Fetcher {
        Fetcher { shared: Arc::new(Shared { source, queue: Mutex::default(), more: Condvar::new() }) }
    }

    /// Gets the source ready, on a thread that then waits for requests.
    pub fn warm(&self) {
        self.spawn(&mut self.shared.lock(), true);
    }

    /// Where the answers come from.
    pub fn source(&self) -> &dyn Source {
        &*self.shared.source
    }

    /// Starts a request.
    pub fn start(&self, call: Call) -> Ticket {
        let (sender, receiver) = sync_channel(1);
        let mut queue = self.shared.lock();
        queue.tasks.push_back((call, sender));
        if queue.idle < queue.tasks.len() && queue.threads < MAX_REQUESTS_IN_FLIGHT {
            self.spawn(&mut queue, false);
        }
        drop(queue);
        self.shared.more.notify_one();
        Ticket(receiver)
    }

    fn spawn(&self, queue: &mut Queue, warm: bool) {
        let shared = self.shared.clone();
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
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.more.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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
            match queue.tasks.pop_front() {
                Some((call, sender)) => {
                    drop(queue);
                    // If the guest is gone nobody waits for the answer.
                    let _ = sender.send(self.source.send(&call));
                    queue = self.lock();
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
        self.0.recv().unwrap_or_else(|_| {
            Err(NoAnswer {
                timed_out: false,
                reason: "the request could not be started: no thread".into(),
                advice: String::new(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Accept;
    use std::time::{Duration, Instant};

    struct Slow;

    impl Source for Slow {
        fn send(&self, call: &Call) -> Answer {
            std::thread::sleep(Duration::from_millis(50));
            Ok(Response {
                status: 200,
                content_type: None,
                body: Box::new(std::io::Cursor::new(call.path_and_query.clone().into_bytes())),
            })
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
        let fetcher = Fetcher::new(Arc::new(Slow));
        fetcher.warm();
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
}
