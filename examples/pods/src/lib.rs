//! Finds crash-looping pods, and counts all pods by phase.
//!
//! It decodes pods one by one and writes each crash-looping container to `findings.json` at once, so memory is bounded whatever the size of
//! the cluster. `totals.json` includes all pods.

#![no_std]
#![forbid(unsafe_code)]

mod resources;

use resources::{ContainerStateTerminated, ContainerStatus, Pod, PodStatusPhase as Phase, Pods};
use wagather::findings::{Finding, Findings, Object, Property};
use wagather::typed::IntOrString;
use wagather::{ListParams, Result, Serialize, gatherer, json, log};

/// A container's reason to wait, and the code of the findings.
const CRASH_LOOP: &str = "CrashLoopBackOff";

#[derive(Default, Serialize)]
struct Totals {
    pods: u32,
    phases: Phases,
    crash_looping: u32,
}

#[derive(Default, Serialize)]
struct Phases {
    pending: u32,
    running: u32,
    succeeded: u32,
    failed: u32,
    unknown: u32,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let mut totals = Totals::default();
    let mut findings = Findings::create()?;
    for pod in Pods::all().list(&ListParams::default())?.items() {
        totals.add(pod?.get(), &mut findings)?;
    }
    findings.close()?;
    log::info!("{} of {} pods crash-loop", totals.crash_looping, totals.pods);
    json::to_entry("totals.json", &totals)
}

impl Totals {
    /// Counts a pod, and writes a finding for each of its containers that crash-loops.
    fn add(&mut self, Pod { metadata, status }: &Pod<'_>, findings: &mut Findings) -> Result<()> {
        self.pods += 1;
        *match status.phase.as_str() {
            Phase::PENDING => &mut self.phases.pending,
            Phase::RUNNING => &mut self.phases.running,
            Phase::SUCCEEDED => &mut self.phases.succeeded,
            Phase::FAILED => &mut self.phases.failed,
            _ => &mut self.phases.unknown,
        } += 1;

        let object = Object::of::<Pod>(metadata.namespace, metadata.name);
        let mut is_crash_looping = false;
        for containers in [status.init_container_statuses, status.container_statuses] {
            for container in containers {
                if container.is_crash_looping() {
                    is_crash_looping = true;
                    let finding = Finding::error(CRASH_LOOP, container.state.waiting.message);
                    findings.push(&finding.about(&object).with(&container.properties()))?;
                }
            }
        }
        self.crash_looping += u32::from(is_crash_looping);
        Ok(())
    }
}

impl<'a> ContainerStatus<'a> {
    /// Whether the kubelet delays its next restart, or has yet to decide on it after another crash.
    fn is_crash_looping(&self) -> bool {
        self.state.waiting.reason == CRASH_LOOP || !is_zero(self.restart_count) && self.is_down()
    }

    fn is_down(&self) -> bool {
        !is_zero(self.state.terminated.exit_code)
    }

    #[inline(always)]
    fn properties(&self) -> [Property<'a>; 5] {
        let ContainerStateTerminated { reason, exit_code, finished_at } =
            if self.is_down() { self.state.terminated } else { self.last_state.terminated };
        [
            Property::new("container", self.name),
            Property::new("restarts", self.restart_count.as_str()),
            Property::new("lastReason", reason),
            Property::new("lastExitCode", exit_code.as_str()),
            Property::new("lastFinishedAt", finished_at),
        ]
    }
}

/// Whether a number is 0 or absent.
fn is_zero(number: IntOrString<'_>) -> bool {
    matches!(number.as_str(), "0" | "")
}

#[cfg(test)]
mod tests;
