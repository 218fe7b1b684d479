//! What everything reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! kinds.json (Kinds 1),
//! gateways.crd.yaml (CustomResourceDefinition gateways.example.com).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::json::{IntOrString, Pairs, Raw};
use wagather::quantity::Quantity;
use wagather::rest::RawPath;
use wagather::{Api, DefaultedParam, Fields, Param, Resource, Serialize};

/// Which version the server has.
pub(crate) const VERSION: RawPath = wagather::manifest_path!("/version");

/// The path `/metrics`.
pub(crate) const METRICS: RawPath = wagather::manifest_path!("/metrics");

/// Whose pods; without it, everybody's.
pub(crate) const TEAM: Param = wagather::param!("team", "Whose pods; without it, everybody's.");

/// How many of the last lines | of each log, as kubectl's --tail has it, and nothing else at all.
pub(crate) const LOG_LINES: DefaultedParam = wagather::param! {
    "log-lines" = "20",
    "How many of the last lines | of each log, as kubectl's --tail has it, and nothing else at all."
};

/// What is "quoted".
pub(crate) const QUOTED: DefaultedParam = wagather::param!("quoted" = "", "What is \"quoted\".");

/// The pods in all namespaces, `Pods::all()`, or in one, `Pods::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Pods<'a> = Api<'a, Pod>;

/// Pod is a group of containers | with one \<address\>.
#[derive(Default, Resource, Serialize)]
#[resource(version = "v1", plural = "pods", namespaced, verbs(get, list), log)]
pub(crate) struct Pod {
    /// Standard metadata.
    pub(crate) metadata: PodMetadata,
    pub(crate) spec: PodSpec,
    /// PodStatus is what was last seen of it.
    pub(crate) status: PodStatus,
}

