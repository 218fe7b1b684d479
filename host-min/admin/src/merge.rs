//! `host-min merge`: the archives of all shards become one.

use std::path::PathBuf;
use wagather_archive::{Existing, Output};
use wagather_base::error::Result;
use wagather_cli::display::{Completeness, Display, Event, Settings, Subject};
use wagather_cli::typed::{Words, Wrong};
use wagather_cli::values::wrong;
use wagather_run::merge::{Merge, Merged, merge as run};

/// How many paths of a kind are shown; the report has all.
const SHOWN_PATHS: usize = 5;

/// The words of the command `merge`.
pub(crate) fn of(words: &Words) -> Result<Merge, Wrong> {
    let output = words.one("output").ok_or_else(|| {
        wrong(words.command, "--output <DIR|FILE.tar.gz|-> is missing: where the merged archive goes".into())
    })?;
    Ok(Merge {
        archives: words.operands.iter().map(PathBuf::from).collect(),
        output: Output::parse(output),
        existing: if words.has("overwrite") { Existing::Replace } else { Existing::Keep },
        allows_incomplete: words.has("allow-incomplete"),
    })
}

pub(crate) fn merge(plan: &Merge) -> Result<()> {
    let merged = run(plan)?;
    let display = Display::new(Settings::default());
    let who = Subject::default();
    tell(&merged, &mut |line| display.show(&who, &Event::Warning(line)));
    if let Some(path) = &merged.path {
        let wholeness = if merged.complete { Completeness::Complete } else { Completeness::Gaps };
        display.show(&who, &Event::Archive(path, wholeness));
    }
    merged.gaps().map_or(Ok(()), Err)
}

/// What could not be joined.
fn tell(merged: &Merged, say: &mut dyn FnMut(&str)) {
    let Merged { apart, .. } = merged;
    for path in apart.iter().take(SHOWN_PATHS) {
        say(&format!("{path} differs between shards and cannot be joined; each is kept below shards/INDEX"));
    }
    if apart.len() > SHOWN_PATHS {
        say(&format!("{} more files differ; 'merged' in wagather.json lists all", apart.len() - SHOWN_PATHS));
    }
}
