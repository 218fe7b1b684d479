//! The findings of a gatherer: what the host counts and shows of its `findings.json`. The file itself goes to the archive as it is.

use std::io;
use wagather_archive::Spool;
pub use wagather_findings::{Counts, Severity};
use wagather_findings::{FILE, Finding, MAX_BYTES, read};

/// How many findings are shown; the archive has all.
const MAX_SHOWN: usize = 5;

/// The longest that is shown of a finding.
const MAX_SHOWN_CHARS: usize = 300;

/// What is known of the findings of a gatherer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many there are.
    pub counts: Counts,
    /// The worst of them, which are shown.
    pub worst: Vec<Shown>,
}

/// A finding that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, as a line. It is foreign text.
    pub text: String,
}

impl Findings {
    fn add(&mut self, finding: &Finding) {
        // Those of one severity stay in their order.
        let at = self.worst.partition_point(|shown| shown.severity >= finding.severity);
        if at < MAX_SHOWN {
            self.worst
                .insert(at, Shown { severity: finding.severity, text: shortened(&finding.to_string()) });
            self.worst.truncate(MAX_SHOWN);
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The findings in an entry that is complete, if it is the file for them. If they cannot be used, a warning says why.
pub(super) fn of_entry(
    gatherer: &str,
    path: &str,
    spool: &mut Spool,
) -> io::Result<Option<Result<Findings, String>>> {
    if path.strip_prefix(gatherer).and_then(|rest| rest.strip_prefix('/')) != Some(FILE) {
        return Ok(None);
    }
    if spool.len() > MAX_BYTES as u64 {
        let warning =
            format!("{path} has {} bytes; the findings of at most {MAX_BYTES} are counted", spool.len());
        return Ok(Some(Err(warning)));
    }
    let content = spool.content()?;
    let mut findings = Findings::default();
    let counts = read(&content, &mut |finding| findings.add(&finding));
    Ok(Some(match counts {
        Ok(counts) => Ok(Findings { counts, ..findings }),
        Err(mistake) => {
            Err(format!("{path} is not in the form of findings, so they are not counted: {mistake}"))
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_are_shown_in_their_order_and_shortened() {
        let mut findings = Findings::default();
        let severities = ["info", "warning", "info", "error", "warning", "error", "info", "warning"];
        for (number, severity) in severities.into_iter().enumerate() {
            findings.add(&Finding {
                severity: Severity::of(severity).expect("a severity"),
                code: format!("C{number}"),
                object: None,
                message: "é".repeat(400),
                since: None,
                properties: Default::default(),
            });
        }
        let shown: Vec<&str> = findings.worst.iter().map(|shown| &shown.text[..2]).collect();
        assert_eq!(shown, ["C3", "C5", "C1", "C4", "C7"]);
        assert!(findings.worst.iter().all(|shown| shown.text.chars().count() == MAX_SHOWN_CHARS + 1));
    }
}
