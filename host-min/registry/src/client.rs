//! Requests to one repository of a registry: who asks, where redirects may lead, and when to ask again.
//!
//! A credential goes to the registry and to the service that it names for tokens, and to nobody else: a redirect to another host gets
//! none. Where the registry has TLS, everything that it leads to must have TLS.

use std::time::{Duration, Instant};

use super::challenge::Challenge;
use super::login::{self, Login};
use super::reference::Reference;
use super::{Options, TIMEOUT};
use serde_json::Value;
use wagather_base::error::{Class, Failure};
use wagather_base::percent;
use wagather_kube::Cause;
use wagather_kube::cluster::Secret;
use wagather_kube::cluster::upload::{self, Address, Reply, Request, Unsent, Uploader};

/// How many times a request is sent at most.
const TRIES: u32 = 3;
/// The wait before it is sent again; twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait that a registry may ask for.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How many redirects of one request are followed.
const MAX_REDIRECTS: usize = 5;
/// The answer of a service for tokens.
const MAX_TOKEN_ANSWER_BYTES: u64 = 64 << 10;
/// How much of a registry's text is told.
const TOLD_CHARS: usize = 300;

/// What is done with the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Pull,
    Push,
}

/// Requests to one repository.
pub(crate) struct Client<'a> {
    options: &'a Options,
    purpose: Purpose,
    /// What failures say was attempted.
    attempt: String,
    host: String,
    name: String,
    /// The address of the repository.
    base: Address,
    /// The value of `Authorization`, once the registry wanted one.
    authorization: Option<Secret>,
    deadline: Instant,
}