/// ObjectMeta is what all objects have.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodMetadata {
    /// Name is unique within a namespace.
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// The `uid` is unique in time | and space.
    pub(crate) uid: String,
    /// Words to select by.
    pub(crate) labels: Pairs<String>,
    pub(crate) annotations: PodMetadataAnnotations,
    /// When it was made. As RFC 3339 has it.
    pub(crate) creation_timestamp: String,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct PodMetadataAnnotations {
    #[field(name = "example.com/note")]
    pub(crate) example_com_note: String,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct PodSpec {
    pub(crate) containers: Vec<Container>,
    pub(crate) restart_policy: String,
    /// The node that it runs on; absent before it has one.
    pub(crate) node_name: Option<String>,
    pub(crate) priority: Option<i32>,
    pub(crate) matrix: Vec<Vec<PodSpecMatrix>>,
}

/// A program.
#[derive(Default, Fields, Serialize)]
pub(crate) struct Container {
    /// Its \*name\*: \[a-z\].
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) ports: Vec<ContainerPort>,
    pub(crate) resources: ContainerResources,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct ContainerPort {
    /// The port.
    pub(crate) container_port: i32,
    pub(crate) host_ip: String,
    /// The protocol.
    pub(crate) protocol: ContainerPortProtocol,
}

/// The protocol. There may be other values than the known ones.
#[derive(Default, Fields, Serialize)]
pub(crate) struct ContainerPortProtocol(pub(crate) String);

#[allow(dead_code)] // for who asks for them
impl ContainerPortProtocol {
    pub(crate) const SCTP: &str = "SCTP";
    pub(crate) const TCP: &str = "TCP";
    pub(crate) const UDP: &str = "UDP";

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct ContainerResources {
    pub(crate) limits: Pairs<Quantity>,
    pub(crate) requests: Pairs<Quantity>,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct PodSpecMatrix {
    pub(crate) value: f64,
}

/// PodStatus is what was last seen of it.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodStatus {
    /// Where it is in its life.
    pub(crate) phase: PodStatusPhase,
    pub(crate) pod_ip: String,
    pub(crate) container_statuses: Vec<PodStatusContainerStatus>,
    pub(crate) load: f64,
    /// A checksum. In base64.
    pub(crate) digest: String,
}

/// Where it is in its life. There may be other values than the known ones.
#[derive(Default, Fields, Serialize)]
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

#[derive(Default, Fields, Serialize)]
pub(crate) struct PodStatusContainerStatus {
    pub(crate) name: String,
    pub(crate) restart_count: i32,
    pub(crate) ready: bool,
    pub(crate) state: PodStatusContainerStatusState,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct PodStatusContainerStatusState {
    pub(crate) waiting: PodStatusContainerStatusStateWaiting,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct PodStatusContainerStatusStateWaiting {
    pub(crate) reason: String,
}

/// The pods in all namespaces, `Waitings::all()`, or in one, `Waitings::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Waitings<'a> = Api<'a, Waiting>;

/// Pod is a group of containers | with one \<address\>.
#[derive(Default, Resource, Serialize)]
#[resource(version = "v1", plural = "pods", kind = "Pod", namespaced)]
pub(crate) struct Waiting {
    /// Standard metadata.
    pub(crate) metadata: WaitingMetadata,
    /// PodStatus is what was last seen of it.
    pub(crate) status: WaitingStatus,
}

/// ObjectMeta is what all objects have.
#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingMetadata {
    /// Name is unique within a namespace.
    pub(crate) name: String,
}

/// PodStatus is what was last seen of it.
#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatus {
    pub(crate) container_statuses: Vec<WaitingStatusContainerStatus>,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatusContainerStatus {
    pub(crate) state: WaitingStatusContainerStatusState,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatusContainerStatusState {
    pub(crate) running: WaitingStatusContainerStatusStateRunning,
    pub(crate) waiting: WaitingStatusContainerStatusStateWaiting,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatusContainerStatusStateRunning {
    /// As RFC 3339 has it.
    pub(crate) started_at: String,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatusContainerStatusStateWaiting {
    pub(crate) message: String,
    pub(crate) reason: String,
}

/// The nodes of the cluster: `Nodes::all()`.
#[allow(dead_code)] // for who asks so
pub(crate) type Nodes<'a> = Api<'a, Node>;

#[derive(Default, Resource, Serialize)]
#[resource(version = "v1", plural = "nodes", cluster)]
pub(crate) struct Node {
    /// ObjectMeta is what all objects have.
    pub(crate) metadata: NodeMetadata,
    pub(crate) status: NodeStatus,
}

/// ObjectMeta is what all objects have.
#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeMetadata {
    /// Name is unique within a namespace.
    pub(crate) name: String,
    /// Words to select by.
    pub(crate) labels: Option<Pairs<String>>,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeStatus {
    pub(crate) addresses: Vec<NodeStatusAddress>,
    pub(crate) boot_count: i64,
    pub(crate) capacity: Pairs<Quantity>,
    /// Quantity is a number with a unit.
    pub(crate) size: Quantity,
    /// Tree has trees within itself.
    pub(crate) tree: Tree,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeStatusAddress {
    pub(crate) address: String,
    pub(crate) r#type: String,
}

/// Tree has trees within itself.
#[derive(Default, Fields, Serialize)]
pub(crate) struct Tree {
    pub(crate) children: Vec<Raw>,
    pub(crate) leaf: String,
}

/// The secrets of one namespace: `Secrets::namespaced("shop")`.
#[allow(dead_code)] // for who asks so
pub(crate) type Secrets<'a> = Api<'a, Secret>;

/// Secret holds bytes that are nobody's business.
#[derive(Resource)]
#[resource(version = "v1", plural = "secrets", namespace = "shop", verbs(get))]
pub(crate) struct Secret;

/// The deployments.apps of one namespace: `Deployments::namespaced("kube-system")`.
#[allow(dead_code)] // for who asks so
pub(crate) type Deployments<'a> = Api<'a, Deployment>;

/// Deployment keeps so many pods running.
#[derive(Default, Resource, Serialize)]
#[resource(group = "apps", version = "v1", plural = "deployments", namespace = "kube-system")]
pub(crate) struct Deployment {
    /// ObjectMeta is what all objects have.
    pub(crate) metadata: WaitingMetadata,
    pub(crate) spec: DeploymentSpec,
    pub(crate) status: DeploymentStatus,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentSpec {
    pub(crate) strategy: DeploymentSpecStrategy,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentSpecStrategy {
    pub(crate) max_surge: IntOrString,
    pub(crate) r#type: DeploymentSpecStrategyType,
}

/// There may be other values than the known ones.
#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentSpecStrategyType(pub(crate) String);

#[allow(dead_code)] // for who asks for them
impl DeploymentSpecStrategyType {
    pub(crate) const RECREATE: &str = "Recreate";
    pub(crate) const ROLLING_UPDATE: &str = "RollingUpdate";

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentStatus {
    pub(crate) conditions: Vec<DeploymentStatusCondition>,
    pub(crate) replicas: i32,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentStatusCondition {
    /// As RFC 3339 has it.
    pub(crate) last_update_time: String,
    pub(crate) status: String,
    pub(crate) r#type: String,
}

/// The gateways.example.com of the cluster: `Gateways::all()`.
#[allow(dead_code)] // for who asks so
pub(crate) type Gateways<'a> = Api<'a, Gateway>;

/// Gateway lets requests in.
#[derive(Default, Resource, Serialize)]
#[resource(group = "example.com", version = "v1", plural = "gateways", cluster)]
pub(crate) struct Gateway {
    /// What every object says of itself.
    pub(crate) metadata: WaitingMetadata,
    pub(crate) spec: GatewaySpec,
    pub(crate) status: GatewayStatus,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpec {
    /// Who looks after it.
    pub(crate) mode: GatewaySpecMode,
    pub(crate) port: IntOrString,
    pub(crate) routes: Pairs<GatewaySpecRoute>,
    pub(crate) tree: Raw,
    pub(crate) options: GatewaySpecOptions,
    pub(crate) extra: GatewaySpecExtra,
    pub(crate) template: Raw,
    pub(crate) ratio: f64,
    pub(crate) server_url: String,
}

/// Who looks after it. There may be other values than the known ones.
#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecMode(pub(crate) String);

#[allow(dead_code)] // for who asks for them
impl GatewaySpecMode {
    pub(crate) const EMPTY: &str = "";
    pub(crate) const MANAGED: &str = "Managed";
    pub(crate) const UNMANAGED: &str = "Unmanaged";
    pub(crate) const N4XX: &str = "4xx";

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecRoute {
    pub(crate) host: String,
    pub(crate) weights: Vec<i64>,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecOptions {
    pub(crate) retry: GatewaySpecOptionsRetry,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecOptionsRetry {
    pub(crate) limit: Raw,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecExtra {
    pub(crate) known: bool,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewayStatus {
    pub(crate) conditions: Vec<RouteState>,
}

#[derive(Default, Fields, Serialize)]
pub(crate) struct RouteState {
    pub(crate) reason: String,
    pub(crate) status: String,
    pub(crate) r#type: String,
}
