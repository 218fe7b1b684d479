//! `report`: what an archive has.
//!
//! | module | does |
//! |---|---|
//! | `text`, `json` | all of it, for people and for programs |
//! | `junit`, `sarif`, `policy` | findings, in the forms of others |
//!
//! The page for a browser is in [`crate::page`].

mod json;
mod junit;
mod policy;
mod sarif;
mod text;

use crate::gathered::Gathered;
use crate::{page, terminal};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;
use wagather_base::error::{Class, Failure, Result};
use wagather_findings::Finding;

/// What to show.
#[derive(Args)]
pub(crate) struct Options {
    /// The archive: a folder, a .tar or a .tar.gz. Several can be shown as text, JSON, JUnit and SARIF
    #[arg(value_name = "ARCHIVE", required = true)]
    archives: Vec<PathBuf>,

    /// The form of the output
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text, conflicts_with = "html")]
    format: Format,

    #[command(flatten)]
    page: page::Options,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// What was found, what is missing, and what there is, for programs
    Json,
    /// Findings as test results, for CI systems
    Junit,
    /// Findings in the form of static analysis tools
    Sarif,
    /// Findings as PolicyReports (wgpolicyk8s.io/v1alpha2), to apply to a cluster
    PolicyReport,
    /// Findings as Reports of OpenReports (openreports.io/v1alpha1), to apply to a cluster
    OpenReports,
}

/// An archive that is shown.
struct Shown {
    path: PathBuf,
    gathered: Gathered,
}

/// Shows archives.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let only = |what: &str| match &options.archives[..] {
        [one] => Ok(one),
        _ => Err(Failure::new(
            Class::Config,
            format!("cannot show several archives as {what}"),
            "it is of one cluster",
        )
        .advise("name one archive")),
    };
    if options.page.html {
        return page::run(only("a page")?, &options.page);
    }
    let open = |path: &PathBuf| {
        let gathered = Gathered::open(path)?;
        gathered.warnings.iter().for_each(|warning| terminal::warn(warning));
        Ok(Shown { path: path.clone(), gathered })
    };
    let print = |value: &Value| terminal::print_json(&format!("{value:#}"));
    match options.format {
        // One after the other, so that only one is in memory.
        Format::Text => {
            for (number, path) in options.archives.iter().enumerate() {
                if number > 0 {
                    terminal::write(b"\n")?;
                }
                let shown = open(path)?;
                terminal::print(&text::page(&shown.path, &shown.gathered))?;
            }
        }
        Format::Json => print(&json::report(&all(options, open)?))?,
        Format::Junit => terminal::print(&junit::page(&all(options, open)?))?,
        Format::Sarif => print(&sarif::log(&all(options, open)?))?,
        Format::PolicyReport => {
            print(&policy::list(&open(only("PolicyReports")?)?, policy::Api::PolicyReport))?
        }
        Format::OpenReports => print(&policy::list(&open(only("Reports")?)?, policy::Api::OpenReports))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn all(options: &Options, open: impl Fn(&PathBuf) -> Result<Shown>) -> Result<Vec<Shown>> {
    options.archives.iter().map(open).collect()
}

/// What a gatherer found, and what it did not get.
struct Suite<'a> {
    gatherer: &'a str,
    version: &'a str,
    /// Whether it writes findings.
    judges: bool,
    /// Why it failed.
    failed: Option<&'a str>,
    /// Why its findings are missing, or a part of them: what nobody can read has not passed.
    unread: Option<&'a str>,
    /// What it asked for and did not get, and why.
    gaps: Vec<(String, String)>,
    findings: Vec<&'a Finding>,
}

/// The gatherers of an archive: those in its report, and others that have findings.
fn suites(gathered: &Gathered) -> Vec<Suite<'_>> {
    let report = gathered.report.as_ref();
    let list =
        |name: &str| report.and_then(|report| report[name].as_array()).map(Vec::as_slice).unwrap_or_default();
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let mut suites: Vec<Suite<'_>> = list("gatherers")
        .iter()
        .filter_map(|of| {
            let gatherer = of["name"].as_str()?;
            let gaps = list("gaps").iter().filter(|gap| gap["gatherer"] == gatherer);
            Some(Suite {
                gatherer,
                version: of["version"].as_str().unwrap_or_default(),
                judges: false,
                failed: (of["status"] == "failed").then(|| of["reason"].as_str().unwrap_or("it failed")),
                unread: None,
                gaps: gaps.map(|gap| (text(gap, "asked"), text(gap, "reason"))).collect(),
                findings: Vec::new(),
            })
        })
        .collect();
    for judge in gathered.judges.iter().chain(gathered.unread.keys()) {
        if !suites.iter().any(|suite| suite.gatherer == judge) {
            let (failed, gaps, findings) = (None, Vec::new(), Vec::new());
            let (version, unread) = ("", None);
            suites.push(Suite { gatherer: judge, version, judges: true, failed, unread, gaps, findings });
        }
    }
    for suite in &mut suites {
        suite.unread = gathered.unread.get(suite.gatherer).map(String::as_str);
        suite.judges = suite.unread.is_some() || gathered.judges.contains(suite.gatherer);
        let own = gathered.findings.iter().filter(|found| found.gatherer == suite.gatherer);
        suite.findings = own.map(|found| &found.finding).collect();
    }
    suites
}

#[cfg(test)]
mod tests;
