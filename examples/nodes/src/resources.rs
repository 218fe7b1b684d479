//! What nodes reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! api__v1.json (Kubernetes 1.36).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::json::Pairs;
use wagather::{Api, Fields, Resource, Serialize};

/// The nodes of the cluster: `Nodes::all()`.
#[allow(dead_code)] // for who asks so
pub(crate) type Nodes<'a> = Api<'a, Node>;

/// Node is a worker node in Kubernetes.
#[derive(Default, Resource, Serialize)]
#[resource(version = "v1", plural = "nodes", cluster)]
pub(crate) struct Node {
    /// Standard object's metadata.
    pub(crate) metadata: ObjectMeta,
    /// Spec defines the behavior of a node.
    pub(crate) spec: NodeSpec,
    /// Most recently observed status of the node.
    pub(crate) status: NodeStatus,
}

/// ObjectMeta is metadata that all persisted resources must have, which includes all objects users must
/// create.
#[derive(Default, Fields, Serialize)]
pub(crate) struct ObjectMeta {
    /// Name must be unique within a namespace.
    pub(crate) name: String,
    /// Map of string keys and values that can be used to organize and categorize (scope and select)
    /// objects.
    pub(crate) labels: Pairs<String>,
}

/// NodeSpec describes the attributes that a node is created with.
#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeSpec {
    /// Unschedulable controls node schedulability of new pods.
    pub(crate) unschedulable: bool,
    /// If specified, the node's taints.
    pub(crate) taints: Vec<Taint>,
}

/// The node this Taint is attached to has the "effect" on any pod that does not tolerate the Taint.
#[derive(Default, Fields, Serialize)]
pub(crate) struct Taint {
    /// Required. The taint key to be applied to a node.
    pub(crate) key: String,
    /// The taint value corresponding to the taint key.
    pub(crate) value: String,
    /// Required. The effect of the taint on pods that do not tolerate the taint.
    pub(crate) effect: String,
}

/// NodeStatus is information about the current status of a node.
#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeStatus {
    /// Conditions is an array of current observed node conditions.
    pub(crate) conditions: Vec<NodeCondition>,
    /// Capacity represents the total resources of a node.
    pub(crate) capacity: Pairs<String>,
    /// Allocatable represents the resources of a node that are available for scheduling.
    pub(crate) allocatable: Pairs<String>,
    /// Set of ids/uuids to uniquely identify the node.
    pub(crate) node_info: NodeSystemInfo,
}

/// NodeCondition contains condition information for a node.
#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeCondition {
    /// Type of node condition.
    pub(crate) r#type: String,
    /// Status of the condition, one of True, False, Unknown.
    pub(crate) status: String,
    /// Last time the condition transit from one status to another. As RFC 3339 has it.
    pub(crate) last_transition_time: String,
    /// (brief) reason for the condition's last transition.
    pub(crate) reason: String,
    /// Human readable message indicating details about last transition.
    pub(crate) message: String,
}

/// NodeSystemInfo is a set of ids/uuids to uniquely identify the node.
#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeSystemInfo {
    /// Kubelet Version reported by the node.
    pub(crate) kubelet_version: String,
    /// OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).
    pub(crate) os_image: String,
    /// Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).
    pub(crate) kernel_version: String,
    /// `containerRuntimeVersion`.
    pub(crate) container_runtime_version: String,
}
