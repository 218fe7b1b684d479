//! A Lease (`coordination.k8s.io/v1`), by which replicas of a service agree on a leader: the only object that this program writes.
//!
//! A guest cannot come here. Its requests go to a [`Source`], whose only requests are GETs and the question what an account may
//! do. A [`LeaseClient`] is no source and cannot become one. It has connections of its own, and no method that takes a path: it reads and
//! writes the Lease that it was opened for.
//!
//! Not here: who may take the Lease, and when.

use std::fmt;
use std::io::Read;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value, json};

use super::credentials::Credential;
use super::{Cluster, Options, open};
use crate::{Accept, Call, Cause, NoAnswer, Response, Source};
use wagather_base::error::Failure;

/// The largest Lease that is read. One has about a kilobyte.
const MAX_LEASE_BYTES: u64 = 256 << 10;

const API_VERSION: &str = "coordination.k8s.io/v1";

/// The namespace and the name of a Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseName {
    namespace: String,
    name: String,
}

/// A text that cannot be the name of a Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLeaseName;

impl fmt::Display for NoLeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a namespace and a name of Kubernetes, such as monitoring/gatherers")
    }
}

impl std::error::Error for NoLeaseName {}

impl FromStr for LeaseName {
    type Err = NoLeaseName;

    fn from_str(text: &str) -> Result<LeaseName, NoLeaseName> {
        // Parts of a path: nothing in them is encoded, because nothing in them needs it.
        let is_label = |text: &str| {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            text.bytes().all(|byte| is_plain(byte) || byte == b'-')
                && text.bytes().next().is_some_and(is_plain)
                && text.bytes().last().is_some_and(is_plain)
        };
        let (namespace, name) = text.split_once('/').ok_or(NoLeaseName)?;
        let is_name = namespace.len() <= 63
            && is_label(namespace)
            && name.len() <= 253
            && name.split('.').all(is_label);
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        is_name.then_some(LeaseName { namespace, name }).ok_or(NoLeaseName)
    }
}

impl fmt::Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl LeaseName {
    fn collection(&self) -> String {
        format!("/apis/{API_VERSION}/namespaces/{}/leases", self.namespace)
    }
}

/// A Lease as the server has it. What this program does not know of it, it keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease(Map<String, Value>);

/// Who holds a Lease. Times are those of a `MicroTime`, as [`micro_time`] writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Who holds it. Empty if nobody does.
    pub holder: String,
    /// For how long, from the last renewal on.
    pub duration: Duration,
    /// Since when.
    pub acquired: String,
    /// When the holder last said so.
    pub renewed: String,
    /// How many times it came to another holder.
    pub transitions: i64,
}

impl Lease {
    /// One that the server does not have yet, with this term.
    pub fn new(name: &LeaseName, term: &Term) -> Lease {
        let object = json!({
            "apiVersion": API_VERSION,
            "kind": "Lease",
            "metadata": {"namespace": name.namespace, "name": name.name},
        });
        let Value::Object(object) = object else { return Lease(Map::new()) };
        Lease(object).with(term)
    }

    /// The same with another term. It keeps its `resourceVersion`, so that the server refuses it if somebody else was faster.
    #[must_use]
    pub fn with(&self, term: &Term) -> Lease {
        let mut object = self.0.clone();
        let spec = object.entry("spec").or_insert_with(|| json!({}));
        if !spec.is_object() {
            *spec = json!({});
        }
        // A second at least: the server takes no less.
        let seconds = term.duration.as_secs_f64().ceil().max(1.0) as u64;
        spec["holderIdentity"] = term.holder.as_str().into();
        spec["leaseDurationSeconds"] = seconds.into();
        spec["acquireTime"] = term.acquired.as_str().into();
        spec["renewTime"] = term.renewed.as_str().into();
        spec["leaseTransitions"] = term.transitions.into();
        Lease(object)
    }

