//! The thread that delivers archives: through the spool, if there is one, so that an archive survives a server that is away.

use super::Inner;
use crate::config::Delivery;
use crate::log::{Entry, Level};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use wagather_base::error::Failure;
use wagather_deliver::{Spool, Step, send};

/// When what waits in the spool is tried again, if no run ends before.
const AGAIN: Duration = Duration::from_secs(60);

/// What there is to deliver.
pub(super) enum ToDeliver {
    /// The spool has a new archive.
    InSpool,
    /// An archive that waits nowhere.
    Directly(PathBuf),
}

/// Puts an archive into the spool, so that it is delivered whatever happens to this service. Without a spool, or if the spool has no room,
/// the archive is to be sent at once.
pub(super) fn accept(inner: &Inner, delivery: &Delivery, archive: &Path) -> ToDeliver {
    let Some((folder, bytes)) = &delivery.spool else { return ToDeliver::Directly(archive.to_owned()) };
    let put = Spool::open(folder, *bytes).and_then(|spool| spool.put(archive, &|step| told(inner, step)));
    match put {
        Ok(_) => ToDeliver::InSpool,
        Err(failure) => {
            failed(inner, &failure);
            ToDeliver::Directly(archive.to_owned())
        }
    }
}

/// Delivers the archives of complete runs, until the service ends.
pub(super) fn run(inner: &Arc<Inner>, archives: &Receiver<ToDeliver>) {
    // What an earlier service left in the spool.
    let (mut waits, mut time) = (true, Duration::ZERO);
    loop {
        let next = if waits {
            archives.recv_timeout(time)
        } else {
            archives.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        time = AGAIN;
        let archive = match next {
            Ok(ToDeliver::Directly(archive)) => Some(archive),
            Ok(ToDeliver::InSpool) | Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let config = inner.lock().config.clone();
        if let Some(delivery) = &config.delivery {
            if let Some(archive) = archive {
                directly(inner, delivery, &archive);
            }
            waits = match &delivery.spool {
                Some((folder, bytes)) => from_spool(inner, delivery, folder, *bytes),
                None => false,
            };
        }
    }
}

/// Sends what is in the spool. Says whether something still waits.
fn from_spool(inner: &Inner, delivery: &Delivery, folder: &Path, bytes: u64) -> bool {
    let tell = |step: &Step<'_>| told(inner, step);
    let spool = match Spool::open(folder, bytes) {
        Ok(spool) => spool,
        Err(failure) => {
            failed(inner, &failure);
            return true;
        }
    };
    let done = spool.deliver(&delivery.to, &tell);
    if let Some(failure) = &done.failure {
        failed(inner, failure);
    }
    done.waiting > 0
}

/// Sends an archive that waits nowhere. It stays where it is.
fn directly(inner: &Inner, delivery: &Delivery, archive: &Path) {
    let tell = |step: &Step<'_>| told(inner, step);
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    match File::open(archive) {
        Err(error) => {
            let attempt = format!("cannot deliver {}", archive.display());
            failed(inner, &Failure::new(wagather_base::error::Class::Delivery, attempt, error));
        }
        Ok(file) => match send(&name, &file, &delivery.to, false, delivery.to.until(), &tell) {
            Ok(receipt) => told(inner, &Step::Delivered(&receipt)),
            Err(not) => failed(inner, &not.failure),
        },
    }
}

fn failed(inner: &Inner, failure: &Failure) {
    inner.lock().metrics.undelivered += 1;
    inner.log(&Entry::of(failure).named("delivery"));
}

fn told(inner: &Inner, step: &Step<'_>) {
    let (level, text) = match step {
        Step::Delivered(receipt) => {
            inner.lock().metrics.delivered += 1;
            inner.log(&Entry::new(Level::Info, "delivery", "delivered").with("receipt", receipt.json()));
            return;
        }
        Step::Again { archive, reason, wait } => {
            (Level::Warn, format!("{archive}: {reason}; tried again in {} ms", wait.as_millis()))
        }
        Step::Already(archive) => (Level::Info, format!("{archive} was delivered before")),
        Step::Refused { archive, reason, kept } => {
            (Level::Error, format!("{archive} was refused and is now {}: {reason}", kept.display()))
        }
        Step::Evicted { archive, bytes } => {
            (Level::Warn, format!("{archive} ({bytes} bytes) was removed from the spool to make room"))
        }
        Step::Foreign(name) => {
            (Level::Warn, format!("{name} is in the spool, and no archive of this program"))
        }
        Step::Busy => (Level::Info, "another process delivers from the spool".to_owned()),
        Step::Removed(path) => (Level::Info, format!("{} was removed", path.display())),
        Step::Warning(text) => (Level::Warn, (*text).to_owned()),
    };
    inner.log(&Entry::new(level, "delivery", text));
}
