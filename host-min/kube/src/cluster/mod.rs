//! A live API server: found as kubectl finds it, spoken to over plain HTTP/1.1 or TLS.
//!
//! [`open`] reads the configuration (the kubeconfig, the service account, the options) and everything in it that
//! is read once; it neither connects nor runs a plugin. [`Source::warm`] does both ahead of the first
//! request. From configuration to socket:
//!
//! | file | does |
//! |---|---|
//! | `kubeconfig/`, `in_cluster` | what is configured, as an `Access` |
//! | `credentials`, `exec` | tokens and certificates that change with time |
//! | `pool`, `dial`, `read_ahead`, `tls` | connections |
//! | `trust`, `certificate` | whether a server is who it should be |
//! | `http`, `body`, `gzip` | one request and its answer |
//! | `at_once` | a request that is written before anything waits for its answer |
//! | `link` | how fast the server answers, and whether that asks for compression |
//! | `timeouts` | how long each part may take |
//! | `review` | what this account may do |
//! | [`lease`] | the one object that may be written: a Lease, for replicas of a service |
//! | `scrub` | takes our credentials out of answers |
//! | [`upload`] | sends a file to another server, over the same transport |
//!
//! Not here: what may be asked, paging, and what becomes of an answer.

mod access;
mod at_once;
mod body;
mod certificate;
mod compression;
mod credentials;
mod dial;
mod exec;
#[cfg(fuzzing)]
pub mod fuzz;
mod gzip;
mod http;
mod identity;
mod in_cluster;
mod insecure;
mod kubeconfig;
pub mod lease;
mod link;
mod pool;
mod proxy_env;
mod read_ahead;
mod review;
mod scrub;
mod secret;
mod socket;
#[cfg(test)]
mod tests;
mod timeouts;
mod timestamp;
mod tls;
mod tls_error;
mod trust;
pub mod upload;
mod url;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::access::{Access, Trust};
use self::body::Body;
pub use self::compression::Compression;
use self::credentials::{Credential, Credentials};
use self::dial::Proxy;
pub(crate) use self::gzip::Gunzipped;
use self::http::{Head, Template};
use self::in_cluster::Found;
use self::kubeconfig::merge::Files;
use self::kubeconfig::resolve;
use self::link::Link;
use self::pool::{Connection, Pool};
#[doc(hidden)]
pub use self::proxy_env::ProxyVariables;
use self::scrub::{Scrub, Scrubbed};
pub use self::secret::Secret;
use self::timeouts::{Limits, Silence, Timeouts, after, explain_head, explanation};
use self::tls::{Tls, Unusable};
/// A URL as it may be shown: what may be a password is not in it.
pub use self::url::shown as shown_url;
use self::url::{ProxyKind, basic};
use super::{Call, Cause, NoAnswer, Permission, Question, Response, Source};
use wagather_base::error::{Class, Failure};
use wagather_base::limits::{DEFAULT_CONNECT_TIMEOUT, DEFAULT_FIRST_BYTE_TIMEOUT, DEFAULT_IDLE_TIMEOUT};

