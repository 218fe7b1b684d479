//! Uploads to servers that take them, refuse them, redirect, stall, or attack.

use std::io::{self, Cursor};

use super::super::upload::{Address, Answer, Options, Reply, Request, Unsent, Uploader};
use super::super::{ProxyVariables, Secret};
use super::tls::{Authority, serve};
use super::*;

fn options() -> Options {
    Options { proxies: Some(ProxyVariables::default()), ..Options::default() }
}

/// Sends a body with a token to a URL.
fn put(url: &str, options: &Options, body: &[u8]) -> Result<Answer, Unsent> {
    let uploader = Uploader::new(Address::parse(url).unwrap(), options).unwrap();
    let fields = [("Authorization".to_owned(), Secret::new("Bearer hunter2-hunter2"))];
    let request = Request { method: "PUT", fields: &fields, len: body.len() as u64 };
    uploader.send(&request, &mut Cursor::new(body), Instant::now() + Duration::from_secs(20))
}

/// Reads the head of a request and so many bytes of its body.
fn take(recorded: &Recorded, stream: &mut impl Read, len: usize) -> Vec<u8> {
    recorded.request(stream).unwrap();
    let mut body = vec![0; len];
    stream.read_exact(&mut body).unwrap();
    body
}

/// A server that takes five bytes and answers.
fn answering(answer: &'static str) -> Server {
    Server::start(move |recorded, mut stream, _| {
        take(recorded, &mut stream, 5);
        stream.write_all(answer.as_bytes()).unwrap();
    })
}

#[test]
fn a_file_is_sent_in_one_piece_with_its_length() {
    let server = answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    let url = format!("{}/a%20b?X-Amz-Signature=%2fA&x", server.url());
    let answer = put(&url, &options(), b"hello").unwrap();
    assert_eq!((answer.status, &*answer.text), (201, ""));
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let lines: Vec<&str> =
        request.lines().filter(|line| !line.starts_with("User-Agent: host-min/")).collect();
    assert_eq!(
        lines,
        [
            "PUT /a%20b?X-Amz-Signature=%2fA&x HTTP/1.1",
            &format!("Host: {}", server.address),
            "Accept: */*",
            "Connection: close",
            "Content-Length: 5",
            "Authorization: Bearer hunter2-hunter2",
            "",
        ]
    );
}

#[test]
fn redirects_are_told_and_not_followed() {
    let server = answering(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://other.example.com/a?sig=s\r\nContent-Length: 0\r\n\r\n",
    );
    let answer = put(&server.url(), &options(), b"hello").unwrap();
    assert_eq!((answer.status, answer.location.as_deref()), (307, Some("https://other.example.com/a")));
    assert_eq!(server.connections(), 1);
}

#[test]
fn what_we_sent_is_taken_out_of_what_comes_back() {
    let server = answering(
        "HTTP/1.1 403 Forbidden\r\nRetry-After: 7\r\nConnection: close\r\n\r\n<no>hunter2-hunter2 0123456789abcdef+ %2Bu:hunter3hunter3</no>",
    );
    let url = server.url().replace("http://", "http://u:hunter3hunter3@") + "/?sig=0123456789abcdef%2B&a=no";
    let uploader = Uploader::new(Address::parse(&url).unwrap(), &options()).unwrap();
    let fields = [("X-Token".to_owned(), Secret::new("Bearer hunter2-hunter2"))];
    let request = Request { method: "POST", fields: &fields, len: 5 };
    let deadline = Instant::now() + Duration::from_secs(20);
    let answer = uploader.send(&request, &mut Cursor::new(b"hello"), deadline).unwrap();
    assert!(!answer.text.contains("hunter") && !answer.text.contains("0123456789abcdef"), "{}", answer.text);
    assert!(answer.text.starts_with("<no>") && answer.text.ends_with("</no>"), "{}", answer.text);
    assert_eq!((answer.status, answer.retry_after), (403, Some(Duration::from_secs(7))));
    assert!(server.requests()[0].contains("\r\nAuthorization: Basic dTpodW50ZXIzaHVudGVyMw==\r\n"));
}

/// More than sockets hold, so that writing stops.
const MUCH: usize = 32 << 20;

