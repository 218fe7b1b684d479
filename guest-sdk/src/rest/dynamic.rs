//! Resources that a gatherer learns of while it runs: from the cluster's discovery, or from an object that names others.

use super::api::{name_in, start_list};
use super::{Body, Identity, InFlight, List, ListParams};
use crate::abi::Verb;
use crate::abi::manifest::ANY;
use crate::typed::{ApiResource, DynamicObject};
use crate::{Result, sys};

/// Resources that the manifest declares by a record with wildcards; [`manifest_resources!`](crate::manifest_resources) makes one. Whoever
/// has it can make requests for resources that are not known before the gatherer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicResources(());

impl DynamicResources {
    /// For the macro only.
    #[doc(hidden)]
    pub const fn declared(verbs: &str, resources: &str, namespaces: &str) -> Self {
        assert!(
            is(verbs, "get") || is(verbs, "list") || is(verbs, "get,list"),
            "the verbs are \"get\", \"list\" or \"get,list\""
        );
        assert!(
            !namespaces.is_empty() && is_plain(namespaces, false) == 0,
            "a namespace, a pattern such as shop-*, or *"
        );
        let slashes = is_plain(resources, true);
        assert!(slashes == 2 || slashes == 3, "a resource is GROUP/VERSION/PLURAL, each of which may be *");
        DynamicResources(())
    }
}

const fn is(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let mut at = 0;
    while at < text.len() && at < word.len() && text[at] == word[at] {
        at += 1;
    }
    at == text.len() && at == word.len()
}

/// How many slashes a text has that has nothing else but what names and wildcards have.
const fn is_plain(text: &str, may_have_slashes: bool) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut slashes) = (0, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        let plain = byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'*');
        assert!(plain || (may_have_slashes && byte == b'/'), "a name has a-z, 0-9, '-' and '.', or is *");
        slashes += (byte == b'/') as usize;
        at += 1;
    }
    slashes
}

/// A resource that is named at run time, in one namespace or in all.
///
/// ```
/// use wagather::rest::{ApiResource, DynamicApi, DynamicResources};
/// use wagather::{ListParams, fake};
///
/// const ANY: DynamicResources = wagather::manifest_resources!("get,list", "*/*/*");
///
/// fn gather() -> wagather::Result<()> {
///     // Everything in a namespace, and one object of a resource whose version nobody knows.
///     DynamicApi::namespaced_with(ANY, "shop", &ApiResource::ANY).list(&ListParams::default())?.pipe()?;
///     DynamicApi::all_with(ANY, &ApiResource::preferred("config.openshift.io", "clusteroperators")).pipe("dns")
/// }
///
/// let run = fake::Host::new()
///     .resource("/api/v1/pods", "Pod", true)
///     .resource("/apis/config.openshift.io/v1/clusteroperators", "ClusterOperator", false)
///     .list("/api/v1/pods", r#"[{"metadata": {"name": "web", "namespace": "shop"}}]"#)
///     .list("/apis/config.openshift.io/v1/clusteroperators", r#"[{"metadata": {"name": "dns"}}]"#)
///     .run(gather);
/// assert_eq!(run.result, Ok(()));
/// assert_eq!(run.piped[0].name, "namespaces/shop/core/pods/web.json");
/// assert_eq!(run.piped[1].name, "cluster-scoped-resources/config.openshift.io/clusteroperators/dns.json");
/// ```
///
/// The host refuses resources that the manifest does not declare. A wildcard declares neither Secrets nor anything else that
/// gives more rights to its reader, whatever the resource is called.
#[derive(Clone, Copy, Debug)]
pub struct DynamicApi<'a> {
    resource: &'a ApiResource<'a>,
    namespace: &'a str,
}

impl<'a> DynamicApi<'a> {
    /// The resource in all namespaces, or a cluster-scoped one.
    #[inline(always)]
    pub const fn all_with(_declared: DynamicResources, resource: &'a ApiResource<'a>) -> Self {
        DynamicApi { resource, namespace: "" }
    }

    /// The resource in one namespace; an empty one is the same as [`all_with`](DynamicApi::all_with).
    #[inline(always)]
    pub const fn namespaced_with(
        _declared: DynamicResources,
        namespace: &'a str,
        resource: &'a ApiResource<'a>,
    ) -> Self {
        DynamicApi { resource, namespace }
    }

