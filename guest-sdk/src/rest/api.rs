//! What can be asked for: objects, lists and logs of a resource.

use super::{Body, CanGet, CanList, CanLog, Identity, InFlight, List, Resource};
use crate::abi::{Status, Verb};
use crate::decimal::Decimal;
use crate::error::check;
use crate::{Error, Result, json, sys};
use alloc::vec::Vec;
use core::marker::PhantomData;
use miniserde::Deserialize;

/// A resource, in a namespace or in all.
///
/// It only says what is meant: making one asks for nothing yet.
pub struct Api<'a, K> {
    namespace: Option<&'a str>,
    resource: PhantomData<fn() -> K>,
}

impl<'a, K: Resource> Api<'a, K> {
    /// The resource in all namespaces, or a cluster-scoped one. Does not compile for a resource that is declared for
    /// one namespace only.
    #[inline(always)]
    pub const fn all() -> Self {
        const { assert!(K::NAMESPACE.is_none(), "declared for one namespace only: use `Api::namespaced`") };
        Api { namespace: None, resource: PhantomData }
    }

    /// The resource in one namespace. Does not compile for a cluster-scoped resource.
    #[inline(always)]
    pub const fn namespaced(namespace: &'a str) -> Self {
        const { assert!(K::NAMESPACED, "a cluster-scoped resource is in no namespace: use `Api::all`") };
        Api { namespace: Some(namespace), resource: PhantomData }
    }

