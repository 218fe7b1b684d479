//! What crash-logs reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! core-v1.json (Kubernetes 1.36).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::{Api, DefaultedParam, Fields, Resource};

/// How many containers the index has at most.
pub(crate) const MAX_CONTAINERS: DefaultedParam = wagather::param! {
    "max-containers" = "50",
    "How many containers the index has at most."
};

/// How many lines of each log are kept.
pub(crate) const TAIL_LINES: DefaultedParam = wagather::param! {
    "tail-lines" = "100",
    "How many lines of each log are kept."
};

/// How many bytes of each log are kept.
pub(crate) const MAX_BYTES: DefaultedParam = wagather::param! {
    "max-bytes" = "65536",
    "How many bytes of each log are kept."
};

/// How many bytes all logs have together.
pub(crate) const MAX_TOTAL_BYTES: DefaultedParam = wagather::param! {
    "max-total-bytes" = "4194304",
    "How many bytes all logs have together."
};

/// The pods in all namespaces, `Pods::all()`, or in one, `Pods::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Pods<'a> = Api<'a, Pod>;

#[derive(Default, Resource)]
#[resource(version = "v1", plural = "pods", namespaced, log)]
pub(crate) struct Pod {
    pub(crate) metadata: ObjectMeta,
    pub(crate) status: PodStatus,
}

#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) uid: String,
}

#[derive(Default, Fields)]
pub(crate) struct PodStatus {
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
    pub(crate) container_statuses: Vec<ContainerStatus>,
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
}
