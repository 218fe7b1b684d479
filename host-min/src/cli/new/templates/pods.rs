//! What __name__ reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! core-v1.json (Kubernetes 1.36).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::{Api, Fields, Resource};

/// The pods in all namespaces, `Pods::all()`, or in one, `Pods::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Pods<'a> = Api<'a, Pod>;

/// A Pod.
#[derive(Default, Resource)]
#[resource(version = "v1", plural = "pods", namespaced)]
pub(crate) struct Pod {
    /// `metadata`.
    pub(crate) metadata: ObjectMeta,
    /// `status`.
    pub(crate) status: PodStatus,
}

/// The wanted fields of a ObjectMeta.
#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    /// `namespace`.
    pub(crate) namespace: String,
    /// `name`.
    pub(crate) name: String,
}

/// The wanted fields of a PodStatus.
#[derive(Default, Fields)]
pub(crate) struct PodStatus {
    /// `conditions`.
    pub(crate) conditions: Vec<PodCondition>,
}

/// The wanted fields of a PodCondition.
#[derive(Default, Fields)]
pub(crate) struct PodCondition {
    /// `type`.
    pub(crate) r#type: String,
    /// `status`.
    pub(crate) status: String,
}
