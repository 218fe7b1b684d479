//! An API server with canned answers on a loopback port, plain or TLS.
//!
//! It is not a model of Kubernetes: it has no state, applies no selector and checks no credential. It only records
//! the requests. It can fail in the ways that real servers and the proxies before them fail: see [`Answer`]. The
//! tests of the feature `cluster` use a real API server.

mod answer;
mod http;
mod list;

pub use answer::{Answer, Framing};
pub use list::{Expiry, List};

use crate::certificates::ServerCertificate;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A server that is not started yet.
#[derive(Default)]
pub struct Server {
    routes: BTreeMap<String, Route>,
    may: Option<May>,
    instead: Option<Instead>,
    forgets: bool,
}

/// Answers a request in another way than its route: with the answer of the route, or without.
type Instead = Box<dyn Fn(&Seen, Answer) -> Answer + Send + Sync>;

/// What an account may do, of a question's `resourceAttributes`.
type May = Box<dyn Fn(&Value) -> bool + Send + Sync>;

/// Where an account asks what it may do.
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

pub(crate) enum Route {
    Answer(Answer),
    List(List),
}

/// A server that runs; it stops with the value.
pub struct Running {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    routes: BTreeMap<String, Route>,
    may: Option<May>,
    instead: Option<Instead>,
    forgets: bool,
    seen: Mutex<Vec<Seen>>,
    stopped: AtomicBool,
}

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The query's pairs, decoded, in the order in which they were sent.
    pub query: Vec<(String, String)>,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty for a GET.
    pub body: Vec<u8>,
}

impl Server {
    /// A server that answers 404 to everything.
    pub fn new() -> Server {
        Server::default()
    }

    /// Answers a path, whatever the query is.
    pub fn on(mut self, path: &str, answer: Answer) -> Server {
        self.routes.insert(path.into(), Route::Answer(answer));
        self
    }

    /// Answers a path with a list, in pages of the size that the client asks for; and the same in one namespace with what is in that.
    pub fn list(mut self, path: &str, list: List) -> Server {
        self.routes.insert(path.into(), Route::List(list));
        self
    }

    /// Answers what the account may do (`SelfSubjectAccessReview`), of the question's `resourceAttributes`.
    pub fn may(mut self, may: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Server {
        self.may = Some(Box::new(may));
        self
    }

    /// Passes each answer through a function, which may give another one: a server that misbehaves now and then.
    pub fn instead(mut self, instead: impl Fn(&Seen, Answer) -> Answer + Send + Sync + 'static) -> Server {
        self.instead = Some(Box::new(instead));
        self
    }

    /// Forgets what it was asked, for servers that are asked all the time.
    pub fn forgetting(mut self) -> Server {
        self.forgets = true;
        self
    }

    /// Starts it on a free port, without TLS.
    pub fn start(self) -> Running {
        self.listen(("127.0.0.1", 0), None)
    }

    /// Starts it on a free port with TLS, as the one that the certificate says.
    pub fn start_tls(self, certificate: &ServerCertificate) -> Running {
        self.start_tls_at("127.0.0.1", certificate)
    }

    /// The same on this port, on which another one was before.
    pub fn start_tls_on(self, port: u16, certificate: &ServerCertificate) -> Running {
        self.listen(("127.0.0.1", port), Some(certificate.config()))
    }

    /// The same on another address of this machine.
    pub fn start_tls_at(self, address: &str, certificate: &ServerCertificate) -> Running {
        self.listen((address, 0), Some(certificate.config()))
    }

    fn listen(self, address: (&str, u16), tls: Option<Arc<rustls::ServerConfig>>) -> Running {
        let listener = TcpListener::bind(address)
            .unwrap_or_else(|error| panic!("cannot listen on {}, port {}: {error}", address.0, address.1));
        let address = listener.local_addr().expect("an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            routes: self.routes,
            may: self.may,
            instead: self.instead,
            forgets: self.forgets,
            seen: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (serving, tls) = (serving.clone(), tls.clone());
                std::thread::spawn(move || serve(stream, tls, &serving));
            }
        });
        Running { address, scheme, shared }
    }
}

/// A client that goes away, or refuses the certificate, is no failure of the server.
fn serve(stream: TcpStream, tls: Option<Arc<rustls::ServerConfig>>, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    let _ = match tls {
        None => http::serve(stream, shared),
        Some(config) => match rustls::ServerConnection::new(config) {
            Ok(connection) => http::serve(rustls::StreamOwned::new(connection, stream), shared),
            Err(_) => Ok(()),
        },
    };
}

impl Running {
    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it was asked, in the order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("no panic while it was held").clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener up, so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    /// The list of which such a path is the part in one namespace.
    fn list_in_a_namespace<'a>(&self, path: &'a str) -> Option<(&List, &'a str)> {
        let (before, after) = path.split_once("/namespaces/")?;
        let (namespace, resource) = after.split_once('/').filter(|(_, resource)| !resource.contains('/'))?;
        match self.routes.get(&format!("{before}/{resource}")) {
            Some(Route::List(list)) if list.is_in_namespaces() => Some((list, namespace)),
            _ => None,
        }
    }

    fn review(&self, seen: &Seen) -> Answer {
        let question = serde_json::from_slice::<Value>(&seen.body).ok().filter(|_| seen.path == REVIEWS);
        match (&self.may, question) {
            (Some(may), Some(question)) => {
                let allowed = may(&question["spec"]["resourceAttributes"]);
                Answer::json(&json!({"status": {"allowed": allowed}})).with_status(201)
            }
            _ => Answer::status(404, "NotFound", "the server could not find the requested resource"),
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Notes a request and finds its answer.
    /// A document of discovery with the resources whose lists it has, if that is asked for.
    fn discovery(&self, path: &str) -> Option<Value> {
        let prefix = match path {
            "/api" => "/api/",
            "/apis" => "/apis/",
            _ => return None,
        };
        let mut groups = Vec::new();
        for (path, route) in &self.routes {
            let (Route::List(list), Some(rest)) = (route, path.strip_prefix(prefix)) else { continue };
            let parts: Vec<&str> = rest.split('/').collect();
            let (group, version, plural) = match parts[..] {
                [version, plural] if prefix == "/api/" => ("", version, plural),
                [group, version, plural] if prefix == "/apis/" => (group, version, plural),
                _ => continue,
            };
            let scope = if list.is_in_namespaces() { "Namespaced" } else { "Cluster" };
            groups.push(json!({"metadata": {"name": group}, "versions": [{
                "version": version, "freshness": "Current", "resources": [{
                    "resource": plural, "responseKind": {"kind": list.kind_of_items()}, "scope": scope, "verbs": ["get", "list"]}]}]}));
        }
        Some(
            json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": groups}),
        )
    }

    pub(crate) fn answer(&self, seen: Seen) -> Answer {
        let answer = match self.routes.get(&seen.path) {
            _ if seen.method == "POST" => self.review(&seen),
            Some(Route::Answer(answer)) => answer.clone(),
            Some(Route::List(list)) => list.page(&seen, None),
            None if let Some((list, namespace)) = self.list_in_a_namespace(&seen.path) => {
                list.page(&seen, Some(namespace))
            }
            None => match self.discovery(&seen.path) {
                Some(document) => Answer::json(&document),
                None => Answer::status(404, "NotFound", "the server could not find the requested resource"),
            },
        };
        let answer = match &self.instead {
            Some(instead) => instead(&seen, answer),
            None => answer,
        };
        if !self.forgets {
            self.seen.lock().expect("no panic while it was held").push(seen);
        }
        answer
    }
}

impl Seen {
    /// The first value of a parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
