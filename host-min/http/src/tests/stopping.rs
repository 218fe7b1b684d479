//! A server's end.

use super::{body, run};
use crate::{Access, Answer, Limits, Request, Response};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn requests_under_way_are_answered_before_the_end() {
    let (to_test, promises) = channel();
    let to_test: Mutex<Sender<_>> = Mutex::new(to_test);
    let limits = Limits { grace: Duration::from_secs(60), ..Limits::default() };
    let mut server = run(limits, Access::default(), move |_: Request| {
        let (promise, answer) = Answer::later();
        to_test.lock().expect("a sender").send(promise).expect("a test");
        answer
    });
    let mut idle = server.connect();
    let mut client = server.connect();
    client.send(REQUEST);
    let promise = promises.recv().expect("a request");
    server.stopper.stop();
    // No new connections; those without a request end at once.
    while TcpStream::connect(server.address).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(idle.rest(), "");
    promise.keep(Response::text("the last one"));
    let response = client.rest();
    assert!(body(&response) == "the last one" && response.contains("connection: close"), "{response}");
    server.end();
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let limits = Limits { grace: Duration::from_millis(100), threads: 1, ..Limits::default() };
    let (to_test, begun) = channel();
    let to_test: Mutex<Sender<_>> = Mutex::new(to_test);
    let mut server = run(limits, Access::default(), move |request: Request| {
        to_test.lock().expect("a sender").send(()).expect("a test");
        if request.path() == "/pool" {
            return Answer::on_pool(|| {
                std::thread::sleep(Duration::from_secs(3600));
                Response::text("much later")
            });
        }
        let (promise, answer) = Answer::later();
        std::mem::forget(promise);
        answer
    });
    let mut clients = [server.connect(), server.connect()];
    clients[0].send(REQUEST);
    clients[1].send("GET /pool HTTP/1.1\r\nHost: localhost\r\n\r\n");
    for _ in &clients {
        begun.recv().expect("a request");
    }
    let begin = Instant::now();
    server.end();
    assert!(begin.elapsed() < Duration::from_secs(30));
    for client in &mut clients {
        assert_eq!(client.rest(), "");
    }
}
