//! What this host wrote of a run beside its objects, the report and the audit, until somebody asks what they say.
//!
//! Most requests are answered without them, and to read them takes longer than to keep them.

use std::collections::BTreeMap;

/// Bytes of reports and audits that are kept. Those of a run have a few megabytes.
const MAX_TOLD_BYTES: usize = 64 << 20;

/// Which of the two a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    /// The results of the gatherers.
    Report,
    /// The requests of all gatherers.
    Audit,
}

/// The files of an archive.
#[derive(Default)]
pub(crate) struct Told {
    /// By depth and folder.
    folders: BTreeMap<(usize, String), Files>,
    bytes: usize,
    has_report: bool,
}

/// Those of a folder.
#[derive(Default)]
struct Files {
    report: Option<Vec<u8>>,
    audit: Option<Vec<u8>>,
}

impl Told {
    /// Adds a file; one that cannot be read has no content. Of two with the same path, the first one counts.
    pub(crate) fn add(&mut self, path: &str, file: File, content: Option<Vec<u8>>) {
        self.has_report |= file == File::Report;
        let Some(content) = content else { return };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let depth = path.split('/').count();
        self.bytes += folder.len() + content.len();
        let files = self.folders.entry((depth, folder.to_owned())).or_default();
        let place = match file {
            File::Report => &mut files.report,
            File::Audit => &mut files.audit,
        };
        place.get_or_insert(content);
        // The files of a gatherer cannot take the room: the host's are nearer to the archive's root.
        while self.bytes > MAX_TOLD_BYTES {
            let Some(((_, folder), Files { report, audit })) = self.folders.pop_last() else { break };
            let of_both = [report, audit].into_iter().flatten().map(|content| folder.len() + content.len());
            self.bytes = self.bytes.saturating_sub(of_both.sum());
        }
    }

    /// Whether there is a report, even if nothing of it is kept.
    pub(crate) fn has_report(&self) -> bool {
        self.has_report
    }

    /// The outermost reports, each with the audit beside it. A gatherer may write files of such names below its folder.
    pub(crate) fn outermost(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let depth =
            self.folders.iter().find(|(_, files)| files.report.is_some()).map(|((depth, _), _)| *depth);
        let of_depth = self.folders.iter().filter(move |((of_folder, _), _)| Some(*of_folder) == depth);
        of_depth.filter_map(|(_, files)| Some((files.report.as_deref()?, files.audit.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outermost(told: &Told) -> Vec<(usize, usize)> {
        told.outermost().map(|(report, audit)| (report.len(), audit.len())).collect()
    }

    #[test]
    fn the_outermost_files_count_in_any_order() {
        let files = [("a/b/", 3), ("", 1), ("a/", 2)];
        for turn in 0..3 {
            let mut told = Told::default();
            for at in 0..3 {
                let (folder, len) = files[(turn + at) % 3];
                told.add(&format!("{folder}audit.jsonl"), File::Audit, Some(vec![0; len]));
                told.add(&format!("{folder}wagather.json"), File::Report, Some(vec![0; 10 * len]));
            }
            // Those that come later with the same path do not.
            told.add("wagather.json", File::Report, Some(Vec::new()));
            assert_eq!(outermost(&told), [(10, 1)]);
        }
    }

    #[test]
    fn files_of_gatherers_do_not_take_the_room() {
        let mut told = Told::default();
        let large = || Some(vec![0; MAX_TOLD_BYTES / 3]);
        told.add("x/audit.jsonl", File::Audit, Some(vec![0; 7]));
        for number in 0..8 {
            told.add(&format!("x/{number}/audit.jsonl"), File::Audit, large());
            told.add(&format!("x/{number}/wagather.json"), File::Report, large());
            assert!(told.bytes <= MAX_TOLD_BYTES);
        }
        told.add("x/wagather.json", File::Report, Some(vec![0; 8]));
        assert_eq!(outermost(&told), [(8, 7)]);
        // A report for which there is no room is one that says nothing.
        let mut told = Told::default();
        told.add("wagather.json", File::Report, Some(vec![0; MAX_TOLD_BYTES + 1]));
        assert!(told.has_report() && outermost(&told).is_empty() && told.bytes == 0);
        let mut told = Told::default();
        told.add("wagather.json", File::Report, None);
        assert!(told.has_report());
    }
}
