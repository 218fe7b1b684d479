//! Starts the clusters' processes, reads their messages, and kills those that exceed their time.
//!
//! One loop waits for the next event: a message, a line, an exit, a deadline or a signal. All output goes through
//! the [`Watcher`], so lines never mix.

use super::child::{self, Receivers};
use super::index::{Cluster, Line, Reason, Status};
use super::message::{Buffer, Ended, Message};
use super::{Destination, Watcher, label};
use crate::plan::Plan;
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};
use wagather_archive::Target;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork::{self, Pid, Signals};
use wagather_base::limits::{CLUSTER_GRACE, CLUSTER_STOP_GRACE};
use wagather_base::stop;
use wagather_base::time::{clock_millis, rfc3339};
use wagather_broker::{Progress, line};
use wagather_sandbox::process::SingleThreaded;

/// The most bytes of one read.
const READ_BYTES: usize = 64 << 10;

/// The clusters to gather from.
pub(super) struct Work<'a> {
    pub(super) plan: &'a Plan,
    pub(super) folder: &'a Path,
    pub(super) destinations: &'a [Destination],
    pub(super) max_parallel: usize,
    /// Whether the processes report their progress.
    pub(super) wants_progress: bool,
}

/// Gathers from all clusters. The results are in the order of the destinations.
pub(super) fn run(
    work: &Work<'_>,
    single_threaded: SingleThreaded,
    watcher: &dyn Watcher,
) -> Result<Vec<Cluster>> {
    let failure =
        |error| Failure::new(Class::Internal, "cannot monitor the processes of the clusters", error);
    let signals = Signals::hold().map_err(failure)?;
    let mut clusters: Vec<Option<Cluster>> = work.destinations.iter().map(|_| None).collect();
    let mut supervisor =
        Supervisor { work, single_threaded, watcher, running: Vec::new(), signals, stopped: None };
    let mut next = 0;
    loop {
        while supervisor.stopped.is_none()
            && next < work.destinations.len()
            && supervisor.running.len() < work.max_parallel.max(1)
        {
            if let Err(error) = supervisor.start(next) {
                let attempt = "cannot start a cluster's process";
                clusters[next] =
                    Some(supervisor.never_started(next, Failure::new(Class::Internal, attempt, error)));
            }
            next += 1;
        }
        if supervisor.running.is_empty() {
            break;
        }
        let until = supervisor.running.iter().map(|running| running.deadline).chain(watcher.tick()).min();
        supervisor.read_until(until).map_err(failure)?;
        if let Some(signal) = supervisor.signals.take() {
            supervisor.stop(signal);
        }
        let now = Instant::now();
        for position in (0..supervisor.running.len()).rev() {
            let running = &mut supervisor.running[position];
            running.is_late = running.deadline <= now && !running.has_ended;
            if running.has_ended || running.is_late {
                let running = supervisor.running.remove(position);
                let index = running.index;
                clusters[index] = Some(supervisor.finish(running));
            }
        }
    }
    for (index, cluster) in clusters.iter_mut().enumerate() {
        if let (None, Some(signal)) = (&cluster, supervisor.stopped) {
            let reason = format!("{} ended the run before its turn", stop::name(signal));
            let failure =
                Failure::new(Class::Stopped(signal as u8), "cannot gather from the cluster", reason);
            *cluster = Some(supervisor.never_started(index, failure));
        }
    }
    Ok(clusters.into_iter().flatten().collect())
}

struct Supervisor<'a> {
    work: &'a Work<'a>,
    single_threaded: SingleThreaded,
    watcher: &'a dyn Watcher,
    running: Vec<Running>,
    signals: Signals,
    /// The signal that ends the run.
    stopped: Option<i32>,
}

/// A cluster's process.
struct Running {
    index: usize,
    process: Pid,
    label: String,
    pipes: Receivers,
    messages: Buffer,
    stderr: Buffer,
    begin: Instant,
    started_millis: i64,
    deadline: Instant,
    time: Duration,
    /// The lines and the result that it sent at its end.
    lines: Vec<Line>,
    ended: Option<Ended>,
    /// Whether it sent an invalid message.
    is_invalid: bool,
    has_ended: bool,
    is_late: bool,
}

