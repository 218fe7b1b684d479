//! `host-min inspect`: shows what a module can do, without running it.

use crate::rights::{BudgetFacts, Remaining, RemainingPath, RemainingResource, budgets};
use serde::Serialize;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use wagather_abi::ABI_VERSION;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::limits::MAX_MEMORY_BYTES;
use wagather_cli::display::{print, print_json};
use wagather_policy::grant::{Escalating, Grant, Signature};
use wagather_policy::manifest::{Manifest, Param, Resource};
use wagather_policy::rights::Rights;
use wagather_policy::used;
use wagather_printable::Page;
use wagather_run::modules::Guest;
use wagather_run::report::{EngineFacts, ModuleFacts};
use wagather_sandbox::engine::{self, Fit, Kind};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
    name: String,
    version: String,
    abi: u32,
    summary: String,
    module: ModuleFacts,
    reads: Vec<Read>,
    paths: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<ParamFacts>,
    /// Whether it declares WASI.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    wasi: bool,
    cannot: Vec<String>,
    imports: Vec<&'static str>,
    functions: u32,
    data_bytes: u64,
    memory: Memory,
    engine: EngineFacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<UnderGrant>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    verbs: Vec<&'static str>,
    resource: String,
    /// What that is about, if it is more than one resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    means: Option<String>,
    /// The namespace, or a pattern for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<String>,
    /// What an escalating resource reveals, so only a grant that names it allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    escalating: Option<&'static str>,
}

/// A declared parameter.
#[derive(Serialize)]
struct ParamFacts {
    name: String,
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    initial_pages: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_pages: Option<u64>,
}

/// The signature file beside the module.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignatureFacts {
    /// The signer's comment. Do not trust it before the signature is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted_comment: Option<String>,
    /// The signer, if it is one of the grant's and the signature is valid for this module.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
    /// The reason why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The effect of the grant.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnderGrant {
    file: String,
    admitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    resources: Vec<RemainingResource>,
    paths: Vec<RemainingPath>,
    budgets: BudgetFacts,
    /// Parts of the grant that may be misspelt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<String>,
    #[serde(skip)]
    lines: Vec<String>,
}

pub(crate) fn inspect(
    guest: &Path,
    registry: &wagather_registry::Options,
    grant_file: Option<&Path>,
    json: bool,
) -> Result<()> {
    let grant = grant_file.map(Grant::read).transpose()?.map(Arc::new);
    let guest = Guest::read(guest, registry)?;
    let facts = ModuleFacts::of_guest(&guest);
    let Guest { label, module, signature } = guest;
    let unusable =
        |reason: &dyn Display| Failure::new(Class::Module, format!("{label} cannot be used"), reason);
    let fit = engine::check(&module, MAX_MEMORY_BYTES, None).map_err(|error| unusable(&error))?;
    let manifest = Manifest::of_module(&module).map_err(|error| unusable(&error))?;
    let mut inspection = Inspection::new(manifest.clone(), facts, &fit);
    inspection.signature =
        signature.as_deref().map(|bytes| SignatureFacts::of(bytes, &module, grant.as_deref()));
    if let (Some(grant), Some(file)) = (grant, grant_file) {
        let doubts = used::doubts(&grant, std::slice::from_ref(&manifest));
        let remaining = Remaining::of(&Rights::new(manifest, grant.clone()));
        let mut lines = remaining.to_lines(None);
        lines.extend(doubts.iter().map(|doubt| format!("  but  {doubt}")));
        match &*budgets(&grant.budgets) {
            "" => {}
            budgets => lines.push(format!("  with {budgets}")),
        }
        let admitted = wagather_run::signed::admits_module(&grant, &label, &module, signature.as_deref());
        inspection.grant = Some(UnderGrant {
            file: file.display().to_string(),
            admitted: admitted.is_ok(),
            reason: admitted.err().map(|failure| failure.reason),
            budgets: BudgetFacts::of(&grant.budgets),
            lines,
            doubts,
            resources: remaining.resources,
            paths: remaining.paths,
        });
    }
    if json { print_json(&inspection) } else { print(&inspection.to_page()) }
}

impl SignatureFacts {
    fn of(bytes: &[u8], module: &[u8], grant: Option<&Grant>) -> SignatureFacts {
        match Signature::parse(bytes) {
            Err(why) => {
                SignatureFacts { trusted_comment: None, signed_by: None, error: Some(why.to_string()) }
            }
            Ok(signature) => SignatureFacts {
                trusted_comment: Some(signature.trusted_comment()),
                signed_by: grant
                    .and_then(|grant| wagather_run::signed::signer_of(grant, module, &signature).ok())
                    .map(ToString::to_string),
                error: None,
            },
        }
    }

    fn to_text(&self) -> String {
        let comment = self.trusted_comment.as_deref().unwrap_or_default();
        match (&self.error, &self.signed_by) {
            (Some(why), _) => format!("cannot be used: {why}"),
            (None, Some(key)) => format!("valid, by {key}: {comment}"),
            (None, None) => {
                format!("not checked, because no grant names its key as a signer; its comment: {comment}")
            }
        }
    }
}

