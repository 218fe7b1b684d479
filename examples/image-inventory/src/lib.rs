//! Counts the images of all pods by digest, and lists images that only workloads name.
//!
//! It writes `images.json`. It requests all six lists before it reads the first one. It lists at most `MAX_IMAGES`
//! images, so memory is bounded whatever the size of the cluster, and counts the containers of other images.

#![no_std]
#![forbid(unsafe_code)]

// Each kind has its own request, but all objects are read as `Object`, so the fields of the others are unused.
#[allow(dead_code)]
mod resources;

use resources::{Container, ContainerStatus, ObjectMeta, PodStatus, PodTemplateSpec, Workload};
use resources::{CronJobs, DaemonSets, Deployments, Jobs, Pods, StatefulSets};
use wagather::arena::{String, Vec};
use wagather::{Fields, List, ListParams, Result, Serialize, gatherer, json, log};

/// A pod or a workload. Fields that a kind does not have are empty.
#[derive(Fields)]
struct Object<'a> {
    metadata: ObjectMeta<'a>,
    spec: Spec<'a>,
    status: PodStatus<'a>,
}

#[derive(Fields)]
struct Spec<'a> {
    init_containers: &'a [Container<'a>],
    containers: &'a [Container<'a>],
    ephemeral_containers: &'a [Container<'a>],
    template: PodTemplateSpec<'a>,
    /// The workload within a cron job.
    job_template: Workload<'a>,
}

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
    let lists: [Result<List<Object<'static>>>; 6] = [
        Pods::all().list(&all).map(List::read_as),
        Deployments::all().list(&all).map(List::read_as),
        StatefulSets::all().list(&all).map(List::read_as),
        DaemonSets::all().list(&all).map(List::read_as),
        Jobs::all().list(&all).map(List::read_as),
        CronJobs::all().list(&all).map(List::read_as),
    ];
    let mut inventory = Inventory::default();
    for (kind, list) in lists.into_iter().enumerate() {
        for object in list?.items() {
            inventory.add(object?.get(), kind == 0)?;
        }
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
    fn add(&mut self, object: &Object<'_>, is_pod: bool) -> Result<()> {
        let Object { metadata, spec, status } = object;
        self.pods += u32::from(is_pod);
        self.workloads += u32::from(!is_pod);
        // The API server lists pods by namespace, so a namespace that differs from the last one is new.
        if is_pod && (self.namespaces == 0 || self.namespace != metadata.namespace) {
            self.namespaces += 1;
            self.namespace.set(metadata.namespace)?;
        }
        let template = &spec.template.spec;
        let job = &spec.job_template.spec.template.spec;
        for (containers, statuses) in [
            (spec.init_containers, status.init_container_statuses),
            (spec.containers, status.container_statuses),
            (spec.ephemeral_containers, status.ephemeral_container_statuses),
            (template.init_containers, &[]),
            (template.containers, &[]),
            (job.init_containers, &[]),
            (job.containers, &[]),
        ] {
            for container in containers {
                let status = statuses.iter().find(|status| status.name == container.name);
                let digest = status.map_or("", ContainerStatus::digest);
                let (object, namespace) = (self.pods + self.workloads, self.namespaces);
                for row in self.rows(container.image, is_pod.then_some(digest))? {
                    let is_new = u32::from(row.last_object != object);
                    row.last_object = object;
                    if is_pod {
                        row.containers += 1;
                        row.pods += is_new;
                        row.namespaces += u32::from(row.last_namespace != namespace);
                        row.last_namespace = namespace;
                    } else {
                        row.workloads += is_new;
                    }
                }
            }
        }
        Ok(())
    }

    /// The row of an image by name and digest, or all rows of that name. Adds a row if there is none; returns none if
    /// there is no space.
    fn rows(&mut self, image: &str, digest: Option<&str>) -> Result<&mut [Image]> {
        let key = (image, digest.unwrap_or(""));
        let (mut start, mut end) = (0, self.images.len());
        while start < end
            && let Some(row) = self.images.get((start + end) / 2)
        {
            match (row.image.as_str(), row.digest.as_str()) < key {
                true => start = (start + end) / 2 + 1,
                false => end = (start + end) / 2,
            }
        }
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
