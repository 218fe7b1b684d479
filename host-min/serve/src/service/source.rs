//! The source that all runs share, so that its connections stay warm between them.

use crate::config::{Config, Input};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use wagather_base::error::Result;
use wagather_kube::{Call, NoAnswer, Permission, Question, Ready, Response, Source, Written, cluster};

/// A source that outlives its runs.
pub(super) type SharedSource = Arc<dyn Source>;

/// The source of one run. It tells when the run has sent its first request.
pub(super) struct OfRun {
    source: SharedSource,
    told: Arc<Told>,
}

/// What is done once.
pub(super) struct Told {
    is_told: AtomicBool,
    tell: Box<dyn Fn() + Send + Sync>,
}

impl Told {
    pub(super) fn new(tell: impl Fn() + Send + Sync + 'static) -> Arc<Told> {
        Arc::new(Told { is_told: AtomicBool::new(false), tell: Box::new(tell) })
    }

    /// Does it, unless it was done.
    pub(super) fn tell(&self) {
        if !self.is_told.swap(true, Ordering::Relaxed) {
            (self.tell)();
        }
    }
}

impl OfRun {
    pub(super) fn new(source: SharedSource, told: Arc<Told>) -> OfRun {
        OfRun { source, told }
    }
}

/// What a request of a run can be written to.
struct ReadyOfRun(Box<dyn Ready>, Arc<Told>);

impl Ready for ReadyOfRun {
    fn write(self: Box<Self>, call: &Call) -> Box<dyn Written> {
        let written = self.0.write(call);
        // A server on this machine may have to wait for this processor.
        std::thread::yield_now();
        self.1.tell();
        written
    }
}

impl Source for OfRun {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        self.told.tell();
        self.source.send(call)
    }

    fn ready(&self) -> Option<Box<dyn Ready>> {
        let ready = self.source.ready()?;
        Some(Box::new(ReadyOfRun(ready, self.told.clone())))
    }

    fn warm(&self, deadline: Instant) {
        self.source.warm(deadline);
    }

    fn close(&self) {
        self.source.close();
    }

    fn may(&self, question: &Question, deadline: Instant) -> Result<Permission, NoAnswer> {
        self.source.may(question, deadline)
    }

    fn now_millis(&self) -> i64 {
        self.source.now_millis()
    }

    fn is_recording(&self) -> bool {
        self.source.is_recording()
    }

    fn describe(&self) -> String {
        self.source.describe()
    }

    fn label(&self) -> String {
        self.source.label()
    }
}

/// A source that outlives the runs that use it.
struct Shared(Arc<cluster::Cluster>);

/// Opens the source of a configuration, with its warnings. `None` for a recording, which each run opens for itself: a recording gives
/// each answer once.
pub(super) fn open(config: &Config) -> Result<(Option<SharedSource>, Vec<String>)> {
    match &config.input {
        Input::Recording(_) => Ok((None, Vec::new())),
        Input::Cluster(options) => {
            let cluster = cluster::open(options)?;
            let warnings = cluster.warnings().to_vec();
            Ok((Some(Arc::new(Shared(Arc::new(cluster)))), warnings))
        }
    }
}

impl Source for Shared {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        self.0.send(call)
    }

    fn ready(&self) -> Option<Box<dyn Ready>> {
        self.0.at_once()
    }

    fn warm(&self, deadline: Instant) {
        self.0.warm(deadline);
    }

    // A run that ends closes its source. This one stays open.
    fn close(&self) {}

    fn may(&self, question: &Question, deadline: Instant) -> Result<Permission, NoAnswer> {
        self.0.may(question, deadline)
    }

    fn now_millis(&self) -> i64 {
        self.0.now_millis()
    }

    fn is_recording(&self) -> bool {
        self.0.is_recording()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }

    fn label(&self) -> String {
        self.0.label()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.0.close();
    }
}
