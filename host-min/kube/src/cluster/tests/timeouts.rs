//! Which timeout it was, after how long, and whether there is time to ask again.

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpListener};

use super::tls::{Authority, config, serve, trusting};
use super::*;

const MILLIS: Duration = Duration::from_millis(1);

/// What is said of the deadline.
const OF_THE_CALL: &str = " s (--request-timeout, or the rest of --timeout)";

/// A cluster that waits so many milliseconds for a first byte, and for further ones.
fn impatient(url: &str, first_byte: u32, idle: u32) -> Cluster {
    let options = Options {
        server: Some(url.to_owned()),
        first_byte_timeout: first_byte * MILLIS,
        idle_timeout: idle * MILLIS,
        ..Options::default()
    };
    open_in(&options, &nowhere()).unwrap()
}

/// Sends these pieces with pauses between them, and then nothing more for long.
fn server(pieces: &'static [&'static str], pause: u32) -> Server {
    Server::start(move |recorded, mut stream, _| {
        while recorded.request(&mut stream).is_some() {
            for piece in pieces {
                if stream.write_all(piece.as_bytes()).is_err() {
                    return;
                }
                std::thread::sleep(pause * MILLIS);
            }
            std::thread::sleep(Duration::from_secs(30));
        }
    })
}

/// The cause and what follows the address.
fn of_head(cluster: &Cluster, time: Duration) -> (Cause, String) {
    let failure = refusal(cluster.send(&within("/", time)));
    let (_, why) = failure.reason.split_once(": ").unwrap();
    assert!(failure.reason.starts_with("cannot get a response from 127.0.0.1:"), "{}", failure.reason);
    (failure.cause, why.to_owned())
}

fn of_body(cluster: &Cluster, time: Duration) -> (ErrorKind, String) {
    let mut body = cluster.send(&within("/", time)).unwrap().body;
    let error = body.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(body.read(&mut [0]).unwrap_err().to_string(), error.to_string(), "an error stays");
    let text = error.to_string();
    let (before, why) = text.split_once(": ").unwrap();
    assert!(before.starts_with("cannot read the response of 127.0.0.1:"), "{text}");
    (error.kind(), why.to_owned())
}

#[test]
fn no_first_byte() {
    let silent = server(&[], 0);
    let (cause, why) = of_head(&impatient(&silent.url(), 200, 10_000), Duration::from_secs(20));
    assert_eq!(why, "no response in time: 0.2 s until the first byte (--first-byte-timeout)");
    assert_eq!(cause, Cause::Broken, "there is time left to ask again");

    let (cause, why) = of_head(&impatient(&silent.url(), 20_000, 10_000), 500 * MILLIS);
    assert!(why.starts_with("no response in time: 0.") && why.ends_with(OF_THE_CALL), "{why}");
    assert_eq!(cause, Cause::Late);
    assert_eq!(silent.requests().len(), 2, "nothing is asked twice here");
}

#[test]
fn a_head_that_stops() {
    // The first byte has come: that timeout is over, however long the rest takes.
    let stops = server(&["HTTP/1.1 200 OK\r\n", "Content-Le"], 900);
    let (cause, why) = of_head(&impatient(&stops.url(), 700, 1500), Duration::from_secs(20));
    assert_eq!(
        (cause, why.as_str()),
        (
            Cause::Broken,
            "no response in time: 1.5 s without a byte within the response's head (--idle-timeout)"
        )
    );
}

#[test]
fn an_interim_answer_is_a_first_byte() {
    let interim =
        server(&["HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], 900);
    let response = impatient(&interim.url(), 700, 10_000).send(&call("/")).unwrap();
    assert_eq!(response.status, 200);
}

#[test]
fn a_body_that_stops() {
    let stops = |framing: &str, piece: &'static str| {
        let head: &'static str = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n").leak();
        let stops = server(vec![head, piece].leak(), 50);
        let (kind, why) = of_body(&impatient(&stops.url(), 10_000, 1_000), Duration::from_secs(20));
        assert_eq!(why, "it stopped sending: no byte for 1 s (--idle-timeout), after 3 bytes");
        assert_eq!(kind, ErrorKind::ConnectionAborted, "there is time left to ask again");

        let (kind, why) = of_body(&impatient(&stops.url(), 10_000, 20_000), 1_500 * MILLIS);
        assert!(why.starts_with("no complete response in time: 1.") && why.ends_with(OF_THE_CALL), "{why}");
        assert_eq!(kind, ErrorKind::TimedOut);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| stops("Content-Length: 9", "abc"));
        scope.spawn(|| stops("Transfer-Encoding: chunked", "3\r\nabc\r\n"));
        scope.spawn(|| stops("X: until it closes", "abc"));
    });
}

