//! Starts the clusters' processes, hears them, and ends those that should have ended.
//!
//! One loop waits for whatever comes first: a message, a line, an end, a time that is over, a signal. It writes
//! nothing but through the [`Watcher`], so that no two lines are ever mixed.

use super::child::{self, Ears};
use super::index::{Cluster, Line, Reason, Status};
use super::message::{Message, Over, Pieces};
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

/// What is read at once.
const PIECE_BYTES: usize = 64 << 10;

/// What is to be done.
pub(super) struct Work<'a> {
    pub(super) plan: &'a Plan,
    pub(super) folder: &'a Path,
    pub(super) destinations: &'a [Destination],
    pub(super) most_at_once: usize,
    /// Whether the processes tell how far they are.
    pub(super) wants_progress: bool,
}

/// Gathers from all of them; the result is in their order.
pub(super) fn all(
    work: &Work<'_>,
    single_threaded: SingleThreaded,
    watcher: &dyn Watcher,
) -> Result<Vec<Cluster>> {
    let failure =
        |error| Failure::new(Class::Internal, "cannot monitor the processes of the clusters", error);
    let signals = Signals::hold().map_err(failure)?;
    let mut clusters: Vec<Option<Cluster>> = work.destinations.iter().map(|_| None).collect();
    let mut all = All { work, single_threaded, watcher, running: Vec::new(), signals, stopped: None };
    let mut next = 0;
    loop {
        while all.stopped.is_none()
            && next < work.destinations.len()
            && all.running.len() < work.most_at_once.max(1)
        {
            if let Err(error) = all.start(next) {
                let attempt = "cannot start a cluster's process";
                clusters[next] = Some(all.never_started(next, Failure::new(Class::Internal, attempt, error)));
            }
            next += 1;
        }
        if all.running.is_empty() {
            break;
        }
        let until = all.running.iter().map(|running| running.deadline).chain(watcher.tick()).min();
        all.hear(until).map_err(failure)?;
        if let Some(signal) = all.signals.take() {
            all.stop(signal);
        }
        let now = Instant::now();
        for index in (0..all.running.len()).rev() {
            let running = &mut all.running[index];
            running.is_late = running.deadline <= now && !running.has_ended;
            if running.has_ended || running.is_late {
                let running = all.running.remove(index);
                let number = running.number;
                clusters[number] = Some(all.finish(running));
            }
        }
    }
    for (number, cluster) in clusters.iter_mut().enumerate() {
        if let (None, Some(signal)) = (&cluster, all.stopped) {
            let reason = format!("{} ended the run before its turn", stop::name(signal));
            let failure =
                Failure::new(Class::Stopped(signal as u8), "cannot gather from the cluster", reason);
            *cluster = Some(all.never_started(number, failure));
        }
    }
    Ok(clusters.into_iter().flatten().collect())
}

struct All<'a> {
    work: &'a Work<'a>,
    single_threaded: SingleThreaded,
    watcher: &'a dyn Watcher,
    running: Vec<Running>,
    signals: Signals,
    /// The signal that asked for the end, if one did.
    stopped: Option<i32>,
}

/// A cluster's process.
struct Running {
    number: usize,
    process: Pid,
    label: String,
    ears: Ears,
    messages: Pieces,
    stderr: Pieces,
    begin: Instant,
    started_millis: i64,
    deadline: Instant,
    time: Duration,
    /// What it said at its end.
    lines: Vec<Line>,
    over: Option<Over>,
    /// Whether it said what it may not.
    is_garbled: bool,
    has_ended: bool,
    is_late: bool,
}

