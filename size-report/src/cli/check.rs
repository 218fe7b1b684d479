//! `size-report check`: the budget, the baselines, and the verdicts.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    arguments::{Check, Output},
    print, with_analysis,
};
use crate::{
    Error,
    analyses::{
        at_rest::AtRest,
        budget::{Budget, Limits, Verdict},
        names::Sources,
        snapshot::Snapshot,
    },
    emit,
};

pub(super) fn check(options: &Check, output: impl Write) -> Result<ExitCode, Error> {
    let text =
        fs::read_to_string(&options.budget).map_err(|source| Error::unreadable(&options.budget, source))?;
    let bad = |error: toml::de::Error| Error::BadBudget {
        file: options.budget.clone(),
        reason: error.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let budget = Budget::parse(&text).map_err(bad)?;
    let folder = options.budget.parent().unwrap_or(Path::new(""));
    if options.update {
        for limits in &budget.modules {
            update(folder, limits)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let verdicts: Vec<Verdict> =
        budget.modules.iter().map(|limits| judge(folder, limits)).collect::<Result<_, _>>()?;
    let printed = print(output, |output| match options.output() {
        Output::Json => emit::json::write(&verdicts, output),
        Output::Markdown => emit::markdown::verdicts(&verdicts, output),
        Output::Text => emit::text::verdicts(&verdicts, output),
    });
    let fails = verdicts.iter().any(|verdict| !verdict.failures.is_empty());
    Ok(if fails { ExitCode::FAILURE } else { printed })
}

fn judge(folder: &Path, limits: &Limits) -> Result<Verdict, Error> {
    let baseline = match &limits.baseline {
        Some(file) => Some(read_baseline(&folder.join(file))?),
        None => None,
    };
    with_analysis(&folder.join(&limits.file), Sources::default(), |analysis| {
        Ok(limits.judge(analysis, &AtRest::of(analysis.module), baseline.as_ref()))
    })
}

fn read_baseline(file: &PathBuf) -> Result<Snapshot, Error> {
    let bad = |error: String| Error::BadBudget {
        file: file.clone(),
        reason: format!("{error}; rewrite it with `size-report check --update`"),
    };
    let text = fs::read(file).map_err(|error| bad(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))
}

fn update(folder: &Path, limits: &Limits) -> Result<(), Error> {
    let Some(baseline) = &limits.baseline else { return Ok(()) };
    let file = folder.join(baseline);
    let snapshot = super::snapshot(&folder.join(&limits.file), Sources::default())?;
    let unwritable = |source| Error::Unwritable { file: file.clone(), source };
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).map_err(unwritable)?;
    }
    let mut text = Vec::new();
    emit::json::baseline(&snapshot, &mut text).map_err(unwritable)?;
    fs::write(&file, text).map_err(unwritable)
}