/// Which cluster, as whom: what the command line says. The rest is as kubectl would find it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The kubeconfig to use, and no other.
    pub kubeconfig: Option<PathBuf>,
    /// The context to use instead of the current one.
    pub context: Option<String>,
    /// The server to use instead of the cluster's; alone, `http://…`, as behind `kubectl proxy`.
    pub server: Option<String>,
    /// The kubeconfig's cluster to use instead of the context's.
    pub cluster: Option<String>,
    /// The kubeconfig's user to be instead of the context's.
    pub user: Option<String>,
    /// The bearer token to use instead of whatever else says who we are, but for a client certificate.
    pub token: Option<Secret>,
    /// The file that such a token is in; it is read again each minute.
    pub token_file: Option<PathBuf>,
    /// The file of the certificate authority to trust instead of the configuration's.
    pub certificate_authority: Option<PathBuf>,
    /// Whether to believe the server whoever it is.
    pub insecure_skip_tls_verify: bool,
    /// The name that the server's certificate must have instead of its host's.
    pub tls_server_name: Option<String>,
    /// The proxy to use instead of the configuration's.
    pub proxy_url: Option<String>,
    /// The user to act as (impersonation).
    pub as_user: Option<String>,
    /// The groups to act as; they need a user.
    pub as_groups: Vec<String>,
    /// The uid to act as; it needs a user.
    pub as_uid: Option<String>,
    /// How long a connection may take, from the look-up of the name to the end of the TLS handshake, a proxy's part included.
    pub connect_timeout: Duration,
    /// How long it may take from the request to the first byte of the answer.
    pub first_byte_timeout: Duration,
    /// How long an answer may bring nothing once it has begun.
    pub idle_timeout: Duration,
    /// Whether answers come compressed.
    pub compression: Compression,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            kubeconfig: None,
            context: None,
            server: None,
            cluster: None,
            user: None,
            token: None,
            token_file: None,
            certificate_authority: None,
            insecure_skip_tls_verify: false,
            tls_server_name: None,
            proxy_url: None,
            as_user: None,
            as_groups: Vec::new(),
            as_uid: None,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            first_byte_timeout: DEFAULT_FIRST_BYTE_TIMEOUT,
            idle_timeout: DEFAULT_IDLE_TIMEOUT,
            compression: Compression::default(),
        }
    }
}

/// What is taken from the process's surroundings; tests make up their own.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Environment {
    /// `KUBECONFIG`.
    pub kubeconfig: Option<OsString>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `KUBERNETES_SERVICE_HOST`.
    pub service_host: Option<OsString>,
    /// `KUBERNETES_SERVICE_PORT`.
    pub service_port: Option<OsString>,
    /// Where a pod finds its token and CA.
    pub service_account: PathBuf,
    /// The proxy variables.
    pub proxies: ProxyVariables,
}

impl Environment {
    /// This process's.
    pub fn from_process() -> Environment {
        Environment {
            kubeconfig: std::env::var_os("KUBECONFIG"),
            home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
            service_host: std::env::var_os("KUBERNETES_SERVICE_HOST"),
            service_port: std::env::var_os("KUBERNETES_SERVICE_PORT"),
            service_account: PathBuf::from(in_cluster::SERVICE_ACCOUNT),
            proxies: ProxyVariables::from_process(),
        }
    }
}

/// A live API server, and who we are to it.
pub struct Cluster {
    url: String,
    /// The context, or the server's host if there is none.
    label: String,
    template: Template,
    credentials: Credentials,
    /// Takes the proxy's credentials out of answers.
    proxy_scrub: Option<Arc<Scrub>>,
    pool: Arc<Pool>,
    warnings: Vec<String>,
}

/// Finds the cluster and reads what is needed to talk to it. Does not connect.
///
/// # Errors
/// [`Class::Config`], for anything in the configuration that cannot be used.
pub fn open(options: &Options) -> Result<Cluster, Failure> {
    open_in(options, &Environment::from_process())
}

