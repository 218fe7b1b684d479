//! The report of a run: `wagather.json` in the archive.
//!
//! Two replays of a recording write the same bytes. So values that differ from run to run (durations, physical memory) are
//! left out of a replay's report.

use crate::modules::Guest;
use serde::Serialize;
use wagather_archive::Layout;
use wagather_base::error::Failure;
use wagather_broker::Served;
use wagather_broker::findings::{Counts as Findings, Shown};
use wagather_broker::gaps::{Gap, Resource};
use wagather_json::obfuscate::{self, Obfuscator};
use wagather_json::redact::Counts;
use wagather_policy::grant::Grant;
use wagather_policy::rights::Narrowing;
use wagather_policy::used::{self, Hidden, Withheld};
use wagather_sandbox::engine::Kind;

/// The report of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The version of the program.
    pub wagather: &'static str,
    /// The version of the contract between gatherers and host.
    pub abi: u32,
    /// Whether every gatherer succeeded, and nothing that they requested is missing.
    pub complete: bool,
    /// Where the responses came from: a server's URL, or `recording`.
    pub source: String,
    /// When the run started, or the recording was made (RFC 3339).
    pub time: String,
    /// The layout of the archive, if it is not the host's own.
    #[serde(skip_serializing_if = "is_own")]
    pub layout: &'static str,
    /// The gatherers, in the order of the command line.
    pub gatherers: Vec<Gathered>,
    /// What the run was narrowed to: `namespace`, `selector`.
    #[serde(skip_serializing_if = "Narrowing::is_nothing")]
    pub narrowed_to: Narrowing,
    /// How many values of each kind were replaced by placeholders, if the run obfuscates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obfuscation: Option<obfuscate::Counts>,
    /// What is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The number of gaps beyond the limit, which are not listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub gaps_not_named: u64,
    /// Warnings about the run as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The part of one gatherer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Gathered {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its module.
    pub module: ModuleFacts,
    /// Its result.
    pub status: GatheredStatus,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Wall-clock time from its start to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// HTTP requests, including pages and retries.
    pub requests: u64,
    /// Retries. A warning gives their reasons.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: u64,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// Bytes that the guest got.
    pub bytes_given: u64,
    /// The most bytes of responses that waited in the host's memory at one time until the gatherer took them. The value depends on timing,
    /// so a replay has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_held_bytes: Option<u64>,
    /// Items and objects that were read or piped.
    pub items: u64,
    /// The resources that it requested.
    pub resources: Vec<Resource>,
    /// The number of its gaps. The report lists them.
    #[serde(skip_serializing_if = "is_zero")]
    pub gaps: u64,
    /// Items that the grant withheld. Neither the gatherer nor the archive got them.
    #[serde(skip_serializing_if = "is_zero")]
    pub items_withheld: u64,
    /// These items by resource, with the rules that narrowed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
    /// Objects that the guest got without fields, because the grant removes them.
    #[serde(skip_serializing_if = "is_zero")]
    pub objects_reduced: u64,
    /// These fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<Hidden>,
    /// How many findings it wrote, by severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Findings>,
    /// Why its findings cannot be used. The file has it as a warning.
    #[serde(skip)]
    pub findings_mistake: Option<String>,
    /// The worst of them. The archive has all.
    #[serde(skip)]
    pub worst_findings: Vec<Shown>,
    /// Lists whose parts show different moments, because the server no longer had the state with which they began.
    #[serde(skip_serializing_if = "is_zero")]
    pub inconsistent_lists: u64,
    /// Items that such lists repeated, and that were given once.
    #[serde(skip_serializing_if = "is_zero")]
    pub duplicates_dropped: u64,
    /// What was redacted before the gatherer or the archive got it.
    pub redacted: Counts,
    /// Files in the archive.
    pub entries: u64,
    /// Bytes of these files.
    pub bytes_archived: u64,
    /// Its sandbox.
    pub sandbox: SandboxFacts,
    /// The engine that ran it.
    pub engine: EngineFacts,
    /// The peak linear memory of the guest.
    pub memory_bytes: u64,
    /// The peak physical memory of its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_rss_bytes: Option<u64>,
    /// Its warnings.
    pub warnings: Vec<String>,
    /// Its errors: what is missing.
    pub errors: Vec<String>,
    /// Lines beyond the limit of these two lists.
    #[serde(skip_serializing_if = "is_zero")]
    pub dropped_lines: u64,
    /// Calls that were refused. The audit and the errors name them, so the file has no number.
    #[serde(skip)]
    pub denials: u64,
}

/// A sandbox, in the state before it read the guest's module.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SandboxFacts {
    /// `fork`, `helper` or `inProcess`.
    pub isolation: &'static str,
    /// The [mechanisms](wagather_sandbox::in_force::Mechanism) that were active.
    pub in_force: Vec<&'static str>,
    /// The others: the kernel or the isolation does not support them, or the sandbox died before it set them up.
    pub missing: Vec<&'static str>,
}

/// The engine that ran a gatherer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EngineFacts {
    /// Its name.
    pub name: &'static str,
    /// Why it was this one: `requested`, `default`, `moduleSize` or `moduleFeatures`.
    pub reason: &'static str,
}

