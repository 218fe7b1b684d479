//! All that the page shows.

use std::collections::HashSet;

use serde::Serialize;
use wagather_offline::Archive;

use super::blocks::{Blocks, packed};
use super::changes::Changes;
use super::events;
use super::files::{self, Files};
use super::objects::{self, Key, Objects};
use super::report::Report;
use super::requests::Requests;
use super::text::cut;
use super::times;
use crate::gathered::{Found, Gathered};

/// The most findings that the page shows, the worst ones.
const MAX_FINDINGS: usize = 5_000;
/// The longest message of a finding, in characters.
const MAX_MESSAGE_CHARS: usize = 4_000;
/// The most properties of a finding.
const MAX_PROPERTIES: usize = 20;
/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 300;
/// Bytes around a block in the page.
const BLOCK_FRAME: usize = 70;
/// How many bytes less are tried at least, if the blocks have too many.
const SLACK: usize = 500;
/// The most notices.
const MAX_NOTICES: usize = 100;

/// The data of the page: lists that it reads at once, and blocks that it reads when it needs them. All of it is base64.
pub(super) struct Model {
    pub(super) lists: String,
    pub(super) blocks: Vec<String>,
}

/// The lists, as the page reads them.
#[derive(Serialize)]
struct Lists<'a> {
    #[serde(flatten)]
    always: &'a Always<'a>,
    objects: objects::Listing<'a>,
    files: &'a files::Listing,
}

/// What does not depend on how much there is room for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Always<'a> {
    about: About<'a>,
    report: Option<Report>,
    findings: Vec<Finding>,
    findings_left_out: usize,
    events: events::Columns,
    requests: Requests,
    notices: Vec<String>,
    changes: Option<Changes>,
}

#[derive(Serialize)]
struct About<'a> {
    name: &'a str,
    layout: &'static str,
    /// In milliseconds since the Unix epoch.
    gathered: i64,
    kubernetes: String,
    openshift: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    severity: &'static str,
    code: String,
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    message: String,
    /// In seconds since the Unix epoch; 0 if nobody knows.
    since: i64,
    gatherer: String,
    /// More about it: names and values.
    properties: Vec<(String, String)>,
}

/// Reads everything. The archive has a path here and a name in the page. `room` says how many bytes there are for the blocks if the lists have so many.
pub(super) fn model(
    [path, name]: [&str; 2],
    gathered: &Gathered,
    mut files: Files,
    changes: Option<Changes>,
    room: impl Fn(usize) -> usize,
) -> serde_json::Result<Model> {
    let Gathered { archive, report, findings, warnings, .. } = gathered;
    let mut notices: Vec<String> = archive.warnings().iter().chain(warnings).cloned().collect();
    let report = report.as_ref().and_then(|report| match Report::of(report) {
        Ok(report) => Some(report),
        Err(error) => {
            notices.push(format!("wagather.json cannot be used: {error}"));
            None
        }
    });
    notices.truncate(MAX_NOTICES);
    // The page goes to other people: whose disk the archive was on is nothing to them.
    notices.iter_mut().for_each(|notice| *notice = notice.replace(path, name));
    let keys: HashSet<Key> = findings.iter().filter_map(key).collect();
    let mut events = std::mem::take(&mut files.events);
    let mut objects = objects::read(archive, &keys, &mut events);
    let about = About {
        name,
        layout: archive.layout(),
        gathered: archive.gathered_millis(),
        kubernetes: git_version(archive).unwrap_or_default(),
        openshift: objects.note_of("ClusterVersion").unwrap_or_default().to_owned(),
    };
    let always = Always {
        about,
        report,
        findings: worst(findings),
        findings_left_out: findings.len().saturating_sub(MAX_FINDINGS),
        events: events.finish(),
        requests: std::mem::take(&mut files.requests),
        notices,
        changes,
    };
    let lists = |objects: &Objects, files: &files::Listing| {
        let lists = Lists { always: &always, objects: objects.listing(), files };
        serde_json::to_vec(&lists).map(|json| packed(&json))
    };
    let without_places = lists(&objects, &files::Listing::default())?.len();
    let most = room(without_places);
    let mut left = most;
    loop {
        let mut blocks = Blocks::new(left);
        blocks.section(left / 2);
        objects.place(archive, &mut blocks, true);
        let rest = blocks.left();
        let mut files = files.place(archive, &mut blocks, [rest / 3, rest / 6]);
        blocks.section(usize::MAX);
        objects.place(archive, &mut blocks, false);
        let (blocks, is_in) = blocks.finish();
        files.keep(&is_in);
        objects.keep(&is_in);
        let lists = lists(&objects, &files)?;
        // Places are numbers in the lists, too, so the lists have grown.
        let taken = lists.len() - without_places.min(lists.len())
            + blocks.iter().map(|block| block.len() + BLOCK_FRAME).sum::<usize>();
        if taken <= most || left == 0 {
            return Ok(Model { lists, blocks });
        }
        left = left.saturating_sub(taken - most + SLACK);
        objects.forget();
    }
}

/// What identifies the object of a finding.
fn key(found: &Found) -> Option<Key> {
    let object = found.finding.object.as_ref()?;
    Some((object.kind.clone(), object.namespace.clone().unwrap_or_default(), object.name.clone()))
}

/// The findings, the worst first, and as they are in their files besides.
fn worst(findings: &[Found]) -> Vec<Finding> {
    let mut order: Vec<&Found> = findings.iter().collect();
    order.sort_by_key(|found| std::cmp::Reverse(found.finding.severity));
    order.truncate(MAX_FINDINGS);
    let shown = |Found { gatherer, finding }: &Found| {
        let object = finding.object.clone().unwrap_or_default();
        Finding {
            severity: finding.severity.name(),
            code: finding.code.clone(),
            api_version: cut(&object.api_version, MAX_NAME_CHARS),
            kind: cut(&object.kind, MAX_NAME_CHARS),
            namespace: cut(&object.namespace.unwrap_or_default(), MAX_NAME_CHARS),
            name: cut(&object.name, MAX_NAME_CHARS),
            message: cut(&finding.message, MAX_MESSAGE_CHARS),
            since: finding.since.as_deref().and_then(times::seconds).unwrap_or(0),
            gatherer: cut(gatherer, MAX_NAME_CHARS),
            properties: finding
                .properties
                .iter()
                .take(MAX_PROPERTIES)
                .map(|(name, value)| (cut(name, MAX_NAME_CHARS), cut(value, MAX_NAME_CHARS)))
                .collect(),
        }
    };
    order.into_iter().map(shown).collect()
}

/// The server's version: `v1.36.3`.
fn git_version(archive: &Archive) -> Option<String> {
    let version: serde_json::Value = serde_json::from_slice(archive.version()?).ok()?;
    Some(cut(version["gitVersion"].as_str()?, MAX_NAME_CHARS))
}
