//! Bodies of responses: files, pieces, and those that stay open.

use super::{body, run, status};
use crate::{Access, Answer, Body, Limits, Request, Response, StatusCode};
use std::io::Read;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

const OK: StatusCode = StatusCode::OK;
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn readers_are_sent_whole_or_the_connection_breaks() {
    let server = run(Limits::default(), Access::default(), |request: Request| {
        let len = request.path()[1..].parse().expect("a number");
        Answer::on_pool(move || {
            // A reader that gives a byte less than asked for.
            struct Small(u64);
            impl Read for Small {
                fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                    let most = (buffer.len() as u64).min(self.0).min(1000) as usize;
                    buffer[..most].fill(b'x');
                    self.0 -= most as u64;
                    Ok(most)
                }
            }
            Response::new(OK).body(Body::reader(Small(1_000_000), len))
        })
    });
    for len in [0_usize, 1, 32 << 10, 100_000, 1_000_000] {
        let response = server.get(&format!("/{len}"));
        assert!(response.contains(&format!("content-length: {len}\r\n")), "{len}");
        assert_eq!(body(&response).len(), len);
    }
    let short = server.get("/1000001");
    assert!(short.contains("content-length: 1000001\r\n") && body(&short).len() <= 1_000_000);
}

#[test]
fn pieces_come_as_they_are_sent_and_end_or_break() {
    let (to_test, senders) = channel();
    let to_test: Mutex<Sender<_>> = Mutex::new(to_test);
    let server = run(Limits::default(), Access::default(), move |_: Request| {
        let (pieces, body) = Body::pieces();
        to_test.lock().expect("a sender").send(pieces).expect("a test");
        Response::new(OK).body(body)
    });
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut client = server.connect();
    client.send(request);
    let pieces = senders.recv().expect("a request");
    pieces.send("one\n").expect("a client");
    assert!(client.until("one\n\r\n").contains("transfer-encoding: chunked"));
    pieces.send("two\n").expect("a client");
    client.until("two\n\r\n");
    pieces.end().expect("a client");
    assert_eq!(client.rest(), "0\r\n\r\n");
    // Whoever stops in the middle does not end the body.
    let mut client = server.connect();
    client.send(request);
    let pieces = senders.recv().expect("a request");
    pieces.send("half").expect("a client");
    client.until("half\r\n");
    drop(pieces);
    assert_eq!(client.rest(), "");
    // A client that leaves is noticed.
    let mut client = server.connect();
    client.send(request);
    let pieces = senders.recv().expect("a request");
    drop(client);
    while pieces.send("x").is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(pieces.is_gone());
}

#[test]
fn a_held_body_stays_open_and_takes_no_thread() {
    let limits = Limits { threads: 1, connections: 20, ..Limits::default() };
    let mut server = run(limits, Access::default(), |request: Request| match request.path() {
        "/watch" => Answer::from(Response::new(OK).body(Body::held("first\n", LONG))),
        "/brief" => Response::new(OK).body(Body::held("first\n", Duration::from_millis(50))).into(),
        _ => Answer::on_pool(|| Response::text("pool")),
    });
    let mut watches: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for watch in &mut watches {
        watch.send("GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
        watch.until("first\n\r\n");
    }
    assert_eq!(body(&server.get("/pool")), "pool");
    assert!(server.get("/brief").ends_with("6\r\nfirst\n\r\n0\r\n\r\n"));
    // Clients that leave make room: 10 connections, 20 times.
    for _ in 0..20 {
        let watch = watches.remove(0);
        drop(watch);
        let mut watch = server.connect();
        watch.send("GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
        watch.until("first\n\r\n");
        watches.push(watch);
    }
    // At the server's end, they end as they should.
    server.end();
    for watch in &mut watches {
        assert_eq!(watch.rest(), "0\r\n\r\n");
    }
}

#[test]
fn answers_come_later_from_any_thread() {
    let (to_test, promises) = channel();
    let to_test: Mutex<Sender<_>> = Mutex::new(to_test);
    let limits = Limits { threads: 1, ..Limits::default() };
    let server = run(limits, Access::default(), move |request: Request| {
        if request.path() == "/now" {
            return Response::text("now").into();
        }
        let (promise, answer) = Answer::later();
        to_test.lock().expect("a sender").send(promise).expect("a test");
        answer
    });
    let request = "GET /later HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut clients: Vec<_> = (0..3).map(|_| server.connect()).collect();
    let mut kept = Vec::new();
    for client in &mut clients {
        client.send(request);
        kept.push(promises.recv().expect("a request"));
    }
    // Nothing waits for them.
    assert_eq!(body(&server.get("/now")), "now");
    let (third, second, first) = (kept.pop().expect("3"), kept.pop().expect("2"), kept.pop().expect("1"));
    first.keep(Response::text("done"));
    assert_eq!(body(&clients[0].rest()), "done");
    drop(second);
    assert_eq!(status(&clients[1].rest()), 503);
    assert!(!third.is_void());
    clients.clear();
    while !third.is_void() {
        std::thread::sleep(Duration::from_millis(5));
    }
    third.keep(Response::text("for nobody"));
}

#[test]
fn a_promise_that_takes_too_long_is_answered_otherwise() {
    let (to_test, promises) = channel();
    let to_test: Mutex<Sender<_>> = Mutex::new(to_test);
    let server = run(Limits::default(), Access::default(), move |request: Request| {
        let time = if request.path() == "/short" { Duration::from_millis(50) } else { LONG };
        let (promise, answer) = Answer::later_within(time, || Response::text("not yet"));
        to_test.lock().expect("a sender").send(promise).expect("a test");
        answer
    });
    assert_eq!(body(&server.get("/short")), "not yet");
    let promise = promises.recv().expect("a request");
    assert!(promise.is_void());
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    promises.recv().expect("a request").keep(Response::text("done"));
    assert_eq!(body(&client.rest()), "done");
}

#[test]
fn a_handler_that_panics_fails_one_request() {
    let server = run(Limits::default(), Access::default(), |request: Request| match request.path() {
        "/pool" => Answer::on_pool(|| panic!("on purpose")),
        "/here" => panic!("on purpose"),
        _ => Response::text("fine").into(),
    });
    assert_eq!(status(&server.get("/pool")), 500);
    assert_eq!(server.get("/here"), "");
    assert_eq!(body(&server.get("/")), "fine");
}

/// What others wrote cannot add headers.
#[test]
fn a_value_cannot_end_the_head() {
    let evil = "a\r\nSet-Cookie: evil";
    let server = run(Limits::default(), Access::default(), move |_: Request| {
        Response::text("fine").header(crate::header::ETAG, evil).header(crate::header::SERVER, "kept")
    });
    let response = server.get("/");
    assert!(!response.contains("evil") && response.contains("server: kept"), "{response}");
}
