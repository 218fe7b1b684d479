//! Reads a grant file, and reports its mistakes.

use super::Grant;
use std::path::Path;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::file;
use wagather_base::limits::MAX_GRANT_BYTES;
use wagather_yaml as yaml;

/// Mistakes of one file that are shown. Further ones are counted.
pub(super) const MAX_SHOWN_MISTAKES: usize = 20;

impl Grant {
    /// Reads a grant file.
    pub fn read(path: &Path) -> Result<Grant> {
        let failure = |reason: &dyn std::fmt::Display| {
            Failure::new(Class::Config, format!("cannot read the grant {}", path.display()), reason)
        };
        let bytes = file::read(path, MAX_GRANT_BYTES).map_err(|error| failure(&error))?;
        let text = String::from_utf8(bytes).map_err(|error| describe_mistakes(path, &[not_utf8(&error)]))?;
        let grant = Grant::parse(&text).map_err(|mistakes| describe_mistakes(path, &mistakes))?;
        Ok(Grant { file: path.display().to_string(), ..grant })
    }
}

/// The place of the first byte that is not UTF-8.
fn not_utf8(error: &std::string::FromUtf8Error) -> yaml::Error {
    let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let line = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    let place = yaml::Place {
        line: before.split(|&byte| byte == b'\n').count(),
        column: String::from_utf8_lossy(line).chars().count() + 1,
    };
    yaml::Error { place, message: "this is not UTF-8".into() }
}

/// The mistakes of a file, in a form in which an editor can jump to them.
pub(super) fn describe_mistakes(path: &Path, mistakes: &[yaml::Error]) -> Failure {
    let mut lines: Vec<String> =
        mistakes.iter().take(MAX_SHOWN_MISTAKES).map(|mistake| mistake.in_file(path.display())).collect();
    if mistakes.len() > MAX_SHOWN_MISTAKES {
        lines.push(format!("and {} more", mistakes.len() - MAX_SHOWN_MISTAKES));
    }
    Failure::of_many(Class::Config, "cannot use the grant", lines)
}
