//! Encrypted archives, decrypted by the program `age`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::archive::Archive;
use tests::host::{Host, left_in};
use tests::server::{Answer, Running, Server};
use tests::{objects, place, programs};

/// A key, and its recipient.
struct Key {
    file: PathBuf,
    recipient: String,
}

impl Key {
    fn new(folder: &Path, name: &str) -> Key {
        let file = folder.join(name);
        let made = Command::new("age-keygen").arg("-o").arg(&file).output().expect("age-keygen");
        assert!(made.status.success(), "{made:?}");
        let shown = Command::new("age-keygen").arg("-y").arg(&file).output().expect("age-keygen");
        Key { file, recipient: String::from_utf8(shown.stdout).expect("text").trim().to_owned() }
    }

    /// The content of a file, if this key decrypts it to its end.
    fn decrypted(&self, file: &Path) -> Option<Vec<u8>> {
        let mut age = Command::new("age");
        let done = age.args(["--decrypt", "--identity"]).arg(&self.file).arg(file).output().expect("age");
        done.status.success().then_some(done.stdout)
    }

    fn archive(&self, file: &Path) -> Archive {
        Archive::from_tar_gz(&self.decrypted(file).expect("a file for this key"))
    }
}

fn gather(server: &Running) -> Host {
    Host::run(programs::guest("cluster-operators")).server(&server.url())
}

#[test]
fn recipients_decrypt_it_and_nobody_else() {
    let (place, server) = (place(), objects::server().start());
    let keys = ["a", "b", "c"].map(|name| Key::new(place.path(), name));
    let [plain, file] = ["plain.tar.gz", "out.tar.gz.age"].map(|name| place.path().join(name));
    gather(&server).output(&plain).wait().expect_success();
    let plain = Archive::read(&plain);
    let recipients = ["--encrypt", &keys[0].recipient, "--encrypt", &keys[1].recipient];
    let run = || gather(&server).output(&file).args(recipients);
    run().wait().expect_success();
    for key in &keys[..2] {
        let archive = key.archive(&file);
        assert_eq!(archive.report()["complete"], true);
        assert_eq!(archive.paths(), plain.paths());
        let gathered = plain.paths().into_iter().filter(|path| path.starts_with("cluster-scoped-resources/"));
        assert!(
            gathered.map(|path| assert_eq!(archive.bytes(path), plain.bytes(path), "{path}")).count() > 0
        );
    }
    assert_eq!(keys[2].decrypted(&file), None);
    // It is not replaced by mistake, and it is replaced if that is asked for.
    run().wait().expect_code(6);
    let before = fs::read(&file).expect("a file");
    run().args(["--overwrite"]).wait().expect_success();
    assert_ne!(before, fs::read(&file).expect("a file"));
    fs::write(&file, "age-encryption.org/v1\n-> X25519 others\n").expect("a file of others");
    run().args(["--overwrite"]).wait().expect_code(6);
}

/// More than one chunk of the format, and lengths near its border.
#[test]
fn large_archives_are_decrypted_whole_and_cut_ones_are_not() {
    let place = place();
    let key = Key::new(place.path(), "key");
    for bytes in [1000, 62 << 10, 64 << 10, 66 << 10, 300 << 10] {
        let server =
            Server::new().list(objects::CLUSTER_OPERATORS, objects::incompressible(1, bytes)).start();
        let file = place.path().join(format!("{bytes}.tar.gz.age"));
        gather(&server).output(&file).args(["--encrypt", &key.recipient]).wait().expect_success();
        assert_eq!(key.archive(&file).report()["complete"], true);
        let whole = fs::read(&file).expect("a file");
        assert!(whole.len() > bytes / 2);
        fs::write(&file, &whole[..whole.len() - 1]).expect("a shorter file");
        assert_eq!(key.decrypted(&file), None, "{bytes}");
    }
}

