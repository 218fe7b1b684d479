//! Findings: what a gatherer judges to be wrong, or worth knowing, in the form that every reader of archives knows
//! (`docs/findings.md`).
//!
//! They go to `findings.json` as they are found, so memory is bounded. The host writes the JSON.
//!
//! ```
//! use wagather::findings::{Finding, Findings, Object};
//! # use wagather::{Fields, Resource, fake};
//! # #[derive(Resource)]
//! # #[resource(version = "v1", plural = "nodes", cluster)]
//! # struct Node<'a> { metadata: Metadata<'a> }
//! # #[derive(Fields)]
//! # struct Metadata<'a> { name: &'a str }
//!
//! # let run = fake::Host::new().run(|| {
//! let mut findings = Findings::create()?;
//! let node = Object::of::<Node>("", "worker-1");
//! findings.push(&Finding::error("NotReady", "the kubelet stopped posting its status").about(&node))?;
//! findings.close()
//! # });
//! # assert_eq!(
//! #     run.entry("findings.json"),
//! #     r#"{"findings":[{"severity":"error","code":"NotReady","object":{"apiVersion":"v1","kind":"Node","name":"worker-1"},"message":"the kubelet stopped posting its status"}]}"#
//! # );
//! ```

// The derives expand to macros of this crate, whose unsafe code explains itself where it is written.
#![allow(unsafe_code)]

use crate::json::ArrayEntry;
use crate::rest::Resource;
use crate::typed::{Map, Pair};
use crate::{Result, Serialize};

/// The findings of a gatherer, being written.
#[must_use = "findings that are not closed are left out of the archive"]
pub struct Findings(ArrayEntry);

impl Findings {
    /// Opens `findings.json`.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::create`](crate::archive::Entry::create).
    #[inline(always)]
    pub fn create() -> Result<Self> {
        ArrayEntry::create_after("findings.json", b"{\"findings\":").map(Findings)
    }

    /// Appends a finding.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::append`](crate::archive::Entry::append).
    #[inline(always)]
    pub fn push(&mut self, finding: &Finding<'_>) -> Result<()> {
        self.0.push(finding)
    }

    /// Completes the file. Without findings, it has an empty list, which says that the gatherer looked.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::close`](crate::archive::Entry::close).
    #[inline(always)]
    pub fn close(self) -> Result<()> {
        self.0.close_before(b"[]}")
    }
}

/// A finding.
#[derive(Clone, Copy, Serialize)]
pub struct Finding<'a> {
    severity: &'a str,
    code: &'a str,
    object: Option<&'a Object<'a>>,
    message: &'a str,
    since: Option<&'a str>,
    properties: Option<Map<'a, &'a str>>,
}

impl<'a> Finding<'a> {
    /// Something that does not work. `code` is a word for programs, such as `Degraded`: letters, digits, `-`, `_` and
    /// `.`. `message` is for people.
    #[inline(always)]
    pub const fn error(code: &'a str, message: &'a str) -> Self {
        Finding::new("error", code, message)
    }

    /// Something that works, but should be looked at.
    #[inline(always)]
    pub const fn warning(code: &'a str, message: &'a str) -> Self {
        Finding::new("warning", code, message)
    }

    /// Something that is worth knowing.
    #[inline(always)]
    pub const fn info(code: &'a str, message: &'a str) -> Self {
        Finding::new("info", code, message)
    }

    #[inline(always)]
    const fn new(severity: &'a str, code: &'a str, message: &'a str) -> Self {
        Finding { severity, code, object: None, message, since: None, properties: None }
    }

    /// Names the object that it is about.
    #[inline(always)]
    pub const fn about(self, object: &'a Object<'a>) -> Self {
        Finding { object: Some(object), ..self }
    }

    /// Says since when: a time of the API, such as `2026-01-02T03:04:05Z`. An empty text is the same as none.
    #[inline(always)]
    pub const fn since(self, since: &'a str) -> Self {
        Finding { since: Some(since), ..self }
    }

    /// Adds properties: texts with names, for programs.
    #[inline(always)]
    pub const fn with(self, properties: &'a [Property<'a>]) -> Self {
        Finding { properties: Some(Map::of(properties)), ..self }
    }
}

/// A property of a finding: `Property::new("version", "4.16.0")`.
pub type Property<'a> = Pair<'a, &'a str>;

/// The object that a finding is about.
#[derive(Clone, Copy, Serialize)]
pub struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> Object<'a> {
    /// An object of a resource. The namespace of a cluster-scoped object is left out.
    #[inline(always)]
    pub const fn of<T: Resource>(namespace: &'a str, name: &'a str) -> Self {
        let namespace = if T::NAMESPACED { Some(namespace) } else { None };
        Object { api_version: T::API_VERSION, kind: T::KIND, namespace, name }
    }

    /// An object of a kind that the gatherer declares no resource for.
    #[inline(always)]
    pub const fn named(
        api_version: &'a str,
        kind: &'a str,
        namespace: Option<&'a str>,
        name: &'a str,
    ) -> Self {
        Object { api_version, kind, namespace, name }
    }
}
