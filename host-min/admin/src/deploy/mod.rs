//! `host-min deploy`: everything that runs gatherers in a cluster, as objects for `kubectl apply` or a base for kustomize.
//!
//! What can be derived is: the account from the manifests and the grant, memory and time from the budgets, the network policy
//! from what is read and where archives go. [`options`] knows what was typed, [`documents`] makes the objects without touching a file, and
//! [`kustomize`] writes them.

mod documents;
mod file;
mod kustomize;
mod options;
mod template;
mod upload;

pub(super) use options::Options;

use crate::rbac::Account;
use documents::{Deployment, Document, GATHERERS, GRANT, NODE_PARAM, When};
use file::{Content, File};
use std::path::Path;
use std::sync::Arc;
use upload::Upload;
use wagather_abi::ABI_VERSION;
use wagather_archive::Output;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::limits::MAX_GRANT_BYTES;
use wagather_cli::args::Run;
use wagather_cli::display::{self, Display, Event, Settings, Subject};
use wagather_deliver::{Destination, Url};
use wagather_policy::grant::Grant;
use wagather_policy::manifest::Manifest;
use wagather_policy::rbac::Needs;
use wagather_policy::used;
use wagather_printable::Page;
use wagather_run::modules::Guest;
use wagather_run::{Input, Plan};
use wagather_sandbox::engine;
use wagather_sandbox::process::Isolation;

/// What an API server takes in a ConfigMap or a Secret.
const MAX_CONFIG_MAP_BYTES: usize = 1 << 20;
/// What `kubectl apply` without `--server-side` can keep of it in an annotation, as JSON.
const MAX_ANNOTATION_BYTES: usize = 256 << 10;

/// Prints the objects, or writes them into a folder.
pub(super) fn deploy(options: Options) -> Result<()> {
    let kustomize = options.kustomize.clone();
    let deployment = deployment(options)?;
    let documents = deployment.documents();
    match kustomize {
        Some(folder) => kustomize::write(&folder, &deployment, &documents),
        None => {
            if deployment.files.iter().map(File::encoded_bytes).sum::<usize>() > MAX_ANNOTATION_BYTES {
                let warning = "the ConfigMap is too large for a plain 'kubectl apply': add --server-side";
                Display::new(Settings::default()).show(&Subject::default(), &Event::Warning(warning));
            }
            let mut page = Page::new();
            for (number, Document { text, .. }) in documents.iter().enumerate() {
                if number > 0 {
                    page.line("---");
                }
                page.lines(text);
            }
            display::print(&page)
        }
    }
}

/// Reads the modules and the grant, checks that they can run with these options, and derives the rest.
fn deployment(options: Options) -> Result<Deployment> {
    let mut plan = Plan::new(Input::Cluster(Box::default()), Output::Stdout, Isolation::InProcess);
    (plan.timeout, plan.request_timeout) = (options.run.timeout, options.run.request_timeout);
    (plan.memory_bytes, plan.parallel) = (options.run.memory, options.run.parallel as usize);
    plan.params.clone_from(&options.run.params);
    plan.registry = options.registry;
    let grant = options.grant.as_deref().map(read_grant).transpose()?;
    let (grant_text, grant) = grant.unzip();
    plan.grant = grant.map(Arc::new);
    options.guests.iter().try_for_each(|path| plan.add_file(path))?;
    plan.check()?;
    plan.admit_modules()?;
    let manifests = plan.manifests()?;
    plan.check_params(&manifests)?;
    if options.when == When::OnEachNode {
        check_node_param(&manifests)?;
    }
    used::check(&plan.grant.clone().unwrap_or_default(), &manifests)?;
    let budgets = plan.budgets();
    let (memory_bytes, time) =
        (budgets.memory_bytes.unwrap_or(plan.memory_bytes), budgets.time.unwrap_or(plan.timeout));
    let (mut needs, mut account) = (Needs::default(), Account::new(&options.input));
    for (guest, manifest) in plan.guests.iter().zip(&manifests) {
        engine::check(&guest.module, memory_bytes, plan.engine).map_err(|reason| {
            Failure::new(Class::Module, format!("{} cannot be used", guest.label), reason)
        })?;
        account.add(&mut needs, manifest.clone(), plan.grant.as_ref())?;
    }
    if options.shards.is_some() {
        // The host itself asks for their names.
        let host = format!(
            "gatherer {ABI_VERSION} host-min {}\nresource list /v1/namespaces * metadata(name)\n",
            env!("CARGO_PKG_VERSION")
        );
        let host = Manifest::parse(host.as_bytes())
            .map_err(|why| Failure::new(Class::Internal, "cannot shard", why))?;
        needs.add(host, None);
    }
    let needs_a_server =
        manifests.iter().any(|manifest| !manifest.resources.is_empty() || !manifest.paths.is_empty());
    let gatherers = plan.guests.len() as u64;
    let mut files = Vec::new();
    let modules: Vec<String> = match &options.modules_image {
        Some(_) => plan.guests.iter().map(|guest| in_image(&guest.label)).collect::<Result<_>>()?,
        None => {
            plan.guests.into_iter().zip(&manifests).for_each(|(guest, of)| add_module(&mut files, guest, of));
            manifests.iter().map(|manifest| format!("{GATHERERS}/{}.wasm", manifest.name)).collect()
        }
    };
    let folder = if options.modules_image.is_some() { GRANT } else { GATHERERS };
    let grant = grant_text.map(|text| {
        files.insert(0, File { name: "grant.yaml".into(), content: Content::Text(text) });
        format!("{folder}/grant.yaml")
    });
    let mut upload = upload(&options.run, options.shards.is_some())?;
    files.extend(upload.as_mut().and_then(Upload::authority));
    let in_pod = |option| match &upload {
        Some(upload) => upload.in_pod(option, folder),
        None => option,
    };
    let run_options = options.options.into_iter().map(in_pod).collect();
    check_size(&files)?;
    let (name, namespace) = (&options.name, &options.namespace);
    let role = if name == namespace { name.clone() } else { format!("{namespace}-{name}") };
    Ok(Deployment {
        account: needs.to_yaml_with(name, namespace, &role),
        name: options.name,
        namespace: options.namespace,
        creates_namespace: options.creates_namespace,
        needs_a_server,
        when: options.when,
        shards: options.shards,
        image: options.image,
        pull_policy: options.pull_policy,
        pull_secrets: options.pull_secrets,
        files,
        modules_image: options.modules_image,
        modules,
        grant,
        outputs: options.outputs,
        options: run_options,
        upload,
        archives: options.archives,
        egress: options.egress,
        memory_bytes,
        time,
        gatherers,
        parallel: options.run.parallel.into(),
        ttl: options.ttl,
        is_openshift: options.is_openshift,
    })
}