impl Inspection {
    fn new(manifest: Manifest, module: ModuleFacts, fit: &Fit<'_>) -> Inspection {
        let checked = &fit.checked;
        let bytes = usize::try_from(module.bytes).unwrap_or(usize::MAX);
        let engine = EngineFacts::of(None, bytes, fit.is_second_choice.then_some(fit.kind));
        Inspection {
            abi: ABI_VERSION,
            summary: summary(&manifest, module.bytes, checked.initial_pages),
            cannot: cannot(&manifest),
            module,
            name: manifest.name,
            version: manifest.version,
            reads: manifest
                .resources
                .into_iter()
                .map(|resource| Read {
                    escalating: escalating(&resource).map(|escalating| escalating.gives),
                    verbs: resource.verbs.names().collect(),
                    resource: resource.identity(),
                    means: resource.words(),
                    namespace: resource.place(),
                    fields: resource.mask_text,
                })
                .collect(),
            paths: manifest.paths,
            wasi: manifest.wasi,
            params: manifest.params.into_iter().map(ParamFacts::of).collect(),
            imports: checked.imports.iter().map(|import| import.name()).collect(),
            functions: checked.functions,
            data_bytes: checked.data_bytes,
            memory: Memory {
                initial_pages: checked.initial_pages,
                maximum_pages: checked.declared_maximum_pages,
            },
            engine,
            signature: None,
            grant: None,
        }
    }

    fn to_page(&self) -> Page {
        let mut page = Page::new();
        page.line(format_args!("{} {}: {}", self.name, self.version, self.summary));
        page.lines("\nIt can:");
        for read in &self.reads {
            let place = place(read.namespace.as_deref());
            let fields = read
                .fields
                .as_ref()
                .map_or("whole objects".to_owned(), |fields| format!("of each {}", spaced(fields)));
            let what = read.means.as_ref().unwrap_or(&read.resource);
            page.line(format_args!("  {} {what}{place}: {fields}", read.verbs.join(" and ")));
        }
        for path in &self.paths {
            page.line(format_args!("  read the path {path}"));
        }
        if self.reads.is_empty() && self.paths.is_empty() {
            page.line("  read nothing from the cluster");
        }
        let can = |names: &[&str]| names.iter().any(|name| self.imports.contains(name));
        for (names, what) in [
            (&["archive_pipe", "archive_open"][..], "write files into its part of the archive"),
            (&["log", "log_as"], "write log lines"),
            (&["now"], "get the current time"),
        ] {
            if can(names) {
                page.line(format_args!("  {what}"));
            }
        }
        if self.wasi {
            page.line("  use WASI: its name, the time of the run, predictable random numbers, log lines");
        }
        for param in &self.params {
            page.line(format_args!("  take {}", param.to_text()));
        }
        page.line("It cannot:");
        for what in &self.cannot {
            page.line(format_args!("  {what}"));
        }
        page.line("");
        if let Some(grant) = &self.grant {
            page.line(format_args!("Under the grant {}:", grant.file));
            if let Some(why) = &grant.reason {
                page.line(format_args!("  not  run: {why}"));
            }
            grant.lines.iter().for_each(|line| page.line(line));
            page.line("");
        }
        let functions = count(self.functions.into(), "function");
        page.line(format_args!(
            "size       {} bytes, {functions}, {} bytes of data",
            self.module.bytes, self.data_bytes
        ));
        let maximum = self
            .memory
            .maximum_pages
            .map_or("up to the run's limit".to_owned(), |number| format!("to {}", pages(number)));
        page.line(format_args!("memory     {}, may grow {maximum}", pages(self.memory.initial_pages)));
        let imports = if self.imports.is_empty() { "none".into() } else { self.imports.join(", ") };
        page.line(format_args!("imports    {imports}"));
        if Kind::ALL.len() > 1 {
            let why = match self.engine.reason {
                "moduleSize" => ", as the module is large",
                "moduleFeatures" => ", as wasm3 cannot run it",
                _ => "",
            };
            page.line(format_args!("engine     {}{why}", self.engine.name));
        }
        page.line(format_args!("ABI        version {}", self.abi));
        page.line(format_args!("sha256     {}", self.module.sha256));
        if let Some(reference) = &self.module.reference {
            page.line(format_args!("reference  {reference}"));
        }
        let signature = self.signature.as_ref();
        let signature = signature.map_or("none".to_owned(), SignatureFacts::to_text);
        page.line(format_args!("signature  {signature}"));
        page
    }
}

impl ParamFacts {
    fn of(Param { name, help, default }: Param) -> ParamFacts {
        ParamFacts { name, help, default }
    }

