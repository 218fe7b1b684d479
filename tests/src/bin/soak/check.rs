//! What is found wrong, and what is true of each run and its archive.

use crate::modules::Gatherer;
use serde_json::Value;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tests::archive::Archive;

/// What was found wrong. Only the first of many is shown.
#[derive(Default)]
pub(crate) struct Wrong(Mutex<(Vec<String>, u64)>);

/// How many are shown.
const SHOWN: usize = 20;

impl Wrong {
    pub(crate) fn tell(&self, what: String) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.1 += 1;
        if told.0.len() < SHOWN {
            told.0.push(what);
        }
    }

    /// All that is shown, and how many there were.
    pub(crate) fn all(&self) -> (Vec<String>, u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a run was, of which the service says that it has ended.
pub(crate) struct Run<'a> {
    pub(crate) gatherer: &'a Gatherer,
    /// The version that was in force before the run was asked for.
    pub(crate) confirmed: u64,
    pub(crate) status: &'a Value,
}

impl Run<'_> {
    fn text(&self, key: &str) -> &str {
        self.status[key].as_str().unwrap_or_default()
    }

    /// Its state.
    pub(crate) fn state(&self) -> &str {
        self.text("state")
    }

    /// Checks what the service says of it, and what its archive says. Says whether there was an archive to check.
    pub(crate) fn check(&self, archives: &Path) -> Result<bool, String> {
        let (id, name) = (self.text("id"), &*self.gatherer.name);
        let says = |what: String| Err(format!("run {id} of {name}: {what}: {}", self.status));
        if !["complete", "gaps", "failed"].contains(&self.state()) || self.text("gatherer") != name {
            return says("no end of a run".into());
        }
        let digest = self.text("digest");
        let Some(version) = self.gatherer.version(digest) else {
            return says("it has the digest of no version".into());
        };
        if version < self.confirmed {
            let confirmed = self.confirmed;
            return says(format!(
                "it ran version {version}, and {confirmed} was in force before it was asked for"
            ));
        }
        if self.state() != "complete" {
            return Ok(false);
        }
        let path = archives.join(name).join(format!("{name}-{id}.tar.gz"));
        let Ok(bytes) = std::fs::read(&path) else {
            // Later runs may have made it too old.
            return Ok(false);
        };
        let archive = Archive::from_tar_gz(&bytes);
        let reported = archive.gatherer(name)["module"]["sha256"].as_str().unwrap_or_default().to_owned();
        if reported != digest {
            return says(format!("its report has the digest {reported}"));
        }
        let told = ["before", "after"]
            .map(|part| String::from_utf8_lossy(archive.bytes(&format!("{name}/{part}.txt"))).into_owned());
        if told != [version.to_string(), version.to_string()] {
            return says(format!("its module is version {version}, and its entries are of {told:?}"));
        }
        Ok(true)
    }
}
