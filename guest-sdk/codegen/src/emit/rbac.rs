//! The account that the gatherer needs. The host's own code computes it from the manifest that the module will have,
//! so it equals the output of `host-min rbac` for the module.

use super::manifest;
use crate::{Package, Plan};
use wagather_policy::manifest::Manifest;
use wagather_policy::rbac::Needs;

/// The account with this name and namespace, its roles and their bindings, for `kubectl apply`.
///
/// # Errors
///
/// The manifest is invalid, for the returned reason.
pub fn rbac(plan: &Plan, package: &Package, account: &str, namespace: &str) -> Result<String, String> {
    let manifest = Manifest::parse(manifest(plan, package).as_bytes())
        .map_err(|why| format!("modules of '{}' would be rejected: {why}", package.name))?;
    let mut needs = Needs::default();
    needs.add(manifest, None);
    Ok(needs.to_yaml(account, namespace))
}
