//! Internal to host-min, without any promise of stability: where answers come from.
//!
//! That is a live API server or a recording of one.
//!
//! A source sends canonical requests that admission has let through, and gives back what the server said,
//! byte for byte. It knows nothing of guests, masks or the archive. Sources are interchangeable, and
//! [`recording::Recorder`] is a source that writes down what another one answers.
#![forbid(unsafe_code)]

pub mod cluster;
pub mod recording;
mod traced;

pub use traced::Trace;
pub use traced::Traced;
pub use wagather_base::request::Accept;

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A request that may be sent: always an HTTP GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The path and query, encoded: `/api/v1/pods?limit=500`.
    pub path_and_query: String,
    /// What the answer should be.
    pub accept: Accept,
    /// When to give up, for the head and for each read of the body.
    pub deadline: Instant,
}

/// An answer: its head, and its body as it streams.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The media type, if the server named one.
    pub content_type: Option<String>,
    /// How long the server wants us to wait before we ask again (`Retry-After`), if it says so.
    pub retry_after: Option<Duration>,
    /// The body, decoded from its transfer and content encodings: whoever counts its bytes counts what compressed ones
    /// decode to. A body that was cut short ends in an error, never in an early end, and an error stays. Its kind says
    /// whether the same request may do better, as [`Cause::of`] has it:
    ///
    /// | kind | what |
    /// |---|---|
    /// | [`ErrorKind::UnexpectedEof`], [`ErrorKind::ConnectionReset`], [`ErrorKind::BrokenPipe`] | the connection broke |
    /// | [`ErrorKind::ConnectionAborted`] | we ended it: nothing came for longer than the timeout for that |
    /// | [`ErrorKind::TimedOut`] | the call's deadline has passed |
    /// | [`ErrorKind::InvalidData`] | the framing, the compression or TLS is malformed |
    pub body: Box<dyn Read + Send>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// What kind of reason it is.
    pub cause: Cause,
    /// What happened, and with whom: "cannot connect to 10.0.0.1:6443: connection refused".
    pub reason: String,
    /// What to do about it, or empty.
    pub advice: String,
}

/// Why there is no answer, as far as it matters for asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The call's deadline has passed.
    Late,
    /// There is no connection, for as long as one may take: nothing was sent.
    Unreachable,
    /// The connection broke before the head of the answer was whole, or nothing came for longer than the timeout for that,
    /// while there was time left.
    Broken,
    /// The same would happen again: it is the configuration, a certificate, the credentials, or a server that does not
    /// speak HTTP.
    Final,
    /// The source is an archive, and this was not gathered. Nobody knows whether the cluster has it.
    NotGathered,
}

impl Cause {
    /// What an I/O error of a connection that was made comes to.
    pub fn of(error: &io::Error) -> Cause {
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Cause::Late,
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => Cause::Broken,
            _ => Cause::Final,
        }
    }
}

/// Something that an account may be allowed to do, in the words of a `SelfSubjectAccessReview`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// `get` or `list`.
    pub verb: &'static str,
    /// The API group, or empty.
    pub group: String,
    /// The API version.
    pub version: String,
    /// The plural name; empty for a path.
    pub resource: String,
    /// The subresource, or empty.
    pub subresource: String,
    /// The namespace; empty for all of them, and for what is in none.
    pub namespace: String,
    /// The object's name; empty for all of them.
    pub name: String,
    /// A path that is no resource, or empty.
    pub path: String,
}

/// What the server says of a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The server's reason; often empty.
    pub reason: String,
}

/// What a request can be written to at once. If it is not used, the source has it back.
pub trait Ready: Send {
    /// Writes a request.
    fn write(self: Box<Self>, call: &Call) -> Box<dyn Written>;
}

/// A request that was written.
pub trait Written: Send {
    /// Waits for the head of the answer.
    fn answer(self: Box<Self>) -> Result<Response, NoAnswer>;
}

/// Something that answers requests. Shared by the gatherers of a run.
pub trait Source: Send + Sync {
    /// Sends a request and waits for the head of the answer.
    fn send(&self, call: &Call) -> Result<Response, NoAnswer>;

    /// What a request can be written to at once, without waiting for anything, if there is that now.
    fn ready(&self) -> Option<Box<dyn Ready>> {
        None
    }

    /// Gets ready to send, if that takes time: connects, and does TLS. Called on a thread of its own, before a run, and ends by the
    /// deadline; what fails here fails again, and is told, at the first request.
    fn warm(&self, deadline: Instant) {
        let _ = deadline;
    }

    /// Nothing more will be asked: ends what was begun outside of this process.
    fn close(&self) {}

    /// Asks whether this account may do something. Only a live server knows.
    fn may(&self, question: &Question, deadline: Instant) -> Result<Permission, NoAnswer> {
        let _ = (question, deadline);
        Err(NoAnswer {
            cause: Cause::Final,
            reason: format!("{} does not support access reviews", self.describe()),
            advice: "ask a cluster".into(),
        })
    }

    /// Whether it may answer this path and query otherwise than before. A recording does not, once it has given all that it
    /// has; so a replay asks again exactly as often as the run did that was recorded.
    fn has_answer(&self, path_and_query: &str) -> bool {
        let _ = path_and_query;
        true
    }

    /// Whether it can answer this path and query at all. A recording knows what is in it.
    fn knows(&self, path_and_query: &str) -> bool {
        let _ = path_and_query;
        true
    }

    /// What is missing from a list that it answers with, as reasons. An archive knows of objects that it cannot read.
    fn missing(&self, path_and_query: &str) -> Vec<String> {
        let _ = path_and_query;
        Vec::new()
    }

    /// The time to tell guests, in milliseconds since the Unix epoch.
    fn now_millis(&self) -> i64;

    /// Whether this is a recording, so that a run must give the same bytes each time.
    fn is_recording(&self) -> bool;

    /// What it is, for the report: a server's URL or `recording`.
    fn describe(&self) -> String;

    /// What identifies the cluster of an archive, if the archive has that.
    fn cluster(&self) -> Option<String> {
        None
    }

    /// What it is called in the name of an archive: a context or a host.
    fn label(&self) -> String {
        self.describe()
    }
}

impl<T: Source + ?Sized> Source for Arc<T> {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        (**self).send(call)
    }
    fn ready(&self) -> Option<Box<dyn Ready>> {
        (**self).ready()
    }
    fn warm(&self, deadline: Instant) {
        (**self).warm(deadline);
    }
    fn close(&self) {
        (**self).close();
    }
    fn may(&self, question: &Question, deadline: Instant) -> Result<Permission, NoAnswer> {
        (**self).may(question, deadline)
    }
    fn has_answer(&self, path_and_query: &str) -> bool {
        (**self).has_answer(path_and_query)
    }
    fn knows(&self, path_and_query: &str) -> bool {
        (**self).knows(path_and_query)
    }
    fn now_millis(&self) -> i64 {
        (**self).now_millis()
    }
    fn is_recording(&self) -> bool {
        (**self).is_recording()
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
    fn label(&self) -> String {
        (**self).label()
    }
}
