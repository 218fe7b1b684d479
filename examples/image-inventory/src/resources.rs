//! What image-inventory reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! core-v1.json (Kubernetes 1.36),
//! apps-v1.json (Kubernetes 1.36),
//! batch-v1.json (Kubernetes 1.36).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::{Api, Fields, Resource};

/// The pods in all namespaces, `Pods::all()`, or in one, `Pods::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Pods<'a> = Api<'a, Pod>;

#[derive(Default, Resource)]
#[resource(version = "v1", plural = "pods", namespaced)]
pub(crate) struct Pod {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: PodSpec,
    pub(crate) status: PodStatus,
}

#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    pub(crate) namespace: String,
}

#[derive(Default, Fields)]
pub(crate) struct PodSpec {
    pub(crate) init_containers: Vec<Container>,
    pub(crate) containers: Vec<Container>,
    pub(crate) ephemeral_containers: Vec<Container>,
}

#[derive(Default, Fields)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
}

#[derive(Default, Fields)]
pub(crate) struct PodStatus {
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
    pub(crate) container_statuses: Vec<ContainerStatus>,
    pub(crate) ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Default, Fields)]
pub(crate) struct ContainerStatus {
    pub(crate) name: String,
    pub(crate) image_id: String,
}

/// The deployments.apps in all namespaces, `Deployments::all()`, or in one,
/// `Deployments::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Deployments<'a> = Api<'a, Deployment>;

#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "deployments", namespaced)]
pub(crate) struct Deployment(pub(crate) Workload);

#[derive(Default, Fields)]
pub(crate) struct Workload {
    pub(crate) spec: WorkloadSpec,
}

#[derive(Default, Fields)]
pub(crate) struct WorkloadSpec {
    pub(crate) template: PodTemplateSpec,
}

#[derive(Default, Fields)]
pub(crate) struct PodTemplateSpec {
    pub(crate) spec: PodSpec,
}

/// The statefulsets.apps in all namespaces, `StatefulSets::all()`, or in one,
/// `StatefulSets::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type StatefulSets<'a> = Api<'a, StatefulSet>;

#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "statefulsets", namespaced)]
pub(crate) struct StatefulSet(pub(crate) Workload);

/// The daemonsets.apps in all namespaces, `DaemonSets::all()`, or in one, `DaemonSets::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type DaemonSets<'a> = Api<'a, DaemonSet>;

#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "daemonsets", namespaced)]
pub(crate) struct DaemonSet(pub(crate) Workload);

/// The jobs.batch in all namespaces, `Jobs::all()`, or in one, `Jobs::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Jobs<'a> = Api<'a, Job>;

#[derive(Default, Resource)]
#[resource(group = "batch", version = "v1", plural = "jobs", namespaced)]
pub(crate) struct Job(pub(crate) Workload);

/// The cronjobs.batch in all namespaces, `CronJobs::all()`, or in one, `CronJobs::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type CronJobs<'a> = Api<'a, CronJob>;

#[derive(Default, Resource)]
#[resource(group = "batch", version = "v1", plural = "cronjobs", namespaced)]
pub(crate) struct CronJob {
    pub(crate) spec: CronJobSpec,
}

#[derive(Default, Fields)]
pub(crate) struct CronJobSpec {
    pub(crate) job_template: Workload,
}
