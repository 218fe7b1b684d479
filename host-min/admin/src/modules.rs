//! Modules that a command reads without running them.

use std::fmt::Display;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::limits::MAX_MEMORY_BYTES;
use wagather_policy::grant::Grant;
use wagather_policy::manifest::Manifest;
use wagather_run::modules::Guest;
use wagather_sandbox::engine;

/// The manifest of a module that can run, and that the grant admits.
pub(crate) fn read(guest: &Guest, grant: Option<&Grant>) -> Result<Manifest> {
    let unusable =
        |reason: &dyn Display| Failure::new(Class::Module, format!("{} cannot be used", guest.label), reason);
    engine::check(&guest.module, MAX_MEMORY_BYTES, None).map_err(|error| unusable(&error))?;
    if let Some(grant) = grant {
        wagather_run::signed::admits_module(grant, &guest.label, &guest.module, guest.signature.as_deref())?;
    }
    Manifest::of_module(&guest.module).map_err(|error| unusable(&error))
}
