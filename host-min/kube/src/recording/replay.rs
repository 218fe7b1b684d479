//! Answers from a recording.
//!
//! Not here: the file's format. A request is answered if its path and query are in the recording, letter by letter; if not,
//! by a request that [asks for the same](super::near), such as the same list in pages of another size.
//! If they are there several times, the answers come in their order, and the last one stays: a server that
//! changed while it was recorded is replayed with its changes.

use std::collections::HashMap;
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::body::{self, Bytes};
use super::har::{self, Answer, Malformed};
use super::near::{Near, meaning};
use super::{MAX_RECORDING_BYTES, Problem, discovery};
use crate::cluster::Gunzipped;
use crate::{Call, Cause, NoAnswer, Response, Source};
use wagather_base::error::{Class, Failure};
use wagather_base::file::Bounded;

/// What is read of a file before it is looked at.
const BEGINNING_BYTES: u64 = 64 << 10;

/// Recorded paths that a refusal names.
const NAMED_PATHS: usize = 3;

/// How much of a path a refusal shows: enough for a resource and its selectors, not for a `continue` token.
const MAX_SHOWN_PATH_BYTES: usize = 160;

const RECORD_AGAIN: &str =
    "record again with --record FILE.har, with the same gatherers, parameters and --chunk-size";

/// For a page that others' tools did not ask for.
const RECORD_WHOLE: &str = "the recording ends in the middle of this list: record again with --record FILE.har, or get the complete list without 'limit' (kubectl: --chunk-size=0)";

const NO_TABLE: &str = "record again with --record FILE.har, or with kubectl's -o json or --raw";

/// Hosts that a warning names.
const NAMED_HOSTS: usize = 3;

/// A source that answers from a HAR file. It is held in memory once, as it is on disk.
pub struct Recording {
    shown: String,
    text: String,
    answers: HashMap<Box<str>, Answers>,
    /// The same by what they mean, for requests that are not there letter by letter.
    near: OnceLock<Near>,
    /// Requests for tables, by what they mean but for that.
    tables: Vec<String>,
    warnings: Vec<String>,
    now_millis: i64,
}

/// The answers to one request, in their order.
#[derive(Default)]
struct Answers {
    all: Vec<Answer>,
    given: AtomicUsize,
    /// Where the first of them is in the recording.
    number: usize,
}

impl Recording {
    /// Reads a HAR file, of ours or of another tool. Bodies are decoded when they are asked for.
    pub fn open(path: &Path) -> Result<Recording, Failure> {
        let shown = path.display().to_string();
        match read(path) {
            Ok(bytes) => Recording::of(shown, bytes),
            Err(error) => {
                let attempt = format!("cannot read the recording {shown}");
                Err(Failure::new(Class::Config, attempt, error).advise("name an existing file with --replay"))
            }
        }
    }

    /// What is in a file.
    pub fn of(shown: String, bytes: Vec<u8>) -> Result<Recording, Failure> {
        let failure = |reason: String, advice: &str| {
            Failure::new(Class::Config, format!("cannot read the recording {shown}"), reason).advise(advice)
        };
        if bytes.len() as u64 > MAX_RECORDING_BYTES {
            return Err(failure(
                format!("it has more than {MAX_RECORDING_BYTES} bytes"),
                "split the recording into several files",
            ));
        }
        let malformed = |Malformed { line, column, reason }| {
            failure(
                format!("{shown}:{line}:{column}: {reason}"),
                "--replay reads HAR 1.2 files, as --record writes them; record again if this file is truncated",
            )
        };
        let mut text = String::from_utf8(bytes).map_err(|error| {
            let (line, column) = har::position(error.as_bytes(), error.utf8_error().valid_up_to());
            malformed(Malformed { line, column, reason: "the file is not UTF-8".into() })
        })?;
        if text.starts_with('\u{feff}') {
            // HAR allows a byte order mark, JSON does not.
            text.drain(..'\u{feff}'.len_utf8());
        }
        let (found, now_millis) = har::parse(&text).map_err(malformed)?;
        let mut answers: HashMap<Box<str>, Answers> = HashMap::new();
        let warnings = several_hosts(&shown, &found).into_iter().collect();
        let mut tables = Vec::new();
        for (number, answer) in found.into_iter().enumerate() {
            if answer.is_table {
                tables.push(meaning(&answer.path_and_query).0);
                continue;
            }
            let first = || Answers { number, ..Answers::default() };
            answers.entry(answer.path_and_query.clone()).or_insert_with(first).all.push(answer);
        }
        // A browser asks again after what it gave up, after a login, and for what it has.
        for Answers { all, .. } in answers.values_mut() {
            if all.iter().any(|answer| (200..300).contains(&answer.status)) {
                all.retain(|answer| !answer.is_no_answer);
            }
        }
        Ok(Recording { shown, text, answers, near: OnceLock::new(), tables, warnings, now_millis })
    }

