//! `host-min run --dry-run`: shows what a run would do. It starts no sandbox, sends no requests and writes nothing.

use crate::rights::{Remaining, budgets};
use std::path::Path;
use wagather_archive::Output;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::limits::PAGE_ITEMS;
use wagather_cli::args::Run;
use wagather_cli::clusters::Several;
use wagather_cli::display::print;
use wagather_kube::cluster;
use wagather_policy::grant::Grant;
use wagather_policy::rights::{Narrowing, Rights};
use wagather_policy::used;
use wagather_printable::Page;
use wagather_run::clusters::destinations;
use wagather_run::{Input, Plan};
use wagather_sandbox::engine;
use wagather_sandbox::process::Isolation;

pub(crate) fn dry_run(mut args: Run) -> Result<()> {
    // Nothing is run, so nothing has to be isolated.
    let plan = args.plan(Plan::new, Isolation::InProcess)?;
    let grant = args.grant.as_deref();
    let Some(Several { contexts, folder, .. }) = &args.several else { return show(&plan, grant, &[]) };
    let lines = destinations(&plan, contexts)?.into_iter().map(|one| {
        let server = one.server.as_deref().unwrap_or("unknown server");
        format!("{server}, of the context {:?}, into {}/{}", one.context, folder.display(), one.file)
    });
    show(&plan, grant, &lines.collect::<Vec<_>>())
}

/// With several clusters, `clusters` has a line for each.
fn show(plan: &Plan, grant_file: Option<&Path>, clusters: &[String]) -> Result<()> {
    plan.check()?;
    plan.admit_modules()?;
    let manifests = plan.manifests()?;
    plan.check_params(&manifests)?;
    let grant = plan.grant.clone().unwrap_or_default();
    used::check(&grant, &manifests)?;
    let doubts = used::doubts(&grant, &manifests);
    let budget = plan.budgets();
    let mut page = Page::new();
    for (guest, manifest) in plan.guests.iter().zip(manifests) {
        // Check the module with the sandbox's limit.
        let memory_bytes = budget.memory_bytes.unwrap_or(plan.memory_bytes);
        engine::check(&guest.module, memory_bytes, plan.engine).map_err(|reason| {
            Failure::new(Class::Module, format!("{} cannot be used", guest.label), reason)
        })?;
        page.line(format_args!("{} {} ({})", manifest.name, manifest.version, guest.label));
        let rights = Rights::new(manifest, grant.clone()).narrowed(plan.narrowing.clone());
        let lines = Remaining::of(&rights).to_lines(Some(plan.chunk_items.unwrap_or(PAGE_ITEMS)));
        lines.iter().for_each(|line| page.line(line));
        page.line("");
    }
    plan.output.check(plan.existing)?;
    page.line(format_args!("grant    {}", described(grant_file, &grant)));
    doubts.iter().for_each(|doubt| page.line(format_args!("         {doubt}")));
    if !plan.narrowing.is_nothing() {
        page.line(format_args!("narrowed {}", narrowed(&plan.narrowing)));
    }
    page.line(format_args!("budgets  {}", budgets(&budget)));
    match clusters {
        [] => page.line(format_args!("answers  {}", answers(&plan.input))),
        _ => clusters.iter().for_each(|cluster| page.line(format_args!("answers  {cluster}"))),
    }
    if let Some(path) = &plan.record {
        page.line(format_args!("record   {}", path.display()));
    }
    let output = match &plan.output {
        Output::Folder(path) => format!("the folder {}", path.display()),
        Output::TarGz(path) => path.display().to_string(),
        Output::Stdout | Output::Nameless(_) => "stdout".into(),
    };
    page.line(format_args!("output   {output}"));
    page.lines("\nNo request was sent, and nothing was written.");
    print(&page)
}

/// The narrowing of a run, as text.
fn narrowed(narrowing: &Narrowing) -> String {
    let Narrowing { namespace, selector, shard } = narrowing;
    let namespace = namespace.as_ref().map(|name| format!("to the namespace {name}"));
    let selector = selector.as_ref().map(|labels| format!("lists to objects that match {labels}"));
    let shard =
        shard.as_ref().map(|shard| format!("to the namespaces of shard {}/{}", shard.index, shard.count));
    [namespace, shard, selector].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The grant that applies.
fn described(file: Option<&Path>, grant: &Grant) -> String {
    let Some(file) = file else {
        return "none: get and list everything except Secrets and other escalating resources".into();
    };
    let mut text = file.display().to_string();
    if !grant.modules.is_empty() {
        text += ", which pins the modules";
    }
    if !grant.signers.is_empty() {
        text += ", which requires signatures";
    }
    text
}

fn answers(input: &Input) -> String {
    match input {
        Input::Recording(path) => format!("the recording {}", path.display()),
        Input::Archive(path) => format!("the archive {}", path.display()),
        Input::Source(source) => source.describe(),
        Input::Cluster(options) => match (&options.server, &options.kubeconfig) {
            (Some(server), _) => format!("the server {}", cluster::shown_url(server)),
            (None, Some(path)) => format!("the cluster of the kubeconfig {}", path.display()),
            (None, None) => "the current cluster, as kubectl finds it".into(),
        },
    }
}
