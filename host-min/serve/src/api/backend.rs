//! What the API needs of a service.

use crate::Service;
use crate::metrics::Metrics;
use crate::status::{GathererStatus, NotAccepted, Readiness, RunId, RunStatus};
use std::path::PathBuf;

/// What the API needs of a service. Only [`latest`](Backend::latest) blocks.
pub trait Backend: Send + Sync + 'static {
    /// See [`Service::trigger`].
    fn trigger(&self, gatherer: &str, params: Vec<(String, String)>) -> Result<RunId, NotAccepted>;

    /// See [`Service::runs`].
    fn runs(&self) -> Vec<RunStatus>;

    /// See [`Service::run`].
    fn run(&self, id: &RunId) -> Option<RunStatus>;

    /// See [`Service::on_end`].
    fn on_end(&self, id: &RunId, call: Box<dyn FnOnce(&RunStatus) + Send>) -> bool;

    /// See [`Service::gatherers`].
    fn gatherers(&self) -> Vec<GathererStatus>;

    /// See [`Service::gatherer`].
    fn gatherer(&self, name: &str) -> Option<GathererStatus>;

    /// See [`Service::latest`].
    fn latest(&self, name: &str) -> Option<PathBuf>;

    /// See [`Service::metrics`].
    fn metrics(&self) -> Metrics;

    /// See [`Service::readiness`].
    fn readiness(&self) -> Readiness;

    /// The API has ended, and nobody asked for that.
    fn api_is_gone(&self, why: &str);
}

impl Backend for Service {
    fn trigger(&self, gatherer: &str, params: Vec<(String, String)>) -> Result<RunId, NotAccepted> {
        self.trigger(gatherer, params)
    }

    fn runs(&self) -> Vec<RunStatus> {
        self.runs()
    }

    fn run(&self, id: &RunId) -> Option<RunStatus> {
        self.run(id)
    }

    fn on_end(&self, id: &RunId, call: Box<dyn FnOnce(&RunStatus) + Send>) -> bool {
        self.on_end(id, call)
    }

    fn gatherers(&self) -> Vec<GathererStatus> {
        self.gatherers()
    }

    fn gatherer(&self, name: &str) -> Option<GathererStatus> {
        self.gatherer(name)
    }

    fn latest(&self, name: &str) -> Option<PathBuf> {
        self.latest(name)
    }

    fn metrics(&self) -> Metrics {
        self.metrics()
    }

    fn readiness(&self) -> Readiness {
        self.readiness()
    }

    fn api_is_gone(&self, why: &str) {
        self.breaks(why);
    }
}
