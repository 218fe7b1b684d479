//! A host for tests: the same gatherer, natively, in plain `cargo test`.
//!
//! ```
//! # use wagather::{Api, ListParams, Resource, fake, abi::Status};
//! # #[derive(Resource)]
//! # #[resource(version = "v1", plural = "secrets", namespaced)]
//! # struct Secret;
//! # fn gather() -> wagather::Result<()> {
//! #     let mut list = Api::<Secret>::namespaced("shop").list(&ListParams::default().limit(1))?;
//! #     list.next_into(&mut [0; 64])?;
//! #     Ok(())
//! # }
//! let host = fake::Host::new()
//!     .list("/api/v1/secrets", r#"[{"metadata": {"name": "db", "namespace": "shop"}}]"#)
//!     .param("limit", "5");
//!
//! let run = host.run(gather);
//! assert_eq!(run.result, Ok(()));
//! assert_eq!(run.requests[0].path, "/api/v1/namespaces/shop/secrets");
//!
//! let run = host.deny("/api/v1/secrets").run(gather);
//! assert_eq!(run.result, Err(Status::DENIED.into()));
//! ```
//!
//! It answers with the statuses of the [contract](crate::abi), applies field masks (so a gatherer that reads an
//! undeclared field sees its default here too), drops `managedFields`, and answers 404 to what it was not told. It is not an API
//! server: objects are just JSON, selectors are matched by equality only, and nothing is paged. Each run has a host of
//! its own on its thread, so tests run in parallel.

mod answer;
mod hidden;
mod imports;

use crate::abi::{LogLevel, Status, Verb};
use crate::json::{Decode, from_str};
use crate::{Error, Result};
use answer::{Answer, Content};
use core::cell::RefCell;
use core::fmt;
use imports::Running;
use miniserde::json::Value;
use std::borrow::ToOwned;
use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

/// What the fake host will answer. Paths are the API server's: `/api/v1/pods`, `/apis/apps/v1/namespaces/shop/deployments`.
///
/// Behind a path there may be parameters of a log: `…/pods/web/log?container=main&previous=true` is what a request gets that has both. Logs
/// are cut to `tailLines` and `limitBytes`.
///
/// If a path has no answer of its own, that of the whole resource is used: of a list in all namespaces come
/// the lists in one, and the objects by name. Of two answers for one path the one with more parameters holds, else the later.
#[derive(Clone, Debug, Default)]
#[must_use = "it does nothing until `run`"]
pub struct Host {
    answers: Vec<(String, Answer)>,
    hidden: Vec<(String, String)>,
    params: Vec<(String, String)>,
    now_millis: i64,
    short_reads: Option<usize>,
    entries_fail: Option<Status>,
}

impl Host {
    /// A host that answers 404 to everything.
    pub fn new() -> Self {
        Host::default()
    }

    /// Answers a list with these items: a JSON array of objects.
    ///
    /// # Panics
    ///
    /// If that is not what it is, as a mistake in a test should.
    pub fn list(self, path: &str, items: &str) -> Self {
        let items = match parse(items) {
            Value::Array(items) => items.iter().cloned().collect(),
            _ => panic!("the items of {path} are not a JSON array"),
        };
        self.answer(path, Answer::of(Content::Items(items)))
    }

    /// Answers with one object, as JSON.
    ///
    /// # Panics
    ///
    /// If it is not JSON.
    pub fn object(self, path: &str, object: &str) -> Self {
        let object = parse(object);
        self.answer(path, Answer::of(Content::Object(object)))
    }

    /// Answers with bytes: a raw path, or a log.
    pub fn body(self, path: &str, body: &[u8]) -> Self {
        self.answer(path, Answer::of(Content::Bytes(body.to_owned())))
    }

    /// Answers with an HTTP status that is not a success, and the body that Kubernetes gives it.
    pub fn status(self, path: &str, code: u16) -> Self {
        let body = std::format!(
            r#"{{"apiVersion":"v1","kind":"Status","status":"Failure","message":"the fake host says {code}","code":{code}}}"#
        );
        self.answer(path, Answer { http: Ok(code), ..Answer::of(Content::Bytes(body.into_bytes())) })
    }

    /// Gives no answer, but this status, to whoever waits for it: [`Status::UNREACHABLE`], for one.
    pub fn fail(self, path: &str, status: Status) -> Self {
        self.answer(path, Answer { http: Err(status), ..Answer::of(Content::Bytes(Vec::new())) })
    }

    /// Refuses to start the request, as a host does when the grant does not allow it.
    pub fn deny(self, path: &str) -> Self {
        self.answer(path, Answer { denied: true, ..Answer::of(Content::Bytes(Vec::new())) })
    }

    /// Hides a field of what a resource has at this path (`/api/v1/pods`, `/api/v1/namespaces/shop/pods`), as a rule of a grant does with
    /// `without`: lists and objects come without it, and [`List::hides`](crate::List::hides) says so. `field` is a path such as `spec.nodeName`.
    ///
    /// # Panics
    ///
    /// If it is no such path.
    pub fn without(mut self, path: &str, field: &str) -> Self {
        assert!(hidden::keys(field).is_some(), "{field} is no path of a field");
        self.hidden.push((path.to_owned(), field.to_owned()));
        self
    }

    /// Breaks the answer that was added last: after so many items (of a body: bytes) comes this status.
    ///
    /// # Panics
    ///
    /// If there is no answer yet.
    pub fn break_after(mut self, items: usize, status: Status) -> Self {
        let (_, answer) =
            self.answers.last_mut().expect("`break_after` must follow the response that it breaks");
        answer.break_after = Some((items, status));
        self
    }