#[test]
fn an_early_refusal_counts_and_an_early_success_does_not() {
    let stalled = Options { idle_timeout: Duration::from_millis(300), ..options() };
    for (status, counts) in [("413 Content Too Large", true), ("200 OK", false)] {
        let server = Server::start(move |recorded, mut stream, _| {
            take(recorded, &mut stream, 5);
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_secs(30));
        });
        match put(&server.url(), &stalled, &vec![0; MUCH]) {
            Ok(answer) => assert!(counts && answer.status == 413, "{answer:?}"),
            Err(unsent) => {
                assert!(!counts && unsent.cause == Cause::Broken, "{unsent:?}");
                assert!(unsent.reason.contains("it took no data for 0.3 s"), "{}", unsent.reason);
            }
        }
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let server = Server::start(|recorded, mut stream, _| {
        take(recorded, &mut stream, 5);
        std::thread::sleep(Duration::from_secs(30));
    });
    let short = Options { response_timeout: Duration::from_millis(200), ..options() };
    let unsent = put(&server.url(), &short, b"hello").unwrap_err();
    assert_eq!(unsent.cause, Cause::Broken);
    assert!(
        unsent.reason.contains("the request was sent, but no response came for 0.2 s"),
        "{}",
        unsent.reason
    );
    let gone = Server::start(|recorded, mut stream, _| drop(take(recorded, &mut stream, 5)));
    let unsent = put(&gone.url(), &options(), b"hello").unwrap_err();
    assert_eq!(unsent.cause, Cause::Broken, "{unsent:?}");
    let nobody = put("http://127.0.0.1:1/", &options(), b"hello").unwrap_err();
    assert_eq!(nobody.cause, Cause::Unreachable, "{nobody:?}");
}

#[test]
fn endless_answers_end() {
    fn endless(begin: &'static str, piece: &'static [u8]) -> Server {
        Server::start(move |recorded, mut stream, _| {
            take(recorded, &mut stream, 5);
            stream.write_all(begin.as_bytes()).unwrap();
            while stream.write_all(piece).is_ok() {}
        })
    }
    let server = endless("HTTP/1.1 500 Oh\r\n\r\n", &[b'x'; 1000]);
    assert_eq!(put(&server.url(), &options(), b"hello").unwrap().text.len(), 4 << 10);
    let server = endless("HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n");
    assert_eq!(put(&server.url(), &options(), b"hello").unwrap().text.len(), 4 << 10);
    let server = endless("HTTP/1.1 200 OK\r\n", &[b'x'; 1000]);
    let unsent = put(&server.url(), &options(), b"hello").unwrap_err();
    assert!(unsent.reason.ends_with("its head is too long"), "{}", unsent.reason);
    let server = endless("", b"HTTP/1.1 100 Continue\r\n\r\n");
    let short = Options { response_timeout: Duration::from_millis(300), ..options() };
    put(&server.url(), &short, b"hello").unwrap_err();
    // A body that is cut is as good as one that is whole.
    let server = answering("HTTP/1.1 500 Oh\r\nContent-Length: 99\r\n\r\nsorry");
    assert_eq!(put(&server.url(), &options(), b"hello").unwrap().text, "sorry");
}

