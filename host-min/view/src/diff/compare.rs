//! What differs between two archives.

use super::looked::{Listed, Looked};
use super::noise;
use super::value::{Field, fields};
use crate::bounded;
use crate::gathered::{Found, Gathered};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wagather_base::error::{Class, Failure, Result};
use wagather_findings::{Finding, Object as About};
use wagather_offline::{Object, Reader, Resource};

/// The most bytes of gatherers' files that are held of an archive. Files beyond that are not compared, and named.
const MAX_FILE_BYTES: usize = 64 << 20;

/// About how many bytes of memory a file takes besides its content and its path.
const FILE_FRAME: usize = 200;
/// The audit of a run.
const AUDIT: &str = "audit.jsonl";
/// The most files without room that are named.
const MAX_LEFT_OUT: usize = 1_000;

/// One of the two archives.
pub(crate) struct Side {
    pub(crate) path: PathBuf,
    pub(crate) gathered: Gathered,
    /// JSON files that gatherers wrote under names of their own, by path.
    files: BTreeMap<String, Vec<u8>>,
    /// Those for which there was no room.
    left_out: Vec<String>,
    /// What the run listed, by its audit.
    listed: Option<Listed>,
}

impl Side {
    /// Reads an archive.
    pub(crate) fn open(path: &Path) -> Result<Side> {
        let (mut files, mut left_out, mut bytes, mut more) = (BTreeMap::new(), Vec::new(), 0, 0_usize);
        let is_file = |path: &str| path.ends_with(".json") && path.contains('/') || path == AUDIT;
        let mut listed = None;
        let gathered = Gathered::open_and_look(path, &is_file, &mut |path, content| {
            if path == AUDIT {
                listed = Some(Listed::of(content));
                return;
            }
            let name = path.rsplit('/').next().unwrap_or_default();
            if ["wagather.json", wagather_findings::FILE].contains(&name) {
                return;
            }
            bytes += path.len() + content.len() + FILE_FRAME;
            if bytes <= MAX_FILE_BYTES {
                files.insert(path.to_owned(), content.to_vec());
            } else if left_out.len() < MAX_LEFT_OUT {
                left_out.push(path.to_owned());
            } else {
                more += 1;
            }
        })?;
        if more > 0 {
            left_out.push(format!("{more} more files"));
        }
        // In other archives, such files are not results of gatherers.
        if gathered.report.is_none() {
            files.clear();
            left_out.clear();
        }
        Ok(Side { path: path.to_owned(), gathered, files, left_out, listed })
    }
}

/// What is in one archive, in both, or differs.
pub(crate) enum What<'a> {
    /// An object of the cluster.
    Object { group: &'a str, kind: &'a str, plural: &'a str, namespace: &'a str, name: &'a str },
    /// What a gatherer found.
    Finding { gatherer: &'a str, finding: &'a Finding },
    /// A file that a gatherer wrote.
    File { path: &'a str },
}

/// How it differs.
pub(crate) enum How {
    /// Only the later archive has it.
    Added,
    /// Only the earlier archive has it.
    Removed,
    /// These fields differ.
    Changed(Vec<Field>),
}

/// A difference.
pub(crate) struct Change<'a> {
    pub(crate) what: What<'a>,
    pub(crate) how: How,
}

/// What was compared.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) added: usize,
    pub(crate) removed: usize,
    pub(crate) changed: usize,
    pub(crate) same: usize,
    /// What only one of the archives has, as nobody gathered it for the other: its name, and whether the earlier has it.
    pub(crate) not_compared: Vec<(String, bool)>,
}

impl Summary {
    /// Whether anything differs.
    pub(crate) fn is_different(&self) -> bool {
        self.added + self.removed + self.changed > 0
    }

    fn count(&mut self, how: Option<&How>) {
        *match how {
            None => &mut self.same,
            Some(How::Added) => &mut self.added,
            Some(How::Removed) => &mut self.removed,
            Some(How::Changed(_)) => &mut self.changed,
        } += 1;
    }
}