    /// Hands out bodies in reads of at most so many bytes, as networks do.
    pub fn short_reads(mut self, bytes: usize) -> Self {
        self.short_reads = Some(bytes.max(1));
        self
    }

    /// Sets a parameter of the run.
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the time of the run, in milliseconds since the Unix epoch. It is 0 otherwise.
    pub fn now_millis(mut self, now_millis: i64) -> Self {
        self.now_millis = now_millis;
        self
    }

    /// Refuses every write to an entry with this status: [`Status::OUTPUT_FAILED`], for one.
    pub fn entries_fail(mut self, status: Status) -> Self {
        self.entries_fail = Some(status);
        self
    }

    fn answer(mut self, path: &str, answer: Answer) -> Self {
        self.answers.push((path.to_owned(), answer));
        self
    }

    /// Runs a gatherer, and shows what it did.
    ///
    /// # Panics
    ///
    /// If the gatherer does (in WebAssembly that is a trap), or if it is run within another run.
    pub fn run(&self, gather: impl FnOnce() -> Result<()>) -> Run {
        /// Takes the host off the thread again, also when the gatherer panics.
        struct Guard;
        impl Drop for Guard {
            fn drop(&mut self) {
                CURRENT.with_borrow_mut(|current| *current = None);
            }
        }

        CURRENT.with_borrow_mut(|current| {
            assert!(current.is_none(), "a gatherer cannot run within another gatherer");
            *current = Some(Running::new(self.clone()));
        });
        let _guard = Guard;
        let result = gather();
        with_current(|running| core::mem::take(running).finish(result))
    }
}

std::thread_local! {
    static CURRENT: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// The host that runs on this thread.
pub(crate) fn with_current<T>(call: impl FnOnce(&mut Running) -> T) -> T {
    CURRENT.with_borrow_mut(|current| match current {
        Some(running) => call(running),
        None => panic!("no host on this thread: run the gatherer with `wagather::fake::Host::run`"),
    })
}

fn parse(json: &str) -> Value {
    miniserde::json::from_str(json).unwrap_or_else(|_| panic!("not JSON: {json}"))
}

/// What a gatherer did.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it returned.
    pub result: Result<()>,
    /// The entries that it wrote and closed, by name.
    pub entries: BTreeMap<String, Vec<u8>>,
    /// The entries that it opened and did not close: a host leaves them out.
    pub unclosed: Vec<String>,
    /// What it piped, in order.
    pub piped: Vec<Piped>,
    /// The requests that it made and that were not refused, in order.
    pub requests: Vec<Request>,
    /// The lines that it logged, in order.
    pub logs: Vec<Log>,
    /// The objects that did not fit its types, in order: a host names them, and says that the archive has gaps.
    pub misfits: Vec<Misfit>,
    /// How many requests it left open. Nothing is wrong with that at the end of a run, but each counts against a budget.
    pub in_flight: usize,
}

impl Run {
    /// An entry, as text.
    ///
    /// # Panics
    ///
    /// If there is none of that name, or if it is not text.
    #[track_caller]
    pub fn entry(&self, name: &str) -> &str {
        let Some(bytes) = self.entries.get(name) else {
            panic!(
                "there is no entry {name}, only {:?}; the gatherer returned {:?}",
                self.entries.keys(),
                self.result
            );
        };
        core::str::from_utf8(bytes).unwrap_or_else(|_| panic!("the entry {name} is not text"))
    }

    /// An entry, decoded from JSON.
    ///
    /// # Panics
    ///
    /// If there is none of that name, or if it does not fit the type.
    #[track_caller]
    pub fn decode<T: Decode>(&self, name: &str) -> T {
        let text = self.entry(name);
        from_str(text).unwrap_or_else(|_: Error| panic!("the entry {name} does not match the type: {text}"))
    }
}

/// An object that did not fit the gatherer's type. Shown, it is a sentence; it is also written to stderr, which a failed test
/// shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// What was asked for: the path.
    pub asked: String,
    /// The object, as `NAMESPACE/NAME` or `NAME`.
    pub object: String,
    /// The field, as `spec.containers[0].image`; empty for the object itself.
    pub field: String,
    /// What is there: `the number 1.5`.
    pub found: String,
    /// What the type wants: `a whole number from 0 to 255`.
    pub wanted: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misfit { asked, object, field, found, wanted } = self;
        let field = if field.is_empty() { "the object itself" } else { field };
        write!(
            f,
            "{asked}: {object} does not match: {field} is {found} where the gatherer expects {wanted}; `codegen verify` finds such types"
        )
    }
}

/// Something that was piped into the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piped {
    /// The place in the archive: conventional for objects, the gatherer's choice for bodies.
    pub name: String,
    /// What is there.
    pub bytes: Vec<u8>,
}

impl Piped {
    /// It as text.
    ///
    /// # Panics
    ///
    /// If it is not text.
    #[track_caller]
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes).unwrap_or_else(|_| panic!("{} is not text", self.name))
    }
}

/// A request that the gatherer made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub verb: Verb,
    /// Where, as the API server sees it.
    pub path: String,
    /// The label selector.
    pub labels: String,
    /// The field selector.
    pub fields: String,
    /// How many items at most; 0 for all.
    pub limit: u32,
    /// The field mask.
    pub mask: String,
    /// Parameters, as in a URL.
    pub query: String,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How much it matters.
    pub level: LogLevel,
    /// The line.
    pub text: String,
}
