//! Starts the archives' processes, collects their results, and kills those that exceed their time.

use super::child::{self, Ended};
use super::lines::{Writer, name_of};
use super::work::Work;
use super::{Counts, Judged, Place, Sources, Status, Watcher};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wagather_archive::Spool;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork::{self, Pid, Signals};
use wagather_base::stop;
use wagather_sandbox::process::SingleThreaded;

/// The most bytes of one read.
const READ_BYTES: usize = 64 << 10;

/// The most bytes of how a run ended: its first failure.
const MAX_END_BYTES: usize = 4 << 20;

/// A time that has no end, as far as a run is concerned.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// How the run of a fleet ended.
pub(super) struct FleetEnded {
    pub(super) counts: Counts,
    pub(super) judged: Judged,
    pub(super) failure: Option<Failure>,
    /// Whether every archive had its turn.
    pub(super) is_whole: bool,
}

/// Runs all archives.
pub(super) fn run(
    work: &Work<'_>,
    mut sources: Sources,
    place: &mut Place,
    single_threaded: SingleThreaded,
    watcher: &dyn Watcher,
) -> Result<FleetEnded> {
    let failure =
        |error| Failure::new(Class::Internal, "cannot monitor the processes of the archives", error);
    let signals = Signals::hold().map_err(failure)?;
    let mut fleet = Fleet {
        running: Vec::new(),
        buffer: vec![0; READ_BYTES],
        counts: Counts::default(),
        judged: Judged::default(),
        failure: None,
        watcher,
    };
    let (mut has_more, mut is_whole) = (true, true);
    loop {
        while has_more && fleet.running.len() < work.max_parallel.max(1) {
            let next = match sources.next() {
                Ok(next) => next,
                // What runs already is finished, then the mistake is told.
                Err(failure) if fleet.counts.all() > 0 || !fleet.running.is_empty() => {
                    is_whole = false;
                    fleet.failure = Some(failure);
                    None
                }
                Err(failure) => return Err(failure),
            };
            match next {
                Some(archive) => {
                    let knows_urls = sources.knows_urls();
                    fleet.start(work, archive, knows_urls, &signals, single_threaded).map_err(failure)?;
                }
                None => has_more = false,
            }
        }
        if fleet.running.is_empty() {
            break;
        }
        fleet.read(&signals).map_err(failure)?;
        if let Some(signal) = signals.take() {
            stop::ask(signal);
            // The archives are still there, so nothing is lost. What was read of them is not written.
            fleet.running.iter().for_each(Running::kill);
            fleet.failure.get_or_insert_with(|| {
                let reason = format!("{} ended the run", stop::name(signal));
                Failure::new(Class::Stopped(signal as u8), "cannot read all archives", reason)
            });
            is_whole = false;
            break;
        }
        let now = Instant::now();
        for position in (0..fleet.running.len()).rev() {
            let running = &fleet.running[position];
            if (running.has_ended || running.deadline <= now) && !fleet.finish(position, place)? {
                // Nobody reads the results any more.
                fleet.running.iter().for_each(Running::kill);
                return Ok(fleet.ended(&sources, false));
            }
        }
    }
    Ok(fleet.ended(&sources, is_whole))
}

struct Fleet<'a> {
    running: Vec<Running>,
    buffer: Vec<u8>,
    counts: Counts,
    judged: Judged,
    failure: Option<Failure>,
    watcher: &'a dyn Watcher,
}

/// An archive's process.
struct Running {
    archive: PathBuf,
    process: Pid,
    pipe: PipeReader,
    deadline: Instant,
    lines: Spool,
    /// What follows the lines.
    end: Option<Vec<u8>>,
    has_ended: bool,
    /// Why its lines cannot be kept.
    error: Option<io::Error>,
}

