//! One request to a server that is no API server: an object store, a service that takes archives, or a registry of modules.
//!
//! One request per connection, with a length and without chunks. The transport is that of the cluster's connections: names, proxies,
//! TLS, limits. A redirect is an answer like others: what is sent may be the data of a cluster, and goes where its owner said.
//!
//! Not here: whether and when to send again, where a file comes from, and which redirects to follow.

mod address;

pub use self::address::Address;

use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::access::Trust;
use super::body::Decoder;
use super::credentials::Credential;
use super::dial::{self, Proxy};
use super::http::{self, Framing, Head};
use super::proxy_env::ProxyVariables;
use super::scrub::Scrub;
use super::secret::Secret;
use super::socket::Socket;
use super::timeouts::{Limits, Silence, after, seconds};
use super::tls::{self, Tls, Unusable};
use super::tls_error;
use super::url::{ProxyKind, host_port};
use crate::{Cause, NoAnswer};
use wagather_base::error::{Class, Failure};
use wagather_base::file;
use wagather_base::limits::{DEFAULT_CONNECT_TIMEOUT, MAX_CREDENTIAL_BYTES};

/// What is written at once.
const CHUNK_BYTES: usize = 64 << 10;
/// What is read at once.
const PIECE_BYTES: usize = 16 << 10;
/// How much of an answer that refuses is read for the message.
const MAX_TEXT_BYTES: usize = 4 << 10;
/// How long that may take. Such a text comes with the head.
const TEXT_TIME: Duration = Duration::from_secs(5);
/// A value in a query that is shorter is no credential.
const MIN_SECRET_BYTES: usize = 16;

/// How the server is reached, and how long each part may take.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file of the authority to trust instead of the system's.
    pub certificate_authority: Option<PathBuf>,
    /// How long a connection may take, from the look-up of the name to the end of the TLS handshake.
    pub connect_timeout: Duration,
    /// How long the server may take no byte of the file.
    pub idle_timeout: Duration,
    /// How long its answer may take once it has the file.
    pub response_timeout: Duration,
    /// The proxies. `None` for those of the process's environment.
    #[doc(hidden)]
    pub proxies: Option<ProxyVariables>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            certificate_authority: None,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            idle_timeout: Duration::from_secs(30),
            response_timeout: Duration::from_secs(60),
            proxies: None,
        }
    }
}

/// One request.
#[derive(Debug)]
pub struct Request<'a> {
    /// `GET`, `HEAD`, `PUT` or `POST`.
    pub method: &'static str,
    /// The header fields besides those that belong to the connection. Their values are not shown, and are taken out of the answer.
    pub fields: &'a [(String, Secret)],
    /// How many bytes the body has.
    pub len: u64,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long it wants us to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Where a redirect leads, without its query.
    pub location: Option<String>,
    /// The beginning of its body, if it refuses. Foreign text, without our credentials.
    pub text: String,
}

/// An answer whose body was not read yet.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// How long it wants us to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Where a redirect leads. Its query may be a credential.
    pub location: Option<String>,
    /// How it wants to know who asks (`WWW-Authenticate`). Foreign text.
    pub challenges: Vec<String>,
    /// The media type of the body.
    pub content_type: Option<String>,
    body: Unread,
    scrubs: Vec<Arc<Scrub>>,
}

/// A body that was not read yet: what came of it with the head, and the connection for the rest.
struct Unread {
    stream: Stream,
    framing: Framing,
    bytes: Vec<u8>,
    who: String,
    idle: Duration,
    deadline: Instant,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// What kind of reason it is.
    pub cause: Cause,
    /// What happened, and with whom. May have foreign text.
    pub reason: String,
    /// What to do about it, or empty.
    pub advice: String,
}

impl From<NoAnswer> for Unsent {
    /// The advice of the cluster's transport is about kubeconfigs.
    fn from(NoAnswer { cause, reason, advice }: NoAnswer) -> Unsent {
        let advice = match &*advice {
            advice if advice.contains("NO_PROXY") => "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.".to_owned(),
            advice if advice.contains("kube") => ANOTHER_AUTHORITY.to_owned(),
            _ => advice,
        };
        Unsent { cause, reason, advice }
    }
}

const ANOTHER_AUTHORITY: &str =
    "Check the server's certificate. If the system does not know its authority, name that with --upload-ca.";

/// Sends files to one address.
pub struct Uploader {
    address: Address,
    proxy: Option<Proxy>,
    /// Absent for plain http.
    tls: Option<Tls>,
    options: Options,
}

enum Stream {
    Plain(Socket),
    Tls(Box<tls::Stream>),
}

