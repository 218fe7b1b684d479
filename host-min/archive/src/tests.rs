//! Archives as a run makes them, read back by the `tar` crate or from the folder.

use std::collections::BTreeMap;

use super::lists::Lists;
use super::*;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const TIME: u64 = 1_700_000_000;

const NAMES: [&str; 5] = ["zero", "one", "two", "three", "four"];

fn outputs(scratch: &Path) -> [Output; 2] {
    [Output::parse(scratch.join("out")), Output::parse(scratch.join("out.tar.gz"))]
}

fn path(output: &Output) -> PathBuf {
    match output {
        Output::Folder(path) | Output::TarGz(path) => path.clone(),
        Output::Stdout | Output::Nameless(_) => panic!("no path"),
    }
}

fn read(path: &Path) -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).expect("below").to_str().expect("text").to_owned();
                found.insert(name, fs::read_to_string(path).expect("content"));
            }
        }
    }
    let mut found = BTreeMap::new();
    if path.is_dir() {
        walk(path, path, &mut found);
        return found;
    }
    for entry in read_tar(File::open(path).expect("a file")) {
        assert!(found.insert(entry.0.clone(), entry.1).is_none(), "{} is there twice", entry.0);
    }
    found
}

fn read_tar(from: impl Read) -> Vec<(String, String)> {
    let mut archive = ::tar::Archive::new(flate2::read::MultiGzDecoder::new(from));
    let entries = archive.entries().expect("an archive");
    let read = |entry: io::Result<::tar::Entry<'_, _>>| {
        let mut entry = entry.expect("an entry");
        let mut content = String::new();
        entry.read_to_string(&mut content).expect("content");
        (String::from_utf8_lossy(&entry.path_bytes()).into_owned(), content)
    };
    entries.map(read).collect()
}

fn listing(folder: &Path) -> Vec<String> {
    let name =
        |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name().into_string().expect("text");
    let mut names: Vec<_> = fs::read_dir(folder).expect("a folder").map(name).collect();
    names.sort();
    names
}

fn contents_of(entries: u64, bytes: u64, moved: &[(&str, u64)]) -> SectionContents {
    let moved = moved.iter().map(|(folder, files)| (folder.to_string(), *files)).collect();
    SectionContents { entries, bytes, moved, lost: None }
}

/// The files of an archive but the host's own, in alphabetical order.
fn gathered(output: &Output) -> Vec<(String, String)> {
    let mut files = read(&path(output));
    files.retain(|path, _| path != AUDIT_PATH && path != REPORT_PATH);
    files.into_iter().collect()
}

fn owned(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, content)| (path.to_string(), content.to_string())).collect()
}

#[test]
fn what_was_typed_says_where() {
    assert_eq!(Output::parse("-"), Output::Stdout);
    assert_eq!(Output::parse("a.tar.gz"), Output::TarGz("a.tar.gz".into()));
    assert_eq!(Output::parse("a/b.tgz"), Output::TarGz("a/b.tgz".into()));
    assert_eq!(Output::parse("a.tar"), Output::Folder("a.tar".into()));
    assert_eq!(Output::parse("./-"), Output::Folder("./-".into()));
}

