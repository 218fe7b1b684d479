//! Why an answer ends early: what the guest is told, what people are told, and whether it is worth asking again.

use super::{Asked, Means};
use crate::budget::Spent;
use crate::html;
use std::io::ErrorKind;
use std::time::Instant;
use wagather_abi::Status;
use wagather_json::project::ProjectError;
use wagather_kube::{Cause, NoAnswer};

/// Why an answer ends early: what the guest is told, and why, for people.
pub(crate) struct Failed {
    pub(super) status: Status,
    pub(super) why: String,
    pub(super) advice: String,
    /// The body broke off on its way, in this way: another may come whole.
    pub(super) cut: Option<ErrorKind>,
}

impl Failed {
    pub(super) fn new(status: Status, why: &str, advice: &str) -> Failed {
        Failed { status, why: why.into(), advice: advice.into(), cut: None }
    }

    pub(super) fn no_answer(no_answer: &NoAnswer) -> Failed {
        let status = if no_answer.cause == Cause::Late { Status::TIMED_OUT } else { Status::UNREACHABLE };
        Failed::new(status, &no_answer.reason, &no_answer.advice)
    }

    pub(super) fn http(code: u16, why: &str, advice: &str) -> Failed {
        Failed::new(Status::http(code), why, advice)
    }

    pub(super) fn bad_answer(why: &str, advice: &str) -> Failed {
        Failed::new(Status::BAD_ANSWER, why, advice)
    }

    pub(super) fn project(error: &ProjectError) -> Failed {
        let status = match error {
            ProjectError::Malformed { .. } => Status::BAD_ANSWER,
            ProjectError::TooLarge { .. } => Status::TOO_LARGE,
            ProjectError::Read(error) if error.kind() == ErrorKind::TimedOut => Status::TIMED_OUT,
            ProjectError::Read(_) => Status::BAD_ANSWER,
        };
        let cut = match error {
            ProjectError::Read(error) if is_cut(error.kind()) => Some(error.kind()),
            _ => None,
        };
        Failed { cut, ..Failed::new(status, &format!("the response cannot be used: {error}"), "") }
    }

    /// The same of an answer that begins so and has that media type: what is a page for people is told as one.
    pub(super) fn of_body(error: &ProjectError, beginning: &[u8], content_type: Option<&str>) -> Failed {
        match (error, html::words(beginning, content_type)) {
            (ProjectError::Malformed { .. }, Some(page)) => {
                Failed::bad_answer(&format!("the response is {page}, not JSON"), html::ADVICE)
            }
            _ => Failed::project(error),
        }
    }

    /// Whether the response broke off in a way that another one may not, and there is time for another. An answer whose time is over is only
    /// asked for again if it had brought something: its time went by while the guest worked on what it brought.
    pub(super) fn may_be_asked_again(
        &self,
        asked: &Asked,
        until: Instant,
        progressed: bool,
        means: &Means<'_>,
    ) -> bool {
        let Some(kind) = self.cut else { return false };
        // A recording tells by whether it has another answer.
        if means.fetcher.source().is_recording() {
            return true;
        }
        let now = Instant::now();
        let late = matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock);
        now < asked.deadline && (!late || now < until || progressed)
    }

    /// The same, with how often it was tried.
    pub(super) fn tried(mut self, tried: &str) -> Failed {
        if !tried.is_empty() {
            self.why = format!("{} ({tried})", self.why);
        }
        self
    }

    /// The same, after so many answers that broke off.
    pub(super) fn after_tries(self, cuts: u32) -> Failed {
        if cuts > 1 { self.tried(&format!("tried {cuts} times")) } else { self }
    }
}

/// Whether a body that ended in such an error broke off on its way.
const fn is_cut(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::TimedOut
            | ErrorKind::WouldBlock
            // The transport's: its framing makes no sense. JSON that makes none is another matter.
            | ErrorKind::InvalidData
    )
}

impl From<Spent> for Failed {
    fn from(spent: Spent) -> Failed {
        Failed::new(Status::OUT_OF_BUDGET, &spent.to_string(), "")
    }
}