impl Uploader {
    /// Reads what is needed to talk to the server. Does not connect.
    ///
    /// # Errors
    /// [`Class::Config`], for a certificate or a proxy that cannot be used.
    pub fn new(address: Address, options: &Options) -> Result<Uploader, Failure> {
        let fail =
            |why: String| Failure::new(Class::Config, format!("cannot upload to {}", address.shown()), why);
        let authority = options.certificate_authority.as_deref().map(|path| {
            file::read(path, MAX_CREDENTIAL_BYTES)
                .map(|pem| (pem, path.display().to_string()))
                .map_err(|error| fail(format!("cannot read {}: {error}", path.display())))
        });
        let trust = Trust { authority: authority.transpose()?, ..Trust::default() };
        let unusable = |error: Unusable| fail(error.why).advise("name another certificate with --upload-ca");
        let proxies = options.proxies.clone().unwrap_or_else(ProxyVariables::from_process);
        let proxy = proxies.choose(address.server()).map_err(fail)?;
        let proxy = proxy.map(|url| -> Result<Proxy, Failure> {
            let tls = match url.kind {
                ProxyKind::Https => Some(Tls::new(&url.host, &trust, None).map_err(unusable)?),
                ProxyKind::Http | ProxyKind::Socks5 => None,
            };
            Ok(Proxy { url, tls })
        });
        let proxy = proxy.transpose()?;
        let tls = match address.server().tls {
            true => Some(Tls::new(&address.server().host, &trust, None).map_err(unusable)?),
            false => None,
        };
        Ok(Uploader { address, proxy, tls, options: options.clone() })
    }

    /// Sends a file and waits for the answer. A server may answer before it has everything: then that counts if it refuses.
    pub fn send(
        &self,
        request: &Request<'_>,
        body: &mut dyn Read,
        deadline: Instant,
    ) -> Result<Answer, Unsent> {
        let reply = self.ask(request, body, deadline)?;
        let location = reply.location.as_deref().map(|to| to.split(['?', '#']).next().unwrap_or_default());
        let location = location.map(|to| reply.clean(to.to_owned()));
        let (status, retry_after) = (reply.status, reply.retry_after);
        let text = if status < 300 { String::new() } else { reply.text() };
        Ok(Answer { status, retry_after, location, text })
    }

    /// Sends a request and waits for the head of the answer.
    pub fn ask(
        &self,
        request: &Request<'_>,
        body: &mut dyn Read,
        deadline: Instant,
    ) -> Result<Reply, Unsent> {
        let scrubs = self.scrubs(request);
        match self.exchange(request, body, deadline) {
            Ok((head, body)) => {
                let Head { status, retry_after, location, challenges, content_type, .. } = head;
                Ok(Reply { status, retry_after, location, challenges, content_type, body, scrubs })
            }
            Err(unsent) => Err(Unsent { reason: clean(&scrubs, unsent.reason), ..unsent }),
        }
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        body: &mut dyn Read,
        deadline: Instant,
    ) -> Result<(Head, Unread), Unsent> {
        let who = self.who();
        let mut stream = self.connect(&who, deadline)?;
        let sent = self.write(&mut stream, request, body, deadline);
        if let Err(Cut::Source(error)) = sent {
            let reason = format!("cannot read the archive: {error}");
            return Err(Unsent { cause: Cause::Final, reason, advice: String::new() });
        }
        let until = after(Instant::now(), self.options.response_timeout, deadline);
        let answer = self.read(&mut stream, until, deadline);
        let (mut head, bytes) = match (sent, answer) {
            (Ok(()), Ok(answer)) => answer,
            (Ok(()), Err(error)) => {
                let waited = self.options.response_timeout;
                let what = format!("the request was sent, but no response came for {}", seconds(waited));
                return Err(explain(&error, ("get a response from", &who), &what, deadline));
            }
            // It refuses without having read everything. A success would be one of a file that it does not have.
            (Err(_), Ok(answer)) if answer.0.status >= 300 => answer,
            (Err(Cut::Wire(error) | Cut::Source(error)), _) => {
                let what = format!("it took no data for {}", seconds(self.options.idle_timeout));
                return Err(explain(&error, ("send to", &who), &what, deadline));
            }
        };
        let mut framing = std::mem::replace(&mut head.framing, Framing::Length(0));
        if request.method == "HEAD" {
            framing = Framing::Length(0);
        }
        let idle = self.options.idle_timeout;
        Ok((head, Unread { stream, framing, bytes, who, idle, deadline }))
    }

    fn who(&self) -> String {
        let server = self.address.server();
        host_port(&server.host, server.port)
    }

