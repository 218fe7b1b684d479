//! A fake host for tests: it runs the same gatherer natively, in plain `cargo test`.
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
//! It returns the statuses of the [contract](crate::abi), applies field masks (so a gatherer that reads an undeclared
//! field sees its default here too), removes `managedFields`, and answers 404 to unknown requests. It is not an API
//! server: objects are plain JSON, selectors match by equality only, and there are no pages. Each run has its own
//! host on its own thread, so tests can run in parallel.

mod answer;
mod any;
mod hidden;
mod imports;

use crate::abi::{LogLevel, Status, Verb};
use crate::json::{Decode, from_str};
use crate::{Error, Result};
use answer::{Answer, Content};
use any::Known;
use core::cell::RefCell;
use core::fmt;
use imports::Running;
use miniserde::json::Value;
use std::borrow::ToOwned;
use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

/// The answers of the fake host. Paths are those of the API server: `/api/v1/pods`,
/// `/apis/apps/v1/namespaces/shop/deployments`.
///
/// The path of a log may have parameters: `…/pods/web/log?container=main&previous=true` answers requests with both of
/// them. Logs are cut to `tailLines` and `limitBytes`.
///
/// If a path has no answer, the host derives one from the resource's list in all namespaces: lists in one namespace,
/// and objects by name. If several answers match a path, the one with the most parameters wins; among equals, the
/// last.
#[derive(Clone, Debug, Default)]
#[must_use = "it does nothing until `run`"]
pub struct Host {
    answers: Vec<(String, Answer)>,
    hidden: Vec<(String, String)>,
    resources: Vec<Known>,
    params: Vec<(String, String)>,
    now_millis: i64,
    short_reads: Option<usize>,
    entries_fail: Option<Status>,
}

impl Host {
    /// Creates a host that answers 404 to every request.
    pub fn new() -> Self {
        Host::default()
    }

    /// Says that the cluster has a resource: the path of its list, its kind, and whether its objects are in namespaces. Requests that
    /// name no resource find those, and requests without a version find theirs. As for a host, Secrets are none of them.
    ///
    /// # Panics
    ///
    /// If the path is not one of a list over all namespaces.
    pub fn resource(mut self, path: &str, kind: &str, namespaced: bool) -> Self {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let (group, version, plural) = match segments[..] {
            ["api", version, plural] => ("", version, plural),
            ["apis", group, version, plural] => (group, version, plural),
            _ => panic!("{path} is not the path of a list over all namespaces"),
        };
        let [group, version, plural, kind] = [group, version, plural, kind].map(ToOwned::to_owned);
        self.resources.push(Known { group, version, plural, kind, namespaced });
        self
    }

    /// Answers a list with these items: a JSON array of objects.
    ///
    /// # Panics
    ///
    /// If `items` is not such an array.
    pub fn list(self, path: &str, items: &str) -> Self {
        let items = match parse(items) {
            Value::Array(items) => items.iter().cloned().collect(),
            _ => panic!("the items of {path} are not a JSON array"),
        };
        self.answer(path, Answer::of(Content::Items(items)))
    }

    /// Answers with one object.
    ///
    /// # Panics
    ///
    /// If `object` is not JSON.
    pub fn object(self, path: &str, object: &str) -> Self {
        let object = parse(object);
        self.answer(path, Answer::of(Content::Object(object)))
    }

    /// Answers with bytes, for a raw path or a log.
    pub fn body(self, path: &str, body: &[u8]) -> Self {
        self.answer(path, Answer::of(Content::Bytes(body.to_owned())))
    }

    /// Answers with an unsuccessful HTTP status, and the body that Kubernetes sends with it.
    pub fn status(self, path: &str, code: u16) -> Self {
        let body = std::format!(
            r#"{{"apiVersion":"v1","kind":"Status","status":"Failure","message":"the fake host says {code}","code":{code}}}"#
        );
        self.answer(path, Answer { http: Ok(code), ..Answer::of(Content::Bytes(body.into_bytes())) })
    }

    /// Gives no answer. Calls that wait for it return this status, such as [`Status::UNREACHABLE`].
    pub fn fail(self, path: &str, status: Status) -> Self {
        self.answer(path, Answer { http: Err(status), ..Answer::of(Content::Bytes(Vec::new())) })
    }

    /// Refuses the request, as a host does if the grant does not allow it.
    pub fn deny(self, path: &str) -> Self {
        self.answer(path, Answer { denied: true, ..Answer::of(Content::Bytes(Vec::new())) })
    }

