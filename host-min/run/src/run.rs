//! A run from start to end: sandboxes first, then the source and the archive, then the brokers.
//!
//! This order is safe and starts quickly. The sandboxes start before anything secret is read,
//! and they validate and compile their modules while this process reads its configuration and connects.

use crate::access;
use crate::layout;
use crate::plan::{Input, Plan};
use crate::report::{EngineFacts, Gathered, ModuleFacts, Report};
use crate::shard;
use std::borrow::Cow;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wagather_abi::ABI_VERSION;
use wagather_archive::{Archive, Contents, Finished, Layout, Lost, Section, Values, write_map};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::file::reading_until;
use wagather_base::limits::{MAX_REPORT_GAPS, TOLD_WAIT};
use wagather_base::stop;
use wagather_base::time::{clock_millis, rfc3339};
use wagather_broker::admission::Admission;
use wagather_broker::budget::Budget;
use wagather_broker::{
    Ending, Fetchers, Observer, RateLimits, Served, Service, Settings, failure_of, serve, share_of,
    too_many_originals,
};
use wagather_json::obfuscate::{self, Obfuscator};
use wagather_json::redact::Redactor;
use wagather_kube::recording::{Recorder, Recording};
use wagather_kube::{Call, Cause, NoAnswer, Response, Source, Trace, Traced, cluster};
use wagather_policy::grant::Grant;
use wagather_policy::manifest::Manifest;
use wagather_policy::rights::Rights;
use wagather_policy::used;
use wagather_sandbox::Job;
use wagather_sandbox::channel::{self, End};
use wagather_sandbox::process::{self, Sandbox};

/// The result of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The report, as it is in the archive.
    pub report: Report,
    /// The path of the archive. `None` for stdout.
    pub output: Option<PathBuf>,
    /// The path of the recording, if there is one.
    pub recording: Option<PathBuf>,
    /// The path of the obfuscation map, if the run obfuscates.
    pub obfuscation_map: Option<PathBuf>,
    /// The failures of gatherers.
    pub failures: Vec<Failure>,
    /// The archive, if it has no name.
    pub(crate) nameless: Option<File>,
    /// What identifies the cluster, if the source is an archive that has it.
    pub(crate) cluster: Option<String>,
}

/// Runs a plan.
///
/// An `Err` means that nothing was gathered, or that it could not be written. A gatherer that failed is in the outcome.
pub fn run(plan: &Plan, observer: &dyn Observer) -> Result<Outcome> {
    plan.check()?;
    plan.admit_modules()?;
    let begin = Instant::now();
    let mut sandboxes = Vec::with_capacity(plan.guests.len());
    for (number, guest) in plan.guests.iter().enumerate() {
        let job = Job {
            module: Cow::Borrowed(&guest.module),
            memory_bytes: plan.memory(),
            time: plan.time(),
            engine: plan.engine,
        };
        // Fork all of them now, before there are threads. Those beyond the limit wait for their turn.
        let start = if number < plan.parallel { process::start } else { process::start_held };
        sandboxes.push(start(&plan.isolation, &job, begin + plan.time())?);
    }
    run_from(plan, sandboxes, begin, observer)
}

/// Runs a plan in sandboxes that were started before, one for each of its guests, with the guest's module. Unlike [`run`], this trusts that the plan
/// was [checked](Plan::check) and that its modules were [admitted](Plan::admit_modules).
pub fn run_in(plan: &Plan, mut sandboxes: Vec<Sandbox>, observer: &dyn Observer) -> Result<Outcome> {
    let begin = Instant::now();
    // Guests begin to run while this process gets ready. A sandbox that is gone is reported when it is served.
    for sandbox in sandboxes.iter_mut().take(plan.parallel) {
        let _ = sandbox.release();
    }
    run_from(plan, sandboxes, begin, observer)
}

