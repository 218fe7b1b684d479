//! `codegen fetch`.

use super::source::Source;
use super::{declaration_file, print_line, write};
use crate::fetch::{self as cutting, Descriptions};
use crate::{Declaration, Error, schema};
use clap::Args;
use std::path::PathBuf;

/// Save schemas, so that a gatherer can be generated and checked without a cluster
#[derive(Args)]
pub(super) struct Fetch {
    /// Declaration files, or folders with a gather.yaml, whose resources to save
    #[arg(value_name = "GATHER", default_value = "gather.yaml")]
    declarations: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,

    /// Output folder
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    output: PathBuf,

    /// Save complete documents, not only the schemas of the declared resources
    #[arg(long)]
    all: bool,

    /// Omit descriptions, which are more than half of the size; generated types then have no comments
    #[arg(long, conflicts_with = "all")]
    no_descriptions: bool,
}

pub(super) fn fetch(fetch: &Fetch) -> Result<(), Error> {
    let files = if fetch.all { whole(fetch)? } else { cut(fetch)? };
    let unwritable =
        |error: std::io::Error| Error::of_file(&fetch.output, format!("cannot be made: {error}"));
    std::fs::create_dir_all(&fetch.output).map_err(unwritable)?;
    for (name, bytes) in files {
        let file = fetch.output.join(name);
        write(&file, &bytes)?;
        print_line(format_args!("{} ({} bytes)", file.display(), bytes.len()))?;
    }
    Ok(())
}

type Files = Vec<(String, Vec<u8>)>;

fn whole(fetch: &Fetch) -> Result<Files, Error> {
    let documents = match fetch.source.documents(None)? {
        Some(documents) => documents,
        None => declared(fetch)?,
    };
    Ok(documents.into_iter().map(|document| (cutting::file_name(&document), document.bytes)).collect())
}

fn cut(fetch: &Fetch) -> Result<Files, Error> {
    let mut names = Vec::new();
    for path in &fetch.declarations {
        let declaration = Declaration::read(&declaration_file(path))?;
        names.extend(declaration.resources.into_iter().map(|wanted| wanted.resource));
    }
    let documents = match fetch.source.documents(Some(&names))? {
        Some(documents) => documents,
        None => declared(fetch)?,
    };
    let descriptions = if fetch.no_descriptions { Descriptions::LeftOut } else { Descriptions::Kept };
    let cut = cutting::cut(&documents, &names, descriptions)?;
    Ok(cut.into_iter().map(|cut| (cut.name, cut.text.into_bytes())).collect())
}

/// The documents that the declarations name.
fn declared(fetch: &Fetch) -> Result<Vec<schema::Saved>, Error> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in &fetch.declarations {
        for schema in Declaration::read(&declaration_file(path))?.schemas {
            if !paths.contains(&schema) {
                paths.push(schema);
            }
        }
    }
    if paths.is_empty() {
        let why = "no source is given: use --cluster or --schema PATH";
        return Err(Error::of_file(&fetch.declarations[0], why));
    }
    schema::files(&paths)
}
