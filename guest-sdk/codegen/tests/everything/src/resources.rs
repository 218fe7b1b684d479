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
use wagather::{Api, Fields, Resource, Serialize};

/// Which version the server has.
pub(crate) const VERSION: RawPath = wagather::manifest_path!("/version");

/// The path `/metrics`.
pub(crate) const METRICS: RawPath = wagather::manifest_path!("/metrics");

/// The pods in all namespaces, `Pods::all()`, or in one, `Pods::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Pods<'a> = Api<'a, Pod>;

/// Pod is a group of containers | with one \<address\>.
#[derive(Default, Resource, Serialize)]
#[resource(version = "v1", plural = "pods", namespaced, verbs(get, list), log)]
pub(crate) struct Pod {
    /// Standard metadata.
    pub(crate) metadata: PodMetadata,
    /// `spec`.
    pub(crate) spec: PodSpec,
    /// PodStatus is what was last seen of it.
    pub(crate) status: PodStatus,
}

/// ObjectMeta is what all objects have.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodMetadata {
    /// Name is unique within a namespace.
    pub(crate) name: String,
    /// `namespace`.
    pub(crate) namespace: String,
    /// The `uid` is unique in time | and space.
    pub(crate) uid: String,
    /// Words to select by.
    pub(crate) labels: Pairs<String>,
    /// `annotations`.
    pub(crate) annotations: PodMetadataAnnotations,
    /// When it was made. As RFC 3339 has it.
    pub(crate) creation_timestamp: String,
}

/// The wanted fields of a PodMetadataAnnotations.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodMetadataAnnotations {
    /// `example.com/note`.
    #[field(name = "example.com/note")]
    pub(crate) example_com_note: String,
}

/// The wanted fields of a PodSpec.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodSpec {
    /// `containers`.
    pub(crate) containers: Vec<Container>,
    /// `restartPolicy`.
    pub(crate) restart_policy: String,
    /// The node that it runs on; absent before it has one.
    pub(crate) node_name: Option<String>,
    /// `priority`.
    pub(crate) priority: Option<i32>,
    /// `matrix`.
    pub(crate) matrix: Vec<Vec<PodSpecMatrix>>,
}

/// A program.
#[derive(Default, Fields, Serialize)]
pub(crate) struct Container {
    /// Its \*name\*: \[a-z\].
    pub(crate) name: String,
    /// `image`.
    pub(crate) image: String,
    /// `ports`.
    pub(crate) ports: Vec<ContainerPort>,
    /// `resources`.
    pub(crate) resources: ContainerResources,
}

/// The wanted fields of a ContainerPort.
#[derive(Default, Fields, Serialize)]
pub(crate) struct ContainerPort {
    /// The port.
    pub(crate) container_port: i32,
    /// `hostIP`.
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

/// The wanted fields of a ContainerResources.
#[derive(Default, Fields, Serialize)]
pub(crate) struct ContainerResources {
    /// `limits`.
    pub(crate) limits: Pairs<Quantity>,
    /// `requests`.
    pub(crate) requests: Pairs<Quantity>,
}

/// The wanted fields of a PodSpecMatrix.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodSpecMatrix {
    /// `value`.
    pub(crate) value: f64,
}

/// PodStatus is what was last seen of it.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodStatus {
    /// Where it is in its life.
    pub(crate) phase: PodStatusPhase,
    /// `podIP`.
    pub(crate) pod_ip: String,
    /// `containerStatuses`.
    pub(crate) container_statuses: Vec<PodStatusContainerStatus>,
    /// `load`.
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

/// The wanted fields of a PodStatusContainerStatus.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodStatusContainerStatus {
    /// `name`.
    pub(crate) name: String,
    /// `restartCount`.
    pub(crate) restart_count: i32,
    /// `ready`.
    pub(crate) ready: bool,
    /// `state`.
    pub(crate) state: PodStatusContainerStatusState,
}

/// The wanted fields of a PodStatusContainerStatusState.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodStatusContainerStatusState {
    /// `waiting`.
    pub(crate) waiting: PodStatusContainerStatusStateWaiting,
}

/// The wanted fields of a PodStatusContainerStatusStateWaiting.
#[derive(Default, Fields, Serialize)]
pub(crate) struct PodStatusContainerStatusStateWaiting {
    /// `reason`.
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
    /// `containerStatuses`.
    pub(crate) container_statuses: Vec<WaitingStatusContainerStatus>,
}

/// The wanted fields of a WaitingStatusContainerStatus.
#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatusContainerStatus {
    /// `state`.
    pub(crate) state: WaitingStatusContainerStatusState,
}

/// The wanted fields of a WaitingStatusContainerStatusState.
#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatusContainerStatusState {
    /// `running`.
    pub(crate) running: WaitingStatusContainerStatusStateRunning,
    /// `waiting`.
    pub(crate) waiting: WaitingStatusContainerStatusStateWaiting,
}