    /// Hides a field of the resource at this path (`/api/v1/pods`, `/api/v1/namespaces/shop/pods`), as `without` in a
    /// grant does: lists and objects lack the field, and [`List::hides`](crate::List::hides) returns true. `field` is
    /// a path such as `spec.nodeName`.
    ///
    /// # Panics
    ///
    /// If `field` is not a valid path.
    pub fn without(mut self, path: &str, field: &str) -> Self {
        assert!(hidden::keys(field).is_some(), "{field} is not a valid field path");
        self.hidden.push((path.to_owned(), field.to_owned()));
        self
    }

    /// Breaks the last added answer off with this status, after this many items (for a body: bytes).
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

    /// Returns bodies in reads of at most this many bytes, as networks do.
    pub fn short_reads(mut self, bytes: usize) -> Self {
        self.short_reads = Some(bytes.max(1));
        self
    }

    /// Sets a parameter of the run.
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the time of the run, in milliseconds since the Unix epoch. The default is 0.
    pub fn now_millis(mut self, now_millis: i64) -> Self {
        self.now_millis = now_millis;
        self
    }

    /// Fails every write to an entry with this status, such as [`Status::OUTPUT_FAILED`].
    pub fn entries_fail(mut self, status: Status) -> Self {
        self.entries_fail = Some(status);
        self
    }

    fn answer(mut self, path: &str, answer: Answer) -> Self {
        self.answers.push((path.to_owned(), answer));
        self
    }

    /// Runs a gatherer and returns what it did.
    ///
    /// # Panics
    ///
    /// If the gatherer panics (in WebAssembly, a trap), or if it is called within another run.
    pub fn run(&self, gather: impl FnOnce() -> Result<()>) -> Run {
        /// Removes the host from the thread, even if the gatherer panics.
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

/// Calls a function with the host of this thread.
pub(crate) fn with_current<T>(call: impl FnOnce(&mut Running) -> T) -> T {
    CURRENT.with_borrow_mut(|current| match current {
        Some(running) => call(running),
        None => panic!("no host on this thread: run the gatherer with `wagather::fake::Host::run`"),
    })
}

fn parse(json: &str) -> Value {
    miniserde::json::from_str(json).unwrap_or_else(|_| panic!("not JSON: {json}"))
}

/// The effects of a gatherer's run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The gatherer's result.
    pub result: Result<()>,
    /// The entries that it closed, by name.
    pub entries: BTreeMap<String, Vec<u8>>,
    /// The entries that it opened but did not close, which a host leaves out.
    pub unclosed: Vec<String>,
    /// The answers that it piped, in order.
    pub piped: Vec<Piped>,
    /// The accepted requests, in order.
    pub requests: Vec<Request>,
    /// The logged lines, in order.
    pub logs: Vec<Log>,
    /// The objects that did not match its types, in order. A host names them, and reports gaps in the archive.
    pub misfits: Vec<Misfit>,
    /// The number of requests still open at the end. That is no mistake, but each one counts against a budget.
    pub in_flight: usize,
}

impl Run {
    /// The content of an entry, as a string.
    ///
    /// # Panics
    ///
    /// If there is no entry of that name, or if it is not UTF-8.
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

    /// The content of an entry, decoded from JSON.
    ///
    /// # Panics
    ///
    /// If there is no entry of that name, or if it does not match the type.
    #[track_caller]
    pub fn decode<T: Decode>(&self, name: &str) -> T {
        let text = self.entry(name);
        from_str(text).unwrap_or_else(|_: Error| panic!("the entry {name} does not match the type: {text}"))
    }
}

/// An object that did not match the gatherer's type. Its `Display` is a sentence. The fake host also writes it to
/// stderr, where a failed test shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The path of the request.
    pub asked: String,
    /// The object: `NAMESPACE/NAME` or `NAME`.
    pub object: String,
    /// The field, such as `spec.containers[0].image`; empty for the object itself.
    pub field: String,
    /// The value found there, such as `the number 1.5`.
    pub found: String,
    /// The expected type, such as `a whole number from 0 to 255`.
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

/// A file that was piped into the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piped {
    /// Its path in the archive: the conventional one for objects, the gatherer's choice for bodies.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Piped {
    /// Its content, as a string.
    ///
    /// # Panics
    ///
    /// If it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes).unwrap_or_else(|_| panic!("{} is not text", self.name))
    }
}

/// A request of the gatherer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The verb.
    pub verb: Verb,
    /// The API server's path.
    pub path: String,
    /// The label selector.
    pub labels: String,
    /// The field selector.
    pub fields: String,
    /// The maximum number of items; 0 means no limit.
    pub limit: u32,
    /// The field mask.
    pub mask: String,
    /// The query parameters, as in a URL.
    pub query: String,
}

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its severity.
    pub level: LogLevel,
    /// Its text.
    pub text: String,
}