/// A body that is sent, and its media type.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) media_type: &'a str,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Client<'a> {
    /// Prepares requests. Connects to nobody.
    pub(crate) fn new(
        reference: &Reference,
        purpose: Purpose,
        options: &'a Options,
    ) -> Result<Client<'a>, Failure> {
        let verb = if purpose == Purpose::Pull { "pull" } else { "push to" };
        let attempt = format!("cannot {verb} {reference}");
        let (host, name) = reference.by(&options.mirrors);
        let parse = |scheme: &str| {
            Address::parse(&format!("{scheme}://{host}/v2/{name}"))
                .map_err(|why| Failure::new(Class::Config, attempt.clone(), why))
        };
        let base = parse("https")?;
        // With an authority, even a registry on this machine has a certificate.
        let is_ours = base.is_on_this_machine() && options.certificate_authority.is_none();
        let base = if options.plain_http || is_ours { parse("http")? } else { base };
        let deadline = Instant::now() + TIMEOUT;
        Ok(Client { options, purpose, attempt, host, name, base, authorization: None, deadline })
    }

    /// The URL of something in the repository.
    pub(crate) fn url(&self, rest: &str) -> String {
        format!("{}{}/{rest}", self.base.origin(), self.base.target())
    }

    /// Sends a request, as whoever the registry wants us to be, and gives any answer that is neither 401 nor a redirect.
    pub(crate) fn ask(
        &mut self,
        method: &'static str,
        url: &str,
        accept: Option<&str>,
        body: Option<Sent<'_>>,
    ) -> Result<Reply, Failure> {
        let mut address = self.address(url)?;
        let (mut redirects, mut has_logged_in) = (0, false);
        loop {
            let is_registry = address.origin() == self.base.origin();
            let authorization = self.authorization.clone().filter(|_| is_registry);
            let reply = self.send(method, &address, accept, authorization, body)?;
            match (reply.status, &reply.location) {
                (401, _) if is_registry && !has_logged_in => {
                    let challenge = Challenge::of(&reply.challenges);
                    self.authorization = Some(self.log_in(challenge, reply)?);
                    has_logged_in = true;
                }
                (401, _) => return Err(self.refusal(reply)),
                (301 | 302 | 303 | 307 | 308, Some(location)) if method == "GET" => {
                    redirects += 1;
                    if redirects > MAX_REDIRECTS {
                        return Err(self.failure(format!("it redirects more than {MAX_REDIRECTS} times")));
                    }
                    address = self.beside(&address, location)?;
                }
                _ => return Ok(reply),
            }
        }
    }

    /// The address that a `Location` names.
    pub(crate) fn beside(&self, address: &Address, location: &str) -> Result<Address, Failure> {
        let origin = address.origin();
        if location.contains("://") {
            self.address(location)
        } else if let Some(rest) = location.strip_prefix("//") {
            self.address(&format!("{}://{rest}", if address.is_tls() { "https" } else { "http" }))
        } else if location.starts_with('/') {
            self.address(&(origin + location))
        } else {
            Err(self.failure("it redirects to something that is neither a URL nor an absolute path".into()))
        }
    }

    /// An address that the registry names, if something may be asked there.
    pub(crate) fn address(&self, url: &str) -> Result<Address, Failure> {
        let address = Address::parse(url)
            .map_err(|why| self.failure(format!("the registry names a URL that cannot be used: {why}")))?;
        let may_be_plain = !self.base.is_tls() && (address.is_on_this_machine() || self.options.plain_http);
        if address.has_login() || !(address.is_tls() || may_be_plain) {
            let why = if address.has_login() { "has a password" } else { "has no TLS" };
            return Err(self.failure(format!("the registry names the URL {}, which {why}", address.shown())));
        }
        Ok(address)
    }

    /// Sends one request, again if that may help.
    fn send(
        &self,
        method: &'static str,
        address: &Address,
        accept: Option<&str>,
        authorization: Option<Secret>,
        body: Option<Sent<'_>>,
    ) -> Result<Reply, Failure> {
        let transport = upload::Options {
            certificate_authority: self.options.certificate_authority.clone(),
            ..upload::Options::default()
        };
        let uploader = Uploader::new(address.clone(), &transport).map_err(|failure| Failure {
            attempt: self.attempt.clone(),
            advice: ours(&failure.advice),
            ..failure
        })?;
        let accept = accept.map(|accept| ("Accept", Secret::new(accept)));
        let media_type = body.map(|body| ("Content-Type", Secret::new(body.media_type)));
        let fields: Vec<(String, Secret)> =
            [accept, media_type, authorization.map(|value| ("Authorization", value))]
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
        let bytes = body.map_or(&[][..], |body| body.bytes);
        let request = Request { method, fields: &fields, len: bytes.len() as u64 };
        let mut wait = FIRST_WAIT;
        for tried in 1.. {
            let reply = uploader.ask(&request, &mut &*bytes, self.deadline);
            let asked = match &reply {
                Ok(reply) if matches!(reply.status, 429 | 500 | 502 | 503 | 504) => reply.retry_after,
                Err(unsent) if matches!(unsent.cause, Cause::Unreachable | Cause::Broken) => None,
                _ => return reply.map_err(|unsent| self.unsent(unsent)),
            };
            let time = asked.unwrap_or_default().max(wait);
            if tried >= TRIES || time > MAX_WAIT || Instant::now() + time >= self.deadline {
                return reply.map_err(|unsent| self.unsent(unsent));
            }
            std::thread::sleep(time);
            wait *= 2;
        }
        Err(self.failure("it was not asked".into()))
    }

    /// The `Authorization` that a challenge wants.
    fn log_in(&self, challenge: Option<Challenge>, reply: Reply) -> Result<Secret, Failure> {
        let login = login::read(&self.host, &self.name)?;
        match (challenge, login) {
            (None, _) => Err(self.refusal(reply)),
            (Some(_), Login::Unusable(why)) => Err(self.not_logged_in(why)),
            (Some(Challenge::Basic), Login::Basic(basic)) => Ok(basic),
            (Some(Challenge::Basic), Login::None) => {
                Err(self.not_logged_in("the registry wants a user and a password, and there are none for it"))
            }
            (Some(Challenge::Bearer { realm, service }), login) => {
                let basic = match login {
                    Login::Basic(basic) => Some(basic),
                    _ => None,
                };
                self.token(&realm, service.as_deref(), basic)
            }
        }
    }

    /// Asks for a token for this repository only, whatever the registry proposes.
    fn token(&self, realm: &str, service: Option<&str>, basic: Option<Secret>) -> Result<Secret, Failure> {
        let mut url = realm.to_owned();
        let rights = if self.purpose == Purpose::Pull { "pull" } else { "pull,push" };
        let scope = format!("repository:{}:{rights}", self.name);
        for (name, value) in [("service", service), ("scope", Some(&*scope))] {
            let Some(value) = value else { continue };
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            percent::encode(value, &mut url);
        }
        let address = self.address(&url)?;
        let reply = self.send("GET", &address, Some("application/json"), basic, None)?;
        if reply.status != 200 {
            return Err(self.refusal(reply));
        }
        let bytes = reply.bytes(MAX_TOKEN_ANSWER_BYTES).map_err(|unsent| self.unsent(unsent))?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let token = ["token", "access_token"].iter().find_map(|name| answer[*name].as_str());
        match token {
            Some(token) if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Secret::new(format!("Bearer {token}")))
            }
            _ => Err(self.failure(format!("{} gave no token", address.shown()))),
        }
    }

    /// A failure because of what the registry says or has.
    pub(crate) fn failure(&self, why: String) -> Failure {
        let class = if self.purpose == Purpose::Pull { Class::Module } else { Class::Output };
        Failure::new(class, self.attempt.clone(), why)
    }

    /// A failure without an answer.
    pub(crate) fn unsent(&self, unsent: Unsent) -> Failure {
        let class =
            if unsent.cause == Cause::Final { self.failure(String::new()).class } else { Class::Cluster };
        let mut advice = ours(&unsent.advice);
        if self.base.is_tls() && unsent.cause == Cause::Final && advice.is_empty() {
            advice = "If the registry has no TLS, use --registry-plain-http.".into();
        }
        Failure::new(class, self.attempt.clone(), unsent.reason).advise(advice)
    }

    /// The failure for an answer that refuses.
    pub(crate) fn refusal(&self, reply: Reply) -> Failure {
        let status = reply.status;
        let text = told(&reply.text());
        let colon = if text.is_empty() { "" } else { ": " };
        let reason = format!("the registry answers {status}{colon}{text}");
        let failure = self.failure(reason);
        match status {
            401 | 403 => Failure { class: Class::Refused, ..failure }.advise(ADVICE),
            404 if self.purpose == Purpose::Pull => failure.advise("check the name and the tag"),
            429 | 500.. => Failure { class: Class::Cluster, ..failure },
            _ => failure,
        }
    }

    fn not_logged_in(&self, why: &str) -> Failure {
        Failure::new(Class::Refused, self.attempt.clone(), why).advise(ADVICE)
    }
}

