//! Whom something is said of.

/// Whom it is said of: a gatherer, in one of several clusters if there are several; the run as a whole if the name is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Who {
    pub(in crate::cli) context: Option<String>,
    pub(in crate::cli) gatherer: String,
}

impl Who {
    /// What a line about it begins with.
    pub(super) fn prefix(&self) -> String {
        let context = self.context.as_deref().unwrap_or_default();
        let slash = if context.is_empty() || self.gatherer.is_empty() { "" } else { "/" };
        let name = format!("{context}{slash}{}", self.gatherer);
        if name.is_empty() { name } else { name + ": " }
    }
}
