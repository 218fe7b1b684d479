//! Where an archive is written. It is claimed before a run, and made later.
//!
//! To make a file takes a file system as long as to send a request, and to look for what killed runs left takes longer the more archives there are.
//! A run does both while the server has its first request. What can be seen without that is checked before.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::target::{Partial, Target};
use wagather_base::error::Failure;

/// The place of an archive.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) target: Arc<Target>,
    pub(super) form: Form,
    pub(super) made: OnceLock<Result<Made, Failure>>,
}

/// What is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Folder,
    TarGz,
    Stdout,
    Nameless,
}

/// What was made there, under a hidden name.
#[derive(Debug)]
pub(super) enum Made {
    Folder(Partial),
    TarGz(File, Partial),
    /// It has no name before it is finished.
    Nothing,
}

impl Place {
    pub(super) fn new(form: Form, target: Target) -> Arc<Place> {
        Arc::new(Place { target: Arc::new(target), form, made: OnceLock::new() })
    }

    /// Makes it, unless that was done or has failed before.
    pub(super) fn make(&self) -> Result<&Made, Failure> {
        let made = self.made.get_or_init(|| match self.form {
            Form::Folder => self.target.new_folder().map(Made::Folder),
            Form::TarGz => self.target.new_file().map(|(file, partial)| Made::TarGz(file, partial)),
            Form::Stdout | Form::Nameless => Ok(Made::Nothing),
        });
        made.as_ref().map_err(Clone::clone)
    }

    /// The path at which a section's files are collected, if they are.
    pub(super) fn folder(&self) -> Result<Option<&Path>, Failure> {
        match self.make()? {
            Made::Folder(partial) => Ok(Some(partial.path())),
            Made::TarGz(..) | Made::Nothing => Ok(None),
        }
    }
}
