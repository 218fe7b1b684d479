//! A registry of OCI artifacts on a loopback port, plain or TLS, that keeps what is pushed. A test can make it do wrong.
//!
//! It knows the part of the distribution specification that pulling and pushing a module needs. One request per connection. The tests
//! of the feature `cluster` use a real registry.

use crate::certificates::ServerCertificate;
use host_min::ModuleFacts;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The token that a registry's own service gives.
pub const TOKEN: &str = "token-of-the-registry-hunter4";
/// Media types, as tools write them.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The same of an index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The same of a module.
pub const MODULE: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// The header fields, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// More header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the body is repeated until the client hangs up.
    pub endless: bool,
}

/// Who may ask, and how a client finds out.
#[derive(Clone, Debug)]
pub enum Login {
    /// Everybody.
    Nobody,
    /// A user with a password: `user:password`.
    Basic(String),
    /// Whoever has a token, which the registry's own service gives to a user, or to everybody.
    Bearer(Option<String>),
}

/// What a registry does instead of what it should do.
type Wrong = Box<dyn Fn(&Request) -> Option<Response> + Send + Sync>;

/// A registry that runs; it stops with the value.
pub struct Registry {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    base: String,
    login: Login,
    wrong: Wrong,
    blobs: Mutex<BTreeMap<String, Vec<u8>>>,
    /// By name and tag or digest: `name:tag`.
    manifests: Mutex<BTreeMap<String, Vec<u8>>>,
    seen: Mutex<Vec<Request>>,
    stopped: AtomicBool,
}

/// The digest of bytes, as registries write it.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", ModuleFacts::of(bytes).sha256)
}

impl Request {
    /// A header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

impl Response {
    /// An answer with a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response { status, body: body.into(), ..Response::default() }
    }

    /// The same with a header field.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Response {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same without an end.
    pub fn endless(self) -> Response {
        Response { endless: true, ..self }
    }
}

impl Registry {
    /// One that does everything right, for everybody.
    pub fn start() -> Registry {
        Registry::with(Login::Nobody, |_| None)
    }

    /// One that wants to know who asks, and may do wrong.
    pub fn with(
        login: Login,
        wrong: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    ) -> Registry {
        Registry::listen(login, Box::new(wrong), None)
    }

    /// The same with TLS, on 127.0.0.1.
    pub fn with_tls(
        certificate: &ServerCertificate,
        login: Login,
        wrong: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    ) -> Registry {
        Registry::listen(login, Box::new(wrong), Some(certificate.config()))
    }