fn run_from(
    plan: &Plan,
    sandboxes: Vec<Sandbox>,
    begin: Instant,
    observer: &dyn Observer,
) -> Result<Outcome> {
    // Read the manifests while the sandboxes validate the modules. An invalid manifest ends the sandboxes.
    let manifests = plan.manifests()?;
    plan.check_params(&manifests)?;
    let grant = plan.grant.clone().unwrap_or_default();
    used::check(&grant, &manifests)?;
    let admissions: Vec<Admission> = manifests
        .iter()
        .map(|manifest| {
            let rights = Rights::new(manifest.clone(), grant.clone());
            Admission::new(rights.narrowed(plan.narrowing.clone()))
        })
        .collect();
    let needs_a_server = admissions.iter().any(Admission::needs_a_server);
    let redactor = Redactor::new(&grant.redact);
    let Opened { source, obfuscator, mut warnings } =
        reading_until(begin + plan.time(), || open_source(plan, needs_a_server))?;
    let redactor = Arc::new(redactor.obfuscating(obfuscator.clone()));
    let (source, recorder) = recorded(plan, source, &redactor)?;
    if let Some(shard) = plan.narrowing.shard.as_ref().filter(|_| needs_a_server) {
        warnings.extend(shard::find_namespaces(shard, &*source, begin + plan.time())?);
    }
    let parallel = plan.parallel.min(plan.guests.len());
    let limits = RateLimits { qps: plan.qps, burst: plan.burst, parallel };
    let fetchers = (plan.fetchers)(source, plan.guests.len(), limits);
    if needs_a_server {
        fetchers.warm(begin + plan.time());
    }
    if plan.check_access {
        let gatherers = manifests.iter().map(|manifest| &*manifest.name);
        let rights = admissions.iter().map(Admission::rights);
        access::check(fetchers.source(), gatherers.zip(rights), begin + plan.time())?;
    }
    let settings = Settings {
        budget: Budget { held_bytes: share_of(parallel), ..Budget::from(&plan.budgets()) },
        memory_bytes: plan.memory(),
        require_sandbox: plan.require_sandbox,
        chunk_items: plan.chunk_items,
        redactor: redactor.clone(),
        observer,
        audit_sink: plan.audit.as_deref(),
        is_timed: !fetchers.source().is_recording(),
        layout: plan.layout,
    };
    let begin_millis = fetchers.source().now_millis();
    let archive = create_archive(plan, &fetchers, &redactor)?;
    let mut tasks = Vec::with_capacity(plan.guests.len());
    for (index, (sandbox, admission)) in sandboxes.into_iter().zip(admissions).enumerate() {
        let manifest = &manifests[index];
        let fetcher = fetchers.fetcher(index, settings.budget.requests);
        let section = archive.section(index, &manifest.name)?;
        let service = settings
            .service(&manifest.name, admission, fetcher, section)
            .with_params(plan.params_of(manifest));
        tasks.push((sandbox, service));
    }
    // The sandboxes are busy with their modules here.
    let of_guests = || plan.guests.iter().map(ModuleFacts::of_guest).collect();
    let modules = plan.facts.clone().unwrap_or_else(of_guests);
    let served = serve_all(tasks, begin, plan);
    let recorder = recorder.as_ref().map(|unfinished| &*unfinished.0);
    let finisher = Finisher {
        plan,
        manifests: &manifests,
        modules,
        grant: &grant,
        fetchers: &fetchers,
        recorder,
        obfuscator: obfuscator.as_deref(),
        begin_millis,
        warnings,
    };
    finisher.finish(served, archive)
}

/// Begins the archive. Fails before anything is gathered if it has no place.
fn create_archive(plan: &Plan, fetchers: &Fetchers, redactor: &Redactor) -> Result<Archive> {
    let output = match plan.output.is_template() {
        true => plan.output.filled(&Values::now(redactor.obfuscated(fetchers.source().label())))?,
        false => plan.output.clone(),
    };
    if redactor.obfuscator().is_some() {
        output.check_map(plan.existing)?;
    }
    let seconds = u64::try_from(fetchers.source().now_millis() / 1000).unwrap_or(0);
    let archive = Archive::create(&output, plan.existing, plan.guests.len(), seconds)?;
    Ok(archive.encrypted(wagather_age::encryption(&plan.encrypt))?.in_layout(plan.layout))
}