/// Gets each difference.
pub(crate) type Each<'a> = &'a mut dyn FnMut(Change<'_>) -> Result<()>;

/// Compares two archives, and gives each difference: findings first, then objects by resource, then files. With `all`, fields that mean
/// nothing are compared, too.
pub(crate) fn compare(before: &Side, after: &Side, all: bool, each: Each) -> Result<Summary> {
    let mut summary = Summary::default();
    findings(before, after, &mut summary, each)?;
    let mut comparing = Objects {
        before: (
            before,
            before.gathered.archive.reader(),
            Looked::of(&before.gathered, before.listed.as_ref(), &after.gathered),
        ),
        after: (
            after,
            after.gathered.archive.reader(),
            Looked::of(&after.gathered, after.listed.as_ref(), &before.gathered),
        ),
        all,
        summary: &mut summary,
    };
    let mut resources: BTreeMap<(&str, &str), [Option<Resource>; 2]> = BTreeMap::new();
    for (number, side) in [before, after].into_iter().enumerate() {
        for resource in side.gathered.archive.resources() {
            let both = resources.entry((resource.group, resource.plural)).or_default();
            both[number] = Some(resource);
        }
    }
    for (key, both) in resources {
        comparing.resource(key, both, each)?;
    }
    files(before, after, &mut summary, each)?;
    Ok(summary)
}

/// Compares what is under the same key, in the order of the keys.
fn pairs<K: Ord, T>(
    before: impl Iterator<Item = (K, T)>,
    after: impl Iterator<Item = (K, T)>,
    mut each: impl FnMut(Option<T>, Option<T>) -> Result<()>,
) -> Result<()> {
    let (mut before, mut after) = (before.peekable(), after.peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let old = if order.is_le() { before.next() } else { None };
        let new = if order.is_ge() { after.next() } else { None };
        each(old.map(|(_, value)| value), new.map(|(_, value)| value))?;
    }
}

/// The objects of two archives.
struct Objects<'a> {
    before: (&'a Side, Reader, Looked),
    after: (&'a Side, Reader, Looked),
    all: bool,
    summary: &'a mut Summary,
}

impl Objects<'_> {
    fn resource(
        &mut self,
        (group, plural): (&str, &str),
        [before, after]: [Option<Resource>; 2],
        each: Each,
    ) -> Result<()> {
        let kind =
            before.as_ref().or(after.as_ref()).map(|resource| resource.kind.clone()).unwrap_or_default();
        // What was not gathered may be there all the same. Objects are in the order of their namespaces.
        let mut only = [Only::default(), Only::default()];
        pairs(firsts(before.as_ref()), firsts(after.as_ref()), |old, new| {
            let Some(object) = old.or(new) else { return Ok(()) };
            let other = match (old, new) {
                (Some(_), None) => Some((&self.after, after.as_ref(), 0)),
                (None, Some(_)) => Some((&self.before, before.as_ref(), 1)),
                _ => None,
            };
            if let Some(((side, _, looked), resource, number)) = other
                && !looked.is_gone(&side.gathered, (group, plural), resource, object.namespace, object.name)
            {
                only[number].add(object.namespace);
                return Ok(());
            }
            let how = match (old, new) {
                (Some(old), Some(new)) => {
                    let (before, after) = (&mut self.before, &mut self.after);
                    let old = before.1.object(&old).map_err(|error| unreadable(before.0, &error))?;
                    let new = after.1.object(&new).map_err(|error| unreadable(after.0, &error))?;
                    // Most objects are the same, to the byte.
                    let differing =
                        if old == new { Vec::new() } else { differing(group, &kind, self.all, old, new) };
                    (!differing.is_empty()).then_some(How::Changed(differing))
                }
                (Some(_), None) => Some(How::Removed),
                (None, _) => Some(How::Added),
            };
            self.summary.count(how.as_ref());
            let what =
                What::Object { group, kind: &kind, plural, namespace: object.namespace, name: object.name };
            how.map_or(Ok(()), |how| each(Change { what, how }))
        })?;
        let name = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        for (only, (other, is_before)) in only.iter().zip([(&after, true), (&before, false)]) {
            self.summary.not_compared.extend(only.name(&name, other.is_some()).map(|name| (name, is_before)));
        }
        Ok(())
    }
}

/// Objects of a resource that only one archive has, as nobody looked for them for the other.
#[derive(Default)]
struct Only {
    objects: usize,
    namespaces: usize,
    last: String,
}

impl Only {
    fn add(&mut self, namespace: &str) {
        if self.objects == 0 || self.last != namespace {
            self.namespaces += 1;
            namespace.clone_into(&mut self.last);
        }
        self.objects += 1;
    }

    /// What they are called, if there are any. `of_some`: of the resource, the other archive has something.
    fn name(&self, resource: &str, of_some: bool) -> Option<String> {
        match (self.objects, of_some, self.namespaces, &*self.last) {
            (0, ..) => None,
            (_, false, ..) => Some(resource.to_owned()),
            (count, _, 1, "") => Some(format!("{resource} ({count})")),
            (count, _, 1, namespace) => Some(format!("{resource} in {namespace} ({count})")),
            (count, _, namespaces, _) => Some(format!("{resource} in {namespaces} namespaces ({count})")),
        }
    }
}

/// The objects of a resource, by namespace and name. In another version, it is the same object.
fn firsts<'a>(
    resource: Option<&Resource<'a>>,
) -> impl Iterator<Item = ((&'a str, &'a str), Object<'a>)> + use<'a> {
    let mut last = None;
    resource.map(Resource::objects).into_iter().flatten().filter_map(move |object| {
        let key = (object.namespace, object.name);
        (last.replace(key) != Some(key)).then_some((key, object))
    })
}

/// The fields of an object that differ.
fn differing(group: &str, kind: &str, all: bool, old: &[u8], new: &[u8]) -> Vec<Field> {
    let (mut old, mut new) = match (bounded::parse(old), bounded::parse(new)) {
        (Ok(old), Ok(new)) => (old, new),
        // They differ, but nobody can say where.
        _ => return vec![unreadable_field(old, new)],
    };
    // Items of lists do not say what they are.
    for name in ["apiVersion", "kind"] {
        if let (Value::Object(old), Value::Object(new)) = (&mut old, &mut new)
            && old.contains_key(name) != new.contains_key(name)
        {
            old.remove(name);
            new.remove(name);
        }
    }
    if !all {
        noise::remove(group, kind, &mut old);
        noise::remove(group, kind, &mut new);
    }
    fields(&old, &new)
}

/// The difference of what is too large or too deep to be decoded.
fn unreadable_field(old: &[u8], new: &[u8]) -> Field {
    let [before, after] = [old, new].map(|json| {
        Some(Value::from(match bounded::parse(json) {
            Ok(_) => format!("{} bytes", json.len()),
            Err(reason) => format!("{} bytes, not compared field by field: {reason}", json.len()),
        }))
    });
    Field { path: String::new(), before, after }
}

fn unreadable(side: &Side, error: &std::io::Error) -> Failure {
    Failure::new(Class::Internal, format!("cannot read the archive {}", side.path.display()), error)
}

/// What identifies a finding: who found what about which object, and which of several such findings it is.
type FindingKey<'a> = (&'a str, &'a str, Option<&'a About>, usize);

