//! `codegen verify`: checks handwritten structs against schemas.

use super::shown::{print_json, print_line, say};
use super::source::Source;
use crate::verify::{Level, Report, root_of, schemas_of, verify};
use crate::{Error, Schemas};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The sources and the schemas.
#[derive(Args)]
pub(super) struct Verify {
    /// Crate folder, or the root file of its sources; the declaration is the gather.yaml beside its Cargo.toml
    #[arg(value_name = "FILE|CRATE", default_value = "src/lib.rs")]
    sources: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,

    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Checks all crates, and returns whether they are correct.
    pub(super) fn run(&self) -> Result<bool, Error> {
        let given = match self.source.documents(None)? {
            Some(documents) => Some(super::known(&documents)?),
            None => None,
        };
        let mut all = Report::default();
        for path in &self.sources {
            let root = root_of(path)?;
            let report = match &given {
                Some(schemas) => verify(&root, schemas),
                None => verify(&root, &Schemas::read(&schemas_of(&root)?)?),
            };
            all.append(report);
        }
        if self.json {
            print_json(&as_json(&all))?;
        } else {
            for message in &all.messages {
                say(format_args!("{}: {message}", message.level.as_str()));
            }
            print_line(summary(&all))?;
        }
        Ok(all.count(Level::Error) == 0)
    }
}

/// The summary of a report.
fn summary(report: &Report) -> String {
    let number = |number: usize, of: &str| format!("{number} {of}{}", if number == 1 { "" } else { "s" });
    let mut summary = match report.resources {
        0 => "no resource is declared".to_owned(),
        resources => {
            format!("{} with {}", number(resources, "resource"), number(report.fields, "field"))
        }
    };
    for (at, level) in [Level::Error, Level::Warning, Level::Note].into_iter().enumerate() {
        summary += if at == 0 { ": " } else { ", " };
        summary += &number(report.count(level), level.as_str());
    }
    summary
}

fn as_json(report: &Report) -> Value {
    let messages = report.messages.iter().map(|message| {
        json!({
            "level": message.level.as_str(),
            "file": message.file,
            "line": message.line,
            "column": message.column,
            "path": message.path,
            "text": message.text,
        })
    });
    json!({
        "resources": report.resources,
        "fields": report.fields,
        "messages": messages.collect::<Vec<Value>>(),
    })
}