#[test]
fn it_goes_to_stdout_the_spool_a_server_and_folders_of_several_clusters() {
    let (place, server) = (place(), objects::server().start());
    let key = Key::new(place.path(), "key");
    let (recipient, stdout) = (["--encrypt", &*key.recipient], place.path().join("stdout.age"));
    let done = gather(&server).output("-").args(recipient).wait();
    fs::write(&stdout, &done.expect_success().stdout).expect("a file");
    assert_eq!(key.archive(&stdout).report()["complete"], true);

    let spool = place.path().join("spool");
    gather(&server).args(recipient).arg("--spool").arg(&spool).wait().expect_success();
    let name = left_in(&spool).into_iter().find(|name| name.ends_with(".age")).expect("an archive");
    assert!(name.starts_with("wagather-") && name.ends_with(".tar.gz.age"), "{name}");
    assert_eq!(key.archive(&spool.join(&name)).report()["complete"], true);
    let whole = fs::read(spool.join(&name)).expect("a file");
    let created = Answer::bytes("text/plain", "").with_status(201);
    let taking = Server::new().on(&format!("/{name}"), created).start();
    let url = format!("{}/", taking.url());
    Host::new(["deliver", "--spool"]).arg(&spool).args(["--upload", &url]).wait().expect_success();
    let seen = taking.seen();
    assert!(seen.len() == 1 && seen[0].body == whole);
    let media_type = ("content-type".to_owned(), "application/vnd.age".to_owned());
    assert!(seen[0].headers.contains(&media_type), "{:?}", seen[0].headers);

    let kubeconfig = place.path().join("kubeconfig");
    let clusters = format!("- name: c\n  cluster: {{server: '{}'}}\n", server.url());
    let contexts = "- name: one\n  context: {cluster: c}\n- name: two\n  context: {cluster: c}\n";
    fs::write(&kubeconfig, format!("clusters:\n{clusters}contexts:\n{contexts}")).expect("a kubeconfig");
    let fleet = place.path().join("fleet");
    let run = Host::run(programs::guest("cluster-operators")).output(&fleet).args(recipient);
    run.args(["--all-contexts", "--kubeconfig"]).arg(&kubeconfig).wait().expect_success();
    assert_eq!(left_in(&fleet), ["index.json", "one.tar.gz.age", "two.tar.gz.age"]);
    assert_eq!(key.archive(&fleet.join("two.tar.gz.age")).report()["complete"], true);
}

#[test]
fn a_name_says_what_a_file_is() {
    let (place, server) = (place(), objects::server().start());
    let key = Key::new(place.path(), "key");
    let secret = fs::read_to_string(&key.file).expect("a key");
    let secret = secret.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).expect("a key").to_owned();
    for (output, recipient, reason) in [
        ("a.tar.gz", &*key.recipient, "with --encrypt, let --output end in .tar.gz.age"),
        ("folder", &key.recipient, "--encrypt needs an archive in one file"),
        ("a.tar.gz.age", "", "--output ends in .age, which needs a recipient"),
        ("a.tar.gz.age", "ssh-ed25519 AAAA", "SSH keys are not supported"),
        ("a.tar.gz.age", "age1qqqq", "expected a recipient of age"),
        ("a.tar.gz.age", &secret, "this is a secret key"),
    ] {
        let mut run = gather(&server).output(place.path().join(output));
        if !recipient.is_empty() {
            run = run.args(["--encrypt", recipient]);
        }
        let done = run.wait();
        done.expect_code(2);
        assert!(done.stderr.contains(reason) && !done.stderr.contains(&secret), "{output}: {}", done.stderr);
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn readers_of_archives_report_that_it_is_encrypted() {
    let (place, server) = (place(), objects::server().start());
    let key = Key::new(place.path(), "key");
    let [file, other] = ["a.tar.gz.age", "b.tar.gz"].map(|name| place.path().join(name));
    gather(&server).output(&file).args(["--encrypt", &key.recipient]).wait().expect_success();
    let from = Host::run(programs::guest("cluster-operators")).output(&other).arg("--from").arg(&file).wait();
    let merged = Host::new(["merge"]).arg(&file).arg("--output").arg(&other).wait();
    for done in [from, merged] {
        assert_ne!(done.code(), 0);
        assert!(done.stderr.contains("it is encrypted; decrypt it first"), "{}", done.stderr);
    }
}

/// `merge` has no recipients, so it writes no file with such a name.
#[test]
fn a_merged_archive_is_not_named_as_if_it_were_encrypted() {
    let (place, server) = (place(), objects::server().start());
    let [shard, merged] = ["a.tar.gz", "m.tar.gz.age"].map(|name| place.path().join(name));
    gather(&server).output(&shard).args(["--shard", "0/1"]).wait().expect_success();
    let done = Host::new(["merge"]).arg(&shard).arg("--output").arg(&merged).wait();
    assert_ne!(done.code(), 0);
    assert!(done.stderr.contains("its name says that it is encrypted"), "{}", done.stderr);
}
