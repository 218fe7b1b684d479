//! What degraded-operators reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! config.openshift.io-v1.json (CustomResourceDefinition clusteroperators.config.openshift.io).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::{Api, Fields, Resource};

/// The clusteroperators.config.openshift.io of the cluster: `ClusterOperators::all()`.
#[allow(dead_code)] // for who asks so
pub(crate) type ClusterOperators<'a> = Api<'a, ClusterOperator>;

/// The health that one operator of the cluster reports about itself.
#[derive(Default, Resource)]
#[resource(group = "config.openshift.io", version = "v1", plural = "clusteroperators", cluster)]
pub(crate) struct ClusterOperator {
    /// What every object says of itself.
    pub(crate) metadata: ObjectMeta,
    /// What the operator reports.
    pub(crate) status: ClusterOperatorStatus,
}

/// What every object says of itself.
#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    /// The name, unique in its namespace.
    pub(crate) name: String,
}

/// What the operator reports.
#[derive(Default, Fields)]
pub(crate) struct ClusterOperatorStatus {
    /// One entry per condition type.
    pub(crate) conditions: Vec<ClusterOperatorStatusCondition>,
    /// The versions of the operator and of what it runs.
    pub(crate) versions: Vec<ClusterOperatorStatusVersion>,
}

#[derive(Default, Fields)]
pub(crate) struct ClusterOperatorStatusCondition {
    /// Available, Progressing, Degraded or Upgradeable.
    pub(crate) r#type: String,
    /// True, False or Unknown.
    pub(crate) status: String,
    /// A CamelCase word for programs.
    pub(crate) reason: String,
    /// A sentence for people.
    pub(crate) message: String,
    /// When the status last changed. As RFC 3339 has it.
    pub(crate) last_transition_time: String,
}

#[derive(Default, Fields)]
pub(crate) struct ClusterOperatorStatusVersion {
    pub(crate) name: String,
    pub(crate) version: String,
}
