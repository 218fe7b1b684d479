//! Archives that leave the node: delivered to a server that the pod reaches over the network, and kept on the volume.

use super::ADDRESS;
use super::IMAGE;
use super::cell::{Namespace, kubectl_given};
use super::job::{ended, name};
use tests::certificates::Authority;
use tests::host::Host;
use tests::server::{Answer, Server};
use tests::{place, programs};

#[test]
fn an_archive_on_the_volume_is_delivered_as_it_is() {
    let namespace = Namespace::of_deployment("delivered");
    let archives = namespace.volume(&format!("{}-archives", namespace.name));
    let (place, authority) = (place(), Authority::new("uploads"));
    let (ca, fields) = (place.path().join("ca.pem"), place.path().join("fields"));
    std::fs::write(&ca, authority.pem()).expect("a file");
    std::fs::write(&fields, "Authorization: Bearer hunter2-hunter2\n").expect("a file");
    let created = || Answer::bytes("text/plain", "").with_status(201);
    let server = Server::new().instead(move |_, _| created());
    let server = server.start_tls_at(ADDRESS, &authority.server(ADDRESS));
    let host = Host::new(["deploy"]).arg(programs::guest("nodes")).args(["--name", namespace.name]);
    let host = host.args(["--namespace", namespace.name, "--create-namespace", "--image", IMAGE, "--job"]);
    let host = host.args(["--storage", "64Mi", "--upload", &format!("{}/in/", server.url())]);
    let host = host.arg("--upload-ca").arg(ca).arg("--upload-headers").arg(fields);
    let objects = host.wait().expect_success().stdout_text();
    let said = kubectl_given(&objects, &["apply", "--server-side", "--filename", "-"]);
    assert!(said.succeeded && said.stderr.is_empty(), "{}", said.stderr);
    let ended = ended(&namespace, namespace.name);
    let [pod] = &ended.expect_complete().pods[..] else { panic!("{:#?}", ended.pods) };
    let file = format!("{}.tar.gz", name(pod));
    let seen = server.seen();
    let [request] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert_eq!((&*request.method, request.path.clone()), ("PUT", format!("/in/{file}")));
    assert_eq!(request.header("authorization"), Some("Bearer hunter2-hunter2"));
    assert!(request.body == std::fs::read(archives.join(&file)).expect("an archive"));
    let receipt =
        std::fs::read_to_string(archives.join(format!("{file}.delivered.json"))).expect("a receipt");
    assert!(receipt.contains("201") && !receipt.contains("hunter2"), "{receipt}");
}
