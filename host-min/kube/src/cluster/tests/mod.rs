//! The whole source against servers on this machine, which do as each test says.
//!
//! Not a real API server: that is the business of the repository's end-to-end tests.

mod at_once;
mod gzip;
mod http;
mod keep;
mod link;
mod open;
mod timeouts;
mod tls;
mod trust;
mod upload;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Cluster, Environment, Options, ProxyVariables, open_in};
use crate::{Accept, Call, Cause, NoAnswer, Response, Source};
use wagather_base::error::Failure;

/// A server that runs a function for each connection, on a thread of its own, until the test ends.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// The heads of all requests, as text.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Runs `serve` with each connection and its number, counted from 0.
    fn start(serve: impl Fn(&Recorded, TcpStream, usize) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count, recorded) = (connections.clone(), Recorded(requests.clone()));
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let (serve, recorded) = (serve.clone(), recorded.clone());
                std::thread::spawn(move || serve(&recorded, stream.unwrap(), number));
            }
        });
        Server { address, connections, requests }
    }

    /// Answers every request of every connection with the same bytes.
    fn always(answer: &'static str) -> Server {
        Server::start(move |recorded, mut stream, _| {
            while recorded.request(&mut stream).is_some() {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        })
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Where requests are written down.
#[derive(Clone)]
struct Recorded(Arc<Mutex<Vec<String>>>);

impl Recorded {
    /// Reads the head of a request; none when the client has closed.
    fn request(&self, stream: &mut impl Read) -> Option<String> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        self.0.lock().unwrap().push(head.clone());
        Some(head)
    }
}

/// Surroundings with nothing in them.
fn nowhere() -> Environment {
    Environment {
        kubeconfig: None,
        home: None,
        service_host: None,
        service_port: None,
        service_account: Path::new("/nonexistent").to_owned(),
        proxies: ProxyVariables::default(),
    }
}

fn at(url: &str) -> Cluster {
    open_in(&Options { server: Some(url.to_owned()), ..Options::default() }, &nowhere()).unwrap()
}

fn with_kubeconfig(text: &str, options: Options) -> Result<Cluster, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, text).unwrap();
    open_in(&Options { kubeconfig: Some(path), ..options }, &nowhere())
}

fn call(path: &str) -> Call {
    within(path, Duration::from_secs(20))
}

fn within(path: &str, time: Duration) -> Call {
    Call { path_and_query: path.to_owned(), accept: Accept::Json, deadline: Instant::now() + time }
}

fn text(response: Result<Response, NoAnswer>) -> String {
    let mut text = String::new();
    response.unwrap().body.read_to_string(&mut text).unwrap();
    text
}

fn refusal(response: Result<Response, NoAnswer>) -> NoAnswer {
    match response {
        Ok(response) => panic!("answered with {}", response.status),
        Err(failure) => failure,
    }
}
