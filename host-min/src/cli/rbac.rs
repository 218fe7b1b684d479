//! `host-min rbac`: prints the account for compiled modules.

use super::args::Rbac;
use super::display::print;
use super::modules::read;
use host_min::{Grant, Guest};
use std::sync::Arc;
use wagather_base::error::Result;
use wagather_policy::rbac::Needs;
use wagather_printable::Page;

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
