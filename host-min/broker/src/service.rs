//! What the broker needs to serve a gatherer.

use super::admission::Admission;
use super::audit::{Audit, Sink};
use super::budget::Budget;
use super::fetch::Fetcher;
use super::observer::{Gauge, Observer};
use std::sync::Arc;
use wagather_archive::{Layout, Section};
use wagather_json::redact::Redactor;

/// What all gatherers of a run share.
pub struct Settings<'a> {
    /// What each gatherer may use.
    pub budget: Budget,
    /// The linear memory of each guest.
    pub memory_bytes: u64,
    /// Whether every mechanism of the sandbox must be active.
    pub require_sandbox: bool,
    /// How many items each page of a list has, if that is fixed.
    pub chunk_items: Option<u32>,
    /// Redacts and obfuscates what guests, reports and the audit get.
    pub redactor: Arc<Redactor>,
    /// Where objects and logs go in the archive.
    pub layout: Layout,
    /// Receives log lines and watches progress.
    pub observer: &'a dyn Observer,
    /// Receives each audit record, besides the archive.
    pub audit_sink: Option<&'a Sink>,
    /// Whether the audit has times. A replay writes the same lines each time, so it has none.
    pub is_timed: bool,
}

/// One gatherer to serve.
pub struct Service<'a> {
    pub(super) settings: &'a Settings<'a>,
    pub(super) name: &'a str,
    pub(super) admission: Admission,
    pub(super) fetcher: Fetcher,
    pub(super) section: Section,
    pub(super) params: Vec<(String, String)>,
    pub(super) audit: Audit<'a>,
    pub(super) gauge: Option<Arc<Gauge>>,
}

impl<'a> Settings<'a> {
    /// A gatherer with these rights. Its requests go through `fetcher`, and its files into `section`. The observer may watch it from now on.
    pub fn service(
        &'a self,
        name: &'a str,
        admission: Admission,
        fetcher: Fetcher,
        section: Section,
    ) -> Service<'a> {
        let gauge = self.observer.watch(name);
        let audit =
            Audit::new(name, self.is_timed, self.audit_sink).obfuscated(self.redactor.obfuscator().cloned());
        let fetcher = fetcher.watched(gauge.clone());
        Service { settings: self, name, admission, fetcher, section, params: Vec::new(), audit, gauge }
    }
}

impl<'a> Service<'a> {
    /// Sets the parameters of the gatherer. It may copy them into its output, so they are obfuscated.
    pub fn with_params(self, params: Vec<(String, String)>) -> Service<'a> {
        let redactor = &self.settings.redactor;
        let params = params.into_iter().map(|(name, value)| (name, redactor.obfuscated(value))).collect();
        Service { params, ..self }
    }
}