/// [`open`], in other surroundings than the process's.
#[doc(hidden)]
pub fn open_in(options: &Options, environment: &Environment) -> Result<Cluster, Failure> {
    let (access, context) = find(options, environment)?;
    let url = access.server.to_string();
    let label = context.unwrap_or_else(|| access.server.host.clone());
    let fail = |why: String| Failure::new(Class::Config, format!("cannot use the cluster {url}"), why);
    let proxy = match &access.proxy {
        Some(proxy) => Some(proxy.clone()),
        None => environment.proxies.choose(&access.server).map_err(fail)?,
    };
    let link = Link::new(options.compression, access.plain_answers, access.server.tls);
    let template = Template::new(&access, proxy.as_ref());
    let Access { server, trust, auth, identity, mut warnings, .. } = access;
    let unusable = |error: Unusable| fail(error.why).advise(error.advice);
    let tls = match server.tls {
        true => Some(Tls::new(&server.host, &trust, identity).map_err(unusable)?),
        false => None,
    };
    let proxy = proxy.map(|url| -> Result<Proxy, Failure> {
        // As Go has it: who is trusted to be the server is trusted to be the proxy.
        let trust = Trust { server_name: None, ..trust };
        let tls = match url.kind {
            ProxyKind::Https => Some(Tls::new(&url.host, &trust, None).map_err(unusable)?),
            ProxyKind::Http | ProxyKind::Socks5 => None,
        };
        Ok(Proxy { url, tls })
    });
    let proxy = proxy.transpose()?;
    // A proxy trusts what the server does, so one warning is for both.
    warnings.extend(tls.as_ref().and_then(Tls::warning).map(str::to_owned));
    let credentials = Credentials::new(auth).map_err(fail)?;
    // Also for a SOCKS proxy, which gets its login in another form.
    let proxy_login = proxy.as_ref().and_then(|proxy| proxy.url.login.as_ref()).map(basic);
    let proxy_scrub = Scrub::of(proxy_login.as_ref());
    let timeouts = Timeouts {
        connect: options.connect_timeout,
        first_byte: options.first_byte_timeout,
        idle: options.idle_timeout,
    };
    let pool = Arc::new(Pool::new(server, proxy, tls, timeouts, link));
    Ok(Cluster { url, label, template, credentials, proxy_scrub, pool, warnings })
}

/// A context of the kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// The URL of its cluster's server; `None` if it has none that can be used.
    pub server: Option<String>,
}

/// The contexts of the kubeconfig in its order: of several files, first those of the first.
///
/// This process has the kubeconfig's secrets in its memory afterwards, as after [`open`].
///
/// # Errors
/// [`Class::Config`], if there is no kubeconfig or it cannot be used.
pub fn contexts(options: &Options) -> Result<Vec<Context>, Failure> {
    contexts_in(options, &Environment::from_process())
}

/// [`contexts`], in other surroundings than the process's.
#[doc(hidden)]
pub fn contexts_in(options: &Options, environment: &Environment) -> Result<Vec<Context>, Failure> {
    let files = Files::choose(
        options.kubeconfig.as_deref(),
        environment.kubeconfig.as_deref(),
        environment.home.as_deref(),
    );
    match files.read()? {
        Some(config) => Ok(resolve::contexts(&config)),
        None => Err(Failure::new(Class::Config, "cannot find the contexts", "there is no kubeconfig")
            .advise("Name one with --kubeconfig or KUBECONFIG.")),
    }
}

/// The kubeconfig, with its context; without one, the server that is named; without that, the pod's service account.
fn find(options: &Options, environment: &Environment) -> Result<(Access, Option<String>), Failure> {
    let over = options;
    let named = options.context.is_some() || options.cluster.is_some() || options.user.is_some();
    let files = Files::choose(
        options.kubeconfig.as_deref(),
        environment.kubeconfig.as_deref(),
        environment.home.as_deref(),
    );
    if let Some(config) = files.read()?.filter(|config| !config.is_empty() || named) {
        let context = over.context.clone().or_else(|| config.current_context.clone());
        return resolve::resolve(config, over).map(|access| (access, context));
    }
    for (kind, name) in [("context", &over.context), ("cluster", &over.cluster), ("user", &over.user)] {
        let Some(name) = name else { continue };
        let attempt = format!("cannot use the {kind} \"{name}\"");
        return Err(Failure::new(Class::Config, attempt, "there is no kubeconfig")
            .advise("Name one with --kubeconfig or KUBECONFIG."));
    }
    if over.server.is_some() {
        return resolve::server_alone(over).map(|access| (access, None));
    }
    if options.kubeconfig.is_none() {
        let (host, port) = (environment.service_host.as_ref(), environment.service_port.as_ref());
        match in_cluster::access(&environment.service_account, host, port, over) {
            Found::Account(access) => return access.map(|access| (access, None)),
            Found::NoToken(failure) => return Err(failure),
            Found::NoPod => {}
        }
    }
    let looked = match files {
        Files::Named(path) => format!("the kubeconfig {} is empty", path.display()),
        Files::Found(paths) if paths.is_empty() => "HOME and KUBECONFIG are not set".to_owned(),
        Files::Found(paths) => {
            let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            format!("there is no kubeconfig (looked for {})", paths.join(", "))
        }
    };
    Err(Failure::new(Class::Config, "cannot find a cluster", format!("{looked}, and this is not a pod"))
        .advise("Name a kubeconfig with --kubeconfig or KUBECONFIG, or a server with --server."))
}

