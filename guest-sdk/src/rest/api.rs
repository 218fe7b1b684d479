//! Requests for objects, lists and logs of a resource.

use super::{Body, CanGet, CanList, CanLog, Identity, InFlight, List, Resource};
use crate::abi::{Status, Verb};
use crate::error::check;
use crate::typed::ApiResource;
use crate::typed::{self, Item, Shaped};
use crate::{Result, json, sys};
use alloc::vec::Vec;
use core::marker::PhantomData;

/// A resource, in one namespace or in all.
///
/// Creating an `Api` sends no request.
pub struct Api<'a, K> {
    namespace: Option<&'a str>,
    resource: PhantomData<fn() -> K>,
}

impl<'a, K: Resource> Api<'a, K> {
    /// The resource in all namespaces, or a cluster-scoped one. It does not compile for a resource that is declared
    /// for a single namespace.
    #[inline(always)]
    pub const fn all() -> Self {
        const { assert!(K::NAMESPACE.is_none(), "declared for one namespace only: use `Api::namespaced`") };
        Api { namespace: None, resource: PhantomData }
    }

    /// The resource in one namespace. It does not compile for a cluster-scoped resource.
    #[inline(always)]
    pub const fn namespaced(namespace: &'a str) -> Self {
        const { assert!(K::NAMESPACED, "a cluster-scoped resource is in no namespace: use `Api::all`") };
        Api { namespace: Some(namespace), resource: PhantomData }
    }

