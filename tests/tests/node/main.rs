#![cfg(feature = "node")]
//! The host in pods of a real node: `make test-node`.
//!
//! `.ci/node` starts the cluster (scheduler, controllers, kubelet, containerd) in namespaces of its own and runs these tests in
//! them. They drive kubectl as a user does, and read archives where the volumes are on the node. Each test has a
//! Kubernetes namespace of its own, in which the Pod Security Standard `restricted` is enforced.
//!
//! What this node cannot show: that a NetworkPolicy is enforced (the bridge plugin enforces none), and names of
//! services (there is no DNS).

mod cell;
mod crashes;
mod delivered;
mod deployed;
mod each_node;
mod ended;
mod image_volume;
mod job;
mod limits;
mod must_gather;
mod rights;
mod served;
mod shards;
mod sidecar;

/// The image of `make image`, which the node has.
const IMAGE: &str = concat!("wagather.test/host-min:", env!("CARGO_PKG_VERSION"));

/// The node's address, which pods can reach.
const ADDRESS: &str = "10.9.0.1";