#[test]
fn it_appears_when_it_is_whole() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        let archive = Archive::create(&output, Existing::Keep, 1, TIME).expect("free");
        let mut section = archive.section(0, "zero").expect("a section");
        section.add("a/b.json", b"{}").expect("added");
        let mut spool = section.spool(1 << 20);
        spool.write_all("long ".repeat(100_000).as_bytes()).expect("room");
        section.add_spool("a/long", spool).expect("added");
        assert_eq!(section.add("a", b""), Err(AddError::Exists));
        assert_eq!(section.add("a/b.json", b""), Err(AddError::Exists));
        assert_eq!(section.add(REPORT_PATH, b""), Err(AddError::Exists));
        assert_eq!((section.entries(), section.bytes()), (2, 500_002));
        assert!(!path(&output).exists());
        let finished = archive
            .finish(vec![section], true, b"", |contents| {
                assert_eq!(contents.sections, [contents_of(2, 500_002, &[])]);
                b"report".to_vec()
            })
            .expect("finished");
        assert_eq!(finished.path, Some(path(&output)));
        let files = read(&path(&output));
        assert_eq!(files.keys().collect::<Vec<_>>(), ["a/b.json", "a/long", AUDIT_PATH, REPORT_PATH]);
        assert_eq!((files["a/b.json"].as_str(), files[REPORT_PATH].as_str()), ("{}", "report"));
        assert_eq!(files["a/long"], "long ".repeat(100_000));
        assert!(
            Archive::create(&output, Existing::Keep, 1, TIME).expect_err("taken").reason.contains("exists")
        );
    }
    assert_eq!(listing(scratch.path()), ["out", "out.tar.gz"]);
}

#[test]
fn what_an_earlier_section_has_goes_below_the_gatherers_folder() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        let archive = Archive::create(&output, Existing::Keep, 5, TIME).expect("free");
        let fill = |index: usize, paths: &[&str]| {
            let mut section = archive.section(index, NAMES[index]).expect("a section");
            for path in paths {
                section.add(path, index.to_string().as_bytes()).expect("added");
            }
            section
        };
        let third = fill(2, &["x", "c/3", "a/b", "a/1/below", "z"]);
        let first = fill(0, &["a/b", "a/1"]);
        let second = fill(1, &["d", "c/2", "a/b"]);
        let fourth = fill(3, &["a", "0", "x", "c/3"]);
        let finished = archive.finish(vec![fourth, third, second, first], true, b"", |contents| {
            assert_eq!(
                contents.sections,
                [
                    contents_of(2, 2, &[]),
                    contents_of(3, 3, &[("a", 1)]),
                    contents_of(5, 5, &[("a", 2)]),
                    contents_of(4, 4, &[("a", 1), ("c", 1), ("x", 1)]),
                    contents_of(0, 0, &[])
                ]
            );
            Vec::new()
        });
        finished.expect("finished");
        assert_eq!(
            gathered(&output),
            owned(&[
                ("0", "3"),
                ("a/1", "0"),
                ("a/b", "0"),
                ("c/2", "1"),
                ("c/3", "2"),
                ("d", "1"),
                ("one/a/b", "1"),
                ("three/a", "3"),
                ("three/c/3", "3"),
                ("three/x", "3"),
                ("two/a/1/below", "2"),
                ("two/a/b", "2"),
                ("x", "2"),
                ("z", "2")
            ])
        );
    }
    assert_eq!(listing(scratch.path()), ["out", "out.tar.gz"]);
}

