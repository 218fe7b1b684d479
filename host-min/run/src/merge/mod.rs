//! Joins the archives of all shards of a run into one.
//!
//! An object's file is in one shard, so most files are taken as they are. A file that several shards wrote is taken once if it is the same
//! in all. Otherwise its `elements` are joined if that is certainly right, and if not, each shard's file is kept below
//! `shards/INDEX`. The `report` says which. docs/shards.md has the rules.

mod elements;
mod own;
mod report;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use wagather_archive::names::{AUDIT_PATH, REPORT_PATH};
use wagather_archive::{AddError, Archive, Entry, Existing, Output, Section, read};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::limits::MAX_ARCHIVE_BYTES;
use wagather_policy::rights::Shard;

/// What is to be merged.
#[derive(Debug)]
pub struct Merge {
    /// The archives of the shards, in any order.
    pub archives: Vec<PathBuf>,
    /// Where the merged archive goes.
    pub output: Output,
    /// What to do if something is there.
    pub existing: Existing,
    /// Whether shards may be missing or incomplete.
    pub allows_incomplete: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Merged {
    /// The merged archive. `None` for stdout.
    pub path: Option<PathBuf>,
    /// How many shards there are.
    pub shards: u32,
    /// Those that are missing.
    pub missing: Vec<u32>,
    /// Files in the archive.
    pub entries: u64,
    /// Files that were joined, element by element.
    pub joined: Vec<String>,
    /// Files that differ between shards and were kept for each.
    pub apart: Vec<String>,
    /// Whether everything is there.
    pub complete: bool,
}

/// The folder with what could not be joined.
const APART: &str = "shards";

/// The archive of one shard.
struct Part {
    path: PathBuf,
    shard: Shard,
    report: Value,
    audit: Vec<u8>,
    own: own::Own,
    mtime_seconds: u64,
}

/// What is known of a file: which shards have it, and whether it is the same in all.
struct Known {
    digest: [u8; 32],
    /// The first shard that has it.
    first: u32,
    is_same: bool,
}

/// What shards wrote differently, while it fits into memory.
#[derive(Default)]
struct Different {
    bytes: u64,
    parts: BTreeMap<String, Vec<(Shard, Vec<u8>)>>,
}

/// The most that is held of such files. More than that are kept apart.
const MAX_JOINED_BYTES: u64 = MAX_ARCHIVE_BYTES / 4;

/// The largest report and the largest audit of a shard. Those of a run are far smaller.
const MAX_REPORT_BYTES: u64 = 16 << 20;
const MAX_AUDIT_BYTES: u64 = 64 << 20;

/// What is known of all archives may take so many bytes: their reports and audits, the paths of their files, and this for each file.
const MAX_KNOWN_BYTES: u64 = 1 << 30;
const KNOWN_BYTES: u64 = 128;

/// What a JSON text takes at most once it is a tree. An object has room for eleven members, also if it has one: `{"":0},` becomes 700 bytes.
/// Marks within strings count, too.
fn tree_bytes(json: &[u8]) -> u64 {
    let of = |byte: &u8| match byte {
        b'{' => 700,
        b'[' => 160,
        b':' => 120,
        b',' => 96,
        _ => 1,
    };
    json.iter().map(of).sum()
}

/// What the files of one archive may have together. That is what sixteen gatherers may write, each as much as it may. A few
/// megabytes can expand to more.
const MAX_CONTENT_BYTES: u64 = 16 * MAX_ARCHIVE_BYTES;

/// What archives may still take.
#[derive(Clone, Copy)]
struct Room {
    /// The memory for what is known of all of them.
    known: u64,
    /// The bytes of the files of this one.
    content: u64,
}

impl Room {
    const fn all() -> Room {
        Room { known: MAX_KNOWN_BYTES, content: MAX_CONTENT_BYTES }
    }

    fn take_known(&mut self, bytes: u64) -> io::Result<()> {
        let left = self.known.checked_sub(bytes);
        self.known =
            left.ok_or_else(|| io::Error::other("the archives have too many files, or too long reports"))?;
        Ok(())
    }