    fn listen(login: Login, wrong: Wrong, tls: Option<Arc<rustls::ServerConfig>>) -> Registry {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            base: format!("{scheme}://{address}"),
            login,
            wrong,
            blobs: Mutex::default(),
            manifests: Mutex::default(),
            seen: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (shared, tls) = (serving.clone(), tls.clone());
                std::thread::spawn(move || {
                    // A client that hangs up is what some tests are about.
                    let _ = stream.and_then(|stream| shared.serve(stream, tls));
                });
            }
        });
        Registry { address, shared }
    }

    /// Its host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The reference of something in it.
    pub fn reference(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.address)
    }

    /// All requests up to now.
    pub fn seen(&self) -> Vec<Request> {
        self.shared.seen.lock().expect("no panic").clone()
    }

    /// Keeps a blob, and gives its descriptor.
    pub fn blob(&self, kind: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        self.shared.blobs.lock().expect("no panic").insert(digest.clone(), bytes.into());
        json!({"mediaType": kind, "digest": digest, "size": bytes.len()})
    }

    /// Keeps a manifest under `name:tag` and under its digest, and gives its descriptor.
    pub fn manifest(&self, kind: &str, name_and_tag: &str, manifest: &Value) -> Value {
        let bytes = manifest.to_string().into_bytes();
        self.shared.keep(name_and_tag, &bytes);
        json!({"mediaType": kind, "digest": digest(&bytes), "size": bytes.len()})
    }

    /// Keeps a module as tools push it, under `name:tag`, and gives the manifest's descriptor.
    pub fn module(&self, name_and_tag: &str, module: &[u8]) -> Value {
        let config = self.blob("application/vnd.wasm.config.v1+json", b"{}");
        let layers = [self.blob(MODULE, module)];
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        self.manifest(MANIFEST, name_and_tag, &manifest)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn keep(&self, name_and_tag: &str, bytes: &[u8]) {
        let (name, _) = name_and_tag.rsplit_once(':').expect("a tag");
        let mut manifests = self.manifests.lock().expect("no panic");
        manifests.insert(name_and_tag.into(), bytes.into());
        manifests.insert(format!("{name}:{}", digest(bytes)), bytes.into());
    }

    fn serve(&self, stream: TcpStream, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<()> {
        match tls {
            None => self.answer_on(stream),
            Some(config) => {
                let connection = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
                let mut stream = rustls::StreamOwned::new(connection, stream);
                self.answer_on(&mut stream)?;
                stream.conn.send_close_notify();
                stream.flush()
            }
        }
    }

    fn answer_on(&self, mut stream: impl Read + Write) -> io::Result<()> {
        let Some(request) = read(&mut stream)? else { return Ok(()) };
        self.seen.lock().expect("no panic").push(request.clone());
        let response = (self.wrong)(&request).unwrap_or_else(|| self.answer(&request));
        let mut head = format!("HTTP/1.1 {} Status\r\nConnection: close\r\n", response.status);
        for (name, value) in &response.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !response.endless {
            head += &format!("Content-Length: {}\r\n", response.body.len());
        }
        stream.write_all((head + "\r\n").as_bytes())?;
        if request.method != "HEAD" {
            stream.write_all(&response.body)?;
        }
        if response.endless {
            loop {
                stream.write_all(&response.body)?;
            }
        }
        stream.flush()
    }

    fn answer(&self, request: &Request) -> Response {
        let authorization = request.header("authorization");
        let is_user = |login: &str| {
            let basic = wagather_base::base64::encode(login.as_bytes());
            authorization == Some(&*format!("Basic {basic}"))
        };
        match &self.login {
            Login::Bearer(user) if request.path == "/token" => {
                return match user {
                    Some(login) if !is_user(login) => refusal(401, "UNAUTHORIZED", "wrong password"),
                    _ => Response::new(200, json!({"token": TOKEN}).to_string()),
                };
            }
            Login::Bearer(_) if authorization != Some(&*format!("Bearer {TOKEN}")) => {
                let challenge = format!(
                    "Bearer realm=\"{}/token\",service=\"fake\",scope=\"repository:all:*\"",
                    self.base
                );
                return refusal(401, "UNAUTHORIZED", "authentication required")
                    .with("WWW-Authenticate", challenge);
            }
            Login::Basic(login) if !is_user(login) => {
                return refusal(401, "UNAUTHORIZED", "authentication required")
                    .with("WWW-Authenticate", "Basic realm=\"fake\"");
            }
            _ => {}
        }
        self.artifact(request)
            .unwrap_or_else(|| refusal(404, "NAME_UNKNOWN", "there is nothing of that name"))
    }

    fn artifact(&self, request: &Request) -> Option<Response> {
        let path = request.path.strip_prefix("/v2/")?;
        let method = &*request.method;
        if let Some((name, which)) = path.split_once("/manifests/") {
            let key = format!("{name}:{which}");
            if method == "PUT" {
                self.keep(&key, &request.body);
                return Some(Response::new(201, ""));
            }
            let manifest = self.manifests.lock().expect("no panic").get(&key)?.clone();
            return Some(Response::new(200, manifest).with("Content-Type", MANIFEST));
        }
        let (name, which) = path.split_once("/blobs/")?;
        match method {
            "POST" => {
                // With a state in the query, as real registries have it.
                let location = format!("/v2/{name}/blobs/uploads/1?state=a%2Fb");
                Some(Response::new(202, "").with("Location", location))
            }
            "PUT" => {
                let wanted = request.query.strip_prefix("state=a%2Fb&digest=sha256%3A")?;
                if digest(&request.body) != format!("sha256:{wanted}") {
                    return Some(refusal(400, "DIGEST_INVALID", "the digest is another"));
                }
                self.blob_kept(&request.body);
                Some(Response::new(201, ""))
            }
            _ => Some(Response::new(200, self.blobs.lock().expect("no panic").get(which)?.clone())),
        }
    }

    fn blob_kept(&self, bytes: &[u8]) {
        self.blobs.lock().expect("no panic").insert(digest(bytes), bytes.into());
    }
}

/// An error as the specification has it.
pub fn refusal(status: u16, code: &str, message: &str) -> Response {
    Response::new(status, json!({"errors": [{"code": code, "message": message}]}).to_string())
}

/// Reads a request; `None` if the client hung up.
fn read(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut request =
        Request { method: method.into(), path: path.into(), query: query.into(), headers, body: Vec::new() };
    let len = request.header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
    request.body = vec![0; len];
    stream.read_exact(&mut request.body)?;
    Ok(Some(request))
}
