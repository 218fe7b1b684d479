//! The spool: its order, its budget, its lock, what is refused, and what is not ours.

use std::fs::{self, File};
use std::time::{Duration, Instant, SystemTime};

use super::server::{Fault, Server};
use super::{Told, archive, names, to};
use wagather_deliver::{Keep, Spool, Url, Why, keep, send};

/// A spool with archives of these names, the first the oldest.
fn spool(of: &[&str]) -> (tempfile::TempDir, Spool) {
    let place = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(&place.path().join("spool"), 1 << 20).expect("a spool");
    for (number, name) in of.iter().enumerate() {
        let path = archive(&place.path().join(name), name);
        let age = Duration::from_secs(1000 * (of.len() - number) as u64);
        File::open(&path).expect("a file").set_modified(SystemTime::now() - age).expect("a time");
        spool.put(&path, &|step| panic!("{step:?}")).expect("room");
    }
    (place, spool)
}

#[test]
fn what_waits_longest_goes_first_and_leaves_a_receipt() {
    let (_place, spool) = spool(&["c.tar.gz", "a.tgz", "b.tar.gz"]);
    let (server, told) = (Server::start([]), Told::default());
    let done = spool.deliver(&to(&server.url()), &told.tell());
    assert!(done.failure.is_none() && done.waiting == 0);
    assert_eq!(server.paths(), ["/c.tar.gz", "/a.tgz", "/b.tar.gz"]);
    assert_eq!(told.take(), ["delivered c.tar.gz", "delivered a.tgz", "delivered b.tar.gz"]);
    assert_eq!(names(spool.folder()), ["delivered.jsonl"]);
    let record = fs::read_to_string(spool.folder().join("delivered.jsonl")).expect("a record");
    let lines: Vec<serde_json::Value> =
        record.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    for (line, receipt) in lines.iter().zip(&done.receipts) {
        assert_eq!(line["archive"], receipt.archive.as_str());
        assert_eq!(line["sha256"], receipt.sha256.as_str());
        assert_eq!(line["url"], format!("{}{}", server.url(), receipt.archive));
        assert_eq!((line["status"].as_u64(), line["requests"].as_u64()), (Some(201), Some(1)));
        assert!(line["time"].as_str().expect("a time").ends_with('Z'));
    }
}

