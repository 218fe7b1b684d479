//! Files with lists of objects, which are made of the objects' own files when the sections are joined.
//!
//! Objects arrive one by one, from several gatherers, and nobody knows how many there will be. So a list is made at the end. The sections of a
//! `.tar.gz` are decompressed once for that, and the objects wait in a [`Spool`], so memory is bounded.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::read::GzDecoder;

use super::layout::List;
use super::part::{Part, copy_exactly};
use super::paths::Extent;
use super::section::Closed;
use super::spool::{Spool, SpoolReader};
use super::target::Target;

/// The suffix of objects' files in a layout with lists.
const SUFFIX: &str = ".yaml";

/// The lists of an archive.
#[derive(Default)]
pub(super) struct Lists {
    lists: Vec<Made>,
    /// The objects of all lists, one after the other.
    objects: Option<SpoolReader>,
}

/// A list that is complete.
struct Made {
    path: String,
    head: String,
    /// Offset and length of each object.
    objects: Vec<(u64, u64)>,
}

/// The end of a list.
const END: &[u8] = b"\n]}\n";
/// What is between two objects.
const BETWEEN: &[u8] = b",\n";

/// Writes the content of one list.
type Content<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

/// An object that lists wait for.
struct Listed {
    extent: Extent,
    /// The numbers of its lists.
    lists: Vec<usize>,
    path: Box<str>,
}

/// Makes the lists that were asked for. A list whose path is taken is left out, and told.
pub(super) fn make(
    wanted: BTreeMap<String, List>,
    parts: &mut [Part],
    target: &Arc<Target>,
) -> io::Result<(Lists, Vec<String>)> {
    let (taken, free): (Vec<List>, Vec<List>) =
        wanted.into_values().partition(|list| parts.iter().any(|part| part.paths.conflict(&list.path)));
    let mut lists: Vec<Made> = free.iter().map(Made::new).collect();
    if lists.is_empty() {
        return Ok((Lists { lists, objects: None }, paths_of(taken)));
    }
    let mut spool = Spool::new(target, u64::MAX);
    for part in parts {
        let mut listed: BTreeMap<u64, Listed> = BTreeMap::new();
        for (number, list) in free.iter().enumerate() {
            for (path, extent) in part.paths.below(&list.prefix).filter(|(path, _)| path.ends_with(SUFFIX)) {
                let new = || Listed { extent: *extent, lists: Vec::new(), path: path.into() };
                listed.entry(extent.start).or_insert_with(new).lists.push(number);
            }
        }
        let mut places = Vec::with_capacity(listed.len());
        collect(part, listed.values(), &mut spool, &mut places)?;
        let mut by_path: Vec<(&Listed, (u64, u64))> = listed.values().zip(places).collect();
        by_path.sort_unstable_by_key(|(object, _)| &*object.path);
        for (object, place) in by_path {
            for number in &object.lists {
                lists[*number].objects.push(place);
            }
        }
    }
    Ok((Lists { lists, objects: Some(spool.into_reader()?) }, paths_of(taken)))
}

fn paths_of(lists: Vec<List>) -> Vec<String> {
    lists.into_iter().map(|list| list.path).collect()
}

