//! Work that a thread of the server does itself, while another one serves.

use super::{Client, Running, body};
use crate::{Access, Address, Answer, Limits, Listener, Request, Response, Server, relay};
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{ThreadId, current};
use std::time::Duration;

/// A server whose requests for `/work` wait on their thread until they are released. It tells on which thread that is.
fn run(released: Receiver<()>, tells: Sender<ThreadId>, stands_by: bool) -> Running {
    let listener =
        Listener::bind(&"127.0.0.1:0".parse().expect("an address"), Access::default()).expect("a socket");
    let Address::Tcp(address) = *listener.address() else { panic!("TCP") };
    let (released, tells) = (Arc::new(Mutex::new(released)), Mutex::new(tells));
    let server = Server::new(Limits::default(), move |request: Request| {
        if !["/work", "/panic"].contains(&request.path()) {
            return Answer::from(Response::text("served"));
        }
        let (promise, answer) = Answer::later();
        let (released, tells) = (Arc::clone(&released), tells.lock().expect("a sender").clone());
        let panics = request.path() == "/panic";
        let work = move || {
            tells.send(current().id()).expect("a test");
            let _ = released.lock().expect("a receiver").recv();
            assert!(!panics, "as the test wants");
            promise.keep(Response::text("done"));
        };
        match relay(Box::new(work)) {
            Ok(()) => answer,
            Err(_) => Response::text("nobody stands by").into(),
        }
    });
    let stopper = server.stopper();
    let thread = std::thread::spawn(move || match stands_by {
        true => {
            let start = |work| std::thread::Builder::new().spawn(work).map(drop);
            server.run_with_standby(vec![listener], start).expect("a server");
        }
        false => server.run(vec![listener]).expect("a server"),
    });
    Running { address, stopper, thread: Some(thread) }
}

const WORK: &str = "GET /work HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Asks for work until a thread does it: until the other thread is back, nobody stands by. Gives the client, and the thread.
fn begin(server: &Running, told: &Receiver<ThreadId>) -> (Client, ThreadId) {
    loop {
        let mut client = server.connect();
        client.send(WORK);
        match told.recv_timeout(Duration::from_millis(200)) {
            Ok(thread) => return (client, thread),
            Err(_) => assert_eq!(body(&client.rest()), "nobody stands by"),
        }
    }
}

#[test]
fn a_thread_works_while_another_one_serves() {
    let (release, released) = channel();
    let (tells, told) = channel();
    let server = run(released, tells, true);
    let mut threads = HashSet::new();
    for _ in 0..20 {
        let (mut client, thread) = begin(&server, &told);
        threads.insert(thread);
        assert_eq!(body(&server.get("/")), "served");
        assert_eq!(body(&server.get("/work")), "nobody stands by");
        release.send(()).expect("work");
        assert_eq!(body(&client.rest()), "done");
    }
    assert_eq!(threads.len(), 2, "both threads work and serve in turn");
}

#[test]
fn work_that_is_under_way_at_the_end_is_done() {
    for round in 0..10 {
        let (release, released) = channel();
        let (tells, told) = channel();
        let mut server = run(released, tells, true);
        // One thread or the other.
        for _ in 0..round % 2 {
            let (mut client, _) = begin(&server, &told);
            release.send(()).expect("work");
            assert_eq!(body(&client.rest()), "done");
        }
        let (mut client, _) = begin(&server, &told);
        server.stopper.stop();
        release.send(()).expect("work");
        assert_eq!(body(&client.rest()), "done");
        server.end();
    }
}

#[test]
fn work_that_panics_takes_no_thread_along() {
    let (release, released) = channel();
    let (tells, told) = channel();
    let server = run(released, tells, true);
    for _ in 0..4 {
        let mut client = server.connect();
        client.send(WORK.replace("/work", "/panic"));
        if told.recv_timeout(Duration::from_millis(200)).is_err() {
            assert_eq!(body(&client.rest()), "nobody stands by");
            continue;
        }
        release.send(()).expect("work");
        let response = client.rest();
        assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
        let (mut client, _) = begin(&server, &told);
        release.send(()).expect("work");
        assert_eq!(body(&client.rest()), "done");
    }
}

#[test]
fn without_a_thread_that_stands_by_work_is_given_back() {
    let (_release, released) = channel();
    let (tells, _told) = channel();
    let server = run(released, tells, false);
    assert_eq!(body(&server.get("/work")), "nobody stands by");
    assert!(relay(Box::new(|| ())).is_err(), "this is no thread of a server");
}
