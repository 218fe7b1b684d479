//! The paths of a section's files, and where a file goes if another section has its path.
//!
//! The files themselves are moved when the sections are [joined](super::join).

use std::collections::BTreeMap;
use std::ops::Bound::{Included, Unbounded};

use super::names::{self, AUDIT_PATH, REPORT_PATH};
use super::tar;

/// The files of a section, by their paths in the archive.
#[derive(Default)]
pub(super) struct Paths {
    files: BTreeMap<Box<str>, Extent>,
    /// The folder of the newest file, with its slash. It contains a file, so neither it nor a folder above it is
    /// a file. That saves lookups, because most files follow others of their folder.
    folder: String,
}

/// The place of a file in its section. There is one in memory for each file, so it is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// The offset of its header in a tar, or its number in a folder.
    pub(super) start: u64,
    /// The length of the content.
    pub(super) len: u64,
    /// The length of everything before the content. 0 in a folder.
    pub(super) header_bytes: u32,
    /// Whether it was moved below its gatherer's folder, because an earlier section has its path.
    pub(super) is_moved: bool,
}

impl Extent {
    /// The length of the content with its padding.
    pub(super) fn padded_bytes(&self) -> u64 {
        self.len + tar::padding(self.len) as u64
    }

    /// The offset after this file in a tar.
    pub(super) fn end(&self) -> u64 {
        self.start + u64::from(self.header_bytes) + self.padded_bytes()
    }
}

/// The files that could not keep their path.
#[derive(Default)]
pub(super) struct Moves {
    /// How many were moved below their gatherer's folder, by the first folder of their original path.
    pub(super) moved: Vec<(String, u64)>,
    /// Those whose new path is taken too, with their original path.
    pub(super) lost: Vec<(Box<str>, Extent)>,
}

impl Paths {
    pub(super) fn insert(&mut self, path: &str, extent: Extent) {
        if folder_of(path) != self.folder {
            folder_of(path).clone_into(&mut self.folder);
        }
        self.files.insert(path.into(), extent);
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Extent)> {
        self.files.iter().map(|(path, extent)| (&**path, extent))
    }

    /// The files whose path begins so and that were not moved.
    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &Extent)> {
        let from = self.files.range::<str, _>((Included(prefix), Unbounded));
        from.take_while(move |(path, _)| path.starts_with(prefix)).map(|(path, extent)| (&**path, extent))
    }

    /// Whether a path conflicts with an existing one: it is the same, or one is a folder above the other.
    pub(super) fn conflict(&self, path: &str) -> bool {
        let is_known = folder_of(path) == self.folder;
        let above = !is_known && path.match_indices('/').any(|(at, _)| self.is_file(&path[..at]));
        let folder = format!("{path}/");
        let mut from = self.files.range::<str, _>((Included(folder.as_str()), Unbounded));
        above || self.is_file(path) || from.next().is_some_and(|(first, _)| first.starts_with(&folder))
    }

    fn is_file(&self, path: &str) -> bool {
        path == REPORT_PATH || path == AUDIT_PATH || self.files.contains_key(path)
    }

    /// Moves files that conflict with earlier sections below their gatherer's folder.
    ///
    /// Moved files cannot conflict with each other, because they did not before.
    pub(super) fn resolve_conflicts<'a>(
        &mut self,
        earlier: impl Iterator<Item = &'a Paths> + Clone,
        gatherer: &str,
    ) -> Moves {
        let is_taken = |path: &str| earlier.clone().any(|paths| paths.conflict(path));
        let mut moves = Moves::default();
        // The folder may become empty.
        self.folder.clear();
        let away: Vec<_> = self.files.extract_if(.., |path, _| is_taken(path)).collect();
        for (path, extent) in away {
            let new = names::moved_path(gatherer, &path);
            if self.conflict(&new) || is_taken(&new) {
                moves.lost.push((path, extent));
                continue;
            }
            // Paths are sorted, so files of one folder are adjacent.
            let folder = path.split('/').next().unwrap_or_default();
            match moves.moved.last_mut() {
                Some((last, files)) if last == folder => *files += 1,
                _ => moves.moved.push((folder.into(), 1)),
            }
            self.files.insert(new.into(), Extent { is_moved: true, ..extent });
        }
        moves
    }
}

/// The path up to and including the last slash.
fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(of: &[&str]) -> Paths {
        let mut paths = Paths::default();
        for (path, start) in of.iter().zip(0..) {
            paths.insert(path, Extent { start, len: 0, header_bytes: 0, is_moved: false });
        }
        paths
    }

    #[test]
    fn a_path_is_a_file_or_a_folder_and_once() {
        let paths = paths(&["a/b", "a/b.json", "c", "d-/e"]);
        for path in ["a/b", "a", "a/b/c", "a/b/c/d", "c/d", "d-", "wagather.json", "wagather.json/x"] {
            assert!(paths.conflict(path), "{path}");
        }
        for path in ["a/c", "a-", "b", "d", "a/b.jso", "wagather"] {
            assert!(!paths.conflict(path), "{path}");
        }
    }

    #[test]
    fn a_folder_whose_files_went_away_may_become_a_file() {
        let first = paths(&["a/b/c"]);
        let mut second = paths(&["a/b/c"]);
        let moves = second.resolve_conflicts([&first].into_iter(), "own");
        assert_eq!(moves.moved, [("a".to_owned(), 1)]);
        assert!(!second.conflict("a/b") && !second.conflict("a/b/d"));
        second.insert("a/b", Extent { start: 1, len: 0, header_bytes: 0, is_moved: false });
        assert!(second.conflict("a/b/d"), "below a file");
        // The folder of the last file is known, what lies beside it is not.
        second.insert("x/y/z", Extent { start: 2, len: 0, header_bytes: 0, is_moved: false });
        for (path, conflict) in
            [("x/y/w", false), ("x/y/z", true), ("x/y/z/v", true), ("x/y", true), ("a/b/d", true)]
        {
            assert_eq!(second.conflict(path), conflict, "{path}");
        }
    }

    #[test]
    fn what_is_taken_goes_below_the_gatherers_folder_or_is_lost() {
        let first = paths(&["n/a", "n/b/c", "n/d"]);
        let second = paths(&["other/n/e", "n/f"]);
        let mut third = paths(&["n/f/g", "own/n/b", "n/d", "n/b/c", "own/x", "n/h", "n/a"]);
        let moves = third.resolve_conflicts([&first, &second].into_iter(), "own");
        assert_eq!(moves.moved, [("n".to_owned(), 3)]);
        let lost: Vec<_> = moves.lost.iter().map(|(path, extent)| (&**path, extent.start)).collect();
        assert_eq!(lost, [("n/b/c", 3)], "its own entry own/n/b is no folder");
        let found: Vec<_> =
            third.iter().map(|(path, extent)| (path, extent.start, extent.is_moved)).collect();
        assert_eq!(
            found,
            [
                ("n/h", 5, false),
                ("own/n/a", 6, true),
                ("own/n/b", 1, false),
                ("own/n/d", 2, true),
                ("own/n/f/g", 0, true),
                ("own/x", 4, false),
            ]
        );
    }

    #[test]
    fn an_extent_ends_where_the_next_begins() {
        for (len, end) in [(0, 1500), (1, 2012), (512, 2012), (513, 2524)] {
            let extent = Extent { start: 988, len, header_bytes: 512, is_moved: false };
            assert_eq!((extent.end(), extent.padded_bytes()), (end, end - 1500));
        }
        assert!(size_of::<Extent>() <= 24);
    }
}
