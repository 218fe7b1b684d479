//! Detects changes: compares a generated module with what would be generated now, and schemas with others, such as
//! those of a cluster with another version.
//!
//! Schemas are compared along the plan, so only what the gatherer reads counts, and as
//! [`Shape`](crate::schema::Shape)s, so the dialect does not matter. Every [`Change`] has its effect on the gatherer
//! that was already built.

mod compare;

pub use compare::compare;

use std::fmt;

/// A difference in something that a gatherer reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The path: `pods.status.containerStatuses[].restartCount`.
    pub path: String,
    /// The difference: `integer → string`.
    pub what: String,
    /// The effect on the gatherer.
    pub effect: Effect,
}

/// The effect of a change on a gatherer that was built before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It works as before.
    Harmless,
    /// The field is always absent.
    ReadsNothing,
    /// Objects fail to decode.
    FailsToDecode,
    /// Requests fail.
    FailsToAsk,
    /// The effect is unknown.
    Unknown,
}

impl Effect {
    /// Whether the gatherer no longer works as intended.
    pub fn breaks(self) -> bool {
        self != Effect::Harmless
    }

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Harmless => "harmless",
            Effect::ReadsNothing => "readsNothing",
            Effect::FailsToDecode => "failsToDecode",
            Effect::FailsToAsk => "failsToAsk",
            Effect::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Effect::Harmless => "harmless",
            Effect::ReadsNothing => "the gatherer reads nothing there",
            Effect::FailsToDecode => "the gatherer fails to decode it",
            Effect::FailsToAsk => "the gatherer's requests fail",
            Effect::Unknown => "the effect on the gatherer is unknown",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.path, self.what, self.effect)
    }
}

/// The first difference between a generated file and what would be generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The line, counted from 1.
    pub line: usize,
    /// The next lines of the file.
    pub is: Vec<String>,
    /// The lines that would be there.
    pub would_be: Vec<String>,
}

/// The number of lines that are shown.
const SHOWN_LINES: usize = 3;

/// Compares a generated file with what would be generated; `None` if they are equal.
pub fn stale(is: &str, would_be: &str) -> Option<Stale> {
    if is == would_be {
        return None;
    }
    let same = is.lines().zip(would_be.lines()).take_while(|(is, would_be)| is == would_be).count();
    let shown = |text: &str| text.lines().skip(same).take(SHOWN_LINES).map(str::to_owned).collect();
    Some(Stale { line: same + 1, is: shown(is), would_be: shown(would_be) })
}

#[cfg(test)]
mod tests;