/// Copies objects out of a part, in the order in which they are in it. Tells where each of them went.
fn collect<'a>(
    part: &mut Part,
    listed: impl ExactSizeIterator<Item = &'a Listed>,
    to: &mut Spool,
    places: &mut Vec<(u64, u64)>,
) -> io::Result<()> {
    if listed.len() == 0 {
        return Ok(());
    }
    let mut put = |from: &mut dyn Read, len: u64| {
        places.push((to.len(), len));
        copy_exactly(from, len, to)
    };
    let root: &Path = match &part.closed {
        Closed::Folder(root) => root,
        _ => {
            let mut member = match std::mem::replace(&mut part.closed, Closed::Tar(None)) {
                Closed::Tar(Some(spool)) => spool.into_reader()?,
                Closed::Read(reader) => reader,
                closed => {
                    part.closed = closed;
                    return Ok(());
                }
            };
            let mut from = GzDecoder::new(&mut member);
            let mut position = 0;
            for Listed { extent, .. } in listed {
                let begin = extent.start + u64::from(extent.header_bytes);
                copy_exactly(&mut from, begin - position, &mut io::sink())?;
                put(&mut from, extent.len)?;
                position = begin + extent.len;
            }
            member.rewind()?;
            part.closed = Closed::Read(member);
            return Ok(());
        }
    };
    for Listed { extent, path, .. } in listed {
        put(&mut File::open(root.join(&**path))?, extent.len)?;
    }
    Ok(())
}

impl Made {
    fn new(list: &List) -> Made {
        let [api_version, kind] =
            [&list.api_version, &list.kind].map(|text| text.replace(|c: char| !is_plain(c), ""));
        let api_version = if api_version.is_empty() { "v1" } else { &api_version };
        // Readers that expect metadata in every file find it.
        let head =
            format!(r#"{{"apiVersion":"{api_version}","kind":"{kind}List","metadata":{{}},"items":["#) + "\n";
        Made { path: list.path.clone(), head, objects: Vec::new() }
    }

    fn len(&self) -> u64 {
        let between = BETWEEN.len() * self.objects.len().saturating_sub(1);
        let objects: u64 = self.objects.iter().map(|(_, len)| len).sum();
        (self.head.len() + between + END.len()) as u64 + objects
    }
}

/// Whether a character occurs in versions and kinds. What a server calls them is foreign.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '/')
}