fn findings_of<'a>(side: &'a Side, other: &Side) -> BTreeMap<FindingKey<'a>, &'a Finding> {
    let mut all: BTreeMap<FindingKey<'a>, &'a Finding> = BTreeMap::new();
    let judge = |found: &&Found| other.gathered.judges.contains(&found.gatherer);
    for Found { gatherer, finding } in side.gathered.findings.iter().filter(judge) {
        let key = |number| (&**gatherer, &*finding.code, finding.object.as_ref(), number);
        // They are numbered from 0, so the last one says how many there are.
        let last = all.range(key(0)..=key(usize::MAX)).next_back();
        let number = last.map_or(0, |((.., number), _)| number + 1);
        all.insert(key(number), finding);
    }
    all
}

/// Each with the gatherer that found it.
fn named<'a>(
    findings: BTreeMap<FindingKey<'a>, &'a Finding>,
) -> impl Iterator<Item = (FindingKey<'a>, (&'a str, &'a Finding))> {
    findings.into_iter().map(|(key, finding)| (key, (key.0, finding)))
}

fn findings(before: &Side, after: &Side, summary: &mut Summary, each: Each) -> Result<()> {
    let (old, new) = (findings_of(before, after), findings_of(after, before));
    for (side, other, is_before) in [(before, after, true), (after, before, false)] {
        let only = side.gathered.judges.difference(&other.gathered.judges);
        summary.not_compared.extend(only.map(|gatherer| (format!("findings of {gatherer}"), is_before)));
    }
    pairs(named(old), named(new), |old, new| {
        let how = match (&old, &new) {
            (Some((_, old)), Some((_, new))) => {
                let [old, new] = [old, new].map(|finding| serde_json::to_value(finding).unwrap_or_default());
                let differing = fields(&old, &new);
                (!differing.is_empty()).then_some(How::Changed(differing))
            }
            (Some(_), None) => Some(How::Removed),
            (None, _) => Some(How::Added),
        };
        summary.count(how.as_ref());
        let (Some(how), Some((gatherer, finding))) = (how, new.or(old)) else { return Ok(()) };
        each(Change { what: What::Finding { gatherer, finding }, how })
    })
}

