//! An archive, with what its host wrote beside the objects: the report, the audit, and the findings of its gatherers.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use wagather_base::error::{Class, Failure, Result};
use wagather_findings::{Finding, Mistake};
use wagather_offline::Archive;

/// The most findings that are held. A cluster in which more is wrong has one finding too many to read.
pub(crate) const MAX_FINDINGS: usize = 100_000;

/// The report of a run.
const REPORT: &str = "wagather.json";

/// An archive that was read.
pub(crate) struct Gathered {
    /// Its objects and logs.
    pub(crate) archive: Archive,
    /// The report of the run, if this host made it.
    pub(crate) report: Option<Value>,
    /// The findings, in the order of the archive.
    pub(crate) findings: Vec<Found>,
    /// The gatherers that judge: they wrote findings, even if there are none.
    pub(crate) judges: BTreeSet<String>,
    /// What a reader has to know about the archive.
    pub(crate) warnings: Vec<String>,
}

/// A finding, and whose it is.
pub(crate) struct Found {
    /// The gatherer that found it.
    pub(crate) gatherer: String,
    /// What it found.
    pub(crate) finding: Finding,
}

impl Gathered {
    /// Reads an archive of any layout.
    pub(crate) fn open(path: &Path) -> Result<Gathered> {
        Gathered::open_and_look(path, &|_| false, &mut |_, _| {})
    }

    /// The same. Gives other files that are wanted, with their paths, as they are read.
    pub(crate) fn open_and_look(
        path: &Path,
        is_wanted: &dyn Fn(&str) -> bool,
        look: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<Gathered> {
        let mut report: Option<(usize, Value)> = None;
        let (mut findings, mut judges, mut warnings) = (Vec::new(), BTreeSet::new(), Vec::new());
        let is_read = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            [REPORT, wagather_findings::FILE].contains(&name) || is_wanted(path)
        };
        let archive = Archive::open_and_look(path, &is_read, &mut |path, content| {
            let mut names = path.rsplit('/');
            let (name, folder) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
            match name {
                REPORT => {
                    // The report of this archive, not that of one within it.
                    let depth = path.split('/').count();
                    if report.as_ref().is_none_or(|(known, _)| depth < *known) {
                        match serde_json::from_slice(content) {
                            Ok(value) => report = Some((depth, value)),
                            Err(error) => warnings.push(format!("{path} cannot be used: {error}")),
                        }
                    }
                }
                wagather_findings::FILE => {
                    judges.insert(folder.to_owned());
                    if let Err(mistake) = add(folder, content, &mut findings) {
                        warnings.push(format!(
                            "{path} is no list of findings, and what follows in it is missing: {mistake}"
                        ));
                    }
                }
                _ => {}
            }
            if is_wanted(path) {
                look(path, content);
            }
        })?;
        if report.is_none() && archive.resources().next().is_none() && archive.logs().next().is_none() {
            return Err(Failure::new(
                Class::Config,
                format!("cannot read the archive {}", path.display()),
                "it has no objects of a cluster, and no report of a run",
            )
            .advise(
                "name an archive of this host, a must-gather, an Insights archive, a crust-gather archive or a support bundle: a folder or a .tar.gz",
            ));
        }
        if findings.len() == MAX_FINDINGS {
            warnings.push(format!("the archive has more findings than the first {MAX_FINDINGS}"));
        }
        let report = report.map(|(_, report)| report);
        Ok(Gathered { archive, report, findings, judges, warnings })
    }
}

fn add(gatherer: &str, json: &[u8], findings: &mut Vec<Found>) -> Result<(), Mistake> {
    wagather_findings::read(json, &mut |finding| {
        if findings.len() < MAX_FINDINGS {
            findings.push(Found { gatherer: gatherer.to_owned(), finding });
        }
    })
    .map(drop)
}
