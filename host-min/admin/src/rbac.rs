//! `host-min rbac`: prints the account for compiled modules.

use crate::modules::read;
use std::path::PathBuf;
use std::sync::Arc;
use wagather_base::error::{Failure, Result};
use wagather_cli::args::object_name;
use wagather_cli::display::print;
use wagather_cli::registry;
use wagather_cli::typed::{Words, Wrong};
use wagather_cli::values::{one, text, wrong};
use wagather_kube::cluster;
use wagather_policy::discovery::Catalog;
use wagather_policy::grant::Grant;
use wagather_policy::manifest::Manifest;
use wagather_policy::rbac::Needs;
use wagather_printable::Page;
use wagather_run::Input;
use wagather_run::discover;
use wagather_run::modules::Guest;

/// The options of `rbac`.
pub(crate) struct Rbac {
    guests: Vec<PathBuf>,
    registry: wagather_registry::Options,
    name: String,
    namespace: String,
    grant: Option<PathBuf>,
    /// Where wildcards find the resources.
    input: Input,
}

impl Rbac {
    /// Parses the options of `rbac`.
    pub(crate) fn of(words: &Words) -> Result<Rbac, Wrong> {
        Ok(Rbac {
            guests: words.operands.iter().map(PathBuf::from).collect(),
            registry: registry::options(words)?,
            name: one(words, "name", object_name)?.unwrap_or_default(),
            namespace: one(words, "namespace", object_name)?.unwrap_or_default(),
            grant: words.one("grant").map(PathBuf::from),
            input: input(words)?,
        })
    }
}

pub(crate) fn rbac(args: &Rbac) -> Result<()> {
    let grant = args.grant.as_deref().map(Grant::read).transpose()?.map(Arc::new);
    let (mut needs, mut account) = (Needs::default(), Account::new(&args.input));
    for guest in &args.guests {
        for guest in Guest::read_all(guest, &args.registry)? {
            account.add(&mut needs, read(&guest, grant.as_deref())?, grant.as_ref())?;
        }
    }
    let mut page = Page::new();
    page.lines(&needs.to_yaml(&args.name, &args.namespace));
    print(&page)
}

/// What finds out which rights gatherers need. It asks for the resources of the cluster only if a manifest has wildcards.
pub(crate) struct Account<'a> {
    input: &'a Input,
    catalog: Option<Catalog>,
}

impl<'a> Account<'a> {
    pub(crate) fn new(input: &'a Input) -> Account<'a> {
        Account { input, catalog: None }
    }

    /// Adds what a gatherer needs.
    pub(crate) fn add(
        &mut self,
        needs: &mut Needs,
        manifest: Manifest,
        grant: Option<&Arc<Grant>>,
    ) -> Result<()> {
        if !manifest.has_wildcards() {
            needs.add(manifest, grant);
            return Ok(());
        }
        let known = match self.catalog.take() {
            Some(known) => known,
            None => discover(self.input).map_err(|failure| without_a_cluster(&manifest.name, failure))?,
        };
        needs.add_at(manifest, grant, &known);
        self.catalog = Some(known);
        Ok(())
    }
}

/// Why an account cannot be printed for wildcards.
fn without_a_cluster(gatherer: &str, failure: Failure) -> Failure {
    let reason = format!("{}: {}", failure.attempt, failure.reason);
    Failure::new(failure.class, format!("cannot print the account for {gatherer}, whose manifest has wildcards"), reason).advise(
        "RBAC's '*' would include Secrets, so the roles name each resource that the cluster has: name the cluster with --kubeconfig \
         and --context, or a recording or an archive of it with --replay or --from",
    )
}

/// The cluster, the recording or the archive that a command asks which resources there are.
pub(crate) fn input(words: &Words) -> Result<Input, Wrong> {
    let given: Vec<&str> =
        ["replay", "from", "kubeconfig", "context"].into_iter().filter(|name| words.has(name)).collect();
    if let [offline @ ("replay" | "from"), other, ..] = given[..] {
        return Err(wrong(words.command, format!("--{offline} cannot be used with --{other}")));
    }
    let path = |long| words.one(long).map(PathBuf::from);
    Ok(match (path("replay"), path("from")) {
        (Some(recording), _) => Input::Recording(recording),
        (None, Some(archive)) => Input::Archive(archive),
        (None, None) => Input::Cluster(Box::new(cluster::Options {
            kubeconfig: path("kubeconfig"),
            context: one(words, "context", text)?,
            ..cluster::Options::default()
        })),
    })
}