    fn take_content(&mut self, bytes: u64) -> io::Result<()> {
        let left = self.content.checked_sub(bytes);
        self.content = left.ok_or_else(|| io::Error::other("it expands to more than a run writes"))?;
        Ok(())
    }
}

/// Merges the archives.
pub fn merge(merge: &Merge) -> Result<Merged> {
    let (mut known, mut room) = (BTreeMap::new(), Room::all());
    let looks = merge.archives.iter().map(|path| look(path, &mut known, &mut room));
    let mut parts = looks.collect::<Result<Vec<Part>>>()?;
    parts.sort_by_key(|part| part.shard.index);
    let missing = check(&parts, merge.allows_incomplete)?;
    let mtime = parts.iter().map(|part| part.mtime_seconds).min().unwrap_or_default();
    let mut archive = Archive::create(&merge.output, merge.existing, 1, mtime)?.encrypted(None)?;
    let mut section = archive.section(0, APART)?;
    let mut different = Different::default();
    let mut apart = Vec::new();
    for part in &parts {
        copy(part, &known, &mut section, &mut different, &mut apart)?;
    }
    let mut joined = Vec::new();
    let mut found = report::Found::new();
    for (path, texts) in different.parts {
        if let Some(gatherer) = gatherer_of(&path)
            && let Some((whole, counts)) = elements::join_findings(&texts)
            && !apart.contains(&path)
        {
            add(&mut section, &path, &whole)?;
            found.insert(gatherer.to_owned(), json!(counts));
            joined.push(path);
            continue;
        }
        match elements::join(&path, &texts).filter(|_| !apart.contains(&path)) {
            Some(whole) => {
                add(&mut section, &path, &whole)?;
                joined.push(path);
            }
            None => {
                texts.iter().try_for_each(|(shard, text)| add(&mut section, &path_of(shard, &path), text))?;
                apart.push(path);
            }
        }
    }
    apart.sort_unstable();
    apart.dedup();
    let own = own::join(&parts.iter().map(|part| &part.own).collect::<Vec<_>>());
    own.into_iter().for_each(|(path, content)| archive.add_own(path, content));
    let audit = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.audit)).collect::<Vec<u8>>();
    let mut merged = Merged {
        path: None,
        shards: parts[0].shard.count,
        complete: missing.is_empty() && parts.iter().all(|part| report::is_whole(&part.report)),
        missing,
        entries: section.entries(),
        joined,
        apart,
    };
    // Findings that are the same in several shards were taken once.
    for (path, file) in known.iter().filter(|(_, file)| file.is_same) {
        let part = parts.iter().find(|part| part.shard.index == file.first);
        if let Some((gatherer, part)) = gatherer_of(path).zip(part) {
            found.insert(gatherer.to_owned(), report::findings_of(&part.report, gatherer));
        }
    }
    let report = merged.report(parts, &found);
    merged.path = archive.finish(vec![section], true, &audit, |_| report)?.path;
    Ok(merged)
}

/// The gatherer whose findings a file has.
fn gatherer_of(path: &str) -> Option<&str> {
    path.split_once('/').filter(|(_, file)| *file == wagather_findings::FILE).map(|(gatherer, _)| gatherer)
}

/// Reads an archive once: its report, its audit, and what its files are.
fn look(path: &Path, known: &mut BTreeMap<String, Known>, room: &mut Room) -> Result<Part> {
    let of_one = room.content;
    let (mut report, mut audit, mut mtime_seconds) = (Vec::new(), Vec::new(), 0);
    let (mut own, mut files) = (own::Own::new(), Vec::new());
    read(path, &mut |entry: Entry<'_>| {
        mtime_seconds = entry.mtime_seconds;
        room.take_content(entry.len)?;
        match entry.path {
            REPORT_PATH => read_own_json(entry, &mut report, room),
            AUDIT_PATH => read_own(entry, &mut audit, MAX_AUDIT_BYTES, room),
            file if own::PATHS.contains(&file) => {
                let content = own.entry(file.to_owned()).or_default();
                read_own_json(entry, content, room)
            }
            file => {
                room.take_known(KNOWN_BYTES + file.len() as u64)?;
                files.push((file.to_owned(), digest(entry.content)?));
                Ok(())
            }
        }
    })
    .map_err(|error| unusable(path, &error))?;
    room.content = of_one;
    let report: Value = serde_json::from_slice(&report).map_err(|_| {
        unusable(path, &format_args!("it is no archive of host-min: it has no {REPORT_PATH}"))
    })?;
    let of =
        |key: &str| report["narrowedTo"]["shard"][key].as_u64().and_then(|number| u32::try_from(number).ok());
    let shard = of("index").zip(of("count")).and_then(|(index, count)| Shard::new(index, count));
    let shard = shard.ok_or_else(|| {
        unusable(path, &"it is not of a shard")
            .advise("'run --shard INDEX/COUNT' gathers the archives to merge")
    })?;
    for (file, digest) in files {
        let first = shard.index;
        known
            .entry(file)
            .and_modify(|known| {
                known.is_same &= known.digest == digest;
                known.first = known.first.min(first);
            })
            .or_insert(Known { digest, first, is_same: true });
    }
    Ok(Part { path: path.to_owned(), shard, report, audit, own, mtime_seconds })
}

