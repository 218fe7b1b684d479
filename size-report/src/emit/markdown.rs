//! Markdown output, for comments in pull requests.

use std::io::{self, Write};

use super::human;
use crate::{
    Report,
    analyses::{budget::Verdict, diff::Diff, tree::Node},
};

/// Writes a table with the first two levels of each view of each report.
///
/// # Errors
/// Errors of `output`.
pub fn reports(reports: &[Report], top: usize, output: &mut impl Write) -> io::Result<()> {
    for report in reports {
        writeln!(output, "### {}: {}\n", cell(&report.file), human(report.bytes as u64))?;
        for view in &report.views {
            writeln!(output, "| what | bytes | share |\n|---|---:|---:|")?;
            rows(&view.tree.children, report.bytes as u64, top, output)?;
            writeln!(output, "| **{}** | **{}** | 100.0% |\n", cell(&view.tree.label), view.tree.bytes)?;
        }
    }
    Ok(())
}

fn rows(nodes: &[Node], of: u64, top: usize, output: &mut impl Write) -> io::Result<()> {
    let share = |bytes: u64| bytes as f64 * 100.0 / of.max(1) as f64;
    for node in nodes.iter().take(top) {
        writeln!(output, "| {} | {} | {:.1}% |", cell(&node.label), node.bytes, share(node.bytes))?;
    }
    let rest: u64 = nodes.iter().skip(top).map(|node| node.bytes).sum();
    if rest > 0 {
        writeln!(output, "| {} more | {rest} | {:.1}% |", nodes.len() - top, share(rest))?;
    }
    Ok(())
}

/// Writes the changes.
///
/// # Errors
/// Errors of `output`.
pub fn diff(diff: &Diff, top: usize, output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "**{} → {} B ({:+} B)**\n", diff.bytes_before, diff.bytes_after, diff.difference())?;
    if diff.changes.is_empty() {
        return writeln!(output, "No size changed.");
    }
    writeln!(output, "| change | why |\n|---:|---|")?;
    for reason in diff.reasons.iter().take(top) {
        let via = reason.via.as_ref().map_or(String::new(), |via| format!(" via {}", cell(via)));
        writeln!(output, "| {:+} | {}{via} |", reason.bytes, cell(&reason.place))?;
    }
    writeln!(output, "\n<details><summary>{} changes</summary>\n", diff.changes.len())?;
    writeln!(output, "| change | before | after | what |\n|---:|---:|---:|---|")?;
    for change in diff.changes.iter().take(top * 4) {
        let size = |size: Option<u64>| size.map_or("–".to_owned(), |size| size.to_string());
        let data = if change.kind == crate::analyses::snapshot::ItemKind::Data { "data of " } else { "" };
        writeln!(
            output,
            "| {:+} | {} | {} | {data}{} |",
            change.difference(),
            size(change.before),
            size(change.after),
            cell(&change.name)
        )?;
    }
    writeln!(output, "\n</details>")
}

/// Writes the results of modules.
///
/// # Errors
/// Errors of `output`.
pub fn verdicts(verdicts: &[Verdict], output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "| module | bytes | most | since the baseline | |\n|---|---:|---:|---:|---|")?;
    for verdict in verdicts {
        let most = verdict.max_bytes.map_or("–".to_owned(), |most| most.to_string());
        let since = verdict.diff.as_ref().map_or("–".to_owned(), |diff| format!("{:+}", diff.difference()));
        let says: Vec<String> = verdict.failures.iter().map(|failure| cell(failure)).collect();
        let says = if says.is_empty() { "ok".to_owned() } else { format!("**{}**", says.join("; ")) };
        writeln!(output, "| {} | {} | {most} | {since} | {says} |", cell(&verdict.file), verdict.bytes)?;
    }
    Ok(())
}

/// Escapes a text for a table cell.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for c in wagather_printable::line(text).chars() {
        if matches!(c, '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' | '&' | '@' | '#') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        assert_eq!(cell("<a|b>\n@all"), "\\<a\\|b\\>\\\\n\\@all");
    }
}