/// Contents around a block's edge, empty and long ones, and paths that need an extended header only when they are moved, and those
/// that need one before and after.
#[test]
fn moved_files_are_whole_whatever_their_lengths() {
    let scratch = tempfile::tempdir().expect("a folder");
    let paths: Vec<String> = [1, 80, 96, 97, 100, 101, 150, 251, 255, 256, 257, 700]
        .iter()
        .map(|len| (0..*len).map(|at| if at % 120 == 119 && at + 1 < *len { '/' } else { 'p' }).collect())
        .chain([names::resource_path("", "things", Some(&"n".repeat(253)), &":".repeat(253))])
        .map(|path: String| format!("shared/{path}.json"))
        .collect();
    let lens = [0, 1, 511, 512, 513, 1024, 70_000, 2, 0, 300_000, 5, 512, 3];
    assert_eq!(paths.len(), lens.len());
    for output in outputs(scratch.path()) {
        let archive = Archive::create(&output, Existing::Keep, 4, TIME).expect("free");
        let content = |index: usize, len: usize| NAMES[index][..1].repeat(len);
        let fill = |index: usize, own: bool| {
            let mut section = archive.section(index, NAMES[index]).expect("a section");
            for (path, len) in paths.iter().zip(lens) {
                section.add(path, content(index, len).as_bytes()).expect("added");
                if own {
                    section.add(&format!("{}/{path}-own", NAMES[index]), b"own").expect("added");
                }
            }
            section
        };
        // An empty one before, one with nothing but what is moved, one with files of its own in between.
        let empty = archive.section(0, NAMES[0]).expect("a section");
        let sections = vec![fill(3, true), fill(1, true), empty, fill(2, false)];
        let bytes: u64 = lens.iter().map(|len| *len as u64).sum();
        let finished = archive.finish(sections, true, b"", |contents| {
            let all = lens.len() as u64;
            assert_eq!(
                contents.sections,
                [
                    contents_of(0, 0, &[]),
                    contents_of(2 * all, bytes + 3 * all, &[]),
                    contents_of(all, bytes, &[("shared", all)]),
                    contents_of(2 * all, bytes + 3 * all, &[("shared", all)]),
                ]
            );
            Vec::new()
        });
        finished.expect("finished");
        let mut expected = Vec::new();
        for (path, len) in paths.iter().zip(lens) {
            expected.push((path.clone(), content(1, len)));
            for index in [2, 3] {
                expected.push((format!("{}/{path}", NAMES[index]), content(index, len)));
            }
            for index in [1, 3] {
                expected.push((format!("{}/{path}-own", NAMES[index]), "own".to_owned()));
            }
        }
        expected.sort();
        assert!(gathered(&output) == expected, "{:?}", read(&path(&output)).keys().collect::<Vec<_>>());
    }
}

#[test]
fn only_a_gatherers_own_entry_can_be_in_the_way_of_its_files() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        let archive = Archive::create(&output, Existing::Keep, 2, TIME).expect("free");
        let mut first = archive.section(0, "zero").expect("a section");
        let mut second = archive.section(1, "one").expect("a section");
        for path in ["namespaces/a/x.json", "namespaces/b/y.json", "namespaces/c/z.json"] {
            first.add(path, b"first").expect("added");
        }
        let own = ["one/namespaces/b", "one/namespaces/c/z.json"];
        for path in ["namespaces/c/z.json", own[0], "namespaces/a/x.json", own[1], "namespaces/b/y.json", "z"]
        {
            second.add(path, if own.contains(&path) { b"own" } else { b"2nd" }).expect("added");
        }
        let finished = archive.finish(vec![first, second], true, b"", |contents| {
            let lost = Some(Lost { files: 2, first: "namespaces/b/y.json".to_owned() });
            let second = SectionContents { lost, ..contents_of(4, 12, &[("namespaces", 1)]) };
            assert_eq!(contents.sections, [contents_of(3, 15, &[]), second]);
            Vec::new()
        });
        finished.expect("finished");
        assert_eq!(
            gathered(&output),
            owned(&[
                ("namespaces/a/x.json", "first"),
                ("namespaces/b/y.json", "first"),
                ("namespaces/c/z.json", "first"),
                ("one/namespaces/a/x.json", "2nd"),
                ("one/namespaces/b", "own"),
                ("one/namespaces/c/z.json", "own"),
                ("z", "2nd"),
            ])
        );
    }
    assert_eq!(listing(scratch.path()), ["out", "out.tar.gz"]);
}

#[test]
fn a_section_needs_a_folder_that_no_other_has() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        let archive = Archive::create(&output, Existing::Keep, 1, TIME).expect("free");
        for name in ["", "..", "a/b", "A", "namespaces", "cluster-scoped-resources", REPORT_PATH, AUDIT_PATH]
        {
            let Err(failure) = archive.section(0, name) else { panic!("{name}") };
            assert_eq!(failure.class, Class::Internal);
        }
    }
}

