//! Describes the nodes, what is wrong with them, and sums what they have.
//!
//! Writes `nodes.json` as it goes, so memory is bounded, and `totals.json`. Quantities and conditions are written in the API's
//! own words; only the sums are numbers.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod resources;

use alloc::string::String;
use alloc::vec::Vec;
use resources::{Node, NodeSpec, NodeStatus, Nodes};
use wagather::json::{self, ArrayEntry, Pairs};
use wagather::{ListParams, Result, Serialize, gatherer, heap, log, quantity};

const ROLE: &str = "node-role.kubernetes.io/";

#[derive(Serialize)]
struct Described<'a> {
    name: &'a str,
    roles: Vec<&'a str>,
    spec: &'a NodeSpec,
    status: &'a NodeStatus,
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
    /// Nodes that are left out, because they do not say, or not in a way that can be summed exactly.
    nodes_left_out: u32,
}

gatherer!(gather);
heap!();

fn gather() -> Result<()> {
    let nodes = Nodes::all().list(&ListParams::default())?;
    let mut entry = ArrayEntry::create("nodes.json")?;
    let mut totals = Totals::default();
    for node in nodes {
        let mut node = node?;
        totals.add(&mut node);
        let mut roles = Vec::new();
        for (label, _) in &node.metadata.labels.0 {
            if let Some(role) = label.strip_prefix(ROLE) {
                roles.push(role);
            }
        }
        entry.push(&Described {
            name: &node.metadata.name,
            roles,
            spec: &node.spec,
            status: &node.status,
        })?;
    }
    log::Line::new()
        .number(totals.not_ready)
        .text(" of ")
        .number(totals.nodes)
        .text(" nodes are not ready")
        .info();
    entry.close()?;
    json::to_entry("totals.json", &totals)
}

impl Totals {
    /// Counts a node, and takes out the conditions that are as they should be.
    fn add(&mut self, node: &mut Node) {
        // A node whose kubelet never reported has no conditions, and is not ready either.
        let (mut is_ready, mut is_under_pressure) = (false, false);
        node.status.conditions.retain(|condition| {
            let is_true = condition.status == "True";
            // `Ready` alone should be true: all others, those of the node problem detector too, are troubles.
            if condition.r#type == "Ready" {
                is_ready = is_true;
                return !is_true;
            }
            is_under_pressure |= is_true && condition.r#type.ends_with("Pressure");
            is_true
        });
        self.nodes += 1;
        self.not_ready += u32::from(!is_ready);
        self.under_pressure += u32::from(is_under_pressure);
        self.unschedulable += u32::from(node.spec.unschedulable);
        self.capacity.add(&node.status.capacity);
        self.allocatable.add(&node.status.allocatable);
    }
}

impl Sum {
    fn add(&mut self, resources: &Pairs<String>) {
        if self.try_add(resources).is_none() {
            self.nodes_left_out += 1;
        }
    }

    fn try_add(&mut self, resources: &Pairs<String>) -> Option<()> {
        let cpu = self.cpu_millicores.checked_add(quantity::parse(resources.get("cpu")?, 1000)?)?;
        self.memory_bytes = self.memory_bytes.checked_add(quantity::parse(resources.get("memory")?, 1)?)?;
        self.cpu_millicores = cpu;
        Some(())
    }
}

#[cfg(test)]
mod tests;