/// As if the process had been killed after it wrote the receipt.
#[test]
fn what_has_a_receipt_is_not_sent_again() {
    let (place, spool) = spool(&["a.tgz"]);
    let (server, told) = (Server::start([]), Told::default());
    spool.deliver(&to(&server.url()), &told.tell());
    spool.put(&place.path().join("a.tgz"), &told.tell()).expect("room");
    assert!(spool.deliver(&to(&server.url()), &told.tell()).failure.is_none());
    assert_eq!(told.take(), ["delivered a.tgz", "already a.tgz"]);
    assert_eq!((server.paths().len(), names(spool.folder())), (1, vec!["delivered.jsonl".to_owned()]));
    // Another archive of that name is another archive.
    fs::remove_file(place.path().join("a.tgz")).expect("removed");
    let other = archive(&place.path().join("a.tgz"), "other");
    spool.put(&other, &told.tell()).expect("room");
    spool.deliver(&to(&server.url()), &told.tell());
    assert_eq!(told.take(), ["delivered a.tgz"]);
    // As if it had been killed while it wrote the receipt: half a line is none.
    let record = spool.folder().join("delivered.jsonl");
    let text = fs::read_to_string(&record).expect("a record");
    fs::write(&record, &text[..text.len() - 20]).expect("a record");
    spool.put(&other, &told.tell()).expect("room");
    spool.deliver(&to(&server.url()), &told.tell());
    assert_eq!(told.take(), ["delivered a.tgz"]);
    let text = fs::read_to_string(&record).expect("a record");
    assert!(text.lines().last().is_some_and(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn one_that_is_refused_does_not_hold_up_the_others() {
    let (_place, spool) = spool(&["a.tgz", "b.tgz", "c.tgz"]);
    let server = Server::start([Fault::Status(413, ""), Fault::Status(503, "")]);
    let told = Told::default();
    let done = spool.deliver(&to(&server.url()), &told.tell());
    assert_eq!((done.refused, done.waiting, done.receipts.len()), (1, 0, 2));
    let failure = done.failure.expect("a failure");
    assert_eq!(failure.class.exit_code(), 10);
    // What the server says is one line; whoever shows it escapes the rest.
    assert_eq!(failure.reason, "HTTP 413: \u{1b}[2Jno\u{202e} forged");
    assert!(
        !failure.to_string().contains(['\u{1b}', '\u{202e}', '\n'].as_slice().split_last().expect("two").1)
    );
    let refused = spool.folder().join("refused");
    assert_eq!(names(&refused), ["a.tgz", "a.tgz.refused.json"]);
    let reason = fs::read_to_string(refused.join("a.tgz.refused.json")).expect("a reason");
    let reason: serde_json::Value = serde_json::from_str(&reason).expect("JSON");
    assert_eq!((&reason["archive"], &reason["refused"]), (&"a.tgz".into(), &failure.reason.as_str().into()));
    assert_eq!(server.paths(), ["/a.tgz", "/b.tgz", "/b.tgz", "/c.tgz"]);
}

#[test]
fn a_server_that_wants_nothing_is_asked_once() {
    for (status, fields) in [(401, ""), (404, ""), (301, "Location: https://elsewhere/\r\n")] {
        let (_place, spool) = spool(&["a.tgz", "b.tgz"]);
        let (server, told) = (Server::start([Fault::Status(status, fields)]), Told::default());
        let done = spool.deliver(&to(&server.url()), &told.tell());
        assert_eq!((done.waiting, done.refused, server.paths().len()), (2, 0, 1), "{status}");
        let failure = done.failure.expect("a failure");
        assert!(!failure.advice.is_empty(), "{status}");
        assert_eq!(failure.reason.contains("redirects to https://elsewhere/"), status == 301);
        assert!(told.take().is_empty());
    }
}

/// A message names the URL of this archive, as a request has it.
#[test]
fn a_failure_has_the_url_of_its_archive() {
    for (status, waiting) in [(413, 0), (404, 1)] {
        let (_place, spool) = spool(&["a.tgz"]);
        let server = Server::start([Fault::Status(status, "")]);
        let url = server.url();
        let url = url.trim_end_matches('/');
        let done = spool.deliver(&to(&format!("{url}/{{sha256}}/{{name}}")), &|_| {});
        assert_eq!(done.waiting, waiting, "{status}");
        let attempt = done.failure.expect("a failure").attempt;
        assert_eq!(attempt, format!("cannot deliver a.tgz to {url}{}", server.paths()[0]));
    }
}

#[test]
fn a_server_that_asks_for_more_time_than_there_is_gets_the_archive_later() {
    let (_place, spool) = spool(&["a.tgz"]);
    let (server, told) = (Server::start([Fault::Status(503, "Retry-After: 3600\r\n")]), Told::default());
    let begin = Instant::now();
    let done = spool.deliver(&to(&server.url()), &told.tell());
    assert!(begin.elapsed() < Duration::from_secs(30) && done.waiting == 1);
    let reason = done.failure.expect("a failure").reason;
    assert!(reason.contains("asks to wait 3600 s"), "{reason}");
    assert_eq!(spool.deliver(&to(&server.url()), &told.tell()).receipts.len(), 1);
}

#[test]
fn the_oldest_make_room_and_what_others_made_stays() {
    let (place, spool) = spool(&["a.tgz", "b.tgz", "c.tgz"]);
    let bytes = fs::metadata(spool.folder().join("a.tgz")).expect("a file").len();
    fs::write(spool.folder().join("foreign.tgz"), "not ours").expect("a file");
    File::open(spool.folder().join("foreign.tgz"))
        .and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH))
        .expect("a time");
    std::os::unix::fs::symlink("/etc/hostname", spool.folder().join("link.tgz")).expect("a link");
    archive(&spool.folder().join("d.tgz"), "d");
    fs::rename(spool.folder().join("d.tgz"), spool.folder().join("d.tgz.incomplete")).expect("renamed");
    let told = Told::default();
    // Room for two and a half, of which one is to come.
    let small = Spool::open(spool.folder(), 8 + bytes * 5 / 2).expect("the spool");
    let next = archive(&place.path().join("e.tgz"), "e");
    small.put(&next, &told.tell()).expect("room");
    assert_eq!(told.take(), ["evicted d.tgz.incomplete", "evicted a.tgz", "evicted b.tgz"]);
    assert_eq!(names(spool.folder()), ["c.tgz", "e.tgz", "foreign.tgz", "link.tgz"]);
    // One that is written into the spool itself stays, and the others go.
    let here = archive(&spool.folder().join("f.tgz"), "f");
    small.put(&here, &told.tell()).expect("room");
    assert_eq!(told.take(), ["evicted c.tgz"]);
    let tiny = Spool::open(spool.folder(), 1).expect("the spool");
    let failure = tiny.put(&next, &told.tell()).expect_err("too large");
    assert_eq!(failure.advice, "raise --spool-size");
    tiny.put(&here, &told.tell()).expect("it is there");
    assert_eq!(told.take(), ["evicted e.tgz"]);
    // Nothing of others is sent, and a link is not followed.
    let server = Server::start([]);
    let done = small.deliver(&to(&server.url()), &told.tell());
    assert_eq!((done.receipts.len(), done.waiting), (1, 0));
    assert_eq!(told.take(), ["foreign foreign.tgz", "delivered f.tgz"]);
    assert_eq!(names(spool.folder()), ["delivered.jsonl", "foreign.tgz", "link.tgz"]);
}

#[test]
fn only_whole_archives_come_in_and_names_do_not_collide() {
    let (place, spool) = spool(&["a.tar.gz"]);
    let told = Told::default();
    let text = place.path().join("text.tgz");
    fs::write(&text, "text").expect("a file");
    let incomplete = place.path().join("b.tgz.incomplete");
    archive(&place.path().join("b.tgz"), "b");
    fs::rename(place.path().join("b.tgz"), &incomplete).expect("renamed");
    for path in [&text, &incomplete, &place.path().join("none.tgz")] {
        spool.put(path, &told.tell()).expect_err("no archive");
    }
    let elsewhere = place.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    let other = archive(&elsewhere.join("a.tar.gz"), "other");
    assert_eq!(spool.put(&other, &told.tell()).expect("room"), spool.folder().join("a-2.tar.gz"));
    assert_eq!(names(spool.folder()), ["a-2.tar.gz", "a.tar.gz"]);
    assert!(told.take().is_empty());
}

/// Two hosts that share a spool send each archive once.
#[test]
fn two_at_once_send_nothing_twice() {
    let names_of_all: Vec<String> = (0..20).map(|number| format!("{number:02}.tgz")).collect();
    let all: Vec<&str> = names_of_all.iter().map(String::as_str).collect();
    let (_place, spool) = spool(&all);
    let server = Server::start([]);
    let receipts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let spool = Spool::open(spool.folder(), 1 << 20).expect("the spool");
                    let done = spool.deliver(&to(&server.url()), &|_| {});
                    assert!(done.failure.is_none() && done.waiting == 0, "{done:?}");
                    done.receipts.len()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum::<usize>()
    });
    assert_eq!((receipts, server.paths().len()), (20, 20));
    assert!(server.state().stored.values().all(|(_, times)| *times == 1));
}

