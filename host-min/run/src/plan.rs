//! What a run does: its guests, source, output and limits.
//!
//! A plan is data. Nothing is opened until [`run`](crate::run()) is called.

use crate::in_fork::in_fork;
use crate::modules::{Guest, in_registry};
use crate::report::ModuleFacts;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wagather_age::Recipient;
use wagather_archive::{Existing, Layout, Output};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork;
use wagather_base::limits::{
    DEFAULT_BURST, DEFAULT_MEMORY_BYTES, DEFAULT_PARALLEL, DEFAULT_QPS, DEFAULT_REQUEST_TIMEOUT,
    DEFAULT_TIMEOUT, MAX_CHUNK_ITEMS, MAX_GATHERERS, MAX_MEMORY_BYTES, MAX_PARAMS_BYTES, MAX_QPS,
    MIN_MEMORY_BYTES,
};
use wagather_broker::{Fetchers, RateLimits, audit, line};
use wagather_json::obfuscate::Kinds;
use wagather_kube::{Source, Trace, cluster};
use wagather_policy::grant::{Budgets, Grant};
use wagather_policy::manifest::{Manifest, Param};
use wagather_policy::rights::Narrowing;
use wagather_sandbox::engine;
use wagather_sandbox::process::Isolation;
use wagather_yaml::{listed, nearest};

/// Where the responses come from.
#[derive(Clone)]
pub enum Input {
    /// A live API server.
    Cluster(Box<cluster::Options>),
    /// A recording.
    Recording(PathBuf),
    /// An archive that was gathered earlier: of this host, or a must-gather or another layout that is known.
    Archive(PathBuf),
    /// A source that the embedder implements.
    Source(Arc<dyn Source>),
}

/// A run.
#[derive(Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The gatherers, in the order of the report.
    pub guests: Vec<Guest>,
    /// Where the responses come from.
    pub input: Input,
    /// Where the archive goes.
    pub output: Output,
    /// Where objects and logs go in the archive.
    pub layout: Layout,
    /// What to do with an archive or a recording that exists already.
    pub existing: Existing,
    /// How the registries of modules are reached.
    pub registry: wagather_registry::Options,
    /// How guests are isolated.
    pub isolation: Isolation,
    /// Whether to refuse to run a gatherer unless every [mechanism](wagather_sandbox::in_force::Mechanism) of its sandbox is active.
    pub require_sandbox: bool,
    /// Which engine runs them; without it, each runs in the one that its module needs.
    pub engine: Option<engine::Kind>,
    /// Time for each gatherer.
    pub timeout: Duration,
    /// Time for each HTTP request.
    pub request_timeout: Duration,
    /// Linear memory for each guest.
    pub memory_bytes: u64,
    /// How many gatherers run in parallel. The others wait, and their time begins with their turn.
    pub parallel: usize,
    /// Requests of the run per second, after the burst is used up.
    pub qps: u32,
    /// Requests of the run that may be sent at once.
    pub burst: u32,
    /// Items per page of a list. By default, pages have about the same number of bytes.
    pub chunk_items: Option<u32>,
    /// Parameters. At least one gatherer must declare each of them.
    pub params: Vec<(String, String)>,
    /// Whether to check the account's permissions first, and to gather nothing if it lacks any.
    pub check_access: bool,
    /// The file in which to record the responses.
    pub record: Option<PathBuf>,
    /// Receives the audit's lines as they are written. The archive has them too.
    pub audit: Option<Arc<audit::Sink>>,
    /// Receives a line for each request and its result.
    pub trace: Option<Arc<Trace>>,
    /// What the cluster's owner allows. Without a grant, [`Grant::default`].
    pub grant: Option<Arc<Grant>>,
    /// Further limits of the run: a namespace and a selector.
    pub narrowing: Narrowing,
    /// Who can decrypt the archive. Without a recipient, it is not encrypted.
    pub encrypt: Vec<Recipient>,
    /// What to obfuscate. The map is written next to the archive.
    pub obfuscate: Kinds,
    /// Opens the archive of [`Input::Archive`].
    pub(crate) open_archive: OpenArchive,
    /// What the report says of the modules of the guests, if that is known before the run.
    pub(crate) facts: Option<Vec<ModuleFacts>>,
    /// Makes what sends the requests.
    pub(crate) fetchers: MakeFetchers,
}

/// A function that makes what sends the requests of so many gatherers to a source.
pub(crate) type MakeFetchers = fn(Arc<dyn Source>, usize, RateLimits) -> Fetchers;

/// A function that opens an archive, so that only programs that read archives have the code for it. It returns the warnings, too.
pub(crate) type OpenArchive = fn(&Path) -> Result<(Arc<dyn Source>, Vec<String>)>;

