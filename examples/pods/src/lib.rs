//! Finds crash-looping pods, by namespace, and counts all pods by phase.
//!
//! It writes `findings.json` and `crash-looping.json`. It decodes pods one by one and keeps at most `MAX_PODS` crash-looping ones, so
//! memory is bounded whatever the size of the cluster. The totals include all pods.

#![no_std]
#![forbid(unsafe_code)]

mod resources;

use resources::{ContainerStateTerminated, ContainerStatus, Pod, PodStatusPhase as Phase, Pods};
use wagather::arena::Vec;
use wagather::findings::{Finding, Findings, Object, Property};
use wagather::typed::Item;
use wagather::{ListParams, Result, Serialize, gatherer, json, log};

/// More crash-looping pods than this would explain nothing new.
const MAX_PODS: u32 = 500;

/// A container's reason to wait, and the code of the findings.
const CRASH_LOOP: &str = "CrashLoopBackOff";

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
    namespace: &'static str,
    pods: Vec<CrashLooping>,
}

#[derive(Serialize)]
struct CrashLooping {
    pod: &'static str,
    containers: Vec<Container>,
}

#[derive(Serialize)]
struct Container {
    name: &'static str,
    restarts: i32,
    last_reason: &'static str,
    last_exit_code: i32,
    last_finished_at: &'static str,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let mut report = Report::default();
    let mut findings = Findings::create()?;
    for pod in Pods::all().list(&ListParams::default())?.items() {
        report.add(pod?, &mut findings)?;
    }
    findings.close()?;
    log::info!("{} of {} pods crash-loop", report.crash_looping, report.pods);
    json::to_entry("crash-looping.json", &report)
}

impl Report {
    fn add(&mut self, pod: Item<Pod<'static>>, findings: &mut Findings) -> Result<()> {
        let status = &pod.get().status;
        self.pods += 1;
        *match status.phase.as_str() {
            Phase::PENDING => &mut self.phases.pending,
            Phase::RUNNING => &mut self.phases.running,
            Phase::SUCCEEDED => &mut self.phases.succeeded,
            Phase::FAILED => &mut self.phases.failed,
            _ => &mut self.phases.unknown,
        } += 1;

        if !is_any_crash_looping(status.init_container_statuses)
            && !is_any_crash_looping(status.container_statuses)
        {
            return Ok(());
        }
        self.crash_looping += 1;
        let Pod { metadata, status } = pod.get();
        let object = Object::of::<Pod>(metadata.namespace, metadata.name);
        for containers in [status.init_container_statuses, status.container_statuses] {
            for container in containers {
                if container.is_crash_looping() {
                    findings.push(&container.finding().about(&object).with(&container.properties()))?;
                }
            }
        }
        if self.crash_looping > MAX_PODS {
            self.not_described += 1;
            return Ok(());
        }
        let Pod { metadata, status } = pod.keep();
        let mut containers = Vec::new();
        let (mut init, mut others) =
            (status.init_container_statuses.iter(), status.container_statuses.iter());
        while let Some(container) = init.next().or_else(|| others.next()) {
            if container.is_crash_looping() {
                containers.push(Container::from(container))?;
            }
        }
        // The API server lists pods by namespace, so a namespace that differs from the last one is new.
        if self.namespaces.last().is_none_or(|last| last.namespace != metadata.namespace) {
            self.namespaces.push(Namespace { namespace: metadata.namespace, pods: Vec::new() })?;
        }
        let Some(last) = self.namespaces.last_mut() else { return Ok(()) };
        last.pods.push(CrashLooping { pod: metadata.name, containers })
    }
}

// Not inlined: it is called twice.
#[inline(never)]
fn is_any_crash_looping(containers: &[ContainerStatus<'_>]) -> bool {
    containers.iter().any(ContainerStatus::is_crash_looping)
}

impl<'a> ContainerStatus<'a> {
    #[inline(always)]
    fn finding(&self) -> Finding<'a> {
        Finding::error(CRASH_LOOP, self.state.waiting.message)
    }

    #[inline(always)]
    fn properties(&self) -> [Property<'a>; 2] {
        let last = self.last_end();
        [Property::new("container", self.name), Property::new("lastReason", last.reason)]
    }

    /// Whether the kubelet delays its next restart, or has yet to decide on it after another crash.
    // Not inlined: it is called twice.
    #[inline(never)]
    fn is_crash_looping(&self) -> bool {
        self.state.waiting.reason == CRASH_LOOP || self.restart_count > 0 && self.is_down()
    }

    fn is_down(&self) -> bool {
        self.state.terminated.exit_code != 0
    }

    fn last_end(&self) -> &ContainerStateTerminated<'a> {
        if self.is_down() { &self.state.terminated } else { &self.last_state.terminated }
    }
}

impl From<&ContainerStatus<'static>> for Container {
    fn from(status: &ContainerStatus<'static>) -> Self {
        let last = status.last_end();
        Container {
            name: status.name,
            restarts: status.restart_count,
            last_reason: last.reason,
            last_exit_code: last.exit_code,
            last_finished_at: last.finished_at,
        }
    }
}

#[cfg(test)]
mod tests;
