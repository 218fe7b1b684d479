//! The service's API over its Unix socket: requests one after the other on a connection.
//!
//! The service closes a connection on which nothing comes for some seconds. So one that was not used for long is made anew, and a request that fails
//! on a connection that was used just now is the service's fault.

use crate::stops;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Error, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longer than any answer of a service may take: a run waits for its turn, and has a time limit.
const PATIENCE: Duration = Duration::from_secs(120);

/// For how long a connection may lie idle: shorter than the service allows, which is 15 s.
const IDLE: Duration = Duration::from_secs(5);

/// How long the service is asked to wait for the end of a run.
const WAIT_SECONDS: u64 = 90;

/// A client.
pub(crate) struct Client {
    socket: PathBuf,
    connection: Option<(BufReader<UnixStream>, Instant)>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn new(socket: &Path) -> Client {
        Client { socket: socket.to_owned(), connection: None }
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// Asks for a run, and waits for its end.
    pub(crate) fn run(&mut self, gatherer: &str) -> io::Result<Answer> {
        let body = json!({"gatherer": gatherer, "waitSeconds": WAIT_SECONDS}).to_string();
        let head = "POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        self.ask(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// Asks again if this process was stopped meanwhile: the connection may have been closed.
    fn ask(&mut self, request: &str) -> io::Result<Answer> {
        let begin = Instant::now();
        self.ask_once(request).or_else(|error| match stops::since(begin) {
            true => self.ask_once(request),
            false => Err(error),
        })
    }

    fn ask_once(&mut self, request: &str) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some((connection, used)) if used.elapsed() < IDLE => connection,
            _ => {
                let stream = UnixStream::connect(&self.socket)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                BufReader::new(stream)
            }
        };
        connection.get_mut().write_all(request.as_bytes())?;
        let answer = read(&mut connection)?;
        self.connection = Some((connection, Instant::now()));
        Ok(answer)
    }
}

fn read(from: &mut impl BufRead) -> io::Result<Answer> {
    let odd = |what: &str| Error::other(format!("the answer has no {what}"));
    let (mut line, mut length) = (String::new(), None);
    from.read_line(&mut line)?;
    let status =
        line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| odd("status"))?;
    loop {
        line.clear();
        from.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length.ok_or_else(|| odd("length"))?];
    from.read_exact(&mut body)?;
    Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}
