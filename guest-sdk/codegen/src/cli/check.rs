//! `codegen check`.

use super::shown::print_json;
use super::source::Source;
use super::{declaration_file, print};
use crate::check::{Change, Stale, compare, stale};
use crate::{Declaration, Error, Plan, Saved, Schemas, emit};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use wagather_printable::Page;

/// Check whether a generated module is up to date, and compare its schemas with others
///
/// Without a source, compares the module with what generate would write now. With --schema or --cluster, also compares the
/// schemas of the declaration with those, for the fields that the gatherer reads. Differences that break the built gatherer
/// are errors: removed fields, types that do not decode, requests that fail. Other differences are notes: new enum values,
/// fields that became optional, newer versions.
#[derive(Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Check {
    /// Declaration files, or folders with a gather.yaml
    #[arg(value_name = "GATHER", default_value = "gather.yaml")]
    declarations: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,

    /// Print the differences as JSON
    #[arg(long)]
    json: bool,
}

/// The result for one declaration, or the error.
struct Checked {
    file: PathBuf,
    found: Result<Found, Error>,
}

struct Found {
    output: PathBuf,
    /// The first difference of the module.
    stale: Option<Stale>,
    changes: Vec<Change>,
}

impl Checked {
    fn breaks(&self) -> bool {
        match &self.found {
            Ok(found) => found.stale.is_some() || found.changes.iter().any(|change| change.effect.breaks()),
            Err(_) => true,
        }
    }
}

/// Whether nothing breaks.
pub(super) fn check(check: &Check) -> Result<bool, Error> {
    let files: Vec<PathBuf> = check.declarations.iter().map(|path| declaration_file(path)).collect();
    let declarations: Vec<Result<Declaration, Error>> =
        files.iter().map(|file| Declaration::read(file)).collect();
    let names: Vec<String> = declarations
        .iter()
        .flatten()
        .flat_map(|declaration| declaration.resources.iter().map(|wanted| wanted.resource.clone()))
        .collect();
    let others = check.source.documents(Some(&names))?;
    // An error in one does not stop the others.
    let checked: Vec<Checked> = files
        .into_iter()
        .zip(declarations)
        .map(|(file, declaration)| Checked {
            file,
            found: declaration.and_then(|declaration| of_one(&declaration, others.as_deref())),
        })
        .collect();
    let has_others = others.is_some();
    if check.json { print_json(&as_json(&checked)) } else { print(&as_page(&checked, has_others)) }?;
    Ok(!checked.iter().any(Checked::breaks))
}

fn of_one(declaration: &Declaration, others: Option<&[Saved]>) -> Result<Found, Error> {
    let declared = match &declaration.schemas[..] {
        [] => None,
        _ => Some(declaration.documents()?),
    };
    // Without its own schemas, the module was made from the others.
    let made_of = declared.as_deref().or(others).ok_or_else(|| {
        let why = "no schema is given: give --schema PATH or --cluster, or write 'schemas: [FILE]'";
        Error::of_file(&declaration.file, why)
    })?;
    let known = super::known(made_of)?;
    let plan = Plan::new(declaration, &known)?;
    let is = std::fs::read_to_string(&declaration.output).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let advice = format!("run 'codegen generate {}'", declaration.file.display());
            Error::of_file(&declaration.output, format!("it does not exist: {advice}"))
        }
        _ => Error::unreadable(&declaration.output, &error),
    })?;
    let changes = match (&declared, others) {
        (Some(_), Some(others)) => compare(declaration, &plan, &known, &Schemas::of(others)?)?,
        _ => Vec::new(),
    };
    Ok(Found { output: declaration.output.clone(), stale: stale(&is, &emit::rust(&plan)), changes })
}

fn as_page(checked: &[Checked], has_others: bool) -> Page {
    let mut page = Page::new();
    for Checked { file, found } in checked {
        let file = file.display();
        let Found { output, stale, changes } = match found {
            Ok(found) => found,
            // The error already names the file.
            Err(why) => {
                why.mistakes().for_each(|mistake| page.line(format_args!("error: {mistake}")));
                continue;
            }
        };
        match stale {
            None => page.line(format_args!("{file}: {} is up to date", output.display())),
            Some(Stale { line, is, would_be }) => {
                page.line(format_args!("{file}: {} is stale, from line {line}:", output.display()));
                is.iter().for_each(|line| page.line(format_args!("  - {line}")));
                would_be.iter().for_each(|line| page.line(format_args!("  + {line}")));
                page.line(format_args!("  run 'codegen generate {file}'"));
            }
        }
        if has_others && changes.is_empty() {
            page.line(format_args!("{file}: no difference in what it reads"));
        }
        let (breaking, harmless): (Vec<_>, Vec<_>) =
            changes.iter().partition(|change| change.effect.breaks());
        for change in breaking {
            page.line(format_args!("{file}: error: {change}"));
        }
        for change in harmless {
            page.line(format_args!("{file}: note: {change}"));
        }
    }
    page
}

fn as_json(checked: &[Checked]) -> Value {
    let change = |Change { path, what, effect }: &Change| json!({"path": path, "what": what, "effect": effect.name(), "breaks": effect.breaks()});
    let stale = |Stale { line, is, would_be }: &Stale| json!({"line": line, "is": is, "wouldBe": would_be});
    let one = |checked: &Checked| {
        let mut told = json!({"declaration": checked.file.display().to_string(), "breaks": checked.breaks()});
        match &checked.found {
            Ok(found) => {
                told["output"] = found.output.display().to_string().into();
                told["stale"] = found.stale.as_ref().map(stale).into();
                told["changes"] = found.changes.iter().map(change).collect();
            }
            Err(why) => told["error"] = why.to_string().into(),
        }
        told
    };
    json!({"declarations": checked.iter().map(one).collect::<Vec<_>>()})
}
