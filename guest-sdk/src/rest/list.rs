//! The items of a list, one by one: memory holds the largest item, whatever the size of the cluster.

use super::InFlight;
use crate::abi::Status;
use crate::error::check;
use crate::typed::{BorrowedItems, Shaped};
use crate::{Error, Result, json, sys};
use alloc::vec::Vec;
use core::marker::PhantomData;

/// A list in flight: [iterate](List::into_iter) over it, [pipe](List::pipe) it as a whole, or read it [as
/// bytes](List::next_into).
///
/// The first use returns the API server's status.
#[must_use = "a list that is not read is dropped by the host"]
pub struct List<K> {
    handle: InFlight,
    resource: PhantomData<fn() -> K>,
}

impl<K> List<K> {
    #[inline(always)]
    pub(super) const fn new(handle: InFlight) -> Self {
        List { handle, resource: PhantomData }
    }

    #[inline(always)]
    pub(super) const fn in_flight(&self) -> &InFlight {
        &self.handle
    }

    /// Writes all items to their conventional paths in the archive, and returns their number. They do not pass
    /// through the gatherer, which needs no heap for this.
    ///
    /// # Errors
    ///
    /// The server's status, or [`Status::WRONG_MODE`] if items were read before.
    #[inline(always)]
    pub fn pipe(self) -> Result<u32> {
        self.handle.pipe("")
    }

    /// Whether the grant (`without`) or redaction hides a field of the items. Use it to tell a hidden field from an
    /// absent one: a missing field that is not hidden is absent.
    ///
    /// `field` is a path as in a grant: `spec.nodeName`, `metadata.annotations["example.com/x"]`. It reaches into
    /// arrays. A field that only the mask leaves out is not hidden. The call does not wait for the answer.
    ///
    /// ```
    /// # use wagather::{Api, ListParams, Resource, archive, fake};
    /// # #[derive(Default, Resource)]
    /// # #[resource(version = "v1", plural = "pods", namespaced)]
    /// # struct Pod;
    /// fn gather() -> wagather::Result<()> {
    ///     let pods = Api::<Pod>::all().list(&ListParams::default())?;
    ///     if pods.hides("spec.nodeName")? {
    ///         wagather::log::warn("the grant hides where pods run: none is on a node, as far as is known");
    ///     }
    ///     pods.pipe().map(drop)
    /// }
    /// let host = fake::Host::new().list("/api/v1/pods", r#"[{"metadata": {"name": "a"}, "spec": {"nodeName": "n"}}]"#);
    /// assert_eq!(host.run(gather).logs.len(), 0);
    /// let run = host.without("/api/v1/pods", "spec.nodeName").run(gather);
    /// assert_eq!(run.logs.len(), 1);
    /// assert!(!run.piped[0].text().contains("nodeName"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Status::BAD_REQUEST`] if `field` is not a valid path.
    #[inline(always)]
    pub fn hides(&self, field: &str) -> Result<bool> {
        check(sys::rest_hides(self.handle.handle(), field.as_bytes())).map(|hides| hides != 0)
    }

    /// Decodes the items one by one, and stops with [`Status::DECODE`] at the first that does not match the type. Use
    /// it if an incomplete result is worse than none. The host names the object in any case.
    ///
    /// ```
    /// # use wagather::{Api, ListParams, Resource, abi::Status, fake};
    /// # #[derive(Default, Resource)]
    /// # #[resource(version = "v1", plural = "nodes", cluster)]
    /// # struct Node { kind: String }
    /// fn gather() -> wagather::Result<()> {
    ///     for node in Api::<Node>::all().list(&ListParams::default())?.strict() {
    ///         wagather::log::info(&node?.kind);
    ///     }
    ///     Ok(())
    /// }
    /// let run = fake::Host::new().list("/api/v1/nodes", r#"[{"kind": 7}, {"kind": "Node"}]"#).run(gather);
    /// assert_eq!(run.result, Err(Status::DECODE.into()));
    /// ```
    pub fn strict(self) -> StrictItems<K>
    where
        K: json::Decode,
    {
        StrictItems {
            texts: Texts { handle: self.handle, item: Vec::new(), over: false },
            resource: PhantomData,
        }
    }

    /// Iterates over the items, decoded by the host, for resources that are structs with a lifetime (see
    /// [`typed`](crate::typed)). It needs no heap.
    #[inline(always)]
    pub fn items(self) -> BorrowedItems<K>
    where
        K: Shaped,
    {
        BorrowedItems::new(self.handle)
    }

