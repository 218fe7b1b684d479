//! Text output: a table per file, or trees.

use std::io::{self, Write};

use super::{human, line};
use crate::{
    Report,
    analyses::{
        at_rest::Fits,
        budget::Verdict,
        diff::Diff,
        shapes::{Shape, quoted},
        snapshot::ItemKind,
        tree::Node,
        why::Why,
    },
};

/// The limits for printing a tree.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The maximum number of children of one node.
    pub top: usize,
    /// The number of levels.
    pub depth: usize,
}

/// Writes all reports, separated by blank lines.
///
/// # Errors
/// Errors of `output`.
pub fn write(reports: &[Report], limits: Limits, mut output: impl Write) -> io::Result<()> {
    for (number, report) in reports.iter().enumerate() {
        if number > 0 {
            line(&mut output, "")?;
        }
        write_one(report, limits, &mut output)?;
    }
    Ok(())
}

fn write_one(report: &Report, limits: Limits, output: &mut impl Write) -> io::Result<()> {
    line(output, &report.file)?;
    if let Some(invalid) = &report.invalid {
        line(output, format_args!("invalid, engines will reject it: {invalid}"))?;
    }
    if report.unreadable_functions > 0 {
        line(
            output,
            format_args!("{} function(s) contain unknown instructions", report.unreadable_functions),
        )?;
    }
    if report.views.is_empty() {
        write_table(report, output)?;
    }
    for view in &report.views {
        line(output, format_args!("{:>10} {:>6}", "bytes", "share"))?;
        write_tree(&view.tree.children, report.bytes as u64, 0, limits, output)?;
        line(output, format_args!("{:>10} 100.0%  {}", view.tree.bytes, view.tree.label))?;
    }
    write_at_rest(report, output)
}

fn write_table(report: &Report, output: &mut impl Write) -> io::Result<()> {
    line(output, format_args!("{:>8} {:>8} {:>6}  {:<26} part", "offset", "bytes", "share", "section"))?;
    for row in &report.table.rows {
        let share = row.bytes as f64 * 100.0 / report.bytes as f64;
        let part = &row.part;
        line(
            output,
            format_args!("{:>8} {:>8} {share:>5.1}%  {:<26} {part}", row.offset, row.bytes, row.section),
        )?;
    }
    line(output, format_args!("{:>8} {:>8} 100.0%  all of the file", "", report.bytes))
}

fn write_tree(
    nodes: &[Node],
    of: u64,
    level: usize,
    limits: Limits,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut write_node = |bytes: u64, label: &str, nodes: Option<&[Node]>| {
        let share = bytes as f64 * 100.0 / of.max(1) as f64;
        line(output, format_args!("{bytes:>10} {share:>5.1}%  {:indent$}{}", "", label, indent = level * 2))?;
        match nodes {
            Some(nodes) if level + 1 < limits.depth => write_tree(nodes, of, level + 1, limits, output),
            _ => Ok(()),
        }
    };
    for node in nodes.iter().take(limits.top) {
        write_node(node.bytes, &node.label, Some(&node.children))?;
    }
    if nodes.len() > limits.top {
        let rest = nodes[limits.top..].iter().map(|node| node.bytes).sum();
        write_node(rest, &format!("{} more", nodes.len() - limits.top), None)?;
    }
    Ok(())
}

fn write_at_rest(report: &Report, output: &mut impl Write) -> io::Result<()> {
    let rest = &report.at_rest;
    line(
        output,
        format_args!(
            "at rest: {} page(s) of memory ({} bytes), {} bytes of data, {} functions and {} imports",
            rest.memory_pages,
            rest.memory_bytes,
            rest.data_bytes,
            rest.defined_functions,
            rest.imported_functions
        ),
    )?;
    if let (Some(top), Some(bytes)) = (rest.stack_pointer, rest.stack_bytes) {
        line(output, format_args!("         shadow stack from {top:#x} down, at most {}", human(bytes)))?;
    }
    line(
        output,
        format_args!(
            "         about {:.1} ms of processor time for a run that does nothing",
            rest.start_up_us as f64 / 1000.0
        ),
    )?;
    line(
        output,
        format_args!(
            "kept: {} gzip, {} base64, {} gzip in base64; a ConfigMap takes {}, an annotation {}",
            rest.gzip_bytes,
            rest.base64_bytes,
            rest.gzip_base64_bytes,
            fitting(rest.fits_config_map),
            fitting(rest.fits_annotation)
        ),
    )
}