fn open_archive(path: &Path) -> Result<(Arc<dyn Source>, Vec<String>)> {
    let archive = wagather_offline::Archive::open(path)?;
    let warnings = archive.warnings().to_vec();
    Ok((Arc::new(archive), warnings))
}

fn cannot_open(path: &Path) -> Result<(Arc<dyn Source>, Vec<String>)> {
    let attempt = format!("cannot read the archive {}", path.display());
    Err(Failure::new(Class::Internal, attempt, "this program has no code for it"))
}

impl Plan {
    /// A plan with the default limits and no guests yet.
    pub fn new(input: Input, output: Output, isolation: Isolation) -> Plan {
        Plan { open_archive, ..Plan::without_archives(input, output, isolation) }
    }

    /// The same, for a program without the code that reads archives: its input is a cluster or a recording.
    #[doc(hidden)]
    pub fn without_archives(input: Input, output: Output, isolation: Isolation) -> Plan {
        Plan {
            guests: Vec::new(),
            input,
            output,
            layout: Layout::default(),
            existing: Existing::Keep,
            registry: wagather_registry::Options::default(),
            isolation,
            require_sandbox: false,
            engine: None,
            timeout: DEFAULT_TIMEOUT,
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
            memory_bytes: DEFAULT_MEMORY_BYTES,
            parallel: DEFAULT_PARALLEL,
            qps: DEFAULT_QPS,
            burst: DEFAULT_BURST,
            chunk_items: None,
            params: Vec::new(),
            check_access: false,
            record: None,
            audit: None,
            trace: None,
            grant: None,
            narrowing: Narrowing::default(),
            obfuscate: Kinds::default(),
            encrypt: Vec::new(),
            open_archive: cannot_open,
            facts: None,
            fetchers: Fetchers::new,
        }
    }

    /// Adds a guest of whose module the facts are known. That must go for all guests of the plan or for none.
    #[doc(hidden)]
    pub fn add_known(&mut self, guest: Guest, facts: ModuleFacts) {
        self.guests.push(guest);
        self.facts.get_or_insert_default().push(facts);
    }

    /// Sends each request at once if the source has a connection that waits, for a program whose source outlives the run.
    #[doc(hidden)]
    pub fn sending_at_once(self) -> Plan {
        Plan { fetchers: Fetchers::at_once, ..self }
    }