/// Without the name of its node, each pod would gather the same.
fn check_node_param(manifests: &[Manifest]) -> Result<()> {
    let declared = |manifest: &&Manifest| manifest.params.iter().any(|param| param.name == NODE_PARAM);
    match manifests.iter().find(|manifest| !declared(manifest)) {
        None => Ok(()),
        Some(manifest) => Err(Failure::new(
            Class::Config,
            "cannot deploy gatherers on each node",
            format_args!(
                "{} has no parameter '{NODE_PARAM}', so each pod would gather the same",
                manifest.name
            ),
        )
        .advise("deploy it with --job or --schedule; docs/guests.md says how a gatherer uses the parameter")),
    }
}

/// The grant, as it is written and as it is meant.
fn read_grant(path: &Path) -> Result<(String, Grant)> {
    let grant = Grant::read(path)?;
    let text = wagather_base::file::read_text(path, MAX_GRANT_BYTES).map_err(|error| {
        Failure::new(Class::Config, format!("cannot read the grant {}", path.display()), error)
    })?;
    Ok((text, grant))
}

/// A module, and its signature, under its gatherer's name.
fn add_module(files: &mut Vec<File>, guest: Guest, manifest: &Manifest) {
    let name = format!("{}.wasm", manifest.name);
    if let Some(signature) = guest.signature {
        let content = match String::from_utf8(signature) {
            Ok(text) => Content::Text(text),
            Err(error) => Content::Bytes(error.into_bytes()),
        };
        files.push(File { name: format!("{name}.minisig"), content });
    }
    files.push(File { name, content: Content::Bytes(guest.module) });
}

/// Where an image has a module: at its root, by the name of its file.
fn in_image(label: &str) -> Result<String> {
    let name = Path::new(label).file_name().and_then(|name| name.to_str());
    name.filter(|name| name.ends_with(".wasm")).map(|name| format!("{GATHERERS}/{name}")).ok_or_else(|| {
        Failure::new(
            Class::Module,
            "cannot name a module in the image",
            format!("{label} is no file that ends in .wasm"),
        )
        .advise("name the files as they are called in the image")
    })
}

/// Where the pod uploads archives to, with what is in the files that the options name.
fn upload(run: &Run, several: bool) -> Result<Option<Upload>> {
    let Some(to) = run.delivery.destination() else { return Ok(None) };
    let packed = to.pack(several || run.delivery.has_spool())?;
    // Its file is read once.
    let typed = Destination { url: Url::Typed(packed.url.clone()), ..to.clone() };
    if let Some(text) = typed.warning() {
        Display::new(Settings::default()).show(&Subject::default(), &Event::Warning(&text));
    }
    let upload = Upload { to: packed, timeout: to.timeout };
    let bytes: usize = upload.secrets().iter().map(|(_, text)| text.len()).sum();
    if bytes > MAX_CONFIG_MAP_BYTES {
        let reason = format!(
            "the header fields and the URL have {bytes} bytes, and a Secret holds {MAX_CONFIG_MAP_BYTES}"
        );
        return Err(Failure::new(Class::Config, "cannot make a Secret", reason));
    }
    Ok(Some(upload))
}

fn check_size(files: &[File]) -> Result<()> {
    let bytes: usize = files.iter().map(|file| file.content.bytes().len()).sum();
    if bytes <= MAX_CONFIG_MAP_BYTES {
        return Ok(());
    }
    let reason =
        format!("the modules and the grant have {bytes} bytes, and a ConfigMap holds {MAX_CONFIG_MAP_BYTES}");
    Err(Failure::new(Class::Config, "cannot make a ConfigMap", reason)
        .advise("put the modules into an image, and name it with --modules-image"))
}

impl File {
    /// How many bytes it has as JSON.
    fn encoded_bytes(&self) -> usize {
        match &self.content {
            Content::Text(text) => text.len(),
            Content::Bytes(bytes) => bytes.len().div_ceil(3) * 4,
        }
    }
}
