//! The effect of a grant on a run, in the words of the report, and the parts of the grant that had no effect but look as if they should.
//!
//! A misspelt field hides nothing, and a misspelt namespace has no objects. Both must be reported.

use crate::grant::{FieldPath, Grant};
use crate::manifest::{Manifest, Resource};
use crate::rights::without;
use crate::uses::{Use, Uses};
use serde::Serialize;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::limits::MAX_REPORT_LINES;
use wagather_json::project::Node;
use wagather_yaml::{self as yaml, distance};

/// Items of requested lists that no rule covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Withheld {
    /// The rules that grant only a part of the resource's objects, counted from 1. Empty if `--namespace` excluded the items.
    pub rules: Vec<usize>,
    /// The resource.
    pub resource: String,
    /// How many there were.
    pub items: u64,
}

/// A field that a rule removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// The rule, counted from 1.
    pub rule: usize,
    /// The resource.
    pub resource: String,
    /// The field, as the rule writes it.
    pub field: String,
    /// How many objects had it and were given without it.
    pub objects: u64,
}

/// The withheld items of each resource.
pub fn withheld(uses: &Uses) -> Vec<Withheld> {
    let mut all: Vec<Withheld> = Vec::new();
    for one in uses.iter().filter(|one| one.withheld > 0) {
        let about = one.about();
        let rules: Vec<usize> = about.narrowing.iter().map(|rule| rule + 1).collect();
        match all.iter_mut().find(|known| known.resource == about.resource && known.rules == rules) {
            Some(known) => known.items += one.withheld,
            None => {
                all.push(Withheld { rules, resource: about.resource.clone(), items: one.withheld });
            }
        }
    }
    all
}

/// The hidden fields of each resource.
pub fn hidden(grant: &Grant, uses: &Uses) -> Vec<Hidden> {
    let mut all: Vec<Hidden> = Vec::new();
    for one in uses.iter() {
        for removed in &one.about().removed {
            let objects = one.hidden(removed.number);
            let path = grant.rules.get(removed.rule).and_then(|rule| rule.without.get(removed.index));
            let Some(path) = path.filter(|_| objects > 0) else { continue };
            let (rule, resource, field) = (removed.rule + 1, &one.about().resource, path.to_string());
            let known = |known: &&mut Hidden| {
                known.rule == rule && known.resource == *resource && known.field == field
            };
            let is_full = all.len() >= MAX_REPORT_LINES;
            match all.iter_mut().find(known) {
                Some(known) => known.objects += objects,
                None if !is_full => {
                    all.push(Hidden { rule, resource: resource.clone(), field, objects });
                }
                None => {}
            }
        }
    }
    all
}

/// The withheld items and hidden fields, in words.
pub fn describe(withheld: &[Withheld], hidden: &[Hidden]) -> Vec<String> {
    const MAX_SHOWN: usize = 12;
    let counted = |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let of_withheld = withheld.iter().map(|Withheld { rules, resource, items }| {
        let numbers: Vec<String> = rules.iter().map(usize::to_string).collect();
        match &numbers[..] {
            [] => format!("--namespace withheld {} of {resource}", counted(*items, "item")),
            [one] => format!("the grant withheld {} of {resource} (rule {one})", counted(*items, "item")),
            all => format!(
                "the grant withheld {} of {resource} (rules {})",
                counted(*items, "item"),
                all.join(", ")
            ),
        }
    });
    let of_hidden = hidden.iter().map(|Hidden { rule, resource, field, objects }| {
        format!("the grant hid {field} of {} of {resource} (rule {rule})", counted(*objects, "object"))
    });
    let mut lines: Vec<String> = of_withheld.chain(of_hidden).collect();
    if lines.len() > MAX_SHOWN {
        let more = lines.len() - MAX_SHOWN + 1;
        lines.truncate(MAX_SHOWN - 1);
        lines.push(format!("{more} more lines about what the grant withheld and hid are in wagather.json"));
    }
    lines
}

/// Refuses a grant that removes a field which no gatherer reads, if a gatherer reads a field that differs only in case.
pub fn check(grant: &Grant, manifests: &[Manifest]) -> Result<()> {
    let mistakes: Vec<String> = slips(grant, manifests)
        .filter(|slip| slip.letters == 0)
        .map(|slip| {
            let Slip { rule, index, path, meant, resource, .. } = slip;
            let place = at(grant, rule, |places| &places.without, index);
            format!("{place}: no gatherer reads {path}, but one reads {meant} of {resource}: field names are case-sensitive")
        })
        .collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Failure::of_many(Class::Config, "cannot use the grant", mistakes)
        .advise("write the field as in the gatherer's mask; 'host-min inspect' shows it"))
}

