//! Columns of pods and what makes pods.

use super::age::{human, millis_of};
use super::column::{AGE, CONTAINERS, Column, IMAGES, NAME, SELECTOR, number, of_pod, text};
use super::object::{NONE, Object, UNSET, first};
use super::pods::readiness_gates;

pub(super) const PODS: &[Column] = &[
    NAME,
    of_pod("Ready", |_, summary| summary.ready()),
    of_pod("Status", |_, summary| summary.reason.clone()),
    of_pod("Restarts", |pod, summary| summary.restarts(pod)),
    AGE,
    text("IP", |pod| pod.text_or("/status/podIPs/0/ip", NONE)).wide(),
    text("Node", |pod| pod.text_or("/spec/nodeName", NONE)).wide(),
    text("Nominated Node", |pod| pod.text_or("/status/nominatedNodeName", NONE)).wide(),
    text("Readiness Gates", readiness_gates).wide(),
];

pub(super) const POD_TEMPLATES: &[Column] = &[
    NAME,
    text("Containers", |object| object.joined("/template/spec/containers", "/name", ",")),
    text("Images", |object| object.joined("/template/spec/containers", "/image", ",")),
    text("Pod Labels", |object| object.labels("/template/metadata/labels")),
];

const DESIRED: Column = number("Desired", |set| set.number("/spec/replicas"));
const CURRENT: Column = number("Current", |set| set.number("/status/replicas"));
const READY: Column = number("Ready", |set| set.number("/status/readyReplicas"));
const READY_OF_DESIRED: Column =
    text("Ready", |set| format!("{}/{}", set.number("/status/readyReplicas"), set.number("/spec/replicas")));

pub(super) const REPLICATION_CONTROLLERS: &[Column] = &[
    NAME,
    DESIRED,
    CURRENT,
    READY,
    AGE,
    CONTAINERS,
    IMAGES,
    text("Selector", |set| set.labels("/spec/selector")).wide(),
];

pub(super) const REPLICA_SETS: &[Column] =
    &[NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR];

pub(super) const DEPLOYMENTS: &[Column] = &[
    NAME,
    READY_OF_DESIRED,
    number("Up-to-date", |set| set.number("/status/updatedReplicas")),
    number("Available", |set| set.number("/status/availableReplicas")),
    AGE,
    CONTAINERS,
    IMAGES,
    text("Selector", |set| set.selector("/spec/selector")).wide(),
];

pub(super) const STATEFUL_SETS: &[Column] = &[NAME, READY_OF_DESIRED, AGE, CONTAINERS, IMAGES];

