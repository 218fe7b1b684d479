//! What was delivered, when, where and with which checksum: a line of JSON.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::to_string;
use wagather_archive::{Existing, Target};
use wagather_base::error::{Class, Failure};

/// What a server confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The archive's name.
    pub archive: String,
    /// Its checksum, in hexadecimal digits.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Where it went; without what may be secret.
    pub url: String,
    /// The status of the answer.
    pub status: u16,
    /// How many requests it took.
    pub requests: u32,
    /// When the answer came: RFC 3339.
    pub time: String,
}

impl Receipt {
    /// How the line of an archive begins, whatever the rest is.
    pub(crate) fn beginning(archive: &str, sha256: &str) -> String {
        format!("{{\"archive\":{},\"sha256\":\"{sha256}\",", json(archive))
    }

    /// How a line says where the archive went.
    pub(crate) fn place(url: &str) -> String {
        format!(",\"url\":{},\"status\":", json(url))
    }

    /// The line, without its end.
    pub fn json(&self) -> String {
        format!(
            "{}\"bytes\":{}{}{},\"requests\":{},\"time\":\"{}\"}}",
            Receipt::beginning(&self.archive, &self.sha256),
            self.bytes,
            Receipt::place(&self.url),
            self.status,
            self.requests,
            self.time
        )
    }

    /// Writes it beside the archive, as `ARCHIVE.delivered.json`. Replaces an older one, and nothing else.
    ///
    /// # Errors
    /// [`Class::Output`].
    pub fn write_beside(&self, archive: &Path) -> Result<PathBuf, Failure> {
        let mut name = archive.as_os_str().to_owned();
        name.push(".delivered.json");
        let path = PathBuf::from(name);
        write(&path, "the receipt", &self.json(), is_receipt)?;
        Ok(path)
    }
}

/// Writes a line of JSON to a file of its own.
pub(crate) fn write(path: &Path, what: &str, line: &str, is_ours: fn(&Path) -> bool) -> Result<(), Failure> {
    let target = Target::claim_over(path, what, Existing::Replace, is_ours)?;
    let (mut file, partial) = target.new_file()?;
    file.write_all(format!("{line}\n").as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| target.place(partial.path(), Existing::Replace, is_ours))
        .map_err(|error| {
            Failure::new(Class::Output, format!("cannot write {what} {}", path.display()), error)
        })
}

/// A JSON string.
pub(crate) fn json(text: &str) -> String {
    to_string(text).unwrap_or_default()
}

/// Whether a file begins as a receipt does.
pub(crate) fn is_receipt(path: &Path) -> bool {
    let begin = br#"{"archive":""#;
    let mut bytes = vec![0; begin.len()];
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    let read: io::Result<()> = if is_file {
        File::open(path).and_then(|mut file| file.read_exact(&mut bytes))
    } else {
        Err(io::ErrorKind::NotFound.into())
    };
    read.is_ok() && bytes == begin
}
