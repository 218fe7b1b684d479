//! What is the same for every archive.

use super::sources::url_of;
use crate::plan::Plan;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wagather_archive::Target;
use wagather_base::error::Result;
use wagather_base::limits::CLUSTER_GRACE;
use wagather_sandbox::process::Isolation;

/// How archives are downloaded.
#[derive(Clone, Copy)]
pub struct Fetch<'a> {
    /// Downloads an archive from a URL into an empty file. It is called in a process of its own.
    pub get: &'a dyn Fn(&str, &mut File) -> Result<()>,
    /// How long that may take.
    pub time: Duration,
    /// How guests are isolated once a URL was read: a URL may be a credential, and a fork has a copy of this process's memory.
    pub isolation: &'a Isolation,
}

/// What every archive's process does, and how many there are at a time.
pub(super) struct Work<'a> {
    pub(super) plan: &'a Plan,
    /// Where temporary files are.
    pub(super) target: Arc<Target>,
    pub(super) max_parallel: usize,
    pub(super) fetch: Fetch<'a>,
}

impl Work<'_> {
    /// How long the process of an archive may take, before it is killed.
    pub(super) fn time(&self, archive: &Path) -> Duration {
        let download = url_of(archive).map_or(Duration::ZERO, |_| self.fetch.time);
        self.plan.time().saturating_add(download).saturating_add(CLUSTER_GRACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Input;
    use wagather_archive::Output;

    #[test]
    fn a_download_has_its_time_beside_that_of_the_gatherers() {
        let mut plan = Plan::new(Input::Archive("a".into()), Output::Stdout, Isolation::InProcess);
        plan.timeout = Duration::from_secs(10);
        let fetch =
            Fetch { get: &|_, _| Ok(()), time: Duration::from_secs(300), isolation: &Isolation::InProcess };
        let target = Arc::new(Target::stream("lines", std::env::temp_dir()));
        let work = Work { plan: &plan, target, max_parallel: 1, fetch };
        let of_gatherers = Duration::from_secs(10) + CLUSTER_GRACE;
        assert_eq!(work.time(Path::new("a.tar.gz")), of_gatherers);
        assert_eq!(work.time(Path::new("https://h/a.tar.gz")), of_gatherers + fetch.time);
        let endless = Work { fetch: Fetch { time: Duration::MAX, ..fetch }, ..work };
        assert_eq!(endless.time(Path::new("https://h/a.tar.gz")), Duration::MAX);
    }
}
