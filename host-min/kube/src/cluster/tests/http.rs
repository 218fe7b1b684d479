//! HTTP as it goes over a socket: framing, deadlines, connections made ahead and used again.

use std::io::{ErrorKind, Read, Write};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use super::*;
use crate::cluster::Compression;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// Reads a body to its end or its error, and once more, since an error must stay.
fn read(response: Response) -> (Vec<u8>, Option<ErrorKind>) {
    let (mut body, mut read) = (response.body, Vec::new());
    let error = body.read_to_end(&mut read).err();
    if let Some(error) = &error {
        assert_eq!(body.read(&mut [0; 8]).unwrap_err().kind(), error.kind());
        assert!(error.to_string().starts_with("cannot read the response of 127.0.0.1:"), "{error}");
    }
    (read, error.map(|error| error.kind()))
}

#[test]
fn statuses_are_answers() {
    for status in [200, 301, 403, 404, 410, 429, 500, 503] {
        let answer = format!("HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 4\r\n\r\nbody");
        let server = Server::always(answer.leak());
        let response = at(&server.url()).send(&call("/api")).unwrap();
        assert_eq!(response.status, status);
        assert_eq!(read(response), (b"body".to_vec(), None));
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_request_on_the_wire() {
    let server = Server::always(OK);
    let cluster = at(&server.url());
    let response = cluster.send(&call("/api/v1/pods?limit=500")).unwrap();
    assert_eq!(response.content_type.as_deref(), Some("application/json"));
    let request = &server.requests()[0];
    assert!(
        request.starts_with(&format!("GET /api/v1/pods?limit=500 HTTP/1.1\r\nHost: {}\r\n", server.address))
    );
    assert!(!request.contains("Authorization"));
    assert_eq!(cluster.describe(), server.url());
}

#[test]
fn a_body_that_is_cut_short_is_an_error() {
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    ] {
        let server = Server::start(move |recorded, mut stream, _| {
            recorded.request(&mut stream);
            stream.write_all(cut.as_bytes()).unwrap();
        });
        let response = at(&server.url()).send(&call("/")).unwrap();
        assert_eq!(read(response), (b"abc".to_vec(), Some(ErrorKind::UnexpectedEof)), "{cut:?}");
    }
    let server = Server::always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    assert_eq!(read(at(&server.url()).send(&call("/")).unwrap()).1, Some(ErrorKind::InvalidData));
}

#[test]
fn a_head_that_is_cut_short_or_is_no_head() {
    for (answer, expected) in [
        ("", "it closed the connection before the end of its answer"),
        ("HTTP/1.1 200 O", "it closed the connection before the end of its answer"),
        ("220 mail.example.com ESMTP\r\n", "it does not speak HTTP"),
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
            "its Content-Encoding, gzip, was not requested",
        ),
    ] {
        let server = Server::start(move |recorded, mut stream, _| {
            recorded.request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let options =
            Options { server: Some(server.url()), compression: Compression::None, ..Options::default() };
        let failure = refusal(open_in(&options, &nowhere()).unwrap().send(&call("/")));
        assert!(failure.reason.contains(expected), "{}", failure.reason);
        assert!(failure.reason.starts_with(&format!("cannot get a response from {}: ", server.address)));
        assert_ne!(failure.cause, Cause::Late);
    }
}

#[test]
fn a_body_without_a_length_ends_when_the_server_closes() {
    let server = Server::start(|recorded, mut stream, _| {
        recorded.request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nlog line").unwrap();
    });
    assert_eq!(text(at(&server.url()).send(&call("/"))), "log line");
}

#[test]
fn interim_answers_are_skipped() {
    let server = Server::always(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    );
    assert_eq!(text(at(&server.url()).send(&call("/"))), "{}");
}

#[test]
fn a_large_chunked_body_arrives_whole_on_a_connection_that_is_kept() {
    let server = Server::start(|recorded, mut stream, _| {
        while recorded.request(&mut stream).is_some() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
            for byte in 0..100u8 {
                let chunk = vec![byte; 3001 * (1 + usize::from(byte) % 20)];
                stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).unwrap();
                stream.write_all(&chunk).unwrap();
                stream.write_all(b"\r\n").unwrap();
            }
            stream.write_all(b"0\r\n\r\n").unwrap();
        }
    });
    let cluster = at(&server.url());
    for _ in 0..3 {
        let (body, error) = read(cluster.send(&call("/")).unwrap());
        assert_eq!((body.len(), error), (3001 * (0..100).map(|byte| 1 + byte % 20).sum::<usize>(), None));
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_head_larger_than_the_buffer() {
    let answer = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 2\r\n\r\nok", "x".repeat(40_000));
    let server = Server::always(answer.leak());
    assert_eq!(text(at(&server.url()).send(&call("/"))), "ok");
}

#[test]
fn deadlines_hold_for_head_and_body() {
    let silent = Server::start(|recorded, mut stream, _| {
        recorded.request(&mut stream);
        std::thread::sleep(Duration::from_secs(30));
    });
    let begin = Instant::now();
    let failure = refusal(at(&silent.url()).send(&within("/", Duration::from_millis(150))));
    assert!(failure.cause == Cause::Late && failure.reason.contains("no response in time"), "{failure:?}");

    let dripping = Server::start(|recorded, mut stream, _| {
        recorded.request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        while stream.write_all(b"1\r\nx\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let response = at(&dripping.url()).send(&within("/", Duration::from_millis(150))).unwrap();
    let (body, error) = read(response);
    assert!(!body.is_empty());
    assert_eq!(error, Some(ErrorKind::TimedOut));
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn who_cannot_be_connected_to_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let failure = refusal(at(&format!("http://127.0.0.1:{port}")).send(&call("/")));
    assert_eq!(failure.reason, format!("cannot connect to 127.0.0.1:{port}: connection refused"));
    let failure = refusal(at("http://no-such-host.invalid").send(&call("/")));
    assert_eq!(failure.reason, "cannot connect to no-such-host.invalid:80: the name cannot be resolved");
}

#[test]
fn connections_are_used_again_and_replaced_when_the_server_has_closed_them() {
    let server = Server::start(|recorded, mut stream, _| {
        for _ in 0..2 {
            if recorded.request(&mut stream).is_some() {
                stream.write_all(OK.as_bytes()).unwrap();
            }
        }
    });
    let cluster = at(&server.url());
    for sent in 1..=6usize {
        assert_eq!(text(cluster.send(&call("/"))), "{}");
        assert_eq!(server.connections(), sent.div_ceil(2));
    }
}

#[test]
fn a_connection_is_not_used_again_when_it_should_not_be() {
    for answer in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}and more than was said",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ] {
        let server = Server::always(answer);
        let cluster = at(&server.url());
        assert_eq!(text(cluster.send(&call("/"))), "{}");
        assert_eq!(text(cluster.send(&call("/"))), "{}");
        assert_eq!(server.connections(), 2, "{answer:?}");
    }
}

#[test]
fn a_body_that_is_dropped_keeps_its_connection_if_it_has_arrived() {
    let server = Server::always(OK);
    let cluster = at(&server.url());
    for _ in 0..3 {
        drop(cluster.send(&call("/")).unwrap());
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn threads_share_a_cluster() {
    let server = Server::always(OK);
    let cluster = at(&server.url());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(text(cluster.send(&call("/"))), "{}");
                }
            });
        }
    });
    assert_eq!(server.requests().len(), 160);
    assert!(server.connections() <= 8);
}