/// Serves a single gatherer on this thread, and several in parallel, up to the plan's limit.
fn serve_all(tasks: Vec<(Sandbox, Service<'_>)>, begin: Instant, plan: &Plan) -> Vec<(Served, Duration)> {
    let one = |index: usize, (mut sandbox, service): (Sandbox, Service<'_>)| {
        // The time of a gatherer that waited begins with its turn.
        let begin = if index < plan.parallel { begin } else { Instant::now() };
        let served = serve(&mut sandbox, service, begin + plan.time());
        (served, begin.elapsed())
    };
    if tasks.len() == 1 {
        return tasks.into_iter().map(|task| one(0, task)).collect();
    }
    let threads = tasks.len().min(plan.parallel);
    let results = Mutex::new(tasks.iter().map(|_| None).collect::<Vec<_>>());
    let tasks = Mutex::new(tasks.into_iter().enumerate());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((index, task)) = task else { break };
                    let served = one(index, task);
                    results.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(served);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

/// The source of this run.
struct Opened {
    source: Arc<dyn Source>,
    obfuscator: Option<Arc<Obfuscator>>,
    warnings: Vec<String>,
}

/// A recording that is removed if the run fails.
struct Unfinished(Arc<Recorder>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.discard();
    }
}

fn open_source(plan: &Plan, needs_a_server: bool) -> Result<Opened> {
    let mut warnings = Vec::new();
    let source: Arc<dyn Source> = match &plan.input {
        Input::Recording(path) => {
            let recording = Recording::open(path)?;
            warnings.extend_from_slice(recording.warnings());
            Arc::new(recording)
        }
        Input::Archive(path) => {
            let (archive, told) = (plan.open_archive)(path)?;
            warnings.extend(told);
            archive
        }
        Input::Source(source) => source.clone(),
        // Gatherers that make no requests run without a cluster.
        Input::Cluster(_) if !needs_a_server => Arc::new(Nothing),
        Input::Cluster(options) => {
            let cluster = cluster::open(options)?;
            warnings.extend_from_slice(cluster.warnings());
            Arc::new(cluster)
        }
    };
    let obfuscator = obfuscator_of(plan, &*source, &mut warnings);
    let source: Arc<dyn Source> = match plan.trace.clone() {
        Some(trace) => Arc::new(Traced::new(source, with_placeholders(trace, obfuscator.clone()))),
        None => source,
    };
    Ok(Opened { source, obfuscator, warnings })
}

/// The obfuscator of this run, if it obfuscates.
fn obfuscator_of(plan: &Plan, source: &dyn Source, warnings: &mut Vec<String>) -> Option<Arc<Obfuscator>> {
    let mut kinds = plan.obfuscate.clone();
    if kinds.is_nothing() {
        return None;
    }
    if kinds.server_domain {
        let of_server = obfuscate::domain_of(&source.describe()).map(|domain| kinds.add_domain(domain));
        if !matches!(of_server, Some(Ok(()))) {
            let source = source.describe();
            warnings.push(format!(
                "the cluster's domain is not known from '{source}', so it is not replaced: name it with --obfuscate domain=NAME"
            ));
        }
    }
    Some(Arc::new(Obfuscator::new(&kinds)))
}

/// Puts placeholders into traced requests, as in the archive.
fn with_placeholders(trace: Arc<Trace>, obfuscator: Option<Arc<Obfuscator>>) -> Arc<Trace> {
    let Some(obfuscator) = obfuscator else { return trace };
    Arc::new(move |line: &str| {
        let mut line = line.to_owned();
        obfuscator.text(&mut line);
        trace(&line);
    })
}

/// Records the responses of the source, if the plan says so.
fn recorded(
    plan: &Plan,
    source: Arc<dyn Source>,
    redactor: &Arc<Redactor>,
) -> Result<(Arc<dyn Source>, Option<Unfinished>)> {
    let Some(path) = &plan.record else { return Ok((source, None)) };
    let recorder = Arc::new(Recorder::new(source, path, plan.existing, redactor.clone())?);
    Ok((recorder.clone(), Some(Unfinished(recorder))))
}

/// What the end of a run needs, apart from what was gathered.
struct Finisher<'a> {
    plan: &'a Plan,
    manifests: &'a [Manifest],
    modules: Vec<ModuleFacts>,
    grant: &'a Grant,
    fetchers: &'a Fetchers,
    recorder: Option<&'a Recorder>,
    obfuscator: Option<&'a Obfuscator>,
    begin_millis: i64,
    warnings: Vec<String>,
}