    fn connect(&self, who: &str, deadline: Instant) -> Result<Stream, Unsent> {
        let end = after(Instant::now(), self.options.connect_timeout, deadline);
        let nobody = Credential { authorization: None, identity: None, generation: 0, scrub: None };
        dial::dial(self.address.server(), self.proxy.as_ref(), end)
            .and_then(|socket| match &self.tls {
                None => Ok(Stream::Plain(socket)),
                Some(tls) => Ok(Stream::Tls(Box::new(tls.connect(socket, &nobody, who)?))),
            })
            .map_err(|no_answer| {
                let mut unsent = Unsent::from(no_answer);
                if unsent.cause == Cause::Late && Instant::now() < deadline {
                    unsent.cause = Cause::Unreachable;
                    unsent.reason += &format!(": {}", seconds(self.options.connect_timeout));
                }
                unsent
            })
    }

    fn head(&self, request: &Request<'_>) -> String {
        let server = self.address.server();
        // A plain server behind an HTTP proxy: the proxy reads the request, and needs the whole URL.
        let reads = |proxy: &&Proxy| proxy.url.kind != ProxyKind::Socks5 && !server.tls;
        let proxy = self.proxy.as_ref().filter(reads);
        let origin = proxy.map_or(String::new(), |_| server.to_string());
        let mut head = format!(
            "{} {origin}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n",
            request.method,
            self.address.target(),
            server.authority,
            http::user_agent(),
        );
        let is_said = |wanted: &str| request.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !is_said("accept") {
            head += "Accept: */*\r\n";
        }
        head += "Connection: close\r\n";
        if !matches!(request.method, "GET" | "HEAD") {
            head += &format!("Content-Length: {}\r\n", request.len);
        }
        let mut add = |name: &str, value: &Secret| {
            for part in [name, ": ", value.reveal(), "\r\n"] {
                head += part;
            }
        };
        for (name, value) in request.fields {
            add(name, value);
        }
        if let Some(login) = self.address.login().filter(|_| !is_said("authorization")) {
            add("Authorization", &login);
        }
        if let Some(authorization) = proxy.and_then(|proxy| proxy.url.authorization()) {
            add("Proxy-Authorization", &authorization);
        }
        head + "\r\n"
    }

    /// Writes all of it, or says where it was cut.
    fn write(
        &self,
        stream: &mut Stream,
        request: &Request<'_>,
        body: &mut dyn Read,
        deadline: Instant,
    ) -> Result<(), Cut> {
        let mut write = |bytes: &[u8]| {
            // Each piece has its own time: only a server that takes nothing at all is given up.
            let end = after(Instant::now(), self.options.idle_timeout, deadline);
            stream.set_limits(Limits::only(end));
            stream.write_all(bytes).map_err(Cut::Wire)
        };
        write(self.head(request).as_bytes())?;
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut left = request.len;
        while left > 0 {
            let room = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let len = match body.read(&mut buffer[..room]) {
                Ok(0) => return Err(Cut::Source(io::Error::other("it became shorter"))),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Cut::Source(error)),
            };
            write(&buffer[..len])?;
            left -= len as u64;
        }
        stream.flush().map_err(Cut::Wire)
    }

    /// Reads the head of the answer. Gives what came after it, too.
    fn read(&self, stream: &mut Stream, until: Instant, deadline: Instant) -> io::Result<(Head, Vec<u8>)> {
        stream.set_limits(Limits { deadline, silence: Silence::Until(until) });
        let (mut bytes, mut piece) = (Vec::new(), vec![0; PIECE_BYTES]);
        loop {
            match http::parse(&bytes, false).map_err(|why| io::Error::new(ErrorKind::InvalidData, why))? {
                Some((len, head)) => {
                    bytes.drain(..len);
                    if head.status >= 200 {
                        return Ok((head, bytes));
                    }
                    // Interim answers say nothing.
                }
                None => match stream.read(&mut piece)? {
                    0 => return Err(ErrorKind::UnexpectedEof.into()),
                    len => bytes.extend_from_slice(&piece[..len]),
                },
            }
        }
    }

    /// What takes what we send out of what comes back.
    fn scrubs(&self, request: &Request<'_>) -> Vec<Arc<Scrub>> {
        let secrets = request.fields.iter().map(|(_, value)| value.clone());
        let of_proxy = self.proxy.as_ref().and_then(|proxy| proxy.url.login.as_ref()).map(super::url::basic);
        let of_query = self.address.query_values().filter(|value| value.len() >= MIN_SECRET_BYTES);
        secrets
            .chain(self.address.login())
            .chain(of_proxy)
            .chain(of_query.map(Secret::new))
            .filter_map(|secret| Scrub::of(Some(&secret)))
            .collect()
    }
}

/// Where a request broke off.
enum Cut {
    /// The file could not be read.
    Source(io::Error),
    /// The connection broke, or the server took nothing.
    Wire(io::Error),
}

