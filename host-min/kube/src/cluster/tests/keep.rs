//! Which connections are used again, and which had better not be.

use std::io::Write;
use std::net::Shutdown;
use std::sync::mpsc;

use super::tls::{Authority, config, serve, trusting};
use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

#[test]
fn a_stale_connection_is_replaced_by_a_new_one_at_once() {
    // All connections of a first wave are closed by the server while nobody uses them.
    let wave = 4;
    let together = std::sync::Barrier::new(wave);
    let (closed, all_closed) = mpsc::channel();
    let server = Server::start(move |recorded, mut stream, number| {
        while recorded.request(&mut stream).is_some() {
            if number < wave {
                together.wait();
            }
            stream.write_all(OK.as_bytes()).unwrap();
            if number < wave {
                drop(stream);
                let _ = closed.send(());
                return;
            }
        }
    });
    let cluster = at(&server.url());
    std::thread::scope(|scope| {
        for _ in 0..wave {
            scope.spawn(|| assert_eq!(text(cluster.send(&call("/"))), "{}"));
        }
    });
    assert_eq!(server.connections(), wave);
    all_closed.iter().take(wave).for_each(drop);
    for _ in 0..3 {
        assert_eq!(text(cluster.send(&call("/"))), "{}");
    }
    assert_eq!(server.connections(), wave + 1, "one new connection serves from then on");
    assert_eq!(server.requests().len(), wave + 3, "none of the old ones was sent a request");
}

#[test]
fn a_connection_that_closes_when_it_is_asked_is_replaced_once() {
    // The server closes when the second request arrives: it has been sent, and is sent again, on a new connection only.
    let server = Server::start(|recorded, mut stream, number| {
        if recorded.request(&mut stream).is_some() && number == 0 {
            stream.write_all(OK.as_bytes()).unwrap();
            recorded.request(&mut stream);
        }
    });
    let cluster = at(&server.url());
    assert_eq!(text(cluster.send(&call("/1"))), "{}");
    let failure = refusal(cluster.send(&call("/2")));
    assert_eq!(failure.cause, Cause::Broken);
    let paths: Vec<String> =
        server.requests().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(paths, ["/1", "/2", "/2"], "a new connection that breaks is not for us to try again");
    assert_eq!(server.connections(), 2);
}

#[test]
fn what_follows_an_answer_is_no_answer_to_the_next_request() {
    // It comes late, when the connection is in the pool already.
    let (sender, receiver) = mpsc::channel::<()>();
    let (receiver, (done, is_done)) = (Mutex::new(receiver), mpsc::channel());
    let server = Server::start(move |recorded, mut stream, number| {
        while recorded.request(&mut stream).is_some() {
            stream.write_all(OK.as_bytes()).unwrap();
            if number == 0 {
                receiver.lock().unwrap().recv().unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").unwrap();
                done.send(()).unwrap();
            }
        }
    });
    let cluster = at(&server.url());
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    sender.send(()).unwrap();
    is_done.recv().unwrap();
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_body_that_is_dropped_unread_takes_its_connection_along() {
    for framing in ["Content-Length: 300000", "Transfer-Encoding: chunked"] {
        let chunk = format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000));
        let body = if framing.starts_with('T') { chunk.repeat(3) + "0\r\n\r\n" } else { "x".repeat(300_000) };
        let answer = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{body}");
        let server = Server::start(move |recorded, mut stream, _| {
            while recorded.request(&mut stream).is_some() && stream.write_all(answer.as_bytes()).is_ok() {}
        });
        let cluster = at(&server.url());
        for read in [0, 1, 20_000, 250_000] {
            let mut body = cluster.send(&call("/")).unwrap().body;
            body.read_exact(&mut vec![0; read]).unwrap();
        }
        assert_eq!(server.connections(), 4, "{framing}");
        for _ in 0..2 {
            assert_eq!(text(cluster.send(&call("/"))).len(), 300_000);
        }
        assert_eq!(server.connections(), 5, "one that was read is used again");
    }
}

