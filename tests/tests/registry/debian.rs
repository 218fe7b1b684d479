//! The registry that distributions package (`docker-registry` of Debian): with TLS of an own authority and a login, as sites run it.

use super::{REFUSED, guest, inspect, signed};
use serde_json::json;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tests::certificates::Authority;
use tests::host::Host;
use tests::processes::until;
use tests::{place, workspace};

const PASSWORD: &str = "hunter2";
/// The password as `htpasswd -B` writes it.
const HASHED: &str = "$2b$04$ou7BE5pKR7hH840FPIvzHO6jrtnGSsB2xZMIEzmAcDqVTVPy3bl/m";

/// The program that `.ci/setup cluster` unpacked or found.
fn program() -> PathBuf {
    let unpacked = workspace::root().join("target/tools/docker-registry/usr/bin/docker-registry");
    let installed = PathBuf::from("/usr/bin/docker-registry");
    let found = [unpacked, installed].into_iter().find(|path| path.is_file());
    found.expect("docker-registry is missing: run .ci/setup cluster")
}

/// A registry that ends with the value.
struct Debian(Child, String);

impl Debian {
    fn start(folder: &Path, authority: &Authority) -> Debian {
        // It takes a port that nobody has now.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let (certificate, key) = authority.server_pem("127.0.0.1");
        let file = |name: &str, text: &str| {
            fs::write(folder.join(name), text).expect("a file");
            folder.join(name)
        };
        let config = json!({
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": folder.join("storage")}},
            "auth": {"htpasswd": {"realm": "tests", "path": file("users", &format!("robot:{HASHED}\n"))}},
            "http": {
                "addr": free.to_string(),
                "tls": {"certificate": file("server.crt", &certificate), "key": file("server.key", &key)},
            },
        });
        // JSON is YAML.
        let config = file("registry.yaml", &config.to_string());
        let log = fs::File::create(folder.join("registry.log")).expect("a file");
        let mut command = Command::new(program());
        let child = command.arg("serve").arg(config).stdout(Stdio::null()).stderr(log).spawn();
        let registry = Debian(child.expect("the registry"), free.to_string());
        until("the registry listens", || TcpStream::connect(free).is_ok());
        registry
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn modules_are_pushed_and_pulled_with_a_login_over_tls() {
    let (place, authority) = (place(), Authority::new("registry"));
    let registry = Debian::start(place.path(), &authority);
    let ca = place.path().join("ca.pem");
    fs::write(&ca, authority.pem()).expect("a file");
    let login = |password: &str| {
        let folder = place.path().join(password);
        fs::create_dir_all(&folder).expect("a folder");
        let auth = wagather_base::base64::encode(format!("robot:{password}").as_bytes());
        let config = json!({"auths": {&registry.1: {"auth": auth}}});
        fs::write(folder.join("config.json"), config.to_string()).expect("a file");
        folder
    };
    let with = |host: Host, password: &str| {
        host.arg("--registry-ca").arg(&ca).env("DOCKER_CONFIG", login(password)).wait()
    };
    let (path, _) = signed(place.path());
    let push = |tag: &str, password: &str| with(Host::new(["push"]).arg(&path).arg(tag), password);
    let tag = format!("oci://{}/deep/er/operators:v1.0", registry.1);

    push(&tag, "hunter3").expect_code(REFUSED);
    let pinned = push(&tag, PASSWORD).expect_success().stdout_text().trim_end().to_owned();
    assert_eq!(push(&tag, PASSWORD).expect_success().stdout_text().trim_end(), pinned, "once more");
    let sum = super::digest(&guest()).replace("sha256:", "");
    for reference in [&tag, &pinned] {
        let text = with(inspect(reference), PASSWORD).expect_success().stdout_text();
        assert!(text.contains(&sum) && text.contains("reviewed"), "{text}");
    }
    with(inspect(&tag), "hunter3").expect_code(REFUSED);
    let missing = with(inspect(&tag.replace("v1.0", "v2.0")), PASSWORD);
    missing.expect_code(super::MODULE);
    assert!(missing.stderr.contains("404"), "{}", missing.stderr);
    // Another authority has not signed its certificate.
    fs::write(&ca, Authority::new("other").pem()).expect("a file");
    with(inspect(&tag), PASSWORD).expect_code(super::MODULE);
}
