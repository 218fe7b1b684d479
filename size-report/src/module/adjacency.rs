//! Adjacency lists in two allocations: the targets of all sources in one vector, and the start of each source's
//! targets in another. A vector for each of a hundred thousand functions would take more memory than the module.

/// Sources `0..len()`, each with its targets.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Adjacency {
    /// The start of each source's targets, and the end of the last.
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Adjacency {
    /// The number of sources.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are no sources.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets of a source, ascending and unique; empty for an unknown source.
    pub fn of(&self, source: u32) -> &[u32] {
        let at = source as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => &self.targets[start as usize..end as usize],
            _ => &[],
        }
    }

    /// The reversed edges, for targets below `len`.
    pub fn reversed(&self, len: usize) -> Adjacency {
        let mut starts = vec![0_u32; len + 1];
        for &target in &self.targets {
            if let Some(count) = starts.get_mut(target as usize + 1) {
                *count += 1;
            }
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut targets = vec![0; starts[len] as usize];
        for source in 0..self.len() as u32 {
            for &target in self.of(source).iter().filter(|&&target| (target as usize) < len) {
                targets[next[target as usize] as usize] = source;
                next[target as usize] += 1;
            }
        }
        Adjacency { starts, targets }
    }
}

/// Builds an [`Adjacency`], source by source.
#[derive(Debug)]
pub struct AdjacencyBuilder {
    made: Adjacency,
}

impl Default for AdjacencyBuilder {
    fn default() -> AdjacencyBuilder {
        AdjacencyBuilder { made: Adjacency { starts: vec![0], targets: Vec::new() } }
    }
}

impl AdjacencyBuilder {
    /// Adds a target of the current source.
    pub fn push(&mut self, target: u32) {
        self.made.targets.push(target);
    }

    /// Ends the current source: sorts its targets, and removes duplicates.
    pub fn end_source(&mut self) {
        let start = self.made.starts[self.made.starts.len() - 1] as usize;
        self.made.targets[start..].sort_unstable();
        let mut kept = start;
        for at in start..self.made.targets.len() {
            if at == start || self.made.targets[at] != self.made.targets[kept - 1] {
                self.made.targets[kept] = self.made.targets[at];
                kept += 1;
            }
        }
        self.made.targets.truncate(kept);
        self.made.starts.push(kept as u32);
    }

    /// The result.
    pub fn finish(self) -> Adjacency {
        self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_sorted_and_single_and_can_be_turned_round() {
        let mut builder = AdjacencyBuilder::default();
        for targets in [&[2, 1, 2][..], &[], &[0, 2]] {
            targets.iter().for_each(|&target| builder.push(target));
            builder.end_source();
        }
        let made = builder.finish();
        assert_eq!((made.len(), made.of(0), made.of(1), made.of(9)), (3, &[1, 2][..], &[][..], &[][..]));
        let reversed = made.reversed(3);
        assert_eq!([reversed.of(0), reversed.of(1), reversed.of(2)], [&[2][..], &[0], &[0, 2]]);
        assert_eq!(reversed.reversed(3), made);
    }
}
