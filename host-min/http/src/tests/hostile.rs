//! Clients that mean harm.

use super::{body, run, status};
use crate::{Access, Limits, Request, Response};
use std::time::{Duration, Instant};

/// Says what it sees of a request.
fn echo(request: Request) -> Response {
    Response::text(format!(
        "{} {} {}",
        request.method(),
        request.path(),
        String::from_utf8_lossy(request.body())
    ))
}

#[test]
fn heads_have_limits() {
    let server = run(Limits::default(), Access::default(), echo);
    let with = |line: &str| {
        server.raw(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{line}Connection: close\r\n\r\n"))
    };
    assert_eq!(status(&with(&format!("X: {}\r\n", "x".repeat(15 << 10)))), 200);
    assert_eq!(status(&with(&format!("X: {}\r\n", "x".repeat(17 << 10)))), 431);
    assert_eq!(status(&with(&format!("X: {}\r\n", "x".repeat(1 << 20)))), 431);
    assert_eq!(status(&with(&"X: y\r\n".repeat(62))), 200);
    assert_eq!(status(&with(&"X: y\r\n".repeat(63))), 431);
    assert_eq!(status(&server.get(&format!("/{}", "a".repeat((8 << 10) - 1)))), 200);
    assert_eq!(status(&server.get(&format!("/{}", "a".repeat(8 << 10)))), 414);
    assert!([414, 431].contains(&status(&server.get(&format!("/{}", "a".repeat(70 << 10))))));
}

#[test]
fn what_is_no_request_is_refused() {
    let server = run(Limits::default(), Access::default(), echo);
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: localhost\r\n X: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / a HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET a HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
        b"G\x01T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS to a port without it\r\n\r\n",
    ] {
        assert_eq!(status(&server.raw(bytes)), 400, "{}", String::from_utf8_lossy(bytes));
    }
    // The preface of HTTP/2.
    assert!(!server.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").contains("200 OK"));
}

/// Two servers that disagree about the end of a request let one client put words into the next one's request.
#[test]
fn no_request_hides_in_another() {
    let server = run(Limits::default(), Access::default(), echo);
    let hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for lines in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
    ] {
        let response =
            server.raw(format!("POST / HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n0\r\n\r\n{hidden}"));
        assert_eq!(status(&response), 400, "{lines}{response}");
        assert!(!response.contains("/hidden"), "{lines}{response}");
    }
    // Both, in either order: the chunks count, and nothing after them does.
    let (length, chunked) = ("Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n");
    for lines in [format!("{length}{chunked}"), format!("{chunked}{length}")] {
        let response =
            server.raw(format!("POST / HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n0\r\n\r\n{hidden}"));
        assert!(status(&response) == 200 && body(&response).starts_with("POST / "), "{response}");
        assert!(!response.contains("/hidden"), "{lines}{response}");
    }
    let old = format!("POST / HTTP/1.0\r\n{chunked}\r\n0\r\n\r\n{hidden}");
    assert_eq!(status(&server.raw(old)), 400);
    // Chunks whose sizes or ends are none.
    for chunks in [
        "5\r\nab",
        "g\r\n\r\n",
        "5\nhello\n0\n\n",
        "-1\r\n\r\n",
        "fffffffffffffffff\r\na\r\n",
        "1\r\nabc\r\n0\r\n\r\n",
    ] {
        let mut client = server.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: localhost\r\n{chunked}\r\n{chunks}"));
        client.0.shutdown(std::net::Shutdown::Write).expect("a connection");
        let response = client.rest();
        assert!(response.is_empty() || status(&response) == 400, "{chunks:?}: {response}");
    }
}

#[test]
fn bodies_have_limits() {
    let limits = Limits { body_bytes: 1000, ..Limits::default() };
    let server = run(limits, Access::default(), echo);
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    let sent = |len: usize| server.raw(format!("{head}Content-Length: {len}\r\n\r\n{}", "x".repeat(len)));
    assert_eq!(status(&sent(1000)), 200);
    // What is announced is refused before it comes.
    let announced = server.raw(format!("{head}Content-Length: 1001\r\n\r\n"));
    assert_eq!(status(&announced), 413);
    assert_eq!(status(&server.raw(format!("{head}Content-Length: 18446744073709551000\r\n\r\n"))) / 100, 4);
    let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
    let chunked = |count: usize| {
        let chunks = chunk.repeat(count);
        server.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"))
    };
    assert_eq!(status(&chunked(10)), 200);
    assert_eq!(status(&chunked(11)), 413);
    // A client that waits to be told.
    let mut client = server.connect();
    client.send(format!("{head}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
    assert!(client.until("\r\n\r\n").starts_with("HTTP/1.1 100 "));
    client.send("hi");
    assert_eq!(body(&client.rest()), "POST / hi");
}

/// Slow heads, slow bodies and idle connections end, and others are served meanwhile.
#[test]
fn slow_clients_do_not_hold_connections() {
    let short = Duration::from_millis(300);
    let limits = Limits { connections: 3, head_time: short, body_time: short, ..Limits::default() };
    let server = run(limits, Access::default(), echo);
    let begin = Instant::now();
    let mut idle = server.connect();
    let mut slow_head = server.connect();
    slow_head.send("GET / HTTP/1.1\r\nHo");
    let mut slow_body = server.connect();
    slow_body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
    // All three connections are taken: this one waits until one of them ends.
    assert_eq!(status(&server.get("/other")), 200);
    assert!(begin.elapsed() >= short, "it did not wait");
    assert_eq!(idle.rest(), "");
    assert_eq!(slow_head.rest(), "");
    assert_eq!(status(&slow_body.rest()), 408);
    // A byte now and then is not enough.
    let mut drip = server.connect();
    let begin = Instant::now();
    drip.send("GET / HTTP/1.1\r\nX: ");
    while begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(50));
        if std::io::Write::write_all(&mut drip.0, b"y").is_err() {
            return;
        }
    }
    panic!("a byte now and then keeps a connection");
}

/// A client that asks for much and reads none of it.
#[test]
fn clients_that_do_not_read_do_not_hold_connections() {
    let limits = Limits { connections: 1, write_time: Duration::from_millis(300), ..Limits::default() };
    let server = run(limits, Access::default(), |request: Request| match request.path() {
        "/much" => Response::text("x".repeat(64 << 20)),
        _ => echo(request),
    });
    let mut client = server.connect();
    client.send("GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(body(&server.get("/other")), "GET /other ");
    drop(client);
}

#[test]
fn requests_one_after_the_other_on_a_connection() {
    let server = run(Limits::default(), Access::default(), echo);
    let one = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = "HEAD /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let responses = server.raw(format!("{one}{one}{last}"));
    assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), 3, "{responses}");
    assert_eq!(responses.matches("GET /a").count(), 2, "{responses}");
    // The response to HEAD has the length, and no body.
    assert!(!responses.contains("HEAD /b") && responses.ends_with("\r\n\r\n"), "{responses}");
    assert!(responses.contains("x-content-type-options: nosniff"), "{responses}");
    assert!(!responses.to_lowercase().contains("access-control"), "{responses}");
}
