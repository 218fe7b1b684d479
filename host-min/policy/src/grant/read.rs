//! Reads a grant file, and says what is wrong with it.

use super::Grant;
use std::path::Path;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::file;
use wagather_base::limits::MAX_GRANT_BYTES;
use wagather_yaml as yaml;

/// Mistakes that are told of one file; more are counted.
pub(super) const MAX_MISTAKES_TOLD: usize = 20;

impl Grant {
    /// Reads a grant file.
    pub fn read(path: &Path) -> Result<Grant> {
        let failure = |reason: &dyn std::fmt::Display| {
            Failure::new(Class::Config, format!("cannot read the grant {}", path.display()), reason)
        };
        let bytes = file::read(path, MAX_GRANT_BYTES).map_err(|error| failure(&error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&byte| byte == b'\n').count();
            failure(&format_args!("line {line} is not UTF-8"))
        })?;
        let grant = Grant::parse(&text).map_err(|mistakes| told(path, &mistakes))?;
        Ok(Grant { file: path.display().to_string(), ..grant })
    }
}

/// The mistakes of a file, as an editor can jump to them.
pub(super) fn told(path: &Path, mistakes: &[yaml::Error]) -> Failure {
    let mut lines: Vec<String> = mistakes
        .iter()
        .take(MAX_MISTAKES_TOLD)
        .map(|mistake| {
            let place = mistake.place;
            format!("{}:{}:{}: {}", path.display(), place.line, place.column, mistake.message)
        })
        .collect();
    if mistakes.len() > MAX_MISTAKES_TOLD {
        lines.push(format!("and {} more", mistakes.len() - MAX_MISTAKES_TOLD));
    }
    Failure::of_many(Class::Config, "cannot use the grant", lines)
}