fn fitting(fits: Fits) -> &'static str {
    match (fits.plain, fits.base64, fits.gzip_base64) {
        (true, true, _) => "it as it is and in base64",
        (true, false, _) => "it as it is, not in base64",
        (false, true, _) => "it in base64",
        (false, false, true) => "it compressed in base64",
        (false, false, false) => "it in no form",
    }
}

/// Writes why functions are there.
///
/// # Errors
/// Errors of `output`.
pub fn why(why: &Why, top: usize, output: &mut impl Write) -> io::Result<()> {
    for found in why.functions.iter().take(top) {
        let callers = if found.callers.is_empty() { "nobody".to_owned() } else { found.callers.join(", ") };
        line(
            output,
            format_args!(
                "{} (function {}): {}, keeps {}; called by {}",
                found.name,
                found.index,
                human(found.bytes),
                human(found.retained),
                callers
            ),
        )?;
    }
    if why.functions.len() > top {
        line(output, format_args!("and {} more", why.functions.len() - top))?;
    }
    for shape in why.shapes.iter().take(top) {
        write_shape(shape, output)?;
    }
    if why.shapes.len() > top {
        line(output, format_args!("and {} more shapes", why.shapes.len() - top))?;
    }
    let what = if why.functions.len() == 1 { "remove" } else { "remove all of them" };
    match &why.path {
        Some(path) => {
            let way: Vec<String> = path.iter().map(|step| format!("`{step}`")).collect();
            line(output, format_args!("{}: {what} to save {}", way.join(" -> "), human(why.retained)))
        }
        None => line(output, "no export reaches it: an optimiser would omit it"),
    }
}

fn write_shape(shape: &Shape, output: &mut impl Write) -> io::Result<()> {
    /// The largest resources have several dozen.
    const MOST_FIELDS: usize = 200;
    line(
        output,
        format_args!(
            "shape at byte {:#x} of the file, {}: {} of {} bytes",
            shape.offset,
            human(shape.bytes),
            shape.of,
            shape.structure_bytes
        ),
    )?;
    for field in shape.fields.iter().take(MOST_FIELDS) {
        let name = quoted(&field.name);
        line(output, format_args!("{:indent$}{name}: {}", "", field.of, indent = 2 + field.depth * 2))?;
    }
    match shape.fields.len().saturating_sub(MOST_FIELDS) {
        0 => Ok(()),
        more => line(output, format_args!("  and {more} more fields")),
    }
}

/// Writes the changes.
///
/// # Errors
/// Errors of `output`.
pub fn diff(diff: &Diff, top: usize, output: &mut impl Write) -> io::Result<()> {
    line(output, format_args!("{:>10} {:>10} {:>10}  what", "before", "after", "change"))?;
    for change in diff.changes.iter().take(top) {
        let size = |size: Option<u64>| size.map_or("-".to_owned(), |size| size.to_string());
        let data = if change.kind == ItemKind::Data { "data of " } else { "" };
        let (before, after) = (size(change.before), size(change.after));
        line(
            output,
            format_args!("{before:>10} {after:>10} {:>+10}  {data}{}", change.difference(), change.name),
        )?;
    }
    if diff.changes.len() > top {
        let rest: i64 = diff.changes[top..].iter().map(crate::analyses::diff::Change::difference).sum();
        line(output, format_args!("{:>10} {:>10} {rest:>+10}  {} more", "", "", diff.changes.len() - top))?;
    }
    let difference = diff.difference();
    line(
        output,
        format_args!("{:>10} {:>10} {difference:>+10}  all of the file", diff.bytes_before, diff.bytes_after),
    )?;
    for reason in diff.reasons.iter().take(top) {
        line(output, reason)?;
    }
    Ok(())
}

/// Writes the results of modules, and the reasons of failures.
///
/// # Errors
/// Errors of `output`.
pub fn verdicts(verdicts: &[Verdict], output: &mut impl Write) -> io::Result<()> {
    for verdict in verdicts {
        let most = verdict.max_bytes.map_or(String::new(), |most| format!(" of {most}"));
        let says = if verdict.failures.is_empty() { "ok" } else { "FAILS" };
        line(output, format_args!("{}: {}{most} B, {says}", verdict.file, verdict.bytes))?;
        for failure in &verdict.failures {
            line(output, format_args!("  {failure}"))?;
        }
    }
    Ok(())
}
