//! What became of a gatherer's fields: its generated module against what would be generated now, and its schemas against
//! others, such as those of a cluster of another version.
//!
//! Schemas are compared along the plan, so that only what the gatherer reads counts, and as [`Shape`](crate::schema::Shape)s, so that the
//! dialect does not. Every [`Change`] says what it means for the gatherer as it was built.

mod compare;

pub use compare::compare;

use std::fmt;

/// Something that a gatherer reads and that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Where: `pods.status.containerStatuses[].restartCount`.
    pub path: String,
    /// What differs: `integer → string`.
    pub what: String,
    /// What that means for the gatherer.
    pub effect: Effect,
}

/// What a change means for a gatherer that was built before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It does as before.
    Harmless,
    /// The field reads as if it were always absent.
    ReadsNothing,
    /// Objects fail to decode.
    FailsToDecode,
    /// Requests fail.
    FailsToAsk,
    /// It cannot be told.
    Unknown,
}

impl Effect {
    /// Whether the gatherer no longer does what it was built for.
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

/// Where a generated file first differs from what would be generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The line, from 1.
    pub line: usize,
    /// What the file has from there on, a few lines.
    pub is: Vec<String>,
    /// What would be there.
    pub would_be: Vec<String>,
}

/// How many lines of each are shown.
const SHOWN_LINES: usize = 3;

/// Compares a generated file with what would be generated; nothing, if they are the same.
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
