//! Describes the nodes and their problems, and adds up their resources.
//!
//! It writes `nodes.json`, what the API says of each node, and `findings.json`, what is wrong, incrementally, so memory is bounded, and
//! `totals.json`. Quantities and conditions are the API's strings; only the sums are numbers.

#![no_std]
#![forbid(unsafe_code)]

mod resources;

use resources::{Node, NodeSpec, NodeStatus, Nodes};
use wagather::arena::Vec;
use wagather::findings::{Finding, Findings, Object};
use wagather::json::{self, ArrayEntry};
use wagather::typed::Map;
use wagather::{ListParams, Result, Serialize, gatherer, log, quantity};

const ROLE: &str = "node-role.kubernetes.io/";

#[derive(Serialize)]
struct Described<'a> {
    name: &'a str,
    roles: &'a [&'a str],
    spec: &'a NodeSpec<'a>,
    status: &'a NodeStatus<'a>,
}

#[derive(Default, Serialize)]
struct Totals {
    nodes: u32,
    not_ready: u32,
    under_pressure: u32,
    unschedulable: u32,
    capacity: Sum,
    allocatable: Sum,
}

#[derive(Default, Serialize)]
struct Sum {
    cpu_millicores: u64,
    memory_bytes: u64,
    /// Nodes that are not in the sum, because their quantity is missing or cannot be added exactly.
    nodes_left_out: u32,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let nodes = Nodes::all().list(&ListParams::default())?.items();
    let mut entry = ArrayEntry::create("nodes.json")?;
    let mut findings = Findings::create()?;
    let mut totals = Totals::default();
    for node in nodes {
        let node = node?;
        let node = node.get();
        totals.add(node, &mut findings)?;
        let mut roles = Vec::new();
        for (label, _) in node.metadata.labels.iter() {
            if let Some(role) = label.strip_prefix(ROLE) {
                roles.push(role)?;
            }
        }
        entry.push(&Described {
            name: node.metadata.name,
            roles: &roles,
            spec: &node.spec,
            status: &node.status,
        })?;
        roles.free();
    }
    log::info!("{} of {} nodes are not ready", totals.not_ready, totals.nodes);
    findings.close()?;
    entry.close()?;
    json::to_entry("totals.json", &totals)
}

impl Totals {
    /// Counts a node, and writes a finding for each condition that indicates a problem.
    fn add(&mut self, node: &Node<'_>, findings: &mut Findings) -> Result<()> {
        let object = Object::of::<Node>("", node.metadata.name);
        let (mut is_reported, mut is_under_pressure) = (false, false);
        for condition in node.status.conditions {
            let is_true = condition.status == "True";
            is_reported |= condition.r#type == "Ready";
            // `Ready` should be true; all other conditions, including those of the node problem detector, indicate
            // problems.
            let finding = match condition.r#type {
                "Ready" if is_true => continue,
                "Ready" => {
                    self.not_ready += 1;
                    Finding::error("NotReady", condition.message)
                }
                problem if is_true => {
                    is_under_pressure |= problem.ends_with("Pressure");
                    Finding::warning(problem, condition.message)
                }
                _ => continue,
            };
            findings.push(&finding.about(&object).since(condition.last_transition_time))?;
        }
        if !is_reported {
            self.not_ready += 1;
            findings.push(&Finding::error("NotReady", "its kubelet never reported").about(&object))?;
        }
        self.nodes += 1;
        self.under_pressure += u32::from(is_under_pressure);
        self.unschedulable += u32::from(node.spec.unschedulable);
        self.capacity.add(&node.status.capacity);
        self.allocatable.add(&node.status.allocatable);
        Ok(())
    }
}

impl Sum {
    fn add(&mut self, resources: &Map<'_, &str>) {
        if self.try_add(resources).is_none() {
            self.nodes_left_out += 1;
        }
    }

    fn try_add(&mut self, resources: &Map<'_, &str>) -> Option<()> {
        let cpu = self.cpu_millicores.checked_add(quantity::parse(resources.get("cpu")?, 1000)?)?;
        self.memory_bytes = self.memory_bytes.checked_add(quantity::parse(resources.get("memory")?, 1)?)?;
        self.cpu_millicores = cpu;
        Some(())
    }
}

#[cfg(test)]
mod tests;
