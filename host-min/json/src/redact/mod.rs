//! Redaction: what is secret is replaced before any byte of an answer reaches a guest or the archive.
//!
//! It runs after the projection, on what was kept, so what a guest did not ask for costs nothing. Where a field
//! mask can hide what tells a secret (the name of a variable, the kind of an embedded object), the absence counts as
//! proof. It is no guarantee: a password in a sentence looks like any other word. The list of what is recognised is in
//! `docs/redaction.md`, the reasons are in `docs/decisions/0017-redaction.md`.
//!
//! `names` decides on names of variables, `json` finds values by where they are, `text` finds them by how they look (with
//! `tokens`, `keys`, `urls`, `assigned`, `encoded`), `manifests` and `yaml` find Secrets that are written into a text, and [`body`] does
//! all of the latter to a stream.

mod annotations;
mod assigned;
pub mod body;
mod bytes;
mod encoded;
mod json;
mod keys;
mod manifests;
mod names;
mod needles;
mod subject;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod urls;
mod yaml;

use crate::obfuscate::Obfuscator;
use serde::Serialize;
use std::borrow::Cow;
use std::io::Read;
use std::sync::{Arc, OnceLock};

pub use body::Body;
pub use subject::{Holder, Subject, is_secret_kind};

/// What stands where a secret was.
pub const REDACTED: &str = "<redacted>";

/// The same where base64 is due: `redacted`.
pub const REDACTED_BASE64: &str = "cmVkYWN0ZWQ=";

/// A kind of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Values of a Secret's `data` and `stringData`, and of OpenShift's OAuth clients and tokens.
    SecretData,
    /// Values of variables with a telling name.
    Env,
    /// Bearer tokens, and tokens that are known by their form.
    Token,
    /// Private keys in PEM.
    PrivateKey,
    /// User and password, or a token, in a URL.
    UrlCredentials,
    /// The annotation in which `kubectl apply` keeps all that it was given.
    LastApplied,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] =
        [Kind::SecretData, Kind::Env, Kind::Token, Kind::PrivateKey, Kind::UrlCredentials, Kind::LastApplied];

    /// Its name in grants and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::SecretData => "secretData",
            Kind::Env => "env",
            Kind::Token => "tokens",
            Kind::PrivateKey => "privateKeys",
            Kind::UrlCredentials => "urlCredentials",
            Kind::LastApplied => "lastApplied",
        }
    }

    /// The kind of that name.
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is redacted beyond the built-in patterns, and which built-in kinds are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// More patterns for names of variables: `*` is any text, `?` one character; case makes no difference.
    pub env: Vec<String>,
    /// More prefixes of tokens, such as `ghp_`: 4 to 64 printable ASCII characters without quote or backslash.
    pub tokens: Vec<String>,
    /// Kinds that are left as they are.
    pub except: Vec<Kind>,
}

/// How many secrets of each kind were replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// [`Kind::SecretData`]
    pub secret_data: u64,
    /// [`Kind::Env`]
    pub env: u64,
    /// [`Kind::Token`]
    pub tokens: u64,
    /// [`Kind::PrivateKey`]
    pub private_keys: u64,
    /// [`Kind::UrlCredentials`]
    pub url_credentials: u64,
    /// [`Kind::LastApplied`]
    pub last_applied: u64,
}

impl Counts {
    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Counts) {
        for kind in Kind::ALL {
            *self.of(kind) += *{ *other }.of(kind);
        }
    }

    /// What was added to an earlier state of the same counts.
    pub fn since(&self, earlier: &Counts) -> Counts {
        let (mut now, mut earlier) = (*self, *earlier);
        for kind in Kind::ALL {
            *now.of(kind) = now.of(kind).saturating_sub(*earlier.of(kind));
        }
        now
    }

    /// All kinds together.
    pub fn total(&self) -> u64 {
        let mut counts = *self;
        Kind::ALL.into_iter().map(|kind| *counts.of(kind)).sum()
    }

    fn of(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::SecretData => &mut self.secret_data,
            Kind::Env => &mut self.env,
            Kind::Token => &mut self.tokens,
            Kind::PrivateKey => &mut self.private_keys,
            Kind::UrlCredentials => &mut self.url_credentials,
            Kind::LastApplied => &mut self.last_applied,
        }
    }
}

/// [`Rules`], and what is replaced besides what is secret.
pub struct Redactor {
    rules: Rules,
    compiled: OnceLock<Compiled>,
    obfuscator: Option<Arc<Obfuscator>>,
}

/// Compiled rules.
struct Compiled {
    text: text::Patterns,
    json: json::Places,
}

impl Redactor {
    /// A redactor with these rules. What is not a prefix by [`Rules::tokens`] finds nothing.
    pub fn new(rules: &Rules) -> Redactor {
        Redactor { rules: rules.clone(), compiled: OnceLock::new(), obfuscator: None }
    }

