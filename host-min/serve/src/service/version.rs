//! A version of a gatherer: its module, the grant and the settings with which it runs. A version never changes; a change makes a new one.

use crate::config::{Config, Entry, Input};
use crate::status::ParamStatus;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wagather_archive::{Existing, Output};
use wagather_base::error::{Class, Failure, Result};
use wagather_kube::Source;
use wagather_policy::grant::Grant;
use wagather_policy::manifest::Manifest;
use wagather_run::modules::Guest;
use wagather_run::report::ModuleFacts;
use wagather_run::{Input as RunInput, Plan};
use wagather_sandbox::process::Isolation;

/// A version of a gatherer.
pub(crate) struct Version {
    /// The module.
    pub(crate) guest: Guest,
    /// What the report says of it.
    facts: ModuleFacts,
    /// Its SHA-256.
    pub(crate) digest: String,
    /// What it declares.
    pub(crate) manifest: Manifest,
    /// What the owner of the cluster allows. Without one, the default.
    pub(crate) grant: Option<Arc<Grant>>,
    /// Its settings.
    pub(crate) entry: Arc<Entry>,
    /// Whether its guest cannot run ahead of a run, as far as that is known.
    never_ahead: AtomicBool,
}

impl Version {
    /// A version whose module has a valid manifest, is admitted by the grant, and takes the parameters of its settings. The module
    /// itself is not validated, which happens in a sandbox.
    pub(crate) fn new(guest: Guest, grant: Option<Arc<Grant>>, entry: Arc<Entry>) -> Result<Version> {
        let manifest = Manifest::of_module(&guest.module).map_err(|reason| {
            Failure::new(Class::Module, format!("{} cannot be used", guest.label), reason)
        })?;
        let facts = ModuleFacts::of_guest(&guest);
        let digest = facts.sha256.clone();
        let version =
            Version { guest, facts, digest, manifest, grant, entry, never_ahead: AtomicBool::default() };
        let mut plan = version.limits();
        plan.guests = vec![version.guest.clone()];
        plan.params.clone_from(&version.entry.params);
        plan.check()?;
        plan.admit_modules()?;
        plan.check_params(std::slice::from_ref(&version.manifest))?;
        Ok(version)
    }

    /// The gatherer's name.
    pub(crate) fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Whether its guest runs ahead of a run, up to its first call.
    pub(crate) fn runs_ahead(&self) -> bool {
        !self.never_ahead.load(Ordering::Relaxed)
    }

    /// Its guest ends without a call, or takes long to its first one.
    pub(crate) fn never_run_ahead(&self) {
        self.never_ahead.store(true, Ordering::Relaxed);
    }

    /// A plan with the limits of this version, without its module.
    pub(crate) fn limits(&self) -> Plan {
        let nowhere = Output::TarGz(PathBuf::new());
        // Nothing is read from here: each run has a source of its own.
        let input = RunInput::Recording(PathBuf::new());
        let mut plan = Plan::new(input, nowhere, Isolation::InProcess).sending_at_once();
        plan.grant.clone_from(&self.grant);
        plan.timeout = self.entry.timeout;
        plan.request_timeout = self.entry.request_timeout;
        plan.memory_bytes = self.entry.memory_bytes;
        plan
    }

    /// The plan of a run. The parameters of the run come before those of the settings.
    pub(crate) fn plan(
        &self,
        config: &Config,
        source: Option<Arc<dyn Source>>,
        output: Output,
        params: &[(String, String)],
    ) -> Plan {
        let mut plan = self.limits();
        plan.input = match (source, &config.input) {
            (Some(source), _) => RunInput::Source(source),
            (None, Input::Recording(path)) => RunInput::Recording(path.clone()),
            (None, Input::Cluster(options)) => RunInput::Cluster(options.clone()),
        };
        plan.add_known(self.guest.clone(), self.facts.clone());
        plan.output = output;
        plan.existing = Existing::Keep;
        plan.require_sandbox = config.require_sandbox;
        plan.params = self.params(params);
        plan
    }

    /// The parameters of a run: those that were given, and those of the settings with other names.
    fn params(&self, given: &[(String, String)]) -> Vec<(String, String)> {
        let others =
            self.entry.params.iter().filter(|(name, _)| given.iter().all(|(other, _)| other != name));
        given.iter().chain(others).cloned().collect()
    }

    /// Checks the parameters of a run.
    pub(crate) fn check_params(&self, given: &[(String, String)]) -> Result<()> {
        let mut plan = self.limits();
        plan.params = self.params(given);
        plan.check_params(std::slice::from_ref(&self.manifest))
    }

    /// The parameters that it takes.
    pub(crate) fn param_statuses(&self) -> Vec<ParamStatus> {
        let of_settings = |name: &str| {
            let set = self.entry.params.iter().find(|(other, _)| other == name);
            set.map(|(_, value)| value.clone())
        };
        let params = self.manifest.params.iter();
        params
            .map(|param| ParamStatus {
                name: param.name.clone(),
                help: param.help.clone(),
                default: of_settings(&param.name).or_else(|| param.default.clone()),
            })
            .collect()
    }
}
