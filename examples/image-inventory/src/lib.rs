//! Counts the images of all pods by digest, and finds those that are named but not running.
//!
//! Writes `images.json`. All six lists are under way before the first is read. At most `MAX_IMAGES` images are in each of the two
//! tables, so memory is bounded whatever the cluster's size; what is beyond is counted.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use wagather::json::{self, Deserialize};
use wagather::{Api, Fields, List, ListParams, Resource, Result, Serialize, gatherer, heap, log};

/// Large clusters have some hundreds.
const MAX_IMAGES: usize = 2_000;

#[derive(Default, Resource)]
#[resource(version = "v1", plural = "pods", namespaced)]
struct Pod {
    metadata: Metadata,
    spec: PodSpec,
    status: Status,
}

#[derive(Default, Fields)]
struct Metadata {
    namespace: String,
}

#[derive(Default, Fields)]
struct PodSpec {
    init_containers: Vec<Container>,
    containers: Vec<Container>,
}

#[derive(Default, Fields)]
struct Container {
    image: String,
}

#[derive(Default, Fields)]
struct Status {
    init_container_statuses: Vec<ContainerStatus>,
    container_statuses: Vec<ContainerStatus>,
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Default, Fields)]
struct ContainerStatus {
    image: String,
    image_id: String,
}

#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "deployments", namespaced)]
struct Deployment(Workload);

#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "statefulsets", namespaced)]
struct StatefulSet(Workload);

#[derive(Default, Resource)]
#[resource(group = "apps", version = "v1", plural = "daemonsets", namespaced)]
struct DaemonSet(Workload);

#[derive(Default, Resource)]
#[resource(group = "batch", version = "v1", plural = "jobs", namespaced)]
struct Job(Workload);

#[derive(Default, Resource)]
#[resource(group = "batch", version = "v1", plural = "cronjobs", namespaced)]
struct CronJob {
    spec: CronJobSpec,
}

#[derive(Default, Fields)]
struct CronJobSpec {
    job_template: Workload,
}

#[derive(Default, Fields)]
struct Workload {
    spec: WorkloadSpec,
}

#[derive(Default, Fields)]
struct WorkloadSpec {
    template: Template,
}

#[derive(Default, Fields)]
struct Template {
    spec: PodSpec,
}

#[derive(Default, Serialize)]
struct Inventory {
    pods: u32,
    namespaces: u32,
    workloads: u32,
    images: Vec<Image>,
    not_running: Vec<Reference>,
    /// Containers whose images had no room in the tables.
    left_out: u32,
    #[field(skip)]
    namespace: String,
}

#[derive(Default, Serialize)]
struct Image {
    image: String,
    digest: String,
    containers: u32,
    pods: u32,
    namespaces: u32,
    // The last pod and the last namespace that were counted, by number.
    #[field(skip)]
    pod: u32,
    #[field(skip)]
    namespace: u32,
}

#[derive(Default, Serialize)]
struct Reference {
    image: String,
    named_by: u32,
    #[field(skip)]
    is_running: bool,
}

gatherer!(gather);
heap!();

fn gather() -> Result<()> {
    let all = ListParams::default();
    let pods = Api::<Pod>::all().list(&all)?;
    let deployments = Api::<Deployment>::all().list(&all)?;
    let stateful_sets = Api::<StatefulSet>::all().list(&all)?;
    let daemon_sets = Api::<DaemonSet>::all().list(&all)?;
    let jobs = Api::<Job>::all().list(&all)?;
    let cron_jobs = Api::<CronJob>::all().list(&all)?;

    let mut inventory = Inventory::default();
    for pod in pods {
        inventory.add_pod(&pod?);
    }
    inventory.add_workloads(deployments, |deployment| deployment.0)?;
    inventory.add_workloads(stateful_sets, |stateful_set| stateful_set.0)?;
    inventory.add_workloads(daemon_sets, |daemon_set| daemon_set.0)?;
    inventory.add_workloads(jobs, |job| job.0)?;
    inventory.add_workloads(cron_jobs, |cron_job| cron_job.spec.job_template)?;
    inventory.not_running.retain(|reference| !reference.is_running);

    log::Line::new()
        .number(inventory.images.len() as u32)
        .text(" images in ")
        .number(inventory.pods)
        .text(" pods, ")
        .number(inventory.not_running.len() as u32)
        .text(" more are named")
        .info();
    json::to_entry("images.json", &inventory)
}

impl Inventory {
    fn add_pod(&mut self, pod: &Pod) {
        self.pods += 1;
        // The API server lists pods by namespace, so a namespace that is not the last one is new.
        if self.namespaces == 0 || self.namespace != pod.metadata.namespace {
            self.namespaces += 1;
            self.namespace.clone_from(&pod.metadata.namespace);
        }
        let mut is_running = false;
        let Status { init_container_statuses, container_statuses, ephemeral_container_statuses } =
            &pod.status;
        for statuses in [init_container_statuses, container_statuses, ephemeral_container_statuses] {
            for status in statuses {
                is_running = true;
                self.add_container(status);
            }
        }
        // A runtime may call an image by another name than who asked for it, so what the pod asked for is known as running too.
        self.add_spec(&pod.spec, is_running);
    }

    fn add_container(&mut self, status: &ContainerStatus) {
        // `sha256:…`, or that after the name of the image and an `@`, or after a scheme such as `docker://`.
        let start = status.image_id.rfind(['@', '/']).map_or(0, |at| at + 1);
        let digest = status.image_id.get(start..).unwrap_or_default();
        let place = self.images.binary_search_by(|known| {
            known.image.cmp(&status.image).then_with(|| known.digest.as_str().cmp(digest))
        });
        let place = match place {
            Ok(place) => place,
            Err(_) if self.images.len() >= MAX_IMAGES => {
                self.left_out += 1;
                return;
            }
            Err(place) => {
                let image =
                    Image { image: status.image.clone(), digest: String::from(digest), ..Image::default() };
                self.images.insert(place, image);
                place
            }
        };
        if let Some(image) = self.images.get_mut(place) {
            image.containers += 1;
            image.pods += u32::from(image.pod != self.pods);
            image.namespaces += u32::from(image.namespace != self.namespaces);
            (image.pod, image.namespace) = (self.pods, self.namespaces);
        }
    }

    fn add_workloads<K: Deserialize>(&mut self, list: List<K>, workload: fn(K) -> Workload) -> Result<()> {
        for item in list {
            self.workloads += 1;
            self.add_spec(&workload(item?).spec.template.spec, false);
        }
        Ok(())
    }

    fn add_spec(&mut self, spec: &PodSpec, is_running: bool) {
        for containers in [&spec.init_containers, &spec.containers] {
            for container in containers {
                self.add_reference(&container.image, is_running);
            }
        }
    }

    fn add_reference(&mut self, image: &str, is_running: bool) {
        let place = match self.not_running.binary_search_by(|known| known.image.as_str().cmp(image)) {
            Ok(place) => place,
            Err(_) if self.not_running.len() >= MAX_IMAGES => {
                self.left_out += 1;
                return;
            }
            Err(place) => {
                let reference = Reference { image: String::from(image), ..Reference::default() };
                self.not_running.insert(place, reference);
                place
            }
        };
        if let Some(reference) = self.not_running.get_mut(place) {
            reference.is_running |= is_running;
            reference.named_by += 1;
        }
    }
}

#[cfg(test)]
mod tests;
