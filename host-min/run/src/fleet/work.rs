//! What is the same for every archive.

use crate::plan::Plan;
use std::fs::File;
use std::sync::Arc;
use wagather_archive::Target;
use wagather_base::error::Result;

/// Downloads an archive from a URL into an empty file. It is called in a process of its own.
pub type Fetch<'a> = &'a dyn Fn(&str, &mut File) -> Result<()>;

/// What every archive's process does, and how many there are at a time.
pub(super) struct Work<'a> {
    pub(super) plan: &'a Plan,
    /// Where temporary files are.
    pub(super) target: Arc<Target>,
    pub(super) max_parallel: usize,
    pub(super) fetch: Fetch<'a>,
}