impl Finisher<'_> {
    /// Completes the archive and the recording, and reports what was gathered.
    fn finish(self, served: Vec<(Served, Duration)>, mut archive: Archive) -> Result<Outcome> {
        let Finisher { plan, manifests, modules, grant, fetchers, recorder, obfuscator, .. } = self;
        let mut warnings = self.warnings;
        // A failure of the host ends the run, and nothing is kept.
        if let Some(failure) = served.iter().find_map(|(served, _)| match &served.ending {
            Ending::Failed(failure) => Some(failure.clone()),
            _ => None,
        }) {
            return Err(failure);
        }
        if obfuscator.is_some_and(Obfuscator::is_full) {
            return Err(too_many_originals());
        }
        let is_recording = fetchers.source().is_recording();
        let stopped = served.iter().find_map(|(served, _)| match served.ending {
            Ending::Stopped(signal) => Some(signal),
            _ => None,
        });
        let mut failures = Vec::new();
        let mut gatherers = Vec::with_capacity(served.len());
        let mut gaps = Vec::new();
        let mut sections: Vec<Section> = Vec::with_capacity(served.len());
        let mut audit = Vec::new();
        let mut uses = Vec::with_capacity(served.len());
        for ((module, manifest), (served, duration)) in modules.iter().zip(manifests).zip(served) {
            let failure = failure_of(&manifest.name, &served)
                .map(|failure| advise_on_memory(failure, &served, plan.memory()));
            gatherers.push(Gathered::new(
                (&manifest.name, &manifest.version),
                (module.clone(), EngineFacts::of(plan.engine, module.bytes as usize, served.engine)),
                grant,
                &served,
                failure.as_ref(),
                (!is_recording).then_some(duration),
            ));
            gaps.extend(served.tally.gaps.named(&manifest.name));
            failures.extend(failure);
            audit.extend_from_slice(&served.audit);
            uses.push(served.tally.uses);
            sections.push(served.section);
        }
        let mut own = Vec::new();
        if plan.layout == Layout::MustGather && stopped.is_none() && gatherers.iter().any(Gathered::has_items)
        {
            own = layout::documents(fetchers.source(), &mut warnings);
        }
        let recording = recorder.map(|recorder| recorder.finish(stopped.is_some())).transpose()?;
        warnings.extend(recorder.and_then(Recorder::left_out));
        if fetchers.throttled() >= TOLD_WAIT {
            let seconds = fetchers.throttled().as_secs_f64();
            let Plan { qps, burst, .. } = plan;
            warnings.push(format!(
                "requests waited {seconds:.1} s in total because of --qps {qps} and --burst {burst}"
            ));
        }
        if let Some(signal) = stopped {
            warnings.push(format!("{} ended the run before its gatherers finished", stop::name(signal)));
        }
        let all_gaps: u64 = gatherers.iter().map(|gathered: &Gathered| gathered.gaps).sum();
        gaps.truncate(MAX_REPORT_GAPS);
        // What matches nothing here may match something in another shard.
        if plan.narrowing.shard.is_none() {
            warnings.extend(used::warnings(grant, manifests, &uses));
        }
        let end_millis = fetchers.source().now_millis();
        own.extend(layout::files(plan.layout, (self.begin_millis, end_millis), &gatherers));
        for (path, mut text) in own {
            if let Some(obfuscator) = obfuscator {
                obfuscator.text(&mut text);
            }
            archive.add_own(path, text.into_bytes());
        }
        let mut report = Report {
            wagather: env!("CARGO_PKG_VERSION"),
            abi: ABI_VERSION,
            complete: failures.is_empty() && all_gaps == 0,
            source: fetchers.source().describe(),
            time: rfc3339(end_millis),
            layout: plan.layout.name(),
            gatherers,
            narrowed_to: plan.narrowing.clone(),
            obfuscation: None,
            gaps_not_named: all_gaps - gaps.len() as u64,
            gaps,
            warnings,
        };
        // An archive with gaps has all that can be had, so it gets its final name. Its report lists the gaps.
        let finished = archive.finish(sections, failures.is_empty(), &audit, |contents| {
            account_for(contents, &mut report);
            if let Some(obfuscator) = obfuscator {
                report.obfuscate(obfuscator);
            }
            report.to_json()
        })?;
        let obfuscation_map = match (obfuscator, &finished.path) {
            (Some(obfuscator), Some(archive)) => {
                failures.iter_mut().for_each(|failure| obfuscate_failure(failure, obfuscator));
                Some(write_map(archive, &obfuscator.to_json(), plan.existing)?)
            }
            _ => None,
        };
        let cluster = finished.nameless.as_ref().and_then(|_| fetchers.source().cluster());
        let Finished { path: output, nameless } = finished;
        Ok(Outcome { report, output, recording, obfuscation_map, failures, nameless, cluster })
    }
}

