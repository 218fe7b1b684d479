//! What pods reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! core-v1.json (Kubernetes 1.36).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::{Api, Fields, Resource};

/// The pods in all namespaces, `Pods::all()`, or in one, `Pods::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Pods<'a> = Api<'a, Pod>;

#[derive(Default, Resource)]
#[resource(version = "v1", plural = "pods", namespaced)]
pub(crate) struct Pod {
    pub(crate) metadata: ObjectMeta,
    pub(crate) status: PodStatus,
}

#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

#[derive(Default, Fields)]
pub(crate) struct PodStatus {
    pub(crate) phase: PodStatusPhase,
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
    pub(crate) container_statuses: Vec<ContainerStatus>,
}

/// There may be other values than the known ones.
#[derive(Default, Fields)]
pub(crate) struct PodStatusPhase(pub(crate) String);

#[allow(dead_code)] // for who asks for them
impl PodStatusPhase {
    pub(crate) const FAILED: &str = "Failed";
    pub(crate) const PENDING: &str = "Pending";
    pub(crate) const RUNNING: &str = "Running";
    pub(crate) const SUCCEEDED: &str = "Succeeded";
    pub(crate) const UNKNOWN: &str = "Unknown";

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Default, Fields)]
pub(crate) struct ContainerStatus {
    pub(crate) name: String,
    pub(crate) restart_count: i32,
    pub(crate) state: ContainerStatusState,
    pub(crate) last_state: ContainerStatusLastState,
}

#[derive(Default, Fields)]
pub(crate) struct ContainerStatusState {
    pub(crate) waiting: ContainerStateWaiting,
}

#[derive(Default, Fields)]
pub(crate) struct ContainerStateWaiting {
    pub(crate) reason: String,
}

#[derive(Default, Fields)]
pub(crate) struct ContainerStatusLastState {
    pub(crate) terminated: ContainerStateTerminated,
}

#[derive(Default, Fields)]
pub(crate) struct ContainerStateTerminated {
    pub(crate) reason: String,
    pub(crate) exit_code: i32,
    /// As RFC 3339 has it.
    pub(crate) finished_at: String,
}
