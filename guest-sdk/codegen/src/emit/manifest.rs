//! The manifest that the module will have: the lines of [`wagather_abi::manifest`], in the order of the declaration.
//! The linker may use another order.

use crate::{Package, Plan};
use std::fmt::Write as _;
use wagather_abi::ABI_VERSION;

/// The manifest's text.
pub fn manifest(plan: &Plan, package: &Package) -> String {
    let Package { name, version } = package;
    let mut text = format!("gatherer {ABI_VERSION} {name} {version}\n");
    for planned in &plan.resources {
        let resource = &planned.resource;
        let identity = format!("{}/{}/{}", resource.group, resource.version, resource.plural);
        let verbs = planned.verbs().join(",");
        let namespace = planned.namespace.as_deref().unwrap_or("*");
        let _ = writeln!(text, "resource {verbs} {identity} {namespace} {}", planned.mask);
        if planned.log {
            let _ = writeln!(text, "resource get {identity}/log {namespace} *");
        }
    }
    for path in &plan.paths {
        let _ = writeln!(text, "path {}", path.name);
    }
    for param in &plan.params {
        let _ = writeln!(text, "param {} {}", param.name, param.about);
        if let Some(value) = &param.default {
            let _ = writeln!(text, "default {} {value}", param.name);
        }
    }
    text
}