#[test]
fn only_the_deadline_ends_a_server_that_drips() {
    let drips = Server::start(|recorded, mut stream, _| {
        recorded.request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(70 * MILLIS);
        }
    });
    let begin = Instant::now();
    let (kind, why) = of_body(&impatient(&drips.url(), 5_000, 1_000), 1_500 * MILLIS);
    assert!(why.starts_with("no complete response in time: 1."), "{why}");
    assert_eq!(kind, ErrorKind::TimedOut);
    assert!((1_400 * MILLIS..10_000 * MILLIS).contains(&begin.elapsed()));

    let in_its_head = Server::start(|recorded, mut stream, _| {
        recorded.request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(70 * MILLIS);
        }
    });
    let (cause, _) = of_head(&impatient(&in_its_head.url(), 5_000, 1_000), 1_500 * MILLIS);
    assert_eq!(cause, Cause::Late);
}

#[test]
fn who_reads_slowly_is_not_taken_for_a_silent_server() {
    let server = Server::start(|recorded, mut stream, _| {
        recorded.request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n").unwrap();
        stream.write_all(&[b'x'; 200_000]).unwrap();
    });
    let mut body = impatient(&server.url(), 5_000, 700).send(&call("/")).unwrap().body;
    let mut all = Vec::new();
    for _ in 0..2 {
        let mut some = [0; 20_000];
        let len = body.read(&mut some).unwrap();
        all.extend_from_slice(&some[..len]);
        std::thread::sleep(900 * MILLIS);
    }
    body.read_to_end(&mut all).unwrap();
    assert_eq!(all.len(), 200_000);
}

#[test]
fn a_connection_that_is_not_made() {
    // Who never accepts, with a queue that is full: the kernel leaves further ones without an answer.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, 200 * MILLIS) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000, "the queue never fills");
    }
    let cluster = |time| {
        let options = Options {
            server: Some(format!("http://{address}")),
            connect_timeout: time,
            ..Options::default()
        };
        open_in(&options, &nowhere()).unwrap()
    };
    let failure = refusal(cluster(300 * MILLIS).send(&call("/")));
    assert_eq!(
        failure.reason,
        format!("cannot connect to {address}: no response in time: 0.3 s (--connect-timeout)")
    );
    assert_eq!(failure.cause, Cause::Unreachable, "nothing was sent, and there is time left");

    for endless in [Duration::from_secs(20), Duration::MAX] {
        let failure = refusal(cluster(endless).send(&within("/", 500 * MILLIS)));
        assert!(failure.reason.starts_with(&format!("cannot connect to {address}: no response in time: 0.")));
        assert!(failure.reason.ends_with(OF_THE_CALL), "{failure:?}");
        assert_eq!(failure.cause, Cause::Late);
    }
}

#[test]
fn timeouts_without_an_end_are_none() {
    let server = Server::always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let options = Options {
        server: Some(server.url()),
        connect_timeout: Duration::MAX,
        first_byte_timeout: Duration::MAX,
        idle_timeout: Duration::MAX,
        ..Options::default()
    };
    let cluster = open_in(&options, &nowhere()).unwrap();
    cluster.warm(Instant::now() + Duration::from_secs(10));
    assert_eq!(text(cluster.send(&call("/"))), "{}");
}