    /// Adds a guest from a file, with the signature from `GUEST.wasm.minisig` if that exists. A folder
    /// stands for all modules in it, `-` for a module on stdin, and `oci://…` for one in a registry.
    pub fn add_file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        match &self.isolation {
            // Sandboxes will be copies of this process, which therefore has no credentials of a registry, and no threads.
            Isolation::Fork(single_threaded) if in_registry(path).is_some() => {
                let parent = std::process::id();
                let pulled = in_fork(*single_threaded, "pull a module", || {
                    fork::end_with(parent).map_err(|error| {
                        Failure::new(Class::Internal, "cannot pull a module in a separate process", error)
                    })?;
                    Guest::read(path, &self.registry)
                });
                self.guests.push(pulled??);
            }
            _ => self.guests.extend(Guest::read_all(path, &self.registry)?),
        }
        Ok(())
    }

    /// Checks that the grant admits every module, before anything starts.
    pub fn admit_modules(&self) -> Result<()> {
        let Some(grant) = &self.grant else { return Ok(()) };
        self.guests.iter().try_for_each(|guest| {
            crate::signed::admits_module(grant, &guest.label, &guest.module, guest.signature.as_deref())
        })
    }

    /// Checks the plan's values, before anything starts.
    pub fn check(&self) -> Result<()> {
        let config = |attempt: &str, reason: String| Failure::new(Class::Config, attempt, reason);
        if self.guests.is_empty() || self.guests.len() > MAX_GATHERERS {
            return Err(config(
                "cannot run",
                format!("a run takes 1 to {MAX_GATHERERS} gatherers, not {}", self.guests.len()),
            ));
        }
        if !(MIN_MEMORY_BYTES..=MAX_MEMORY_BYTES).contains(&self.memory_bytes) {
            return Err(config(
                "cannot set the memory limit",
                format!("{} bytes; expected 64Ki to 4194240Ki", self.memory_bytes),
            ));
        }
        if self.timeout.is_zero() || self.request_timeout.is_zero() {
            return Err(config("cannot set the time limit", "it must not be zero".into()));
        }
        if Instant::now().checked_add(self.timeout).is_none() {
            return Err(config("cannot set the time limit", "it is too long".into()));
        }
        if self.parallel == 0 {
            return Err(config("cannot run gatherers in parallel", "the limit must not be zero".into()));
        }
        if !(1..=MAX_QPS).contains(&self.qps) || !(1..=MAX_QPS).contains(&self.burst) {
            let (qps, burst) = (self.qps, self.burst);
            let reason = format!("{qps} per second and {burst} at once; expected 1 to {MAX_QPS} for each");
            return Err(config("cannot set the request rate", reason));
        }
        if let Some(items) = self.chunk_items.filter(|items| !(1..=MAX_CHUNK_ITEMS).contains(items)) {
            let reason = format!("{items} items; expected 1 to {MAX_CHUNK_ITEMS}");
            return Err(config("cannot set the page size", reason));
        }
        if !self.obfuscate.is_nothing() {
            self.check_obfuscation()?;
        }
        if self.params.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_PARAMS_BYTES
        {
            return Err(config(
                "cannot pass the parameters",
                format!("together they have more than {MAX_PARAMS_BYTES} bytes"),
            ));
        }
        Ok(())
    }

    /// Checks that the map has a place, and that no output contains originals.
    fn check_obfuscation(&self) -> Result<()> {
        let failure = |reason: &str| Failure::new(Class::Config, "cannot obfuscate the output", reason);
        if self.output == Output::Stdout {
            return Err(failure("the map is written beside the archive, and stdout has no place for it")
                .advise("name a file or a folder with --output"));
        }
        if self.record.is_some() {
            return Err(failure(
                "a recording (--record) holds the server's original responses, without placeholders",
            )
            .advise("record without --obfuscate, then use --replay with --obfuscate"));
        }
        Ok(())
    }

    /// What each gatherer may use: the limits of the run, or of the grant where they are lower.
    pub fn budgets(&self) -> Budgets {
        let run = Budgets::of_run(self.timeout, self.request_timeout, self.memory_bytes);
        run.and(self.grant.as_ref().map_or(Budgets::default(), |grant| grant.budgets))
    }

    /// Time for each gatherer.
    pub(crate) fn time(&self) -> Duration {
        self.budgets().time.unwrap_or(self.timeout)
    }

    /// Memory of each guest.
    pub(crate) fn memory(&self) -> u64 {
        self.budgets().memory_bytes.unwrap_or(self.memory_bytes)
    }

    /// Checks that a gatherer declares each parameter, before anything starts.
    pub fn check_params(&self, manifests: &[Manifest]) -> Result<()> {
        let declared = manifests.iter().flat_map(|manifest| &manifest.params);
        let mut known: Vec<&str> = declared.map(|param| &*param.name).collect();
        known.sort_unstable();
        known.dedup();
        for (index, (name, _)) in self.params.iter().enumerate() {
            let failure = |reason: String| {
                Failure::new(
                    Class::Config,
                    format!("cannot pass the parameter {}", line::of(name.as_bytes())),
                    reason,
                )
            };
            if self.params[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(failure("it is given twice".into()).advise("give it once"));
            }
            if known.contains(&&**name) {
                continue;
            }
            let advice = match (nearest(name, &known), &known[..]) {
                (Some(meant), _) => format!("did you mean '{meant}'?"),
                (None, []) => "omit it: these gatherers take no parameters".to_owned(),
                (None, known) => {
                    format!("these gatherers take {}; 'host-min inspect' describes them", listed(known))
                }
            };
            return Err(failure("no gatherer of this run has this parameter".into()).advise(advice));
        }
        Ok(())
    }

    /// The parameters of one gatherer: those that it declares, with the given or default values.
    pub(crate) fn params_of(&self, manifest: &Manifest) -> Vec<(String, String)> {
        let value = |param: &Param| {
            let given = self.params.iter().find(|(name, _)| *name == param.name);
            given.map(|(_, value)| value).or(param.default.as_ref()).cloned()
        };
        manifest.params.iter().filter_map(|param| Some((param.name.clone(), value(param)?))).collect()
    }

    /// The manifests of the guests. Their names must differ.
    pub fn manifests(&self) -> Result<Vec<Manifest>> {
        let mut manifests: Vec<Manifest> = Vec::with_capacity(self.guests.len());
        for guest in &self.guests {
            let manifest =
                Manifest::of_module(&guest.module).map_err(|reason| unusable(&guest.label, reason))?;
            if let Some(index) = manifests.iter().position(|other| other.name == manifest.name) {
                return Err(unusable(
                    &guest.label,
                    format!(
                        "{} has a gatherer with the same name, '{}'",
                        self.guests[index].label, manifest.name
                    ),
                ));
            }
            manifests.push(manifest);
        }
        Ok(manifests)
    }
}

/// The failure for a module that cannot be used.
pub(crate) fn unusable(label: &str, reason: impl std::fmt::Display) -> Failure {
    Failure::new(Class::Module, format!("{label} cannot be used"), reason)
}