    /// What is odd about the recording.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn not_recorded(&self, asked: &str) -> NoAnswer {
        let resource = |path: &str| path.split('?').next().unwrap_or("").to_owned();
        let wanted = resource(asked);
        let mut same: Vec<&str> =
            self.answers.keys().map(|path| &**path).filter(|path| resource(path) == wanted).collect();
        let mut reason = format!("the recording {} has no response to {}", self.shown, Shown(asked));
        if same.is_empty() {
            let shared =
                |path: &str| wanted.split('/').zip(path.split('/')).take_while(|(a, b)| a == b).count();
            let mut others: Vec<&str> = self.answers.keys().map(|path| &**path).collect();
            others.sort_unstable_by_key(|path| (usize::MAX - shared(&resource(path)), *path));
            reason += &format!("; it has none for {}, and {} for other paths", Shown(&wanted), others.len());
            append(&mut reason, ", nearest ", &others);
        } else {
            same.sort_unstable();
            reason += &format!("; for the same resource it has {}", same.len());
            append(&mut reason, ": ", &same);
        }
        let (meant, page) = meaning(asked);
        let advice = if self.tables.contains(&meant) {
            reason += "; it has the table that 'kubectl get' prints, which contains no objects";
            NO_TABLE
        } else if page.is_later {
            RECORD_WHOLE
        } else {
            RECORD_AGAIN
        };
        NoAnswer { cause: Cause::Final, reason, advice: advice.into() }
    }

    fn find(&self, path_and_query: &str) -> Option<&Answers> {
        self.answers.get(path_and_query).or_else(|| {
            let near = self.near.get_or_init(|| {
                let mut near = Near::default();
                let mut all: Vec<(&Box<str>, &Answers)> = self.answers.iter().collect();
                all.sort_unstable_by_key(|(_, answers)| answers.number);
                for (path, answers) in all {
                    let is_success = answers.all.iter().any(|answer| (200..300).contains(&answer.status));
                    near.add(path, is_success);
                }
                near
            });
            self.answers.get(near.find(path_and_query)?)
        })
    }

    /// Each path and query that it has an answer to.
    fn paths(&self) -> impl Iterator<Item = &str> {
        self.answers.keys().map(|path| &**path)
    }

    /// The first page of a list, if it has that.
    fn whole_list(&self, path_and_query: &str) -> Option<Box<dyn Read + Send>> {
        let answers = self.find(path_and_query)?;
        let answer = answers.all.iter().find(|answer| answer.status == 200)?;
        let Bytes { bytes, is_gzip } = self.body(answer).ok()?;
        let body = Cursor::new(bytes);
        Some(if is_gzip { Box::new(Gunzipped::new(body, "the recording")) } else { Box::new(body) })
    }

    fn body(&self, answer: &Answer) -> Result<Bytes, String> {
        let Some(range) = &answer.body else {
            return match answer.size {
                Some(1..) => Err("it was recorded without its body".into()),
                _ => Ok(Bytes { bytes: Vec::new(), is_gzip: false }),
            };
        };
        let place = || {
            let (line, column) = har::position(self.text.as_bytes(), range.start);
            format!("{}:{line}:{column}", self.shown)
        };
        let text: String = serde_json::from_str(&self.text[range.clone()])
            .map_err(|error| format!("{}: its body is not text: {error}", place()))?;
        body::bytes(answer, text).map_err(|why| format!("{}: {why}", place()))
    }
}