    /// What it says of its holder. `None` if it says nothing.
    pub fn spec(&self) -> Option<&Value> {
        self.0.get("spec")
    }

    fn text(&self, key: &str) -> &str {
        self.spec().and_then(|spec| spec[key].as_str()).unwrap_or_default()
    }

    /// Who holds it. Empty if nobody does.
    pub fn holder(&self) -> &str {
        self.text("holderIdentity")
    }

    /// Since when its holder holds it.
    pub fn acquired(&self) -> &str {
        self.text("acquireTime")
    }

    /// For how long, if it says so.
    pub fn duration(&self) -> Option<Duration> {
        let seconds = self.spec()?["leaseDurationSeconds"].as_u64().filter(|seconds| *seconds > 0)?;
        Some(Duration::from_secs(seconds))
    }

    /// How many times it came to another holder.
    pub fn transitions(&self) -> i64 {
        self.spec().and_then(|spec| spec["leaseTransitions"].as_i64()).unwrap_or(0)
    }

    /// From the object as the server sent it.
    #[doc(hidden)]
    pub fn of(value: Value) -> Option<Lease> {
        match value {
            Value::Object(object) => Some(Lease(object)),
            _ => None,
        }
    }

    /// The object.
    #[doc(hidden)]
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

/// A time of day as a `MicroTime`.
pub fn micro_time(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(time).to_string()
}

/// Why a Lease was not read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseError {
    /// Somebody else was faster: it is not as it was when it was read, or it is there already.
    Conflict,
    /// The server refused, with this status and these words.
    Refused(u16, String),
    /// The response is no Lease.
    Unusable(String),
    /// There is no response.
    NoAnswer(NoAnswer),
}

impl fmt::Display for LeaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseError::Conflict => f.write_str("another one was faster"),
            LeaseError::Refused(status, words) if words.is_empty() => write!(f, "HTTP {status}"),
            LeaseError::Refused(status, words) => write!(f, "HTTP {status}: {words}"),
            LeaseError::Unusable(why) => write!(f, "the response is no Lease: {why}"),
            LeaseError::NoAnswer(why) => f.write_str(&why.reason),
        }
    }
}

impl std::error::Error for LeaseError {}

/// Reads and writes one Lease.
#[derive(Debug)]
pub struct LeaseClient {
    cluster: Cluster,
    name: LeaseName,
}

impl LeaseClient {
    /// For this Lease. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the options or the kubeconfig.
    pub fn open(options: &Options, name: LeaseName) -> Result<LeaseClient, Failure> {
        Ok(LeaseClient { cluster: open(options)?, name })
    }

    /// Which one.
    pub fn name(&self) -> &LeaseName {
        &self.name
    }

    /// The URL of its server.
    pub fn server(&self) -> &str {
        &self.cluster.url
    }

    /// Warnings to show before anything is sent.
    pub fn warnings(&self) -> &[String] {
        self.cluster.warnings()
    }

