//! `--fail-on`: findings decide the exit code.

use crate::display::format;
use wagather_base::error::{Class, Failure};
use wagather_broker::findings::{Counts, Severity};
use wagather_run::clusters::Sums;

/// The possible values.
pub const SEVERITIES: &[&str] = &["error", "warning"];

/// A value.
pub fn severity(typed: &str) -> Result<Severity, String> {
    let severity = Severity::of(typed).filter(|severity| SEVERITIES.contains(&severity.name()));
    severity.ok_or_else(|| "expected error or warning".to_owned())
}

/// A failure, if gatherers found something that is at least as bad.
pub fn failure<'a>(gatherers: impl IntoIterator<Item = &'a Sums>, least: Severity) -> Option<Failure> {
    let mut all = Counts::default();
    gatherers.into_iter().filter_map(|sums| sums.findings.as_ref()).for_each(|counts| all.join(counts));
    if all.worst() < Some(least) {
        return None;
    }
    let reason = format!("gatherers found {}", format::findings(&all));
    let advice = "findings.json in the folders of the gatherers has them; 'host-min report' shows them";
    Some(Failure::new(Class::Findings, format!("--fail-on {}", least.name()), reason).advise(advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_fail_a_run_from_a_severity_on() {
        let sums = |error, warning, info| Sums {
            findings: Some(Counts { error, warning, info }),
            ..Sums::default()
        };
        let reason = |all: &[Sums], least| failure(all, least).map(|failure| failure.reason);
        for (all, least, expected) in [
            (&[][..], Severity::Warning, None),
            (&[Sums::default(), sums(0, 0, 7)], Severity::Warning, None),
            (&[sums(0, 1, 0)], Severity::Error, None),
            (&[sums(0, 1, 0)], Severity::Warning, Some("gatherers found 1 warning")),
            (
                &[sums(1, 0, 1), sums(1200, 1, 0)],
                Severity::Error,
                Some("gatherers found 1,201 errors, 1 warning, 1 info"),
            ),
            (&[sums(1, 0, 0)], Severity::Warning, Some("gatherers found 1 error")),
        ] {
            assert_eq!(reason(all, least).as_deref(), expected);
        }
        assert_eq!(severity("warning"), Ok(Severity::Warning));
        assert!(severity("info").is_err() && severity("Error").is_err());
    }
}