#[test]
fn an_old_connection_is_not_used() {
    let server = Server::always(OK);
    let cluster = at(&server.url());
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    cluster.pool.grow_older(Duration::from_secs(29));
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    assert_eq!(server.connections(), 1);
    cluster.pool.grow_older(Duration::from_secs(31));
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    assert_eq!(server.connections(), 2);
    // The same for one that was made ahead.
    let cluster = at(&server.url());
    cluster.warm(Instant::now() + Duration::from_secs(10));
    cluster.pool.grow_older(Duration::from_secs(31));
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    assert_eq!(server.connections(), 4);
}

#[test]
fn a_server_that_says_close_closes() {
    let server = Server::start(|recorded, mut stream, _| {
        recorded.request(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 2\r\n\r\n{}")
            .unwrap();
        // Left open for long, so that only the header tells.
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        assert_eq!(stream.read(&mut [0]).unwrap_or(1), 0, "the client has not closed");
        let _ = stream.shutdown(Shutdown::Both);
    });
    let cluster = at(&server.url());
    for sent in 1..=3 {
        assert_eq!(text(cluster.send(&call("/"))), "{}");
        assert_eq!(server.connections(), sent);
    }
}

#[test]
fn large_reads_of_all_framings_are_whole() {
    let data: Vec<u8> = (0..1_000_003u32).map(|n| (n % 251) as u8).collect();
    let chunked = |size: usize| {
        let mut body = Vec::new();
        for chunk in data.chunks(size) {
            body.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            body.extend(chunk);
            body.extend(b"\r\n");
        }
        body.extend(b"0\r\n\r\n");
        ("Transfer-Encoding: chunked\r\n".to_owned(), body)
    };
    let length = (format!("Content-Length: {}\r\n", data.len()), data.clone());
    let close = ("Connection: close\r\n".to_owned(), data.clone());
    for (framing, body) in [length, close, chunked(7), chunked(16 << 10), chunked(50_000), chunked(1 << 20)] {
        let stays = !framing.starts_with("Connection");
        let answer = [format!("HTTP/1.1 200 OK\r\n{framing}\r\n").into_bytes(), body].concat();
        let server = Server::start(move |recorded, mut stream, _| {
            while recorded.request(&mut stream).is_some() {
                stream.write_all(&answer).unwrap();
                if !stays {
                    return;
                }
            }
        });
        let cluster = at(&server.url());
        for size in [100, 16 << 10, 20_000, 64 << 10, 2 << 20] {
            let mut body = cluster.send(&call("/")).unwrap().body;
            let (mut read, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                match body.read(&mut buffer).unwrap() {
                    0 => break,
                    len => read.extend_from_slice(&buffer[..len]),
                }
            }
            assert!(read == data, "{framing} read by {size}");
        }
        assert_eq!(server.connections(), if stays { 1 } else { 5 }, "{framing}");
    }
}

#[test]
fn over_tls_large_bodies_are_whole_and_what_follows_one_ends_the_connection() {
    let authority = Authority::new("ca");
    let body: String = (0..300_000).map(|n| char::from(b'a' + (n % 23) as u8)).collect();
    let sent = body.clone();
    let server = serve(authority.sign(&["127.0.0.1"], false), None, move |request| {
        let more = if request.starts_with("GET /more ") { "HTTP/1.1 200 OK\r\n\r\nevil" } else { "" };
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{sent}{more}", sent.len())
    });
    let cluster = with_kubeconfig(&config(&server, &trusting(&authority), ""), Options::default()).unwrap();
    for _ in 0..5 {
        assert!(text(cluster.send(&call("/"))) == body);
    }
    assert_eq!(server.connections(), 1);
    for connections in 2..=4 {
        assert!(text(cluster.send(&call("/more"))) == body);
        assert!(text(cluster.send(&call("/"))) == body);
        assert_eq!(server.connections(), connections);
    }
    drop(cluster.send(&call("/")).unwrap());
    assert!(text(cluster.send(&call("/"))) == body);
    assert_eq!(server.connections(), 5, "a body that was not read takes its connection along");
}