impl Supervisor<'_> {
    fn start(&mut self, index: usize) -> io::Result<()> {
        let (pipes, senders) = child::pipes()?;
        let Work { plan, folder, destinations, wants_progress, .. } = *self.work;
        let Destination { context, file, .. } = &destinations[index];
        let (output, parent) = (folder.join(file), std::process::id());
        let (begin, time) = (Instant::now(), plan.time().saturating_add(CLUSTER_GRACE));
        let process = fork::fork(self.single_threaded, || {
            // Drop this copy of the other clusters' pipes, and of the signals.
            self.running.clear();
            self.signals.release();
            child::run(plan, context, &output, senders, parent, wants_progress);
        })?;
        self.running.push(Running {
            index,
            process,
            label: label(context),
            pipes,
            messages: Buffer::default(),
            stderr: Buffer::default(),
            begin,
            started_millis: clock_millis(),
            deadline: begin.checked_add(time).unwrap_or(begin),
            time,
            lines: Vec::new(),
            ended: None,
            is_invalid: false,
            has_ended: false,
            is_late: false,
        });
        Ok(())
    }

    /// Waits until something can be read, at most until a time, and passes it on.
    fn read_until(&mut self, until: Option<Instant>) -> io::Result<()> {
        let pipes = self
            .running
            .iter()
            .flat_map(|running| [running.pipes.stderr.as_fd(), running.pipes.messages.as_fd()]);
        let all: Vec<BorrowedFd<'_>> = pipes.chain([self.signals.pending().as_fd()]).collect();
        let ready = fork::wait_for(&all, until)?;
        for (running, ready) in self.running.iter_mut().zip(ready.chunks_exact(2)) {
            // A process has both pipes open until it exits.
            let stderr_is_open = !ready[0] || running.read_stderr(self.watcher);
            let messages_are_open = !ready[1] || running.read_messages(self.watcher);
            running.has_ended = !stderr_is_open || !messages_are_open;
        }
        Ok(())
    }

    /// The result of a process that exited or exceeded its time.
    fn finish(&mut self, mut running: Running) -> Cluster {
        // Also if it sent a result: programs that it started may still run.
        fork::kill_session(running.process);
        let exit = fork::wait(running.process);
        running.read_rest(self.watcher);
        let ended = running.ended.take();
        let Destination { context, server, file } = &self.work.destinations[running.index];
        let ended = ended.unwrap_or_else(|| {
            if let Ok(target) = Target::claim(&self.work.folder.join(file), "the archive") {
                target.remove_leftovers_of(running.process.unsigned_abs());
            }
            let (mut class, (mut reason, advice)) = (Class::Internal, running.why_no_result(exit.signal));
            if let Some(signal) = self.stopped {
                class = Class::Stopped(signal as u8);
                reason = format!("{} ended the run", stop::name(signal));
            }
            Ended::failed(&Failure::new(class, "cannot gather from the cluster", reason).advise(advice))
        });
        let cluster = Cluster {
            context: context.clone(),
            server: server.clone(),
            status: match (&ended.archive, ended.complete) {
                (Some(_), true) => Status::Complete,
                (Some(_), false) if ended.failures.iter().all(Reason::is_gaps) => Status::Gaps,
                (Some(_), false) => Status::Incomplete,
                (None, _) => Status::Failed,
            },
            exit_code: ended.failures.first().map_or(0, |reason| reason.exit_code),
            started: rfc3339(running.started_millis),
            ended: rfc3339(clock_millis()),
            duration_ms: (running.begin.elapsed().as_secs_f64() * 1e6).round() / 1e3,
            archive: ended.archive,
            failures: ended.failures,
            warnings: ended.warnings,
            gatherers: ended.gatherers,
            lines: running.lines,
        };
        self.watcher.ended(running.index, &cluster);
        cluster
    }

    fn never_started(&self, index: usize, failure: Failure) -> Cluster {
        let Destination { context, server, .. } = &self.work.destinations[index];
        let (now, ended) = (rfc3339(clock_millis()), Ended::failed(&failure));
        let cluster = Cluster {
            context: context.clone(),
            server: server.clone(),
            status: Status::Failed,
            exit_code: failure.class.exit_code(),
            started: now.clone(),
            ended: now,
            duration_ms: 0.0,
            archive: None,
            failures: ended.failures,
            warnings: ended.warnings,
            gatherers: ended.gatherers,
            lines: Vec::new(),
        };
        self.watcher.ended(index, &cluster);
        cluster
    }

    /// Starts nothing more, and asks the running processes to stop and keep what they have. A second signal, or a process that takes too long,
    /// kills them.
    fn stop(&mut self, signal: i32) {
        let is_first = stop::ask(signal) && self.stopped.is_none();
        self.stopped.get_or_insert(signal);
        let grace = if is_first { CLUSTER_STOP_GRACE } else { Duration::ZERO };
        for running in &mut self.running {
            if is_first {
                fork::ask_to_end(running.process);
            }
            running.deadline = running.deadline.min(Instant::now() + grace);
        }
    }
}