    /// Compiles the rules now. Otherwise, they are compiled at the first use.
    pub fn prepare(&self) {
        self.compiled();
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| {
            let names = Arc::new(names::Names::new(&self.rules.env));
            let text = text::Patterns::new(&self.rules, names.clone());
            Compiled { text, json: json::Places::new(&self.rules, names) }
        })
    }

    /// The same, which then obfuscates what is left.
    pub fn obfuscating(self, obfuscator: Option<Arc<Obfuscator>>) -> Redactor {
        Redactor { obfuscator, ..self }
    }

    /// What obfuscates, if anything is to be.
    pub fn obfuscator(&self) -> Option<&Arc<Obfuscator>> {
        self.obfuscator.as_ref()
    }

    /// A sentence about what was asked for, as it may be told.
    pub fn obfuscated(&self, mut text: String) -> String {
        if let Some(obfuscator) = &self.obfuscator {
            obfuscator.text(&mut text);
        }
        text
    }

    /// Redacts one projected object: well-formed JSON without white space between tokens. `holder` says what it holds, such as that
    /// it is a Secret: it may not say so itself. What is not such JSON is neither well redacted nor harmful.
    pub fn object(&self, json: &mut Vec<u8>, holder: impl Into<Holder>, counts: &mut Counts) {
        json::plain_escapes(json);
        let mut found = Vec::new();
        let compiled = self.compiled();
        let embeds = compiled.text.find(
            json,
            text::Form::Json,
            encoded::Depth::outermost(&encoded::Depth::room()),
            &mut found,
        );
        compiled.json.find(json, holder.into(), embeds, &mut found);
        found.retain(|found| found.is_certain);
        found.iter_mut().for_each(|found| found.take_whole_characters(json));
        replace(json, &mut found, counts);
        if let Some(obfuscator) = &self.obfuscator {
            obfuscator.bytes(json);
        }
    }

    /// Whether it hides a field of every object of an answer, whatever is in it.
    pub fn hides(&self, subject: Subject, field: &[&str]) -> bool {
        self.compiled().json.hides(subject.holder(""), field)
    }

    /// Redacts a sentence: of the report, of the log, of the server.
    pub fn text(&self, text: &mut String, counts: &mut Counts) {
        let mut found = Vec::new();
        self.compiled().text.find(
            text.as_bytes(),
            text::Form::Plain,
            encoded::Depth::outermost(&encoded::Depth::room()),
            &mut found,
        );
        found.retain(|found| found.is_certain);
        if !found.is_empty() {
            let mut bytes = std::mem::take(text).into_bytes();
            replace(&mut bytes, &mut found, counts);
            // Secrets begin and end beside ASCII, so nothing is lost here.
            *text = String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        }
        if let Some(obfuscator) = &self.obfuscator {
            obfuscator.text(text);
        }
    }

    /// Redacts a raw body as it streams.
    pub fn body(self: &Arc<Self>, body: Box<dyn Read + Send>) -> Body {
        Body::new(self.clone(), body)
    }
}

/// A secret, and what it becomes.
struct Found {
    /// Where that which tells it begins, such as `Bearer`.
    from: usize,
    start: usize,
    end: usize,
    kind: Kind,
    with: Cow<'static, str>,
    /// Whether it is one however the text goes on.
    is_certain: bool,
    /// Whether it may go on after the end of the text.
    open: Option<Open>,
}

impl Found {
    /// Takes all of a character or an escape of which it has a part: what is left would be no JSON.
    fn take_whole_characters(&mut self, json: &[u8]) {
        let is_within = |at: usize| {
            json.get(at).is_some_and(|byte| (0x80..0xc0).contains(byte) || bytes::is_within_escape(json, at))
        };
        while is_within(self.start) {
            self.start -= 1;
        }
        while is_within(self.end) {
            self.end += 1;
        }
    }
}

/// How the secret at the end of a text goes on.
#[derive(Clone, Copy)]
struct Open {
    /// Up to here it is surely secret.
    resume: usize,
    rest: body::Rest,
}

/// Replaces what was found. What overlaps becomes one.
fn replace(bytes: &mut Vec<u8>, found: &mut Vec<Found>, counts: &mut Counts) {
    if found.is_empty() {
        return;
    }
    found.sort_by_key(|found| (found.start, std::cmp::Reverse(found.end)));
    found.dedup_by(|next, previous| {
        let is_within = next.start < previous.end;
        if is_within {
            previous.end = previous.end.max(next.end);
        }
        is_within
    });
    let first = found[0].start;
    let tail = bytes.split_off(first);
    let mut copied = first;
    for found in found {
        bytes.extend_from_slice(&tail[copied - first..found.start - first]);
        bytes.extend_from_slice(found.with.as_bytes());
        copied = found.end;
        *counts.of(found.kind) += 1;
    }
    bytes.extend_from_slice(&tail[copied - first..]);
}

/// Whether a value is one that its name tells of, for the fuzzers.
#[cfg(fuzzing)]
pub fn is_value_of(value: &[u8], name: &[u8]) -> bool {
    assigned::is_value_of(value, name)
}
