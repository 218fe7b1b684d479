//! Counts the images of all pods by digest, and lists images that only workloads name.
//!
//! It writes `images.json`. It requests all six lists before it reads the first one. It lists at most `MAX_IMAGES`
//! images, so memory is bounded whatever the size of the cluster, and counts the containers of other images.

#![no_std]
#![forbid(unsafe_code)]

mod resources;

use resources::{
    ContainerStatus, CronJobs, DaemonSets, Deployments, Jobs, Pod, Pods, StatefulSets, Workload,
};
use wagather::arena::{String, Vec};
use wagather::{ListParams, Result, Serialize, gatherer, json, log};

/// Large clusters have several hundred.
const MAX_IMAGES: usize = 2_000;

#[derive(Default, Serialize)]
struct Inventory {
    pods: u32,
    namespaces: u32,
    workloads: u32,
    /// Containers of images beyond the limit.
    left_out: u32,
    /// Sorted by image and digest.
    images: Vec<Image>,
    /// The namespace of the last pod.
    #[field(skip)]
    namespace: String,
}

#[derive(Default, Serialize)]
struct Image {
    image: String,
    /// Empty if no kubelet has pulled it.
    digest: String,
    containers: u32,
    pods: u32,
    namespaces: u32,
    workloads: u32,
    // The numbers of the pod or workload and the namespace that were counted last.
    #[field(skip)]
    last_object: u32,
    #[field(skip)]
    last_namespace: u32,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let all = ListParams::default();
    let pods = Pods::all().list(&all)?;
    let deployments = Deployments::all().list(&all)?;
    let stateful_sets = StatefulSets::all().list(&all)?;
    let daemon_sets = DaemonSets::all().list(&all)?;
    let jobs = Jobs::all().list(&all)?;
    let cron_jobs = CronJobs::all().list(&all)?;

    let mut inventory = Inventory::default();
    for pod in pods.items() {
        inventory.add_pod(pod?.get())?;
    }
    // Four kinds with the same fields.
    for list in [deployments, stateful_sets.read_as(), daemon_sets.read_as(), jobs.read_as()] {
        for workload in list.items() {
            inventory.add_workload(&workload?.get().0)?;
        }
    }
    for cron_job in cron_jobs.items() {
        inventory.add_workload(&cron_job?.get().spec.job_template)?;
    }

    log::info!(
        "{} images in {} pods and {} workloads",
        inventory.images.len() as u32,
        inventory.pods,
        inventory.workloads
    );
    json::to_entry("images.json", &inventory)
}

impl Inventory {
    fn add_pod(&mut self, pod: &Pod<'_>) -> Result<()> {
        let Pod { metadata, spec, status } = pod;
        self.pods += 1;
        // The API server lists pods by namespace, so a namespace that differs from the last one is new.
        if self.namespaces == 0 || self.namespace != metadata.namespace {
            self.namespaces += 1;
            self.namespace.set(metadata.namespace)?;
        }
        for (containers, statuses) in [
            (spec.init_containers, status.init_container_statuses),
            (spec.containers, status.container_statuses),
            (spec.ephemeral_containers, status.ephemeral_container_statuses),
        ] {
            for container in containers {
                let status = statuses.iter().find(|status| status.name == container.name);
                let (object, namespace) = (self.pods, self.namespaces);
                for row in self.rows(container.image, Some(status.map_or("", ContainerStatus::digest)))? {
                    row.containers += 1;
                    row.pods += u32::from(row.last_object != object);
                    row.namespaces += u32::from(row.last_namespace != namespace);
                    (row.last_object, row.last_namespace) = (object, namespace);
                }
            }
        }
        Ok(())
    }

    fn add_workload(&mut self, workload: &Workload<'_>) -> Result<()> {
        let spec = &workload.spec.template.spec;
        self.workloads += 1;
        let object = self.pods + self.workloads;
        for containers in [spec.init_containers, spec.containers] {
            for container in containers {
                for row in self.rows(container.image, None)? {
                    row.workloads += u32::from(row.last_object != object);
                    row.last_object = object;
                }
            }
        }
        Ok(())
    }

    /// The row of an image by name and digest, or all rows of that name. Adds a row if there is none; returns none if
    /// there is no space.
    fn rows(&mut self, image: &str, digest: Option<&str>) -> Result<&mut [Image]> {
        let key = (image, digest.unwrap_or(""));
        let start = self.images.partition_point(|row| (row.image.as_str(), row.digest.as_str()) < key);
        let mut end = start;
        while let Some(row) = self.images.get(end)
            && row.image == image
            && digest.is_none_or(|digest| row.digest == digest)
        {
            end += 1;
        }
        if start == end {
            if self.images.len() >= MAX_IMAGES {
                self.left_out += 1;
                return Ok(&mut []);
            }
            let mut row = Image::default();
            row.image.push_str(image)?;
            row.digest.push_str(key.1)?;
            self.images.push(row)?;
            // `Vec::insert` would link a memmove of 1 KB.
            let mut at = self.images.len() - 1;
            while at > start
                && let Some([before, row]) = self.images.get_mut(at - 1..=at)
            {
                core::mem::swap(before, row);
                at -= 1;
            }
            end += 1;
        }
        Ok(self.images.get_mut(start..end).unwrap_or_default())
    }
}

impl<'a> ContainerStatus<'a> {
    /// `sha256:…`. Runtimes write it alone, after the image's name and an `@`, or after a scheme such as `docker://`.
    fn digest(&self) -> &'a str {
        let start =
            self.image_id.bytes().rposition(|byte| matches!(byte, b'@' | b'/')).map_or(0, |at| at + 1);
        self.image_id.get(start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
