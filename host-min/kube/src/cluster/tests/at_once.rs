//! Requests that are written at once, and whose answers are read later.

use std::io::Write;

use super::tls::{Authority, config, serve, trusting};
use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

fn paths(server: &Server) -> Vec<String> {
    server.requests().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn a_connection_that_waits_is_written_to_and_one_that_was_not_used_is_kept() {
    let server = Server::always(OK);
    let cluster = Arc::new(at(&server.url()));
    assert!(cluster.at_once().is_none(), "nothing waits yet");
    assert_eq!(text(cluster.send(&call("/1"))), "{}");
    drop(cluster.at_once().unwrap());
    let written = cluster.at_once().unwrap().write(&call("/2"));
    assert!(cluster.at_once().is_none(), "it is in use");
    assert_eq!(text(written.answer()), "{}");
    // Nobody wants this answer: it must not be the next request's.
    drop(cluster.at_once().unwrap().write(&call("/3")));
    assert!(cluster.at_once().is_none());
    assert_eq!(text(cluster.send(&call("/4"))), "{}");
    assert_eq!(server.connections(), 2);
    cluster.pool.grow_older(Duration::from_secs(31));
    assert!(cluster.at_once().is_none(), "it is too old");
}

#[test]
fn an_answer_that_has_come_counts_however_late_it_is_read() {
    let server = Server::start(|recorded, mut stream, _| {
        while let Some(head) = recorded.request(&mut stream) {
            if !head.contains("/silent") {
                stream.write_all(OK.as_bytes()).unwrap();
            }
        }
    });
    let first_byte_timeout = Duration::from_millis(300);
    let options = Options { server: Some(server.url()), first_byte_timeout, ..Options::default() };
    let cluster = Arc::new(open_in(&options, &nowhere()).unwrap());
    assert_eq!(text(cluster.send(&call("/1"))), "{}");
    let written = cluster.at_once().unwrap().write(&call("/2"));
    std::thread::sleep(2 * first_byte_timeout);
    assert_eq!(text(written.answer()), "{}");
    // Also after the time of the request itself, as long as nothing else is to come.
    let short = |path: &str| Call { deadline: Instant::now() + first_byte_timeout, ..call(path) };
    let written = cluster.at_once().unwrap().write(&short("/3"));
    std::thread::sleep(2 * first_byte_timeout);
    assert_eq!(text(written.answer()), "{}");
    let failure = refusal(cluster.at_once().unwrap().write(&call("/silent")).answer());
    assert!(failure.cause == Cause::Broken && failure.reason.contains("--first-byte-timeout"), "{failure:?}");
    assert_eq!(text(cluster.send(&call("/4"))), "{}");
    let written = cluster.at_once().unwrap().write(&short("/silent"));
    std::thread::sleep(2 * first_byte_timeout);
    let failure = refusal(written.answer());
    assert!(failure.cause == Cause::Late && failure.reason.contains("no response in time"), "{failure:?}");
}

#[test]
fn a_connection_that_closes_when_it_is_asked_is_replaced_once() {
    let server = Server::start(|recorded, mut stream, number| {
        let answers = if number == 0 { 1 } else { 9 };
        for _ in 0..answers {
            if recorded.request(&mut stream).is_none() {
                return;
            }
            stream.write_all(OK.as_bytes()).unwrap();
        }
        recorded.request(&mut stream);
    });
    let cluster = Arc::new(at(&server.url()));
    assert_eq!(text(cluster.send(&call("/1"))), "{}");
    assert_eq!(text(cluster.at_once().unwrap().write(&call("/2")).answer()), "{}");
    assert_eq!((paths(&server), server.connections()), (["/1", "/2", "/2"].map(str::to_owned).to_vec(), 2));
}

#[test]
fn a_token_that_is_refused_is_renewed() {
    let (authority, folder) = (Authority::new("ca"), tempfile::tempdir().unwrap());
    let file = folder.path().join("token");
    std::fs::write(&file, "t1").unwrap();
    let server = serve(authority.sign(&["127.0.0.1"], false), None, |request| {
        let is_refused =
            request.starts_with("GET /2 ") && request.contains("\r\nAuthorization: Bearer t1\r\n");
        let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
        if is_refused { refusal } else { OK }.to_owned()
    });
    let user = format!("tokenFile: '{}'", file.display());
    let kubeconfig = config(&server, &trusting(&authority), &user);
    let cluster = Arc::new(with_kubeconfig(&kubeconfig, Options::default()).unwrap());
    cluster.warm(Instant::now() + Duration::from_secs(10));
    assert_eq!(text(cluster.send(&call("/1"))), "{}");
    std::fs::write(&file, "t2").unwrap();
    assert_eq!(text(cluster.at_once().unwrap().write(&call("/2")).answer()), "{}");
    assert_eq!(paths(&server), ["/1", "/2", "/2"]);
    assert!(server.requests()[2].contains("Bearer t2"));
    // A path that cannot be sent is told, and not sent.
    let failure = refusal(cluster.at_once().unwrap().write(&call("/a b")).answer());
    assert!(
        failure.cause == Cause::Final && failure.reason.contains("is not an encoded path"),
        "{failure:?}"
    );
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}
