//! `--fail-on`: findings decide the exit code.

use crate::display::format;
use wagather_base::error::{Class, Failure};
use wagather_broker::findings::Severity;
use wagather_run::clusters::Sums;
use wagather_run::fleet::Judged;

/// The possible values.
pub const SEVERITIES: &[&str] = &["error", "warning"];

/// A value.
pub fn severity(typed: &str) -> Result<Severity, String> {
    let severity = Severity::of(typed).filter(|severity| SEVERITIES.contains(&severity.name()));
    severity.ok_or_else(|| "expected error or warning".to_owned())
}

/// A failure, if gatherers found something that is at least as bad, or if nobody knows what they found.
pub fn failure<'a>(gatherers: impl IntoIterator<Item = &'a Sums>, least: Severity) -> Option<Failure> {
    let mut judged = Judged::default();
    for sums in gatherers {
        sums.findings.iter().for_each(|counts| judged.counts.join(counts));
        judged.mistake = judged.mistake.or_else(|| sums.findings_mistake.clone());
    }
    failure_of(
        &judged,
        least,
        "findings.json in the folders of the gatherers has them; 'host-min report' shows them",
    )
}

/// The same for what many gatherers found together. The advice says where that is.
pub fn failure_of(judged: &Judged, least: Severity, advice: &str) -> Option<Failure> {
    let attempt = format!("--fail-on {}", least.name());
    // A check that nobody can read has not passed.
    if let Some(mistake) = &judged.mistake {
        let advice = "correct the gatherer: docs/findings.md describes the form";
        return Some(Failure::new(Class::Gatherer, attempt, mistake).advise(advice));
    }
    if judged.counts.worst() < Some(least) {
        return None;
    }
    let reason = format!("gatherers found {}", format::findings(&judged.counts));
    Some(Failure::new(Class::Findings, attempt, reason).advise(advice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather_broker::findings::Counts;

    #[test]
    fn findings_that_nobody_can_read_fail_a_run() {
        let found = Sums { findings: Some(Counts { error: 1, ..Counts::default() }), ..Sums::default() };
        let broken = Sums { findings_mistake: Some("g/findings.json is not".into()), ..Sums::default() };
        for least in [Severity::Warning, Severity::Error] {
            let failure = failure([&found, &broken], least).expect("a failure");
            assert_eq!((failure.class, &*failure.reason), (Class::Gatherer, "g/findings.json is not"));
        }
    }

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