impl EngineFacts {
    /// The facts of a module's engine: what the plan asks for, the module's size, and what the sandbox said.
    pub fn of(asked: Option<Kind>, module_bytes: usize, ran: Option<Kind>) -> EngineFacts {
        let by_size = Kind::for_size(module_bytes);
        let (kind, reason) = match (asked, ran) {
            (Some(asked), _) => (asked, "requested"),
            (None, Some(ran)) => (ran, "moduleFeatures"),
            (None, None) if by_size != Kind::default() => (by_size, "moduleSize"),
            (None, None) => (by_size, "default"),
        };
        EngineFacts { name: kind.name(), reason }
    }
}

/// A module.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ModuleFacts {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Its reference with a digest, if it comes from a registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The result of a gatherer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GatheredStatus {
    /// It returned 0, and nothing is missing.
    Complete,
    /// It returned 0, and something is missing that a retry would not bring.
    Gaps,
    /// It did not return 0, or something it read broke off.
    Failed,
}

fn is_own(layout: &str) -> bool {
    layout == Layout::default().name()
}

pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl ModuleFacts {
    /// The facts of a guest's module.
    pub fn of_guest(guest: &Guest) -> ModuleFacts {
        ModuleFacts { reference: guest.reference().map(str::to_owned), ..ModuleFacts::of(&guest.module) }
    }

    /// The facts of a module.
    pub fn of(module: &[u8]) -> ModuleFacts {
        let digest = ring::digest::digest(&ring::digest::SHA256, module);
        let sha256 = wagather_base::hex::encode(digest.as_ref());
        ModuleFacts { bytes: module.len() as u64, sha256, reference: None }
    }
}

impl Gathered {
    /// Whether it got an object.
    pub(crate) fn has_items(&self) -> bool {
        self.items > 0
    }

    /// The part of a gatherer. `measured` is its duration; `None` leaves out all values that differ from run to run.
    pub fn new(
        (name, version): (&str, &str),
        (module, engine): (ModuleFacts, EngineFacts),
        grant: &Grant,
        served: &Served,
        failure: Option<&Failure>,
        measured: Option<std::time::Duration>,
    ) -> Gathered {
        let tally = &served.tally;
        let memory_bytes = match &served.ending {
            wagather_broker::Ending::Ended(end) => end.memory_bytes,
            _ => 0,
        };
        Gathered {
            name: name.into(),
            version: version.into(),
            module,
            status: match failure {
                Some(_) => GatheredStatus::Failed,
                None if tally.gaps.is_empty() => GatheredStatus::Complete,
                None => GatheredStatus::Gaps,
            },
            reason: failure.map(|failure| failure.reason.clone()),
            duration_ms: measured.map(|duration| (duration.as_secs_f64() * 1e6).round() / 1e3),
            requests: tally.requests,
            retries: tally.retries,
            bytes_received: tally.bytes_received,
            bytes_given: tally.bytes_given,
            peak_held_bytes: measured.map(|_| tally.peak_held_bytes()),
            items: tally.items,
            resources: tally.gaps.resources(),
            gaps: tally.gaps.count(),
            items_withheld: tally.withheld,
            withheld: used::withheld(&tally.uses),
            objects_reduced: tally.uses.reduced(),
            hidden: used::hidden(grant, &tally.uses),
            findings: tally.findings.as_ref().map(|findings| findings.counts),
            findings_mistake: tally.findings_mistake.clone(),
            worst_findings: tally
                .findings
                .as_ref()
                .map(|findings| findings.worst.clone())
                .unwrap_or_default(),
            inconsistent_lists: tally.inconsistent_lists,
            duplicates_dropped: tally.duplicates,
            redacted: tally.redacted,
            entries: served.section.entries(),
            bytes_archived: served.section.bytes(),
            sandbox: SandboxFacts {
                isolation: served.isolation,
                in_force: served.in_force.names(true),
                missing: served.in_force.names(false),
            },
            engine,
            memory_bytes,
            peak_rss_bytes: measured.map(|_| served.exit.peak_rss_bytes).filter(|&bytes| bytes > 0),
            warnings: tally.warnings.clone(),
            errors: tally.errors.clone(),
            dropped_lines: tally.dropped_lines,
            denials: tally.denials,
        }
    }
}

impl Report {
    /// Puts placeholders into all text that can identify the cluster, and adds their counts.
    pub(crate) fn obfuscate(&mut self, obfuscator: &Obfuscator) {
        let Report { source, gatherers, narrowed_to, gaps, warnings, .. } = self;
        let narrowed = [&mut narrowed_to.namespace, &mut narrowed_to.selector].into_iter().flatten();
        let of_gaps = gaps
            .iter_mut()
            .flat_map(|gap| [&mut gap.resource, &mut gap.asked, &mut gap.object, &mut gap.reason]);
        let mut all: Vec<&mut String> = narrowed.chain(of_gaps).chain(warnings).chain([source]).collect();
        for gathered in gatherers {
            all.extend(gathered.reason.iter_mut().chain(&mut gathered.warnings).chain(&mut gathered.errors));
            all.extend(gathered.resources.iter_mut().map(|of| &mut of.resource));
            all.extend(gathered.withheld.iter_mut().map(|of| &mut of.resource));
            all.extend(gathered.hidden.iter_mut().flat_map(|of| [&mut of.resource, &mut of.field]));
        }
        all.into_iter().for_each(|text| obfuscator.text(text));
        self.obfuscation = Some(obfuscator.counts());
    }

    /// The report as it is written: indented JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_the_known_one() {
        let facts = ModuleFacts::of(b"abc");
        assert_eq!(facts.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(facts.bytes, 3);
    }
}
