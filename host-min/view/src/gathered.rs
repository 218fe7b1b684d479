//! An archive, with what its host wrote beside the objects: the report, the audit, and the findings of its gatherers.

use crate::bounded;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wagather_base::error::{Class, Failure, Result};
use wagather_findings::{Finding, Mistake};
use wagather_offline::Archive;

/// The most findings that are held. A cluster in which more is wrong has one finding too many to read.
pub(crate) const MAX_FINDINGS: usize = 100_000;

/// About how many bytes of memory the findings of an archive may take.
const MAX_FINDING_BYTES: usize = 128 << 20;

/// The most gatherers with findings. A run has a few dozen.
const MAX_JUDGES: usize = 10_000;

/// The most warnings about files.
const MAX_WARNINGS: usize = 100;

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
    /// Why the findings of a gatherer are missing, or a part of them, by gatherer.
    pub(crate) unread: BTreeMap<String, String>,
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
        let (mut findings, mut judges) = (Kept::default(), BTreeSet::new());
        let mut unread: BTreeMap<String, String> = BTreeMap::new();
        // A gatherer may write files of any name below its folder. Only those in the place of findings are some.
        let mut place = usize::MAX;
        let (mut warnings, mut not_told) = (Vec::new(), 0_usize);
        let mut warn = |warning: String| match warnings.len() < MAX_WARNINGS {
            true => warnings.push(warning),
            false => not_told += 1,
        };
        let is_read = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            [REPORT, wagather_findings::FILE].contains(&name) || is_wanted(path)
        };
        let archive = Archive::open_and_look(path, &is_read, &mut |path, content| {
            let mut names = path.rsplit('/');
            let (name, folder) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
            let depth = path.split('/').count();
            if name == wagather_findings::FILE && depth < place {
                place = depth;
                (findings, judges) = (Kept::default(), BTreeSet::new());
                unread.clear();
            }
            let mut lose = |reason: String| {
                if unread.len() < MAX_JUDGES {
                    unread.insert(folder.to_owned(), reason.clone());
                }
                warn(reason);
            };
            match name {
                // The report of this archive, not that of one within it.
                REPORT if report.as_ref().is_none_or(|(known, _)| depth < *known) => {
                    match bounded::parse(content) {
                        Ok(value) => report = Some((depth, value)),
                        Err(error) => warn(format!("{path} cannot be used: {error}")),
                    }
                }
                wagather_findings::FILE if depth > place => {}
                wagather_findings::FILE if content.len() > wagather_findings::MAX_BYTES => lose(format!(
                    "the findings of {path} are missing: it has {} bytes, and at most {} are read",
                    content.len(),
                    wagather_findings::MAX_BYTES
                )),
                wagather_findings::FILE if judges.len() == MAX_JUDGES && !judges.contains(folder) => {
                    lose(format!("the findings of {path} are missing: {MAX_JUDGES} gatherers have some"));
                }
                wagather_findings::FILE => {
                    judges.insert(folder.to_owned());
                    if let Err(mistake) = findings.add(folder, content) {
                        lose(format!(
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
        if report.as_ref().is_some_and(|(depth, _)| depth + 1 != place) {
            (findings, judges) = (Kept::default(), BTreeSet::new());
            unread.clear();
        }
        let Kept { all: findings, left_out, .. } = findings;
        if left_out > 0 {
            warnings.push(format!(
                "{left_out} findings of the archive are missing: there is room for the first {}",
                findings.len()
            ));
        }
        if not_told > 0 {
            warnings.push(format!("{not_told} more files cannot be used"));
        }
        let report = report.map(|(_, report)| report);
        Ok(Gathered { archive, report, findings, judges, unread, warnings })
    }
}

/// Findings that are kept.
#[derive(Default)]
struct Kept {
    all: Vec<Found>,
    bytes: usize,
    left_out: usize,
}

impl Kept {
    fn add(&mut self, gatherer: &str, json: &[u8]) -> Result<(), Mistake> {
        wagather_findings::read(json, &mut |finding| {
            let bytes = self.bytes + gatherer.len() + size_of(&finding);
            if self.all.len() < MAX_FINDINGS && bytes <= MAX_FINDING_BYTES {
                self.bytes = bytes;
                self.all.push(Found { gatherer: gatherer.to_owned(), finding });
            } else {
                self.left_out += 1;
            }
        })
        .map(drop)
    }
}

/// About how many bytes of memory a finding takes.
fn size_of(Finding { code, object, message, since, properties, .. }: &Finding) -> usize {
    const OWN: usize = 300;
    const MAP: usize = 700;
    const PAIR: usize = 100;
    let object = object.as_ref().map_or(0, |object| {
        let namespace = object.namespace.as_ref().map_or(0, String::len);
        object.api_version.len() + object.kind.len() + namespace + object.name.len()
    });
    let map = if properties.is_empty() { 0 } else { MAP };
    let pairs: usize = properties.iter().map(|(name, value)| PAIR + name.len() + value.len()).sum();
    OWN + code.len() + object + message.len() + since.as_ref().map_or(0, String::len) + map + pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn hostile_findings_and_reports_take_no_memory() {
        let place = tempfile::tempdir().expect("a folder");
        let write = |path: String, text: &str| {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("wagather.json".into(), r#"{"time":"2026-01-02T03:04:05Z"}"#);
        let finding =
            |bytes: usize| format!(r#"{{"severity":"info","code":"A","message":"{}"}}"#, "x".repeat(bytes));
        let file = |finding: &str| format!(r#"{{"findings":[{finding}]}}"#);
        write("large/findings.json".into(), &file(&finding(8 << 20)));
        for number in 0..MAX_WARNINGS + 5 {
            write(format!("broken-{number}/findings.json"), "[]");
        }
        let gathered = Gathered::open(place.path()).expect("an archive");
        assert!(gathered.findings.is_empty() && !gathered.judges.contains("large"));
        assert_eq!(gathered.warnings.len(), MAX_WARNINGS + 1);
        assert_eq!(gathered.warnings[MAX_WARNINGS], "6 more files cannot be used");
        assert!(gathered.report.is_some_and(|report| report["time"].is_string()));
    }

    #[test]
    fn a_gatherer_has_no_findings_of_another() {
        let of = |files: &[&str]| {
            let place = tempfile::tempdir().expect("a folder");
            fs::write(place.path().join("wagather.json"), "{}").expect("a file");
            for file in files {
                let path = place.path().join(file);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, r#"{"findings":[{"severity":"error","code":"A","message":"m"}]}"#)
                    .expect("a file");
            }
            let Gathered { findings, judges, .. } = Gathered::open(place.path()).expect("an archive");
            assert_eq!(findings.len(), judges.len());
            judges.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(of(&["attacker/victim/findings.json"]), [""; 0]);
        assert_eq!(of(&["attacker/victim/findings.json", "honest/findings.json"]), ["honest"]);
        assert_eq!(of(&["a/findings.json", "b/a/findings.json"]), ["a"]);
    }

    #[test]
    fn what_is_left_out_is_told() {
        let mut kept = Kept::default();
        let finding = format!(r#"{{"severity":"info","code":"A","message":"{}"}}"#, "x".repeat(4 << 20));
        let file = format!(r#"{{"findings":[{finding}]}}"#);
        for _ in 0..40 {
            kept.add("g", file.as_bytes()).expect("findings");
        }
        assert_eq!((kept.all.len(), kept.left_out), (31, 9));
    }
}
