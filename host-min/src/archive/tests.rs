//! Archives as a run makes them, read back by the `tar` crate or from the folder.

use std::collections::BTreeMap;

use super::*;

const TIME: u64 = 1_700_000_000;

fn outputs(scratch: &Path) -> [Output; 2] {
    [Output::parse(scratch.join("out")), Output::parse(scratch.join("out.tar.gz"))]
}

fn path(output: &Output) -> PathBuf {
    match output {
        Output::Folder(path) | Output::TarGz(path) => path.clone(),
        Output::Stdout => panic!("no path"),
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
        let archive = Archive::create(&output, 1, TIME).expect("free");
        let mut section = archive.section(0).expect("a section");
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
                assert_eq!(contents.sections, [SectionContents { entries: 2, dropped: vec![] }]);
                b"report".to_vec()
            })
            .expect("finished");
        assert_eq!(finished.path, Some(path(&output)));
        let files = read(&path(&output));
        assert_eq!(files.keys().collect::<Vec<_>>(), ["a/b.json", "a/long", AUDIT_PATH, REPORT_PATH]);
        assert_eq!((files["a/b.json"].as_str(), files[REPORT_PATH].as_str()), ("{}", "report"));
        assert_eq!(files["a/long"], "long ".repeat(100_000));
        assert!(Archive::create(&output, 1, TIME).expect_err("taken").reason.contains("exists"));
    }
    assert_eq!(listing(scratch.path()), ["out", "out.tar.gz"]);
}

#[test]
fn the_first_section_wins_and_the_report_learns_of_it() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        let archive = Archive::create(&output, 5, TIME).expect("free");
        let fill = |index: usize, paths: &[&str]| {
            let mut section = archive.section(index).expect("a section");
            for path in paths {
                section.add(path, index.to_string().as_bytes()).expect("added");
            }
            section
        };
        let third = fill(2, &["x", "c/3", "a/b", "a/1/below", "z"]);
        let first = fill(0, &["a/b", "a/1"]);
        let second = fill(1, &["d", "c/2", "a/b"]);
        let fourth = fill(3, &["a", "0", "x"]);
        let finished = archive.finish(vec![fourth, third, second, first], true, b"", |contents| {
            let of = |entries: u64, dropped: &[&str]| SectionContents {
                entries,
                dropped: dropped.iter().map(ToString::to_string).collect(),
            };
            assert_eq!(
                contents.sections,
                [of(2, &[]), of(2, &["a/b"]), of(3, &["a/b", "a/1/below"]), of(1, &["a", "x"]), of(0, &[])]
            );
            Vec::new()
        });
        finished.expect("finished");
        let files = read(&path(&output));
        let found: Vec<_> = files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
        assert_eq!(
            found,
            [
                ("0", "3"),
                ("a/1", "0"),
                ("a/b", "0"),
                (AUDIT_PATH, ""),
                ("c/2", "1"),
                ("c/3", "2"),
                ("d", "1"),
                (REPORT_PATH, ""),
                ("x", "2"),
                ("z", "2")
            ]
        );
    }
    assert_eq!(listing(scratch.path()), ["out", "out.tar.gz"]);
}

#[test]
fn the_same_content_is_the_same_bytes_whichever_thread_was_faster() {
    let scratch = tempfile::tempdir().expect("a folder");
    let make = |name: &str, reversed: bool| {
        let output = Output::parse(scratch.path().join(name));
        let archive = Archive::create(&output, 4, TIME).expect("free");
        let fill = |index: usize| {
            let mut section = archive.section(index).expect("a section");
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
            let archive = Archive::create(&output, 1, TIME).expect("free");
            let mut section = archive.section(0).expect("a section");
            section.add(content, content.as_bytes()).expect("added");
            let finished = archive.finish(vec![section], false, b"", |_| Vec::new()).expect("finished");
            let at = finished.path.expect("a path");
            assert!(at.to_str().expect("text").ends_with(".incomplete"));
            assert_eq!(read(&at).into_keys().collect::<Vec<_>>(), [AUDIT_PATH, content, REPORT_PATH]);
        }
    }
    assert_eq!(listing(scratch.path()), ["out.incomplete", "out.tar.gz.incomplete"]);
    fs::remove_file(scratch.path().join("out.incomplete").join(REPORT_PATH)).expect("a report");
    let archive = Archive::create(&outputs(scratch.path())[0], 1, TIME).expect("free");
    let failure = archive.finish(vec![], false, b"", |_| Vec::new()).expect_err("not ours to remove");
    assert!(failure.reason.contains("in the way"), "{failure}");
}

#[test]
fn dropped_before_the_end_it_leaves_nothing() {
    let scratch = tempfile::tempdir().expect("a folder");
    for output in outputs(scratch.path()) {
        let archive = Archive::create(&output, 1, TIME).expect("free");
        archive.section(0).expect("a section").add("a", b"a").expect("added");
        assert!(
            listing(scratch.path()).iter().all(|name| name.starts_with('.') && name.ends_with(".partial"))
        );
    }
    assert_eq!(listing(scratch.path()), [""; 0]);
}

#[test]
fn a_name_that_was_taken_meanwhile_stays_as_it_is() {
    let scratch = tempfile::tempdir().expect("a folder");
    let output = Output::parse(scratch.path().join("a.tgz"));
    let archive = Archive::create(&output, 0, TIME).expect("free");
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
    let mut archive = Archive::create(&output, 1, TIME).expect("free");
    if let Form::TarGz(file, _) = &mut archive.form {
        *file = full;
    }
    let failure = archive.finish(vec![], true, b"", |_| Vec::new()).expect_err("full");
    assert_eq!(failure.class, Class::Output);
    assert!(failure.advice.contains("free some space"), "{failure}");
    assert_eq!(listing(scratch.path()), [""; 0]);
}

#[test]
fn a_stream_is_the_same_archive() {
    let target = Arc::new(Target::stream("the archive"));
    let archive = Archive { form: Form::Stdout, target, sections: 1, mtime_seconds: TIME };
    let mut section = archive.section(0).expect("a section");
    section.add("a", b"b").expect("added");
    let paths = std::mem::take(&mut section.paths);
    let part = Part { closed: section.close().expect("closed"), paths, dropped: vec![] };
    let mut stream = Vec::new();
    join_tar(&mut stream, vec![part], [(AUDIT_PATH, b""), (REPORT_PATH, b"r")], TIME).expect("written");
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
