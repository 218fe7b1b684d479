//! The report as text.

use crate::gathered::{Found, Gathered};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};
use wagather_findings::Severity;
use wagather_printable::{Line, Page};

/// An archive as text: when and how it was gathered, what was found, what is missing, and what there is.
pub(super) fn page(path: &Path, gathered: &Gathered) -> Page {
    let mut page = Page::new();
    let archive = &gathered.archive;
    page.line(format_args!("{}: {}", path.display(), archive.layout()));
    if let Ok(millis @ 1..) = u64::try_from(archive.gathered_millis()) {
        let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis));
        page.line(format_args!("gathered {time}"));
    }
    findings(&gathered.findings, &mut page);
    if let Some(report) = &gathered.report {
        gaps(report, &mut page);
    }
    resources(gathered, &mut page);
    page
}

fn findings(findings: &[Found], page: &mut Page) {
    if findings.is_empty() {
        return;
    }
    page.line("");
    page.line("FINDINGS");
    let rows = Severity::ALL.into_iter().flat_map(|severity| {
        findings.iter().filter(move |found| found.finding.severity == severity).map(|found| {
            let Found { gatherer, finding } = found;
            [finding.severity.name().to_owned(), gatherer.clone(), finding.to_string()]
        })
    });
    table(rows, page);
}

fn gaps(report: &Value, page: &mut Page) {
    let gaps = report["gaps"].as_array().map(Vec::as_slice).unwrap_or_default();
    if gaps.is_empty() {
        return;
    }
    page.line("");
    page.line("GAPS");
    let text = |gap: &Value, key: &str| gap[key].as_str().unwrap_or_default().to_owned();
    table(gaps.iter().map(|gap| ["gatherer", "asked", "reason"].map(|key| text(gap, key))), page);
    if let Some(more @ 1..) = report["gapsNotNamed"].as_u64() {
        page.line(format_args!("and {more} more"));
    }
}

fn resources(gathered: &Gathered, page: &mut Page) {
    let logs = gathered.archive.logs().count();
    let rows: Vec<[String; 2]> = gathered
        .archive
        .resources()
        .map(|of| {
            let name = if of.group.is_empty() {
                of.plural.to_owned()
            } else {
                format!("{}.{}", of.plural, of.group)
            };
            [name, of.objects().len().to_string()]
        })
        .chain((logs > 0).then(|| ["logs of containers".to_owned(), logs.to_string()]))
        .collect();
    if !rows.is_empty() {
        page.line("");
        page.line("OBJECTS");
        table(rows, page);
    }
}

/// Lines with columns, two spaces apart.
fn table<const N: usize>(rows: impl IntoIterator<Item = [String; N]>, page: &mut Page) {
    // Escaped before they are measured.
    let rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(|cell| Line(cell).to_string())).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            line += "  ";
            line += cell;
            if at + 1 < N {
                line.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
            }
        }
        page.line(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_archive_is_shown_worst_first_and_escaped() {
        let place = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write(
            "wagather.json",
            r#"{"time":"2026-01-02T03:04:05Z","gaps":[{"gatherer":"g","asked":"list /v1/pods","reason":"403\u001b"}],"gapsNotNamed":2}"#,
        );
        write(
            "g/findings.json",
            r#"{"findings":[{"severity":"info","code":"New","message":"a\nb"},{"severity":"error","code":"Down","message":"m",
                "object":{"apiVersion":"v1","kind":"Node","name":"n1"},"since":"2026-01-01T00:00:00Z"}]}"#,
        );
        write("h/findings.json", r#"[{"operator":"dns"}]"#);
        write(
            "cluster-scoped-resources/core/nodes/n1.json",
            r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}"#,
        );
        let gathered = Gathered::open(place.path()).expect("an archive");
        assert_eq!(gathered.warnings.len(), 1, "{:?}", gathered.warnings);
        assert!(gathered.warnings[0].starts_with("h/findings.json is no list of findings"));
        let text = page(Path::new("a.tar.gz"), &gathered);
        let expected = "\
a.tar.gz: wagather archive
gathered 2026-01-02T03:04:05Z

FINDINGS
  error  g  Node n1: Down: m (since 2026-01-01T00:00:00Z)
  info   g  New: a\\nb

GAPS
  g  list /v1/pods  403\\u{1b}
and 2 more

OBJECTS
  nodes  1
";
        assert_eq!(text.as_str(), expected);
    }

    #[test]
    fn an_archive_without_objects_is_one_if_it_has_a_report() {
        let place = tempfile::tempdir().expect("a folder");
        fs::write(place.path().join("x.json"), "{}").expect("a file");
        assert!(Gathered::open(place.path()).is_err());
        fs::write(place.path().join("wagather.json"), r#"{"time":"2026-01-02T03:04:05Z"}"#).expect("a file");
        let gathered = Gathered::open(place.path()).expect("an archive");
        assert_eq!(gathered.archive.resources().count(), 0);
    }
}