#[test]
fn a_file_that_became_shorter_is_no_answer() {
    let server = Server::start(|recorded, mut stream, _| {
        recorded.request(&mut stream);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let uploader = Uploader::new(Address::parse(&server.url()).unwrap(), &options()).unwrap();
    let request = Request { method: "PUT", fields: &[], len: 9 };
    let deadline = Instant::now() + Duration::from_secs(20);
    let unsent = uploader.send(&request, &mut Cursor::new(b"hello"), deadline).unwrap_err();
    assert_eq!((unsent.cause, &*unsent.reason), (Cause::Final, "cannot read the archive: it became shorter"));
}

#[test]
fn servers_are_verified_and_the_advice_is_about_uploads() {
    let (authority, folder) = (Authority::new("uploads"), tempfile::tempdir().unwrap());
    let server = serve(authority.sign(&["localhost"], false), None, |_| {
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
    });
    let url = format!("https://localhost:{}/", server.address.port());
    for (pem, is_known) in [(authority.pem(), true), (Authority::new("other").pem(), false)] {
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, pem).unwrap();
        let trusting = Options { certificate_authority: Some(file), ..options() };
        // This server reads no bodies.
        match put(&url, &trusting, b"") {
            Ok(answer) => assert!(is_known && answer.status == 200),
            Err(unsent) => {
                assert!(!is_known && unsent.cause == Cause::Final, "{unsent:?}");
                assert!(
                    unsent.advice.contains("--upload-ca") && !unsent.advice.contains("kube"),
                    "{unsent:?}"
                );
            }
        }
    }
    let missing = Options { certificate_authority: Some("/nonexistent".into()), ..options() };
    assert!(Uploader::new(Address::parse(&url).unwrap(), &missing).is_err());
}

#[test]
fn proxies_are_those_of_the_environment() {
    let proxy = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let variables = ProxyVariables {
        http: Some(format!("http://u:p@{}", proxy.address)),
        https: None,
        no_proxy: Some("10.0.0.0/8".into()),
    };
    let proxied = Options { proxies: Some(variables), ..options() };
    put("http://archives.example.com/a?b", &proxied, b"hello").unwrap();
    let requests = proxy.requests();
    assert!(
        requests[0]
            .starts_with("PUT http://archives.example.com/a?b HTTP/1.1\r\nHost: archives.example.com\r\n")
    );
    assert!(requests[0].contains("\r\nProxy-Authorization: Basic dTpw\r\n"), "{}", requests[0]);
    let nobody = Options { connect_timeout: Duration::from_millis(1), ..proxied };
    // Whoever answers there or not: it is not the proxy.
    let _ = put("http://10.255.255.1/a", &nobody, b"hello");
    assert_eq!(proxy.connections(), 1);
}

/// Asks with a method that sends nothing, and reads a body of so many bytes.
fn ask(method: &'static str, answer: &'static str, max: u64) -> (Reply, Result<Vec<u8>, Unsent>, String) {
    let open = |server: &Server| {
        let uploader = Uploader::new(Address::parse(&server.url()).unwrap(), &options()).unwrap();
        let fields = [("Accept", "a/b"), ("Authorization", "Bearer hunter2-hunter2")];
        let fields = fields.map(|(name, value)| (name.to_owned(), Secret::new(value)));
        let request = Request { method, fields: &fields, len: 0 };
        uploader.ask(&request, &mut io::empty(), Instant::now() + Duration::from_secs(20)).unwrap()
    };
    let server = Server::start(move |recorded, mut stream, _| {
        take(recorded, &mut stream, 0);
        let _ = stream.write_all(answer.as_bytes());
    });
    let bytes = open(&server).bytes(max);
    let reply = open(&server);
    let requests = server.requests();
    (reply, bytes, requests[0].clone())
}

#[test]
fn a_body_is_read_whole_or_not_at_all() {
    let (reply, bytes, request) = ask(
        "GET",
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer realm=\"x\"\r\nLocation: /a?b=c\r\nContent-Type: t/x\r\nContent-Length: 5\r\n\r\nhello",
        5,
    );
    assert_eq!(
        (reply.status, reply.challenges),
        (401, vec!["Basic".to_owned(), "Bearer realm=\"x\"".to_owned()])
    );
    assert_eq!((reply.location.as_deref(), reply.content_type.as_deref()), (Some("/a?b=c"), Some("t/x")));
    assert_eq!(bytes.unwrap(), b"hello");
    assert!(request.contains("\r\nAccept: a/b\r\n") && !request.contains("*/*"), "{request}");
    assert!(!request.contains("Content-Length"), "{request}");
    for (answer, max, expected) in [
        ("HTTP/1.1 200 OK\r\n\r\nhello", 5, Ok(&b"hello"[..])),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            5,
            Ok(b"hello"),
        ),
        ("HTTP/1.1 200 OK\r\n\r\nhello", 4, Err("more than 4 bytes")),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            4,
            Err("more than 4 bytes"),
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nhello", 5, Err("more than 5 bytes")),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", 9, Err("read the response")),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 9, Err("chunks are malformed")),
    ] {
        match (ask("GET", answer, max).1, expected) {
            (Ok(bytes), Ok(expected)) => assert_eq!(bytes, expected, "{answer:?}"),
            (Err(unsent), Err(why)) => assert!(unsent.reason.contains(why), "{answer:?}: {unsent:?}"),
            (other, _) => panic!("{answer:?}: {other:?}"),
        }
    }
    // The answer to HEAD has the length of what is not sent.
    let (_, bytes, _) = ask("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0);
    assert_eq!(bytes.unwrap(), b"");
    let echo = "HTTP/1.1 403 No\r\n\r\nyou are hunter2-hunter2";
    assert_eq!(ask("GET", echo, 0).0.text(), "you are ***************");
}
