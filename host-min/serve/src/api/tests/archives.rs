//! Archives, whole, in parts, and not at all.

use super::{Fake, Got, id, run_of, whole_run};
use crate::status::RunState;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wagather_http::{HeaderName, Method, Request, header};

fn place() -> (TempDir, PathBuf, Fake) {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("pods-1.tar.gz");
    fs::write(&path, "0123456789").expect("a file");
    let fake = Fake::with(vec![whole_run(1, path.clone()), run_of(2, "pods", RunState::Running)]);
    (place, path, fake)
}

fn target(number: u64) -> String {
    format!("/v1/runs/{}/archive", id(number))
}

fn ask(fake: &Fake, headers: &[(HeaderName, &str)]) -> Got {
    let request = Request::new(Method::GET, &target(1), "");
    fake.ask(headers.iter().fold(request, |request, (name, value)| request.header(name.clone(), value)))
}

#[test]
fn an_archive_is_sent_whole_or_in_parts() {
    let (_place, path, fake) = place();
    let whole = ask(&fake, &[]);
    assert_eq!((whole.status.as_u16(), whole.text()), (200, "0123456789"));
    for (name, value) in [
        (header::CONTENT_TYPE, "application/gzip"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"pods-1.tar.gz\""),
    ] {
        assert_eq!(whole.header(name), value);
    }
    let tag = whole.header(header::ETAG).to_owned();
    for (range, range_of, text) in [
        ("bytes=0-3", "bytes 0-3/10", "0123"),
        ("bytes=8-", "bytes 8-9/10", "89"),
        ("bytes=-1", "bytes 9-9/10", "9"),
    ] {
        let part = ask(&fake, &[(header::RANGE, range), (header::IF_RANGE, &tag)]);
        assert_eq!((part.status.as_u16(), part.text()), (206, text));
        assert_eq!((part.header(header::CONTENT_RANGE), part.header(header::ETAG)), (range_of, &*tag));
    }
    let none = ask(&fake, &[(header::RANGE, "bytes=10-")]);
    none.expect_problem(416, "has 10 bytes");
    assert_eq!(none.header(header::CONTENT_RANGE), "bytes */10");
    // Two headers, or a part of another archive: the whole.
    assert_eq!(
        ask(&fake, &[(header::RANGE, "bytes=0-1"), (header::RANGE, "bytes=2-3")]).status.as_u16(),
        200
    );
    assert_eq!(ask(&fake, &[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"x\"")]).status.as_u16(), 200);
    assert_eq!(ask(&fake, &[(header::IF_NONE_MATCH, &format!("\"x\", W/{tag}"))]).status.as_u16(), 304);
    assert_eq!(ask(&fake, &[(header::IF_NONE_MATCH, "\"x\"")]).status.as_u16(), 200);
    // Another file has another tag.
    fs::write(&path, "01234567890").expect("a file");
    assert_ne!(ask(&fake, &[]).header(header::ETAG), tag);
}

#[test]
fn what_is_no_archive_is_not_sent() {
    let (place, path, fake) = place();
    fake.get(&target(2)).expect_problem(404, "has not ended");
    fake.get(&target(3)).expect_problem(404, "There is no run");
    fs::remove_file(&path).expect("a file");
    fake.get(&target(1)).expect_problem(404, "There is no archive of the run");
    // Something else of this name: a link to a secret, a folder, a pipe that would never end.
    fs::write(place.path().join("secret"), "secret").expect("a file");
    std::os::unix::fs::symlink(place.path().join("secret"), &path).expect("a link");
    fake.get(&target(1)).expect_problem(500, "cannot be read");
    fs::remove_file(&path).expect("a link");
    fs::create_dir(&path).expect("a folder");
    fake.get(&target(1)).expect_problem(500, "cannot be read");
    fs::remove_dir(&path).expect("a folder");
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo");
    assert!(made.success());
    fake.get(&target(1)).expect_problem(500, "cannot be read");
    let mut run = run_of(1, "pods", RunState::Failed);
    run.archive = None;
    fake.lock().runs[0] = run;
    fake.get(&target(1)).expect_problem(404, "has no archive");
}

#[test]
fn the_latest_archive_of_a_gatherer_has_a_path_that_stays() {
    let (place, path, fake) = place();
    let latest = place.path().join("latest.tar.gz");
    fake.lock().latest = latest.clone();
    let get = || fake.get("/v1/gatherers/pods/archive");
    get().expect_problem(404, "There is no archive of pods");
    fs::hard_link(&path, &latest).expect("a link");
    let got = get();
    assert_eq!((got.status.as_u16(), got.text()), (200, "0123456789"));
    // It is the run's, under another name.
    assert_eq!(got.header(header::ETAG), ask(&fake, &[]).header(header::ETAG));
    fake.get("/v1/gatherers/secrets/archive").expect_problem(404, "There is no gatherer 'secrets'");
    fake.get("/v1/gatherers/..%2fpods/archive").expect_problem(404, "nothing at this path");
}

#[test]
fn a_name_of_a_file_cannot_end_its_header() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("a\"; b\\\r\nX: ä.tar.gz");
    fs::write(&path, "0").expect("a file");
    let fake = Fake::with(vec![whole_run(1, Path::new(&path).to_owned())]);
    assert_eq!(ask(&fake, &[]).header(header::CONTENT_DISPOSITION), "attachment; filename=\"a;bX:.tar.gz\"");
}