#[test]
fn who_waits_for_the_lock_in_vain_says_so() {
    let (_place, spool) = spool(&["a.tgz"]);
    let lock = File::create(spool.folder().join(".deliver.lock")).expect("a file");
    lock.lock().expect("a lock");
    let (server, told) = (Server::start([]), Told::default());
    let mut to = to(&server.url());
    to.timeout = Duration::from_millis(100);
    let done = spool.deliver(&to, &told.tell());
    assert_eq!((done.waiting, done.receipts.len(), told.take()), (1, 0, vec!["busy".to_owned()]));
    assert_eq!(done.failure.expect("a failure").reason, "another process has its lock");
}

#[test]
fn the_record_is_bounded_and_keeps_the_newest() {
    let (place, spool) = spool(&["a.tgz"]);
    let record = spool.folder().join("delivered.jsonl");
    fs::write(&record, "{\"archive\":\"old\"}\n".repeat(70_000)).expect("a record");
    let (server, told) = (Server::start([]), Told::default());
    spool.deliver(&to(&server.url()), &told.tell());
    let text = fs::read_to_string(&record).expect("a record");
    assert!(text.len() < 700_000 && text.starts_with("{\"archive\":\"old\"}\n"), "{}", text.len());
    assert!(text.lines().last().expect("a line").starts_with("{\"archive\":\"a.tgz\",\"sha256\":\""));
    spool.put(&place.path().join("a.tgz"), &told.tell()).expect("room");
    spool.deliver(&to(&server.url()), &told.tell());
    assert_eq!(told.take(), ["delivered a.tgz", "already a.tgz"]);
}

