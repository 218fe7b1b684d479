//! Files of an archive that cannot be used, and what is missing because of them.

use crate::document;
use crate::place::Hint;
use wagather_printable::Line;

/// Files whose names are remembered for the warning.
const MAX_SKIPPED_NAMES: usize = 16;

/// Files that were not used.
#[derive(Default)]
pub(crate) struct Skipped {
    count: usize,
    names: Vec<String>,
}

impl Skipped {
    pub(crate) fn add(&mut self, path: &str, reason: &str) {
        self.count += 1;
        if self.names.len() < MAX_SKIPPED_NAMES {
            self.names.push(format!("{}: {}", Line(path), Line(reason)));
        }
    }

    /// Whether there are any.
    pub(crate) fn has_some(&self) -> bool {
        self.count > 0
    }

    /// A warning, if there are any.
    pub(crate) fn warning(&self, shown: &str, named: usize) -> Option<String> {
        let more = if self.count > named { "; …" } else { "" };
        let named: Vec<&str> = self.names.iter().take(named).map(String::as_str).collect();
        self.has_some().then(|| {
            format!(
                "{} files of {shown} cannot be used, and what they have is missing: {}{more}",
                self.count,
                named.join("; ")
            )
        })
    }
}

/// A file that cannot be used, and what its path says was in it.
pub(crate) struct Lost {
    /// `None` if the path does not say it.
    group: Option<String>,
    plural: String,
    /// `None` for an object that is in none, and if the path does not say it.
    namespace: Option<String>,
    /// The object, if the file has one.
    name: String,
    /// Which file, and why.
    reason: String,
}

impl Lost {
    /// That of a file, if its path says of which resource it has objects.
    pub(crate) fn of(path: &str, reason: &str, hint: &Hint) -> Option<Lost> {
        let plural = match (&hint.plural, &hint.singular) {
            _ if hint.is_below => return None,
            (Some(plural), _) => plural.clone(),
            (None, Some(singular)) => document::plural_of(singular),
            (None, None) => return None,
        };
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        Some(Lost {
            group: hint.group.clone(),
            plural,
            namespace: hint.namespace.clone(),
            name: wagather_base::percent::decode_lossy(stem),
            reason: format!("{} cannot be used: {}", Line(path), Line(reason)),
        })
    }

    /// Whether it may have had objects of a resource.
    pub(crate) fn is_of(&self, group: &str, plural: &str) -> bool {
        self.plural == plural && self.group.as_deref().is_none_or(|own| own == group)
    }

    /// Whether they may have been in a namespace, or in any.
    pub(crate) fn is_in(&self, namespace: Option<&str>) -> bool {
        namespace.is_none_or(|wanted| self.namespace.as_deref().is_none_or(|own| own == wanted))
    }

    /// The namespace and the name of the object, if it had one.
    pub(crate) fn object(&self) -> (&str, &str) {
        (self.namespace.as_deref().unwrap_or_default(), &self.name)
    }

    /// Which file, and why.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}