const ADVICE: &str = "log in with docker, podman or another tool that writes the user and the password into config.json, and name its folder in \
                      DOCKER_CONFIG if it is not ~/.docker";

/// The options of this crate in advice about uploads.
fn ours(advice: &str) -> String {
    advice.replace("--upload-ca", "--registry-ca")
}

/// The messages of a registry, or the beginning of what it says instead.
fn told(text: &str) -> String {
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    let errors = answer["errors"].as_array().into_iter().flatten();
    let messages: Vec<&str> = errors.filter_map(|error| error["message"].as_str()).collect();
    let all = if messages.is_empty() { text.to_owned() } else { messages.join("; ") };
    let told: String = all.trim().chars().take(TOLD_CHARS).collect();
    if told.len() < all.trim().len() { told + "…" } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(reference: &str, options: &Options) -> String {
        let reference = Reference::parse(reference).expect(reference);
        Client::new(&reference, Purpose::Pull, options).expect("a client").url("x")
    }

    #[test]
    fn only_this_machine_is_reached_without_tls_unasked() {
        let with_ca = Options { certificate_authority: Some("ca.pem".into()), ..Options::default() };
        let plain = Options { plain_http: true, ..Options::default() };
        for (reference, options, url) in [
            ("oci://a.example.com/n:1", &Options::default(), "https://a.example.com:443/v2/n/x"),
            (
                "oci://localhost.example.com/n:1",
                &Options::default(),
                "https://localhost.example.com:443/v2/n/x",
            ),
            ("oci://10.0.0.1:5000/n:1", &Options::default(), "https://10.0.0.1:5000/v2/n/x"),
            ("oci://localhost:5000/n:1", &Options::default(), "http://localhost:5000/v2/n/x"),
            ("oci://[::1]:5000/n:1", &Options::default(), "http://[::1]:5000/v2/n/x"),
            ("oci://localhost:5000/n:1", &with_ca, "https://localhost:5000/v2/n/x"),
            ("oci://a.example.com/n:1", &with_ca, "https://a.example.com:443/v2/n/x"),
            ("oci://a.example.com/n:1", &plain, "http://a.example.com:80/v2/n/x"),
        ] {
            assert_eq!(base(reference, options), url);
        }
    }

    #[test]
    fn where_a_registry_may_lead() {
        let may = |reference: &str, options: &Options, url: &str| {
            let reference = Reference::parse(reference).expect(reference);
            Client::new(&reference, Purpose::Pull, options).expect("a client").address(url).is_ok()
        };
        let (usual, plain) = (Options::default(), Options { plain_http: true, ..Options::default() });
        for (reference, options, url, expected) in [
            ("oci://a.example.com/n:1", &usual, "https://b.example.com/x?y", true),
            ("oci://a.example.com/n:1", &usual, "http://a.example.com/x", false),
            ("oci://a.example.com/n:1", &usual, "http://localhost/x", false),
            ("oci://localhost/n:1", &usual, "http://localhost:1/x", true),
            ("oci://localhost/n:1", &usual, "http://a.example.com/x", false),
            ("oci://a.example.com/n:1", &plain, "http://b.example.com/x", true),
            ("oci://a.example.com/n:1", &plain, "https://u:p@b.example.com/x", false),
            ("oci://a.example.com/n:1", &usual, "ftp://b.example.com/x", false),
        ] {
            assert_eq!(may(reference, options, url), expected, "{reference} leads to {url}");
        }
    }

    #[test]
    fn what_is_told_of_a_refusal() {
        assert_eq!(told(r#"{"errors":[{"message":"a"},{"code":"x"},{"message":"b"}]}"#), "a; b");
        assert_eq!(told(" plain\n"), "plain");
        assert_eq!(told(&"ü".repeat(400)), "ü".repeat(300) + "…");
    }
}