/// Fields that a grant removes and no gatherer reads, although a gatherer reads a field with almost the same name.
pub fn doubts(grant: &Grant, manifests: &[Manifest]) -> Vec<String> {
    slips(grant, manifests)
        .map(|Slip { rule, index, path, meant, resource, .. }| {
            let place = at(grant, rule, |places| &places.without, index);
            format!("{place}: no gatherer reads {path} of {resource}, so removing it has no effect; did you mean {meant}?")
        })
        .collect()
}

/// The parts of the grant that had no effect in a run, although the run read objects of their resources.
pub fn warnings(grant: &Grant, manifests: &[Manifest], uses: &[Uses]) -> Vec<String> {
    let mut lines = removed_nothing(grant, manifests, uses);
    lines.extend(matched_nothing(grant, uses));
    if lines.len() > MAX_REPORT_LINES {
        let more = lines.len() - MAX_REPORT_LINES;
        lines.truncate(MAX_REPORT_LINES);
        lines.push(format!("{more} more parts of the grant had no effect"));
    }
    lines
}

fn removed_nothing(grant: &Grant, manifests: &[Manifest], uses: &[Uses]) -> Vec<String> {
    let mut lines = Vec::new();
    let slips: Vec<Slip<'_>> = slips(grant, manifests).collect();
    for (number, rule) in grant.rules.iter().enumerate() {
        for (index, path) in rule.without.iter().enumerate() {
            let (mut objects, mut hidden, mut was_read, mut resources) = (0, 0, false, Vec::new());
            for one in uses.iter().flat_map(Uses::iter).filter(|one| one.objects > 0) {
                let removed = one.about().removed.iter();
                for removed in removed.filter(|removed| (removed.rule, removed.index) == (number, index)) {
                    objects += one.objects;
                    hidden += one.hidden(removed.number);
                    was_read |= removed.number.is_some();
                    if !resources.contains(&&*one.about().resource) {
                        resources.push(&*one.about().resource);
                    }
                }
            }
            if objects == 0 || hidden > 0 {
                continue;
            }
            let slip = slips.iter().find(|slip| (slip.rule, slip.index) == (number, index));
            let place = at(grant, number, |places| &places.without, index);
            let objects = objects_of(objects, &resources);
            match slip {
                Some(Slip { meant, .. }) => lines.push(format!(
                    "{place}: {path} hid nothing in {objects}, because no gatherer reads it; did you mean {meant}?"
                )),
                None if was_read => lines.push(format!(
                    "{place}: {path} hid nothing: none of {objects} has it. If it is misspelt, the intended field is in the archive"
                )),
                None => {}
            }
        }
    }
    lines
}

fn objects_of(objects: u64, resources: &[&str]) -> String {
    const MAX_SHOWN: usize = 3;
    let more = resources.len().saturating_sub(MAX_SHOWN);
    let shown = resources.iter().take(MAX_SHOWN).copied().collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more resources") } else { String::new() };
    let are = if objects == 1 { "the 1 object".to_owned() } else { format!("the {objects} objects") };
    format!("{are} of {shown}{more}")
}

fn matched_nothing(grant: &Grant, uses: &[Uses]) -> Vec<String> {
    let mut lines = Vec::new();
    let uses: Vec<&Use> = uses.iter().flat_map(Uses::iter).collect();
    for (number, rule) in grant.rules.iter().enumerate() {
        for (is_name, globs) in [(false, &rule.namespaces), (true, &rule.resource_names)] {
            for (index, glob) in globs.iter().flatten().enumerate() {
                let (mut matched, mut resources) = (None, Vec::new());
                for one in &uses {
                    let entries = one.about().entries.iter();
                    let entry = entries.enumerate().find(|(_, entry)| {
                        (entry.rule, entry.is_name, entry.index) == (number, is_name, index)
                    });
                    let has_matched = entry.and_then(|(entry, _)| one.has_matched(entry));
                    if has_matched == Some(false) && !resources.contains(&&*one.about().resource) {
                        resources.push(&*one.about().resource);
                    }
                    matched = matched.max(has_matched);
                }
                if matched != Some(false) {
                    continue;
                }
                let place = if is_name {
                    at(grant, number, |places| &places.resource_names, index)
                } else {
                    at(grant, number, |places| &places.namespaces, index)
                };
                let list = if is_name { "resourceNames" } else { "namespaces" };
                let resources = resources.join(", ");
                lines.push(format!(
                    "{place}: '{glob}' of {list} matched nothing: no object of {resources} {}",
                    if is_name { "has this name" } else { "is in such a namespace" }
                ));
            }
        }
    }
    lines
}

