//! When a handler answers: at once, from the pool, or later.

use crate::Response;
use std::fmt;
use std::time::Duration;
use tokio::sync::oneshot;

/// What a handler gives for a request.
pub struct Answer(pub(crate) Kind);

pub(crate) enum Kind {
    Now(Box<Response>),
    OnPool(Box<dyn FnOnce() -> Response + Send>),
    Later(oneshot::Receiver<Response>, Option<Late>),
}

/// What answers when a promise takes too long.
pub(crate) struct Late {
    pub(crate) time: Duration,
    pub(crate) otherwise: Box<dyn FnOnce() -> Response + Send>,
}

impl Answer {
    /// Work that blocks: files, locks, long computations. It runs on the pool.
    pub fn on_pool(work: impl FnOnce() -> Response + Send + 'static) -> Answer {
        Answer(Kind::OnPool(Box::new(work)))
    }

    /// A response that comes from elsewhere, such as at the end of a run. Nothing waits for it but the connection. A promise that is dropped
    /// answers with the status 503.
    pub fn later() -> (Promise, Answer) {
        let (sender, receiver) = oneshot::channel();
        (Promise(sender), Answer(Kind::Later(receiver, None)))
    }

    /// The same, but after this time the function answers instead. It must not block.
    pub fn later_within(
        time: Duration,
        otherwise: impl FnOnce() -> Response + Send + 'static,
    ) -> (Promise, Answer) {
        let (sender, receiver) = oneshot::channel();
        let late = Late { time, otherwise: Box::new(otherwise) };
        (Promise(sender), Answer(Kind::Later(receiver, Some(late))))
    }

    /// The response, for tests of handlers: does the work of the pool here, and waits for promises. One that is dropped gives `None`. Time
    /// limits do not count.
    pub fn wait(self) -> Option<Response> {
        match self.0 {
            Kind::Now(response) => Some(*response),
            Kind::OnPool(work) => Some(work()),
            Kind::Later(response, _) => response.blocking_recv().ok(),
        }
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer(Kind::Now(Box::new(response)))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Now(response) => response.fmt(f),
            Kind::OnPool(_) => f.write_str("OnPool"),
            Kind::Later(..) => f.write_str("Later"),
        }
    }
}

/// The right to answer a request once, from any thread.
#[derive(Debug)]
pub struct Promise(oneshot::Sender<Response>);

impl Promise {
    /// Answers. If the client is gone, nothing happens.
    pub fn keep(self, response: Response) {
        // The response comes back if nobody waits for it.
        drop(self.0.send(response));
    }

    /// Whether the client is gone.
    pub fn is_void(&self) -> bool {
        self.0.is_closed()
    }
}
