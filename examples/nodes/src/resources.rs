//! What nodes reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! core-v1.json (Kubernetes 1.36).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::json::Pairs;
use wagather::{Api, Fields, Resource, Serialize};

/// The nodes of the cluster: `Nodes::all()`.
#[allow(dead_code)] // for who asks so
pub(crate) type Nodes<'a> = Api<'a, Node>;

#[derive(Default, Resource, Serialize)]
#[resource(version = "v1", plural = "nodes", cluster)]
pub(crate) struct Node {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: NodeSpec,
    pub(crate) status: NodeStatus,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct ObjectMeta {
    pub(crate) name: String,
    pub(crate) labels: Pairs<String>,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeSpec {
    pub(crate) unschedulable: bool,
    pub(crate) taints: Vec<Taint>,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct Taint {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) effect: String,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeStatus {
    pub(crate) conditions: Vec<NodeCondition>,
    pub(crate) capacity: Pairs<String>,
    pub(crate) allocatable: Pairs<String>,
    pub(crate) node_info: NodeSystemInfo,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeCondition {
    pub(crate) r#type: String,
    pub(crate) status: String,
    /// As RFC 3339 has it.
    pub(crate) last_transition_time: String,
    pub(crate) reason: String,
    pub(crate) message: String,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeSystemInfo {
    pub(crate) kubelet_version: String,
    pub(crate) os_image: String,
    pub(crate) kernel_version: String,
    pub(crate) container_runtime_version: String,
}