#[test]
fn one_url_is_for_one_archive() {
    let (_place, spool) = spool(&["a.tgz"]);
    let (server, told) = (Server::start([]), Told::default());
    let fixed = format!("{}one.tgz?signature=hunter2", server.url());
    let destination = to(&fixed);
    let failure = destination.check(true).expect_err("a fixed URL");
    assert!(failure.advice.contains("{name}") && !failure.to_string().contains("hunter2"), "{failure}");
    destination.check(false).expect("one archive");
    let done = spool.deliver(&destination, &told.tell());
    assert_eq!((done.waiting, server.paths().len()), (1, 0));
    // A URL in a file is read when it is used.
    let file = spool.folder().join("url.txt");
    let mut destination = to(&server.url());
    destination.url = Url::File(file.clone());
    assert!(destination.check(true).is_err(), "there is no such file");
    fs::write(&file, format!("{fixed}\n")).expect("a file");
    destination.check(true).expect("a file");
    assert_eq!(spool.deliver(&destination, &told.tell()).waiting, 1);
    fs::write(&file, format!("{}{{sha256}}?signature=hunter2\n", server.url())).expect("a file");
    let done = spool.deliver(&destination, &told.tell());
    assert!(!done.receipts[0].url.contains("hunter2"));
    assert!(server.paths()[0].ends_with("?signature=hunter2"));
    for (url, warns) in [("http://h/", true), ("http://127.0.0.1/", false), ("https://h/", false)] {
        assert_eq!(to(url).warning().is_some(), warns, "{url}");
    }
}

#[test]
fn fields_of_a_file_are_sent_and_read_again() {
    let place = tempfile::tempdir().expect("a folder");
    let path = archive(&place.path().join("a.tgz"), "a");
    let file = File::open(&path).expect("a file");
    let server = Server::start([Fault::Status(503, "")]);
    let fields = place.path().join("fields");
    fs::write(&fields, "Authorization: Bearer first\nContent-Type: application/x-tar\n").expect("a file");
    let mut destination = to(&server.url());
    destination.fields = Some(fields.clone());
    let told = |_: &wagather_deliver::Step<'_>| {
        fs::write(&fields, "Authorization: Bearer second\n").expect("a file")
    };
    let until = Instant::now() + Duration::from_secs(60);
    let receipt = send("a.tgz", &file, &destination, false, until, &told).expect("delivered");
    assert_eq!(receipt.requests, 2);
    let beside = receipt.write_beside(&path).expect("a receipt");
    receipt.write_beside(&path).expect("once more");
    assert_eq!(fs::read_to_string(&beside).expect("a receipt"), receipt.json() + "\n");
    let heads = server.state().heads.clone();
    assert!(
        heads[0].contains("\r\nContent-Type: application/x-tar\r\nAuthorization: Bearer first\r\n")
            || heads[0].contains("Authorization: Bearer first\r\nContent-Type: application/x-tar\r\n"),
        "{}",
        heads[0]
    );
    assert!(!heads[0].contains("application/gzip"));
    assert!(heads[1].contains("Authorization: Bearer second\r\n") && heads[1].contains("application/gzip"));
    fs::write(&fields, "hunter2\n").expect("a file");
    let not = send("a.tgz", &file, &destination, false, until, &|_| {}).expect_err("no field");
    assert_eq!(not.why, Why::Unwilling);
    assert!(not.failure.reason.ends_with("fields:1: expected NAME: VALUE"), "{}", not.failure);
}

