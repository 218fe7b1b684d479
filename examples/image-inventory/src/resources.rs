//! What image-inventory reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! api__v1.json (Kubernetes 1.36),
//! apis__apps__v1.json (Kubernetes 1.36),
//! apis__batch__v1.json (Kubernetes 1.36).

use alloc::string::String;
use alloc::vec::Vec;
use wagather::{Api, Fields, Resource};

/// The pods in all namespaces, `Pods::all()`, or in one, `Pods::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Pods<'a> = Api<'a, Pod>;

/// Pod is a collection of containers that can run on a host.
#[derive(Default, Resource)]
#[resource(version = "v1", plural = "pods", namespaced)]
pub(crate) struct Pod {
    /// Standard object's metadata.
    pub(crate) metadata: ObjectMeta,
    /// Specification of the desired behavior of the pod.
    pub(crate) spec: PodSpec,
    /// Most recently observed status of the pod.
    pub(crate) status: PodStatus,
}

/// ObjectMeta is metadata that all persisted resources must have, which includes all objects users must
/// create.
#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    /// Namespace defines the space within which each name must be unique.
    pub(crate) namespace: String,
}

/// PodSpec is a description of a pod.
#[derive(Default, Fields)]
pub(crate) struct PodSpec {
    /// List of initialization containers belonging to the pod.
    pub(crate) init_containers: Vec<Container>,
    /// List of containers belonging to the pod.
    pub(crate) containers: Vec<Container>,
    /// List of ephemeral containers run in this pod.
    pub(crate) ephemeral_containers: Vec<Container>,
}

/// A single application container that you want to run within a pod.
#[derive(Default, Fields)]
pub(crate) struct Container {
    /// Name of the container specified as a DNS\_LABEL.
    pub(crate) name: String,
    /// Container image name.
    pub(crate) image: String,
}

/// PodStatus represents information about the status of a pod.
#[derive(Default, Fields)]
pub(crate) struct PodStatus {
    /// Statuses of init containers in this pod.
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
    /// Statuses of containers in this pod.
    pub(crate) container_statuses: Vec<ContainerStatus>,
    /// Statuses for any ephemeral containers that have run in this pod.
    pub(crate) ephemeral_container_statuses: Vec<ContainerStatus>,
}

/// ContainerStatus contains details for the current status of this container.
#[derive(Default, Fields)]
pub(crate) struct ContainerStatus {
    /// Name is a DNS\_LABEL representing the unique name of the container.
    pub(crate) name: String,
    /// ImageID is the image ID of the container's image.
    pub(crate) image_id: String,
}

/// The deployments.apps in all namespaces, `Deployments::all()`, or in one,
/// `Deployments::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Deployments<'a> = Api<'a, Deployment>;

/// Deployment enables declarative updates for Pods and ReplicaSets.
#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "deployments", namespaced)]
pub(crate) struct Deployment(pub(crate) Workload);

/// Deployment enables declarative updates for Pods and ReplicaSets.
#[derive(Default, Fields)]
pub(crate) struct Workload {
    /// Specification of the desired behavior of the Deployment.
    pub(crate) spec: WorkloadSpec,
}

/// DeploymentSpec is the specification of the desired behavior of the Deployment.
#[derive(Default, Fields)]
pub(crate) struct WorkloadSpec {
    /// Template describes the pods that will be created.
    pub(crate) template: PodTemplateSpec,
}

/// PodTemplateSpec describes the data a pod should have when created from a template
#[derive(Default, Fields)]
pub(crate) struct PodTemplateSpec {
    /// Specification of the desired behavior of the pod.
    pub(crate) spec: PodSpec,
}

/// The statefulsets.apps in all namespaces, `StatefulSets::all()`, or in one,
/// `StatefulSets::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type StatefulSets<'a> = Api<'a, StatefulSet>;

/// StatefulSet represents a set of pods with consistent identities.
#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "statefulsets", namespaced)]
pub(crate) struct StatefulSet(pub(crate) Workload);

/// The daemonsets.apps in all namespaces, `DaemonSets::all()`, or in one, `DaemonSets::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type DaemonSets<'a> = Api<'a, DaemonSet>;

/// DaemonSet represents the configuration of a daemon set.
#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "daemonsets", namespaced)]
pub(crate) struct DaemonSet(pub(crate) Workload);

/// The jobs.batch in all namespaces, `Jobs::all()`, or in one, `Jobs::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Jobs<'a> = Api<'a, Job>;

/// Job represents the configuration of a single job.
#[derive(Default, Resource)]
#[resource(group = "batch", version = "v1", plural = "jobs", namespaced)]
pub(crate) struct Job(pub(crate) Workload);

/// The cronjobs.batch in all namespaces, `CronJobs::all()`, or in one, `CronJobs::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type CronJobs<'a> = Api<'a, CronJob>;

/// CronJob represents the configuration of a single cron job.
#[derive(Default, Resource)]
#[resource(group = "batch", version = "v1", plural = "cronjobs", namespaced)]
pub(crate) struct CronJob {
    /// Specification of the desired behavior of a cron job, including the schedule.
    pub(crate) spec: CronJobSpec,
}

/// CronJobSpec describes how the job execution will look like and when it will actually run.
#[derive(Default, Fields)]
pub(crate) struct CronJobSpec {
    /// Specifies the job that will be created when executing a CronJob.
    pub(crate) job_template: Workload,
}
