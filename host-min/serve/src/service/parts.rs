//! The threads that a service needs. If one of them panics, the service is broken: it takes no runs, says so, and has to be started again.
//!
//! Programs that are built to abort at a panic, as those that ship, end at once instead.

use super::{Inner, start_thread};
use crate::log::{Entry, Level};
use std::io::{PipeReader, PipeWriter, Result};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};

/// The name of a broken service among the problems.
pub(super) const PROGRAM: &str = "the program";

/// Starts a thread without which the service is broken.
pub(super) fn start(
    inner: &Arc<Inner>,
    name: &'static str,
    work: impl FnOnce(&Arc<Inner>) + Send + 'static,
) -> Result<()> {
    let part = Part { inner: inner.clone(), name };
    start_thread(name, move || work(&part.inner))
}

/// A part that works.
struct Part {
    inner: Arc<Inner>,
    name: &'static str,
}

impl Drop for Part {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.inner.breaks(&format!("its thread '{}' has panicked", self.name));
            if self.name == LEADER {
                // Nobody is there to give it back.
                if let Some(leadership) = &mut self.inner.lock().leadership {
                    leadership.release();
                }
                self.inner.changed.notify_all();
            }
        }
    }
}

/// The thread that gets the Lease.
pub(super) const LEADER: &str = "leader";

/// Tells that the service is broken: the pipe is at its end then.
pub(super) struct Alarm {
    silent: PipeReader,
    writer: Mutex<Option<PipeWriter>>,
}

impl Alarm {
    pub(super) fn new() -> Result<Alarm> {
        let (silent, writer) = std::io::pipe()?;
        Ok(Alarm { silent, writer: Mutex::new(Some(writer)) })
    }

    fn ring(&self) {
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.silent.as_fd()
    }
}

impl Inner {
    /// A part is gone. What was wrong first is remembered and told.
    pub(super) fn breaks(&self, why: &str) {
        let mut state = self.lock();
        let is_first = state.broken.is_none();
        if is_first {
            let text = format!("the service is broken, and has to be started again: {why}");
            state.problems.insert(PROGRAM.to_owned(), text.clone());
            state.broken = Some(why.to_owned());
            drop(state);
            self.log(&Entry::new(Level::Error, "broken", text));
        }
        // The Lease is given back.
        self.election.wake();
        self.alarm.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Owner, Service};
    use super::*;
    use crate::config::{Config, Entry, Input, LeaderElection};
    use crate::log::Log;
    use crate::service::{Made, Options};
    use crate::status::NotAccepted;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};
    use wagather_base::fork::wait_for;
    use wagather_kube::cluster;

    /// A service of which no part runs.
    fn still(change: impl FnOnce(&mut Config)) -> Service {
        let mut config = Config::new(vec![Entry::new(PathBuf::from("idle.wasm"))]);
        config.input = Input::Recording(PathBuf::from("r.har"));
        change(&mut config);
        let options = Options {
            program: PathBuf::from("no-program"),
            args: Vec::new(),
            log: Log { quiet: true, ..Log::default() },
            read_again: None,
        };
        let Made { inner, .. } = Inner::make(config, options).unwrap_or_else(|failure| panic!("{failure}"));
        inner.lock().has_started = true;
        let (_, watching) = std::io::pipe().expect("a pipe");
        Service(Arc::new(Owner { inner, watching }))
    }

    fn is_told(service: &Service) -> bool {
        let time = Instant::now() + Duration::from_secs(60);
        wait_for(&[service.breakdown()], Some(time)).is_ok_and(|told| told == [true])
    }

    #[test]
    fn a_part_that_panics_breaks_the_service_and_one_that_ends_does_not() {
        let service = still(|_| {});
        let (end, ended) = std::sync::mpsc::channel::<()>();
        start(&service.0.inner, "ends", move |_| drop(end)).expect("a thread");
        assert!(ended.recv().is_err());
        assert!(service.readiness().alive && service.readiness().ready && service.broken().is_none());
        start(&service.0.inner, "clock", |_| panic!("as the test wants it")).expect("a thread");
        assert!(is_told(&service));
        let readiness = service.readiness();
        assert!(!readiness.alive && !readiness.ready && !readiness.healthy, "{readiness:?}");
        assert!(readiness.problems[0].contains("its thread 'clock' has panicked"), "{readiness:?}");
        assert_eq!(service.broken().as_deref(), Some("its thread 'clock' has panicked"));
        let refused = service.trigger("idle", Vec::new());
        assert!(matches!(refused, Err(NotAccepted::Broken)), "{refused:?}");
        // What was wrong first stays.
        service.0.inner.breaks("something else");
        assert_eq!(service.broken().as_deref(), Some("its thread 'clock' has panicked"));
        service.shutdown();
    }

    /// Nobody gives the Lease back then, and whoever ends the service does not wait for that.
    #[test]
    fn a_panic_of_the_leader_s_thread_does_not_hold_the_shutdown() {
        let service = still(|config| {
            let mut election = LeaderElection::new("a/b".parse().expect("a name"));
            let server = Some("http://127.0.0.1:9".to_owned());
            election.cluster = Some(Box::new(cluster::Options { server, ..cluster::Options::default() }));
            config.leader_election = Some(election);
        });
        let inner = service.0.inner.clone();
        start(&inner, LEADER, |_| panic!("as the test wants it")).expect("a thread");
        assert!(is_told(&service));
        let (end, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            service.shutdown();
            let _ = end.send(());
        });
        assert_eq!(ended.recv_timeout(Duration::from_secs(60)), Ok(()));
    }
}
