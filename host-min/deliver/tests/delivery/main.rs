//! Delivery to a server that fails in every way that a server can, and the spool between.
//!
//! Not here: the command line, processes that are killed, and full disks. Those are the business of the repository's end-to-end tests.

mod faults;
mod server;
mod spool;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wagather_archive::{Archive, Existing, Output};
use wagather_deliver::{Destination, Pace, Step, Template, Transport, Url};

/// Writes an archive as the host does, with a report of its own.
fn archive(path: &Path, report: &str) -> PathBuf {
    let archive = Archive::create(&Output::TarGz(path.into()), Existing::Keep, 0, 0).expect("an archive");
    let report = format!("{{\"wagather\":1,\"test\":{report:?}}}");
    archive.finish(Vec::new(), true, b"", |_| report.into_bytes()).expect("an archive");
    path.to_owned()
}

/// A destination that is tried again soon.
fn to(url: &str) -> Destination {
    Destination {
        url: Url::Typed(Template::parse(url).expect("a URL")),
        form: None,
        fields: None,
        timeout: Duration::from_secs(60),
        pace: Pace { first: Duration::from_millis(1), most: Duration::from_millis(8) },
        transport: Transport::default(),
    }
}

/// What is told, in a word each.
#[derive(Default)]
struct Told(RefCell<Vec<String>>);

impl Told {
    fn tell(&self) -> impl Fn(&Step<'_>) {
        |step| {
            self.0.borrow_mut().push(match step {
                Step::Again { reason, .. } => format!("again: {reason}"),
                Step::Delivered(receipt) => format!("delivered {}", receipt.archive),
                Step::Already(name) => format!("already {name}"),
                Step::Refused { archive, reason, .. } => format!("refused {archive}: {reason}"),
                Step::Evicted { archive, .. } => format!("evicted {archive}"),
                Step::Foreign(name) => format!("foreign {name}"),
                Step::Busy => "busy".to_owned(),
                Step::Removed(path) => format!("removed {}", path.file_name().expect("a name").display()),
                Step::Warning(text) => format!("warning: {text}"),
            });
        }
    }

    fn count(&self) -> usize {
        self.0.borrow().len()
    }

    fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

/// The names in a folder, but for locks.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".lock")).collect();
    names.sort();
    names
}