#[test]
fn why_there_is_no_answer() {
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cause = |url: &str| refusal(at(url).send(&call("/"))).cause;
    assert_eq!(cause(&format!("http://{refused}")), Cause::Unreachable);
    assert_eq!(cause("http://no-such-host.invalid"), Cause::Unreachable);

    for (answer, expected) in [
        ("", Cause::Broken),
        ("HTTP/1.1 200 OK\r\nContent-", Cause::Broken),
        ("SSH-2.0-OpenSSH_9.2\r\n", Cause::Final),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", Cause::Final),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n", Cause::Final),
        ("\x15\x03\x01\0\x02\x02\x46", Cause::Final),
    ] {
        let server = Server::start(move |recorded, mut stream, _| {
            recorded.request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        assert_eq!(cause(&server.url()), expected, "{answer:?}");
        assert_eq!(server.connections(), 1, "{answer:?}");
    }
    // Closed with bytes unread, which resets the connection.
    let resets = Server::start(|_, mut stream, _| {
        let _ = stream.read(&mut [0; 8]);
    });
    assert_eq!(cause(&resets.url()), Cause::Broken);
}

#[test]
fn why_a_proxy_gives_no_connection() {
    let cause = |kind: &str, proxy: &Server| {
        let config = format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: c}}}}]\nclusters: [{{name: c, cluster: \
             {{server: 'https://10.1.2.3', proxy-url: '{kind}://{}', insecure-skip-tls-verify: true}}}}]",
            proxy.address
        );
        refusal(with_kubeconfig(&config, Options::default()).unwrap().send(&call("/"))).cause
    };
    for (status, expected) in [
        ("403 Forbidden", Cause::Final),
        ("407 Proxy Authentication Required", Cause::Final),
        ("429 Too Many Requests", Cause::Unreachable),
        ("502 Bad Gateway", Cause::Unreachable),
        ("503 Service Unavailable", Cause::Unreachable),
    ] {
        let proxy = Server::always(format!("HTTP/1.1 {status}\r\n\r\n").leak());
        assert_eq!(cause("http", &proxy), expected, "{status}");
    }
    assert_eq!(cause("http", &Server::always("220 mail ESMTP\r\n\r\n")), Cause::Final);
    let closes = Server::start(|recorded, stream, _| {
        recorded.request(&mut &stream);
        let _ = stream.shutdown(Shutdown::Both);
    });
    assert_eq!(cause("http", &closes), Cause::Unreachable);

    for (answer, expected) in [
        (&[5, 0, 5, 5, 0, 1][..], Cause::Unreachable),
        (&[5, 0, 5, 2, 0, 1], Cause::Final),
        (&[5, 0xff], Cause::Final),
        (&[5], Cause::Unreachable),
    ] {
        let answer = answer.to_vec();
        let socks = Server::start(move |_, mut stream, _| {
            let _ = stream.read(&mut [0; 3]);
            stream.write_all(&answer[..answer.len().min(2)]).unwrap();
            if answer.len() > 2 {
                let _ = stream.read(&mut [0; 64]);
                stream.write_all(&answer[2..]).unwrap();
                stream.write_all(&[0, 0, 0, 0, 0, 0]).unwrap();
            }
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        assert_eq!(cause("socks5", &socks), expected);
    }
}

#[test]
fn why_there_is_no_tls() {
    let authority = Authority::new("ca");
    let cause = |server: &Server, trust: &Authority, options| {
        let config = config(server, &trusting(trust), "");
        refusal(with_kubeconfig(&config, options).unwrap().send(&call("/"))).cause
    };
    let server = serve(authority.sign(&["127.0.0.1"], false), Some(&authority), |_| String::new());
    assert_eq!(cause(&server, &Authority::new("other"), Options::default()), Cause::Final, "who is it?");
    assert_eq!(cause(&server, &authority, Options::default()), Cause::Final, "it wants to know who we are");

    // Broken while it is being made: by a server that starts or ends, or a balancer without one behind it.
    let closes = Server::start(|_, mut stream, _| {
        let _ = stream.read(&mut [0; 4096]);
    });
    assert_eq!(cause(&closes, &authority, Options::default()), Cause::Unreachable);
    let resets = Server::start(|_, mut stream, _| {
        let _ = stream.read(&mut [0; 8]);
    });
    assert_eq!(cause(&resets, &authority, Options::default()), Cause::Unreachable);
    let silent = Server::start(|_, _stream, _| std::thread::sleep(Duration::from_secs(30)));
    let impatient = Options { connect_timeout: 200 * MILLIS, ..Options::default() };
    assert_eq!(cause(&silent, &authority, impatient), Cause::Unreachable);
    let plain = Server::start(|_, mut stream, _| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    assert_eq!(cause(&plain, &authority, Options::default()), Cause::Final);
}
