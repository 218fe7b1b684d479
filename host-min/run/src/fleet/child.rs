//! The work of an archive's process: runs the gatherers on the archive, and sends the results.
//!
//! Over its pipe go the lines, a zero byte, and how the run ended. JSON never has a zero byte.

use super::lines::{Writer, name_of};
use super::sources::url_of;
use super::work::Work;
use super::{Judged, Status};
use crate::clusters::Reason;
use crate::codec::{Codec, codec};
use crate::in_fork::{abort_on_panic, in_fork};
use crate::plan::Input;
use crate::run::Outcome;
use std::fs::File;
use std::io::{self, BufWriter, PipeWriter, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use wagather_archive::{Output, read_tar_gz};
use wagather_base::error::{Class, Failure};
use wagather_base::fork;
use wagather_broker::Silent;
use wagather_sandbox::process::SingleThreaded;

/// How the run of an archive ended.
#[derive(Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) status: Status,
    pub(super) reason: Option<Reason>,
    pub(super) judged: Judged,
}

codec! {
    Judged { counts, mistake }
}

impl Ended {
    /// What precedes it.
    pub(super) const MARK: u8 = 0;

    /// The end of a run that had no results.
    pub(super) fn failed(failure: &Failure) -> Ended {
        Ended { status: Status::Failed, reason: Some(Reason::of(failure)), judged: Judged::default() }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![Ended::MARK, self.status as u8];
        let reasons: Vec<Reason> = self.reason.iter().cloned().collect();
        reasons.encode(&mut bytes);
        self.judged.encode(&mut bytes);
        bytes
    }

    /// Decodes what follows the mark.
    pub(super) fn decode(mut bytes: &[u8]) -> Option<Ended> {
        let from = &mut bytes;
        let status = [Status::Complete, Status::Gaps, Status::Incomplete, Status::Failed];
        let status = *status.get(usize::from(u8::decode(from)?))?;
        let reasons: Vec<Reason> = Codec::decode(from)?;
        let judged = Judged::decode(from)?;
        bytes.is_empty().then(|| Ended { status, reason: reasons.into_iter().next(), judged })
    }
}

/// Runs the plan's gatherers on an archive, and sends the results.
pub(super) fn run(
    work: &Work<'_>,
    archive: &Path,
    (parent, single_threaded): (u32, SingleThreaded),
    knows_urls: bool,
    to: PipeWriter,
) {
    abort_on_panic();
    let mut to = BufWriter::with_capacity(64 << 10, to);
    let name = name_of(archive);
    let outcome = fork::stand_alone(parent, io::stderr().as_fd())
        .map_err(|error| Failure::new(Class::Internal, "cannot start the process of an archive", error))
        .and_then(|()| {
            let mut plan = work.plan.clone();
            plan.output = Output::Nameless(work.target.folder().to_owned());
            if knows_urls {
                plan.isolation = work.fetch.isolation.clone();
            }
            let Some(url) = url_of(archive) else {
                plan.input = Input::Archive(archive.to_owned());
                return crate::run(&plan, &Silent);
            };
            // The file has no name. It exists until the run ends.
            let file = downloaded(url, work, single_threaded)?;
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            plan.input = Input::Archive(path.clone().into());
            crate::run(&plan, &Silent)
                .map_err(|failure| Failure { attempt: failure.attempt.replace(&path, &name), ..failure })
        });
    let writer = Writer::new(&name, &mut to);
    let ended = match outcome {
        Ok(outcome) => results(outcome, writer),
        Err(failure) => {
            let ended = Ended::failed(&failure);
            writer.end(Status::Failed, None, &[failure]).map(|_| ended)
        }
    };
    // Without an end, the other side discards what it got.
    if let Ok(ended) = ended {
        let _ = to.write_all(&ended.encode()).and_then(|()| to.flush());
    }
}

/// The bytes of a URL. The broker of hostile guests has no connection and no credential but the URL itself.
fn downloaded(url: &str, work: &Work<'_>, single_threaded: SingleThreaded) -> Result<File, Failure> {
    let mut file = work.target.nameless_file().map_err(|error| work.target.failure(&error))?;
    let done = in_fork(single_threaded, "download an archive", || {
        (work.fetch.get)(url, &mut file).err().map_or_else(Vec::new, |failure| vec![Reason::of(&failure)])
    })?;
    match done.into_iter().next() {
        Some(reason) => Err(reason.into_failure()),
        None => Ok(file),
    }
}

fn results(outcome: Outcome, mut writer: Writer<'_>) -> io::Result<Ended> {
    let gaps = outcome.gaps();
    let Outcome { report, failures, nameless, cluster, .. } = outcome;
    (writer.cluster, writer.time) = (cluster, Some(report.time.clone()));
    let gatherers: Vec<&str> = report.gatherers.iter().map(|gathered| &*gathered.name).collect();
    if let Some(file) = nameless {
        read_tar_gz(file, &mut |entry| writer.entry(&gatherers, entry))?;
    }
    let mut judged = Judged::default();
    for gathered in &report.gatherers {
        gathered.findings.iter().for_each(|counts| judged.counts.join(counts));
        judged.mistake = judged.mistake.or_else(|| gathered.findings_mistake.clone());
    }
    let status = match (failures.is_empty(), report.complete) {
        (true, true) => Status::Complete,
        (true, false) => Status::Gaps,
        (false, _) => Status::Incomplete,
    };
    let status = writer.end(status, Some(&report), &failures)?;
    let left_out = (status != Status::Complete).then(|| {
        Failure::new(
            Class::Output,
            "cannot write all results",
            "the last line of the archive names what is too large",
        )
    });
    let reason = failures.first().or(gaps.as_ref()).or(left_out.as_ref()).map(Reason::of);
    Ok(Ended { status, reason, judged })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather_broker::findings::Counts;

    #[test]
    fn an_end_arrives_as_it_was_sent() {
        let failure = Failure::new(Class::Gaps, "cannot", "because\0").advise("do");
        let judged = Judged {
            counts: Counts { error: 1, warning: 2, info: 3 },
            mistake: Some("g/findings.json".into()),
        };
        for ended in [
            Ended { status: Status::Complete, reason: None, judged: Judged::default() },
            Ended { status: Status::Gaps, reason: Some(Reason::of(&failure)), judged },
        ] {
            let bytes = ended.encode();
            assert_eq!(bytes[0], Ended::MARK);
            assert_eq!(Ended::decode(&bytes[1..]), Some(ended));
            assert_eq!(Ended::decode(&bytes[1..bytes.len() - 1]), None);
        }
        assert_eq!(Ended::decode(&[4, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