fn files(before: &Side, after: &Side, summary: &mut Summary, each: Each) -> Result<()> {
    for (side, is_before) in [(before, true), (after, false)] {
        summary.not_compared.extend(side.left_out.iter().map(|path| (path.clone(), is_before)));
    }
    // Another run may have had other gatherers; what these wrote is not missing.
    let folder = |path: &str| path.split_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
    let folders = |side: &Side| side.files.keys().map(|path| folder(path)).collect::<BTreeSet<String>>();
    let (old_folders, new_folders) = (folders(before), folders(after));
    for (only, other, is_before) in [(&old_folders, &new_folders, true), (&new_folders, &old_folders, false)]
    {
        summary.not_compared.extend(only.difference(other).map(|folder| (format!("{folder}/"), is_before)));
    }
    let common = |path: &str| old_folders.contains(&folder(path)) && new_folders.contains(&folder(path));
    pairs(files_of(before, &common), files_of(after, &common), |old, new| {
        let how = match (&old, &new) {
            (Some((_, old)), Some((_, new))) if old == new => None,
            (Some((_, old)), Some((_, new))) => {
                let [old, new] = [old, new].map(|json| {
                    bounded::parse(json).unwrap_or_else(|_| String::from_utf8_lossy(json).into_owned().into())
                });
                let differing = fields(&old, &new);
                (!differing.is_empty()).then_some(How::Changed(differing))
            }
            (Some(_), None) => Some(How::Removed),
            (None, _) => Some(How::Added),
        };
        summary.count(how.as_ref());
        let (Some(how), Some((path, _))) = (how, new.or(old)) else { return Ok(()) };
        each(Change { what: What::File { path }, how })
    })
}

/// The files of an archive with these paths.
fn files_of<'a>(
    side: &'a Side,
    is_wanted: &'a dyn Fn(&str) -> bool,
) -> impl Iterator<Item = (&'a String, (&'a String, &'a Vec<u8>))> {
    side.files.iter().filter(|(path, _)| is_wanted(path)).map(|(path, bytes)| (path, (path, bytes)))
}
