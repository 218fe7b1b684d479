//! The source that all runs share, so that its connections stay warm between them.

use crate::config::{Config, Input};
use std::sync::Arc;
use std::time::Instant;
use wagather_base::error::Result;
use wagather_kube::{Call, NoAnswer, Permission, Question, Response, Source, cluster};

/// A source that outlives its runs.
pub(super) type SharedSource = Arc<dyn Source>;

/// A source that outlives the runs that use it.
struct Shared(cluster::Cluster);

/// Opens the source of a configuration, with its warnings. `None` for a recording, which each run opens for itself: a recording gives
/// each answer once.
pub(super) fn open(config: &Config) -> Result<(Option<SharedSource>, Vec<String>)> {
    match &config.input {
        Input::Recording(_) => Ok((None, Vec::new())),
        Input::Cluster(options) => {
            let cluster = cluster::open(options)?;
            let warnings = cluster.warnings().to_vec();
            Ok((Some(Arc::new(Shared(cluster))), warnings))
        }
    }
}

impl Source for Shared {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        self.0.send(call)
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