/// Puts placeholders into a failure, as in the report.
fn obfuscate_failure(failure: &mut Failure, obfuscator: &Obfuscator) {
    let texts = [&mut failure.attempt, &mut failure.reason, &mut failure.advice];
    texts.into_iter().chain(&mut failure.more).for_each(|text| obfuscator.text(text));
}

/// A guest that cannot allocate traps without a reason. Its memory use suggests one.
fn advise_on_memory(failure: Failure, served: &Served, limit_bytes: u64) -> Failure {
    match &served.ending {
        Ending::Ended(End { ending: channel::Ending::Trapped, memory_bytes, .. })
            if *memory_bytes > limit_bytes / 2 =>
        {
            let (had, limit) = (memory_bytes / 1024, limit_bytes / 1024);
            failure.advise(format!("it used {had} KiB of memory, and the limit is {limit} KiB; if it ran out of memory, raise --memory"))
        }
        _ => failure,
    }
}

/// Records what happened to the files when the sections were joined.
fn account_for(contents: &Contents, report: &mut Report) {
    report.warnings.extend(contents.lists_left_out.iter().map(|path| {
        format!(
            "the list {path} is left out, because another file or folder has its path; the objects are there"
        )
    }));
    for (gathered, section) in report.gatherers.iter_mut().zip(&contents.sections) {
        gathered.entries = section.entries;
        gathered.bytes_archived = section.bytes;
        let name = &gathered.name;
        // One line per folder, not per file. Gatherers share only two folders.
        for (folder, files) in &section.moved {
            let are = if *files == 1 { "file is" } else { "files are" };
            gathered.warnings.push(format!(
                "{files} {are} below {name}/{folder}, because an earlier gatherer has the same path below {folder}"
            ));
        }
        if let Some(Lost { files, first }) = &section.lost {
            let are = if *files == 1 { "file is" } else { "files are" };
            gathered.errors.push(format!(
                "{files} {are} left out, first {first}: an earlier gatherer has the same path, and this gatherer wrote an entry of that name below {name}; rename that entry"
            ));
        }
    }
}

/// The source of a run without requests.
struct Nothing;

impl Source for Nothing {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        let reason = format!("no requests were expected, but {} was sent", call.path_and_query);
        Err(NoAnswer { cause: Cause::Final, reason, advice: String::new() })
    }

    fn now_millis(&self) -> i64 {
        clock_millis()
    }

    fn is_recording(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        "none".into()
    }
}

/// What decides the exit code of a run.
impl Outcome {
    /// The class of the first failure. Without a failure, [`Class::Gaps`] if something is missing.
    pub fn class(&self) -> Option<Class> {
        self.failures.first().or(self.gaps().as_ref()).map(|failure| failure.class)
    }

    /// A failure for the gaps, if nothing else failed.
    pub fn gaps(&self) -> Option<Failure> {
        if !self.failures.is_empty() || self.report.complete {
            return None;
        }
        let gaps: u64 = self.report.gatherers.iter().map(|gathered| gathered.gaps).sum();
        let are = if gaps == 1 { "requested object or list is" } else { "requested objects or lists are" };
        let first = self.report.gaps.first().map_or_else(String::new, |gap| {
            let object = if gap.object.is_empty() { String::new() } else { format!(" of {}", gap.object) };
            format!("; first: {}{object}: {}", gap.asked, gap.reason)
        });
        let failure =
            Failure::new(Class::Gaps, "the archive has gaps", format!("{gaps} {are} missing{first}"));
        Some(failure.advise(
            "'gaps' in its wagather.json lists them; a retry does not help until the cluster changes",
        ))
    }
}