impl All<'_> {
    fn start(&mut self, number: usize) -> io::Result<()> {
        let (ears, mouth) = child::pipes()?;
        let Work { plan, folder, destinations, wants_progress, .. } = *self.work;
        let Destination { context, file, .. } = &destinations[number];
        let (output, parent) = (folder.join(file), std::process::id());
        let (begin, time) = (Instant::now(), plan.time().saturating_add(CLUSTER_GRACE));
        let process = fork::fork(self.single_threaded, || {
            // What this copy has of the others' pipes, and of the signals.
            self.running.clear();
            self.signals.release();
            child::live(plan, context, &output, mouth, parent, wants_progress);
        })?;
        self.running.push(Running {
            number,
            process,
            label: label(context),
            ears,
            messages: Pieces::default(),
            stderr: Pieces::default(),
            begin,
            started_millis: clock_millis(),
            deadline: begin.checked_add(time).unwrap_or(begin),
            time,
            lines: Vec::new(),
            over: None,
            is_garbled: false,
            has_ended: false,
            is_late: false,
        });
        Ok(())
    }

    /// Waits until something can be heard, and passes it on.
    fn hear(&mut self, until: Option<Instant>) -> io::Result<()> {
        let ears = self
            .running
            .iter()
            .flat_map(|running| [running.ears.stderr.as_fd(), running.ears.messages.as_fd()]);
        let all: Vec<BorrowedFd<'_>> = ears.chain([self.signals.pending().as_fd()]).collect();
        let ready = fork::wait_for(&all, until)?;
        for (running, ready) in self.running.iter_mut().zip(ready.chunks_exact(2)) {
            // A process has both as long as it lives.
            let stderr_is_open = !ready[0] || running.hear_stderr(self.watcher);
            let messages_are_open = !ready[1] || running.hear_message(self.watcher);
            running.has_ended = !stderr_is_open || !messages_are_open;
        }
        Ok(())
    }

    /// A process that has ended, or has had its time.
    fn finish(&mut self, mut running: Running) -> Cluster {
        // Also one that said that it is over: what it started may still be there.
        fork::kill_session(running.process);
        let exit = fork::wait(running.process);
        running.hear_the_rest(self.watcher);
        let over = running.over.take();
        let Destination { context, server, file } = &self.work.destinations[running.number];
        let over = over.unwrap_or_else(|| {
            if let Ok(target) = Target::claim(&self.work.folder.join(file), "the archive") {
                target.clear_up_after(running.process.unsigned_abs());
            }
            let (mut class, (mut reason, advice)) = (Class::Internal, running.why(exit.signal));
            if let Some(signal) = self.stopped {
                class = Class::Stopped(signal as u8);
                reason = format!("{} ended the run", stop::name(signal));
            }
            nothing_but(&Failure::new(class, "cannot gather from the cluster", reason).advise(advice))
        });
        let cluster = Cluster {
            context: context.clone(),
            server: server.clone(),
            status: match (&over.archive, over.complete) {
                (Some(_), true) => Status::Complete,
                (Some(_), false) if over.failures.iter().all(Reason::is_gaps) => Status::Gaps,
                (Some(_), false) => Status::Incomplete,
                (None, _) => Status::Failed,
            },
            exit_code: over.failures.first().map_or(0, |reason| reason.exit_code),
            started: rfc3339(running.started_millis),
            ended: rfc3339(clock_millis()),
            duration_ms: (running.begin.elapsed().as_secs_f64() * 1e6).round() / 1e3,
            archive: over.archive,
            failures: over.failures,
            warnings: over.warnings,
            gatherers: over.gatherers,
            lines: running.lines,
        };
        self.watcher.ended(running.number, &cluster);
        cluster
    }

    fn never_started(&self, number: usize, failure: Failure) -> Cluster {
        let Destination { context, server, .. } = &self.work.destinations[number];
        let (now, over) = (rfc3339(clock_millis()), nothing_but(&failure));
        let cluster = Cluster {
            context: context.clone(),
            server: server.clone(),
            status: Status::Failed,
            exit_code: failure.class.exit_code(),
            started: now.clone(),
            ended: now,
            duration_ms: 0.0,
            archive: None,
            failures: over.failures,
            warnings: over.warnings,
            gatherers: over.gatherers,
            lines: Vec::new(),
        };
        self.watcher.ended(number, &cluster);
        cluster
    }

    /// Starts nothing more, and asks what runs to keep what it has; at the second signal, or when that takes too long, ends it.
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
    /// Passes a piece of its standard error on; whether there may be more.
    fn hear_stderr(&mut self, watcher: &dyn Watcher) -> bool {
        let is_open = read_piece(&self.ears.stderr, &mut self.stderr);
        loop {
            match self.stderr.next_line() {
                Ok(Some(said)) => watcher.said(&self.label, &line::of(&said)),
                Ok(None) => return is_open,
                Err(_) => {}
            }
        }
    }

    /// Passes a piece of its messages on; whether there may be more.
    fn hear_message(&mut self, watcher: &dyn Watcher) -> bool {
        let is_open = read_piece(&self.ears.messages, &mut self.messages);
        loop {
            let frame = match self.messages.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return is_open,
                Err(_) => return self.garbled(),
            };
            match Message::decode(&frame) {
                Some(Message::Log { gatherer, level, text }) => {
                    watcher.log(&self.label, &gatherer, level, &text);
                }
                Some(Message::Progress { gatherer, progress }) => {
                    let doing = line::of(progress.doing.as_bytes());
                    let gatherer = usize::try_from(gatherer).unwrap_or(usize::MAX);
                    watcher.progress(self.number, gatherer, &Progress { doing, ..progress });
                }
                Some(Message::Line(line)) => self.lines.push(line),
                Some(Message::Over(over)) => self.over = Some(over),
                None => return self.garbled(),
            }
        }
    }

    /// Nothing that it says from now on is worth hearing.
    fn garbled(&mut self) -> bool {
        self.is_garbled = true;
        self.over = None;
        false
    }

    /// What is still in the pipes of a process that has ended. A program that it started may hold the other end, and is not waited for.
    fn hear_the_rest(&mut self, watcher: &dyn Watcher) {
        let can_read = |pipe: &PipeReader| {
            fork::wait_for(&[pipe.as_fd()], Some(Instant::now())).is_ok_and(|ready| ready[0])
        };
        while !self.is_garbled && can_read(&self.ears.messages) && self.hear_message(watcher) {}
        while can_read(&self.ears.stderr) && self.hear_stderr(watcher) {}
        let said = self.stderr.rest();
        if !said.is_empty() {
            watcher.said(&self.label, &line::of(&said));
        }
    }

    /// Why there is no word on how it ended, and what to do.
    fn why(&self, signal: Option<i32>) -> (String, String) {
        if self.is_garbled {
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

/// Reads what is there; whether there may be more.
fn read_piece(mut from: &PipeReader, into: &mut Pieces) -> bool {
    let mut piece = vec![0; PIECE_BYTES];
    match from.read(&mut piece) {
        Ok(0) => false,
        Ok(len) => {
            into.add(&piece[..len]);
            true
        }
        Err(error) => error.kind() == io::ErrorKind::Interrupted,
    }
}

/// A run that was over before there was an archive.
fn nothing_but(failure: &Failure) -> Over {
    Over {
        complete: false,
        archive: None,
        failures: vec![Reason::of(failure)],
        warnings: Vec::new(),
        gatherers: Vec::new(),
    }
}