impl Cluster {
    /// Warnings to show before anything is sent, such as that the server is not verified.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Does what needs a credential, and once more with another one if the server refused the first.
    fn with_credentials(
        &self,
        deadline: Instant,
        ask: impl Fn(&Credential) -> Result<Response, NoAnswer>,
    ) -> Result<Response, NoAnswer> {
        let credential = self.credentials.current(deadline)?;
        self.renewing(ask(&credential)?, &credential, deadline, ask)
    }

    /// Asks once more if the server refused the credential and there is another one.
    fn renewing(
        &self,
        answer: Response,
        refused: &Credential,
        deadline: Instant,
        ask: impl Fn(&Credential) -> Result<Response, NoAnswer>,
    ) -> Result<Response, NoAnswer> {
        if answer.status == 401
            && let Some(renewed) = self.credentials.renewed(refused, deadline)?
        {
            // First the old answer, so that its connection serves the new request.
            drop(answer);
            return ask(&renewed);
        }
        Ok(answer)
    }

    /// Sends a request that changes nothing, made for an answer that may come compressed or not, with one credential: on a kept connection if there is one, and once more on a new
    /// one if the server had closed that. What fails on a new connection is not tried again here.
    fn exchange(
        &self,
        request: &dyn Fn(bool) -> Result<Vec<u8>, NoAnswer>,
        deadline: Instant,
        credential: &Credential,
    ) -> Result<Response, NoAnswer> {
        let times = (Instant::now(), deadline);
        let connection = self.pool.take(credential, deadline).map_err(|why| self.clean(why, credential))?;
        self.exchange_on(connection, None, request, times, credential)
    }

    /// The same on a connection to which the request may have been written already, between the two times.
    fn exchange_on(
        &self,
        mut connection: Connection,
        mut asked: Option<Asked>,
        request: &dyn Fn(bool) -> Result<Vec<u8>, NoAnswer>,
        times: (Instant, Instant),
        credential: &Credential,
    ) -> Result<Response, NoAnswer> {
        let clean = |no_answer| self.clean(no_answer, credential);
        let (_, deadline) = times;
        loop {
            let asked = match asked.take() {
                Some(asked) => asked,
                None => {
                    // Now that there is a connection, it is known how far away the server is.
                    let wants_gzip = self.pool.link().wants_gzip();
                    self.ask(&mut connection, (&request(wants_gzip)?, wants_gzip), deadline)
                }
            };
            match self.head_of(&mut connection, asked, times) {
                Ok(head) => {
                    let Head { status, mut content_type, retry_after, framing, gzip, keep_alive, .. } = head;
                    let body = Body::new(connection, framing, keep_alive, times, self.pool.clone());
                    let mut body: Box<dyn Read + Send> =
                        if gzip { Box::new(Gunzipped::new(body, self.pool.who())) } else { Box::new(body) };
                    for scrub in self.scrubs(credential) {
                        content_type = content_type.map(|text| scrub.text(text));
                        body = Box::new(Scrubbed::new(body, scrub.clone()));
                    }
                    return Ok(Response { status, content_type, retry_after, body });
                }
                // The server had closed an idle connection; such a request may be sent again, on a new one.
                Err(error)
                    if connection.was_idle() && connection.buffered().is_empty() && is_closed(&error) =>
                {
                    connection = self.pool.connect(credential, deadline).map_err(clean)?;
                }
                Err(error) => {
                    let late = error.kind() == ErrorKind::TimedOut;
                    // An unreadable head is reported with the server's words.
                    return Err(clean(tls_error::explain(
                        &error,
                        "get a response from",
                        self.pool.who(),
                        late,
                    )));
                }
            }
        }
    }