    /// Starts a list and returns at once, as [`Api::list`](super::Api::list) does. For [`ApiResource::ANY`], the refusal of one resource
    /// does not end the list: the host reports it as missing.
    ///
    /// # Errors
    ///
    /// Those of [`Api::list`](super::Api::list).
    #[inline]
    pub fn list(&self, params: &ListParams<'_>) -> Result<List<DynamicObject<'static>>> {
        InFlight::of(start_list_of(self.resource, self.namespace, params)).map(List::new)
    }

    /// Starts to get an object by name, as JSON bytes.
    ///
    /// # Errors
    ///
    /// Those of [`Api::list`](super::Api::list).
    #[inline]
    pub fn get_raw(&self, name: &str) -> Result<Body> {
        InFlight::of(start_get_of(self.resource, self.namespace, name)).map(Body::new)
    }

    /// Writes an object to its conventional path in the archive. It does not pass through the gatherer.
    ///
    /// # Errors
    ///
    /// The server's status (404 if the object does not exist, or the resource), and those of `list`.
    #[inline]
    pub fn pipe(&self, name: &str) -> Result<()> {
        InFlight::of(start_get_of(self.resource, self.namespace, name))?.pipe("").map(|_| ())
    }
}

// The following functions are not generic, so a gatherer contains them once.

fn start_list_of(resource: &ApiResource<'_>, namespace: &str, params: &ListParams<'_>) -> i32 {
    const LIST: Identity = Identity::unnamed(Verb::LIST);
    start_list(&LIST, namespace, params, Some(resource))
}

fn start_get_of(resource: &ApiResource<'_>, namespace: &str, name: &str) -> i32 {
    const GET: Identity = Identity::unnamed(Verb::GET);
    GET.start(namespace, |request| {
        name_in(request, resource);
        request.name = sys::pass(name);
    })
}

/// Starts a list of each resource that the manifest and the grant allow, one after another: [`DynamicApi::list`] of [`ApiResource::ANY`],
/// in fewer bytes.
///
/// ```
/// use wagather::rest::{self, DynamicResources};
///
/// const ANY: DynamicResources = wagather::manifest_resources!("list", "*/*/*");
///
/// fn gather() -> wagather::Result<()> {
///     rest::list_any(ANY)?.pipe().map(drop)
/// }
/// # let run = wagather::fake::Host::new()
/// #     .resource("/api/v1/pods", "Pod", true)
/// #     .list("/api/v1/pods", r#"[{"metadata": {"name": "web", "namespace": "shop"}}]"#)
/// #     .run(gather);
/// # assert_eq!(run.piped.len(), 1);
/// ```
///
/// # Errors
///
/// Those of [`Api::list`](super::Api::list).
#[inline(always)]
pub fn list_any(_declared: DynamicResources) -> Result<List<DynamicObject<'static>>> {
    InFlight::of(sys::rest_start_prepared(&const { any(Verb::LIST) })).map(List::new)
}

/// Starts to read which resources the cluster has, of those that the manifest and the grant allow. Each is in the version that the server
/// prefers. Piped, they are one document of discovery.
///
/// ```
/// use wagather::rest::{self, DynamicResources};
/// use wagather::log;
///
/// const ANY: DynamicResources = wagather::manifest_resources!("list", "*/*/*");
///
/// fn gather() -> wagather::Result<()> {
///     for resource in rest::discover(ANY)?.items() {
///         log::info(resource?.get().kind);
///     }
///     rest::discover(ANY)?.pipe_as("discovery.json")
/// }
/// # let run = wagather::fake::Host::new().resource("/api/v1/pods", "Pod", true).run(gather);
/// # assert_eq!((&*run.logs[0].text, &*run.piped[0].name), ("Pod", "discovery.json"));
/// ```
///
/// # Errors
///
/// Those of [`Api::list`](super::Api::list).
#[inline(always)]
pub fn discover(_declared: DynamicResources) -> Result<List<ApiResource<'static>>> {
    InFlight::of(sys::rest_start_prepared(&const { any(Verb::DISCOVER) })).map(List::new)
}

const fn any(verb: Verb) -> sys::Prepared<'static> {
    sys::prepare(&sys::Request { group: ANY, resource: ANY, ..sys::Request::new(verb) })
}

impl List<ApiResource<'static>> {
    /// Writes all resources to the archive, as the gatherer's entry `name`: a document of discovery, in the server's form.
    ///
    /// # Errors
    ///
    /// The server's status; [`Status::BAD_NAME`](crate::abi::Status::BAD_NAME), [`Status::EXISTS`](crate::abi::Status::EXISTS).
    #[inline(always)]
    pub fn pipe_as(self, name: &str) -> Result<()> {
        self.in_flight().pipe(name).map(|_| ())
    }
}