    #[inline(always)]
    fn namespace(&self) -> &'a str {
        self.namespace.unwrap_or("")
    }

    /// Starts a list and returns at once, so several requests can be in flight. The API server's status, such as a
    /// refusal, is returned with the first item.
    ///
    /// # Errors
    ///
    /// [`Status::DENIED`], [`Status::BAD_REQUEST`], or an exhausted budget. The server's statuses come later.
    #[inline(always)]
    pub fn list(&self, params: &ListParams<'_>) -> Result<List<K>>
    where
        K: CanList,
    {
        let started = if self.namespace.is_none() && params.is_default() {
            // If the parameters are compile-time constants, as they usually are, the request is a constant.
            sys::rest_start_prepared(&const { &Identity::of::<K>(Verb::LIST) }.prepared)
        } else {
            start_list(const { &Identity::of::<K>(Verb::LIST) }, self.namespace(), params, None)
        };
        InFlight::of(started).map(List::new)
    }

    /// Gets an object by name.
    ///
    /// # Errors
    ///
    /// The server's status (404 if the object does not exist), [`Status::DECODE`] if it does not match the type, and
    /// those of `list`.
    pub fn get(&self, name: &str) -> Result<K>
    where
        K: CanGet + json::Decode,
    {
        let (request, mut object) = get(const { &Identity::of::<K>(Verb::GET) }, self.namespace(), name)?;
        let mut value = K::default();
        json::parse_item(request.handle(), &mut object, json::place_of(&mut value))?;
        Ok(value)
    }

    /// Gets an object by name; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Those of [`Api::get`], except 404.
    pub fn get_opt(&self, name: &str) -> Result<Option<K>>
    where
        K: CanGet + json::Decode,
    {
        match self.get(name) {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gets an object by name, decoded by the host: for resources that are structs with a lifetime (see
    /// [`typed`](crate::typed)). It needs no heap.
    ///
    /// ```
    /// # use wagather::{Api, Fields, Resource, fake, log};
    /// #[derive(Resource)]
    /// #[resource(version = "v1", plural = "namespaces", cluster, verbs(get))]
    /// struct Namespace<'a> { status: Status<'a> }
    ///
    /// #[derive(Fields)]
    /// struct Status<'a> { phase: &'a str }
    ///
    /// fn gather() -> wagather::Result<()> {
    ///     let api = Api::<Namespace>::all();
    ///     log::info(api.get_item("shop")?.get().status.phase);
    ///     assert!(api.get_item_opt("other")?.is_none());
    ///     Ok(())
    /// }
    ///
    /// let run = fake::Host::new()
    ///     .list("/api/v1/namespaces", r#"[{"metadata": {"name": "shop"}, "status": {"phase": "Active"}}]"#)
    ///     .run(gather);
    /// assert_eq!(run.result, Ok(()));
    /// assert_eq!(run.logs[0].text, "Active");
    /// ```
    ///
    /// # Errors
    ///
    /// The server's status (404 if there is none), [`Status::DECODE`] if it does not fit the type, and those of `list`.
    #[inline(always)]
    pub fn get_item(&self, name: &str) -> Result<Item<K>>
    where
        K: CanGet + Shaped,
    {
        let request =
            InFlight::of(start_get(const { &Identity::of::<K>(Verb::GET) }, self.namespace(), name))?;
        typed::read_one(&request)
    }

    /// Gets an object by name, decoded by the host, or `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Those of [`Api::get_item`], but for 404.
    #[inline(always)]
    pub fn get_item_opt(&self, name: &str) -> Result<Option<Item<K>>>
    where
        K: CanGet + Shaped,
    {
        match self.get_item(name) {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts to get an object by name, as JSON bytes with the mask applied. Returns at once, as `list` does.
    ///
    /// # Errors
    ///
    /// Those of [`Api::list`].
    #[inline(always)]
    pub fn get_raw(&self, name: &str) -> Result<Body>
    where
        K: CanGet,
    {
        InFlight::of(start_get(const { &Identity::of::<K>(Verb::GET) }, self.namespace(), name))
            .map(Body::new)
    }

    /// Writes an object to its conventional path in the archive. It does not pass through the gatherer.
    ///
    /// # Errors
    ///
    /// The server's status (404 if the object does not exist), and those of `list`.
    #[inline(always)]
    pub fn pipe(&self, name: &str) -> Result<()>
    where
        K: CanGet,
    {
        InFlight::of(start_get(const { &Identity::of::<K>(Verb::GET) }, self.namespace(), name))?
            .pipe("")
            .map(|_| ())
    }

    /// Starts to read the log of a container of this pod. Returns at once, as `list` does.
    ///
    /// A pod with several containers needs [`LogParams::container`].
    ///
    /// # Errors
    ///
    /// Those of [`Api::list`]; [`Status::BAD_REQUEST`] for parameters that the host refuses.
    #[inline]
    pub fn logs(&self, name: &str, params: &LogParams<'_>) -> Result<Body>
    where
        K: CanLog,
    {
        let mut query = Query::EMPTY;
        params.write_to(&mut query);
        InFlight::of(start_log(const { &Identity::of_log::<K>() }, self.namespace(), name, &query))
            .map(Body::new)
    }
}

// The following functions are not generic, so a gatherer contains them once, however many resources it reads.

pub(super) fn start_list(
    identity: &Identity,
    namespace: &str,
    params: &ListParams<'_>,
    resource: Option<&ApiResource<'_>>,
) -> i32 {
    identity.start(namespace, |request| {
        if let Some(resource) = resource {
            name_in(request, resource);
        }
        request.limit = params.limit;
        request.labels = sys::pass(params.labels);
        request.fields = sys::pass(params.fields);
    })
}

/// Names the resource in a request.
#[inline(always)]
pub(super) fn name_in<'a>(request: &mut sys::Prepared<'a>, resource: &ApiResource<'a>) {
    request.group = sys::pass(resource.group);
    request.version = sys::pass(resource.version);
    request.resource = sys::pass(resource.plural);
}

fn start_get(identity: &Identity, namespace: &str, name: &str) -> i32 {
    identity.start(namespace, |request| request.name = sys::pass(name))
}

/// The request stays open, so the object can be rejected.
fn get(identity: &Identity, namespace: &str, name: &str) -> Result<(InFlight, Vec<u8>)> {
    let mut object = Vec::new();
    let request = InFlight::of(start_get(identity, namespace, name))?;
    request.next(&mut object)?;
    Ok((request, object))
}

fn start_log(identity: &Identity, namespace: &str, name: &str, query: &Query) -> i32 {
    let Some(query) = query.as_str() else { return Status::BAD_REQUEST.0 };
    identity.start(namespace, |request| {
        request.name = sys::pass(name);
        request.query = sys::pass(query);
    })
}

/// Parameters of a list.
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

    /// Only objects that match a label selector, in the syntax of `kubectl get -l`: `app=web,tier!=cache`.
    #[inline(always)]
    pub const fn labels(mut self, selector: &'a str) -> Self {
        self.labels = selector;
        self
    }

    /// Only objects that match a field selector, in the syntax of `kubectl get --field-selector`:
    /// `status.phase=Running`.
    #[inline(always)]
    pub const fn fields(mut self, selector: &'a str) -> Self {
        self.fields = selector;
        self
    }

    /// At most this many objects in total (not per page, because the host does the paging). 0 means no limit.
    #[inline(always)]
    pub const fn limit(mut self, objects: u32) -> Self {
        self.limit = objects;
        self
    }
}

/// Parameters of a pod's log, with kube-rs' names. There is no `follow`, because an answer must end.
///
/// ```
/// # use wagather::LogParams;
/// let last_words = LogParams::default().container("web").previous().tail_lines(100).limit_bytes(64 << 10);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct LogParams<'a> {
    container: &'a str,
    since_time: &'a str,
    limit_bytes: Option<u32>,
    since_seconds: Option<u32>,
    tail_lines: Option<u32>,
    previous: bool,
    timestamps: bool,
}

impl<'a> LogParams<'a> {
    /// Selects the container; optional if the pod has only one.
    pub const fn container(mut self, name: &'a str) -> Self {
        self.container = name;
        self
    }

    /// At most this many bytes, from the first line that the other parameters leave. The end is cut off, possibly
    /// within a line. Must not be 0.
    pub const fn limit_bytes(mut self, bytes: u32) -> Self {
        self.limit_bytes = Some(bytes);
        self
    }

    /// The log of the container's previous instance, from before it crashed. The server answers 400 if there is none.
    pub const fn previous(mut self) -> Self {
        self.previous = true;
        self
    }

    /// Only lines of the last seconds. Must not be 0 or combined with [`since_time`](LogParams::since_time).
    pub const fn since_seconds(mut self, seconds: u32) -> Self {
        self.since_seconds = Some(seconds);
        self
    }

    /// Only lines since this time: RFC 3339, as in Kubernetes' objects (`2024-05-02T11:00:00Z`).
    pub const fn since_time(mut self, time: &'a str) -> Self {
        self.since_time = time;
        self
    }

    /// Only this many lines, from the end.
    pub const fn tail_lines(mut self, lines: u32) -> Self {
        self.tail_lines = Some(lines);
        self
    }

    /// Begins each line with its time and a space.
    pub const fn timestamps(mut self) -> Self {
        self.timestamps = true;
        self
    }

    /// The query. The host validates the values; this code only ensures that no value contains another parameter.
    // Inlined where parameters are set, so that those which are not set are not in the gatherer.
    #[inline(always)]
    fn write_to(&self, query: &mut Query) {
        query.text("container=", self.container);
        query.text("sinceTime=", self.since_time);
        query.number("limitBytes=", self.limit_bytes);
        query.number("sinceSeconds=", self.since_seconds);
        query.number("tailLines=", self.tail_lines);
        query.flag("previous=true", self.previous);
        query.flag("timestamps=true", self.timestamps);
    }
}

/// A buffer for all parameters at their maximum length. If they are longer, only the length grows.
struct Query {
    bytes: [u8; 256],
    len: usize,
}

impl Query {
    const EMPTY: Query = Query { bytes: [0; 256], len: 0 };

    // The tests for what is not set are inlined, see `LogParams::write_to`.
    #[inline(always)]
    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.name(name);
            self.value(value);
        }
    }

    #[inline(always)]
    fn number(&mut self, name: &str, value: Option<u32>) {
        if let Some(number) = value {
            self.name(name);
            self.digits(number);
        }
    }

    #[inline(always)]
    fn flag(&mut self, name: &str, is_set: bool) {
        if is_set {
            self.name(name);
        }
    }

    #[inline(never)]
    fn name(&mut self, name: &str) {
        if self.len > 0 {
            self.put(b'&');
        }
        for byte in name.bytes() {
            self.put(byte);
        }
    }

    #[inline(never)]
    fn value(&mut self, value: &str) {
        for byte in value.bytes() {
            // What would begin another parameter or an escape becomes a space, with which the host refuses any value.
            self.put(if matches!(byte, b'&' | b'%') { b' ' } else { byte });
        }
    }

    #[inline(never)]
    fn digits(&mut self, number: u32) {
        if number > 9 {
            self.digits(number / 10);
        }
        self.put(b'0' + (number % 10) as u8);
    }

    #[inline(never)]
    fn put(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
        }
        self.len += 1;
    }

    fn as_str(&self) -> Option<&str> {
        self.bytes.get(..self.len).and_then(|bytes| sys::text(bytes).ok())
    }
}

impl Body {
    pub(super) fn start_raw(path: &str) -> Result<Body> {
        InFlight::of(sys::rest_start(&sys::Request { resource: path, ..sys::Request::new(Verb::RAW) }))
            .map(Body::new)
    }

    #[inline(always)]
    pub(super) fn http_status(&self) -> Result<u32> {
        check(sys::rest_status(self.handle()))
    }
}
