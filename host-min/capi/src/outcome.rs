//! The result of a run, as texts of C.

use crate::failed::{Failed, text};
use crate::handles::{self, Object};
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

/// What a run gathered.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) complete: bool,
    /// The path of the archive.
    pub(crate) output: CString,
    /// The report, as `wagather.json` has it.
    pub(crate) report: CString,
    /// The handles of the failures, which are freed with this one.
    pub(crate) failures: Vec<usize>,
}

/// Gives out the handle of an outcome.
pub(crate) fn insert(outcome: host_min::Outcome) -> usize {
    let path = outcome.output.map(|path| path.into_os_string().into_vec());
    let gathered = Gathered {
        complete: outcome.report.complete,
        // A path has no zero byte.
        output: path.and_then(|path| CString::new(path).ok()).unwrap_or_default(),
        report: text(&String::from_utf8_lossy(&outcome.report.to_json())),
        failures: Vec::new(),
    };
    let of_failure = |failure| handles::insert(Object::Failure(Arc::new(Failed::from(failure)), true));
    let failures = outcome.failures.iter().map(of_failure).collect();
    handles::insert(Object::Outcome(Arc::new(Gathered { failures, ..gathered })))
}
