//! The functions and types of `wagather.h`, each a shell over a safe function of another module.
//!
//! The documentation here is the header's, so it is written for readers of C.
#![allow(unsafe_code)] // exported names, and pointers of C
#![allow(clippy::missing_safety_doc)] // the header says what callers promise, in words of C

use crate::failed::{Failed, USAGE};
use crate::foreign::{Caller, Place, bytes_at, text_at};
use crate::handles::{self, Object};
use crate::outcome::Gathered;
use crate::settings::Settings;
use crate::signals::WithoutSigpipe;
use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;
use std::sync::{Arc, Mutex, PoisonError};

/// What to run, on what, and how.
pub struct Plan(());

/// What a run gathered.
pub struct Outcome(());

/// What was attempted, why it failed, and what to do about it.
pub struct Failure(());

/// Who or what is to blame for a failure. The values are the exit codes of host-min. There may be others in later
/// versions; from 128, the run was ended by the signal of that number less 128.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// No failure.
    WagatherOk = 0,
    /// A bug in the library.
    WagatherInternal = 1,
    /// The library was used in a wrong way: NULL, a freed handle, an option that does not exist.
    WagatherUsage = 2,
    /// A module cannot be used, or the grant does not admit it.
    WagatherModule = 3,
    /// The configuration cannot be used: kubeconfig, credentials, recording, parameters, grant.
    WagatherConfig = 4,
    /// The cluster cannot be reached, or its response cannot be used. A retry may help.
    WagatherCluster = 5,
    /// The archive or another file cannot be written.
    WagatherOutput = 6,
    /// A gatherer trapped, ran out of time or memory, or returned an error.
    WagatherGatherer = 7,
    /// The cluster does not have everything that was asked for. A retry does not help.
    WagatherGaps = 8,
    /// The cluster does not let this account do it (401, 403). A retry does not help.
    WagatherRefused = 9,
}

/// The level of a gatherer's log line.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the gatherer's developer.
    WagatherDebug = 0,
    /// For the user who runs it.
    WagatherInfo = 1,
    /// Something is missing or unusual; also in the report.
    WagatherWarn = 2,
    /// Something failed; also in the report.
    WagatherError = 3,
}

/// Gets the log lines of gatherers while a run goes on. Gatherers run in parallel, so several threads may call it at
/// once, the caller's own or others. The texts are valid until it returns: one line without control characters, and
/// the gatherer's name. It must return: neither throw nor jump.
pub type Log = Option<
    unsafe extern "C" fn(context: *mut c_void, level: i32, gatherer: *const c_char, line: *const c_char),
>;

/// Runs what can fail. A panic becomes a failure.
fn attempted(attempt: &str, work: impl FnOnce() -> Result<(), Failed>) -> *mut Failure {
    let done =
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Failed::panic(attempt, &*panic)));
    match done {
        Ok(()) => std::ptr::null_mut(),
        Err(failed) => handle(handles::insert(Object::Failure(Arc::new(failed), false))),
    }
}

/// Runs what has an answer for everything.
fn answered<T>(otherwise: T, work: impl FnOnce() -> Option<T>) -> T {
    catch_unwind(AssertUnwindSafe(work)).ok().flatten().unwrap_or(otherwise)
}

/// A handle as C has it. It is a number and no address.
const fn handle<T>(number: usize) -> *mut T {
    std::ptr::without_provenance_mut(number)
}

fn unknown(attempt: &str, what: &str, is_null: bool) -> Failed {
    let reason = if is_null { "is NULL" } else { "is no handle of that kind, or was freed" };
    Failed::usage(
        attempt,
        format_args!("the {what} {reason}"),
        "pass what the library gave out and was not freed",
    )
}

fn plan_of(plan: *const Plan, attempt: &str) -> Result<Arc<Mutex<Settings>>, Failed> {
    match handles::find(plan.addr()) {
        Some(Object::Plan(settings)) => Ok(settings),
        _ => Err(unknown(attempt, "plan", plan.is_null())),
    }
}

fn outcome_of(outcome: *const Outcome) -> Option<Arc<Gathered>> {
    match handles::find(outcome.addr())? {
        Object::Outcome(gathered) => Some(gathered),
        _ => None,
    }
}

fn failure_of(failure: *const Failure) -> Option<Arc<Failed>> {
    match handles::find(failure.addr())? {
        Object::Failure(failed, _) => Some(failed),
        _ => None,
    }
}

/// A text of a failure.
fn text_of(failure: *const Failure, text: fn(&Failed) -> &CStr) -> *const c_char {
    // The table has the failure as long as its handle is not freed.
    answered(null(), || failure_of(failure).map(|failed| text(&failed).as_ptr()))
}

/// The version of the library, such as "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn wagather_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// A new plan without gatherers, with the defaults of the command line. Free it with wagather_plan_free.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_plan_new() -> *mut Plan {
    answered(std::ptr::null_mut(), || {
        Some(handle(handles::insert(Object::Plan(Arc::new(Mutex::new(Settings::new()))))))
    })
}

