//! The result of a run, as texts of C.

use crate::failed::text;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;

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

impl Gathered {
    /// The texts of an outcome, whose failures have these handles.
    pub(crate) fn new(outcome: host_min::Outcome, failures: Vec<usize>) -> Gathered {
        let path = outcome.output.map(|path| path.into_os_string().into_vec());
        Gathered {
            complete: outcome.report.complete,
            // A path has no zero byte.
            output: path.and_then(|path| CString::new(path).ok()).unwrap_or_default(),
            report: text(&String::from_utf8_lossy(&outcome.report.to_json())),
            failures,
        }
    }
}
