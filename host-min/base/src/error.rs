//! How a run can fail, for a person to read and a script to match.
//!
//! Not here: what the guest is told (that is [`wagather_abi::Status`]) and what became of one gatherer
//! (that is in the report).

use std::fmt;
use wagather_printable::Line;

/// Who or what is to blame. Each class has its own exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Class {
    /// A fault of this program.
    Internal,
    /// The guest module cannot be used: not WebAssembly, invalid, another contract.
    Module,
    /// The configuration cannot be used: kubeconfig, credentials, recording, parameters.
    Config,
    /// The cluster could not be reached, or its answer cannot be used. Another try may help.
    Cluster,
    /// The cluster does not let this account do it (401, 403). No try helps until that changes.
    Refused,
    /// The output cannot be written.
    Output,
    /// The gatherer failed: it trapped, ran out of time or memory, or said so.
    Gatherer,
    /// The run went well, but the cluster does not have everything that was asked for. Another try would not change that.
    Gaps,
    /// The run went well and the archive is whole, but the server that it is uploaded to does not have it.
    Delivery,
    /// The run went well, and gatherers found something that is as bad as was asked for.
    Findings,
    /// This signal asked the run to end.
    Stopped(u8),
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 10] = [
        Class::Internal,
        Class::Module,
        Class::Config,
        Class::Cluster,
        Class::Refused,
        Class::Output,
        Class::Gatherer,
        Class::Gaps,
        Class::Delivery,
        Class::Findings,
    ];

    /// What it is called in lines of JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Internal => "internal",
            Class::Module => "module",
            Class::Config => "config",
            Class::Cluster => "cluster",
            Class::Refused => "refused",
            Class::Output => "output",
            Class::Gatherer => "gatherer",
            Class::Gaps => "gaps",
            Class::Delivery => "delivery",
            Class::Findings => "findings",
            Class::Stopped(_) => "stopped",
        }
    }

    /// The exit code of the command line.
    pub const fn exit_code(self) -> u8 {
        match self {
            Class::Internal => 1,
            Class::Module => 3,
            Class::Config => 4,
            Class::Cluster => 5,
            Class::Output => 6,
            Class::Gatherer => 7,
            Class::Gaps => 8,
            Class::Stopped(signal) => 128 + (signal & 127),
            Class::Refused => 9,
            Class::Delivery => 10,
            Class::Findings => 11,
        }
    }
}

/// A failure: what was attempted, on what, why it failed, and what to do about it.
///
/// Its texts may repeat what servers, modules and files say. [`Display`](fmt::Display) escapes them, so that each is one line and
/// cannot control a terminal. Code that shows one of the texts by itself must escape it, too.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    /// Who is to blame.
    pub class: Class,
    /// What was attempted, and on what: "cannot read the kubeconfig ./config".
    pub attempt: String,
    /// Why it failed.
    pub reason: String,
    /// More reasons, if there are several, such as the other mistakes of a file.
    pub more: Vec<String>,
    /// What to do about it. Empty if there is no useful advice.
    pub advice: String,
}

/// The result of what can fail.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failure without advice.
    pub fn new(class: Class, attempt: impl Into<String>, reason: impl fmt::Display) -> Self {
        Failure {
            class,
            attempt: attempt.into(),
            reason: reason.to_string(),
            more: Vec::new(),
            advice: String::new(),
        }
    }

    /// A failure with several reasons, of which there is at least one.
    pub fn of_many(
        class: Class,
        attempt: impl Into<String>,
        reasons: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut reasons = reasons.into_iter();
        let first = Failure::new(class, attempt, reasons.next().unwrap_or_default());
        Failure { more: reasons.collect(), ..first }
    }

    /// Adds what to do about it.
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Line(&self.attempt), Line(&self.reason))?;
        let more = self.more.iter().chain([&self.advice]).filter(|line| !line.is_empty());
        more.into_iter().try_for_each(|line| write!(f, "\n  {}", Line(line)))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.class)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_said_is_shown_within_its_line() {
        let evil = "\u{1b}[2J\nerror: forged";
        let shown = "\\u{1b}[2J\\nerror: forged";
        let reasons = [evil.to_owned(), format!("b{evil}")];
        let failure = Failure::of_many(Class::Config, format!("a{evil}"), reasons).advise(format!("c{evil}"));
        assert_eq!(failure.to_string(), format!("a{shown}: {shown}\n  b{shown}\n  c{shown}"));
        assert_eq!(format!("{failure:?}"), format!("Config: {failure}"));
    }
}
