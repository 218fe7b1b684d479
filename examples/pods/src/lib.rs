//! Finds the pods that crash-loop, by namespace, and counts all pods by phase.
//!
//! Writes `crash-looping.json`. Pods are decoded one by one, and no more than `MAX_PODS` crash-looping ones are
//! described, so memory is bounded whatever the cluster's size; the totals count all.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod resources;

use alloc::string::String;
use alloc::vec::Vec;
use resources::{ContainerStatus, Pod, PodStatusPhase as Phase, Pods};
use wagather::{ListParams, Result, Serialize, gatherer, heap, json, log};

/// In a cluster where more pods crash-loop, more of the same explains nothing.
const MAX_PODS: u32 = 500;

#[derive(Default, Serialize)]
struct Report {
    pods: u32,
    phases: Phases,
    crash_looping: u32,
    not_described: u32,
    namespaces: Vec<Namespace>,
}

#[derive(Default, Serialize)]
struct Phases {
    pending: u32,
    running: u32,
    succeeded: u32,
    failed: u32,
    unknown: u32,
}

#[derive(Serialize)]
struct Namespace {
    namespace: String,
    pods: Vec<CrashLooping>,
}

#[derive(Serialize)]
struct CrashLooping {
    pod: String,
    containers: Vec<Container>,
}

#[derive(Serialize)]
struct Container {
    name: String,
    restarts: i32,
    last_reason: String,
    last_exit_code: i32,
    last_finished_at: String,
}

gatherer!(gather);
heap!();

fn gather() -> Result<()> {
    let mut report = Report::default();
    for pod in Pods::all().list(&ListParams::default())? {
        report.add(pod?);
    }
    log::Line::new()
        .number(report.crash_looping)
        .text(" of ")
        .number(report.pods)
        .text(" pods crash-loop")
        .info();
    json::to_entry("crash-looping.json", &report)
}

impl Report {
    fn add(&mut self, pod: Pod) {
        let Pod { metadata, status } = pod;
        self.pods += 1;
        *match status.phase.as_str() {
            Phase::PENDING => &mut self.phases.pending,
            Phase::RUNNING => &mut self.phases.running,
            Phase::SUCCEEDED => &mut self.phases.succeeded,
            Phase::FAILED => &mut self.phases.failed,
            _ => &mut self.phases.unknown,
        } += 1;

        let mut containers = Vec::new();
        for container in status.init_container_statuses.iter().chain(&status.container_statuses) {
            if container.state.waiting.reason == "CrashLoopBackOff" {
                containers.push(Container::from(container));
            }
        }
        if containers.is_empty() {
            return;
        }
        self.crash_looping += 1;
        if self.crash_looping > MAX_PODS {
            self.not_described += 1;
            return;
        }
        let pod = CrashLooping { pod: metadata.name, containers };
        // The API server lists pods by namespace, so a namespace that is not the last one is new.
        match self.namespaces.last_mut() {
            Some(last) if last.namespace == metadata.namespace => last.pods.push(pod),
            _ => self.namespaces.push(Namespace { namespace: metadata.namespace, pods: alloc::vec![pod] }),
        }
    }
}

impl From<&ContainerStatus> for Container {
    fn from(status: &ContainerStatus) -> Self {
        let last = &status.last_state.terminated;
        Container {
            name: status.name.clone(),
            restarts: status.restart_count,
            last_reason: last.reason.clone(),
            last_exit_code: last.exit_code,
            last_finished_at: last.finished_at.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
