//! The report as JUnit's XML, which CI systems show as test results.
//!
//! A gatherer is a test suite. An error that it found is a failed test, a warning a skipped one, and what is worth knowing is in the suite's
//! output. What is missing is a skipped test, too, and a gatherer that failed is a test with an error. There is no standard; what is written
//! fits the schemas of Ant's and Jenkins' readers.

use super::{Shown, Suite, suites};
use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};
use wagather_findings::Severity;
use wagather_printable::{Line, Page};

/// A test.
struct Case {
    name: String,
    /// What it is about, as JUnit's class.
    class: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    /// With a type and a message.
    Failed(String, String),
    Error(String, String),
    Skipped(String),
}

/// All archives.
pub(super) fn page(all: &[Shown]) -> Page {
    let mut page = Page::new();
    page.line(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    page.line("<testsuites>");
    let mut id = 0;
    for shown in all {
        for suite in suites(&shown.gathered) {
            write(shown, &suite, id, all.len() > 1, &mut page);
            id += 1;
        }
    }
    page.line("</testsuites>");
    page
}

fn write(shown: &Shown, suite: &Suite<'_>, id: usize, has_several: bool, page: &mut Page) {
    let (cases, notes) = cases(suite);
    let count = |is: fn(&Outcome) -> bool| cases.iter().filter(|case| is(&case.outcome)).count();
    let failures = count(|outcome| matches!(outcome, Outcome::Failed(..)));
    let errors = count(|outcome| matches!(outcome, Outcome::Error(..)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let millis = u64::try_from(shown.gathered.archive.gathered_millis()).unwrap_or_default();
    let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis)).to_string();
    // The schemas have no zone.
    let time = time.trim_end_matches('Z');
    let archive = escaped(&shown.path.to_string_lossy());
    let name = match has_several {
        true => format!("{archive}: {}", escaped(suite.gatherer)),
        false => escaped(suite.gatherer),
    };
    page.line(format_args!(
        r#"  <testsuite name="{name}" package="wagather" id="{id}" hostname="localhost" timestamp="{time}" tests="{}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="0">"#,
        cases.len(),
    ));
    page.line("    <properties>");
    page.line(format_args!(r#"      <property name="archive" value="{archive}"/>"#));
    page.line("    </properties>");
    for Case { name, class, outcome } in &cases {
        let begin =
            format!(r#"    <testcase name="{}" classname="{}" time="0""#, escaped(name), escaped(class));
        let within = match outcome {
            Outcome::Passed => {
                page.line(format_args!("{begin}/>"));
                continue;
            }
            Outcome::Failed(kind, message) => {
                let (kind, message) = (escaped(kind), escaped(message));
                format!(r#"<failure type="{kind}" message="{message}">{message}</failure>"#)
            }
            Outcome::Error(kind, message) => {
                let (kind, message) = (escaped(kind), escaped(message));
                format!(r#"<error type="{kind}" message="{message}">{message}</error>"#)
            }
            Outcome::Skipped(message) => format!(r#"<skipped message="{}"/>"#, escaped(message)),
        };
        page.line(format_args!("{begin}>{within}</testcase>"));
    }
    page.line("    <system-out>");
    notes.iter().for_each(|note| page.line(escaped(note)));
    page.line("    </system-out>");
    page.line("    <system-err/>");
    page.line("  </testsuite>");
}

/// The tests of a suite, and lines that are no tests.
fn cases(suite: &Suite<'_>) -> (Vec<Case>, Vec<String>) {
    let (mut cases, mut notes) = (Vec::new(), Vec::new());
    let gatherer = suite.gatherer;
    if let Some(reason) = suite.failed {
        let outcome = Outcome::Error("Failed".into(), reason.to_owned());
        cases.push(Case { name: "the gatherer runs to its end".into(), class: gatherer.to_owned(), outcome });
    }
    if let Some(reason) = suite.unread {
        let outcome = Outcome::Error("Findings".into(), reason.to_owned());
        cases.push(Case { name: "its findings can be read".into(), class: gatherer.to_owned(), outcome });
    }
    for (asked, reason) in &suite.gaps {
        let outcome = Outcome::Skipped(reason.clone());
        cases.push(Case { name: asked.clone(), class: format!("{gatherer}.gaps"), outcome });
    }
    for finding in &suite.findings {
        let name = finding.object.as_ref().map_or_else(|| finding.code.clone(), ToString::to_string);
        let class = format!("{gatherer}.{}", finding.code);
        let outcome = match finding.severity {
            Severity::Error => Outcome::Failed(finding.code.clone(), finding.to_string()),
            Severity::Warning => Outcome::Skipped(finding.to_string()),
            Severity::Info => {
                notes.push(finding.to_string());
                Outcome::Passed
            }
        };
        cases.push(Case { name, class, outcome });
    }
    if cases.is_empty() {
        let name = if suite.judges { "nothing was found" } else { "everything was gathered" };
        cases.push(Case { name: name.into(), class: gatherer.to_owned(), outcome: Outcome::Passed });
    }
    (cases, notes)
}

/// A text for XML: without what XML cannot have, and in one line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in Line(text).to_string().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => _ = write!(out, "{}", c.escape_default()),
            _ => out.push(c),
        }
    }
    out
}