impl Reply {
    /// The body, which may have so many bytes.
    ///
    /// # Errors
    /// It has more, or it broke off.
    pub fn bytes(mut self, max: u64) -> Result<Vec<u8>, Unsent> {
        let Unread { idle, deadline, .. } = self.body;
        let reason = format!("the response of {} has more than {max} bytes", self.body.who);
        let too_large = || Unsent { cause: Cause::Final, reason, advice: String::new() };
        if matches!(self.body.framing, Framing::Length(len) if len > max) {
            return Err(too_large());
        }
        self.body.stream.set_limits(Limits { deadline, silence: Silence::For(idle) });
        let most = usize::try_from(max).unwrap_or(usize::MAX);
        let (bytes, end) = self.body.read(most.saturating_add(1));
        match end {
            _ if bytes.len() > most => Err(too_large()),
            Ok(()) => Ok(bytes),
            Err(error) => {
                let what = format!("no data arrived for {}", seconds(idle));
                let who = ("read the response of", &*self.body.who);
                let unsent = explain(&error, who, &what, deadline);
                Err(Unsent { reason: clean(&self.scrubs, unsent.reason), ..unsent })
            }
        }
    }

    /// Copies the body, which may have so many bytes. The outer error is one of `into`.
    ///
    /// # Errors
    /// It has more, or it broke off.
    pub fn copy_to(mut self, into: &mut dyn Write, max: u64) -> io::Result<Result<(), Unsent>> {
        let Unread { idle, deadline, .. } = self.body;
        self.body.stream.set_limits(Limits { deadline, silence: Silence::For(idle) });
        let (mut len, mut failed) = (0, None);
        let end = self.body.read_into(max.saturating_add(1), &mut |bytes| {
            len += bytes.len() as u64;
            into.write_all(bytes).map_err(|error| {
                failed = Some(error);
                ErrorKind::Other.into()
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        Ok(match end {
            Ok(()) if len > max => {
                let reason = format!("the response of {} has more than {max} bytes", self.body.who);
                Err(Unsent { cause: Cause::Final, reason, advice: String::new() })
            }
            Ok(()) => Ok(()),
            Err(error) => {
                let what = format!("no data arrived for {}", seconds(idle));
                let unsent = explain(&error, ("read the response of", &self.body.who), &what, deadline);
                Err(Unsent { reason: clean(&self.scrubs, unsent.reason), ..unsent })
            }
        })
    }

    /// The beginning of a body that only explains. It may end anywhere, or nowhere, so what goes wrong is its end. Foreign text,
    /// without our credentials.
    pub fn text(mut self) -> String {
        let deadline = self.body.deadline;
        let soon = after(Instant::now(), TEXT_TIME, deadline);
        self.body.stream.set_limits(Limits { deadline, silence: Silence::Until(soon) });
        let (bytes, _) = self.body.read(MAX_TEXT_BYTES);
        self.clean(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A text without what we sent.
    pub fn clean(&self, text: String) -> String {
        clean(&self.scrubs, text)
    }
}

impl Unread {
    /// Reads up to so many bytes, and says whether they ended in time.
    fn read(&mut self, most: usize) -> (Vec<u8>, io::Result<()>) {
        let mut out = Vec::new();
        let end = self.read_into(most as u64, &mut |bytes| {
            out.extend_from_slice(bytes);
            Ok(())
        });
        (out, end)
    }

    /// The same, in pieces.
    fn read_into(&mut self, most: u64, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut decoder = Decoder::new(std::mem::replace(&mut self.framing, Framing::Length(0)));
        let (mut left, mut piece, mut decoded) = (most, vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
        while !decoder.is_done() && left > 0 {
            let room = decoded.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let (used, given) = decoder.decode(&self.bytes, &mut decoded[..room])?;
            self.bytes.drain(..used);
            take(&decoded[..given])?;
            left -= given as u64;
            if used > 0 || given > 0 {
                continue;
            }
            match self.stream.read(&mut piece)? {
                0 if decoder.may_close() => break,
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                len => self.bytes.extend_from_slice(&piece[..len]),
            }
        }
        Ok(())
    }
}

fn clean(scrubs: &[Arc<Scrub>], text: String) -> String {
    scrubs.iter().fold(text, |text, scrub| scrub.text(text))
}

/// What an error of a connection that was made comes to. Silence is told in other words than a connection that broke.
fn explain(error: &io::Error, (verb, who): (&str, &str), silence: &str, deadline: Instant) -> Unsent {
    let is_late = error.kind() == ErrorKind::TimedOut;
    if is_late || super::timeouts::is_silence(error) {
        let cause = if Instant::now() < deadline { Cause::Broken } else { Cause::Late };
        return Unsent { cause, reason: format!("cannot {verb} {who}: {silence}"), advice: String::new() };
    }
    tls_error::explain(error, verb, who, false).into()
}

impl Stream {
    fn set_limits(&mut self, limits: Limits) {
        match self {
            Stream::Plain(socket) => socket.set_limits(limits),
            Stream::Tls(stream) => stream.sock.socket.set_limits(limits),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(buffer),
            Stream::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
