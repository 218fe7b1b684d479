//! The effect of a grant on a run: how much each rule withholds and hides, and which of its names match anything.
//!
//! It is counted while objects are read. Each object changes one or two numbers, and is compared only with names that have not matched
//! yet.

use crate::rights::About;
use std::sync::Arc;
use wagather_base::limits::MAX_REPORT_RESOURCES;

/// The counts for each resource that a gatherer asked for.
#[derive(Clone, Debug, Default)]
pub struct Uses(Vec<Use>);

/// The counts for one resource.
#[derive(Clone, Debug, Default)]
pub struct Use {
    about: Arc<About>,
    /// Objects that were given.
    pub objects: u64,
    /// Items of lists that were withheld.
    pub withheld: u64,
    /// Objects that were given without some of their fields.
    pub reduced: u64,
    /// How many objects had the hidden field with each number.
    hidden: Vec<u64>,
    /// The entries of the grant whose objects lists would have shown.
    reached: Vec<bool>,
    /// The entries that have matched nothing.
    unmatched: Vec<usize>,
}

impl Uses {
    /// The index of the resource of a request. An index without a place if there are too many resources.
    pub fn place_of(&mut self, about: Arc<About>) -> usize {
        if let Some(place) = self.0.iter().position(|one| one.about == about) {
            return place;
        }
        // A gatherer can ask for a resource with many masks.
        if self.0.len() >= MAX_REPORT_RESOURCES {
            return usize::MAX;
        }
        let numbers = about.removed.iter().filter_map(|removed| removed.number).max();
        self.0.push(Use {
            hidden: vec![0; numbers.map_or(0, |most| usize::from(most) + 1)],
            reached: vec![false; about.entries.len()],
            unmatched: (0..about.entries.len()).collect(),
            about,
            ..Use::default()
        });
        self.0.len() - 1
    }

    /// Whether an object that is read can change the counts.
    pub fn has_unmatched(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(|one| !one.unmatched.is_empty())
    }

    /// Counts an object that was read, visible or not.
    pub fn read(&mut self, place: usize, namespace: &str, name: &str) {
        let Some(Use { about, unmatched, .. }) = self.0.get_mut(place) else { return };
        if !unmatched.is_empty() {
            let namespace = about.namespace_of(namespace, name);
            unmatched.retain(|&entry| !about.entries[entry].matches(namespace, name));
        }
    }

    /// Counts an object that was withheld.
    pub fn withheld(&mut self, place: usize) {
        if let Some(one) = self.0.get_mut(place) {
            one.withheld += 1;
        }
    }

    /// It was given, without what these numbers stand for.
    pub fn gave(&mut self, place: usize, hidden: &[u16]) {
        let Some(one) = self.0.get_mut(place) else { return };
        one.objects += 1;
        one.reduced += u64::from(!hidden.is_empty());
        for &number in hidden {
            if let Some(objects) = one.hidden.get_mut(usize::from(number)) {
                *objects += 1;
            }
        }
    }

    /// A list was read to its end, in a namespace or over all.
    pub fn listed(&mut self, place: usize, namespace: &str) {
        let Some(Use { about, reached, .. }) = self.0.get_mut(place) else { return };
        for (reached, entry) in reached.iter_mut().zip(&about.entries) {
            *reached = *reached || entry.is_reached_in(namespace);
        }
    }

    /// Objects that were given without some of their fields.
    pub fn reduced(&self) -> u64 {
        self.0.iter().map(|one| one.reduced).sum()
    }

    /// Each resource.
    pub fn iter(&self) -> impl Iterator<Item = &Use> {
        self.0.iter()
    }
}

impl Use {
    /// What of the grant is about it.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// In how many objects what has that number was hidden.
    pub fn hidden(&self, number: Option<u16>) -> u64 {
        number.and_then(|number| self.hidden.get(usize::from(number))).copied().unwrap_or(0)
    }

    /// Whether an entry of the grant matched an object; `None` if nothing was listed that could show it.
    pub fn has_matched(&self, entry: usize) -> Option<bool> {
        match self.unmatched.contains(&entry) {
            false => Some(true),
            true => self.reached.get(entry).filter(|reached| **reached).map(|_| false),
        }
    }
}
