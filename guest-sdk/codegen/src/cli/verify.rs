//! `codegen verify`: structs that are written by hand, against the schemas.

use super::print;
use super::source::Source;
use crate::plain::plain;
use crate::verify::{Level, Report, root_of, schemas_of, verify};
use crate::{Error, Schemas};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is checked, and against what.
#[derive(Args)]
pub(super) struct Verify {
    /// The root of a crate's sources, or the crate's folder; its declaration is the gather.yaml beside its Cargo.toml
    #[arg(value_name = "FILE|CRATE", default_value = "src/lib.rs")]
    sources: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,

    /// Print what is found as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Checks everything that is named, and says whether it is right.
    pub(super) fn run(&self) -> Result<bool, Error> {
        let given = match self.source.documents(None)? {
            Some(documents) => Some(Schemas::of(&documents)?),
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
            print(&format!("{:#}\n", as_json(&all)))?;
        } else {
            let (found, summary) = as_text(&all);
            io::stderr()
                .lock()
                .write_all(found.as_bytes())
                .map_err(|error| Error::of_file(Path::new("standard error"), error.to_string()))?;
            print(&summary)?;
        }
        Ok(all.count(Level::Error) == 0)
    }
}

/// What is found, a line each, and how much it is.
fn as_text(report: &Report) -> (String, String) {
    let mut found = String::new();
    for message in &report.messages {
        let _ = writeln!(found, "{}: {}", message.level.as_str(), plain(&message.to_string()));
    }
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
    (found, summary + "\n")
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