#[test]
fn the_same_content_is_the_same_bytes_whichever_thread_was_faster() {
    let scratch = tempfile::tempdir().expect("a folder");
    let make = |name: &str, reversed: bool| {
        let output = Output::parse(scratch.path().join(name));
        let archive = Archive::create(&output, Existing::Keep, 4, TIME).expect("free");
        let fill = |index: usize| {
            let mut section = archive.section(index, NAMES[index]).expect("a section");
            for number in 0..200 {
                let path = format!("gatherer/{}/{number}.json", if number == 7 { 0 } else { index });
                section.add(&path, format!("{{\"n\":{number}}}").repeat(50).as_bytes()).expect("added");
            }
            section
        };
        let mut order = [0, 1, 2, 3];
        if reversed {
            order.reverse();
        }
        let sections = std::thread::scope(|scope| {
            let fill = &fill;
            let threads = order.map(|index| scope.spawn(move || fill(index)));
            threads.into_iter().map(|thread| thread.join().expect("a section")).collect()
        });
        archive.finish(sections, true, b"", |_| b"r".to_vec()).expect("finished");
        fs::read(path(&output)).expect("an archive")
    };
    assert_eq!(make("a.tgz", false), make("b.tgz", true));
}

#[test]
fn an_incomplete_one_never_has_the_final_name() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        for content in ["older", "newer"] {
            let at = finish(&output, content, false, Existing::Keep).expect("finished");
            assert!(at.to_str().expect("text").ends_with(".incomplete"));
            assert_eq!(read(&at).into_keys().collect::<Vec<_>>(), [AUDIT_PATH, content, REPORT_PATH]);
        }
    }
    assert_eq!(listing(scratch.path()), ["out.incomplete", "out.tar.gz.incomplete"]);
}

/// An archive of one entry, which is its own name.
fn finish(output: &Output, content: &str, complete: bool, existing: Existing) -> Result<PathBuf, Failure> {
    let claimed = match output {
        Output::Folder(path) => Output::Folder(path.with_extension("not yet")),
        Output::TarGz(path) => Output::TarGz(path.with_extension("not yet")),
        other => other.clone(),
    };
    // Claimed while the name was free.
    let mut archive = Archive::create(&claimed, existing, 1, TIME)?;
    archive.place = Place::new(archive.place.form, Target::claim_taken(&path(output), "the archive"));
    let mut section = archive.section(0, "zero")?;
    section.add(content, content.as_bytes()).expect("added");
    let report = format!(r#"{{"wagather": "{}"}}"#, env!("CARGO_PKG_VERSION"));
    let finished = archive.finish(vec![section], complete, b"", |_| report.into_bytes())?;
    Ok(finished.path.expect("a path"))
}

#[test]
fn an_incomplete_one_replaces_nothing_that_is_no_archive() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        let wanted = Target::claim_taken(&path(&output), "the archive").incomplete_path(1);
        let name = wanted.file_name().expect("a name").to_str().expect("text").to_owned();
        type Make<'a> = &'a dyn Fn(&Path);
        let others: [(&str, Make<'_>); 4] = [
            ("a file", &|path| fs::write(path, "precious").expect("a file")),
            ("a link", &|path| std::os::unix::fs::symlink("nowhere", path).expect("a link")),
            ("a folder", &|path| fs::create_dir_all(path.join("precious")).expect("a folder")),
            ("a report of others", &|path| {
                fs::create_dir(path).expect("a folder");
                fs::write(path.join(REPORT_PATH), "{}").expect("a file");
            }),
        ];
        for (what, make) in others {
            make(&wanted);
            let before = fs::symlink_metadata(&wanted).expect("it");
            for content in ["older", "newer"] {
                let at = finish(&output, content, false, Existing::Keep).expect("finished");
                assert_eq!(at.file_name().expect("a name").to_str(), Some(&*format!("{name}-2")), "{what}");
                assert!(read(&at).contains_key(content));
            }
            let after = fs::symlink_metadata(&wanted).expect("it");
            assert_eq!((before.ino(), before.mtime()), (after.ino(), after.mtime()), "{what} is as it was");
            let removed = if after.is_dir() { fs::remove_dir_all(&wanted) } else { fs::remove_file(&wanted) };
            removed.expect("removed");
        }
    }
}