impl Fleet<'_> {
    fn start(
        &mut self,
        work: &Work<'_>,
        archive: PathBuf,
        knows_urls: bool,
        signals: &Signals,
        single_threaded: SingleThreaded,
    ) -> io::Result<()> {
        let (pipe, sender) = io::pipe()?;
        let parent = std::process::id();
        let mut sender = Some(sender);
        let process = fork::fork(single_threaded, || {
            // Drop this copy of the other archives' pipes, and of the signals.
            self.running.clear();
            signals.release();
            if let Some(sender) = sender.take() {
                child::run(work, &archive, (parent, single_threaded), knows_urls, sender);
            }
        })?;
        let (begin, time) = (Instant::now(), work.time(&archive));
        self.running.push(Running {
            archive,
            process,
            pipe,
            deadline: begin.checked_add(time).unwrap_or(begin + LONGEST),
            lines: Spool::new(&work.target, u64::MAX),
            end: None,
            has_ended: false,
            error: None,
        });
        Ok(())
    }

    /// Waits until something can be read, and keeps it.
    fn read(&mut self, signals: &Signals) -> io::Result<()> {
        let until = self.running.iter().map(|running| running.deadline).min();
        let pipes = self.running.iter().map(|running| running.pipe.as_fd());
        let all: Vec<BorrowedFd<'_>> = pipes.chain([signals.pending().as_fd()]).collect();
        let ready = fork::wait_for(&all, until)?;
        for (running, _) in self.running.iter_mut().zip(ready).filter(|(_, is_ready)| *is_ready) {
            match (&running.pipe).read(&mut self.buffer) {
                Ok(0) => running.has_ended = true,
                Ok(len) => running.keep(&self.buffer[..len]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => running.has_ended = true,
            }
        }
        Ok(())
    }

    /// Writes the results of a process that exited or exceeded its time. `false` if nobody reads them.
    fn finish(&mut self, position: usize, place: &mut Place) -> Result<bool> {
        let mut running = self.running.remove(position);
        let is_late = !running.has_ended;
        let ended = running.end.as_deref().and_then(Ended::decode);
        // A process that ended as it should has waited for its sandboxes. Looking for them would read all of /proc.
        if ended.is_none() || is_late {
            running.kill();
        }
        let exit = fork::wait(running.process);
        if let Some(error) = running.error.take() {
            return Err(place.target.failure(&error));
        }
        let (ended, mut lines) = match ended {
            Some(ended) => (ended, running.lines),
            None => {
                // The lines of a process that did not end as it should may not be all.
                let reason = match exit.signal {
                    _ if is_late => "its process did not exit in its time, and was killed".to_owned(),
                    Some(signal) => format!("its process was killed by signal {signal}"),
                    None => "its process exited without a result".into(),
                };
                let attempt = format!("cannot gather from the archive {}", name_of(&running.archive));
                let failure = Failure::new(Class::Internal, attempt, reason);
                let ended = Ended::failed(&failure);
                let mut lines = Spool::new(&place.target, u64::MAX);
                let written =
                    Writer::new(&name_of(&running.archive), &mut lines).end(Status::Failed, None, &[failure]);
                written.map_err(|error| place.target.failure(&error))?;
                (ended, lines)
            }
        };
        lines
            .flush()
            .and_then(|()| lines.into_reader())
            .map_err(|error| place.target.failure(&error))
            .and_then(|mut lines| {
                let is_read = place.put(&mut lines)?;
                let failure = ended.reason.map(crate::clusters::Reason::into_failure);
                self.counts.count(ended.status);
                self.watcher.ended(&name_of(&running.archive), ended.status, failure.as_ref());
                self.judged.counts.join(&ended.judged.counts);
                if let Some(mistake) = ended.judged.mistake.filter(|_| self.judged.mistake.is_none()) {
                    self.judged.mistake = Some(format!("{}: {mistake}", name_of(&running.archive)));
                }
                // A failure is worse than a gap before it.
                let is_gap = |failure: &Failure| failure.class == Class::Gaps;
                if self.failure.as_ref().is_none_or(is_gap)
                    && let Some(failure) =
                        failure.filter(|failure| self.failure.is_none() || !is_gap(failure))
                {
                    self.failure = Some(failure);
                }
                Ok(is_read)
            })
    }

    fn ended(self, sources: &Sources, is_whole: bool) -> FleetEnded {
        let counts = Counts { of_other_shards: sources.of_other_shards(), ..self.counts };
        FleetEnded { counts, judged: self.judged, failure: self.failure, is_whole }
    }
}

impl Running {
    fn keep(&mut self, bytes: &[u8]) {
        let (lines, end) = match (&mut self.end, memchr::memchr(Ended::MARK, bytes)) {
            (Some(_), _) => (&bytes[..0], bytes),
            (None, Some(mark)) => {
                self.end = Some(Vec::new());
                (&bytes[..mark], &bytes[mark + 1..])
            }
            (None, None) => (bytes, &bytes[..0]),
        };
        if let Err(error) = self.lines.write_all(lines) {
            self.error.get_or_insert(error);
            self.has_ended = true;
        }
        if let Some(kept) = &mut self.end {
            kept.extend_from_slice(end);
            // No process sends so much.
            self.has_ended |= kept.len() > MAX_END_BYTES;
        }
    }

    /// Also the sandboxes that it started.
    fn kill(&self) {
        fork::kill_session(self.process);
    }
}