#[test]
fn the_first_request_uses_the_connection_that_was_made_ahead() {
    let server = Server::always(OK);
    let cluster = at(&server.url());
    cluster.warm(Instant::now() + Duration::from_secs(10));
    cluster.warm(Instant::now() + Duration::from_secs(10));
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    assert_eq!(server.connections(), 1);
}

#[test]
fn requests_and_warming_at_once_make_one_connection() {
    for _ in 0..50 {
        let server = Server::always(OK);
        let cluster = at(&server.url());
        let together = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                together.wait();
                cluster.warm(Instant::now() + Duration::from_secs(10));
            });
            together.wait();
            assert_eq!(text(cluster.send(&call("/"))), "{}");
        });
        assert_eq!(text(cluster.send(&call("/"))), "{}");
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_connection_made_ahead_that_fails_fails_the_request() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cluster = at(&format!("http://127.0.0.1:{port}"));
    cluster.warm(Instant::now() + Duration::from_secs(10));
    assert!(refusal(cluster.send(&call("/"))).reason.contains("connection refused"));
}

#[test]
fn proxies_of_both_kinds() {
    let server = Server::always(OK);
    let to = server.address;
    // SOCKS 5: greeting, request, answer, then bytes both ways.
    let socks = Server::start(move |_, mut stream, _| {
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).unwrap();
        assert_eq!(greeting, [5, 1, 0]);
        stream.write_all(&[5, 0]).unwrap();
        let mut request = [0; 10];
        stream.read_exact(&mut request).unwrap();
        assert_eq!(request[..8], [5, 1, 0, 1, 127, 0, 0, 1]);
        assert_eq!(request[8..], to.port().to_be_bytes());
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        let upstream = std::net::TcpStream::connect(to).unwrap();
        let (mut from, mut into) = (stream.try_clone().unwrap(), upstream.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut into));
        let _ = std::io::copy(&mut { upstream }, &mut stream);
    });
    let config = |proxy: &str, server: &str| {
        format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: c}}}}]\nclusters: [{{name: c, cluster: \
             {{server: '{server}', proxy-url: '{proxy}', insecure-skip-tls-verify: true}}}}]"
        )
    };
    let text_of = |proxy: String| {
        text(with_kubeconfig(&config(&proxy, &server.url()), Options::default()).unwrap().send(&call("/x")))
    };
    assert_eq!(text_of(format!("socks5://{}", socks.address)), "{}");
    let plain = Server::always(OK);
    assert_eq!(text_of(format!("http://u:p@{}", plain.address)), "{}");
    assert!(plain.requests()[0].starts_with(&format!("GET http://{}/x HTTP/1.1\r\n", server.address)));
    assert!(plain.requests()[0].contains("Proxy-Authorization: Basic dTpw\r\n"));

    let refusing = Server::always("HTTP/1.1 403 Forbidden\r\n\r\n");
    let config = config(&format!("http://u:p@{}", refusing.address), "https://10.1.2.3:6443");
    let failure = refusal(with_kubeconfig(&config, Options::default()).unwrap().send(&call("/")));
    assert_eq!(
        failure.reason,
        format!(
            "cannot reach 10.1.2.3:6443 through the proxy {}: the proxy said \"403 Forbidden\"",
            refusing.address
        )
    );
    let connect = &refusing.requests()[0];
    assert!(connect.starts_with("CONNECT 10.1.2.3:6443 HTTP/1.1\r\nHost: 10.1.2.3:6443\r\n"), "{connect}");
    assert!(connect.contains("Proxy-Authorization: Basic dTpw\r\n"));
}