/// A warning, if answers come from several hosts: of what both have, the answers are mixed.
fn several_hosts(shown: &str, answers: &[Answer]) -> Option<String> {
    let mut hosts: Vec<&str> = Vec::new();
    for answer in answers {
        if !answer.host.is_empty() && !hosts.contains(&&*answer.host) {
            hosts.push(&answer.host);
        }
    }
    if hosts.len() < 2 {
        return None;
    }
    let mut named: Vec<String> = hosts.iter().take(NAMED_HOSTS).map(|host| Shown(host).to_string()).collect();
    if hosts.len() > NAMED_HOSTS {
        named.push("…".to_owned());
    }
    Some(format!(
        "the recording {shown} has responses of {} hosts ({}), and host-min treats them as one cluster; record each cluster in a separate file",
        hosts.len(),
        named.join(", ")
    ))
}

/// Reads a file that begins as JSON does: of what is something else, and may be endless, no more than its beginning.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = Bounded::open(path, MAX_RECORDING_BYTES)?;
    let mut bytes = Vec::new();
    file.by_ref().take(BEGINNING_BYTES).read_to_end(&mut bytes)?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start();
    if text.first().is_some_and(|first| *first != b'{') || (text.is_empty() && !bytes.is_empty()) {
        return Err(io::Error::new(ErrorKind::InvalidData, "it is not JSON: it does not begin with '{'"));
    }
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A path, with its end left out if it is long.
struct Shown<'a>(&'a str);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.len() > MAX_SHOWN_PATH_BYTES {
            true => write!(f, "{}…", &self.0[..self.0.floor_char_boundary(MAX_SHOWN_PATH_BYTES)]),
            false => f.write_str(self.0),
        }
    }
}

fn append(reason: &mut String, lead: &str, paths: &[&str]) {
    for (number, path) in paths.iter().take(NAMED_PATHS).enumerate() {
        *reason += if number == 0 { lead } else { ", " };
        *reason += &Shown(path).to_string();
    }
    if paths.len() > NAMED_PATHS {
        *reason += ", …";
    }
}

impl Source for Recording {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        let Some(answers) = self.find(&call.path_and_query) else {
            let whole_list = |path: &str| self.whole_list(path);
            if let Some(document) = discovery::document(&call.path_and_query, self.paths(), &whole_list) {
                return Ok(Response {
                    status: 200,
                    content_type: Some("application/json".into()),
                    retry_after: None,
                    body: Box::new(Cursor::new(document)),
                });
            }
            return Err(self.not_recorded(&call.path_and_query));
        };
        let number = answers.given.fetch_add(1, Ordering::Relaxed).min(answers.all.len() - 1);
        let answer = &answers.all[number];
        let then = match (&answer.problem, answer.status) {
            (Some(Problem { cause, reason, advice }), 0) => {
                let (cause, reason, advice) = (*cause, reason.clone(), advice.clone());
                return Err(NoAnswer { cause, reason, advice });
            }
            (problem, _) => problem.clone(),
        };
        let Bytes { bytes, is_gzip } = self.body(answer).map_err(|why| NoAnswer {
            cause: Cause::Final,
            reason: format!("cannot replay the response to {}: {why}", Shown(&call.path_and_query)),
            advice: RECORD_AGAIN.into(),
        })?;
        Ok(Response {
            status: answer.status,
            content_type: answer.content_type.as_deref().map(str::to_owned),
            // A recording has all the time in the world.
            retry_after: None,
            body: match (Body { bytes: Cursor::new(bytes), then }, is_gzip) {
                (body, true) => Box::new(Gunzipped::new(body, "the recording")),
                (body, false) => Box::new(body),
            },
        })
    }

    fn has_answer(&self, path_and_query: &str) -> bool {
        self.find(path_and_query)
            .is_some_and(|answers| answers.given.load(Ordering::Relaxed) < answers.all.len())
    }

    fn knows(&self, path_and_query: &str) -> bool {
        self.find(path_and_query).is_some()
    }

    fn now_millis(&self) -> i64 {
        self.now_millis
    }

    fn is_recording(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        "recording".to_owned()
    }
}

/// A body, and how it broke off if it did.
struct Body {
    bytes: Cursor<Vec<u8>>,
    then: Option<Problem>,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.bytes.read(buffer)?, &self.then) {
            (0, Some(problem)) if !buffer.is_empty() => {
                let kind =
                    if problem.cause == Cause::Late { ErrorKind::TimedOut } else { ErrorKind::UnexpectedEof };
                Err(io::Error::new(kind, problem.reason.clone()))
            }
            (len, _) => Ok(len),
        }
    }
}
