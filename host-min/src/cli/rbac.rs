//! `host-min rbac`: prints the account for compiled modules.

use super::args::Rbac;
use super::display::print;
use super::modules::read;
use host_min::{Failure, Grant, Guest};
use std::sync::Arc;
use wagather_base::error::Result;
use wagather_policy::rbac::Needs;
use wagather_printable::Page;
use wagather_run::discover;

pub(super) fn rbac(args: &Rbac) -> Result<()> {
    let grant = args.grant.as_deref().map(Grant::read).transpose()?.map(Arc::new);
    let mut needs = Needs::default();
    let mut catalog = None;
    for guest in &args.guests {
        for guest in Guest::read_all(guest, &args.registry)? {
            let manifest = read(&guest, grant.as_deref())?;
            if !manifest.has_wildcards() {
                needs.add(manifest, grant.as_ref());
                continue;
            }
            let known = match catalog.take() {
                Some(known) => known,
                None => {
                    discover(&args.input).map_err(|failure| without_a_cluster(&manifest.name, failure))?
                }
            };
            needs.add_at(manifest, grant.as_ref(), &known);
            catalog = Some(known);
        }
    }
    let mut page = Page::new();
    page.lines(&needs.to_yaml(&args.name, &args.namespace));
    print(&page)
}

/// Why an account cannot be printed for wildcards.
fn without_a_cluster(gatherer: &str, failure: Failure) -> Failure {
    let reason = format!("{}: {}", failure.attempt, failure.reason);
    Failure::new(failure.class, format!("cannot print the account for {gatherer}, whose manifest has wildcards"), reason).advise(
        "RBAC's '*' would include Secrets, so the roles name each resource that the cluster has: name the cluster with --kubeconfig \
         and --context, or a recording or an archive of it with --replay or --from",
    )
}