    #[inline(always)]
    fn namespace(&self) -> &'a str {
        self.namespace.unwrap_or("")
    }

    /// Starts a list and returns at once, so that several may be under way. What becomes of it, a refusal by the API
    /// server for one, is known at the first item.
    ///
    /// # Errors
    ///
    /// [`Status::DENIED`], [`Status::BAD_REQUEST`], or a budget that is used up. The server's statuses come later.
    #[inline(always)]
    pub fn list(&self, params: &ListParams<'_>) -> Result<List<K>>
    where
        K: CanList,
    {
        let started = if self.namespace.is_none() && params.is_default() {
            // Where that is known while compiling, which is nearly always, the request is a constant.
            sys::rest_start_prepared(const { &sys::prepare(&Identity::of::<K>().request(Verb::LIST, "")) })
        } else {
            start_list(const { &Identity::of::<K>() }, self.namespace(), params)
        };
        InFlight::of(started).map(List::new)
    }

    /// The object of that name.
    ///
    /// # Errors
    ///
    /// The server's status (404 if there is none), [`Status::DECODE`] if it does not fit the type, and those of `list`.
    pub fn get(&self, name: &str) -> Result<K>
    where
        K: CanGet + Deserialize,
    {
        json::from_str(sys::text(&get(const { &Identity::of::<K>() }, self.namespace(), name)?)?)
    }

    /// The object of that name, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`Api::get`], but for 404.
    pub fn get_opt(&self, name: &str) -> Result<Option<K>>
    where
        K: CanGet + Deserialize,
    {
        match self.get(name) {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts to get the object of that name, as JSON bytes with the mask applied. Returns at once, as `list` does.
    ///
    /// # Errors
    ///
    /// Those of [`Api::list`].
    #[inline(always)]
    pub fn get_raw(&self, name: &str) -> Result<Body>
    where
        K: CanGet,
    {
        InFlight::of(start_get(const { &Identity::of::<K>() }, self.namespace(), name)).map(Body::new)
    }

    /// Writes the object of that name to the archive, at the conventional place; nothing of it passes through the
    /// gatherer.
    ///
    /// # Errors
    ///
    /// The server's status (404 if there is none), and those of `list`.
    #[inline(always)]
    pub fn pipe(&self, name: &str) -> Result<()>
    where
        K: CanGet,
    {
        InFlight::of(start_get(const { &Identity::of::<K>() }, self.namespace(), name))?.pipe("").map(|_| ())
    }

    /// Starts to read the log of the pod of that name. Returns at once, as `list` does.
    ///
    /// # Errors
    ///
    /// Those of [`Api::list`].
    pub fn log(&self, name: &str, params: &LogParams<'_>) -> Result<Body>
    where
        K: CanLog,
    {
        InFlight::of(start_log(const { &Identity::of::<K>() }, self.namespace(), name, params)?)
            .map(Body::new)
    }
}

// What follows is not generic: it is in a gatherer once, however many resources it reads.

fn start_list(identity: &Identity, namespace: &str, params: &ListParams<'_>) -> i32 {
    identity.start(&sys::Request {
        limit: params.limit,
        labels: params.labels,
        fields: params.fields,
        ..identity.request(Verb::LIST, namespace)
    })
}

fn start_get(identity: &Identity, namespace: &str, name: &str) -> i32 {
    identity.start(&sys::Request { name, ..identity.request(Verb::GET, namespace) })
}

fn get(identity: &Identity, namespace: &str, name: &str) -> Result<Vec<u8>> {
    let mut object = Vec::new();
    InFlight::of(start_get(identity, namespace, name))?.next(&mut object)?;
    Ok(object)
}

fn start_log(identity: &Identity, namespace: &str, name: &str, params: &LogParams<'_>) -> Result<i32> {
    let query = params.query()?;
    Ok(identity.start(&sys::Request {
        name,
        subresource: "log",
        mask: "",
        query: &query,
        ..identity.request(Verb::GET, namespace)
    }))
}

/// Which objects of a list are wanted.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct ListParams<'a> {
    labels: &'a str,
    fields: &'a str,
    limit: u32,
}

impl<'a> ListParams<'a> {
    #[inline(always)]
    const fn is_default(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty() && self.limit == 0
    }

    /// Only objects that a label selector matches, as `kubectl get -l` takes it: `app=web,tier!=cache`.
    #[inline(always)]
    pub const fn labels(mut self, selector: &'a str) -> Self {
        self.labels = selector;
        self
    }

    /// Only objects that a field selector matches, as `kubectl get --field-selector` takes it: `status.phase=Running`.
    #[inline(always)]
    pub const fn fields(mut self, selector: &'a str) -> Self {
        self.fields = selector;
        self
    }

    /// At most so many objects in all (not per page: the host does the paging). 0 is no limit.
    #[inline(always)]
    pub const fn limit(mut self, objects: u32) -> Self {
        self.limit = objects;
        self
    }
}

/// Which part of a pod's log is wanted.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct LogParams<'a> {
    container: &'a str,
    tail_lines: Option<u32>,
    since_seconds: Option<u32>,
    previous: bool,
}

impl<'a> LogParams<'a> {
    /// Of this container; a pod with one container needs none.
    pub const fn container(mut self, name: &'a str) -> Self {
        self.container = name;
        self
    }

    /// Only the last lines.
    pub const fn tail_lines(mut self, lines: u32) -> Self {
        self.tail_lines = Some(lines);
        self
    }

    /// Only lines of the last seconds.
    pub const fn since_seconds(mut self, seconds: u32) -> Self {
        self.since_seconds = Some(seconds);
        self
    }

    /// Of the container's previous instance: what it said before it crashed.
    pub const fn previous(mut self) -> Self {
        self.previous = true;
        self
    }

    fn query(&self) -> Result<heapless::String<192>> {
        let mut query = Query(heapless::String::new());
        if !self.container.is_empty() {
            // Names of containers are DNS labels, which need no escapes; anything else is refused here.
            if !self.container.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return Err(Error::new(Status::BAD_REQUEST));
            }
            query.pair("container", self.container)?;
        }
        query.number("tailLines", self.tail_lines)?;
        query.number("sinceSeconds", self.since_seconds)?;
        if self.previous {
            query.pair("previous", "true")?;
        }
        Ok(query.0)
    }
}

struct Query(heapless::String<192>);

impl Query {
    fn pair(&mut self, name: &str, value: &str) -> Result<()> {
        let separator = if self.0.is_empty() { "" } else { "&" };
        [separator, name, "=", value]
            .into_iter()
            .try_for_each(|piece| self.0.push_str(piece))
            .map_err(|_| Error::new(Status::BAD_REQUEST))
    }

    fn number(&mut self, name: &str, value: Option<u32>) -> Result<()> {
        match value {
            Some(value) => self.pair(name, sys::text(Decimal::new(false, value.into()).as_bytes())?),
            None => Ok(()),
        }
    }
}

impl Body {
    pub(super) fn start_raw(path: &str) -> Result<Body> {
        InFlight::of(sys::rest_start(&sys::Request { resource: path, ..sys::Request::new(Verb::RAW) }))
            .map(Body::new)
    }

    pub(super) fn http_status(&self) -> Result<u32> {
        check(sys::rest_status(self.handle()))
    }
}