/// The wanted fields of a WaitingStatusContainerStatusStateRunning.
#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatusContainerStatusStateRunning {
    /// As RFC 3339 has it.
    pub(crate) started_at: String,
}

/// The wanted fields of a WaitingStatusContainerStatusStateWaiting.
#[derive(Default, Fields, Serialize)]
pub(crate) struct WaitingStatusContainerStatusStateWaiting {
    /// `message`.
    pub(crate) message: String,
    /// `reason`.
    pub(crate) reason: String,
}

/// The nodes of the cluster: `Nodes::all()`.
#[allow(dead_code)] // for who asks so
pub(crate) type Nodes<'a> = Api<'a, Node>;

/// A Node.
#[derive(Default, Resource, Serialize)]
#[resource(version = "v1", plural = "nodes", cluster)]
pub(crate) struct Node {
    /// ObjectMeta is what all objects have.
    pub(crate) metadata: NodeMetadata,
    /// `status`.
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

/// The wanted fields of a NodeStatus.
#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeStatus {
    /// `addresses`.
    pub(crate) addresses: Vec<NodeStatusAddress>,
    /// `bootCount`.
    pub(crate) boot_count: i64,
    /// `capacity`.
    pub(crate) capacity: Pairs<Quantity>,
    /// Quantity is a number with a unit.
    pub(crate) size: Quantity,
    /// Tree has trees within itself.
    pub(crate) tree: Tree,
}

/// The wanted fields of a NodeStatusAddress.
#[derive(Default, Fields, Serialize)]
pub(crate) struct NodeStatusAddress {
    /// `address`.
    pub(crate) address: String,
    /// `type`.
    pub(crate) r#type: String,
}

/// Tree has trees within itself.
#[derive(Default, Fields, Serialize)]
pub(crate) struct Tree {
    /// `children`.
    pub(crate) children: Vec<Raw>,
    /// `leaf`.
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
    /// `spec`.
    pub(crate) spec: DeploymentSpec,
    /// `status`.
    pub(crate) status: DeploymentStatus,
}

/// The wanted fields of a DeploymentSpec.
#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentSpec {
    /// `strategy`.
    pub(crate) strategy: DeploymentSpecStrategy,
}

/// The wanted fields of a DeploymentSpecStrategy.
#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentSpecStrategy {
    /// `maxSurge`.
    pub(crate) max_surge: IntOrString,
    /// `type`.
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

/// The wanted fields of a DeploymentStatus.
#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentStatus {
    /// `conditions`.
    pub(crate) conditions: Vec<DeploymentStatusCondition>,
    /// `replicas`.
    pub(crate) replicas: i32,
}

/// The wanted fields of a DeploymentStatusCondition.
#[derive(Default, Fields, Serialize)]
pub(crate) struct DeploymentStatusCondition {
    /// As RFC 3339 has it.
    pub(crate) last_update_time: String,
    /// `status`.
    pub(crate) status: String,
    /// `type`.
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
    /// `spec`.
    pub(crate) spec: GatewaySpec,
    /// `status`.
    pub(crate) status: GatewayStatus,
}

/// The wanted fields of a GatewaySpec.
#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpec {
    /// Who looks after it.
    pub(crate) mode: GatewaySpecMode,
    /// `port`.
    pub(crate) port: IntOrString,
    /// `routes`.
    pub(crate) routes: Pairs<GatewaySpecRoute>,
    /// `tree`.
    pub(crate) tree: Raw,
    /// `options`.
    pub(crate) options: GatewaySpecOptions,
    /// `extra`.
    pub(crate) extra: GatewaySpecExtra,
    /// `template`.
    pub(crate) template: Raw,
    /// `ratio`.
    pub(crate) ratio: f64,
    /// `serverURL`.
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

/// The wanted fields of a GatewaySpecRoute.
#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecRoute {
    /// `host`.
    pub(crate) host: String,
    /// `weights`.
    pub(crate) weights: Vec<i64>,
}

/// The wanted fields of a GatewaySpecOptions.
#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecOptions {
    /// `retry`.
    pub(crate) retry: GatewaySpecOptionsRetry,
}

/// The wanted fields of a GatewaySpecOptionsRetry.
#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecOptionsRetry {
    /// `limit`.
    pub(crate) limit: Raw,
}

/// The wanted fields of a GatewaySpecExtra.
#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewaySpecExtra {
    /// `known`.
    pub(crate) known: bool,
}

/// The wanted fields of a GatewayStatus.
#[derive(Default, Fields, Serialize)]
pub(crate) struct GatewayStatus {
    /// `conditions`.
    pub(crate) conditions: Vec<RouteState>,
}

/// The wanted fields of a RouteState.
#[derive(Default, Fields, Serialize)]
pub(crate) struct RouteState {
    /// `reason`.
    pub(crate) reason: String,
    /// `status`.
    pub(crate) status: String,
    /// `type`.
    pub(crate) r#type: String,
}