/// Sets an option of a plan. Names and values are those of 'host-min run', where --help describes them. "true" and "false" are the
/// values of switches. An option that is marked with + adds a value each time; any other replaces its value.
///
///   helper                    the program of the sandboxes: host-min, or one that calls host_min::run_helper
///   helper-arg +              its arguments; without any, "sandbox"
///   grant                     the file that says what the cluster's owner allows
///   output                    the archive: a new folder, or a file that ends in .tar.gz or .tgz
///   overwrite                 whether an earlier archive or recording is replaced
///   replay                    a recording to read instead of a cluster
///   from                      an archive to read instead of a cluster
///   kubeconfig                the kubeconfig; without it, $KUBECONFIG, ~/.kube/config or the pod's account
///   context
///   server
///   cluster
///   user
///   token
///   token-file
///   certificate-authority
///   insecure-skip-tls-verify
///   tls-server-name
///   proxy-url
///   as
///   as-group +
///   as-uid
///   connect-timeout
///   first-byte-timeout
///   idle-timeout
///   compression
///   record                    the recording to write
///   check-access              whether to check the account's permissions first
///   namespace
///   selector
///   obfuscate +               ip, mac, domain, domain=NAME or all
///   param +                   a parameter, NAME=VALUE
///   timeout                   time for each gatherer, such as 30s
///   request-timeout
///   memory                    memory for each gatherer, such as 64Mi
///   parallel
///   chunk-size
///   qps
///   burst
///   require-sandbox           whether to refuse to run unless every mechanism of the sandbox is active
///   engine
///
/// @param plan   a plan
/// @param name   the name of an option
/// @param value  its value
/// @return       NULL, or a failure to free
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wagather_plan_set(
    plan: *mut Plan,
    name: *const c_char,
    value: *const c_char,
) -> *mut Failure {
    const ATTEMPT: &str = "cannot set an option of a plan";
    attempted(ATTEMPT, || {
        let settings = plan_of(plan, ATTEMPT)?;
        // SAFETY: the caller's promise.
        let name = unsafe { text_at(name, ATTEMPT, "name") }?;
        // SAFETY: the caller's promise.
        let value = unsafe { text_at(value, ATTEMPT, "value") }?;
        settings.lock().unwrap_or_else(PoisonError::into_inner).set(name, value)
    })
}

/// Adds the gatherer in a file, with the signature in FILE.minisig if that exists; or all gatherers in a folder; or the one that
/// oci://... names in a registry. The module is read now.
///
/// @param plan  a plan
/// @param path  a file, a folder or a reference
/// @return      NULL, or a failure to free
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wagather_plan_add_file(plan: *mut Plan, path: *const c_char) -> *mut Failure {
    const ATTEMPT: &str = "cannot add a gatherer to a plan";
    attempted(ATTEMPT, || {
        let settings = plan_of(plan, ATTEMPT)?;
        // SAFETY: the caller's promise.
        let path = unsafe { text_at(path, ATTEMPT, "path") }?;
        // A registry may take its time, and others may use the plan meanwhile.
        let _quiet = WithoutSigpipe::new();
        let mut read = Settings::new();
        read.add_file(path)?;
        settings.lock().unwrap_or_else(PoisonError::into_inner).add_all(read);
        Ok(())
    })
}

/// Adds a gatherer that is in memory.
///
/// @param plan           a plan
/// @param label          its name in messages
/// @param module         its module, which is copied
/// @param module_len     the bytes of the module
/// @param signature      its minisign signature, or NULL
/// @param signature_len  the bytes of the signature
/// @return               NULL, or a failure to free
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wagather_plan_add_module(
    plan: *mut Plan,
    label: *const c_char,
    module: *const u8,
    module_len: usize,
    signature: *const u8,
    signature_len: usize,
) -> *mut Failure {
    const ATTEMPT: &str = "cannot add a gatherer to a plan";
    attempted(ATTEMPT, || {
        let settings = plan_of(plan, ATTEMPT)?;
        // SAFETY: the caller's promise.
        let label = unsafe { text_at(label, ATTEMPT, "label") }?;
        // SAFETY: the caller's promise.
        let module = unsafe { bytes_at(module, module_len, ATTEMPT, "module") }?;
        let signature = if signature.is_null() {
            None
        } else {
            // SAFETY: the caller's promise.
            Some(unsafe { bytes_at(signature, signature_len, ATTEMPT, "signature") }?.to_vec())
        };
        let mut settings = settings.lock().unwrap_or_else(PoisonError::into_inner);
        settings.add_module(label.into(), module.to_vec(), signature);
        Ok(())
    })
}

/// Frees a plan. A run that uses it goes on. Anything but a plan is left alone.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_plan_free(plan: *mut Plan) {
    answered((), || handles::free(plan.addr(), |object| matches!(object, Object::Plan(_))));
}