impl Lists {
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Calls `each` with the path, the length and the content of every list.
    pub(super) fn each(
        &mut self,
        each: &mut dyn FnMut(&str, u64, &mut Content<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(from) = &mut self.objects else { return Ok(()) };
        for list in &self.lists {
            each(&list.path, list.len(), &mut |to| {
                to.write_all(list.head.as_bytes())?;
                for (number, (start, len)) in list.objects.iter().enumerate() {
                    if number > 0 {
                        to.write_all(BETWEEN)?;
                    }
                    from.seek(SeekFrom::Start(*start))?;
                    copy_exactly(from, *len, to)?;
                }
                to.write_all(END)
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::layout::Layout;
    use crate::{Archive, Contents, Existing, List, Output, Section};
    use std::fs;
    use std::io::Read;
    use std::path::Path;

    fn list(path: &str, prefix: &str, kind: &str) -> List {
        let [path, prefix, api_version, kind] = [path, prefix, "v1", kind].map(str::to_owned);
        List { path, prefix, api_version, kind }
    }

    /// An archive as a folder and as a `.tar.gz`, made by two gatherers: what `read` finds in it, and the contents.
    fn archives(
        fill: &dyn Fn(&mut Section, &mut Section),
        read: &[&str],
    ) -> [(Vec<Option<String>>, Contents); 2] {
        let place = tempfile::tempdir().expect("a folder");
        ["folder", "a.tar.gz"].map(|name| {
            let path = place.path().join(name);
            let archive = Archive::create(&Output::parse(&path), Existing::Keep, 2, 0)
                .expect("an archive")
                .in_layout(Layout::MustGather);
            let [mut one, mut two] = [(0, "one"), (1, "two")]
                .map(|(index, name)| archive.section(index, name).expect("a section"));
            fill(&mut one, &mut two);
            let mut told = Contents::default();
            archive
                .finish(vec![two, one], true, b"", |contents| {
                    told = contents.clone();
                    b"report".to_vec()
                })
                .expect("an archive");
            (read.iter().map(|file| content(&path, file)).collect(), told)
        })
    }

    fn content(archive: &Path, file: &str) -> Option<String> {
        if archive.is_dir() {
            return fs::read_to_string(archive.join(file)).ok();
        }
        let unpacked = flate2::read::MultiGzDecoder::new(fs::File::open(archive).expect("a file"));
        let mut tar = ::tar::Archive::new(unpacked);
        let mut found = None;
        for entry in tar.entries().expect("a tar") {
            let mut entry = entry.expect("an entry");
            if entry.path_bytes() == file.as_bytes() {
                let mut text = String::new();
                entry.read_to_string(&mut text).expect("content");
                assert_eq!(found.replace(text), None, "{file} is there twice");
            }
        }
        found
    }

    #[test]
    fn a_list_has_the_objects_of_all_gatherers_by_path() {
        let large = format!("\"{}\"", "x".repeat(600_000));
        let fill = |one: &mut Section, two: &mut Section| {
            for (path, content) in [("n/a/e/b.yaml", "1"), ("n/a/e/a.yaml", &*large), ("n/a/f/c.yaml", "2")] {
                one.add(path, content.as_bytes()).expect("added");
            }
            // One gatherer's object is another's, too. The first counts, and the other is moved away.
            for (path, content) in [("n/a/e/b.yaml", "0"), ("n/a/e/z.log", "log"), ("n/a/e/c.yaml", "3")] {
                two.add(path, content.as_bytes()).expect("added");
            }
            one.list(list("n/a/e.yaml", "n/a/e/", "Event"));
            two.list(list("n/a/e.yaml", "n/a/e/", "Event"));
            two.list(list("n/none.yaml", "n/none/", ""));
        };
        let files = ["n/a/e.yaml", "n/none.yaml", "two/n/a/e/b.yaml", "n/a/e/z.log", "wagather.json"];
        for (found, contents) in archives(&fill, &files) {
            let listed = format!(
                "{{\"apiVersion\":\"v1\",\"kind\":\"EventList\",\"metadata\":{{}},\"items\":[\n{large},\n1,\n3\n]}}\n"
            );
            assert!(found[0].as_deref() == Some(&*listed), "{:?}", found[0].as_ref().map(String::len));
            let none = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":{},\"items\":[\n\n]}\n";
            assert_eq!(found[1].as_deref(), Some(none));
            assert_eq!(found[2..], ["0", "log", "report"].map(|text| Some(text.to_owned())));
            assert_eq!(contents.lists_left_out, [""; 0]);
            assert_eq!(contents.sections[0].entries, 3, "lists are not a gatherer's");
        }
    }

    #[test]
    fn a_list_whose_path_is_taken_is_told() {
        let fill = |one: &mut Section, two: &mut Section| {
            one.add("n/a/e/b.yaml", b"1").expect("added");
            two.add("n/a/e.yaml/x", b"2").expect("added");
            one.list(list("n/a/e.yaml", "n/a/e/", "Event<\"}>"));
            one.list(list("n/b.yaml", "n/a/", "Event<\"}>"));
        };
        for (found, contents) in archives(&fill, &["n/a/e.yaml", "n/a/e.yaml/x", "n/a/e/b.yaml", "n/b.yaml"])
        {
            assert_eq!(contents.lists_left_out, ["n/a/e.yaml"]);
            assert_eq!((&found[0], found[1].as_deref(), found[2].as_deref()), (&None, Some("2"), Some("1")));
            assert!(
                found[3].as_ref().is_some_and(|text| text.contains(r#""kind":"EventList""#)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn gatherers_are_not_called_as_the_files_of_a_layout() {
        let place = tempfile::tempdir().expect("a folder");
        for layout in Layout::ALL {
            let output = Output::parse(place.path().join(layout.name()));
            let archive =
                Archive::create(&output, Existing::Keep, 1, 0).expect("an archive").in_layout(layout);
            for name in layout.reserved() {
                assert!(archive.section(0, name).is_err(), "{name}");
            }
            assert!(archive.section(0, "events").is_ok());
        }
    }
}