/// Reads a file that the host itself wrote, and wrote once.
fn read_own(entry: Entry<'_>, into: &mut Vec<u8>, most: u64, room: &mut Room) -> io::Result<()> {
    let Entry { path, len, content, .. } = entry;
    if len > most || !into.is_empty() {
        let why = if len > most { "is too large" } else { "is there twice" };
        return Err(io::Error::other(format!("it is no archive of host-min: its {path} {why}")));
    }
    room.take_known(len)?;
    content.take(most).read_to_end(into).map(drop)
}

/// The same for a file that becomes a tree.
fn read_own_json(entry: Entry<'_>, into: &mut Vec<u8>, room: &mut Room) -> io::Result<()> {
    read_own(entry, into, MAX_REPORT_BYTES, room)?;
    room.take_known(tree_bytes(into))
}

/// Checks that the archives are those of all shards of one run. The result are the shards that are missing.
fn check(parts: &[Part], allows_incomplete: bool) -> Result<Vec<u32>> {
    let Some(first) = parts.first() else {
        return Err(Failure::new(Class::Config, "cannot merge", "no archive is named"));
    };
    let differ = |part: &Part, what: &str| {
        let reason = format!("its {what} differs from that of {}", first.path.display());
        Err(unusable(&part.path, &reason).advise("merge the archives of one run only"))
    };
    for (index, part) in parts.iter().enumerate() {
        let (a, b) = (&first.report, &part.report);
        if a["obfuscation"].is_object() || b["obfuscation"].is_object() {
            return Err(unusable(
                &part.path,
                &"it is obfuscated, and each shard has placeholders of its own",
            ));
        }
        if first.shard.count != part.shard.count {
            return differ(part, "number of shards");
        }
        if report::identity(a) != report::identity(b) {
            return differ(part, "list of gatherers, or the sha256 of a module,");
        }
        if a["layout"] != b["layout"] {
            return differ(part, "--layout");
        }
        if a["source"] != b["source"] {
            return differ(part, "API server");
        }
        if a["narrowedTo"]["selector"] != b["narrowedTo"]["selector"] {
            return differ(part, "--selector");
        }
        if a["narrowedTo"]["namespace"] != b["narrowedTo"]["namespace"] {
            return differ(part, "--namespace");
        }
        if let Some(twin) = parts[..index].iter().find(|other| other.shard.index == part.shard.index) {
            let reason = format!("it is of shard {}, as {} is", part.shard.index, twin.path.display());
            return Err(unusable(&part.path, &reason).advise("name one archive for each shard"));
        }
        let failed = |gathered: &Value| gathered["status"] == "failed";
        if !allows_incomplete && b["gatherers"].as_array().is_some_and(|all| all.iter().any(failed)) {
            return Err(unusable(&part.path, &"a gatherer failed, so it is incomplete")
                .advise("gather this shard again, or add --allow-incomplete"));
        }
    }
    let has = |index: &u32| parts.iter().any(|part| part.shard.index == *index);
    let missing: Vec<u32> = (0..first.shard.count).filter(|index| !has(index)).collect();
    if !allows_incomplete && !missing.is_empty() {
        let reason = format!("of {} shards, these are missing: {}", first.shard.count, numbers(&missing));
        return Err(Failure::new(Class::Config, "cannot merge", reason)
            .advise("name their archives as well, or add --allow-incomplete"));
    }
    Ok(missing)
}

