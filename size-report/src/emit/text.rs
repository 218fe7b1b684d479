//! For people: a table per file.

use std::io::{self, Write};

use crate::Report;

/// Writes all reports, a blank line between two.
///
/// # Errors
/// The output does not take it.
pub fn write(reports: &[Report], mut output: impl Write) -> io::Result<()> {
    for (number, report) in reports.iter().enumerate() {
        if number > 0 {
            writeln!(output)?;
        }
        write_one(report, &mut output)?;
    }
    Ok(())
}

fn write_one(report: &Report, output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "{}", report.file)?;
    writeln!(output, "{:>8} {:>8} {:>6}  {:<26} part", "offset", "bytes", "share", "section")?;
    for row in &report.table.rows {
        let share = row.bytes as f64 * 100.0 / report.bytes as f64;
        // Function names come from the module or a file: no control characters to a terminal.
        let part: String = row.part.chars().filter(|c| !c.is_control()).collect();
        writeln!(output, "{:>8} {:>8} {share:>5.1}%  {:<26} {part}", row.offset, row.bytes, row.section)?;
    }
    writeln!(output, "{:>8} {:>8} 100.0%  all of the file", "", report.bytes)?;
    let rest = &report.at_rest;
    writeln!(
        output,
        "at rest: {} page(s) of memory ({} bytes), {} bytes of data, {} functions and {} imports",
        rest.memory_pages,
        rest.memory_bytes,
        rest.data_bytes,
        rest.defined_functions,
        rest.imported_functions
    )
}
