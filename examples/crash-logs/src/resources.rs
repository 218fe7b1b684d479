//! What crash-logs reads, as `gather.yaml` declares it.
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
#[resource(version = "v1", plural = "pods", namespaced, log)]
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
    /// Name must be unique within a namespace.
    pub(crate) name: String,
    /// Namespace defines the space within which each name must be unique.
    pub(crate) namespace: String,
    /// UID is the unique in time and space value for this object.
    pub(crate) uid: String,
}

/// PodStatus represents information about the status of a pod.
#[derive(Default, Fields)]
pub(crate) struct PodStatus {
    /// Statuses of init containers in this pod.
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
    /// Statuses of containers in this pod.
    pub(crate) container_statuses: Vec<ContainerStatus>,
}

/// ContainerStatus contains details for the current status of this container.
#[derive(Default, Fields)]
pub(crate) struct ContainerStatus {
    /// Name is a DNS\_LABEL representing the unique name of the container.
    pub(crate) name: String,
    /// RestartCount holds the number of times the container has been restarted.
    pub(crate) restart_count: i32,
    /// State holds details about the container's current condition.
    pub(crate) state: ContainerStatusState,
    /// LastTerminationState holds the last termination state of the container to help debug container
    /// crashes and restarts.
    pub(crate) last_state: ContainerStatusLastState,
}

/// ContainerState holds a possible state of container.
#[derive(Default, Fields)]
pub(crate) struct ContainerStatusState {
    /// Details about a waiting container
    pub(crate) waiting: ContainerStateWaiting,
}

/// ContainerStateWaiting is a waiting state of a container.
#[derive(Default, Fields)]
pub(crate) struct ContainerStateWaiting {
    /// (brief) reason the container is not yet running.
    pub(crate) reason: String,
}

/// ContainerState holds a possible state of container.
#[derive(Default, Fields)]
pub(crate) struct ContainerStatusLastState {
    /// Details about a terminated container
    pub(crate) terminated: ContainerStateTerminated,
}

/// ContainerStateTerminated is a terminated state of a container.
#[derive(Default, Fields)]
pub(crate) struct ContainerStateTerminated {
    /// (brief) reason from the last termination of the container
    pub(crate) reason: String,
    /// Exit status from the last termination of the container
    pub(crate) exit_code: i32,
}