#[test]
fn what_is_there_is_replaced_only_if_that_is_wanted_and_it_is_an_archive() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        for content in ["older", "newer"] {
            let at = finish(&output, content, true, Existing::Replace).expect("finished");
            assert_eq!(at, path(&output));
            assert!(read(&at).contains_key(content));
        }
        let failure = finish(&output, "newest", true, Existing::Keep).expect_err("taken");
        assert!(failure.advice.contains("incomplete"), "{failure}");
        assert!(read(&path(&output)).contains_key("newer"));
    }
    assert_eq!(listing(scratch.path()), ["out", "out.incomplete", "out.tar.gz", "out.tar.gz.incomplete"]);
    for output in outputs(scratch.path()) {
        match &output {
            Output::Folder(path) => fs::remove_file(path.join(REPORT_PATH)).expect("a report"),
            _ => fs::write(path(&output), "precious").expect("a file"),
        }
        let failure = finish(&output, "newest", true, Existing::Replace).expect_err("not ours");
        assert!(failure.reason.contains("host-min did not write"), "{failure}");
    }
}

#[test]
fn it_is_for_its_owner_alone() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        for (complete, content) in [(true, "a/b/c"), (false, "a/b/c")] {
            let at = finish(&output, content, complete, Existing::Keep).expect("finished");
            let mode = |path: &Path| fs::metadata(path).expect("it").permissions().mode() & 0o7777;
            if !at.is_dir() {
                assert_eq!(mode(&at), 0o600);
                continue;
            }
            for folder in ["", "a", "a/b"] {
                assert_eq!(mode(&at.join(folder)), 0o700, "{folder}");
            }
            for file in ["a/b/c", AUDIT_PATH, REPORT_PATH] {
                assert_eq!(mode(&at.join(file)), 0o600, "{file}");
            }
        }
    }
}

#[test]
fn dropped_before_the_end_it_leaves_nothing() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        let archive = Archive::create(&output, Existing::Keep, 1, TIME).expect("free");
        archive.section(0, "zero").expect("a section").add("a", b"a").expect("added");
        assert!(
            listing(scratch.path()).iter().all(|name| name.starts_with('.') && name.ends_with(".partial"))
        );
    }
    assert_eq!(listing(scratch.path()), [""; 0]);
}

#[test]
fn nothing_is_made_before_it_is_begun() {
    let scratch = tempfile::tempdir().expect("a folder");
    let below = scratch.path().join("new/folder");
    for (output, made) in
        [(Output::parse(below.join("a.tgz")), vec![]), (Output::parse(below.join("b")), vec!["0"])]
    {
        let archive = Archive::create(&output, Existing::Keep, 1, TIME).expect("free");
        let mut section = archive.section(0, "zero").expect("a section");
        assert_eq!(listing(scratch.path()), [""; 0]);
        section.begin().expect("made");
        section.begin().expect("made before");
        let [hidden] = &*listing(&below) else { panic!("one file or folder") };
        assert!(hidden.starts_with('.') && hidden.ends_with(".partial"), "{hidden}");
        if below.join(hidden).is_dir() {
            assert_eq!(listing(&below.join(hidden)), made);
        }
        drop((section, archive));
        assert_eq!(listing(&below), [""; 0]);
        fs::remove_dir_all(scratch.path().join("new")).expect("removed");
    }
}

#[test]
fn what_cannot_be_made_is_one_failure_whenever_it_is_tried() {
    let scratch = tempfile::tempdir().expect("a folder");
    let output = Output::parse(scratch.path().join("new/a.tgz"));
    let archive = Archive::create(&output, Existing::Keep, 1, TIME).expect("free");
    let mut section = archive.section(0, "zero").expect("a section");
    // The place goes while the server has the request.
    fs::write(scratch.path().join("new"), "").expect("a file");
    let failure = section.begin().expect_err("no folder");
    assert_eq!(failure.class, Class::Output);
    assert_eq!(section.add("a", b""), Err(AddError::Output(failure.clone())));
    let finished = archive.finish(vec![section], true, b"", |_| Vec::new());
    assert_eq!(finished.expect_err("no folder"), failure);
    let long = Output::parse(scratch.path().join("x".repeat(250)));
    assert!(!Archive::create(&long, Existing::Keep, 1, TIME).expect_err("too long").advice.is_empty());
}

