//! What answers requests.

use crate::{Answer, Error, Refusal, Request, Response};

/// What answers requests. A function from [`Request`] to [`Answer`] or [`Response`] is one.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request. All connections wait for it, so work that blocks belongs in [`Answer::on_pool`].
    fn handle(&self, request: Request) -> Answer;

    /// The response to a request that the handler does not see, or that it fails on. By default a problem (RFC 9457).
    fn refuse(&self, refusal: Refusal) -> Response {
        refusal.problem()
    }

    /// Hears that a file with a token, a key or certificates changed and cannot be used. What was read before still holds.
    fn warn(&self, _error: &Error) {}
}

impl<F, A> Handler for F
where
    F: Fn(Request) -> A + Send + Sync + 'static,
    A: Into<Answer>,
{
    fn handle(&self, request: Request) -> Answer {
        self(request).into()
    }
}