/// Takes over what one shard has, and is the first to have.
fn copy(
    part: &Part,
    known: &BTreeMap<String, Known>,
    section: &mut Section,
    different: &mut Different,
    apart: &mut Vec<String>,
) -> Result<()> {
    let (mut failed, mut room) = (None, Room::all());
    read(&part.path, &mut |entry: Entry<'_>| {
        let Some(file) = known.get(entry.path) else { return Ok(()) };
        if file.is_same && file.first != part.shard.index {
            return Ok(());
        }
        // It may be another file by now.
        room.take_content(entry.len)?;
        let fits = !file.is_same && entry.len <= MAX_JOINED_BYTES - different.bytes;
        let mut spool = section.spool(u64::MAX);
        let mut content = Vec::new();
        if fits {
            entry.content.read_to_end(&mut content)?;
            different.bytes += entry.len;
            different.parts.entry(entry.path.to_owned()).or_default().push((part.shard.clone(), content));
            return Ok(());
        }
        io::copy(entry.content, &mut spool)?;
        let path = if file.is_same { entry.path.to_owned() } else { path_of(&part.shard, entry.path) };
        if !file.is_same {
            apart.push(entry.path.to_owned());
        }
        failed = section.add_spool(&path, spool).err().map(|error| unaddable(&path, error));
        if failed.is_some() { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
    })
    .map_err(|error| failed.take().unwrap_or_else(|| unusable(&part.path, &error)))
}

fn add(section: &mut Section, path: &str, content: &[u8]) -> Result<()> {
    section.add(path, content).map_err(|error| unaddable(path, error))
}

fn unaddable(path: &str, error: AddError) -> Failure {
    match error {
        AddError::Output(failure) => failure,
        AddError::Exists => Failure::new(
            Class::Config,
            format!("cannot merge {path}"),
            "it is a file in one shard and a folder in another",
        ),
    }
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> Failure {
    Failure::new(Class::Config, format!("cannot merge {}", path.display()), reason)
}

fn path_of(shard: &Shard, path: &str) -> String {
    format!("{APART}/{}/{path}", shard.index)
}

fn digest(content: &mut dyn Read) -> io::Result<[u8; 32]> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 64 << 10];
    loop {
        match content.read(&mut buffer)? {
            0 => break,
            len => context.update(&buffer[..len]),
        }
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Ok(digest)
}