impl Running {
    /// Passes on lines of its standard error. Returns whether there may be more.
    fn read_stderr(&mut self, watcher: &dyn Watcher) -> bool {
        let is_open = read_some(&self.pipes.stderr, &mut self.stderr);
        loop {
            match self.stderr.next_line() {
                Ok(Some(text)) => watcher.stderr(&self.label, &line::of(&text)),
                Ok(None) => return is_open,
                Err(_) => {}
            }
        }
    }

    /// Passes on its messages. Returns whether there may be more.
    fn read_messages(&mut self, watcher: &dyn Watcher) -> bool {
        let is_open = read_some(&self.pipes.messages, &mut self.messages);
        loop {
            let frame = match self.messages.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return is_open,
                Err(_) => return self.fail(),
            };
            match Message::decode(&frame) {
                Some(Message::Log { gatherer, level, text }) => {
                    watcher.log(&self.label, &gatherer, level, &text);
                }
                Some(Message::Progress { gatherer, progress }) => {
                    let doing = line::of(progress.doing.as_bytes());
                    let gatherer = usize::try_from(gatherer).unwrap_or(usize::MAX);
                    watcher.progress(self.index, gatherer, &Progress { doing, ..progress });
                }
                Some(Message::Line(line)) => self.lines.push(line),
                Some(Message::Ended(ended)) => self.ended = Some(ended),
                None => return self.fail(),
            }
        }
    }

    /// Ignores everything from a process that sent an invalid message.
    fn fail(&mut self) -> bool {
        self.is_invalid = true;
        self.ended = None;
        false
    }

    /// Reads what is left in the pipes of a process that exited. It does not wait for programs that still hold the other end.
    fn read_rest(&mut self, watcher: &dyn Watcher) {
        let can_read = |pipe: &PipeReader| {
            fork::wait_for(&[pipe.as_fd()], Some(Instant::now())).is_ok_and(|ready| ready[0])
        };
        while !self.is_invalid && can_read(&self.pipes.messages) && self.read_messages(watcher) {}
        while can_read(&self.pipes.stderr) && self.read_stderr(watcher) {}
        let text = self.stderr.take_rest();
        if !text.is_empty() {
            watcher.stderr(&self.label, &line::of(&text));
        }
    }

    /// Why it sent no result, and what to do.
    fn why_no_result(&self, signal: Option<i32>) -> (String, String) {
        if self.is_invalid {
            let reason = "its process sent an invalid message, and was killed";
            return (reason.into(), String::new());
        }
        if self.is_late {
            let time = self.time.as_secs();
            let reason = format!("its process did not exit within {time} s, and was killed");
            let advice = "its time limit and the time to write an archive have passed; check whether the kubeconfig, its exec plugin or the disk hangs";
            return (reason, advice.into());
        }
        match signal {
            Some(libc::SIGKILL) => (
                "its process was killed by signal 9".into(),
                "the machine may have run out of memory: gather from fewer clusters at once (--parallel-clusters)".into(),
            ),
            Some(signal) => (format!("its process was killed by signal {signal}"), String::new()),
            None => ("its process exited without a result".into(), String::new()),
        }
    }
}

/// Reads what is there. Returns whether there may be more.
fn read_some(mut from: &PipeReader, into: &mut Buffer) -> bool {
    let mut piece = vec![0; READ_BYTES];
    match from.read(&mut piece) {
        Ok(0) => false,
        Ok(len) => {
            into.push(&piece[..len]);
            true
        }
        Err(error) => error.kind() == io::ErrorKind::Interrupted,
    }
}
