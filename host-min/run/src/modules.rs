//! Where modules come from: a file, a folder of them, stdin, or a registry.
//!
//! A folder can be a ConfigMap or an image volume in a pod: it has files, or links to files, and other names that begin with
//! a dot. This module does not look into the modules.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::file;
use wagather_base::limits::{MAX_GATHERERS, MAX_MODULE_BYTES, MAX_SIGNATURE_BYTES};
use wagather_registry::{Options, Pulled, Reference, SCHEME, pull};

/// A module to run.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Its name in messages: its file, or its reference in a registry, with the digest.
    pub label: String,
    /// Its bytes.
    pub module: Vec<u8>,
    /// Its detached minisign signature.
    pub signature: Option<Vec<u8>>,
}

/// The name of stdin.
const STDIN: &str = "-";

impl Guest {
    /// Reads one module: a file, `-` for stdin, or `oci://…` for one in a registry. The signature of a file is read from
    /// `GUEST.wasm.minisig`, if that exists. A module from stdin has none.
    pub fn read(path: &Path, registry: &Options) -> Result<Guest> {
        if let Some(reference) = in_registry(path) {
            return pulled(reference, registry);
        }
        if path == Path::new(STDIN) {
            let label = "stdin";
            let module = file::read_stdin(MAX_MODULE_BYTES)
                .map_err(|reason| unreadable("the module on", label, &reason))?;
            return Ok(Guest { label: label.into(), module, signature: None });
        }
        let module = file::read(path, MAX_MODULE_BYTES)
            .map_err(|error| unreadable("the module", &path.display().to_string(), &error))?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".minisig");
        let beside = PathBuf::from(beside);
        let signature = match file::read(&beside, MAX_SIGNATURE_BYTES) {
            Ok(signature) => Some(signature),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable("the signature", &beside.display().to_string(), &error)),
        };
        Ok(Guest { label: path.display().to_string(), module, signature })
    }

    /// Reads the modules at a path: all modules in a folder, ordered by name, or [one](Guest::read).
    pub fn read_all(path: &Path, registry: &Options) -> Result<Vec<Guest>> {
        if path.is_dir() {
            in_folder(path)?.iter().map(|file| Guest::read(file, registry)).collect()
        } else {
            Ok(vec![Guest::read(path, registry)?])
        }
    }

    /// The reference with a digest, if it comes from a registry.
    pub fn reference(&self) -> Option<&str> {
        Some(&*self.label).filter(|label| label.starts_with(SCHEME))
    }
}

/// The path, if it is the reference of a module in a registry.
pub fn in_registry(path: &Path) -> Option<&str> {
    path.to_str().filter(|path| path.starts_with(SCHEME))
}

fn pulled(reference: &str, registry: &Options) -> Result<Guest> {
    let parsed = Reference::parse(reference).map_err(|why| unreadable("the module", reference, &why))?;
    let Pulled { reference, module, signature } = pull(&parsed, registry)?;
    Ok(Guest { label: reference.to_string(), module, signature })
}

/// The modules directly in a folder: names that end in `.wasm` and do not begin with a dot.
pub fn in_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let failure = |reason: &dyn std::fmt::Display| {
        unreadable("the modules of the folder", &folder.display().to_string(), reason)
    };
    let mut files = Vec::new();
    for entry in folder.read_dir().map_err(|error| failure(&error))? {
        let path = entry.map_err(|error| failure(&error))?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && path.extension().is_some_and(|extension| extension == "wasm") && !path.is_dir() {
            files.push(path);
        }
        if files.len() > MAX_GATHERERS {
            return Err(failure(&format_args!("there are more than {MAX_GATHERERS}")));
        }
    }
    if files.is_empty() {
        return Err(failure(&"it has no file that ends in .wasm"));
    }
    files.sort();
    Ok(files)
}

fn unreadable(what: &str, name: &str, reason: &dyn std::fmt::Display) -> Failure {
    Failure::new(Class::Module, format!("cannot read {what} {name}"), reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn read_all(path: &Path) -> Result<Vec<Guest>> {
        Guest::read_all(path, &Options::default())
    }

    #[test]
    fn a_folder_is_read_as_a_volume_of_a_pod() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        let failure = read_all(place.path()).expect_err("nothing there");
        assert_eq!(failure.class, Class::Module);
        assert!(failure.reason.contains("no file that ends in .wasm"), "{failure}");
        // The layout of a ConfigMap in a pod.
        std::fs::create_dir(at("..2026")).expect("a folder");
        std::fs::write(at("..2026/b.wasm"), "b").expect("a file");
        symlink("..2026", at("..data")).expect("a link");
        symlink("..data/b.wasm", at("b.wasm")).expect("a link");
        std::fs::write(at("a.wasm"), "a").expect("a file");
        std::fs::write(at("a.wasm.minisig"), "signed").expect("a file");
        std::fs::write(at(".hidden.wasm"), "").expect("a file");
        std::fs::write(at("grant.yaml"), "").expect("a file");
        std::fs::create_dir(at("folder.wasm")).expect("a folder");
        let guests = read_all(place.path()).expect("two");
        let read: Vec<_> = guests.iter().map(|guest| (&*guest.module, guest.signature.as_deref())).collect();
        assert_eq!(read, [(&b"a"[..], Some(&b"signed"[..])), (b"b", None)]);
        assert_eq!(guests[1].label, at("b.wasm").display().to_string());
        symlink("nowhere", at("c.wasm")).expect("a link");
        assert!(read_all(place.path()).is_err(), "a module that is not there is left out");
        assert_eq!(read_all(&at("a.wasm")).map(|one| one.len()), Ok(1));
    }
}