/// The place of a part of a rule.
fn at(
    grant: &Grant,
    rule: usize,
    of: impl Fn(&crate::grant::Places) -> &Vec<yaml::Place>,
    index: usize,
) -> String {
    let place = grant.rules.get(rule).and_then(|rule| of(&rule.places).get(index));
    match place {
        Some(place) if !grant.file.is_empty() => {
            format!("{}:{place}: rule {}", grant.file, rule + 1)
        }
        _ => format!("rule {} of the grant", rule + 1),
    }
}

/// A field that is removed and not read, and the field that was probably meant.
struct Slip<'a> {
    rule: usize,
    index: usize,
    path: &'a FieldPath,
    meant: String,
    resource: String,
    /// How many letters differ, ignoring case.
    letters: usize,
}

fn slips<'a>(grant: &'a Grant, manifests: &'a [Manifest]) -> impl Iterator<Item = Slip<'a>> {
    let rules = grant.rules.iter().enumerate();
    let paths = rules.flat_map(|(number, rule)| {
        rule.without.iter().enumerate().map(move |(index, path)| (number, rule, index, path))
    });
    paths.filter_map(move |(rule_number, rule, index, path)| {
        let all = manifests.iter().flat_map(|manifest| &manifest.resources);
        let about: Vec<&Resource> = all
            .filter(|one| rule.removes(&one.group, &one.plural, &one.subresource) && one.subresource != "log")
            .collect();
        if about.iter().any(|one| without(&one.mask, path, &one.plural) != one.mask) {
            return None;
        }
        let near = about.iter().filter_map(|one| near(&one.mask, &path.keys()).map(|near| (near, one)));
        let ((letters, meant), resource) = near.min_by_key(|((letters, _), _)| *letters)?;
        Some(Slip {
            rule: rule_number,
            index,
            path,
            meant: FieldPath::of(meant).to_string(),
            resource: resource.identity(),
            letters,
        })
    })
}

/// By how many letters two names may differ. A short name soon becomes another word.
fn may_differ(name: &str) -> usize {
    (name.chars().count() / 3).min(MAX_LETTERS)
}

const MAX_LETTERS: usize = 2;

/// The field of a mask that is most similar to a path: by how many letters it differs, and its keys.
fn near(mask: &Node, keys: &[&str]) -> Option<(usize, Vec<String>)> {
    let [key, rest @ ..] = keys else { return Some((0, Vec::new())) };
    if *mask == Node::Keep {
        return Some((0, keys.iter().map(|key| (*key).to_owned()).collect()));
    }
    let as_it_is = Some((*key, mask.get(key), 0)).filter(|(_, node, _)| node.keeps());
    let lower = key.to_lowercase();
    let others = mask.names().filter(|(name, _)| name != key).filter_map(|(name, node)| {
        let letters = distance(&lower, &name.to_lowercase());
        (letters <= may_differ(name)).then_some((name, node, letters))
    });
    as_it_is
        .into_iter()
        .chain(others)
        .filter_map(|(name, node, letters)| {
            let (more, mut path) = near(node, rest)?;
            path.insert(0, name.to_owned());
            Some((letters + more, path)).filter(|(letters, _)| *letters <= MAX_LETTERS)
        })
        .min_by_key(|(letters, _)| *letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_was_probably_meant() {
        let mask = Node::parse("spec(issuerRef(name),secretName,containers(image,name)),status(conditions),metadata(labels(*(x)))").expect("mask");
        for (path, meant) in [
            ("spec.issuerref.name", Some((0, "spec.issuerRef.name"))),
            ("Spec.IssuerRef", Some((0, "spec.issuerRef"))),
            ("spec.isuerRef.name", Some((1, "spec.issuerRef.name"))),
            ("spec.secretNaem", Some((2, "spec.secretName"))),
            ("status.condition.type", Some((1, "status.conditions.type"))),
            // Fields of their own, however like these they are.
            ("spec.containers.env", None),
            ("spec.dnsNames", None),
            ("stats.conditoin.type", None),
            ("data", None),
        ] {
            let path = FieldPath::parse(path).expect(path);
            let found = near(&mask, &path.keys()).map(|(letters, keys)| (letters, keys.join(".")));
            assert_eq!(found, meant.map(|(letters, meant)| (letters, meant.to_owned())), "{path}");
        }
    }
}