#[test]
fn old_archives_go_and_nothing_else() {
    let place = tempfile::tempdir().expect("a folder");
    let at = |name: &str| place.path().join(name);
    for (age, name) in ["w-a-1.tgz", "w-a-2.tgz", "w-b-3.tgz", "w-b-4.tgz", "other.tgz"].iter().enumerate() {
        archive(&at(name), name);
        let time = SystemTime::now() - Duration::from_secs(1000 - 100 * age as u64);
        File::open(at(name)).expect("a file").set_modified(time).expect("a time");
    }
    fs::write(at("w-x-0.tgz"), "not ours").expect("a file");
    fs::write(at("w-a-1.tgz.delivered.json"), "{\"archive\":\"w-a-1.tgz\"}").expect("a receipt");
    fs::write(at("w-a-2.tgz.delivered.json"), "not ours").expect("a file");
    let told = Told::default();
    // The newest stays, even if its time is an old one.
    keep(place.path(), "w-{context}-{time}.tgz", &at("w-a-2.tgz"), Keep::Archives(2), &told.tell());
    assert_eq!(told.take(), ["removed w-b-3.tgz", "removed w-a-1.tgz"]);
    let left = ["other.tgz", "w-a-2.tgz", "w-a-2.tgz.delivered.json", "w-b-4.tgz", "w-x-0.tgz"];
    assert_eq!(names(place.path()), left);
    keep(place.path(), "w-{context}-{time}.tgz", &at("w-b-4.tgz"), Keep::Bytes(1), &told.tell());
    assert_eq!(told.take(), ["removed w-a-2.tgz"]);
    assert_eq!(names(place.path()), ["other.tgz", "w-a-2.tgz.delivered.json", "w-b-4.tgz", "w-x-0.tgz"]);
}

#[test]
fn what_one_server_has_is_sent_to_another_one() {
    let (place, spool) = spool(&["a.tgz"]);
    let (one, other, told) = (Server::start([]), Server::start([]), Told::default());
    for server in [&one, &other, &one] {
        spool.deliver(&to(&server.url()), &told.tell());
        spool.put(&place.path().join("a.tgz"), &told.tell()).expect("room");
    }
    assert_eq!(told.take(), ["delivered a.tgz", "delivered a.tgz", "already a.tgz"]);
    assert_eq!((one.paths().len(), other.paths().len()), (1, 1));
}

/// As if it could not be removed.
#[test]
fn an_archive_that_stays_is_not_delivered_without_end() {
    let (place, spool) = spool(&["a.tgz"]);
    let (server, told) = (Server::start([]), Told::default());
    let tell = told.tell();
    let puts_it_back = |step: &wagather_deliver::Step<'_>| {
        tell(step);
        let _ = fs::hard_link(place.path().join("a.tgz"), spool.folder().join("a.tgz"));
        assert!(told.count() < 5, "without end");
    };
    let done = spool.deliver(&to(&server.url()), &puts_it_back);
    assert_eq!((done.receipts.len(), done.waiting), (1, 1));
    let done = spool.deliver(&to(&server.url()), &puts_it_back);
    assert_eq!((done.receipts.len(), done.waiting, server.paths().len()), (0, 1, 1));
}

#[test]
fn links_in_the_spool_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let (place, spool) = spool(&["a.tgz", "b.tgz"]);
    let at = |name: &str| place.path().join(name);
    fs::create_dir(at("others")).expect("a folder");
    archive(&at("others").join("mine.tgz"), "mine");
    fs::write(at("notes"), "mine").expect("a file");
    symlink(at("others"), spool.folder().join("refused")).expect("a link");
    symlink(at("notes"), spool.folder().join("delivered.jsonl")).expect("a link");
    let (server, told) = (Server::start([Fault::Status(413, "")]), Told::default());
    let done = spool.deliver(&to(&server.url()), &told.tell());
    assert_eq!((done.refused, done.receipts.len(), done.waiting), (1, 1, 1));
    assert_eq!(fs::read_to_string(at("notes")).expect("a file"), "mine");
    // Nor is room made there.
    let tiny = Spool::open(spool.folder(), 1).expect("the spool");
    tiny.put(&spool.folder().join("a.tgz"), &told.tell()).expect("it is there");
    assert_eq!(names(&at("others")), ["mine.tgz"]);
    fs::remove_file(spool.folder().join(".deliver.lock")).expect("removed");
    symlink(at("made"), spool.folder().join(".deliver.lock")).expect("a link");
    assert!(spool.deliver(&to(&server.url()), &told.tell()).failure.is_some());
    assert!(!at("made").exists());
}
