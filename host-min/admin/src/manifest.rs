//! `host-min manifest`: writes a manifest from a text file into a module, for compilers that cannot write custom
//! sections.

use crate::inspect::inspect;
use std::fmt::Display;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use wagather_abi::limits::MAX_MANIFEST_BYTES;
use wagather_abi::manifest::records;
use wagather_archive::{Existing, Target};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::limits::MAX_MEMORY_BYTES;
use wagather_module::with_manifest;
use wagather_policy::manifest::Manifest;
use wagather_run::modules::Guest;
use wagather_sandbox::engine;
use wagather_yaml::{Error, Place};

/// A manifest file may also have comments. A file above this size is something else.
const MAX_FILE_BYTES: u64 = 16 * MAX_MANIFEST_BYTES as u64;

pub(crate) fn manifest(
    file: &Path,
    guest: &Path,
    registry: &wagather_registry::Options,
    output: Option<&Path>,
) -> Result<()> {
    let shown = file.display();
    let failure = |reason: &dyn Display| {
        Failure::new(Class::Module, format!("cannot use the manifest {shown}"), reason)
    };
    let text = wagather_base::file::read_text(file, MAX_FILE_BYTES).map_err(|error| failure(&error))?;
    let section = section(&text).map_err(|error| failure(&error.in_file(file.display())))?;
    Manifest::parse(section.as_bytes()).map_err(|error| failure(&error))?;
    let guest_read = Guest::read(guest, registry)?;
    let is_remote = guest_read.reference().is_some();
    let Guest { label, module, .. } = guest_read;
    let unusable =
        |reason: &dyn Display| Failure::new(Class::Module, format!("{label} cannot be used"), reason);
    let whole = with_manifest(&module, section.as_bytes()).map_err(|error| unusable(&error))?;
    engine::check(&whole, MAX_MEMORY_BYTES, None).map_err(|error| unusable(&error))?;
    let output = match output {
        Some(output) => output,
        None if is_remote || guest == Path::new("-") => {
            let why = if is_remote { "it came from a registry" } else { "it came from stdin" };
            return Err(Failure::new(Class::Output, "cannot write the module", why)
                .advise("name a file with --output"));
        }
        None => guest,
    };
    write(output, &whole)?;
    inspect(output, registry, None, false)
}

/// The section's content.
fn section(text: &str) -> std::result::Result<String, Error> {
    let mut section = String::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        // Keep blanks at the end, because a parameter's value may end in blanks.
        let line = line.trim_start();
        if line.trim_end().is_empty() || line.starts_with('#') {
            continue;
        }
        let at = section.len();
        section.push_str(line);
        section.push('\n');
        if let Some(Err(error)) = records(&section.as_bytes()[at..]).next() {
            let place =
                error.mask_at_byte.map_or(String::new(), |at| format!(" (byte {at} of the field mask)"));
            let message = format!("{}{place}", error.reason);
            return Err(Error { place: Place { line: index + 1, column: indent + 1 }, message });
        }
    }
    if section.len() > MAX_MANIFEST_BYTES {
        let message = format!("the records have {} bytes; the limit is {MAX_MANIFEST_BYTES}", section.len());
        return Err(Error { place: Place { line: text.lines().count(), column: 1 }, message });
    }
    Ok(section)
}

/// Writes a module to a temporary file and renames it when it is complete. It replaces only modules.
fn write(path: &Path, module: &[u8]) -> Result<()> {
    // Replace the target of a symbolic link, not the link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let target = Target::claim_over(&path, "the module", Existing::Replace, is_module)?;
    let before = fs::metadata(&path).map(|metadata| metadata.permissions());
    let (mut file, partial) = target.new_file()?;
    file.write_all(module)
        .and_then(|()| before.map_or(Ok(()), |permissions| file.set_permissions(permissions)))
        .and_then(|()| target.place(partial.path(), Existing::Replace, is_module))
        .map_err(|error| target.failure(&error))
}

fn is_module(path: &Path) -> bool {
    let mut magic = [0; 4];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok_and(|()| magic == *b"\0asm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_people_write_it() {
        let plain = "gatherer 1 a 0.1.0\npath /version\n";
        for text in [
            "gatherer 1 a 0.1.0\npath /version",
            "\u{feff}# What it is\r\ngatherer 1 a 0.1.0\r\n\r\n  # What it reads\r\n  path /version\r\n",
        ] {
            assert_eq!(section(text).as_deref(), Ok(plain), "{text:?}");
        }
        assert_eq!(section("default a  x \n").as_deref(), Ok("default a  x \n"));
        assert_eq!(section("default a #1\n").as_deref(), Ok("default a #1\n"));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let wrong = |text| section(text).expect_err(text).to_string();
        assert_eq!(wrong("# a\n\n  path version\n"), "3:3: not a plain absolute path");
        let mask = wrong("\nresource list /v1/pods * a(\n");
        assert!(mask.starts_with("2:1: ") && mask.contains("of the field mask"), "{mask}");
        let many = "path /version\n".repeat(MAX_MANIFEST_BYTES / 14 + 1);
        assert!(wrong(&many).contains("the limit is"));
    }
}