/// Runs a plan, and returns when the archive is written. It needs 256 KiB of the caller's stack.
///
/// NULL means that the run is finished, and not that everything was gathered: single gatherers may have failed, which
/// wagather_outcome_is_complete and wagather_outcome_failure say. A failure means that nothing was gathered, or that
/// the archive could not be written.
///
/// @param plan     a plan with at least one gatherer
/// @param log      gets the log lines of gatherers, or NULL
/// @param context  passed to log
/// @param outcome  where the outcome is put, to be freed with wagather_outcome_free; NULL if the run failed
/// @return         NULL, or a failure to free
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wagather_run(
    plan: *const Plan,
    log: Log,
    context: *mut c_void,
    outcome: *mut *mut Outcome,
) -> *mut Failure {
    const ATTEMPT: &str = "cannot run a plan";
    attempted(ATTEMPT, || {
        // SAFETY: the caller's promise.
        let place = unsafe { Place::at(outcome, ATTEMPT, "outcome") }?;
        let settings = plan_of(plan, ATTEMPT)?;
        let plan = settings.lock().unwrap_or_else(PoisonError::into_inner).plan()?;
        // SAFETY: the caller's promise.
        let observer = unsafe { Caller::new(log, context) };
        let _quiet = WithoutSigpipe::new();
        let gathered = host_min::run(&plan, &observer).map_err(|failure| Failed::from(&failure))?;
        let owned = |failure| handles::insert(Object::Failure(Arc::new(Failed::from(failure)), true));
        let failures = gathered.failures.iter().map(owned).collect();
        let gathered = Gathered::new(gathered, failures);
        place.put(handle(handles::insert(Object::Outcome(Arc::new(gathered)))));
        Ok(())
    })
}

/// Whether every gatherer succeeded, and nothing that they requested is missing. False for anything but an outcome.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_outcome_is_complete(outcome: *const Outcome) -> bool {
    answered(false, || outcome_of(outcome).map(|gathered| gathered.complete))
}

/// The path of the archive, which ends in .incomplete if the outcome is not complete. NULL for anything but an outcome.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_outcome_output(outcome: *const Outcome) -> *const c_char {
    answered(null(), || outcome_of(outcome).map(|gathered| gathered.output.as_ptr()))
}

/// The report: the JSON that is wagather.json in the archive (docs/report.md). NULL for anything but an outcome.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_outcome_report(outcome: *const Outcome) -> *const c_char {
    answered(null(), || outcome_of(outcome).map(|gathered| gathered.report.as_ptr()))
}

/// One of the failures of gatherers, in their order. It belongs to the outcome and is freed with it.
///
/// @param outcome  an outcome
/// @param index    its number, from 0
/// @return         NULL if there are not as many, and for anything but an outcome
#[unsafe(no_mangle)]
pub extern "C" fn wagather_outcome_failure(outcome: *const Outcome, index: usize) -> *const Failure {
    answered(null(), || {
        outcome_of(outcome)?.failures.get(index).map(|failure| handle::<Failure>(*failure).cast_const())
    })
}

/// Frees an outcome and its failures. The archive stays. Anything but an outcome is left alone.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_outcome_free(outcome: *mut Outcome) {
    answered((), || handles::free(outcome.addr(), |object| matches!(object, Object::Outcome(_))));
}

/// The class of a failure, one of wagather_class or a later one. WAGATHER_OK for NULL, and WAGATHER_USAGE for anything else that is no failure.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_failure_class(failure: *const Failure) -> i32 {
    if failure.is_null() {
        return Class::WagatherOk as i32;
    }
    answered(USAGE, || failure_of(failure).map(|failed| failed.class))
}

/// What was attempted, and on what. As in the next two, the text is as servers and modules wrote it, and must be escaped before a
/// terminal gets it. NULL for anything but a failure.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_failure_attempt(failure: *const Failure) -> *const c_char {
    text_of(failure, |failed| &failed.attempt)
}

/// Why it failed. Several reasons have a line each. NULL for anything but a failure.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_failure_reason(failure: *const Failure) -> *const c_char {
    text_of(failure, |failed| &failed.reason)
}

/// What to do about it. Empty if there is no advice, and NULL for anything but a failure.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_failure_advice(failure: *const Failure) -> *const c_char {
    text_of(failure, |failed| &failed.advice)
}

/// The failure as it is shown: all of the above, escaped, so that a terminal may get it. NULL for anything but a failure.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_failure_text(failure: *const Failure) -> *const c_char {
    text_of(failure, |failed| &failed.text)
}

/// Frees a failure. One that belongs to an outcome, and anything but a failure, is left alone.
#[unsafe(no_mangle)]
pub extern "C" fn wagather_failure_free(failure: *mut Failure) {
    answered((), || handles::free(failure.addr(), |object| matches!(object, Object::Failure(_, false))));
}

#[cfg(test)]
mod tests;
