//! The subject of an event.

/// A gatherer, with its cluster if there are several. With an empty name, the cluster or the run as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The cluster's context, if there are several.
    pub context: Option<String>,
    /// The gatherer's name, or nothing.
    pub gatherer: String,
}

impl Subject {
    /// The beginning of a line about it.
    pub(super) fn prefix(&self) -> String {
        let context = self.context.as_deref().unwrap_or_default();
        let slash = if context.is_empty() || self.gatherer.is_empty() { "" } else { "/" };
        let name = format!("{context}{slash}{}", self.gatherer);
        if name.is_empty() { name } else { name + ": " }
    }
}