pub(super) const DAEMON_SETS: &[Column] = &[
    NAME,
    number("Desired", |set| set.number("/status/desiredNumberScheduled")),
    number("Current", |set| set.number("/status/currentNumberScheduled")),
    number("Ready", |set| set.number("/status/numberReady")),
    number("Up-to-date", |set| set.number("/status/updatedNumberScheduled")),
    number("Available", |set| set.number("/status/numberAvailable")),
    text("Node Selector", |set| set.labels("/spec/template/spec/nodeSelector")),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const CONTROLLER_REVISIONS: &[Column] = &[
    NAME,
    text("Controller", |revision| {
        let owner = revision.all("/metadata/ownerReferences").find(|owner| owner.is("/controller"));
        owner.map_or_else(
            || NONE.into(),
            |owner| {
                let group = owner.text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
                let kind = owner.text("/kind").to_ascii_lowercase();
                let dot = if group.is_empty() { "" } else { "." };
                format!("{kind}{dot}{group}/{}", owner.text("/name"))
            },
        )
    }),
    number("Revision", |revision| revision.number("/revision")),
    AGE,
];

pub(super) const JOBS: &[Column] = &[
    NAME,
    text("Status", |job| {
        let states =
            ["Complete", "Failed", "Terminating", "Suspended", "FailureTarget", "SuccessCriteriaMet"];
        let is = |state: &&str| match *state {
            "Terminating" => job.has("/metadata/deletionTimestamp"),
            condition => job.has_condition(condition),
        };
        states.into_iter().find(is).unwrap_or("Running").into()
    }),
    text("Completions", |job| {
        let succeeded = job.number("/status/succeeded");
        match (job.scalar("/spec/completions"), job.number("/spec/parallelism")) {
            (Some(completions), _) => format!("{succeeded}/{completions}"),
            (None, parallelism @ 2..) => format!("{succeeded}/1 of {parallelism}"),
            (None, _) => format!("{succeeded}/1"),
        }
    }),
    text("Duration", |job| {
        let time = |pointer| millis_of(job.text(pointer));
        match (time("/status/startTime"), time("/status/completionTime")) {
            (None, _) => String::new(),
            (Some(_), None) => job.since("/status/startTime"),
            (Some(start), Some(end)) => human(end.saturating_sub(start)),
        }
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const CRON_JOBS: &[Column] = &[
    NAME,
    text("Schedule", |job| job.text("/spec/schedule").into()),
    text("Timezone", |job| job.scalar("/spec/timeZone").unwrap_or_else(|| NONE.into())),
    text("Suspend", |job| match job.get("/spec/suspend") {
        None => UNSET.into(),
        Some(suspend) => if suspend.is("") { "True" } else { "False" }.into(),
    }),
    number("Active", |job| job.len("/status/active")),
    text("Last Schedule", |job| match job.has("/status/lastScheduleTime") {
        true => job.since("/status/lastScheduleTime"),
        false => NONE.into(),
    }),
    AGE,
    text("Containers", |job| job.joined(OF_JOB, "/name", ",")).wide(),
    text("Images", |job| job.joined(OF_JOB, "/image", ",")).wide(),
    text("Selector", |job| job.selector_or_none("/spec/jobTemplate/spec/selector")).wide(),
];

const OF_JOB: &str = "/spec/jobTemplate/spec/template/spec/containers";

pub(super) const POD_DISRUPTION_BUDGETS: &[Column] = &[
    NAME,
    text("Min Available", |budget| budget.scalar("/spec/minAvailable").unwrap_or_else(|| "N/A".into())),
    text("Max Unavailable", |budget| budget.scalar("/spec/maxUnavailable").unwrap_or_else(|| "N/A".into())),
    number("Allowed Disruptions", |budget| budget.number("/status/disruptionsAllowed")),
    AGE,
];

pub(super) const HORIZONTAL_POD_AUTOSCALERS: &[Column] = &[
    NAME,
    text("Reference", |scaler| {
        format!("{}/{}", scaler.text("/spec/scaleTargetRef/kind"), scaler.text("/spec/scaleTargetRef/name"))
    }),
    text("Targets", targets),
    text("MinPods", |scaler| scaler.scalar("/spec/minReplicas").unwrap_or_else(|| UNSET.into())),
    number("MaxPods", |scaler| scaler.number("/spec/maxReplicas")),
    number("Replicas", |scaler| scaler.number("/status/currentReplicas")),
    AGE,
];

/// The metrics of an autoscaler: where each is, and where it should be.
fn targets(scaler: &Object) -> String {
    // Version 1 knows one metric.
    if let Some(target) = scaler.scalar("/spec/targetCPUUtilizationPercentage") {
        let current = scaler.scalar("/status/currentCPUUtilizationPercentage");
        return format!("cpu: {}/{target}%", current.map_or_else(|| UNKNOWN.into(), |is| format!("{is}%")));
    }
    let mut statuses = scaler.all("/status/currentMetrics");
    let all: Vec<String> =
        scaler.all("/spec/metrics").map(|metric| target(&metric, statuses.next().as_ref())).collect();
    if all.is_empty() { NONE.into() } else { first(&all, 2, ", ") }
}

const UNKNOWN: &str = "<unknown>";

fn target(metric: &Object, status: Option<&Object>) -> String {
    let kind = metric.text("/type");
    let Some(member) = ["external", "pods", "object", "resource", "containerResource"]
        .into_iter()
        .find(|member| member.eq_ignore_ascii_case(kind))
    else {
        return "<unknown type>".into();
    };
    let wanted = |what: &str| metric.scalar(&format!("/{member}/target/{what}"));
    let is = |what: &str| {
        let current = status.and_then(|status| status.scalar(&format!("/{member}/current/{what}")));
        current.unwrap_or_else(|| UNKNOWN.into())
    };
    let percent = |is: Option<String>, other: &str| is.map_or_else(|| other.into(), |is| format!("{is}%"));
    let average = wanted("averageValue");
    if matches!(member, "resource" | "containerResource") {
        let name = metric.text(&format!("/{member}/name"));
        return match average {
            Some(average) => format!("{name}: {}/{average}", is("averageValue")),
            None => {
                let used =
                    status.and_then(|status| status.scalar(&format!("/{member}/current/averageUtilization")));
                format!(
                    "{name}: {}/{}",
                    percent(used, UNKNOWN),
                    percent(wanted("averageUtilization"), "<auto>")
                )
            }
        };
    }
    match average {
        Some(average) if member == "pods" => format!("{}/{average}", is("averageValue")),
        Some(average) => format!("{}/{average} (avg)", is("averageValue")),
        None => format!("{}/{}", is("value"), wanted("value").unwrap_or_else(|| "0".into())),
    }
}
