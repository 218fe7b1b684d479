//! The API while it runs.

use super::backend::Backend;
use super::listeners;
use super::routes::Routes;
use crate::config;
use crate::service::start_thread;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use wagather_base::error::{Class, Failure, Result};
use wagather_http::{Address, Limits, Listener, Server, Stopper};

/// Bytes of a request's body. The service remembers the parameters of up to 1,500 runs, and pages show them.
const MAX_BODY_BYTES: usize = 16 << 10;

/// An API that runs on threads of its own: one that serves, and one that stands by.
#[derive(Debug)]
pub struct Api {
    addresses: Vec<Address>,
    stopper: Stopper,
    ended: Receiver<()>,
}

/// An API whose sockets are open, and that answers nobody yet.
#[derive(Debug)]
pub struct Opened(Vec<Listener>);

impl Api {
    /// Whether the settings may be used, without opening a socket.
    ///
    /// # Errors
    /// Other machines would reach an address, and nothing says who may use it, or a file cannot be used.
    pub fn check(settings: &config::Api) -> Result<()> {
        listeners::check(settings)
    }

    /// Opens the sockets. Those that the service manager passed count if the settings name none; without either, it is a Unix socket in
    /// the folder of archives.
    ///
    /// # Errors
    /// As [`check`](Api::check), or an address cannot be had.
    pub fn open(settings: &config::Api, inherited: Vec<OwnedFd>, archives: &Path) -> Result<Opened> {
        listeners::open(settings, inherited, archives).map(Opened)
    }

    /// Where it listens, with the ports that it got.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Stops it: no connection is accepted any more. Returns when the requests under way are answered, at the latest after 5 s.
    pub fn stop(self) {
        self.stopper.stop();
        // A second more than the server's own limit.
        let _ = self.ended.recv_timeout(Limits::default().grace + Duration::from_secs(1));
    }
}

/// A thread of the API while it works.
struct AtWork(Arc<dyn Backend>);

impl Drop for AtWork {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.api_is_gone("the thread of its API has panicked");
        }
    }
}

impl Opened {
    /// Answers requests, on a thread of its own. `warn` hears of credentials that changed and cannot be used.
    pub fn serve(self, backend: impl Backend, warn: impl Fn(String) + Send + Sync + 'static) -> Result<Api> {
        let Opened(listeners) = self;
        let addresses = listeners.iter().map(|listener| listener.address().clone()).collect();
        let warn: Box<dyn Fn(String) + Send + Sync> = Box::new(warn);
        let warn = Arc::new(warn);
        let limits = Limits { body_bytes: MAX_BODY_BYTES, ..Limits::default() };
        let backend: Arc<dyn Backend> = Arc::new(backend);
        let server = Server::new(limits, Routes::new(Arc::clone(&backend), warn));
        let stopper = server.stopper();
        let (end, ended) = channel();
        let serve = move || {
            let _at_work = AtWork(Arc::clone(&backend));
            let standby = AtWork(Arc::clone(&backend));
            let start_standby = |work: wagather_http::Work| {
                start_thread("api", move || {
                    let _at_work = standby;
                    work();
                })
            };
            if let Err(error) = server.run_with_standby(listeners, start_standby) {
                backend.api_is_gone(&format!("its API has ended: {error}"));
            }
            // Whoever stopped it may have gone on.
            let _ = end.send(());
        };
        start_thread("api", serve)
            .map_err(|error| Failure::new(Class::Internal, "cannot start the API", error))?;
        Ok(Api { addresses, stopper, ended })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Fake;
    use super::*;

    #[test]
    fn an_api_whose_thread_panics_is_missed_and_one_that_ends_is_not() {
        let fake = Fake::default();
        let serves = |panics: bool| {
            let at_work = AtWork(Arc::new(fake.clone()));
            let thread = std::thread::spawn(move || {
                let _at_work = at_work;
                assert!(!panics, "as the test wants it");
            });
            assert_eq!(thread.join().is_err(), panics);
        };
        serves(false);
        assert_eq!(fake.lock().broken, None);
        serves(true);
        assert_eq!(fake.lock().broken.as_deref(), Some("the thread of its API has panicked"));
    }
}