    /// Reads the items as those of another resource. Use it for resources with the same fields, so the gatherer
    /// contains the code that reads them once. Fields that the first resource does not declare are absent.
    ///
    /// ```
    /// # use wagather::{Api, Fields, List, ListParams, Resource, fake, log};
    /// # #[derive(Clone, Copy, Fields)]
    /// # struct Metadata<'a> { name: &'a str }
    /// #[derive(Resource)]
    /// #[resource(group = "apps", version = "v1", plural = "deployments", namespaced)]
    /// struct Deployment<'a> { metadata: Metadata<'a> }
    ///
    /// #[derive(Resource)]
    /// #[resource(group = "apps", version = "v1", plural = "daemonsets", namespaced)]
    /// struct DaemonSet<'a> { metadata: Metadata<'a> }
    ///
    /// fn gather() -> wagather::Result<()> {
    ///     let all = ListParams::default();
    ///     log_names(Api::<Deployment>::all().list(&all)?)?;
    ///     log_names(Api::<DaemonSet>::all().list(&all)?.read_as())
    /// }
    ///
    /// fn log_names(list: List<Deployment<'static>>) -> wagather::Result<()> {
    ///     for item in list.items() {
    ///         log::info(item?.get().metadata.name);
    ///     }
    ///     Ok(())
    /// }
    /// let run = fake::Host::new()
    ///     .list("/apis/apps/v1/deployments", r#"[{"metadata": {"name": "web"}}]"#)
    ///     .list("/apis/apps/v1/daemonsets", r#"[{"metadata": {"name": "agent"}}]"#)
    ///     .run(gather);
    /// assert_eq!((&*run.logs[0].text, &*run.logs[1].text), ("web", "agent"));
    /// ```
    #[inline(always)]
    pub fn read_as<T>(self) -> List<T> {
        List { handle: self.handle, resource: PhantomData }
    }

    /// Copies the next item, as JSON, into a buffer; `None` after the last. It needs no heap.
    ///
    /// # Errors
    ///
    /// The server's status; [`Status::NO_ROOM`] if the item is larger than `buffer`. The item is not lost: call again
    /// with a larger buffer.
    pub fn next_into<'b>(&mut self, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>> {
        let len = check(sys::rest_next(self.handle.handle(), buffer))? as usize;
        match buffer.get(..len) {
            None => Err(Error::new(Status::NO_ROOM)),
            Some([]) => Ok(None),
            item => Ok(item),
        }
    }
}

impl<K: json::Decode> IntoIterator for List<K> {
    type Item = Result<K>;
    type IntoIter = Items<K>;

    /// Decodes the items one by one. This needs the heap, which a list that is only piped does not. That is why the
    /// list is not an iterator itself.
    fn into_iter(self) -> Items<K> {
        Items { texts: Texts { handle: self.handle, item: Vec::new(), over: false }, resource: PhantomData }
    }
}

/// The items of a [`List`], decoded.
///
/// It skips an item that does not match the type. The host's log and report then name the item, the field and the
/// value found, and the archive has a gap. [`List::strict`] stops instead. The iterator ends after an error.
pub struct Items<K> {
    texts: Texts,
    resource: PhantomData<fn() -> K>,
}

impl<K: json::Decode> Iterator for Items<K> {
    type Item = Result<K>;

    fn next(&mut self) -> Option<Result<K>> {
        loop {
            let mut item = K::default();
            match self.texts.next(json::place_of(&mut item))? {
                Ok(()) => return Some(Ok(item)),
                // Only the decoder returns this status, never a host.
                Err(error) if error.status() == Status::DECODE => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<K: json::Decode> core::iter::FusedIterator for Items<K> {}

/// The items of a [`List`], decoded, up to the first that does not match. See [`List::strict`].
pub struct StrictItems<K> {
    texts: Texts,
    resource: PhantomData<fn() -> K>,
}

impl<K: json::Decode> Iterator for StrictItems<K> {
    type Item = Result<K>;

    fn next(&mut self) -> Option<Result<K>> {
        let mut item = K::default();
        let read = self.texts.next(json::place_of(&mut item))?;
        self.texts.over |= read.is_err();
        Some(read.map(|()| item))
    }
}

impl<K: json::Decode> core::iter::FusedIterator for StrictItems<K> {}

struct Texts {
    handle: InFlight,
    item: Vec<u8>,
    over: bool,
}

impl Texts {
    /// Decodes the next item into its place.
    fn next(&mut self, place: json::Place<'_>) -> Option<Result<()>> {
        if self.over {
            return None;
        }
        match self.handle.next(&mut self.item) {
            Ok(()) if !self.item.is_empty() => {
                Some(json::parse_item(self.handle.handle(), &mut self.item, place))
            }
            end => {
                self.over = true;
                end.err().map(Err)
            }
        }
    }
}