    /// The output as text.
    fn to_text(&self) -> String {
        let default = match &self.default {
            None => String::new(),
            Some(value) => format!(" (default: {value})"),
        };
        format!("--param {}=…: {}{default}", self.name, self.help)
    }
}

/// A one-line summary.
fn summary(manifest: &Manifest, bytes: u64, initial_pages: u64) -> String {
    let mut parts: Vec<String> = manifest
        .resources
        .iter()
        .map(|resource| {
            let fields = resource.mask_text.as_deref().map_or("whole objects".to_owned(), |mask| {
                let all = spaced(mask);
                format!("fields {}", if all.len() > MAX_SUMMARY_FIELDS { outermost(mask) } else { all })
            });
            let verbs: Vec<&str> = resource.verbs.names().collect();
            let place = place(resource.place().as_deref());
            let what = resource.words().unwrap_or_else(|| spoken(resource));
            format!("{} {what}{place}, {fields}", verbs.join(" and "))
        })
        .collect();
    parts.extend(manifest.paths.iter().map(|path| format!("read {path}")));
    parts.push(if parts.is_empty() { "nothing from the cluster" } else { "nothing else" }.into());
    parts.push(format!("{bytes} B"));
    parts.push(count(initial_pages, "page"));
    parts.join("; ")
}

/// If a mask is longer, the summary shows only its outermost fields.
const MAX_SUMMARY_FIELDS: usize = 80;

/// `config.openshift.io/v1 clusteroperators`
fn spoken(resource: &Resource) -> String {
    let identity = resource.identity();
    let end = resource.plural.len()
        + if resource.subresource.is_empty() { 0 } else { 1 + resource.subresource.len() };
    let (version, plural) = identity.split_at(identity.len() - end);
    format!("{} {plural}", version.trim_end_matches('/'))
}

/// What the gatherer cannot do. The host enforces all of it; nothing relies on the manifest.
fn cannot(manifest: &Manifest) -> Vec<String> {
    let mut cannot = vec!["change, create or delete anything in the cluster, or watch it".to_owned()];
    cannot.push("exec into containers, attach to them, forward ports, or use the server as a proxy".into());
    let wanted = manifest.resources.iter().filter_map(|resource| Some((resource, escalating(resource)?)));
    let (secrets, others): (Vec<_>, Vec<_>) = wanted.partition(|(_, escalating)| escalating.has_secrets());
    let named = |wanted: &[(&Resource, &Escalating)]| {
        let mut names: Vec<String> = wanted.iter().map(|(resource, _)| resource.identity()).collect();
        names.dedup();
        names.join(", ")
    };
    cannot.push(match secrets.is_empty() {
        true => "read Secrets".into(),
        false => {
            format!("read the Secrets that it declares ({}), unless a grant names them", named(&secrets))
        }
    });
    for (resource, escalating) in others {
        let (name, gives) = (resource.identity(), escalating.gives);
        cannot.push(format!("read {name}, which reveals {gives}, unless a grant names it"));
    }
    if manifest.has_wildcards() {
        cannot
            .push("read tokens, passwords of OAuth clients, or other resources that give more rights".into());
    }
    cannot.push(match manifest.resources.is_empty() {
        true => "read any resource".into(),
        false => "read other resources, or other fields of these resources".into(),
    });
    let namespaces: Option<Vec<String>> = manifest.resources.iter().map(Resource::place).collect();
    if let Some(mut namespaces) = namespaces.filter(|namespaces| !namespaces.is_empty()) {
        namespaces.sort_unstable();
        namespaces.dedup();
        cannot.push(format!("read in namespaces other than {}", namespaces.join(", ")));
    }
    cannot.push(match manifest.paths.is_empty() {
        true => "read raw paths, such as /metrics".into(),
        false => "read other raw paths".into(),
    });
    cannot.push("see credentials, the kubeconfig or the environment".into());
    cannot.push("open files or connections, or start programs".into());
    cannot
}

fn escalating(resource: &Resource) -> Option<&'static Escalating> {
    Escalating::of(&resource.plural, &resource.subresource)
}

fn place(namespace: Option<&str>) -> String {
    match namespace {
        None => String::new(),
        Some(pattern) if pattern.contains('*') => format!(" in the namespaces {pattern}"),
        Some(namespace) => format!(" in the namespace {namespace}"),
    }
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn pages(number: u64) -> String {
    format!("{} ({} KiB)", count(number, "page"), number * 64)
}

/// A mask with spaces, for people.
fn spaced(mask: &str) -> String {
    mask.replace(',', ", ").replace('(', " (")
}

/// The outermost names of a mask.
fn outermost(mask: &str) -> String {
    let mut names = vec![String::new()];
    let mut depth = 0;
    for c in mask.chars() {
        let name = names.last_mut().filter(|_| depth == 0);
        match c {
            '(' => {
                depth += 1;
                name.into_iter().for_each(|name| name.push_str(" (…)"));
            }
            ')' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            c => name.into_iter().for_each(|name| name.push(c)),
        }
    }
    names.join(", ")
}