/// Numbers, for a message.
fn numbers(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

impl Merged {
    /// The report: that of the first shard, with what the others add.
    fn report(&self, parts: Vec<Part>, found: &report::Found) -> Vec<u8> {
        let shards: Vec<Value> = parts
            .iter()
            .map(|Part { shard, report, .. }| {
                json!({"index": shard.index, "time": report["time"], "complete": report["complete"]})
            })
            .collect();
        let time = parts.iter().filter_map(|part| part.report["time"].as_str()).min().map(str::to_owned);
        let mut reports = parts.into_iter().map(|part| part.report);
        let mut whole = reports.next().unwrap_or_default();
        for mut other in reports {
            if let (Value::Array(all), Value::Array(others)) =
                (&mut whole["gatherers"], other["gatherers"].take())
            {
                report::add_gatherers(all, others);
            }
            for key in ["gaps", "warnings", "gapsNotNamed"] {
                match other[key].take() {
                    Value::Null => {}
                    value if whole[key].is_null() => whole[key] = value,
                    Value::Array(more) => {
                        if let Value::Array(all) = &mut whole[key] {
                            all.extend(
                                more.into_iter()
                                    .filter(|line| key == "gaps" || !all.contains(line))
                                    .collect::<Vec<_>>(),
                            );
                        }
                    }
                    value => report::add(&mut whole[key], value, key),
                }
            }
        }
        report::set_findings(&mut whole, found);
        whole["complete"] = self.complete.into();
        whole["time"] = time.into();
        if let Value::Object(narrowed) = &mut whole["narrowedTo"] {
            narrowed.remove("shard");
        }
        whole["merged"] = json!({
            "shards": shards,
            "count": self.shards,
            "missing": self.missing,
            "joined": self.joined,
            "apart": self.apart,
        });
        let Value::Object(mut members) = whole else { return Vec::new() };
        members.retain(|_, value| !value.is_null() && *value != json!({}));
        report::to_json(members)
    }

    /// A failure if something is missing.
    pub fn gaps(&self) -> Option<Failure> {
        if self.complete {
            return None;
        }
        let reason = match &self.missing[..] {
            [] => "a shard lacks something; 'gaps' in wagather.json lists what".into(),
            missing => format!("of {} shards, these are missing: {}", self.shards, numbers(missing)),
        };
        Some(Failure::new(Class::Gaps, "the merged archive has gaps", reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive with a file, and with this report.
    fn archive(path: &Path, report: Vec<u8>) {
        let to = Output::TarGz(path.to_owned());
        let archive = Archive::create(&to, Existing::Keep, 1, 0).expect("an archive");
        let mut section = archive.section(0, "a").expect("a section");
        section.add("a/b.json", b"{}").expect("a file");
        archive.finish(vec![section], true, b"", |_| report).expect("an archive");
    }

    #[test]
    fn what_an_archive_says_has_limits() {
        let place = tempfile::tempdir().expect("a folder");
        let report = br#"{"wagather":"1","narrowedTo":{"shard":{"index":0,"count":1}}}"#.to_vec();
        let look = |name: &str, report: Vec<u8>, known: u64, content: u64| {
            let path = place.path().join(name);
            archive(&path, report);
            let mut room = Room { known, content };
            super::look(&path, &mut BTreeMap::new(), &mut room).map(|_| (room.known, room.content))
        };
        let of_report = report.len() as u64 + tree_bytes(&report);
        let of_file = KNOWN_BYTES + "a/b.json".len() as u64;
        let content = (report.len() + "{}".len()) as u64;
        assert_eq!(
            look("fine.tgz", report.clone(), 10_000, content),
            Ok((10_000 - of_report - of_file, content))
        );
        for (name, known) in [("long.tgz", of_report - 1), ("many.tgz", of_report + of_file - 1)] {
            let failure = look(name, report.clone(), known, content).expect_err("no memory");
            assert!(failure.reason.contains("too many files, or too long reports"), "{failure}");
        }
        let failure = look("bomb.tgz", report.clone(), 10_000, content - 1).expect_err("a bomb");
        assert!(failure.reason.contains("it expands to more than a run writes"), "{failure}");
        let mut large = report;
        large.resize(MAX_REPORT_BYTES as usize + 1, b' ');
        let failure = look("large.tgz", large, MAX_KNOWN_BYTES, MAX_CONTENT_BYTES).expect_err("too large");
        assert!(failure.reason.contains("wagather.json is too large"), "{failure}");
        // 16 MB that a few kilobytes expand to, and that would be 1.7 GB as a tree.
        let mut bushy = br#"{"wagather":"1","narrowedTo":{"shard":{"index":0,"count":1}},"x":["#.to_vec();
        bushy.extend(br#"{"":0},"#.repeat(MAX_REPORT_BYTES as usize / 7 - 20));
        bushy.extend(b"0]}");
        let failure =
            look("bushy.tgz", bushy, MAX_KNOWN_BYTES, MAX_CONTENT_BYTES).expect_err("too much memory");
        assert!(failure.reason.contains("too long reports"), "{failure}");
    }

    #[test]
    fn shards_of_runs_that_were_narrowed_differently_are_not_merged() {
        let part = |index: u32, narrowed: Value| Part {
            path: index.to_string().into(),
            shard: Shard::new(index, 2).expect("a shard"),
            report: json!({"complete": true, "narrowedTo": narrowed, "gatherers": []}),
            audit: Vec::new(),
            own: own::Own::new(),
            mtime_seconds: 0,
        };
        assert_eq!(check(&[part(0, json!({})), part(1, json!({}))], false), Ok(vec![]));
        for (key, option) in [("namespace", "--namespace"), ("selector", "--selector")] {
            let failure = check(&[part(0, json!({})), part(1, json!({key: "a"}))], true).expect_err(key);
            assert!(failure.reason.contains(option), "{failure}");
        }
    }
}