#[test]
fn a_name_that_was_taken_meanwhile_stays_as_it_is() {
    let scratch = tempfile::tempdir().expect("a folder");
    let output = Output::parse(scratch.path().join("a.tgz"));
    let archive = Archive::create(&output, Existing::Keep, 0, TIME).expect("free");
    fs::write(path(&output), "other").expect("a file");
    let failure = archive.finish(vec![], true, b"", |_| Vec::new()).expect_err("taken");
    assert!(failure.advice.contains("a.tgz.incomplete"), "{failure}");
    assert_eq!(fs::read_to_string(path(&output)).expect("a file"), "other");
}

#[test]
fn a_full_disk_is_one_clear_failure() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let output = Output::parse(scratch.path().join("a.tgz"));
    let mut archive = Archive::create(&output, Existing::Keep, 1, TIME).expect("free");
    archive.place.make().expect("a file");
    let place = Arc::get_mut(&mut archive.place).expect("no section");
    let Some(Ok(Made::TarGz(file, _))) = place.made.get_mut() else { panic!("no file") };
    *file = full;
    let failure = archive.finish(vec![], true, b"", |_| Vec::new()).expect_err("full");
    assert_eq!(failure.class, Class::Output);
    assert!(failure.advice.contains("free some space"), "{failure}");
    assert_eq!(listing(scratch.path()), [""; 0]);
}

#[test]
fn a_stream_is_the_same_archive_whether_its_last_part_is_open_or_not() {
    for (is_last, members) in [(true, 1), (false, 2)] {
        let archive = Archive {
            place: Place::new(Form::Stdout, Target::stream("the archive", std::env::temp_dir())),
            existing: Existing::Keep,
            sections: 1,
            mtime_seconds: TIME,
            encryption: None,
            layout: Layout::default(),
            own: Vec::new(),
            kept: Kept::begin(),
        };
        let mut section = archive.section(0, "zero").expect("a section");
        section.add("a", b"b").expect("added");
        let paths = std::mem::take(&mut section.paths);
        let part = Part { closed: section.close(is_last).expect("closed"), paths, lost: vec![] };
        let mut stream = Vec::new();
        let own: [(&str, &[u8]); 2] = [(AUDIT_PATH, b""), (REPORT_PATH, b"r")];
        join_tar(&mut stream, vec![part], &mut Lists::default(), &own, TIME).expect("written");
        let begin = &[0x1f, 0x8b, 8, 0];
        assert_eq!(stream.windows(4).filter(|bytes| bytes == begin).count(), members);
        let entries = read_tar(stream.as_slice());
        assert_eq!(
            entries,
            [
                ("a".to_owned(), "b".to_owned()),
                (AUDIT_PATH.to_owned(), String::new()),
                (REPORT_PATH.to_owned(), "r".to_owned())
            ]
        );
    }
}

#[test]
fn a_large_part_has_a_member_of_its_own() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("x.tgz");
    let archive = Archive::create(&Output::TarGz(path.clone()), Existing::Keep, 1, TIME).expect("free");
    let mut section = archive.section(0, "zero").expect("a section");
    section.add("a", &vec![7; 300 << 10]).expect("added");
    archive.finish(vec![section], true, b"", |_| b"r".to_vec()).expect("written");
    let first = flate2::read::GzDecoder::new(File::open(&path).expect("a file"));
    let mut first = ::tar::Archive::new(first);
    let names: Vec<_> = first
        .entries()
        .expect("an archive")
        .map(|entry| entry.and_then(|entry| entry.path().map(|path| path.into_owned())).ok())
        .collect();
    assert_eq!(names, [Some("a".into())], "the report is in the last member");
    assert!(is_archive(&path));
}
