//! Why an answer fails: the guest's status, the reason for people, and whether to send the request again.

use crate::budget::Spent;
use crate::html;
use std::io::ErrorKind;
use std::time::Instant;
use wagather_abi::Status;
use wagather_json::project::ProjectError;
use wagather_kube::{Cause, NoAnswer};
use wagather_policy::canonical::Refusal;

/// Why an answer is refused that a manifest's wildcard brought, whatever its resource is called.
pub(super) const BEYOND_WILDCARDS: &str =
    "the answer holds Secrets or tokens, which the manifest's wildcards do not cover";

/// Why an answer fails.
#[derive(Clone)]
pub(crate) struct Failed {
    /// What the guest's calls return.
    pub(super) status: Status,
    /// The reason, for people.
    pub(super) why: String,
    pub(super) advice: String,
    /// The error with which the body broke off. Another response may be complete.
    pub(super) cut: Option<ErrorKind>,
}

impl Failed {
    pub(super) fn new(status: Status, why: &str, advice: &str) -> Failed {
        Failed { status, why: why.into(), advice: advice.into(), cut: None }
    }

    pub(super) fn no_answer(no_answer: &NoAnswer) -> Failed {
        let status = match no_answer.cause {
            Cause::Late => Status::TIMED_OUT,
            // For a gatherer it is as what it may not see: it exists or not.
            Cause::NotGathered => Status::http(403),
            Cause::Unreachable | Cause::Broken | Cause::Final => Status::UNREACHABLE,
        };
        Failed::new(status, &no_answer.reason, &no_answer.advice)
    }

    pub(super) fn http(code: u16, why: &str, advice: &str) -> Failed {
        Failed::new(Status::http(code), why, advice)
    }

    /// A request that cannot be sent, because of what the cluster has.
    pub(super) fn refused(refusal: Refusal) -> Failed {
        Failed::new(refusal.status, &refusal.reason, "")
    }

    /// Says what failed, before the reason.
    pub(super) fn about(self, what: &str) -> Failed {
        Failed { why: format!("{what}: {}", self.why), ..self }
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

    /// The error of a body with this beginning and media type. An HTML page is reported as one.
    pub(super) fn of_body(error: &ProjectError, beginning: &[u8], content_type: Option<&str>) -> Failed {
        match (error, html::describe(beginning, content_type)) {
            (ProjectError::Malformed { .. }, Some(page)) => {
                Failed::bad_answer(&format!("the response is {page}, not JSON"), html::ADVICE)
            }
            _ => Failed::project(error),
        }
    }

    /// Whether the response broke off, and there is time for another. A response that ran out of time is worth another only if it
    /// `progressed`: its time then passed while the guest worked on what it had brought.
    pub(super) fn may_be_sent_again(
        &self,
        deadline: Instant,
        until: Instant,
        progressed: bool,
        is_replay: bool,
    ) -> bool {
        let Some(kind) = self.cut else { return false };
        // For a recording, the existence of another answer decides.
        if is_replay {
            return true;
        }
        let now = Instant::now();
        let late = matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock);
        now < deadline && (!late || now < until || progressed)
    }

    /// Adds how often the request was sent, in words.
    pub(super) fn tried(mut self, tried: &str) -> Failed {
        if !tried.is_empty() {
            self.why = format!("{} ({tried})", self.why);
        }
        self
    }

    /// Adds how many responses broke off.
    pub(super) fn after_tries(self, cuts: u32) -> Failed {
        if cuts > 1 { self.tried(&format!("tried {cuts} times")) } else { self }
    }
}

/// Whether an error of this kind means that the body broke off.
const fn is_cut(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::TimedOut
            | ErrorKind::WouldBlock
            // The transport's framing is invalid. Invalid JSON is another error.
            | ErrorKind::InvalidData
    )
}

impl From<Spent> for Failed {
    fn from(spent: Spent) -> Failed {
        Failed::new(Status::OUT_OF_BUDGET, &spent.to_string(), "")
    }
}