    /// The Lease as the server has it. `None` if there is none.
    pub fn read(&self, deadline: Instant) -> Result<Option<Lease>, LeaseError> {
        let path_and_query = self.path();
        let answer = self.cluster.send(&Call { path_and_query, accept: Accept::Json, deadline });
        match lease_of(answer.map_err(LeaseError::NoAnswer)?) {
            Err(LeaseError::Refused(404, _)) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Creates it, and gives what the server made of it.
    pub fn create(&self, lease: &Lease, deadline: Instant) -> Result<Lease, LeaseError> {
        self.write("POST", &self.name.collection(), lease, deadline)
    }

    /// Replaces it, if it is still the one that it is made of, and gives what the server made of it.
    pub fn replace(&self, lease: &Lease, deadline: Instant) -> Result<Lease, LeaseError> {
        self.write("PUT", &self.path(), lease, deadline)
    }

    fn path(&self) -> String {
        format!("{}/{}", self.name.collection(), self.name.name)
    }

    /// A request that was repeated because a connection had closed may have been done the first time: then it conflicts with itself, and whoever
    /// reads again finds out.
    fn write(
        &self,
        method: &'static str,
        path: &str,
        lease: &Lease,
        deadline: Instant,
    ) -> Result<Lease, LeaseError> {
        let body = lease.to_json().to_string();
        let answer = self.cluster.with_credentials(deadline, |credential: &Credential| {
            let authorization = credential.authorization.as_ref();
            let request = self.cluster.template.with_body(method, path, &body, authorization);
            self.cluster.exchange(&|_| Ok(request.clone()), deadline, credential)
        });
        lease_of(answer.map_err(LeaseError::NoAnswer)?)
    }
}

impl Drop for LeaseClient {
    /// A plugin for credentials does not outlive it.
    fn drop(&mut self) {
        self.cluster.close();
    }
}

fn lease_of(answer: Response) -> Result<Lease, LeaseError> {
    let mut text = Vec::new();
    let read = answer.body.take(MAX_LEASE_BYTES).read_to_end(&mut text);
    let parsed: Result<Value, _> = serde_json::from_slice(&text);
    match answer.status {
        200..300 => {
            read.map_err(|error| {
                let (cause, reason) = (Cause::of(&error), format!("the response broke off: {error}"));
                LeaseError::NoAnswer(NoAnswer { cause, reason, advice: String::new() })
            })?;
            let value = parsed.map_err(|error| LeaseError::Unusable(error.to_string()))?;
            let is_lease = value["kind"] == "Lease" && value["metadata"]["resourceVersion"].is_string();
            Lease::of(value)
                .filter(|_| is_lease)
                .ok_or_else(|| LeaseError::Unusable("it has another kind, or no resourceVersion".into()))
        }
        409 => Err(LeaseError::Conflict),
        status => {
            let message = parsed.ok().and_then(|status| status["message"].as_str().map(str::to_owned));
            let words = message.unwrap_or_default().chars().filter(|c| !c.is_control()).take(500).collect();
            Err(LeaseError::Refused(status, words))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_paths() {
        let name: LeaseName = "monitoring/gatherers.example".parse().expect("a name");
        assert_eq!(name.to_string(), "monitoring/gatherers.example");
        assert_eq!(name.collection(), "/apis/coordination.k8s.io/v1/namespaces/monitoring/leases");
        let long = format!("a/{}", "b".repeat(254));
        for text in [
            "", "a", "/", "a/", "/b", "a/b/c", "a/..", "../b", "a.b/c", "A/b", "a/b?c", "a/-b", "a/b%2f",
            &long,
        ] {
            assert_eq!(text.parse::<LeaseName>(), Err(NoLeaseName), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_stays() {
        let sent = json!({
            "kind": "Lease",
            "metadata": {"name": "a", "resourceVersion": "7", "labels": {"a": "b"}},
            "spec": {"holderIdentity": "one", "leaseDurationSeconds": 15, "strategy": "OldestEmulationVersion"},
        });
        let lease = Lease::of(sent.clone()).expect("an object");
        assert_eq!((lease.holder(), lease.duration()), ("one", Some(Duration::from_secs(15))));
        assert_eq!((lease.acquired(), lease.transitions()), ("", 0));
        let time = micro_time(SystemTime::UNIX_EPOCH + Duration::from_micros(1_500_001));
        assert_eq!(time, "1970-01-01T00:00:01.500001Z");
        let term = Term {
            holder: "two".into(),
            duration: Duration::from_millis(1200),
            acquired: time.clone(),
            renewed: time.clone(),
            transitions: 3,
        };
        let written = lease.with(&term).to_json();
        assert_eq!(written["metadata"], sent["metadata"]);
        assert_eq!(
            written["spec"],
            json!({
                "holderIdentity": "two", "leaseDurationSeconds": 2, "acquireTime": time, "renewTime": time,
                "leaseTransitions": 3, "strategy": "OldestEmulationVersion",
            })
        );
    }
}
