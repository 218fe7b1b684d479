//! `host-min rbac`: prints the account for compiled modules.

use super::args::Rbac;
use super::display::print;
use host_min::{Class, Failure, Grant, Guest};
use std::fmt::Display;
use std::sync::Arc;
use wagather_base::error::Result;
use wagather_base::limits::MAX_MEMORY_BYTES;
use wagather_policy::manifest::Manifest;
use wagather_policy::rbac::Needs;
use wagather_printable::Page;
use wagather_sandbox::engine;

pub(super) fn rbac(args: &Rbac) -> Result<()> {
    let grant = args.grant.as_deref().map(Grant::read).transpose()?.map(Arc::new);
    let mut needs = Needs::default();
    for guest in &args.guests {
        for guest in Guest::read_all(guest, &args.registry)? {
            needs.add(read(&guest, grant.as_deref())?, grant.as_ref());
        }
    }
    let mut page = Page::new();
    page.lines(&needs.to_yaml(&args.name, &args.namespace));
    print(&page)
}

/// The manifest of a module that can run, and that the grant admits.
pub(super) fn read(guest: &Guest, grant: Option<&Grant>) -> Result<Manifest> {
    let unusable =
        |reason: &dyn Display| Failure::new(Class::Module, format!("{} cannot be used", guest.label), reason);
    engine::check(&guest.module, MAX_MEMORY_BYTES, None).map_err(|error| unusable(&error))?;
    if let Some(grant) = grant {
        wagather_run::signed::admits_module(grant, &guest.label, &guest.module, guest.signature.as_deref())?;
    }
    Manifest::of_module(&guest.module).map_err(|error| unusable(&error))
}
