//! What __name__ reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! api__v1.json (Kubernetes 1.36).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::{Api, Fields, Resource};

/// The pods in all namespaces, `Pods::all()`, or in one, `Pods::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Pods<'a> = Api<'a, Pod>;

/// Pod is a collection of containers that can run on a host.
#[derive(Default, Resource)]
#[resource(version = "v1", plural = "pods", namespaced)]
pub(crate) struct Pod {
    /// Standard object's metadata.
    pub(crate) metadata: ObjectMeta,
    /// Most recently observed status of the pod.
    pub(crate) status: PodStatus,
}

/// ObjectMeta is metadata that all persisted resources must have, which includes all objects users must
/// create.
#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    /// Namespace defines the space within which each name must be unique.
    pub(crate) namespace: String,
    /// Name must be unique within a namespace.
    pub(crate) name: String,
}

/// PodStatus represents information about the status of a pod.
#[derive(Default, Fields)]
pub(crate) struct PodStatus {
    /// Current service state of pod.
    pub(crate) conditions: Vec<PodCondition>,
}

/// PodCondition contains details for the current condition of this pod.
#[derive(Default, Fields)]
pub(crate) struct PodCondition {
    /// Type is the type of the condition.
    pub(crate) r#type: String,
    /// Status is the status of the condition.
    pub(crate) status: String,
}
