//! A server that takes files, and has a fault for each of its first requests.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use wagather_base::{base64, hex};

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ends before anything is read.
    CloseAtOnce,
    /// It is reset in the middle of the body: it ends while there is something to read.
    Reset,
    /// Nothing is read or answered for so long.
    Stall(Duration),
    /// A status, with further fields.
    Status(u16, &'static str),
    /// The head of the answer ends in its middle. The file was not taken.
    CutHead,
    /// The file is taken, and the connection ends before the answer.
    TakenAndClosed,
    /// The file is taken, and the head of the answer ends in its middle.
    TakenAndCut,
    /// The file is taken, and the answer is a gateway's that did not wait for it.
    TakenAndTimedOut,
    /// The file is taken, and the body of the answer ends in its middle.
    TakenAndCutBody,
}

/// What the server has seen.
#[derive(Default)]
pub(crate) struct State {
    /// What is wrong with the requests to come.
    pub(crate) faults: VecDeque<Fault>,
    /// The files by their key, each with how often it came whole.
    pub(crate) stored: BTreeMap<String, (Vec<u8>, usize)>,
    /// The heads of the requests.
    pub(crate) heads: Vec<String>,
    /// Requests whose body was not what they say.
    pub(crate) corrupt: usize,
}

/// A server that runs until the test ends.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn start(faults: impl IntoIterator<Item = Fault>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State { faults: faults.into_iter().collect(), ..State::default() }));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                let stream = stream.expect("a connection");
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Server { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    /// The paths of the requests.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.state().heads.iter().map(|head| head.split(' ').nth(1).expect("a path").to_owned()).collect()
    }
}

/// What goes wrong with one connection is nobody's business: clients are cut off all the time.
fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut stream = stream;
    let fault = state.lock().expect("no panic").faults.pop_front();
    if fault == Some(Fault::CloseAtOnce) {
        return None;
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("text");
    let field = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")));
        line.map(|line| line[name.len() + 2..].to_owned())
    };
    state.lock().expect("no panic").heads.push(head.clone());
    let len: usize = field("content-length").expect("a length").parse().expect("a number");
    match fault {
        Some(Fault::Reset) => {
            stream.read_exact(&mut vec![0; len / 2]).ok()?;
            return None;
        }
        Some(Fault::Stall(time)) => {
            std::thread::sleep(time);
            return None;
        }
        _ => {}
    }
    let mut body = vec![0; len];
    stream.read_exact(&mut body).ok()?;
    match fault {
        Some(Fault::Status(status, fields)) => {
            let text = "\u{1b}[2Jno\u{202e}\nforged";
            let answer =
                format!("HTTP/1.1 {status} Oh\r\n{fields}Content-Length: {}\r\n\r\n{text}", text.len());
            stream.write_all(answer.as_bytes()).ok()?;
            return None;
        }
        Some(Fault::CutHead) => {
            stream.write_all(b"HTTP/1.1 50").ok()?;
            return None;
        }
        _ => {}
    }
    let (key, file) = match field("content-type")?.split_once("boundary=") {
        Some((_, boundary)) => (field("idempotency-key")?, part(&body, boundary)),
        None => (field("idempotency-key")?, body),
    };
    let sum = digest(&SHA256, &file);
    let is_right = key == format!("\"{}\"", hex::encode(sum.as_ref()))
        && field("content-digest")
            .is_none_or(|said| said == format!("sha-256=:{}:", base64::encode(sum.as_ref())));
    {
        let mut state = state.lock().expect("no panic");
        if !is_right {
            state.corrupt += 1;
            return None;
        }
        state.stored.entry(key).or_insert((file, 0)).1 += 1;
    }
    let answer: &[u8] = match fault {
        Some(Fault::TakenAndClosed) => b"",
        Some(Fault::TakenAndCut) => b"HTTP/1.1 20",
        Some(Fault::TakenAndTimedOut) => b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
        Some(Fault::TakenAndCutBody) => b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhal",
        _ => b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    };
    stream.write_all(answer).ok()
}

/// The content of the only part of a form.
fn part(body: &[u8], boundary: &str) -> Vec<u8> {
    let text = body.windows(4).position(|four| four == b"\r\n\r\n").expect("the part's head") + 4;
    let end = format!("\r\n--{boundary}--\r\n");
    body[text..].strip_suffix(end.as_bytes()).expect("the form's end").to_vec()
}