    /// The request for a call.
    fn head(&self, call: &Call, credential: &Credential, gzip: bool) -> Result<Vec<u8>, NoAnswer> {
        self.template.head(call, credential.authorization.as_ref(), gzip).map_err(|reason| NoAnswer {
            cause: Cause::Final,
            reason: format!("cannot send a request to {}: {reason}", self.url),
            advice: String::new(),
        })
    }

    /// Writes a request.
    fn ask(
        &self,
        connection: &mut Connection,
        (request, wants_gzip): (&[u8], bool),
        deadline: Instant,
    ) -> Asked {
        connection.set_limits(Limits::only(deadline));
        let unsent = connection.send(request).err();
        let first_byte = after(Instant::now(), self.pool.timeouts().first_byte, deadline);
        Asked { wants_gzip, unsent, first_byte, deadline }
    }

    /// Reads the head of an answer, between the two times.
    fn head_of(
        &self,
        connection: &mut Connection,
        asked: Asked,
        (since, deadline): (Instant, Instant),
    ) -> io::Result<Head> {
        let (timeouts, time) = (self.pool.timeouts(), deadline.saturating_duration_since(since));
        let Asked { wants_gzip, mut unsent, first_byte, deadline } = asked;
        connection.set_limits(Limits { deadline, silence: Silence::Until(first_byte) });
        let mut begun = false;
        loop {
            // A server that refuses may answer and close before it has read: the answer says more than the error.
            let filled = connection.fill();
            let filled = match unsent.take_if(|_| matches!(filled, Err(_) | Ok(0))) {
                Some(error) => Err(error),
                None => filled,
            };
            if filled.map_err(|error| explain_head(error, timeouts, begun, time))? == 0 {
                return Err(io::Error::from(ErrorKind::UnexpectedEof));
            }
            begun = true;
            connection.set_limits(Limits { deadline, silence: Silence::For(timeouts.idle) });
            while let Some((len, head)) = http::parse(connection.buffered(), wants_gzip)
                .map_err(|why| io::Error::new(ErrorKind::InvalidData, why))?
            {
                connection.consume(len);
                if head.status >= 200 {
                    return Ok(head);
                }
            }
        }
    }

    /// What a proxy or a server says while a connection is made may repeat our credentials, too.
    fn clean(&self, mut no_answer: NoAnswer, credential: &Credential) -> NoAnswer {
        for scrub in self.scrubs(credential) {
            no_answer.reason = scrub.text(no_answer.reason);
        }
        no_answer
    }

    /// What takes our credentials out of what comes back.
    fn scrubs<'a>(&'a self, credential: &'a Credential) -> impl Iterator<Item = &'a Arc<Scrub>> {
        [&credential.scrub, &self.proxy_scrub].into_iter().flatten()
    }
}

/// A request that was written to a connection.
struct Asked {
    wants_gzip: bool,
    /// Why not all of it was written.
    unsent: Option<io::Error>,
    /// When the first byte of the answer must have come.
    first_byte: Instant,
    /// When its head must have come.
    deadline: Instant,
}

/// Whether the server has closed; not that we did.
fn is_closed(error: &io::Error) -> bool {
    Cause::of(error) == Cause::Broken && explanation(error).is_none()
}

impl Source for Cluster {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        self.with_credentials(call.deadline, |credential| {
            let request = |gzip| self.head(call, credential, gzip);
            self.exchange(&request, call.deadline, credential)
        })
    }

    fn may(&self, question: &Question, deadline: Instant) -> Result<Permission, NoAnswer> {
        self.review(question, deadline)
    }

    fn warm(&self, deadline: Instant) {
        self.pool.warm(deadline, || self.credentials.current(deadline));
    }

    fn close(&self) {
        self.credentials.close();
    }

    fn now_millis(&self) -> i64 {
        wagather_base::time::clock_millis()
    }

    fn is_recording(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        self.url.clone()
    }

    fn label(&self) -> String {
        self.label.clone()
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("url", &self.url).finish_non_exhaustive()
    }
}
