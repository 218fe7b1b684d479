//! A base for kustomize: the objects in files, the modules as they are, and the ConfigMap made of them.

use super::documents::{Deployment, Document, SECRET};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use wagather_base::error::{Class, Failure, Result};
use wagather_printable::Page;

/// Writes all files into a new folder. Nothing that exists is replaced.
pub(super) fn write(folder: &Path, deployment: &Deployment, documents: &[Document]) -> Result<()> {
    let failure = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::new(Class::Output, format!("cannot write {}", path.display()), error)
    };
    fs::create_dir(folder).map_err(|error| {
        failure(folder, &error).advise("name a folder that does not exist, below one that does")
    })?;
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        // Only its owner reads what is secret.
        let mode = if name == SECRET { 0o600 } else { 0o666 };
        let new = File::options().write(true).create_new(true).mode(mode).open(&path);
        let written = new.and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| failure(&path, &error))
    };
    let text = |name: &str, text: &str| {
        let mut page = Page::new();
        page.lines(text);
        write(name, page.as_str().as_bytes())
    };
    let objects = documents.iter().filter(|document| !document.is_of_files());
    objects.clone().try_for_each(|Document { file, text: yaml }| text(file, yaml))?;
    deployment.files.iter().try_for_each(|file| write(&file.name, file.content.bytes()))?;
    text("kustomization.yaml", &deployment.kustomization(documents))
}
